"""docs/migration.md, followed on the embedded AWS with an eye on CodeBuild all the while.

What is migrated from is played by the calls to CodeBuild that it makes: played.py.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from local.ministack import PROJECT, REGION
from local.watching import Watch, held
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.page import Reader, blocks
from tests.end_to_end.played import NATIVE, NATIVE_HERE, OLD, playing
from tests.end_to_end.test_rotation import THIRD, until
from tests.end_to_end.test_stacks import ARN, FIRST, SECOND, sha256
from tests.end_to_end.test_two_providers import HERE

PAGE = "migration.md"
CONSUMER, EXAMPLE = "my-credential", "codebuild-github"
DEPLOY = f"aws cloudformation deploy --stack-name {CONSUMER} --template-file {CONSUMER}.yaml"
TERRAFORMS = {"serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN", "token": FIRST}


class Heading(StrEnum):
    """The headings of the page under which there is something to do."""

    NAMES = "Before you begin"
    SECRET = "Put the token into a secret"
    NATIVE = "From AWS::CodeBuild::SourceCredential"
    BESIDE_NATIVE = "Create the new one beside the native one"
    NATIVE_AWAY = "Take the native one away"
    BESIDE_TERRAFORM = "Deploy the new one beside Terraform's"
    FORGET = "Let Terraform forget its own"
    SCRIPT = "From a script"
    BESIDE_SCRIPT = "Deploy the new one beside the script"
    OTHER = "From another custom resource"
    BESIDE_OTHER = "Create the new one beside the old one"
    OTHER_AWAY = "Take the old one away"
    TOKEN = "A new token"
    HOLDER = "See who holds the slot"
    EMPTIED = "If the slot was emptied, or written over"


@pytest.fixture
def reader(cloud: Cloud, build: Path, tmp_path: Path) -> Iterator[Reader]:
    """Return a reader of the page, in a folder that has the examples, and with no secret yet."""
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    yield Reader(PAGE, Heading.NAMES, aws=cloud.aws, build=build, folder=tmp_path)
    for stack in (CONSUMER, EXAMPLE):
        if cloud.exists(stack):
            cloud.delete(stack)


@pytest.fixture
def native(cloud: Cloud, reader: Reader) -> Iterator[Cloud]:
    """Return a cloud whose native resource is played, with the page's stack in it."""
    with playing(cloud, NATIVE, overwrites=False):
        reader.here.update(NATIVE_HERE)
        reader.typing(FIRST).follow(Heading.SECRET)
        reader.follow(Heading.NATIVE)
        reader.type(DEPLOY)
        assert cloud.slots() == {"GITHUB": sha256(FIRST)}
        yield cloud
        if cloud.exists(CONSUMER):
            cloud.delete(CONSUMER)


def test_the_page_has_no_step_that_is_not_followed_here() -> None:
    """A new one gets its name in the list above, and its place in a test; none is indented: it would be missed."""
    found = blocks(PAGE)
    assert list(found) == list(Heading)
    text = (PROJECT / "docs" / PAGE).read_text(encoding="utf-8")
    assert text.count("```") == 2 * sum(len(each) for each in found.values())
    assert [block.kind for block in found[Heading.FORGET]] == ["hcl"]  # Terraform is not here


def test_from_the_native_resource(native: Cloud, reader: Reader) -> None:
    """It is retained while the new one comes beside it, and goes without a delete; a rotation is imported then."""
    with Watch(native.aws) as watch:
        reader.follow(Heading.BESIDE_NATIVE)
        reader.follow(Heading.NATIVE_AWAY)
    events = native.client("cloudformation").describe_stack_events(StackName=CONSUMER)["StackEvents"]
    assert ("Native", "DELETE_SKIPPED") in {(each["LogicalResourceId"], each["ResourceStatus"]) for each in events}
    assert watch.seen == [{HERE: sha256(FIRST)}]
    assert "DeleteSourceCredentials" not in watch.calls
    _expect_held_by(reader, CONSUMER)
    _expect_rotation(native, reader)
    native.delete(CONSUMER)
    assert native.slots() == {}


def test_from_the_native_resource_in_one_deployment_the_slot_is_emptied(native: Cloud, reader: Reader) -> None:
    """The trap: without Retain CloudFormation deletes the native one last, by the ARN that is the new one's, too.

    What the page has for that brings it back.
    """
    with Watch(native.aws) as watch:
        reader.follow(Heading.NATIVE_AWAY)
    assert watch.seen == [{HERE: sha256(FIRST)}, {}]
    reader.follow(Heading.EMPTIED)
    until(lambda: native.slots() == {"GITHUB": sha256(FIRST)})


def test_a_deployment_that_fails_beside_the_native_resource_changes_nothing(native: Cloud, reader: Reader) -> None:
    """Both are retained, so the way back empties nothing."""
    reader.save(Heading.BESIDE_NATIVE)
    reader.edit(f"{CONSUMER}.yaml", "SecretId: codebuild/github", "SecretId: codebuild/nothing")
    with Watch(native.aws) as watch:
        reader.type(DEPLOY, fails=True)
    assert "Secret codebuild/nothing: does not exist" in native.reasons(CONSUMER)
    assert watch.seen == [{HERE: sha256(FIRST)}]


