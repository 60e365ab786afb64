"""The adapters against botocore's own service models: requests and answers are checked by botocore's Stubber.

Those of DynamoDB also against MiniStack's, with the tables as the template has them.
"""

import hashlib
import io
import json
import re
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, EndpointConnectionError, NoRegionError
from botocore.stub import Stubber

from source_credential import wiring
from source_credential.aws import dynamodb as dynamodb_adapter
from source_credential.aws import request_records, sqs
from source_credential.aws.bindings import DynamoBindings
from source_credential.aws.codebuild import CodeBuildSourceCredentials
from source_credential.aws.connections import CodeConnections
from source_credential.aws.request_records import DynamoRequests
from source_credential.aws.secrets_manager import SecretsManagerSecrets
from source_credential.aws.sqs import SqsQueue
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
from source_credential.model import (
    AuthType,
    Binding,
    BindingState,
    Connection,
    Credential,
    Owner,
    Request,
    RequestRecord,
    RequestStatus,
    Secret,
    ServerType,
    Specification,
    Target,
    Token,
)
from source_credential.ports import Conflict
from source_credential.slots.refresher import Finding
from source_credential.wiring import AwsTargets
from tests.fakes import ACCOUNT, REGION, VERSION_ID, FakeTokenCheck, credential_arn, secret_arn
from tests.ownership.world import BINDINGS, REQUESTS, SLOT, World, owner

TOKEN = "ghp_0123456789abcdef"
ARN = credential_arn("GITHUB")
SECRET_ARN = secret_arn("codebuild/github")


@pytest.fixture(autouse=True)
def _new_clients() -> Iterator[None]:
    """Make the clients anew for each test."""
    made = (wiring.provisioner, wiring.refresher, wiring.refresh_queue, wiring.bindings, wiring._own_client)
    for each in made:
        each.cache_clear()
    yield
    for each in made:
        each.cache_clear()


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


@pytest.mark.parametrize(
    ("secret_id", "region"),
    [
        ("codebuild/github", REGION),
        (SECRET_ARN, REGION),
        (SECRET_ARN.replace(REGION, "eu-west-1"), "eu-west-1"),
        (SECRET_ARN.replace(REGION, "cn-north-1").replace("aws", "aws-cn"), "cn-north-1"),
        ("arn:aws:ssm:eu-west-1:000000000000:secret:a", REGION),
    ],
)
def test_a_secret_is_asked_for_in_the_region_its_arn_names(secret_id: str, region: str) -> None:
    """An endpoint knows the secrets of its own region only; a name is one of the provider's region."""
    answer = {"ARN": SECRET_ARN, "Name": "codebuild/github", "VersionId": VERSION_ID, "SecretString": TOKEN}
    client, stubber = stubbed("secretsmanager")
    others: list[str] = []

    def client_in(other: str) -> Any:
        others.append(other)
        return client

    stubber.add_response("get_secret_value", answer, {"SecretId": secret_id})
    SecretsManagerSecrets(client, client_in).read(secret_id)
    assert others == ([] if region == REGION else [region])
    stubber.add_response("get_secret_value", answer, {"SecretId": secret_id})
    SecretsManagerSecrets(client).read(secret_id)
    stubber.assert_no_pending_responses()


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


LABELS = {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "BLUE"], "v3": ["AWSPENDING"]}


@pytest.mark.parametrize(
    ("label", "version_id"), [("AWSCURRENT", "v2"), ("AWSPREVIOUS", "v1"), ("BLUE", "v2"), ("GREEN", None)]
)
def test_the_version_of_a_label_is_known_without_reading_it(label: str, version_id: str | None) -> None:
    """DescribeSecret tells; a label that no version has is no error."""
    client, stubber = stubbed("secretsmanager")
    versions = {f"{name:0<32}": labels for name, labels in LABELS.items()}
    stubber.add_response("describe_secret", {"VersionIdsToStages": versions}, {"SecretId": "codebuild/github"})
    expected = None if version_id is None else f"{version_id:0<32}"
    assert SecretsManagerSecrets(client).version_of("codebuild/github", label) == expected
    stubber.assert_no_pending_responses()


