"""docs/moving.md, followed on the embedded AWS with an eye on CodeBuild all the while.

What it says of deployments that fail is in test_two_providers.py.
"""

import json
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from local import provider
from local.embedded_aws import EmbeddedAws
from local.ministack import REGION
from local.watching import Watch, held
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.page import Reader, blocks
from tests.end_to_end.test_rotation import THIRD, still, until
from tests.end_to_end.test_stacks import API_TOKEN, ARN, BITBUCKET, FIRST, GITHUB, SECOND, sha256
from tests.end_to_end.test_two_providers import HERE, RETAIN, check_by, owners, second

OLD, NEW = provider.STACK_NAME, "source-credential-2"
EXPORT = "SourceCredentialProvider2"
NAMES = {"ExportName": EXPORT, "ProviderArnParameterName": "/source-credential-2/provider-arn"}
THROUGH_NEW = {"ServiceToken": {"Fn::ImportValue": EXPORT}}
CONSUMER = "my-credential"
DEPLOY = f"sam deploy --stack-name {CONSUMER} --template-file {CONSUMER}.yaml"


class Heading(StrEnum):
    """The headings of the page under which there is something to do."""

    NAMES = "Move consumers to another provider stack"
    DEPLOY = "Deploy the new provider"
    RENAME = "Rename the resource"
    OTHERS = "One consumer after the other"
    DELETE = "Delete the old provider"
    BESIDE = "Create the new resource beside the old one"
    AWAY = "Take the old resource away"
    GOES = "If the old provider goes"
    STAYS = "If the old provider stays"
    HAS = "CodeBuild has the credential"
    CLAIMS = "Each slot has one claim"
    CHECK = "The new provider can import"
    UNUSED = "Nobody uses the old provider"


def test_the_page_has_no_step_that_is_not_followed_here() -> None:
    """A new one gets its name in the list above, and its place in a test."""
    assert list(blocks("moving.md")) == list(Heading)


@pytest.fixture
def anew(build: Path) -> Iterator[Cloud]:
    """Return a cloud with the old provider in it, which the test may delete."""
    with EmbeddedAws() as aws:
        provider.deploy(aws, build)
        yield Cloud(aws)


@pytest.fixture
def reader(anew: Cloud, build: Path, tmp_path: Path) -> Reader:
    """Return a reader of the page, who has the page's consumer deployed."""
    anew.put_secret("codebuild/github", FIRST)
    reader = Reader("moving.md", Heading.NAMES, aws=anew.aws, build=build, folder=tmp_path)
    reader.save(Heading.RENAME)
    reader.type(DEPLOY)
    return reader


