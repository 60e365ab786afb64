"""The memory of answers: what a request came to is remembered before it is sent, and a duplicate is told the same.

A success is remembered by the write that makes it true; what is remembered here are failures.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from source_credential.errors import SourceCredentialError
from source_credential.model import Request
from source_credential.ports import Answers
from source_credential.records import Answer, Change, Resource

# What the table refuses is tried again: an answer that is not remembered might be given otherwise to a duplicate.
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 0.3


class Memory:
    """Answers each request once, however often and in however many processes it comes."""

    def __init__(self, answers: Answers, *, sleep: Callable[[float], None], warn: Callable[[str], None]) -> None:
        """Keep the port, and where a sentence goes that an operator should read."""
        self._answers = answers
        self._sleep = sleep
        self._warn = warn

    def answer(self, request: Request, work: Callable[[], Answer]) -> Answer:
        """Return what the request came to.

        work: does what is asked for, unless that is done, and returns an answer that is remembered, or raises
        SourceCredentialError.
        """
        try:
            return work()
        except SourceCredentialError as error:
            return self.fail(request, str(error))

    def fail(self, request: Request, reason: str) -> Answer:
        """Remember that the request failed, and why, unless it is answered already; return the answer that stands.

        One that cannot be remembered is answered all the same: CloudFormation would wait for it.
        """
        failed = Answer(succeeded=False, reason=reason)
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(_PAUSE_SECONDS)
            try:
                return self._remember(request, failed)
            except SourceCredentialError as error:
                self._warn(f"How the request ended could not be remembered: {error}")
        return failed

    def _remember(self, request: Request, failed: Answer) -> Answer:
        """Remember a failure. If a Delete had come before its Create, this was that Create."""
        resource = self._answers.recall(request).resource if request.request_type == "Create" else Resource()
        until = resource.late_create_until
        if until is None:
            return self._answers.remember(request, failed)
        change = Change(removed=Resource(late_create_until=until), lasts=bool(resource.slots))
        return self._answers.remember(request, replace(failed, is_late=True), change)