def test_a_secret_without_a_value_has_no_version() -> None:
    """The list of versions may be left out of the answer; a secret of another region is asked for there."""
    home, _ = stubbed("secretsmanager")
    client, stubber = stubbed("secretsmanager")
    arn = SECRET_ARN.replace(REGION, THERE)
    stubber.add_response("describe_secret", {}, {"SecretId": arn})
    regions: list[str] = []

    def client_in(region: str) -> Any:
        regions.append(region)
        return client

    assert SecretsManagerSecrets(home, client_in).version_of(arn, "AWSCURRENT") is None
    assert regions == [THERE]


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("ResourceNotFoundException", NotFound, "Secret codebuild/github: does not exist in the provider's account"),
        ("AccessDeniedException", AccessDenied, "may not use secretsmanager:DescribeSecret"),
        ("ThrottlingException", Throttling, "throttling secretsmanager:DescribeSecret"),
        ("InternalServiceError", ServiceInternalError, "secretsmanager:DescribeSecret failed"),
    ],
)
def test_a_refused_look_at_the_versions_is_told_in_our_words(
    code: str, kind: type[SourceCredentialError], text: str
) -> None:
    """By the secret and the action, with AWS's code and without its text."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error("describe_secret", code, TOKEN)
    with pytest.raises(kind, match=text) as caught:
        SecretsManagerSecrets(client).version_of("codebuild/github", "AWSCURRENT")
    assert f"({code})" in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/000000000000/refresh"


class Sent:
    """A stub of SQS that takes batches of messages, and what was in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start with none; every delay is the longest there may be."""
        self.batches: list[list[Any]] = []
        make: Any = boto3.client
        self.client = make("sqs")
        self.ranges: list[tuple[int, int]] = []
        monkeypatch.setattr(sqs, "random", SimpleNamespace(randint=self._longest))
        self.client.meta.events.register("before-send", lambda request, **_: self._answer(request))

    def _longest(self, least: int, most: int) -> int:
        self.ranges.append((least, most))
        return most

    def _answer(self, request: Any) -> AWSResponse:
        assert request.headers["X-Amz-Target"] == b"AmazonSQS.SendMessageBatch"
        asked = json.loads(request.body)
        assert asked["QueueUrl"] == QUEUE_URL
        self.batches.append(asked["Entries"])
        taken = [{"Id": each["Id"], "MessageId": "m", "MD5OfMessageBody": md5(each)} for each in asked["Entries"]]
        return AWSResponse(request.url, 200, HTTPHeaders(), _Body(json.dumps({"Successful": taken}).encode()))


def md5(entry: dict[str, Any]) -> str:
    """Return what SQS answers with, and botocore checks, for a message."""
    return hashlib.md5(entry["MessageBody"].encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("number", "batches"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (1000, [10] * 100)])
def test_messages_are_sent_ten_at_a_time_and_never_read_ahead(
    monkeypatch: pytest.MonkeyPatch, number: int, batches: list[int]
) -> None:
    """A thousand slots are a hundred calls, and at no time are more than ten messages held."""
    sent = Sent(monkeypatch)
    held: list[int] = []

    def messages() -> Iterator[dict[str, int]]:
        for made in range(number):
            held.append(made - 10 * len(sent.batches))
            yield {"number": made}

    assert SqsQueue(sent.client, url=QUEUE_URL).send(messages()) == number
    assert [len(batch) for batch in sent.batches] == batches
    assert [json.loads(entry["MessageBody"])["number"] for batch in sent.batches for entry in batch] == list(
        range(number)
    )
    assert all(len({entry["Id"] for entry in batch}) == len(batch) for batch in sent.batches)
    assert all(0 <= ahead < 10 for ahead in held)
    assert {entry["DelaySeconds"] for batch in sent.batches for entry in batch} <= {0}


def test_messages_are_spread_over_the_time_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is delivered at some moment within it; SQS takes a quarter of an hour at most."""
    sent = Sent(monkeypatch)
    SqsQueue(sent.client, url=QUEUE_URL).send(({"number": number} for number in range(3)), within_seconds=900)
    assert [entry["DelaySeconds"] for entry in sent.batches[0]] == [900, 900, 900]
    assert sent.ranges == [(0, 900)] * 3


def test_a_batch_that_is_not_taken_whole_is_a_failure() -> None:
    """The message that asked for it comes again, and sends them all again."""
    client, stubber = stubbed("sqs")
    refused = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    stubber.add_response("send_message_batch", {"Successful": [], "Failed": [refused]})
    with pytest.raises(ServiceInternalError, match="Queue: did not take all messages"):
        SqsQueue(client, url=QUEUE_URL).send([{"number": 1}])


@pytest.mark.parametrize(
    ("receive_count", "least", "most"),
    [(1, 5, 10), (2, 30, 60), (3, 150, 300), (4, 450, 900), (5, 450, 900), (100, 450, 900)],
)
def test_a_message_that_failed_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch, receive_count: int, least: int, most: int
) -> None:
    """At random between a half and the whole, so that those that failed together do not come again together."""
    ranges: list[tuple[int, int]] = []

    def randint(low: int, high: int) -> int:
        ranges.append((low, high))
        return low + 1

    monkeypatch.setattr(sqs, "random", SimpleNamespace(randint=randint))
    client, stubber = stubbed("sqs")
    expected = {"QueueUrl": QUEUE_URL, "ReceiptHandle": "handle", "VisibilityTimeout": least + 1}
    stubber.add_response("change_message_visibility", {}, expected)
    SqsQueue(client, url=QUEUE_URL).delay("handle", receive_count=receive_count)
    stubber.assert_no_pending_responses()
    assert ranges == [(least, most)]


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("AccessDenied", AccessDenied, "the provider's role may not use sqs:"),
        ("RequestThrottled", Throttling, "went on throttling sqs:"),
        ("AWS.SimpleQueueService.NonExistentQueue", ServiceInternalError, "failed"),
    ],
)
def test_what_sqs_refuses_is_told_in_our_words(code: str, kind: type[SourceCredentialError], text: str) -> None:
    """By the action, for both calls, without AWS's text."""
    client, stubber = stubbed("sqs")
    queue = SqsQueue(client, url=QUEUE_URL)
    calls: dict[str, Callable[[], object]] = {
        "send_message_batch": lambda: queue.send([{}]),
        "change_message_visibility": lambda: queue.delay("handle", receive_count=1),
    }
    for name, ask in calls.items():
        stubber.add_client_error(name, code, TOKEN)
        with pytest.raises(kind, match=f"Queue: .*{text}") as caught:
            ask()
        assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_is_asked_of_the_service_its_arn_names(service: str) -> None:
    """The older name keeps working, with the client of that name."""
    client, stubber = stubbed(service)
    arn = f"arn:aws:{service}:eu-west-1:000000000000:connection/aaaa-bbbb"
    asked: list[tuple[str, str]] = []
    found = {"Connection": {"ConnectionArn": arn, "ConnectionStatus": "AVAILABLE", "ProviderType": "GitLab"}}
    stubber.add_response("get_connection", found, {"ConnectionArn": arn})
    stubber.add_response("get_connection", {"Connection": {}}, {"ConnectionArn": arn})
    stubber.add_client_error("get_connection", "ResourceNotFoundException")
    stubber.add_client_error("get_connection", "AccessDeniedException")

    def client_of(name: str, region: str) -> Any:
        asked.append((name, region))
        return client

    connections = CodeConnections(client_of)
    assert connections.get(arn) == Connection(arn=arn, status="AVAILABLE", provider_type="GitLab")
    assert connections.get(arn).status == "of unknown status"
    with pytest.raises(NotFound, match="does not exist"):
        connections.get(arn)
    with pytest.raises(AccessDenied, match="the parameter ConnectionArns"):
        connections.get(arn)
    assert set(asked) == {(service, "eu-west-1")}