def test_one_table(anew: Cloud, reader: Reader) -> None:
    """Three consumers move, and the old provider is deleted; every token is in CodeBuild all the time.

    A rotation is imported once while both providers are there, and by the new one when it is alone.
    """
    by_name = {
        **GITHUB,
        "ServerType": "GITHUB_ENTERPRISE",
        "ServiceToken": _parameter("/source-credential/provider-arn"),
    }
    anew.put_secret("codebuild/bitbucket", json.dumps({"email": "someone@example.com", "token": API_TOKEN}))
    assert anew.deploy("bitbucket", {"Bitbucket": BITBUCKET}) == "CREATE_COMPLETE"
    assert anew.deploy("by-parameter", {"Enterprise": by_name}) == "CREATE_COMPLETE"
    with Watch(anew.aws) as watch:
        assert "ExistingTableName" in reader.follow(Heading.DEPLOY)
        provider.make_up_for_ministack(anew.aws, NEW)
        assert anew.outputs(NEW)["TableName"] == anew.outputs(OLD)["TableName"]
        reader.follow(Heading.RENAME)
        assert anew.outputs(CONSUMER) == {"CredentialArn": f"{ARN}github"}
        assert reader.follow(Heading.OTHERS).split() == ["bitbucket"]
        refused = reader.type('aws cloudformation delete-stack --stack-name "$OLD"', fails=True)
        assert "SourceCredentialProvider is imported by stack bitbucket" in refused
        assert anew.deploy("bitbucket", {"Bitbucket2": {**BITBUCKET, **THROUGH_NEW}}) == "UPDATE_COMPLETE"
        assert "is not imported by any stack" in reader.type(
            "aws cloudformation list-imports --export-name SourceCredentialProvider", fails=True
        )
        assert "Enterprise" in reader.follow(Heading.CLAIMS)
        by_name["ServiceToken"] = _parameter(NAMES["ProviderArnParameterName"])
        assert anew.deploy("by-parameter", {"Enterprise2": by_name}) == "UPDATE_COMPLETE"
        imports = anew.aws.codebuild.calls.count("ImportSourceCredentials")
        _rotate(anew, SECOND)
        still(anew, anew.slots(), seconds=2)
        assert anew.aws.codebuild.calls.count("ImportSourceCredentials") == imports + 2, "once for each of two slots"
        assert reader.follow(Heading.DELETE).split() == ["ATTRIBUTES", "0"] * 2
        assert not anew.exists(OLD)
        _expect_all_well(reader)
        assert _claims(reader) == {CONSUMER: ["GitHub2"], "bitbucket": ["Bitbucket2"], "by-parameter": ["Enterprise2"]}
        _rotate(anew, THIRD)
    assert "DeleteSourceCredentials" not in watch.calls
    assert watch.tokens(HERE) == [sha256(FIRST), sha256(SECOND), sha256(THIRD)]
    assert watch.tokens((REGION, "GITHUB_ENTERPRISE")) == watch.tokens(HERE)
    assert watch.tokens((REGION, "BITBUCKET")) == [sha256(API_TOKEN)]
    for stack in (CONSUMER, "bitbucket", "by-parameter"):
        anew.delete(stack)
    assert anew.slots() == {}


def test_two_tables(anew: Cloud, reader: Reader, build: Path) -> None:
    """The new provider takes the slot over, the old one is made to forget it, and is deleted with its table."""
    provider.deploy(anew.aws, build, stack_name=NEW, parameters=NAMES)
    with Watch(anew.aws) as watch:
        reader.follow(Heading.BESIDE)
        reader.follow(Heading.AWAY)
        assert "DELETE_SKIPPED" in _statuses(anew, CONSUMER, "GitHub")
        imports = anew.aws.codebuild.calls.count("ImportSourceCredentials")
        check_by(anew, OLD)
        until(lambda: anew.aws.codebuild.calls.count("ImportSourceCredentials") == imports + 1)
        until(lambda: "TurnId" not in anew.slot_item())
        [[stack_id, logical_id]] = json.loads(reader.follow(Heading.STAYS))
        assert (stack_id.split("/")[1], logical_id) == (CONSUMER, "GitHub")
        _rotate(anew, SECOND)
        still(anew, anew.slots(), seconds=2)
        assert anew.aws.codebuild.calls.count("ImportSourceCredentials") == imports + 2, "by the new provider alone"
        table = anew.outputs(OLD)["TableName"]
        reader.follow(Heading.GOES)
        assert not anew.exists(OLD)
        assert table not in anew.client("dynamodb").list_tables()["TableNames"]
        assert _claims(reader) == {CONSUMER: ["GitHub2"]}
        _rotate(anew, THIRD)
    assert "DeleteSourceCredentials" not in watch.calls
    assert watch.seen == [{HERE: sha256(FIRST)}, {HERE: sha256(SECOND)}, {HERE: sha256(THIRD)}]
    anew.delete(CONSUMER)
    assert anew.slots() == {}


