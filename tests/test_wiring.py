"""Clients and logic as the function's environment wants them, made once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import NoRegionError
from botocore.stub import Stubber

from local.provider_table import empty_table, items
from source_credential import wiring
from source_credential.errors import AccessDenied, InvalidRequest, NotFound
from source_credential.git_providers import token_check
from source_credential.model import AuthType, Request, ServerType, Specification
from source_credential.records import Record
from source_credential.slots.freshen import Finding
from source_credential.slots.turn import CALL_SECONDS, TERM_SECONDS, Run
from source_credential.wiring import Logic
from tests.aws.stubs import (
    ARN,
    ELSEWHERE,
    EXTERNAL_ID,
    FAR,
    HERE,
    OWNER,
    QUEUE_URL,
    ROLE,
    SECRET_ARN,
    THERE,
    TOKEN,
    sts,
)
from tests.conftest import TABLE
from tests.fakes import ACCOUNT, REGION, VERSION_ID, FakeTokenCheck
from tests.slots.world import SLOT

GITHUB = Specification(
    server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id="codebuild/github"
)
CONNECTION = Specification(
    server_type=ServerType.GITLAB,
    auth_type=AuthType.CODECONNECTIONS,
    connection_arn=f"arn:aws:codeconnections:{THERE}:{ELSEWHERE}:connection/aaaa-bbbb",
)

pytestmark = pytest.mark.usefixtures("new_clients")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set what the template sets."""
    variables = {"SLOTS_TABLE": TABLE, "EXTERNAL_ID": EXTERNAL_ID, "REFRESH_QUEUE_URL": QUEUE_URL}
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
    specification = replace(GITHUB, secret_id=arn)
    assert wiring.logic(ACCOUNT).preparation.prepare(specification, OWNER, HERE).secret_arn == arn
    in_ireland.assert_no_pending_responses()


@pytest.mark.usefixtures("environment")
def test_the_logic_is_made_once_for_an_account() -> None:
    """One per environment, in fact: a function is in one account."""
    assert wiring.logic(ACCOUNT) is wiring.logic(ACCOUNT)
    assert wiring.logic(ACCOUNT) is not wiring.logic(ELSEWHERE)


@pytest.fixture
def logic(environment: pytest.MonkeyPatch, dynamodb: Any) -> Iterator[Logic]:
    """Return the logic over a DynamoDB in which the environment's table is empty."""
    environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.meta.endpoint_url)
    yield wiring.logic(ACCOUNT)
    empty_table(dynamodb, TABLE)


def test_all_of_the_logic_works_on_the_table_of_the_environment(logic: Logic, dynamodb: Any) -> None:
    """A Delete of what was never created is noted there, and CodeBuild is not asked; a duplicate is told the same."""
    request = Request(owner=OWNER, request_id="request", request_type="Delete", physical_resource_id=ARN)
    run = Run(lambda: 100.0)
    answer = logic.memory.answer(request, lambda: logic.deleter.delete(request, SLOT, run))
    assert (answer.succeeded, answer.physical_resource_id) == (True, ARN)
    assert logic.deleter.delete(request, SLOT, run) == answer
    assert {"S": "request request"} in [item["What"] for item in items(dynamodb, TABLE)]
    assert logic.freshener.check(SLOT, run, heal=True) == Finding()
    assert list(logic.table.slots()) == []


def test_a_create_that_is_refused_claims_nothing(logic: Logic) -> None:
    """Whose secret cannot be read: Secrets Manager is asked as the function asks it."""
    stubber = Stubber(wiring._own_client("secretsmanager", REGION))
    stubber.add_client_error("get_secret_value", "ResourceNotFoundException")
    stubber.activate()
    request = Request(owner=OWNER, request_id="request", request_type="Create")
    with pytest.raises(NotFound, match="does not exist in the provider's account and region"):
        logic.provisioner.create(request, GITHUB, Run(lambda: 100.0))
    assert logic.table.look(SLOT) == Record(slot=SLOT)


@pytest.mark.parametrize(
    ("name", "make"), [("SLOTS_TABLE", lambda: wiring.logic(ACCOUNT)), ("REFRESH_QUEUE_URL", wiring.refresh_queue)]
)
def test_without_what_the_template_sets_there_is_nothing(
    environment: pytest.MonkeyPatch, name: str, make: Callable[[], object]
) -> None:
    """A provider that cannot remember whose a slot is must not touch one."""
    environment.delenv(name)
    with pytest.raises(KeyError, match=name):
        make()


@pytest.mark.usefixtures("environment")
def test_the_queue_is_that_of_the_environment() -> None:
    """Made once."""
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

    def make(**settings: Any) -> FakeTokenCheck:
        made.append(settings)
        return FakeTokenCheck()

    environment.setattr(token_check, "ProviderTokenCheck", make)
    for name, value in variables.items():
        environment.setenv(name, value)
    preparation = wiring.logic(ACCOUNT).preparation
    assert made == []
    preparation._token_check()
    preparation._token_check()
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
    preparation = wiring.logic(ACCOUNT).preparation
    with pytest.raises(AccessDenied):
        preparation.prepare(CONNECTION, OWNER, FAR)


def test_what_every_request_needs_is_made_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to make when the first request comes."""
    wiring.warm_up()
    made = wiring._own_client.cache_info().misses
    for service in ("codebuild", "dynamodb", "secretsmanager"):
        wiring._own_client(service, REGION)
    assert wiring._own_client.cache_info().misses == made == 3
    wiring._own_client.cache_clear()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(NoRegionError):
        wiring.warm_up()


@pytest.mark.parametrize(
    ("service", "attempts", "seconds"),
    [
        ("codebuild", 1, CALL_SECONDS - 0.5),
        ("dynamodb", 4, 16),
        ("secretsmanager", 4, 39),
        ("sts", 4, 39),
        ("sqs", 4, 39),
        ("codeconnections", 4, 39),
    ],
)
def test_a_client_gives_a_dead_endpoint_up_in_seconds(service: str, attempts: int, seconds: float) -> None:
    """Attempts at CodeBuild are single ones, each shorter than the turns reckon with; a turn outlasts the table's."""
    config: Any = wiring._own_client(service, REGION).meta.config
    assert config.retries["total_max_attempts"] == attempts
    assert (config.read_timeout + config.connect_timeout) * attempts <= seconds < TERM_SECONDS


def test_a_secret_of_another_partition_is_told_as_that(logic: Logic) -> None:
    """Its region is one in which the provider's credentials mean nothing."""
    specification = replace(GITHUB, secret_id="arn:aws-cn:secretsmanager:cn-north-1:000000000000:secret:a-AbCdEf")
    with pytest.raises(InvalidRequest, match="SecretId: cn-north-1 is in partition aws-cn, and the provider is in aws"):
        logic.preparation.prepare(specification, OWNER, HERE)


def test_a_secret_of_another_region_is_asked_for_there(logic: Logic) -> None:
    """By a client of that region's."""
    there = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:a-AbCdEf"
    stubber = Stubber(wiring._own_client("secretsmanager", "eu-west-1"))
    stubber.add_client_error("get_secret_value", "ResourceNotFoundException")
    stubber.activate()
    with pytest.raises(NotFound, match="does not exist"):
        logic.preparation.prepare(replace(GITHUB, secret_id=there), OWNER, HERE)
