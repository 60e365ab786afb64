"""Our CodeBuild server, asked by boto3, and the tests' fake: both behave as the port promises."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.codebuild_server import CodeBuildServer
from source_credential.aws.codebuild import CodeBuildSourceCredentials
from source_credential.aws.denials import Caller
from source_credential.errors import AlreadyExists
from source_credential.model import AuthType, ServerType, Token
from source_credential.ports import SourceCredentials
from tests.fakes import CONNECTION_ARN, FakeSourceCredentials, credential_arn

TOKEN = "ghp_0123456789abcdef"
GITHUB = {"serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN", "token": TOKEN}
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:codebuild/github-AbCdEf"


@pytest.fixture
def server() -> Iterator[CodeBuildServer]:
    """Return a server with empty slots."""
    with CodeBuildServer(account_limit=3) as running:
        yield running


def client(server: CodeBuildServer, service: str = "codebuild", region: str = "us-east-1") -> Any:
    """Return a client of the server's, without retries."""
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(  # type: ignore[call-overload]
        service, endpoint_url=server.url, region_name=region, config=config
    )


def code_of(call: Any, **request: Any) -> str:
    """Return the error code a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert TOKEN not in str(caught.value)
    return str(caught.value.response["Error"]["Code"])


@pytest.fixture(params=["fake", "adapter"])
def port(request: pytest.FixtureRequest, server: CodeBuildServer) -> SourceCredentials:
    """Return the fake, and the adapter over the server."""
    if request.param == "fake":
        return FakeSourceCredentials()
    return CodeBuildSourceCredentials(client(server), Caller(remedy="Allow it."))


def test_fake_and_adapter_have_one_slot_per_server_type(port: SourceCredentials) -> None:
    """Import, refuse, overwrite, list, delete, delete again: the fake does as the adapter over the server does."""

    def put(*, should_overwrite: bool) -> str:
        return port.import_credential(
            server_type=ServerType.GITHUB,
            auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
            token=Token(TOKEN),
            username=None,
            should_overwrite=should_overwrite,
        )

    assert port.list_credentials() == []
    arn = put(should_overwrite=False)
    assert arn == credential_arn("GITHUB")
    with pytest.raises(AlreadyExists):
        put(should_overwrite=False)
    assert put(should_overwrite=True) == arn
    [listed] = port.list_credentials()
    assert (listed.arn, listed.server_type, listed.auth_type) == (arn, "GITHUB", "PERSONAL_ACCESS_TOKEN")
    port.delete(arn)
    port.delete(arn)
    assert port.list_credentials() == []


def test_a_token_is_kept_as_its_fingerprint_only(server: CodeBuildServer) -> None:
    """No page of the server's, no listing and no object of its shows the token."""
    client(server).import_source_credentials(**GITHUB)
    [held] = server.credentials()
    assert held.token_sha256 == hashlib.sha256(TOKEN.encode()).hexdigest()
    pages = [
        urllib3.request("GET", f"{server.url}/_local/{page}").data for page in ("credentials", "answers", "health")
    ]
    listing = client(server).list_source_credentials()
    assert TOKEN not in f"{pages}{listing}{held}{vars(server)}{vars(server.slots)}"


def test_every_region_has_slots_of_its_own(server: CodeBuildServer) -> None:
    """The region is that of the signature."""
    client(server).import_source_credentials(**GITHUB)
    assert client(server, region="eu-west-1").list_source_credentials()["sourceCredentialsInfos"] == []
    arn = client(server, region="eu-west-1").import_source_credentials(**GITHUB)["arn"]
    assert ":eu-west-1:" in arn
    assert len(server.credentials()) == 2


def test_references_are_listed_and_tokens_are_not(server: CodeBuildServer) -> None:
    """CodeBuild lists the ARN of a secret or a connection as the resource."""
    codebuild = client(server)
    codebuild.import_source_credentials(serverType="GITHUB", authType="SECRETS_MANAGER", token=SECRET_ARN)
    codebuild.import_source_credentials(serverType="GITLAB", authType="CODECONNECTIONS", token=CONNECTION_ARN)
    codebuild.import_source_credentials(
        serverType="BITBUCKET", authType="BASIC_AUTH", token=TOKEN, username="a@example.com"
    )
    infos = {
        info["serverType"]: info.get("resource")
        for info in codebuild.list_source_credentials()["sourceCredentialsInfos"]
    }
    assert infos == {"GITHUB": SECRET_ARN, "GITLAB": CONNECTION_ARN, "BITBUCKET": None}


