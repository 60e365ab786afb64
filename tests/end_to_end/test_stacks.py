"""The whole life of a credential, in real stacks on the embedded AWS, with the function's role enforced."""

import hashlib
import json
import uuid
from typing import Any

import pytest

from local.embedded_aws import EXAMPLE_CONNECTION
from tests.end_to_end.conftest import Cloud

FIRST, SECOND = "ghp_theFirstToken0000000000000000000000", "ghp_theSecondToken000000000000000000000"
API_TOKEN = "ATATT3xFfGF0_theApiToken=1A2B3C4D"
ARN = "arn:aws:codebuild:us-east-1:000000000000:token/"
GITHUB = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/github"}
BITBUCKET = {
    "ServerType": "BITBUCKET",
    "AuthType": "BASIC_AUTH",
    "SecretId": "codebuild/bitbucket",
    "SecretKey": "token",
    "UsernameKey": "email",
}


def sha256(token: str) -> str:
    """Return the fingerprint by which the server tells tokens apart."""
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def stack(cloud: Cloud) -> str:
    """Return a name for a stack, with the secrets that the tests speak of in place."""
    cloud.put_secret("codebuild/github", f"{FIRST}\n")
    cloud.put_secret("codebuild/bitbucket", json.dumps({"email": "someone@example.com", "token": API_TOKEN}))
    return f"consumer-{uuid.uuid4().hex[:8]}"


def test_create_update_in_place_and_delete(cloud: Cloud, stack: str) -> None:
    """The token goes in, its successor goes in under the same ARN, and nothing is left."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.outputs(stack) == {"GitHub": f"{ARN}github"}
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.put_secret("codebuild/github", SECOND)
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "SecretVersionStage": "AWSCURRENT"}}) == "UPDATE_COMPLETE"
    assert cloud.outputs(stack) == {"GitHub": f"{ARN}github"}
    assert cloud.slots() == {"GITHUB": sha256(SECOND)}
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_another_trigger_imports_anew(cloud: Cloud, stack: str) -> None:
    """Somebody has put another token into CodeBuild by hand: a plain deployment with another Trigger puts it right."""
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "Trigger": "one"}}) == "CREATE_COMPLETE"
    by_hand = {"serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN", "token": "ghp_byHand"}
    cloud.aws.codebuild.slots.import_source_credentials("us-east-1", {**by_hand, "shouldOverwrite": True})
    assert cloud.slots() == {"GITHUB": sha256("ghp_byHand")}
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "Trigger": "another"}}) == "UPDATE_COMPLETE"
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(stack)


def test_a_rotation_to_what_is_no_token_keeps_the_one_that_works(cloud: Cloud, stack: str) -> None:
    """Neither a deployment nor the event puts it into CodeBuild; the reason names the kind, and not the text."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    cloud.put_secret("codebuild/github", f"GITHUB_TOKEN={SECOND}")
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "Trigger": "now"}}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "holds an assignment, NAME=value, where a token should be" in cloud.reasons(stack)
    assert SECOND not in cloud.reasons(stack)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.put_secret("codebuild/github", FIRST)
    cloud.delete(stack)


def test_another_server_type_is_a_replacement(cloud: Cloud, stack: str) -> None:
    """The new credential is there before the old one is deleted, and in the end it alone."""
    assert cloud.deploy(stack, {"Credential": GITHUB}) == "CREATE_COMPLETE"
    cloud.aws.codebuild.calls.clear()
    assert cloud.deploy(stack, {"Credential": BITBUCKET}) == "UPDATE_COMPLETE"
    assert cloud.outputs(stack) == {"Credential": f"{ARN}bitbucket"}
    assert cloud.slots() == {"BITBUCKET": sha256(API_TOKEN)}
    changes = [call for call in cloud.aws.codebuild.calls if call != "ListSourceCredentials"]
    assert changes == ["ImportSourceCredentials", "DeleteSourceCredentials"]
    cloud.delete(stack)


def test_a_failed_create_leaves_nothing_and_says_why(cloud: Cloud, stack: str) -> None:
    """The reason in the stack's events is the provider's own."""
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "SecretId": "codebuild/nothing"}}) == "ROLLBACK_COMPLETE"
    assert "Secret codebuild/nothing: does not exist in the provider's account and region" in cloud.reasons(stack)
    assert cloud.slots() == {}
    cloud.delete(stack)