ELSEWHERE, THERE = "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ELSEWHERE}:role/source-credential"
EXTERNAL_ID = "source-credential"
OWNER = owner("consumer")
HERE = Target(slot=SLOT)
FAR = Target(slot=replace(SLOT, account_id=ELSEWHERE, region=THERE), role_arn=ROLE)
ASSUMED = {
    "AccessKeyId": "ASIA0000000000000000",
    "SecretAccessKey": "made-up",
    "SessionToken": "session-of-the-role",
    "Expiration": "2030-01-01T00:00:00Z",
}


def targets(external_id: str = EXTERNAL_ID) -> AwsTargets:
    """Return the targets as the function has them."""
    return AwsTargets(boto3.Session(), account_id=ACCOUNT, external_id=external_id)


def sts() -> Stubber:
    """Return the stub of the client with which roles are assumed."""
    stubber = Stubber(wiring._own_client("sts", REGION))
    stubber.activate()
    return stubber


def sent_by(client: Any, ask: Callable[[], object]) -> tuple[str, dict[str, str]]:
    """Return the URL and the headers of the one request that asking sends, which is answered with nothing."""
    sent: list[tuple[str, dict[str, str]]] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        sent.append((request.url, headers))
        return AWSResponse(request.url, 200, HTTPHeaders(), _Body(b"{}"))

    client.meta.events.register("before-send", answer)
    ask()
    [only] = sent
    return only


class _Body(io.BytesIO):
    """A response's body, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """Return it in one piece."""
        yield self.read()


def test_the_providers_own_slots_need_no_role() -> None:
    """The function's own client, made once per region."""
    at_home = targets().source_credentials(HERE, OWNER)
    assert at_home._client is targets().source_credentials(HERE, OWNER)._client
    url, headers = sent_by(at_home._client, at_home.list_credentials)
    assert url == "https://codebuild.us-east-1.amazonaws.com/"
    assert "Credential=test/" in headers["Authorization"]
    abroad = targets().source_credentials(Target(slot=replace(SLOT, region=THERE)), OWNER)
    assert abroad._client.meta.region_name == THERE


def test_the_target_knows_where_the_provider_itself_is() -> None:
    """Its account is told, its region is the session's."""
    assert (targets().account_id, targets().region) == (ACCOUNT, REGION)


@pytest.mark.parametrize(
    ("external_id", "sent"), [(EXTERNAL_ID, {"ExternalId": EXTERNAL_ID}), ("", {})], ids=["external id", "none"]
)
def test_a_role_is_assumed_on_the_stacks_behalf(external_id: str, sent: dict[str, str]) -> None:
    """With the external id, if there is one, by the stack's name; then the role's session asks in the target region."""
    stubber = sts()
    expected = {"RoleArn": ROLE, "RoleSessionName": "source-credential-consumer", **sent}
    stubber.add_response("assume_role", {"Credentials": ASSUMED}, expected)
    there = targets(external_id).source_credentials(FAR, OWNER)
    stubber.assert_no_pending_responses()
    url, headers = sent_by(there._client, there.list_credentials)
    assert url == "https://codebuild.eu-west-1.amazonaws.com/"
    assert "Credential=ASIA0000000000000000/" in headers["Authorization"]
    assert "/eu-west-1/codebuild/" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "session-of-the-role"
    config: Any = there._client.meta.config
    assert config.read_timeout + config.connect_timeout < 15


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_is_asked_as_the_role_in_the_connections_region(service: str) -> None:
    """It belongs to the target's account, and need not be in the slot's region."""
    stubber = sts()
    stubber.add_response("assume_role", {"Credentials": ASSUMED})
    made: list[Any] = []
    original = AwsTargets._client

    class Watched(AwsTargets):
        def _client(self, *arguments: Any) -> Any:
            client = original(self, *arguments)
            client.meta.events.register("before-send", lambda request, **_: _connection(request))
            made.append(client)
            return client

    asked = Watched(boto3.Session(), account_id=ACCOUNT, external_id=EXTERNAL_ID).connections(FAR, OWNER)
    arn = f"arn:aws:{service}:eu-central-1:{ELSEWHERE}:connection/aaaa-bbbb"
    assert asked.get(arn) == Connection(arn=arn, status="AVAILABLE", provider_type="GitLab")
    [client] = made
    assert (client.meta.service_model.service_name, client.meta.region_name) == (service, "eu-central-1")
    assert client._request_signer._credentials.access_key == ASSUMED["AccessKeyId"]


def _connection(request: Any) -> AWSResponse:
    body = b'{"Connection": {"ConnectionStatus": "AVAILABLE", "ProviderType": "GitLab"}}'
    return AWSResponse(request.url, 200, HTTPHeaders(), _Body(body))


