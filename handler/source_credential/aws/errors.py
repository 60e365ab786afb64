"""AWS's error answers, translated into the exceptions a stack's owner may read. The SDK's own texts stay behind."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)

from source_credential.errors import (
    AccessDenied,
    GeneralServiceException,
    ServiceInternalError,
    SourceCredentialError,
    Throttling,
    Unanswered,
)

# The codes botocore itself retries as throttling, plus the generic one of the query protocols:
# https://docs.aws.amazon.com/boto3/latest/guide/retries.html
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})

# Where the SDK has not even sent the call. After every other exception of its, the call may have had its effect.
_NOT_SENT: Final = (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)
_FIRST_SERVER_ERROR: Final = 500

Result = TypeVar("Result")

# What makes an exception of a service's own error: it is given AWS's message to tell cases apart by, never to show.
Translation = Callable[[str], SourceCredentialError]


def call(
    operation: Callable[[], Result],
    *,
    what: str,
    action: str,
    denied_remedy: str,
    known: Mapping[str, Translation] | None = None,
) -> Result:
    """Return what `operation`, one call of an AWS API, returns.

    what: the thing the call is about, as the reader knows it. action: its IAM action, `service:Operation`.
    denied_remedy: what to do when the role may not. known: translations of the operation's own codes; these go first.
    Raises SourceCredentialError; Unanswered when the call may have had its effect. The SDK's exception is not attached:
    its text may hold a parameter, such as the token.
    """
    try:
        return operation()
    except ClientError as error:
        failure = _translate(error, what, action, denied_remedy, known or {})
    except BotoCoreError as error:
        kind = ServiceInternalError if isinstance(error, _NOT_SENT) else Unanswered
        failure = kind(
            what,
            f"{action} got no usable answer from AWS ({type(error).__name__})",
            "Deploy again; if it goes on, check that the provider function can reach the service's endpoint.",
        )
    raise failure


def _translate(
    error: ClientError, what: str, action: str, denied_remedy: str, known: Mapping[str, Translation]
) -> SourceCredentialError:
    details = error.response.get("Error", {})
    code = str(details.get("Code", ""))
    if code in known:
        return known[code](str(details.get("Message", "")))
    if code in _DENIED:
        return AccessDenied(what, f"the provider's role may not use {action}", denied_remedy, aws_code=code)
    if code in _THROTTLED:
        return Throttling(
            what,
            f"AWS went on throttling {action} after several retries",
            "Deploy again in a few minutes.",
            aws_code=code,
        )
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = Unanswered if status >= _FIRST_SERVER_ERROR else GeneralServiceException
    return kind(
        what,
        f"{action} failed",
        "Deploy again; if it goes on, look the error code up in the service's API reference.",
        aws_code=code,
    )
