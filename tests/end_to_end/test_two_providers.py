"""Two providers in one region that share one table, and so know of each other."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import provider
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.test_rotation import still, until
from tests.end_to_end.test_stacks import ARN, FIRST, GITHUB, SECOND, sha256

EXPORT = "AnotherSourceCredentialProvider"
NAME = "another-provider"


@pytest.fixture
def second_provider(cloud: Cloud, build: Path) -> Iterator[dict[str, dict[str, str]]]:
    """Deploy another provider beside the first one, over its table; return the property that asks for it."""
    provider.deploy(
        cloud.aws,
        build,
        stack_name=NAME,
        parameters={
            "ExistingTableName": cloud.outputs(provider.STACK_NAME)["TableName"],
            "ExportName": EXPORT,
            "ProviderArnParameterName": "/another/provider-arn",
        },
    )
    yield {"ServiceToken": {"Fn::ImportValue": EXPORT}}
    cloud.delete(NAME)


def test_a_consumer_moves_to_another_provider_by_a_rename(
    cloud: Cloud, second_provider: dict[str, dict[str, str]]
) -> None:
    """There is no moment without a credential: the second provider takes over, and the first one's Delete leaves it.

    From then on the second one follows the secret and deletes the credential; a rotation, of which both hear, is
    imported once.
    """
    cloud.put_secret("codebuild/github", FIRST)
    stack = f"consumer-{uuid.uuid4().hex[:8]}"
    assert cloud.deploy(stack, {"Old": GITHUB}) == "CREATE_COMPLETE"
    cloud.aws.codebuild.calls.clear()
    assert cloud.deploy(stack, {"New": {**GITHUB, **second_provider}}) == "UPDATE_COMPLETE"
    assert cloud.outputs(stack) == {"New": f"{ARN}github"}
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    assert "DeleteSourceCredentials" not in cloud.aws.codebuild.calls
    cloud.aws.codebuild.calls.clear()
    cloud.put_secret("codebuild/github", SECOND)
    until(lambda: cloud.slots() == {"GITHUB": sha256(SECOND)})
    still(cloud, {"GITHUB": sha256(SECOND)}, seconds=2)
    assert cloud.aws.codebuild.calls == ["ImportSourceCredentials"]
    cloud.delete(stack)
    assert cloud.slots() == {}