@pytest.mark.parametrize(
    "change",
    [
        {"authType": "OAUTH"},
        {"serverType": "GITLAB"},
        {"authType": "BASIC_AUTH"},
        {"username": "someone"},
        {"authType": "SECRETS_MANAGER"},
        {"authType": "CODECONNECTIONS"},
        {"serverType": "GITEA"},
    ],
)
def test_what_codebuild_would_not_take_is_refused(server: CodeBuildServer, change: dict[str, str]) -> None:
    """Pairs, user names and references are checked, and the refusal does not repeat the token."""
    assert code_of(client(server).import_source_credentials, **{**GITHUB, **change}) == "InvalidInputException"
    assert server.credentials() == []


def test_errors_are_codebuilds(server: CodeBuildServer) -> None:
    """Taken slots, a full account, what does not exist and what is no ARN."""
    codebuild = client(server)
    for server_type in ("GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET"):
        codebuild.import_source_credentials(**{**GITHUB, "serverType": server_type})
    again = {**GITHUB, "shouldOverwrite": False}
    assert code_of(codebuild.import_source_credentials, **again) == "ResourceAlreadyExistsException"
    connection = {"serverType": "GITLAB", "authType": "CODECONNECTIONS", "token": CONNECTION_ARN}
    assert code_of(codebuild.import_source_credentials, **connection) == "AccountLimitExceededException"
    assert code_of(codebuild.delete_source_credentials, arn=credential_arn("GITLAB")) == "ResourceNotFoundException"
    assert code_of(codebuild.delete_source_credentials, arn="token/github") == "InvalidInputException"


@pytest.mark.parametrize(
    ("target", "authorization", "body", "status", "code"),
    [
        ("CodeBuild_20161006.ListSourceCredentials", "", "{}", 403, "MissingAuthenticationTokenException"),
        ("CodeBuild_20161006.StartBuild", "signed", "{}", 404, "UnknownOperationException"),
        ("Other.ListSourceCredentials", "signed", "{}", 404, "UnknownOperationException"),
        ("CodeBuild_20161006.ImportSourceCredentials", "signed", "no json", 400, "SerializationException"),
        ("CodeBuild_20161006.ImportSourceCredentials", "signed", '{"token":5}', 400, "InvalidInputException"),
    ],
)
def test_requests_that_no_sdk_would_send_are_refused_too(
    server: CodeBuildServer, target: str, authorization: str, body: str, status: int, code: str
) -> None:
    """The server is no laxer than AWS: what gets through here gets through there."""
    signed = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/codebuild/aws4_request, Signature=x"
    headers = {"x-amz-target": target, "authorization": signed if authorization else ""}
    response = urllib3.request("POST", server.url, body=body, headers=headers, retries=False)
    assert (response.status, response.json()["__type"]) == (status, code)


def test_connections_are_served_under_both_names(server: CodeBuildServer) -> None:
    """CodeConnections was CodeStar Connections; both clients work."""
    server.connect(CONNECTION_ARN, provider_type="GitLab", status="PENDING")
    for service in ("codeconnections", "codestar-connections"):
        connection = client(server, service).get_connection(ConnectionArn=CONNECTION_ARN)["Connection"]
        assert (connection["ConnectionStatus"], connection["ProviderType"]) == ("PENDING", "GitLab")
    absent = CONNECTION_ARN.replace("aaaa", "cccc")
    assert (
        code_of(client(server, "codeconnections").get_connection, ConnectionArn=absent) == "ResourceNotFoundException"
    )


def test_faults_come_as_asked_and_then_end(server: CodeBuildServer) -> None:
    """A test can have the next calls fail."""
    server.fail_next("ListSourceCredentials", "ThrottlingException", times=2)
    codebuild = client(server)
    assert [code_of(codebuild.list_source_credentials) for _ in range(2)] == ["ThrottlingException"] * 2
    assert codebuild.list_source_credentials()["sourceCredentialsInfos"] == []
    assert server.calls == ["ListSourceCredentials"] * 3


def test_answers_to_cloudformation_are_kept_by_name(server: CodeBuildServer) -> None:
    """What a local run answers can be read, by the name in its URL."""
    sent = {"Status": "SUCCESS"}
    urllib3.request("PUT", f"{server.url}/_local/answers/create?x=y", body=json.dumps(sent))
    assert urllib3.request("GET", f"{server.url}/_local/answers").json() == {"create": sent}
    assert urllib3.request("PUT", f"{server.url}/elsewhere", body="{}").status == 404
    assert urllib3.request("GET", f"{server.url}/elsewhere").status == 404