def test_a_failed_update_keeps_the_working_credential(cloud: Cloud, stack: str) -> None:
    """The stack rolls back, and CodeBuild has the token that it had."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "SecretKey": "tokn"}}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "has no member for SecretKey" in cloud.reasons(stack)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(stack)
    assert cloud.slots() == {}


def test_a_failed_replacement_keeps_the_old_credential(cloud: Cloud, stack: str) -> None:
    """A replacement that is refused deletes nothing."""
    assert cloud.deploy(stack, {"Credential": GITHUB}) == "CREATE_COMPLETE"
    broken = {**BITBUCKET, "UsernameKey": "mail"}
    assert cloud.deploy(stack, {"Credential": broken}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "has no member mail, which UsernameKey needs; it has email, token" in cloud.reasons(stack)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(stack)


def test_a_retained_credential_outlives_its_stack(cloud: Cloud, stack: str) -> None:
    """DeletionPolicy Retain is CloudFormation's: no Delete comes."""
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "DeletionPolicy": "Retain"}}) == "CREATE_COMPLETE"
    cloud.delete(stack)
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}


def test_a_credential_removed_behind_our_back_is_no_obstacle(cloud: Cloud, stack: str) -> None:
    """The next update brings it back; a delete of what is gone succeeds."""
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    cloud.aws.codebuild.slots.delete_source_credentials("us-east-1", {"arn": f"{ARN}github"})
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "ShouldOverwrite": "true"}}) == "UPDATE_COMPLETE"
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.aws.codebuild.slots.delete_source_credentials("us-east-1", {"arn": f"{ARN}github"})
    cloud.delete(stack)


def test_a_secret_outside_the_roles_reach_is_denied_with_the_way_to_allow_it(cloud: Cloud, stack: str) -> None:
    """The denial is IAM's own; the reason names the parameter of the provider's stack."""
    cloud.put_secret("elsewhere/github", FIRST)
    assert cloud.deploy(stack, {"GitHub": {**GITHUB, "SecretId": "elsewhere/github"}}) == "ROLLBACK_COMPLETE"
    assert "(AccessDeniedException). Add the secret to the parameter SecretArns" in cloud.reasons(stack)
    assert cloud.slots() == {}
    cloud.delete(stack)


def test_references_are_imported_as_they_are(cloud: Cloud, stack: str) -> None:
    """SECRETS_MANAGER imports the secret's ARN, CODECONNECTIONS the connection's; a pending connection is refused."""
    stored = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": FIRST}
    cloud.put_secret("codebuild/own-format", json.dumps(stored))
    cloud.aws.codebuild.connect(EXAMPLE_CONNECTION, provider_type="GitLab", status="PENDING")
    gitlab = {"ServerType": "GITLAB", "AuthType": "CODECONNECTIONS", "ConnectionArn": EXAMPLE_CONNECTION}
    assert cloud.deploy(stack, {"GitLab": gitlab}) == "ROLLBACK_COMPLETE"
    assert "choose Update pending connection" in cloud.reasons(stack)
    cloud.delete(stack)
    cloud.aws.codebuild.connect(EXAMPLE_CONNECTION, provider_type="GitLab")
    own = {"ServerType": "GITHUB", "AuthType": "SECRETS_MANAGER", "SecretId": "codebuild/own-format"}
    assert cloud.deploy(stack, {"GitLab": gitlab, "GitHub": own}) == "CREATE_COMPLETE"
    resources = {credential.server_type: credential.resource for credential in cloud.aws.codebuild.credentials()}
    assert resources["GITLAB"] == EXAMPLE_CONNECTION
    assert str(resources["GITHUB"]).startswith(
        "arn:aws:secretsmanager:us-east-1:000000000000:secret:codebuild/own-format"
    )
    cloud.delete(stack)


@pytest.mark.parametrize("fault", ["ThrottlingException", "InternalFailure"])
def test_a_passing_fault_of_codebuild_is_ridden_out(cloud: Cloud, stack: str, fault: str) -> None:
    """Throttling and server errors are retried; the stack never hears of them."""
    cloud.aws.codebuild.fail_next("ImportSourceCredentials", fault, status=500, times=2)
    assert cloud.deploy(stack, {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    assert cloud.slots() == {"GITHUB": sha256(FIRST)}
    cloud.delete(stack)


def test_the_token_is_nowhere_but_in_secrets_manager_and_codebuild(cloud: Cloud, stack: str) -> None:
    """Neither stack events, nor the functions' logs, nor any file of the embedded AWS beside the secrets' has it."""
    token = f"ghp_{uuid.uuid4().hex}"
    cloud.put_secret("codebuild/searched", token)
    searched: dict[str, Any] = {**GITHUB, "SecretId": "codebuild/searched"}
    assert cloud.deploy(stack, {"GitHub": searched}) == "CREATE_COMPLETE"
    assert cloud.slots() == {"GITHUB": sha256(token)}
    assert cloud.deploy(stack, {"GitHub": {**searched, "SecretKey": "x"}}) == "UPDATE_ROLLBACK_COMPLETE"
    assert token not in cloud.reasons(stack)
    cloud.delete(stack)
    found = [
        path.name
        for path in cloud.aws.ministack.folder.rglob("*")
        if path.is_file() and token.encode() in path.read_bytes() and "secretsmanager" not in path.name
    ]
    assert found == []