def test_the_native_resource_does_not_take_over_what_is_there(native: Cloud, reader: Reader) -> None:
    """As it is played it refuses a slot that is filled; so nobody goes back by accident."""
    reader.save(Heading.NATIVE)
    reader.edit(f"{CONSUMER}.yaml", "  Native:", "  Another:")
    reader.type(DEPLOY, fails=True)
    assert "already exists. Delete its source credential and try again." in native.reasons(CONSUMER)


def test_from_terraform(cloud: Cloud, reader: Reader) -> None:
    """Terraform imports, and forgets, which is no call of AWS's; the token changes, for the old one is in its state."""
    slots = cloud.aws.codebuild.slots
    slots.import_source_credentials(REGION, TERRAFORMS)
    with Watch(cloud.aws) as watch:
        reader.typing(FIRST).follow(Heading.SECRET)
        reader.follow(Heading.BESIDE_TERRAFORM)
        assert [each["authType"] for each in slots.list_source_credentials(REGION, {})["sourceCredentialsInfos"]] == [
            TERRAFORMS["authType"]
        ], "a refresh of Terraform's finds what it has in its state"
        reader.typing(SECOND).follow(Heading.TOKEN)
        until(lambda: cloud.slots() == {"GITHUB": sha256(SECOND)})
    assert watch.seen == [{HERE: sha256(FIRST)}, {HERE: sha256(SECOND)}]
    assert "DeleteSourceCredentials" not in watch.calls
    _expect_held_by(reader, EXAMPLE)


def test_what_terraform_destroys_comes_back(cloud: Cloud, reader: Reader) -> None:
    """Who takes the block out without `removed` deletes the ARN; what the page has for that brings it back."""
    arn = cloud.aws.codebuild.slots.import_source_credentials(REGION, TERRAFORMS)["arn"]
    reader.typing(FIRST).follow(Heading.SECRET)
    reader.follow(Heading.BESIDE_TERRAFORM)
    cloud.aws.codebuild.slots.delete_source_credentials(REGION, {"arn": arn})
    assert cloud.slots() == {}
    reader.follow(Heading.EMPTIED)
    until(lambda: cloud.slots() == {"GITHUB": sha256(FIRST)})


def test_from_a_script(cloud: Cloud, reader: Reader) -> None:
    """Its token is taken over; it runs once more with an old one, and what the page has for that puts it right."""
    [script] = blocks(PAGE)[Heading.SCRIPT]
    reader.type(f"TOKEN={FIRST}\n{script.text}")
    with Watch(cloud.aws) as watch:
        reader.typing(FIRST).follow(Heading.SECRET)
        reader.follow(Heading.BESIDE_SCRIPT)
        reader.type(f"TOKEN={THIRD}\n{script.text}")
        reader.follow(Heading.EMPTIED)
        until(lambda: cloud.slots() == {"GITHUB": sha256(FIRST)})
        _expect_rotation(cloud, reader)
    assert watch.tokens(HERE) == [sha256(token) for token in (FIRST, THIRD, FIRST, SECOND)]
    assert "DeleteSourceCredentials" not in watch.calls
    _expect_held_by(reader, EXAMPLE)


def test_from_another_custom_resource(cloud: Cloud, reader: Reader) -> None:
    """Its provider would delete the ARN; retained, it is not asked."""
    with playing(cloud, OLD, overwrites=True):
        reader.typing(FIRST).follow(Heading.SECRET)
        reader.follow(Heading.OTHER)
        reader.type(DEPLOY)
        with Watch(cloud.aws) as watch:
            reader.follow(Heading.BESIDE_OTHER)
            reader.follow(Heading.OTHER_AWAY)
        assert watch.seen == [{HERE: sha256(FIRST)}]
        assert "DeleteSourceCredentials" not in watch.calls
        _expect_held_by(reader, CONSUMER)
        _expect_rotation(cloud, reader)
        cloud.delete(CONSUMER)
        assert held(cloud.aws) == {}


def _expect_held_by(reader: Reader, stack: str) -> None:
    """Do what the page says is to be looked at, and expect the stack's resource as the only claim."""
    credential, said = reader.follow(Heading.HOLDER).split("\n", 1)
    assert credential == f"GITHUB\tPERSONAL_ACCESS_TOKEN\t{ARN}github"
    slot = json.loads(said)
    assert [(stack_id.split("/")[1], logical_id) for stack_id, logical_id in slot["claims"]] == [(stack, "GitHub")]
    assert slot["held"] is True


def _expect_rotation(cloud: Cloud, reader: Reader) -> None:
    """Put a new token into the secret as the page has it, and wait until it is in CodeBuild."""
    reader.typing(SECOND).follow(Heading.TOKEN)
    until(lambda: cloud.slots() == {"GITHUB": sha256(SECOND)})
