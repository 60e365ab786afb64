"""Clients and logic as the function's environment wants them, made once."""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import NoRegionError
from botocore.stub import Stubber

from source_credential import wiring
from source_credential.aws.request_records import DynamoRequests
from source_credential.errors import AccessDenied
from source_credential.model import AuthType, Request, RequestStatus, ServerType, Specification
from source_credential.slots.refresher import Finding
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
from tests.fakes import ACCOUNT, REGION, VERSION_ID, FakeTokenCheck
from tests.ownership.world import BINDINGS, REQUESTS, SLOT, World

pytestmark = pytest.mark.usefixtures("new_clients")


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
    specification = Specification(
        server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id=arn
    )
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
    request = Request(owner=OWNER, request_id="request", request_type="Delete", physical_resource_id=ARN)
    assert wiring.provisioner(ACCOUNT).delete(request).physical_resource_id == ARN
    assert DynamoRequests(world.dynamodb, table=REQUESTS).recall(request).status is RequestStatus.SUCCEEDED


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
