"""A secret rotates, and CodeBuild has the new token: through the embedded AWS's EventBridge, SQS and DynamoDB."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local import programs, provider
from local.git_provider import github_error, github_user
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.test_stacks import ARN, FIRST, GITHUB, SECOND, sha256

THIRD = "ghp_theThirdToken0000000000000000000000"
# What finds others at its slot comes again within half a minute, and a busy machine may need two of these.
_SECONDS = 90


@pytest.fixture
def stack(cloud: Cloud) -> str:
    """Return a name for a stack, with the secret in place."""
    cloud.put_secret("codebuild/github", FIRST)
    cloud.aws.git_provider.replies.clear()
    return f"consumer-{uuid.uuid4().hex[:8]}"


def until(reached: Callable[[], bool], seconds: float = _SECONDS) -> float:
    """Wait until something is so, and return how long it took."""
    begin = time.monotonic()
    assert programs.until(reached, seconds, every=0.02), "it did not come to pass"
    return time.monotonic() - begin


def still(cloud: Cloud, expected: dict[str, str], seconds: float = 3) -> None:
    """Check that the slots stay as they are."""
    assert not programs.until(lambda: cloud.slots() != expected, seconds, every=0.1)


def test_a_new_version_of_the_secret_is_imported_within_seconds(cloud: Cloud, stack: str) -> None:
    """Nobody deploys anything; for one slot it takes less than three seconds, a busy machine's worst aside."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    took = []
    for token in (SECOND, THIRD):
        cloud.put_secret("codebuild/github", token)
        took.append(until(lambda token=token: cloud.slots() == {"GITHUB": sha256(token)}))  # type: ignore[misc]
    assert min(took) < 3
    assert cloud.outputs(stack) == {"GitHub": f"{ARN}github"}
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_what_is_not_to_be_followed_is_not(cloud: Cloud, stack: str) -> None:
    """FollowRotation false, and a pinned version, keep the token they have until the next deployment."""
    for following in (False, True):
        cloud.put_secret("codebuild/github", FIRST)
        versions = cloud.aws.client("secretsmanager").describe_secret(SecretId="codebuild/github")["VersionIdsToStages"]
        [current] = [version for version, labels in versions.items() if "AWSCURRENT" in labels]
        more = {"SecretVersionId": current} if following else {"FollowRotation": "false"}
        assert cloud.deploy(stack, {"GitHub": {**GITHUB, **more}}) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        before = cloud.slots()
        cloud.put_secret("codebuild/github", SECOND)
        still(cloud, before)
    cloud.delete(stack)


def test_a_rotation_finds_the_slot_of_another_holder_and_leaves_it_alone(cloud: Cloud, stack: str) -> None:
    """Who took the slot over with another secret keeps it."""
    cloud.put_secret("codebuild/other", THIRD)
    other = f"{stack}-other"
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    taking = {**GITHUB, "SecretId": "codebuild/other", "ShouldOverwrite": "true"}
    assert cloud.deploy(other, {"GitHub": taking}) == "CREATE_COMPLETE"
    cloud.put_secret("codebuild/github", SECOND)
    still(cloud, {"GITHUB": sha256(THIRD)})
    cloud.delete(other)
    assert cloud.slots() == {"GITHUB": sha256(SECOND)}, "the former holder has its slot back, with its newest token"
    cloud.delete(stack)


