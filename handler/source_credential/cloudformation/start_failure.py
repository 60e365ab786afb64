"""The answer of a function that cannot start: one FAILED that says so. Standard library only: more there may not be."""

import json
import random
import time
import traceback
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from source_credential.cloudformation.request import IDS, answer_to, read
from source_credential.cloudformation.response import FAILED, FIRST_STATUS_NOT_DELIVERED
from source_credential.errors import ServiceInternalError
from source_credential.lambda_context import LambdaContext

_ATTEMPT_SECONDS: Final = 5.0
_LONGEST_BACKOFF_SECONDS: Final = 8.0
_LEAST_SECONDS: Final = 1.0


class Unanswerable(Exception):
    """CloudFormation did not take the answer. Raised out of the function, it makes Lambda run the event again."""


class StartFailure:
    """Answers every request with FAILED, in place of what could not be loaded."""

    def __init__(self, error: BaseException) -> None:
        """Log what kept the function from starting: its type and its frames, and not its text, which may be anything.

        Of a module that is missing the name is told, too.
        """
        is_missing = isinstance(error, ModuleNotFoundError) and error.name is not None
        kind = f"{type(error).__name__}{f': {error.name}' if is_missing else ''}"  # type: ignore[attr-defined]
        frames = traceback.extract_tb(error.__traceback__)
        _log(
            "ERROR",
            "The function could not start",
            error_type=kind,
            frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        )
        self.reason = str(
            ServiceInternalError(
                "Provider",
                f"the function could not start ({kind})",
                "Its log says where. Undo what was changed of its environment, or deploy the provider's stack again.",
            )
        )

    def __call__(self, event: object, context: LambdaContext) -> None:
        """Answer one event with FAILED, again and again until it is delivered or the time is up.

        Raises NotACustomResourceEvent when there is nobody to answer, and Unanswerable.
        """
        request = read(event)
        body = answer_to(request, FAILED, self.reason).encode()
        backoff = 0.5

        def seconds_left() -> float:
            return context.get_remaining_time_in_millis() / 1000

        while (problem := _put(request["ResponseURL"], body, seconds_left() - _LEAST_SECONDS)) is not None:
            pause = random.uniform(backoff / 2, backoff)  # noqa: S311 - jitter, no secret
            if seconds_left() - pause < _LEAST_SECONDS:
                raise Unanswerable(f"CloudFormation did not take the answer: {problem}")
            time.sleep(pause)
            backoff = min(2 * backoff, _LONGEST_BACKOFF_SECONDS)
        _log("INFO", "Answered", status=FAILED, reason=self.reason, **{name: request[name] for name in IDS})


def _put(url: str, body: bytes, seconds: float) -> str | None:
    """Return None when CloudFormation has the answer, else what went wrong, without the URL, which is a secret."""
    try:
        parts = urlsplit(url)
        kind = HTTPConnection if parts.scheme == "http" else HTTPSConnection
        connection = kind(parts.hostname or "", parts.port, timeout=max(0.1, min(_ATTEMPT_SECONDS, seconds)))
        try:
            # The presigned URL was signed for an empty content type.
            path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            connection.request("PUT", path, body, {"content-type": ""})
            status = connection.getresponse().status
        finally:
            connection.close()
    except (HTTPException, OSError, ValueError) as error:
        return type(error).__name__
    return None if status < FIRST_STATUS_NOT_DELIVERED else f"status {status}"


def _log(level: str, message: str, **more: Any) -> None:  # noqa: ANN401 - JSON
    """Write a line of the log as the Logger would."""
    print(json.dumps({"level": level, "message": message, **more}), flush=True)  # noqa: T201 - Lambda's log
