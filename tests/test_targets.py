"""The accounts and regions to import into: whose clients ask there."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from source_credential import wiring
from source_credential.aws.regions import Regions
from source_credential.aws.targets import AwsTargets
from source_credential.errors import (
    AccessDenied,
    GeneralServiceException,
    InvalidRequest,
    NotStabilized,
    ServiceInternalError,
    Throttling,
)
from source_credential.model import Connection, Owner, Target
from source_credential.slots.turn import CALL_SECONDS
from tests.aws.stubs import ELSEWHERE, EXTERNAL_ID, FAR, HERE, OWNER, ROLE, THERE, Body, sts
from tests.fakes import ACCOUNT, REGION
from tests.slots.world import SLOT

pytestmark = pytest.mark.usefixtures("new_clients")

ASSUMED = {
    "AccessKeyId": "ASIA0000000000000000",
    "SecretAccessKey": "made-up",
    "SessionToken": "session-of-the-role",
    "Expiration": "2030-01-01T00:00:00Z",
}


def targets(external_id: str = EXTERNAL_ID) -> AwsTargets:
    """Return the targets as the function has them."""
    return made(AwsTargets, external_id=external_id)


Kind = TypeVar("Kind", bound=AwsTargets)


def made(kind: type[Kind], region: str = REGION, external_id: str = EXTERNAL_ID) -> Kind:
    """Return targets of a kind, over the function's own clients, for a provider in a region."""
    return kind(
        Regions(boto3.Session(region_name=region)),
        account_id=ACCOUNT,
        external_id=external_id,
        own_client=wiring._own_client,
        configs=wiring._config,
    )


def sent_by(client: Any, ask: Callable[[], object]) -> tuple[str, dict[str, str]]:
    """Return the URL and the headers of the one request that asking sends, which is answered with nothing."""
    sent: list[tuple[str, dict[str, str]]] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        sent.append((request.url, headers))
        return AWSResponse(request.url, 200, HTTPHeaders(), Body(b"{}"))

    client.meta.events.register("before-send", answer)
    ask()
    [only] = sent
    return only


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
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout + config.connect_timeout < CALL_SECONDS


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_is_asked_as_the_role_in_the_connections_region(service: str) -> None:
    """It belongs to the target's account, and need not be in the slot's region."""
    stubber = sts()
    stubber.add_response("assume_role", {"Credentials": ASSUMED})
    clients: list[Any] = []
    original = AwsTargets._client

    class Watched(AwsTargets):
        def _client(self, *arguments: Any) -> Any:
            client = original(self, *arguments)
            client.meta.events.register("before-send", lambda request, **_: _connection(request))
            clients.append(client)
            return client

    asked = made(Watched).connections(FAR, OWNER)
    arn = f"arn:aws:{service}:eu-central-1:{ELSEWHERE}:connection/aaaa-bbbb"
    assert asked.get(arn) == Connection(arn=arn, status="AVAILABLE", provider_type="GitLab")
    [client] = clients
    assert (client.meta.service_model.service_name, client.meta.region_name) == (service, "eu-central-1")
    assert client._request_signer._credentials.access_key == ASSUMED["AccessKeyId"]


def _connection(request: Any) -> AWSResponse:
    body = b'{"Connection": {"ConnectionStatus": "AVAILABLE", "ProviderType": "GitLab"}}'
    return AWSResponse(request.url, 200, HTTPHeaders(), Body(body))


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
        f"RoleArn {ROLE}: the provider's role may not use sts:AssumeRole ({code}). Add it to the parameter "
        "TargetRoleArns of the provider's stack, and let the role's trust policy name the provider's role and its "
        "external id; examples/target-account-role.yaml makes such a role."
    )


@pytest.mark.parametrize("code", ["RegionDisabledException", "InvalidClientTokenId"])
def test_a_region_without_sts_is_told_as_not_enabled(code: str) -> None:
    """It is where the role is assumed: the provider's own."""
    stubber = sts()
    stubber.add_client_error("assume_role", code, "STS is not activated in this region for account:222222222222.")
    with pytest.raises(NotStabilized, match=f"Region {REGION}: is not enabled for the account"):
        targets().source_credentials(FAR, OWNER)


@pytest.mark.parametrize(
    ("target", "service", "told"),
    [
        (HERE, "codebuild", ("the provider's role", "Deploy the provider's own stack again")),
        (HERE, "codeconnections", ("the provider's role", "the parameter ConnectionArns")),
        (FAR, "codebuild", (f"role {ROLE}", "Allow it in its policy")),
        (FAR, "codeconnections", (f"role {ROLE}", "Allow it in its policy")),
    ],
)
def test_who_may_not_is_told_where_to_allow_it(target: Target, service: str, told: tuple[str, str]) -> None:
    """In the provider's own role it is its stack's matter, in another account's role its owner's."""
    sts().add_response("assume_role", {"Credentials": ASSUMED})
    credentials = targets().source_credentials(target, OWNER)
    stubber = Stubber(credentials._client)
    message = f"User: arn:... is not authorized to perform: {service}:Action on resource: arn:..."
    stubber.add_client_error("list_source_credentials", "AccessDeniedException", message)
    stubber.activate()
    with pytest.raises(AccessDenied) as caught:
        credentials.list_credentials()
    who, remedy = told
    assert str(caught.value).startswith(f"CodeBuild: {who} may not use {service}:Action (AccessDeniedException).")
    assert remedy in str(caught.value)