@pytest.mark.parametrize(
    ("stack_id", "name"),
    [
        ("arn:aws:cloudformation:us-east-1:000000000000:stack/consumer/0a1b", "source-credential-consumer"),
        ("arn:aws:cloudformation:us-east-1:000000000000:stack/" + "n" * 128 + "/0a1b", "source-credential-" + "n" * 46),
        ("no arn: at all", "source-credential-no-arn--at-all"),
    ],
)
def test_a_roles_session_has_a_name_that_aws_takes(stack_id: str, name: str) -> None:
    """The target account's CloudTrail shows the stack; at most 64 characters, none that is not allowed."""
    stubber = sts()
    expected = {"RoleArn": ROLE, "RoleSessionName": name, "ExternalId": EXTERNAL_ID}
    stubber.add_response("assume_role", {"Credentials": ASSUMED}, expected)
    targets().source_credentials(FAR, Owner(stack_id=stack_id, logical_resource_id="GitHub"))
    stubber.assert_no_pending_responses()
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_role_that_may_not_be_assumed_is_told_with_what_to_change(code: str) -> None:
    """Two places must allow it, and the reason names both, without AWS's own text."""
    stubber = sts()
    stubber.add_client_error("assume_role", code, "User: arn:... is not authorized to perform: sts:AssumeRole on ...")
    with pytest.raises(AccessDenied) as caught:
        targets().source_credentials(FAR, OWNER)
    assert str(caught.value) == (
        f"RoleArn {ROLE}: the provider may not assume it (AccessDenied). Add it to the parameter TargetRoleArns of the "
        "provider's stack, and let the role's trust policy name the provider's role and its external id; "
        "examples/target-account-role.yaml makes such a role."
    )


def test_another_fault_of_assuming_a_role_names_role_and_action() -> None:
    """Throttling is throttling, here too."""
    stubber = sts()
    stubber.add_client_error("assume_role", "Throttling")
    with pytest.raises(Throttling, match=f"RoleArn {ROLE}: AWS went on throttling sts:AssumeRole"):
        targets().source_credentials(FAR, OWNER)


@pytest.mark.parametrize("role_arn", [None, ROLE])
@pytest.mark.parametrize(
    ("region", "nearest"), [("eu-cntral-1", "eu-central-1"), ("us-west-9", "us-west-"), ("mars-north-1", "")]
)
def test_a_region_that_does_not_exist_is_told_with_the_nearest_name(
    region: str, nearest: str, role_arn: str | None
) -> None:
    """At once: botocore would look for its host for a minute. No role is assumed for it."""
    sts()
    target = Target(slot=replace(SLOT, region=region), role_arn=role_arn)
    with pytest.raises(InvalidRequest) as caught:
        targets().source_credentials(target, OWNER)
    assert str(caught.value).startswith(f"Region: {region} is no region in which the provider knows CodeBuild")
    assert f"The nearest name is {nearest}" in str(caught.value)


def test_a_connection_in_a_region_that_does_not_exist_is_refused() -> None:
    """Its ARN is the template's, so its region may be misspelt, too."""
    with pytest.raises(InvalidRequest, match="The nearest name is eu-central-1"):
        targets().connections(HERE, OWNER).get("arn:aws:codeconnections:eu-cntral-1:000000000000:connection/aaaa")


def test_regions_are_those_of_the_providers_own_partition() -> None:
    """A role cannot be assumed from one partition into another; the own region need not be known."""
    china = AwsTargets(boto3.Session(region_name="cn-north-1"), account_id=ACCOUNT, external_id="")
    elsewhere = china.source_credentials(Target(slot=replace(SLOT, region="cn-northwest-1")), OWNER)
    assert elsewhere._client.meta.endpoint_url == "https://codebuild.cn-northwest-1.amazonaws.com.cn"
    with pytest.raises(InvalidRequest, match="The nearest name is cn-"):
        china.source_credentials(HERE, OWNER)
    new = AwsTargets(boto3.Session(region_name="us-south-9"), account_id=ACCOUNT, external_id="")
    at_home = new.source_credentials(Target(slot=replace(SLOT, region="us-south-9")), OWNER)
    assert at_home._client.meta.region_name == "us-south-9"


def of_codebuild(credentials: CodeBuildSourceCredentials) -> dict[str, Callable[[], object]]:
    """Return the three calls of CodeBuild."""
    return {
        "import_source_credentials": lambda: credentials.import_credential(
            server_type=ServerType.GITHUB,
            auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
            token=Token(TOKEN),
            username=None,
            should_overwrite=True,
        ),
        "delete_source_credentials": lambda: credentials.delete(ARN),
        "list_source_credentials": credentials.list_credentials,
    }


CALLS = sorted(of_codebuild(CodeBuildSourceCredentials(boto3.client("codebuild", region_name=REGION))))


