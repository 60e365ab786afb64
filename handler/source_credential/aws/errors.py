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

from source_credential.aws.denials import Caller, denied, is_code_of_denial, is_worded_as_denial
from source_credential.errors import (
    GeneralServiceException,
    NotStabilized,
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
# What AWS answers to valid credentials in a region that the account has not enabled, or not for STS:
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_NOT_ENABLED: Final = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "RegionDisabledException"})

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
    caller: Caller,
    known: Mapping[str, Translation] | None = None,
) -> Result:
    """Return what `operation`, one call of an AWS API, returns.

    what: the thing the call is about, as the reader knows it. action: its IAM action, `service:Operation`.
    caller: who makes it, and what to do when it may not. known: translations of the operation's own codes; these go
    before all else, but not before a denial that AWS words as such.
    Raises SourceCredentialError; Unanswered when the call may have had its effect. The SDK's exception is not attached:
    its text may hold a parameter, such as the token.
    """
    try:
        return operation()
    except ClientError as error:
        failure = _translate(error, what, action, caller, known or {})
    except BotoCoreError as error:
        kind = ServiceInternalError if isinstance(error, _NOT_SENT) else Unanswered
        failure = kind(
            what,
            f"{action} got no usable answer from AWS ({type(error).__name__})",
            caller.unreachable,
        )
    raise failure


def _translate(
    error: ClientError, what: str, action: str, caller: Caller, known: Mapping[str, Translation]
) -> SourceCredentialError:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    if code in known and not is_worded_as_denial(message):
        return known[code](message)
    if is_code_of_denial(code) or is_worded_as_denial(message):
        return denied(what, action, caller, code=code, message=message)
    if code in _NOT_ENABLED and caller.region is not None:
        return NotStabilized(
            f"Region {caller.region}",
            "is not enabled for the account: valid credentials are not taken there",
            "Enable it (aws account enable-region), or name another Region.",
            aws_code=code,
        )
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
