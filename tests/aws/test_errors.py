"""What the adapters say of a call that AWS refuses, shown by CodeBuild's."""

import traceback
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.stub import Stubber

from source_credential.aws.codebuild import CodeBuildSourceCredentials
from source_credential.aws.denials import Caller
from source_credential.aws.errors import call
from source_credential.errors import (
    AccessDenied,
    GeneralServiceException,
    NotStabilized,
    ServiceInternalError,
    SourceCredentialError,
    Throttling,
    Unanswered,
)
from tests.aws.stubs import ARN, TOKEN, credentials_over, import_github, stubbed
from tests.fakes import REGION


def test_a_parameter_botocore_itself_refuses_is_not_repeated() -> None:
    """ParamValidationError repeats the value it refuses, so its text goes nowhere."""
    with pytest.raises(ServiceInternalError) as caught:
        import_github(credentials_over(boto3.client("codebuild")), username="")
    assert "ParamValidationError" in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_an_endpoint_that_cannot_be_reached_is_said_so() -> None:
    """A network fault names the action and the kind of fault."""
    client = boto3.client("codebuild")
    client.meta.events.register_first("before-call", _unreachable)
    with pytest.raises(ServiceInternalError, match="EndpointConnectionError"):
        import_github(credentials_over(client))


def _unreachable(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="https://codebuild.invalid")


def failing(error: Exception) -> SourceCredentialError:
    """Return what becomes of a call that ends with an exception of the SDK's."""

    def operation() -> None:
        raise error

    with pytest.raises(SourceCredentialError) as caught:
        call(operation, what="Thing", action="service:Operation", caller=Caller(remedy="Allow it."))
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectTimeoutError(endpoint_url="https://a.invalid"), ServiceInternalError),
        (EndpointConnectionError(endpoint_url="https://a.invalid"), ServiceInternalError),
        (NoCredentialsError(), ServiceInternalError),
        (ParamValidationError(report=TOKEN), ServiceInternalError),
        (ProxyConnectionError(proxy_url="https://a.invalid"), ServiceInternalError),
        (SSLError(endpoint_url="https://a.invalid", error=ValueError(TOKEN)), Unanswered),
        (ReadTimeoutError(endpoint_url="https://a.invalid"), Unanswered),
        (ConnectionClosedError(endpoint_url="https://a.invalid"), Unanswered),
        (HTTPClientError(error=ValueError(TOKEN)), Unanswered),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_call_that_may_have_had_its_effect_is_told_from_one_that_was_not_sent(
    error: Exception, kind: type[SourceCredentialError]
) -> None:
    """In doubt it may have; the kind of fault is told, and not its text."""
    failure = failing(error)
    assert type(failure) is kind
    assert f"service:Operation got no usable answer from AWS ({type(error).__name__})" in str(failure)
    assert TOKEN not in "".join(traceback.format_exception(failure))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InternalFailure", 500, Unanswered),
        ("ServiceUnavailable", 503, Unanswered),
        ("", 502, Unanswered),
        ("SlowDown", 503, Throttling),
        ("ThrottlingException", 400, Throttling),
        ("InternalFailure", 400, GeneralServiceException),
        ("SomethingElse", None, GeneralServiceException),
        ("AccessDenied", 403, AccessDenied),
    ],
)
def test_what_aws_answers_with_its_own_failure_may_have_had_its_effect(
    code: str, status: int | None, kind: type[SourceCredentialError]
) -> None:
    """A status of 500 or more says nothing of what was done, but that of a call which was throttled."""
    metadata = {} if status is None else {"ResponseMetadata": {"HTTPStatusCode": status}}
    response: Any = {"Error": {"Code": code, "Message": TOKEN}, **metadata}
    failure = failing(ClientError(response, "Operation"))
    assert type(failure) is kind
    assert failure.aws_code == (code or None)
    assert TOKEN not in str(failure)


def of_codebuild(credentials: CodeBuildSourceCredentials) -> dict[str, Callable[[], object]]:
    """Return the three calls of CodeBuild."""
    return {
        "import_source_credentials": lambda: import_github(credentials),
        "delete_source_credentials": lambda: credentials.delete(ARN),
        "list_source_credentials": credentials.list_credentials,
    }


CALLS = sorted(of_codebuild(credentials_over(boto3.client("codebuild", region_name=REGION))))


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidClientTokenId", "RegionDisabledException"])
@pytest.mark.parametrize("name", CALLS)
def test_a_region_that_is_not_enabled_is_told_as_that(name: str, code: str) -> None:
    """AWS says that the credentials are unknown; what to do is to enable the region, or to name another."""
    client = boto3.client("codebuild", region_name="ap-east-1")
    stubber = Stubber(client)
    stubber.add_client_error(name, code, "The security token included in the request is invalid.")
    stubber.activate()
    with pytest.raises(NotStabilized) as caught:
        of_codebuild(credentials_over(client))[name]()
    assert str(caught.value) == (
        "Region ap-east-1: is not enabled for the account: valid credentials are not taken there "
        f"({code}). Enable it (aws account enable-region), or name another Region."
    )


def test_credentials_that_are_not_valid_where_the_provider_is_are_no_matter_of_regions() -> None:
    """It runs there, so its region is enabled."""
    response: Any = {"Error": {"Code": "UnrecognizedClientException", "Message": ""}}
    assert type(failing(ClientError(response, "Operation"))) is GeneralServiceException


@pytest.mark.parametrize("name", CALLS)
def test_who_may_not_use_an_action_is_told_which_one_and_what_to_do(name: str) -> None:
    """The call's own action where AWS names none."""
    client, stubber = stubbed("codebuild")
    stubber.add_client_error(name, "AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        of_codebuild(credentials_over(client))[name]()
    action = "".join(part.title() for part in name.split("_"))
    assert f"the provider's role may not use codebuild:{action} (AccessDeniedException)" in str(caught.value)
    assert str(caught.value).endswith("Allow it.")
