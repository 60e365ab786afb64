"""Two providers beside each other, with one table or with two: what becomes of a slot whose resource moves, or cannot.

docs/moving.md says how to move; test_moving.py follows it.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import provider
from local.codebuild_server import ACCOUNT_ID
from local.embedded_aws import EmbeddedAws
from local.ministack import REGION
from local.watching import Watch
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.test_rotation import THIRD, until
from tests.end_to_end.test_stacks import BITBUCKET, FIRST, GITHUB, SECOND, sha256

HERE = (REGION, "GITHUB")
RETAIN = {"DeletionPolicy": "Retain"}
BROKEN = {**BITBUCKET, "SecretId": "codebuild/nothing", "DependsOn": "New"}


def check_by(cloud: Cloud, stack: str, *, region: str = REGION) -> None:
    """Let the provider of a stack check the slot of a region."""
    message = json.dumps({"check": {"slot": f"{ACCOUNT_ID}/{region}/GITHUB"}})
    cloud.client("sqs").send_message(QueueUrl=cloud.outputs(stack)["RefreshQueueUrl"], MessageBody=message)


def owners(cloud: Cloud) -> list[str]:
    """Return the logical ids that claim the one slot there is, the holder's last."""
    return [claim["LogicalResourceId"] for claim in cloud.slot_item()["Claims"]]


@contextmanager
def second(aws: EmbeddedAws, build: Path, name: str, *, region: str = REGION, **parameters: str) -> Iterator[Any]:
    """Deploy another provider beside the old one; give the property that asks for it."""
    names = {"ExportName": name, "ProviderArnParameterName": f"/{name}/provider-arn"}
    provider.deploy(aws, build, stack_name=name, parameters={**names, **parameters}, region=region)
    yield {"ServiceToken": {"Fn::ImportValue": name}}
    Cloud(aws, region).delete(name)


@pytest.fixture(scope="module")
def sharing(deployed: EmbeddedAws, build: Path) -> Iterator[dict[str, Any]]:
    """Return what asks for a provider that shares the old one's table."""
    table = Cloud(deployed).outputs(provider.STACK_NAME)["TableName"]
    with second(deployed, build, "sharing", ExistingTableName=table) as asking:
        yield asking


@pytest.fixture(scope="module")
def apart(deployed: EmbeddedAws, build: Path) -> Iterator[dict[str, Any]]:
    """Return what asks for a provider that has a table of its own."""
    with second(deployed, build, "apart") as asking:
        yield asking


@pytest.fixture
def stack(cloud: Cloud) -> str:
    """Return a name for a stack, with the secrets in place."""
    cloud.put_secret("codebuild/github", FIRST)
    cloud.put_secret("codebuild/other", SECOND)
    return f"consumer-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize("overwrite", ["true", "false"])
