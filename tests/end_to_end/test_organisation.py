"""docs/organisation.md, followed on the embedded AWS, which has one account and no StackSets."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from local import provider
from local.codebuild_server import ACCOUNT_ID
from local.embedded_aws import EmbeddedAws
from local.ministack import PROJECT
from local.watching import held
from tests.end_to_end.conftest import TARGET_ROLE, Cloud
from tests.end_to_end.page import Reader, blocks
from tests.end_to_end.test_stacks import FIRST, GITHUB, SECOND, sha256

PAGE = "organisation.md"
FRANKFURT = "eu-central-1"
BY_HAND, CONSUMER, TARGET = "source-credential-by-hand", f"codebuild-github-{ACCOUNT_ID}", "source-credential-target"
PARAMETER_BYTES = 4096


class Heading(StrEnum):
    """The headings of the page under which there is something to do."""

    NAMES = "An organisation"
    BUCKETS = "Make the buckets"
    PUBLISH = "Publish"
    TEMPLATE = "Make the template that StackSets take"
    STACK_SET = "Create the StackSet"
    ROLL_OUT = "Roll a new version out"
    ROLES = "Make the roles"
    ASSUME = "Let the provider assume the roles"
    GIVE = "Give an account its credential"
    LEAVES = "An account leaves, and the role is there"
    LEFT = "An account has left, and the role is gone"


@dataclass(frozen=True)
class Published:
    """The account that publishes, with the provider in it, and the reader who has done that."""

    cloud: Cloud
    reader: Reader
    folder: Path


@pytest.fixture(scope="module")
def published(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """Make the buckets and publish, as the page has it."""
    folder = tmp_path_factory.mktemp("organisation")
    (folder / "examples").symlink_to(PROJECT / "examples")
    with EmbeddedAws() as aws:
        reader = Reader(PAGE, Heading.NAMES, aws=aws, build=build, folder=folder)
        reader.follow(Heading.BUCKETS)
        reader.follow(Heading.PUBLISH)
        provider.make_up_for_ministack(aws, provider.STACK_NAME)
        cloud = Cloud(aws)
        cloud.put_secret("codebuild/github", FIRST)
        yield Published(cloud, reader, folder)


def test_the_page_has_no_step_that_is_not_followed_here() -> None:
    """A new one gets its name in the list above, and its place in a test; none is indented: it would be missed."""
    found = blocks(PAGE)
    assert list(found) == list(Heading)
    text = (PROJECT / "docs" / PAGE).read_text(encoding="utf-8")
    assert text.count("```") == 2 * sum(len(each) for each in found.values())


def test_the_template_for_stacksets_has_no_transform_and_is_deployed_in_another_region(published: Published) -> None:
    """It takes its code from that region's bucket, and its provider serves consumers there."""
    published.reader.follow(Heading.TEMPLATE)
    text = (published.folder / "provider.json").read_text(encoding="utf-8")
    template = json.loads(text)
    assert "Transform" not in template
    assert not [each for each in template["Resources"].values() if each["Type"].startswith("AWS::Serverless::")]
    functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    buckets = [each["Properties"]["Code"]["S3Bucket"] for each in functions]
    assert buckets == [{"Fn::Sub": "example-artifacts-${AWS::Region}"}] * 2
    assert len(text) < 1_000_000, "StackSets take no more from S3"
    there = Cloud(published.cloud.aws, FRANKFURT)
    provider.make_up_for_ministack(there.aws, BY_HAND, region=FRANKFURT)
    there.put_secret("codebuild/github", SECOND)
    assert there.deploy("consumer", {"GitHub": GITHUB}) == "CREATE_COMPLETE", there.reasons("consumer")
    assert held(there.aws) == {(FRANKFURT, "GITHUB"): sha256(SECOND)}
    there.delete("consumer")
    there.delete(BY_HAND)
    assert held(there.aws) == {}


@pytest.mark.parametrize("heading", [Heading.STACK_SET, Heading.ROLL_OUT])
def test_the_aws_cli_takes_the_options_of_what_is_not_tried(published: Published, heading: Heading) -> None:
    """The commands for StackSets name what there is, and nothing is asked of AWS; a name that is none is refused."""
    assert '"OperationId"' in published.reader.follow(heading)
    [block] = blocks(PAGE)[heading]
    misspelt = block.text.replace("FailureToleranceCount", "FailureTolerance")
    assert 'Unknown parameter in OperationPreferences: "FailureTolerance"' in published.reader.check(
        misspelt, fails=True
    )


def test_one_provider_serves_an_account_until_it_leaves(published: Published) -> None:
    """The role is made, assumed and used; an account that leaves in order leaves nothing, another one its token."""
    cloud, reader = published.cloud, published.reader
    reader.follow(Heading.ROLES)
    assert cloud.outputs(TARGET)["RoleArn"] == TARGET_ROLE
    reader.follow(Heading.ASSUME)
    provider.make_up_for_ministack(cloud.aws, provider.STACK_NAME)
    assert cloud.parameters(provider.STACK_NAME)["TargetRoleArns"] == TARGET_ROLE
    reader.follow(Heading.GIVE)
    assert held(cloud.aws) == {(FRANKFURT, "GITHUB"): sha256(FIRST)}
    reader.follow(Heading.LEAVES)
    assert not cloud.exists(CONSUMER)
    assert held(cloud.aws) == {}
    reader.follow(Heading.GIVE)
    cloud.delete(TARGET)
    cloud.client("cloudformation").delete_stack(StackName=CONSUMER)
    assert cloud.status(CONSUMER) == "DELETE_FAILED"
    assert f"RoleArn {TARGET_ROLE}: the provider's role may not use sts:AssumeRole" in cloud.reasons(CONSUMER)
    reader.follow(Heading.LEFT)
    assert not cloud.exists(CONSUMER)
    assert held(cloud.aws) == {(FRANKFURT, "GITHUB"): sha256(FIRST)}, "nobody can get there"
    assert cloud.slot_item()["Subject"] == f"{ACCOUNT_ID}/{FRANKFURT}/GITHUB", "the claim is there still"


def test_so_many_roles_fit_into_the_parameter_as_the_page_says() -> None:
    """A parameter's value has 4,096 bytes at most."""
    text = (PROJECT / "docs" / PAGE).read_text(encoding="utf-8")
    many = (PARAMETER_BYTES + 1) // (len(TARGET_ROLE) + 1)
    assert f"so {many} of these ARNs fit" in text
    assert f"| {many} at most with one provider" in text