@pytest.mark.parametrize("name", CALLS)
def test_a_region_that_is_not_enabled_is_told_as_that(name: str) -> None:
    """AWS says that the credentials are unknown; what to do is to enable the region, or to name another."""
    client = boto3.client("codebuild", region_name="ap-east-1")
    stubber = Stubber(client)
    stubber.add_client_error(
        name, "UnrecognizedClientException", "The security token included in the request is invalid."
    )
    stubber.activate()
    with pytest.raises(AccessDenied) as caught:
        of_codebuild(CodeBuildSourceCredentials(client))[name]()
    assert str(caught.value) == (
        "Region ap-east-1: the account's credentials are not valid there: the region is not enabled for the account "
        "(UnrecognizedClientException). Enable it (aws account enable-region), or name another Region."
    )


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("role_arn", "remedy"),
    [
        (None, "Deploy the provider's own stack again: its template allows this action."),
        (ROLE, f"Allow it in the policy of {ROLE}; examples/target-account-role.yaml has all that role needs."),
    ],
)
def test_who_may_not_use_an_action_is_told_where_to_allow_it(name: str, role_arn: str | None, remedy: str) -> None:
    """In the provider's own role it is the template's matter, in another account's role its owner's."""
    client, stubber = stubbed("codebuild")
    stubber.add_client_error(name, "AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        of_codebuild(CodeBuildSourceCredentials(client, role_arn=role_arn))[name]()
    action = "".join(part.title() for part in name.split("_"))
    assert f"codebuild:{action}" in str(caught.value)
    assert str(caught.value).endswith(remedy)


def disturbed(code: str, times: int, reasons: list[str] | None = None) -> tuple[Callable[[], int], list[int]]:
    """Return a call of DynamoDB that fails this many times with the code, and the list of its attempts."""
    attempts: list[int] = []

    def operation() -> int:
        attempts.append(len(attempts))
        if len(attempts) > times:
            return len(attempts)
        response: Any = {"Error": {"Code": code, "Message": TOKEN}}
        if reasons is not None:
            response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
        raise ClientError(response, "TransactWriteItems")

    return operation, attempts


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what is slept between the attempts, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


DISTURBANCES = [
    ("TransactionConflictException", None),
    ("TransactionCanceledException", ["None", "TransactionConflict"]),
]


@pytest.mark.parametrize(("code", "reasons"), DISTURBANCES)
def test_transactions_that_meet_are_made_again(naps: list[float], code: str, reasons: list[str] | None) -> None:
    """With growing pauses, well inside the function's time."""
    operation, attempts = disturbed(code, 5, reasons)
    assert dynamodb_adapter.ask(operation, table="t", action="PutItem") == 6
    assert (len(attempts), len(naps)) == (6, 5)
    assert 0 < sum(naps) < 5


@pytest.mark.parametrize(("code", "reasons"), DISTURBANCES)
def test_transactions_that_go_on_meeting_are_given_up(naps: list[float], code: str, reasons: list[str] | None) -> None:
    """As an error of ours that names the table and the action."""
    operation, attempts = disturbed(code, 100, reasons)
    with pytest.raises(ServiceInternalError, match=f"Table t: dynamodb:PutItem failed \\({code}\\)"):
        dynamodb_adapter.ask(operation, table="t", action="PutItem")
    assert (len(attempts), len(naps)) == (6, 5)


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("ConditionalCheckFailedException", None),
        ("TransactionCanceledException", ["None", "ConditionalCheckFailed"]),
        ("TransactionCanceledException", ["TransactionConflict", "ConditionalCheckFailed"]),
    ],
)
@pytest.mark.usefixtures("naps")
def test_a_condition_that_does_not_hold_is_a_conflict_at_once(code: str, reasons: list[str] | None) -> None:
    """Another attempt would find the same; the SDK's exception stays behind."""
    operation, attempts = disturbed(code, 100, reasons)
    with pytest.raises(Conflict) as caught:
        dynamodb_adapter.ask(operation, table="t", action="PutItem")
    assert len(attempts) == 1
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("AccessDeniedException", AccessDenied, "Table t: the provider's role may not use dynamodb:GetItem"),
        ("ProvisionedThroughputExceededException", Throttling, "went on throttling dynamodb:GetItem"),
        ("ResourceNotFoundException", ServiceInternalError, "dynamodb:GetItem failed (ResourceNotFoundException)"),
    ],
)
@pytest.mark.usefixtures("naps")
def test_what_dynamodb_refuses_is_told_in_our_words(code: str, kind: type[SourceCredentialError], text: str) -> None:
    """At once, by table and action, without AWS's text."""
    operation, attempts = disturbed(code, 100)
    with pytest.raises(kind) as caught:
        dynamodb_adapter.ask(operation, table="t", action="GetItem")
    assert text in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert len(attempts) == 1


def bound(**more: Any) -> Binding:
    """Return a binding with something in every field."""
    binding = Binding(
        slot=SLOT,
        owner=OWNER,
        request_id="request",
        revision="1",
        state=BindingState.ACTIVE,
        since="2026-01-01T00:00:00+00:00",
        specification=Specification(
            server_type=ServerType.GITHUB,
            auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
            secret_id="a",
            secret_key="b",
            should_overwrite=False,
            role_arn=ROLE,
            verify_token=True,
            server_url="https://github.example.com",
        ),
        arn=ARN,
        secret_arn=SECRET_ARN,
        secret_version_id=VERSION_ID,
        token_login="octocat",
        token_expires_at="2027-01-01T00:00:00+00:00",
        adopted=True,
    )
    return replace(binding, **more)


def asked(request_id: str = "request", kind: str = "Create") -> Request:
    """Return a request of the owner's."""
    return Request(owner=OWNER, request_id=request_id, request_type=kind, wanted="new", had="old")


def tables(world: World) -> tuple[DynamoBindings, DynamoRequests]:
    """Return the adapters over MiniStack's tables."""
    return world.bindings(), DynamoRequests(world.dynamodb, table=REQUESTS)