def test_with_one_table_should_overwrite_stays_as_it_is(
    cloud: Cloud, stack: str, sharing: dict[str, Any], overwrite: str
) -> None:
    """The same stack holds the slot, so each value lets it."""
    asked = {**GITHUB, "ShouldOverwrite": overwrite}
    assert cloud.deploy(stack, {"Old": asked}) == "CREATE_COMPLETE"
    with Watch(cloud.aws) as watch:
        assert cloud.deploy(stack, {"New": {**asked, **sharing}}) == "UPDATE_COMPLETE"
    assert watch.seen == [{HERE: sha256(FIRST)}]
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_with_two_tables_should_overwrite_false_is_refused(cloud: Cloud, stack: str, apart: dict[str, Any]) -> None:
    """The new provider does not know the holder, so to it the credential is one that no stack manages."""
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    new = {**GITHUB, **apart, "ShouldOverwrite": "false"}
    with Watch(cloud.aws) as watch:
        assert cloud.deploy(stack, {"Old": GITHUB, "New": new}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "that no stack manages, and ShouldOverwrite is false" in cloud.reasons(stack)
    assert watch.seen == [{HERE: sha256(FIRST)}]
    cloud.delete(stack)


def test_with_two_tables_a_mere_rename_empties_the_slot(cloud: Cloud, stack: str, apart: dict[str, Any]) -> None:
    """The old provider's Delete deletes what the new one has imported; the new one's check brings it back."""
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    with Watch(cloud.aws) as watch:
        assert cloud.deploy(stack, {"New": {**GITHUB, **apart}}) == "UPDATE_COMPLETE"
    assert watch.seen == [{HERE: sha256(FIRST)}, {}]
    check_by(cloud, "apart")
    until(lambda: cloud.slots() == {"GITHUB": sha256(FIRST)})
    cloud.delete(stack)
    assert cloud.slots() == {}


@pytest.mark.parametrize("tables", ["sharing", "apart"])
def test_a_create_that_fails_changes_nothing(
    cloud: Cloud, stack: str, tables: str, request: pytest.FixtureRequest
) -> None:
    """The stack rolls back, and the old resource holds the slot and follows its secret."""
    through_new = request.getfixturevalue(tables)
    assert cloud.deploy(stack, {"Old": {**GITHUB, **RETAIN}}) == "CREATE_COMPLETE"
    with Watch(cloud.aws) as watch:
        new = {**GITHUB, **through_new, "SecretId": "codebuild/nothing"}
        assert cloud.deploy(stack, {"New": new}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Secret codebuild/nothing: does not exist" in cloud.reasons(stack)
    assert watch.seen == [{HERE: sha256(FIRST)}]
    assert "ImportSourceCredentials" not in watch.calls
    cloud.put_secret("codebuild/github", THIRD)
    until(lambda: cloud.slots() == {"GITHUB": sha256(THIRD)})
    cloud.delete(stack)


def test_with_one_table_a_rename_that_is_rolled_back_gives_the_slot_back(
    cloud: Cloud, stack: str, sharing: dict[str, Any]
) -> None:
    """The new provider, of which the Delete is asked, imports the old resource's secret again, in one call."""
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    new = {**GITHUB, **sharing, "SecretId": "codebuild/other"}
    with Watch(cloud.aws) as watch:
        resources = {"New": new, "Broken": BROKEN}
        assert cloud.deploy(stack, resources) == "UPDATE_ROLLBACK_COMPLETE"
    assert watch.seen == [{HERE: sha256(FIRST)}, {HERE: sha256(SECOND)}, {HERE: sha256(FIRST)}]
    assert "DeleteSourceCredentials" not in watch.calls
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_with_two_tables_a_retained_resource_is_not_undone(cloud: Cloud, stack: str, apart: dict[str, Any]) -> None:
    """What it imported stays when something else fails, and the next deployment goes on from there."""
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    both = {"Old": {**GITHUB, **RETAIN}, "New": {**GITHUB, **apart, **RETAIN}}
    with Watch(cloud.aws) as watch:
        resources = {**both, "Broken": BROKEN}
        assert cloud.deploy(stack, resources) == "UPDATE_ROLLBACK_COMPLETE"
        assert cloud.deploy(stack, both) == "UPDATE_COMPLETE"
        assert cloud.deploy(stack, {"New": {**GITHUB, **apart}}) == "UPDATE_COMPLETE"
    assert watch.seen == [{HERE: sha256(FIRST)}]
    assert "DeleteSourceCredentials" not in watch.calls
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_with_one_table_a_claim_that_was_left_behind_is_ended(
    cloud: Cloud, stack: str, sharing: dict[str, Any]
) -> None:
    """The resource comes again under its old logical id, through the new provider, and goes; the other one holds on."""
    new = {"New": {**GITHUB, **sharing}}
    assert cloud.deploy(stack, {"Old": {**GITHUB, **RETAIN}}) == "CREATE_COMPLETE"
    with Watch(cloud.aws) as watch:
        assert cloud.deploy(stack, new) == "UPDATE_COMPLETE"
        assert owners(cloud) == ["Old", "New"]
        assert cloud.deploy(stack, {**new, "Old": {**GITHUB, **sharing}}) == "UPDATE_COMPLETE"
        assert owners(cloud) == ["New", "Old"]
        assert cloud.deploy(stack, new) == "UPDATE_COMPLETE"
        assert owners(cloud) == ["New"]
    assert watch.seen == [{HERE: sha256(FIRST)}]
    assert "DeleteSourceCredentials" not in watch.calls
    cloud.delete(stack)
    assert cloud.slots() == {}
