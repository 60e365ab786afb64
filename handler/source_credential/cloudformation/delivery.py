"""Delivery of one answer to CloudFormation's presigned URL, exactly once or not at all."""

import random
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

import urllib3

from source_credential.cloudformation.response import FIRST_STATUS_NOT_DELIVERED
from source_credential.observability import logger

_ATTEMPTS: Final = 8
_LONGEST_BACKOFF_SECONDS: Final = 8.0
_ATTEMPT_SECONDS: Final = 5.0
_LEAST_SECONDS: Final = 0.2

# Retries are our own: urllib3's would log the URL, which is a secret, and follow redirects with it.
_http: Final = urllib3.PoolManager(retries=False)


class Undelivered(Exception):
    """No attempt got through. Raised out of the function, it makes Lambda run the event again. Holds no URL."""


class Delivery:
    """One answer's way out. The first thread to take it answers; every other one is too late."""

    def __init__(
        self, url: str, *, seconds_left: Callable[[], float], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Keep the presigned URL and the clock: `seconds_left` tells how long the function may still run."""
        self._url = url
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._taken = Lock()
        self.failure: Undelivered | None = None

    def take(self) -> bool:
        """Return True to the first caller, who must then `put`, and False to all later ones."""
        return self._taken.acquire(blocking=False)

    def put(self, body: bytes) -> None:
        """PUT the body, again and again with backoff and full jitter, until it is delivered or the time is up.

        A status of 300 or more is no delivery. What went wrong is kept in `failure`.
        """
        for attempt in range(_ATTEMPTS):
            problem = self._attempt(body)
            if problem is None:
                return
            logger.warning("The answer was not delivered", attempt=attempt + 1, problem=problem)
            backoff = random.uniform(0, min(_LONGEST_BACKOFF_SECONDS, 0.5 * 2**attempt))  # noqa: S311 - jitter, no secret
            if self._seconds_left() - backoff < _LEAST_SECONDS:
                break
            self._sleep(backoff)
        self.failure = Undelivered(f"CloudFormation did not take the answer: {problem}")

    def _attempt(self, body: bytes) -> str | None:
        """Return None when CloudFormation has the answer, else what went wrong, without the URL."""
        seconds = max(_LEAST_SECONDS, min(_ATTEMPT_SECONDS, self._seconds_left() - _LEAST_SECONDS))
        try:
            # The presigned URL was signed for an empty content type.
            response = _http.request(
                "PUT",
                self._url,
                body=body,
                headers={"content-type": ""},
                redirect=False,
                timeout=urllib3.Timeout(total=seconds),
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return type(error).__name__
        return None if response.status < FIRST_STATUS_NOT_DELIVERED else f"status {response.status}"