@pytest.mark.parametrize(
    "before",
    [
        None,
        bound(
            revision="0",
            adopted=False,
            secret_arn=None,
            secret_version_id=None,
            token_login=None,
            token_expires_at=None,
            before=bound(revision="00"),
        ),
    ],
)
def test_a_binding_comes_back_from_the_table_as_it_went_in(world: World, before: Binding | None) -> None:
    """Every field, those that are absent, and the former holders; the index knows the slot by its owner."""
    bindings, requests = tables(world)
    request = asked()
    requests.begin(request, target=HERE, expected=True)
    claimed = bound(state=BindingState.IMPORTING, arn=None, disturbed=True, before=before)
    assert (bindings.get(SLOT), bindings.slots_of(OWNER)) == (None, [])
    bindings.claim(claimed, over=None, request=request)
    assert bindings.get(SLOT) == claimed
    assert requests.recall(request).unsettled == claimed.target
    active = bound(before=before)
    succeeded = RequestRecord(
        request=request, status=RequestStatus.SUCCEEDED, physical_resource_id=ARN, attributes={"Arn": ARN}
    )
    bindings.activate(active, succeeded)
    assert (bindings.get(SLOT), bindings.slots_of(OWNER)) == (active, [SLOT])
    ended = requests.recall(request)
    assert (ended.status, ended.unsettled, ended.attributes) == (RequestStatus.SUCCEEDED, None, {"Arn": ARN})
    assert bindings.slots_of(owner("other")) == []


def test_a_claim_and_its_note_are_written_both_or_neither(world: World) -> None:
    """Over what has changed, and for a request that has ended, there is a Conflict and nothing is written."""
    bindings, requests = tables(world)
    request = asked()
    requests.begin(request, target=HERE, expected=True)
    bindings.claim(bound(), over=None, request=request)
    requests.settle(request)
    for over in (None, bound(revision="0"), bound(state=BindingState.DELETING)):
        with pytest.raises(Conflict):
            bindings.claim(bound(revision="2"), over=over, request=request)
    assert (bindings.get(SLOT), requests.recall(request).unsettled) == (bound(), None)
    requests.end(RequestRecord(request=request, status=RequestStatus.FAILED, reason="Because."))
    with pytest.raises(Conflict):
        bindings.claim(bound(revision="2"), over=bound(), request=request)
    assert bindings.get(SLOT) == bound()


def test_an_activation_and_its_success_are_written_both_or_neither(world: World) -> None:
    """What is no longer IMPORTING at that revision is not activated, nor for a request that has ended."""
    bindings, requests = tables(world)
    request = asked()
    requests.begin(request, target=HERE, expected=True)
    claimed = bound(state=BindingState.IMPORTING)
    bindings.claim(claimed, over=None, request=request)
    succeeded = RequestRecord(request=request, status=RequestStatus.SUCCEEDED, physical_resource_id=ARN)
    with pytest.raises(Conflict):
        bindings.activate(bound(revision="2"), succeeded)
    assert requests.recall(request).status is RequestStatus.STARTED
    requests.end(RequestRecord(request=request, status=RequestStatus.CANCELLED))
    with pytest.raises(Conflict):
        bindings.activate(bound(), succeeded)
    assert (bindings.get(SLOT), requests.recall(request).status) == (claimed, RequestStatus.CANCELLED)


def test_what_has_changed_is_neither_replaced_nor_removed(world: World) -> None:
    """By revision and state; what stands as it was read is."""
    bindings, requests = tables(world)
    requests.begin(asked(), target=HERE, expected=True)
    bindings.claim(bound(), over=None, request=asked())
    for stale in (bound(revision="0"), bound(state=BindingState.IMPORTING)):
        for successor in (None, bound(revision="2")):
            with pytest.raises(Conflict):
                bindings.replace(stale, successor)
    assert bindings.get(SLOT) == bound()
    bindings.replace(bound(), bound(revision="2"))
    assert bindings.get(SLOT) == bound(revision="2")
    bindings.replace(bound(revision="2"), None)
    assert bindings.get(SLOT) is None


def put(world: World, *bound_there: Binding) -> None:
    """Put bindings into the table."""
    bindings, requests = tables(world)
    requests.begin(asked(), target=HERE, expected=True)
    for binding in bound_there:
        bindings.claim(binding, over=None, request=asked())


def test_the_slots_that_follow_a_secret_are_found_by_it(world: World) -> None:
    """Those that import its token as it changes: neither those of other secrets nor those that are pinned."""
    specification = bound().specification
    slots = [replace(SLOT, region=region) for region in ("eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1")]
    put(
        world,
        bound(slot=slots[0]),
        bound(slot=slots[1], specification=replace(specification, secret_version_stage="BLUE")),
        bound(slot=slots[2], specification=replace(specification, follow_rotation=False)),
        bound(slot=slots[3], secret_arn=secret_arn("another")),
        bound(specification=replace(specification, secret_version_id=VERSION_ID)),
    )
    bindings = world.bindings()
    assert set(bindings.followers(SECRET_ARN)) == {slots[0], slots[1]}
    assert list(bindings.followers(secret_arn("another"))) == [slots[3]]
    assert list(bindings.followers(secret_arn("unknown"))) == []
    assert set(bindings.slots()) == {*slots, SLOT}
    still = bound(slot=slots[0], revision="2", specification=replace(specification, follow_rotation=False))
    bindings.replace(bound(slot=slots[0]), still)
    assert list(bindings.followers(SECRET_ARN)) == [slots[1]]


def test_an_empty_table_has_no_slots(world: World) -> None:
    """Nothing to check is no error."""
    assert list(world.bindings().slots()) == []


PAGED: dict[str, dict[str, Any]] = {
    "query": {
        "TableName": BINDINGS,
        "IndexName": "BySecret",
        "KeyConditionExpression": "FollowedSecret = :secret",
        "ExpressionAttributeValues": {":secret": {"S": SECRET_ARN}},
    },
    "scan": {"TableName": BINDINGS, "ProjectionExpression": "Slot"},
}