def test_a_secret_that_was_deleted_and_made_anew_under_its_name_is_followed(cloud: Cloud, stack: str) -> None:
    """It has another ARN, by which nobody knows it; its name is the one that the template speaks of."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}, outputs=["SecretArn"]) == "CREATE_COMPLETE"
    secrets = cloud.aws.client("secretsmanager")
    secrets.delete_secret(SecretId="codebuild/github", ForceDeleteWithoutRecovery=True)
    anew = secrets.create_secret(Name="codebuild/github", SecretString=SECOND)["ARN"]
    assert anew != cloud.outputs(stack)["SecretArn"]
    for token in (SECOND, THIRD):
        cloud.put_secret("codebuild/github", token)
        until(lambda token=token: cloud.slots() == {"GITHUB": sha256(token)})  # type: ignore[misc]
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_a_token_the_provider_refuses_does_not_replace_the_working_one(cloud: Cloud, stack: str) -> None:
    """The old token stays, and the failure is counted for the alarm; a Create with such a token fails."""
    verified = {**GITHUB, "VerifyToken": "true"}
    cloud.aws.git_provider.replies[f"Bearer {SECOND}"] = github_error(401, "Bad credentials")
    assert cloud.deploy(f"{stack}-refused", {"GitHub": verified}) == "ROLLBACK_COMPLETE"
    assert FIRST not in cloud.reasons(f"{stack}-refused")
    cloud.delete(f"{stack}-refused")
    expires = "2099-12-31 23:59:59 UTC"
    cloud.aws.git_provider.replies[f"Bearer {FIRST}"] = github_user(scopes="repo", expiration=expires)
    assert cloud.deploy(stack, {"GitHub": verified}, outputs=["TokenLogin", "TokenExpiresAt"]) == "CREATE_COMPLETE"
    outputs = cloud.outputs(stack)
    assert (outputs["TokenLogin"], outputs["TokenExpiresAt"]) == ("octocat", "2099-12-31T23:59:59Z")
    asked = len(cloud.aws.git_provider.requests)
    cloud.put_secret("codebuild/github", SECOND)
    until(lambda: len(cloud.aws.git_provider.requests) > asked)
    still(cloud, {"GITHUB": sha256(FIRST)}, seconds=1)
    until(lambda: '"RefreshFailures":[1' in cloud.log())
    assert SECOND not in cloud.log()
    cloud.put_secret("codebuild/github", FIRST)
    cloud.delete(stack)


def test_a_lost_event_and_a_lost_credential_are_found_by_the_check(cloud: Cloud, stack: str) -> None:
    """What the schedule sends once a day is sent by hand: what is missing and what is stale is imported again."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    cloud.aws.codebuild.slots.delete_source_credentials("us-east-1", {"arn": f"{ARN}github"})
    check(cloud)
    until(lambda: cloud.slots() == {"GITHUB": sha256(FIRST)})
    cloud.table().put_item(Item={**cloud.slot_item(), "FollowedSecret": "nobody"})  # so no event finds it
    cloud.put_secret("codebuild/github", SECOND)
    still(cloud, {"GITHUB": sha256(FIRST)}, seconds=1)
    check(cloud)
    until(lambda: cloud.slots() == {"GITHUB": sha256(SECOND)})
    cloud.delete(stack)


def check(cloud: Cloud) -> None:
    """Send what the schedule sends, for one slot, since the check of all is spread over a quarter of an hour."""
    queue = cloud.outputs(provider.STACK_NAME)["RefreshQueueUrl"]
    sqs: Any = cloud.aws.client("sqs")
    message = {"check": {"slot": "000000000000/us-east-1/GITHUB"}}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(message))


def test_the_check_of_all_sends_a_message_for_each_slot(cloud: Cloud, stack: str) -> None:
    """Each with a delay of its own, so that CodeBuild is not asked for all of them at once."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    queue = cloud.outputs(provider.STACK_NAME)["RefreshQueueUrl"]
    cloud.aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"check": "all"}))
    until(lambda: '"message":"Slots are going to be checked"' in cloud.log())
    cloud.delete(stack)


def test_a_thousand_slots_of_one_secret_have_the_new_version_each_imported_once(cloud: Cloud, stack: str) -> None:
    """Fanned out as a message each; a duplicate of the event imports nothing."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    cloud.multiply_slot(1000)
    cloud.aws.codebuild.calls.clear()
    cloud.put_secret("codebuild/github", SECOND)
    until(lambda: cloud.aws.codebuild.calls.count("ImportSourceCredentials") >= 1000, seconds=180)
    assert len({credential.token_sha256 for credential in cloud.aws.codebuild.credentials()}) == 1
    time.sleep(3)
    assert cloud.aws.codebuild.calls.count("ImportSourceCredentials") == 1000
