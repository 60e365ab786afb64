"""Exceptions whose text may be shown in a stack event.

The classes are named after the handler error codes CloudFormation gives its own resource types, so a reader who knows
one knows the other: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
"""

import re
from typing import Final

_AWS_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")


class SourceCredentialError(Exception):
    """A failure that a stack's owner can understand and mend.

    Its text is `<what>: <problem> (<AWS error code>). <remedy>`. Callers pass only text of their own and names the user
    chose (property names, secret ids, ARNs): never a secret's value, nor the text of another exception, because the
    SDK repeats the parameters of a call, and one of them is the token.
    """

    def __init__(self, what: str, problem: str, remedy: str, *, aws_code: str | None = None) -> None:
        """Compose the text.

        what: the property or AWS thing that is wrong. problem: what is wrong with it, without a final stop.
        remedy: one or more whole sentences. aws_code: the error code AWS answered with, shown when it looks like one.
        """
        self.what = what
        self.problem = problem
        self.remedy = remedy
        self.aws_code = aws_code if aws_code and _AWS_CODE.fullmatch(aws_code) else None
        shown_code = f" ({self.aws_code})" if self.aws_code else ""
        super().__init__(f"{what}: {problem}{shown_code}. {remedy}")


class InvalidRequest(SourceCredentialError):
    """The properties are wrong, or what they name has the wrong content."""


class NotFound(SourceCredentialError):
    """Something the properties name does not exist."""


class VersionNotFound(NotFound):
    """A secret exists, but not the version of it that is asked for."""


class AccessDenied(SourceCredentialError):
    """The provider's role may not do something it needs to do."""


class AlreadyExists(SourceCredentialError):
    """The slot holds a credential that this resource was told not to overwrite."""


class ServiceLimitExceeded(SourceCredentialError):
    """The account holds as many credentials as AWS allows."""


class Throttling(SourceCredentialError):
    """AWS went on refusing calls for their rate until the retries were used up."""


class NotStabilized(SourceCredentialError):
    """Something exists but cannot be used in the state it is in."""


class GeneralServiceException(SourceCredentialError):
    """AWS refused a call, for a reason that this provider does not know."""


class ServiceInternalError(SourceCredentialError):
    """AWS failed, or could not be reached."""


class Unanswered(ServiceInternalError):
    """AWS did not answer, or not clearly, so the call may have had its effect."""


class OutOfTime(ServiceInternalError):
    """There is no time left to begin what is to be done."""


class ResourceConflict(SourceCredentialError):
    """Others are at work where this is to be done, and were so until there was no more time to wait."""


class TokenRefused(SourceCredentialError):
    """The provider said that the token is not valid."""


class Overtaken(SourceCredentialError):
    """The request is no longer wanted: CloudFormation has sent a later one."""


class Refused(SourceCredentialError):
    """A request that failed: the reason is, word for word, the one that is remembered."""

    def __init__(self, reason: str) -> None:
        """Take the reason as it was told."""
        Exception.__init__(self, reason)


# What may pass by itself, so that it is worth another attempt.
PASSING: Final = (Throttling, ServiceInternalError, ResourceConflict)


def out_of_time() -> SourceCredentialError:
    """Return the exception for a request whose function has no time left."""
    return OutOfTime(
        "Provider",
        "the time of the function ran out before the request was done",
        "Deploy again; if it goes on, check that the function reaches the services' endpoints.",
    )