@pytest.mark.parametrize("operation", PAGED)
def test_slots_are_read_page_by_page_as_they_are_needed(operation: str) -> None:
    """What is on the second page counts as well, an empty page is not the last one; memory stays flat."""
    client, stubber = stubbed("dynamodb")
    bindings = DynamoBindings(client, table=BINDINGS, requests_table=REQUESTS)
    slots = [replace(SLOT, account_id=f"{number:012}") for number in range(3)]
    items = [{"Slot": {"S": str(slot)}} for slot in slots]
    expected = PAGED[operation]
    first, second = ({"Slot": {"S": name}} for name in ("first", "second"))
    stubber.add_response(operation, {"Items": items[:2], "LastEvaluatedKey": first}, expected)
    yielded = bindings.followers(SECRET_ARN) if operation == "query" else bindings.slots()
    assert [next(yielded), next(yielded)] == slots[:2]
    stubber.assert_no_pending_responses()
    stubber.add_response(operation, {"Items": [], "LastEvaluatedKey": second}, {**expected, "ExclusiveStartKey": first})
    stubber.add_response(operation, {"Items": items[2:]}, {**expected, "ExclusiveStartKey": second})
    assert list(yielded) == slots[2:]
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("operation", PAGED)
def test_a_page_that_is_refused_is_told_in_our_words(operation: str) -> None:
    """By table and action, where it is read."""
    client, stubber = stubbed("dynamodb")
    bindings = DynamoBindings(client, table=BINDINGS, requests_table=REQUESTS)
    stubber.add_client_error(operation, "AccessDeniedException")
    yielded = bindings.followers(SECRET_ARN) if operation == "query" else bindings.slots()
    with pytest.raises(AccessDenied, match=f"Table {BINDINGS}: .*dynamodb:{operation.title()}"):
        next(yielded)


def test_a_request_ends_once(world: World) -> None:
    """The second ending changes nothing, and is told what the first one was."""
    _, requests = tables(world)
    begun = requests.begin(asked(), target=FAR, expected=True).record
    assert (begun.status, begun.target, begun.request) == (RequestStatus.STARTED, FAR, asked())
    failed = requests.end(RequestRecord(request=asked(), status=RequestStatus.FAILED, reason="Because."))
    again = requests.end(RequestRecord(request=asked(), status=RequestStatus.SUCCEEDED, physical_resource_id=ARN))
    assert again == failed
    assert (again.status, again.reason, again.physical_resource_id) == (RequestStatus.FAILED, "Because.", "")
    assert requests.begin(asked(), target=FAR, expected=True).record == failed


def test_a_request_that_is_not_remembered_counts_as_cancelled(world: World) -> None:
    """Forgotten after 30 days: whatever it still does must not come true, and noting it is no error."""
    _, requests = tables(world)
    assert requests.recall(asked()).status is RequestStatus.CANCELLED
    assert not requests.knows(OWNER, "request")
    requests.settle(asked())
    requests.settle(asked(), withdrawn=True)
    ended = requests.end(RequestRecord(request=asked(), status=RequestStatus.SUCCEEDED, physical_resource_id=ARN))
    assert ended.status is RequestStatus.CANCELLED
    assert requests.of_owner(OWNER) == []


