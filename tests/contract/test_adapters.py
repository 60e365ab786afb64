"""The adapters against botocore's own service models: requests and answers are checked by botocore's Stubber."""

import traceback
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from source_credential import clients
from source_credential.codebuild import CodeBuildSourceCredentials
from source_credential.connections import CodeConnections
from source_credential.errors import (
    AccessDenied,
    AlreadyExists,
    InvalidRequest,
    NotFound,
    NotStabilized,
    ServiceInternalError,
    ServiceLimitExceeded,
    SourceCredentialError,
    Throttling,
)
from source_credential.model import AuthType, Connection, Credential, Secret, ServerType, Token
from source_credential.secrets_manager import SecretsManagerSecrets
from tests.fakes import VERSION_ID, credential_arn, secret_arn

TOKEN = "ghp_0123456789abcdef"
ARN = credential_arn("GITHUB")
SECRET_ARN = secret_arn("codebuild/github")


@pytest.fixture(autouse=True)
def _new_clients() -> Iterator[None]:
    """Make the clients anew for each test."""
    clients.provisioner.cache_clear()
    yield
    clients.provisioner.cache_clear()


def stubbed(service: str) -> tuple[Any, Stubber]:
    """Return a client of the service that answers only what a test tells it to."""
    client = boto3.client(service)  # type: ignore[call-overload]
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


def import_github(client: Any, *, username: str | None = None, should_overwrite: bool = True) -> str:
    """Import through the adapter."""
    return CodeBuildSourceCredentials(client).import_credential(
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        token=Token(TOKEN),
        username=username,
        should_overwrite=should_overwrite,
    )


@pytest.mark.parametrize("username", [None, "a@example.com"])
def test_import_sends_what_codebuild_expects(username: str | None) -> None:
    """The request fits the model; the ARN is the one CodeBuild answered."""
    client, stubber = stubbed("codebuild")
    expected = {"serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN", "token": TOKEN, "shouldOverwrite": False}
    stubber.add_response(
        "import_source_credentials", {"arn": ARN}, {**expected, **({"username": username} if username else {})}
    )
    assert import_github(client, username=username, should_overwrite=False) == ARN


@pytest.mark.parametrize(
    ("code", "message", "kind", "text"),
    [
        ("ResourceAlreadyExistsException", "", AlreadyExists, "Set ShouldOverwrite to true"),
        (
            "InvalidInputException",
            "Access token with server type GITHUB already exists.",
            AlreadyExists,
            "ShouldOverwrite",
        ),
        (
            "InvalidInputException",
            "Access denied to connection arn:...",
            AccessDenied,
            "denied access to the connection",
        ),
        ("InvalidInputException", "no", InvalidRequest, "refused to import the credential with AuthType PERSONAL_"),
        ("AccountLimitExceededException", "", ServiceLimitExceeded, "holds as many source credentials"),
        ("AccessDeniedException", "", AccessDenied, "may not use codebuild:ImportSourceCredentials"),
        ("ThrottlingException", "", Throttling, "throttling codebuild:ImportSourceCredentials"),
        ("InternalFailure", "", ServiceInternalError, "codebuild:ImportSourceCredentials failed (InternalFailure)"),
    ],
)
def test_a_refused_import_is_told_in_our_words_with_awss_code(
    code: str, message: str, kind: type[SourceCredentialError], text: str
) -> None:
    """AWS's code is shown, its text (which here holds the token) is not, and the SDK's exception stays behind."""
    client, stubber = stubbed("codebuild")
    stubber.add_client_error("import_source_credentials", code, f"{message} {TOKEN}")
    with pytest.raises(kind) as caught:
        import_github(client)
    assert text in str(caught.value)
    assert caught.value.aws_code
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_parameter_botocore_itself_refuses_is_not_repeated() -> None:
    """ParamValidationError repeats the value it refuses, so its text goes nowhere."""
    with pytest.raises(ServiceInternalError) as caught:
        import_github(boto3.client("codebuild"), username="")
    assert "ParamValidationError" in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_an_endpoint_that_cannot_be_reached_is_said_so() -> None:
    """A network fault names the action and the kind of fault."""
    client = boto3.client("codebuild")
    client.meta.events.register_first("before-call", _unreachable)
    with pytest.raises(ServiceInternalError, match="EndpointConnectionError"):
        import_github(client)


def _unreachable(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="https://codebuild.invalid")


def test_delete_sends_the_arn_and_takes_gone_for_done() -> None:
    """A credential that does not exist is deleted already."""
    client, stubber = stubbed("codebuild")
    stubber.add_response("delete_source_credentials", {"arn": ARN}, {"arn": ARN})
    stubber.add_client_error("delete_source_credentials", "ResourceNotFoundException")
    stubber.add_client_error("delete_source_credentials", "InvalidInputException")
    credentials = CodeBuildSourceCredentials(client)
    credentials.delete(ARN)
    credentials.delete(ARN)
    with pytest.raises(ServiceInternalError, match="InvalidInputException"):
        credentials.delete(ARN)
    stubber.assert_no_pending_responses()