def test_another_region(cloud: Cloud, build: Path, tmp_path: Path) -> None:
    """A provider over there takes over what a stack here has imported there, and the one here is made to forget it."""
    stack, region = CONSUMER, "eu-central-1"
    there = Cloud(cloud.aws, region)
    there.put_secret("codebuild/github", FIRST)
    cloud.put_secret("codebuild/github", FIRST)
    cloud.put_secret("codebuild/other", SECOND)
    old, here = {**GITHUB, "Region": region}, {**GITHUB, "SecretId": "codebuild/other"}
    reader = Reader("moving.md", Heading.NAMES, aws=cloud.aws, build=build, folder=tmp_path)
    reader.region = region
    with second(cloud.aws, build, "over-there", region=region) as through_new:
        assert cloud.deploy(stack, {"Here": here, "There": old}) == "CREATE_COMPLETE"
        with Watch(cloud.aws) as watch:
            retained = {**old, **RETAIN, "ServiceTimeout": "301"}
            assert cloud.deploy(stack, {"Here": here, "There": retained}) == "UPDATE_COMPLETE"
            assert there.deploy(stack, {"There": {**GITHUB, **through_new}}) == "CREATE_COMPLETE"
            assert cloud.deploy(stack, {"Here": here}) == "UPDATE_COMPLETE"
            assert json.loads(reader.follow(Heading.STAYS))[0][1] == "There"
        assert watch.seen == [{HERE: sha256(SECOND), (region, "GITHUB"): sha256(FIRST)}]
        assert "DeleteSourceCredentials" not in watch.calls
        there.put_secret("codebuild/github", THIRD)
        after = {HERE: sha256(SECOND), (region, "GITHUB"): sha256(THIRD)}
        until(lambda: held(cloud.aws) == after)
        with Watch(cloud.aws) as watch:
            check_by(cloud, OLD, region=region)
            time.sleep(3)
        assert (watch.seen, watch.calls) == ([after], [])
        there.delete(stack)
        cloud.delete(stack)
    assert held(cloud.aws) == {}


def test_a_slot_with_other_claims_is_not_forgotten(cloud: Cloud, build: Path, tmp_path: Path) -> None:
    """They would be forgotten, too; when their resources are gone, it can be done."""
    reader = Reader("moving.md", Heading.NAMES, aws=cloud.aws, build=build, folder=tmp_path)
    cloud.put_secret("codebuild/github", FIRST)
    assert cloud.deploy("before", {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.deploy(CONSUMER, {"GitHub": {**GITHUB, "ShouldOverwrite": "true"}}) == "CREATE_COMPLETE"
    [forget] = blocks("moving.md")[Heading.STAYS]
    assert "ConditionalCheckFailedException" in reader.type(forget.text, fails=True)
    assert owners(cloud) == ["GitHub", "GitHub"]
    cloud.delete("before")
    assert CONSUMER in reader.type(forget.text)
    assert [item for item in cloud.items() if item["What"] == "slot"] == []
    cloud.delete(CONSUMER)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}, "a Delete of what is forgotten touches nothing"


def _parameter(name: str) -> str:
    return f"{{{{resolve:ssm:{name}}}}}"


def _rotate(cloud: Cloud, token: str) -> None:
    """Rotate the secret, and wait until all slots of GitHub have the token."""
    cloud.put_secret("codebuild/github", token)
    until(lambda: all(held == sha256(token) for name, held in cloud.slots().items() if name.startswith("GITHUB")))


def _statuses(cloud: Cloud, stack: str, logical_id: str) -> list[str]:
    events = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [event["ResourceStatus"] for event in events if event["LogicalResourceId"] == logical_id]


def _claims(reader: Reader) -> Mapping[str, list[str]]:
    """Return the logical ids that claim a slot, by the name of the holder's stack."""
    slots = json.loads(reader.follow(Heading.CLAIMS))
    assert all(slot["held"] is True and slot["marks"] is None for slot in slots)
    return {slot["claims"][-1][0].split("/")[1]: [logical_id for _, logical_id in slot["claims"]] for slot in slots}


def _expect_all_well(reader: Reader) -> None:
    """Do what the page says is to be done in the end, and expect what it says is good; of claims see `_claims`."""
    assert f"GITHUB\tPERSONAL_ACCESS_TOKEN\t{ARN}github" in reader.follow(Heading.HAS)
    said = reader.follow(Heading.CHECK)
    assert '"message":"Checked"' in said
    assert '"message":"Received"' not in said, "that line is of no slot"
    assert [line.split()[0] for line in reader.follow(Heading.UNUSED).splitlines()] == [EXPORT]