def test_a_late_create_is_expected_for_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda drops an event after that; a Create that comes later is another one, and wanted."""
    _, requests = tables(world)
    now = time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr(request_records, "time", SimpleNamespace(time=lambda: now - 3601))
        requests.begin(asked("delete", "Delete"), target=None, expected=False)
    assert requests.begin(asked(), target=HERE, expected=True).record.status is RequestStatus.STARTED


def test_everything_of_an_owner_is_read_page_by_page() -> None:
    """DynamoDB answers with a megabyte at most; what is on the second page counts as well. Strongly consistent."""
    client, stubber = stubbed("dynamodb")

    def item(number: int) -> dict[str, Any]:
        texts = {
            "Owner": "owner",
            "RequestId": f"request-{number}",
            "StackId": OWNER.stack_id,
            "LogicalResourceId": OWNER.logical_resource_id,
            "RequestType": "Create",
            "GivenId": "",
            "Wanted": "",
            "Had": "",
            "Status": "STARTED",
            "StartedAt": f"2026-01-01T00:00:0{9 - number}",
        }
        return {**{name: {"S": text} for name, text in texts.items()}, "Older": {"L": []}}

    expected = {
        "TableName": REQUESTS,
        "ConsistentRead": True,
        "KeyConditionExpression": "#Owner = :owner",
        "ExpressionAttributeNames": {"#Owner": "Owner"},
        "ExpressionAttributeValues": {":owner": {"S": f"{OWNER.stack_id} {OWNER.logical_resource_id}"}},
    }
    key = {"Owner": {"S": "owner"}, "RequestId": {"S": "request-2"}}
    stubber.add_response("query", {"Items": [item(1), item(2)], "LastEvaluatedKey": key}, expected)
    stubber.add_response("query", {"Items": [item(3)]}, {**expected, "ExclusiveStartKey": key})
    records = DynamoRequests(client, table=REQUESTS).of_owner(OWNER)
    assert [record.request.request_id for record in records] == ["request-3", "request-2", "request-1"]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set what the template sets."""
    variables = {
        "BINDINGS_TABLE": BINDINGS,
        "REQUESTS_TABLE": REQUESTS,
        "EXTERNAL_ID": EXTERNAL_ID,
        "REFRESH_QUEUE_URL": QUEUE_URL,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_a_secret_of_another_region_is_read_with_a_client_of_that_region() -> None:
    """With the function's own role, and the same time limits."""
    in_ireland = Stubber(wiring._own_client("secretsmanager", THERE))
    arn = SECRET_ARN.replace(REGION, THERE)
    answer = {"ARN": arn, "Name": "codebuild/github", "VersionId": VERSION_ID, "SecretString": TOKEN}
    in_ireland.add_response("get_secret_value", answer, {"SecretId": arn})
    in_ireland.activate()
    specification = replace(bound().specification, secret_id=arn, secret_key=None, role_arn=None)
    assert wiring.provisioner(ACCOUNT)._importer.prepare(specification, OWNER, HERE).secret_arn == arn
    in_ireland.assert_no_pending_responses()


@pytest.mark.usefixtures("environment")
def test_the_provisioner_is_made_once_for_an_account() -> None:
    """One per environment, in fact: a function is in one account."""
    assert wiring.provisioner(ACCOUNT) is wiring.provisioner(ACCOUNT)
    assert wiring.provisioner(ACCOUNT) is not wiring.provisioner(ELSEWHERE)


def test_the_provisioner_works_on_the_tables_of_the_environment(environment: pytest.MonkeyPatch, world: World) -> None:
    """A Delete of what was never created is noted in the table, and asks nothing of CodeBuild."""
    environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", world.dynamodb.meta.endpoint_url)
    request = replace(asked(kind="Delete"), physical_resource_id=ARN)
    assert wiring.provisioner(ACCOUNT).delete(request).physical_resource_id == ARN
    assert tables(world)[1].recall(request).status is RequestStatus.SUCCEEDED


@pytest.mark.parametrize("name", ["BINDINGS_TABLE", "REQUESTS_TABLE"])
@pytest.mark.parametrize("logic", [wiring.provisioner, wiring.refresher])
def test_without_a_tables_name_there_is_no_logic(
    environment: pytest.MonkeyPatch, logic: Callable[[str], object], name: str
) -> None:
    """A provider that cannot remember whose a slot is must not touch one."""
    environment.delenv(name)
    with pytest.raises(KeyError, match=name):
        logic(ACCOUNT)


def test_the_refresher_and_its_queue_are_those_of_the_environment(
    environment: pytest.MonkeyPatch, world: World
) -> None:
    """Made once; a slot that is nobody's is found in the table to be that."""
    environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", world.dynamodb.meta.endpoint_url)
    refresher = wiring.refresher(ACCOUNT)
    assert refresher is wiring.refresher(ACCOUNT)
    assert refresher.check(SLOT) == Finding(slot=SLOT)
    assert wiring.refresh_queue() is wiring.refresh_queue()
    stubber = Stubber(wiring._own_client("sqs", REGION))
    expected = {"QueueUrl": QUEUE_URL, "ReceiptHandle": "handle", "VisibilityTimeout": ANY}
    stubber.add_response("change_message_visibility", {}, expected)
    stubber.activate()
    wiring.refresh_queue().delay("handle", receive_count=1)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"allow_private_addresses": False, "server_url_hosts": [], "base_urls": {}, "ca_certs": None}),
        (
            {
                "ALLOW_PRIVATE_SERVER_URLS": "true",
                "PROVIDER_URLS": '{"GITHUB": "https://localhost:1"}',
                "PROVIDER_CA_CERTS": "/ca.pem",
                "SERVER_URL_HOSTS": "GitHub.example.com, ,git.example.com",
            },
            {
                "allow_private_addresses": True,
                "server_url_hosts": ["github.example.com", "git.example.com"],
                "base_urls": {ServerType.GITHUB: "https://localhost:1"},
                "ca_certs": "/ca.pem",
            },
        ),
        (
            {"ALLOW_PRIVATE_SERVER_URLS": "false", "PROVIDER_URLS": "", "PROVIDER_CA_CERTS": ""},
            {"allow_private_addresses": False, "server_url_hosts": [], "base_urls": {}, "ca_certs": None},
        ),
    ],
)
def test_the_git_providers_are_asked_as_the_environment_says(
    environment: pytest.MonkeyPatch, variables: dict[str, str], expected: dict[str, Any]
) -> None:
    """Private addresses only where the template's parameter allows them; other servers only where a test sets them."""
    made: list[dict[str, Any]] = []

    def token_check(**settings: Any) -> FakeTokenCheck:
        made.append(settings)
        return FakeTokenCheck()

    environment.setattr(wiring, "ProviderTokenCheck", token_check)
    for name, value in variables.items():
        environment.setenv(name, value)
    wiring.refresher(ACCOUNT)
    assert made == [expected]


@pytest.mark.parametrize("given", [EXTERNAL_ID, None])
def test_the_external_id_is_the_environments(environment: pytest.MonkeyPatch, given: str | None) -> None:
    """None where the template's parameter was left empty."""
    if given is None:
        environment.delenv("EXTERNAL_ID")
    stubber = sts()
    expected = {"RoleArn": ROLE, "RoleSessionName": "source-credential-consumer"}
    stubber.add_client_error(
        "assume_role", "AccessDenied", expected_params={**expected, **({"ExternalId": given} if given else {})}
    )
    provisioner = wiring.provisioner(ACCOUNT)
    with pytest.raises(AccessDenied):
        provisioner._importer.auth_type_in(FAR, OWNER)


def test_what_every_request_needs_is_made_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to make when the first request comes, and every client gives a dead endpoint up in seconds."""
    wiring.warm_up()
    made = wiring._own_client.cache_info().misses
    for service in ("codebuild", "dynamodb", "secretsmanager"):
        config: Any = wiring._own_client(service, REGION).meta.config
        assert config.retries["total_max_attempts"] == 4
        assert (config.read_timeout + config.connect_timeout) * 4 < 40
    assert wiring._own_client.cache_info().misses == made == 3
    wiring._own_client.cache_clear()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(NoRegionError):
        wiring.warm_up()