def test_list_returns_every_credential_also_those_the_console_made() -> None:
    """OAUTH is listed though it cannot be imported; an empty list may be left out of the answer."""
    client, stubber = stubbed("codebuild")
    stubber.add_response(
        "list_source_credentials",
        {"sourceCredentialsInfos": [{"arn": ARN, "serverType": "GITHUB", "authType": "OAUTH"}]},
        {},
    )
    stubber.add_response("list_source_credentials", {}, {})
    credentials = CodeBuildSourceCredentials(client)
    assert credentials.list_credentials() == [Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH")]
    assert credentials.list_credentials() == []


@pytest.mark.parametrize("stored", [{"SecretString": TOKEN}, {"SecretBinary": TOKEN.encode()}])
@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, {}),
        ({"version_stage": "AWSPREVIOUS"}, {"VersionStage": "AWSPREVIOUS"}),
        ({"version_id": VERSION_ID}, {"VersionId": VERSION_ID}),
    ],
)
def test_a_secret_is_read_as_text_at_the_version_asked_for(
    asked: dict[str, str], sent: dict[str, str], stored: dict[str, object]
) -> None:
    """String and binary come out the same."""
    client, stubber = stubbed("secretsmanager")
    answer = {"ARN": SECRET_ARN, "Name": "codebuild/github", "VersionId": VERSION_ID, **stored}
    stubber.add_response("get_secret_value", answer, {"SecretId": "codebuild/github", **sent})
    secret = SecretsManagerSecrets(client).read("codebuild/github", **asked)
    assert secret == Secret(arn=SECRET_ARN, version_id=VERSION_ID, text=TOKEN)


def test_binary_that_is_not_text_is_refused_without_its_bytes() -> None:
    """The decoder's exception, which holds the bytes, is not attached."""
    client, stubber = stubbed("secretsmanager")
    answer = {"ARN": SECRET_ARN, "Name": "codebuild/github", "VersionId": VERSION_ID, "SecretBinary": b"\xff\xfe"}
    stubber.add_response("get_secret_value", answer)
    with pytest.raises(InvalidRequest, match="not UTF-8 text") as caught:
        SecretsManagerSecrets(client).read("codebuild/github")
    assert caught.value.__context__ is None


# Messages as Secrets Manager words them; a version that is absent and a secret that is absent share one code.
@pytest.mark.parametrize(
    ("code", "message", "kind", "text"),
    [
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
            NotFound,
            "does not exist in",
        ),
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
            NotFound,
            "has no version with the label AWSCURRENT",
        ),
        ("AccessDeniedException", "User is not authorized on kms-token", AccessDenied, "the parameter SecretArns"),
        ("AccessDeniedException", "Access to KMS is not allowed", AccessDenied, "the parameter KmsKeyArns"),
        ("DecryptionFailure", "", AccessDenied, "kms:Decrypt"),
        ("InvalidRequestException", "because it was marked for deletion.", NotStabilized, "is scheduled for deletion"),
        (
            "InvalidRequestException",
            "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS key",
            AccessDenied,
            "customer managed key",
        ),
        ("InvalidRequestException", "no", InvalidRequest, "refused to read its version with the label AWSCURRENT"),
        ("TooManyRequestsException", "", Throttling, "secretsmanager:GetSecretValue"),
    ],
)
def test_a_refused_read_is_told_in_our_words(
    code: str, message: str, kind: type[SourceCredentialError], text: str
) -> None:
    """Each case of one error code has its own problem and its own remedy."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error("get_secret_value", code, message)
    with pytest.raises(kind) as caught:
        SecretsManagerSecrets(client).read("codebuild/github")
    assert text in str(caught.value)
    assert f"({code})" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"version_stage": "AWSPENDING"}, "has no version with the label AWSPENDING"),
        ({"version_id": VERSION_ID}, f"has no version {VERSION_ID}"),
    ],
)
def test_an_absent_version_is_named(asked: dict[str, str], text: str) -> None:
    """The label or id that was asked for is in the reason."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error(
        "get_secret_value", "ResourceNotFoundException", "can't find the specified secret value for x"
    )
    with pytest.raises(NotFound, match=text):
        SecretsManagerSecrets(client).read("codebuild/github", **asked)


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_is_asked_of_the_service_its_arn_names(service: str) -> None:
    """The older name keeps working, with the client of that name."""
    client, stubber = stubbed(service)
    arn = f"arn:aws:{service}:us-east-1:000000000000:connection/aaaa-bbbb"
    asked = []
    found = {"Connection": {"ConnectionArn": arn, "ConnectionStatus": "AVAILABLE", "ProviderType": "GitLab"}}
    stubber.add_response("get_connection", found, {"ConnectionArn": arn})
    stubber.add_response("get_connection", {"Connection": {}}, {"ConnectionArn": arn})
    stubber.add_client_error("get_connection", "ResourceNotFoundException")
    stubber.add_client_error("get_connection", "AccessDeniedException")

    def client_of(name: str) -> Any:
        asked.append(name)
        return client

    connections = CodeConnections(client_of)
    assert connections.get(arn) == Connection(arn=arn, status="AVAILABLE", provider_type="GitLab")
    assert connections.get(arn).status == "of unknown status"
    with pytest.raises(NotFound, match="does not exist"):
        connections.get(arn)
    with pytest.raises(AccessDenied, match="the parameter ConnectionArns"):
        connections.get(arn)
    assert set(asked) == {service}


def test_the_clients_are_made_once_and_never_wait_for_long() -> None:
    """One provisioner per environment; a dead endpoint is told in seconds, not in botocore's minutes."""
    assert clients.provisioner() is clients.provisioner()
    for service in ("codeconnections", "codestar-connections"):
        client = clients._connections_client(service)
        assert client.meta.service_model.service_name == service
        config: Any = client.meta.config
        assert config.read_timeout + config.connect_timeout < 15