def test_another_fault_of_assuming_a_role_names_role_and_action() -> None:
    """Throttling is throttling, here too."""
    stubber = sts()
    stubber.add_client_error("assume_role", "Throttling")
    with pytest.raises(Throttling, match=f"RoleArn {ROLE}: AWS went on throttling sts:AssumeRole"):
        targets().source_credentials(FAR, OWNER)


@pytest.mark.parametrize("role_arn", [None, ROLE])
@pytest.mark.parametrize(
    ("region", "told"),
    [
        ("mars-north-1", "Region: mars-north-1 is no region of partition aws. Correct it: the nearest name that is"),
        ("cn-north-1", "Region: cn-north-1 is in partition aws-cn, and the provider is in aws."),
        ("us-gov-west-1", "Region: us-gov-west-1 is in partition aws-us-gov, and the provider is in aws."),
    ],
)
def test_a_region_of_no_partition_or_another_one_is_refused(region: str, told: str, role_arn: str | None) -> None:
    """At once, and no role is assumed for it: no credentials reach there."""
    sts()
    target = Target(slot=replace(SLOT, region=region), role_arn=role_arn)
    with pytest.raises(InvalidRequest) as caught:
        targets().source_credentials(target, OWNER)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("region", ["ca-west-1", "mx-central-1", "ap-east-2", "eu-south-9"])
def test_a_region_of_the_partition_is_asked_whether_the_sdk_knows_it_or_not(region: str) -> None:
    """The SDK's list is older than the newest regions; AWS says the rest."""
    client = targets().source_credentials(Target(slot=replace(SLOT, region=region)), OWNER)._client
    assert client.meta.endpoint_url == f"https://codebuild.{region}.amazonaws.com"


def test_a_region_that_nobody_answers_in_is_told_with_the_nearest_name() -> None:
    """Its name may be misspelt."""
    credentials = targets().source_credentials(Target(slot=replace(SLOT, region="eu-cntral-1")), OWNER)
    credentials._client.meta.events.register_first("before-call", _nobody)
    with pytest.raises(ServiceInternalError, match="Check the name of region eu-cntral-1: the nearest name that is"):
        credentials.list_credentials()
    at_home = targets().source_credentials(HERE, OWNER)
    at_home._client.meta.events.register_first("before-call", _nobody)
    with pytest.raises(ServiceInternalError, match="check that the provider function can reach"):
        at_home.list_credentials()


def _nobody(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="https://codebuild.invalid")


def test_in_a_partition_of_which_the_sdk_knows_no_region_the_own_one_is_the_nearest() -> None:
    """There is a sentence in any case."""
    regions = Regions(boto3.Session(region_name="eu-isoe-west-1"))
    assert regions.nearest("eu-isoe-west-2") == "the nearest name that is known here is eu-isoe-west-1."


def test_a_role_of_another_partition_is_told_as_that() -> None:
    """No permission lets the provider assume it."""
    sts()
    far = replace(FAR, role_arn=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    with pytest.raises(
        InvalidRequest, match=r"RoleArn: arn:aws-cn:.* is in partition aws-cn, and the provider is in aws"
    ):
        targets().source_credentials(far, OWNER)


def test_the_providers_own_region_is_enabled() -> None:
    """It runs there, so what AWS says of its credentials is another matter."""
    credentials = targets().source_credentials(HERE, OWNER)
    stubber = Stubber(credentials._client)
    stubber.add_client_error("list_source_credentials", "UnrecognizedClientException")
    stubber.activate()
    with pytest.raises(GeneralServiceException):
        credentials.list_credentials()


def test_a_connection_in_a_region_that_does_not_exist_is_refused() -> None:
    """Its ARN is the template's, so its region may be misspelt, too."""
    with pytest.raises(InvalidRequest, match="ConnectionArn: europe-1 is no region of partition aws"):
        targets().connections(HERE, OWNER).get("arn:aws:codeconnections:europe-1:000000000000:connection/aaaa")


def test_regions_are_those_of_the_providers_own_partition() -> None:
    """A role cannot be assumed from one partition into another; the own region need not be known."""
    china = made(AwsTargets, "cn-north-1")
    elsewhere = china.source_credentials(Target(slot=replace(SLOT, region="cn-northwest-1")), OWNER)
    assert elsewhere._client.meta.endpoint_url == "https://codebuild.cn-northwest-1.amazonaws.com.cn"
    with pytest.raises(InvalidRequest, match="is in partition aws, and the provider is in aws-cn"):
        china.source_credentials(HERE, OWNER)
    new = made(AwsTargets, "us-south-9")
    at_home = new.source_credentials(Target(slot=replace(SLOT, region="us-south-9")), OWNER)
    assert at_home._client.meta.region_name == "us-south-9"
