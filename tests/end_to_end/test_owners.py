"""Who owns the slot, in real stacks: renames, takeovers, rollbacks, other regions and roles."""

import json
import uuid
from pathlib import Path

import pytest

from local.ministack import PROJECT
from tests.end_to_end.conftest import TARGET_ROLE, Cloud
from tests.end_to_end.page import Reader
from tests.end_to_end.test_stacks import ARN, BITBUCKET, FIRST, GITHUB, SECOND, sha256


@pytest.fixture
def stacks(cloud: Cloud) -> list[str]:
    """Return names for two stacks, with a secret for each."""
    cloud.put_secret("codebuild/github", FIRST)
    cloud.put_secret("codebuild/other", SECOND)
    return [f"consumer-{uuid.uuid4().hex[:8]}" for _ in range(2)]


OTHER = {**GITHUB, "SecretId": "codebuild/other"}


def test_renaming_the_logical_id_keeps_the_credential(cloud: Cloud, stacks: list[str]) -> None:
    """CloudFormation creates the new one and deletes the old one, of the same ARN: the credential stays."""
    stack, _ = stacks
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.deploy(stack, {"New": GITHUB}) == "UPDATE_COMPLETE"
    assert cloud.outputs(stack) == {"New": f"{ARN}github"}
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_a_rename_that_is_rolled_back_keeps_the_old_credential(cloud: Cloud, stacks: list[str]) -> None:
    """The new one had taken the slot already; the old one, which stays, has it back with its own token."""
    stack, _ = stacks
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    broken = {**BITBUCKET, "SecretId": "codebuild/nothing", "DependsOn": "New"}
    assert cloud.deploy(stack, {"New": OTHER, "Broken": broken}) == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_two_stacks_that_want_one_slot(cloud: Cloud, stacks: list[str]) -> None:
    """The second is refused and told who holds it; with ShouldOverwrite it takes over, and the first may go."""
    first, second = stacks
    assert cloud.deploy(first, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.deploy(second, {"Mine": OTHER}) == "ROLLBACK_COMPLETE"
    assert f"belongs to stack {first}, logical id GitHub, since 20" in cloud.reasons(second)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(second)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    assert cloud.deploy(second, {"Mine": {**OTHER, "ShouldOverwrite": "true"}}) == "CREATE_COMPLETE"
    assert cloud.slots() == {"GITHUB": sha256(SECOND)}
    cloud.delete(first)
    assert cloud.slots() == {"GITHUB": sha256(SECOND)}
    cloud.delete(second)
    assert cloud.slots() == {}


def test_a_look_into_a_slot_shows_its_claims_and_that_the_top_one_is_in_codebuild(
    cloud: Cloud, stacks: list[str], build: Path, tmp_path: Path
) -> None:
    """The command that operations.md has for it names the holder last; nobody has the turn, and there is no mark."""
    first, second = stacks
    assert cloud.deploy(first, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.deploy(second, {"Mine": {**OTHER, "ShouldOverwrite": "true"}}) == "CREATE_COMPLETE"
    reader = Reader("operations.md", "Operations", aws=cloud.aws, build=build, folder=tmp_path)
    shown = json.loads(reader.follow("Look into a slot"))
    assert [(stack_id.split("/")[1], logical_id) for stack_id, logical_id, _ in shown.pop("claims")] == [
        (first, "GitHub"),
        (second, "Mine"),
    ]
    assert shown == {"held": True, "marks": None, "turn": None, "until": None}
    cloud.delete(second)
    cloud.delete(first)


def test_a_takeover_that_is_rolled_back_gives_the_slot_back(cloud: Cloud, stacks: list[str]) -> None:
    """The credential of the other stack, which never heard of it, is in place again."""
    first, second = stacks
    assert cloud.deploy(first, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    taking = {"Mine": {**OTHER, "ShouldOverwrite": "true"}}
    assert cloud.deploy(second, taking) == "CREATE_COMPLETE"
    cloud.delete(second)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(first)
    assert cloud.slots() == {}


def test_another_region_by_another_role(cloud: Cloud, stacks: list[str]) -> None:
    """The role of examples/target-account-role.yaml is assumed with the external id; each region has its own slot."""
    stack, _ = stacks
    there = {**GITHUB, "Region": "eu-central-1", "RoleArn": TARGET_ROLE}
    assert cloud.deploy(stack, {"There": there}) == "ROLLBACK_COMPLETE"
    assert f"RoleArn {TARGET_ROLE}: " in cloud.reasons(stack)
    cloud.delete(stack)
    cloud.deploy_example(PROJECT / "examples/target-account-role.yaml", ProviderRoleArns=cloud.provider_roles())
    assert cloud.deploy(stack, {"Here": GITHUB, "There": there}) == "CREATE_COMPLETE"
    regions = {credential.region for credential in cloud.aws.codebuild.credentials()}
    assert regions == {"us-east-1", "eu-central-1"}
    assert cloud.outputs(stack)["There"] == "arn:aws:codebuild:eu-central-1:000000000000:token/github"
    assert cloud.deploy(stack, {"Here": GITHUB}) == "UPDATE_COMPLETE"
    assert {credential.region for credential in cloud.aws.codebuild.credentials()} == {"us-east-1"}
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_a_region_that_is_none_and_a_role_that_is_not_allowed_are_said_as_such(cloud: Cloud, stacks: list[str]) -> None:
    """A region of another partition, and the parameter in which the role is missing."""
    stack, other = stacks
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "Region": "cn-north-1"}}) == "ROLLBACK_COMPLETE"
    assert "Region: cn-north-1 is in partition aws-cn, and the provider is in aws" in cloud.reasons(stack)
    stranger = TARGET_ROLE + "-of-a-stranger"
    assert cloud.deploy(other, {"GitHub": {**GITHUB, "RoleArn": stranger}}) == "ROLLBACK_COMPLETE"
    assert "the parameter TargetRoleArns of the provider's stack" in cloud.reasons(other)
    assert cloud.slots() == {}
    cloud.delete(stack)
    cloud.delete(other)
