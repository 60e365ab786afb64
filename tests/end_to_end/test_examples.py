"""Each example on the embedded AWS: deployed by the commands in its header, deployed again, changed, deleted."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local import provider
from local.embedded_aws import EXAMPLE_CONNECTION, EmbeddedAws
from local.git_provider import github_error, github_user
from local.ministack import PROJECT, REGION
from local.watching import Watch, held
from tests.end_to_end.conftest import TARGET_ROLE, Cloud
from tests.end_to_end.example import EXAMPLES, deploy, deployment_of, follow, header_commands
from tests.end_to_end.test_rotation import THIRD, until
from tests.end_to_end.test_stacks import API_TOKEN, FIRST, SECOND, sha256

FRANKFURT, OREGON = "eu-central-1", "us-west-2"
FOR_CODEBUILD = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": FIRST}
SECRETS = {
    "codebuild/github": FIRST,
    "codebuild/github-enterprise": SECOND,
    "codebuild/bitbucket": json.dumps({"email": "someone@example.com", "token": API_TOKEN}),
    "codebuild/github-for-codebuild": json.dumps(FOR_CODEBUILD),
}
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Expected:
    """What CodeBuild holds when an example is deployed.

    slots: the auth type, and the token or what is imported in its place, by region and server type. otherwise: returns
    the parameters that are not as in the header, and makes what the example needs.
    """

    slots: Mapping[tuple[str, str], tuple[str, str]]
    otherwise: Callable[[Cloud], Mapping[str, str]] = field(default=lambda _: NOTHING)
    typed: str = ""


def _own_server(cloud: Cloud) -> Mapping[str, str]:
    """Play a GitHub Enterprise Server, on a port of this machine."""
    reply = github_user(login="build-bot", expiration="2030-01-02 03:04:05 UTC")
    cloud.aws.git_provider.replies.update({f"Bearer {SECOND}": reply, f"token {SECOND}": reply})
    return {"ServerUrl": cloud.aws.git_provider.url.replace("127.0.0.1", "localhost")}


def _target_role(cloud: Cloud) -> Mapping[str, str]:
    """Make the role that is assumed; the embedded AWS has one account."""
    follow(cloud, PROJECT / "examples/target-account-role.yaml", ProviderRoleArns=cloud.provider_roles())
    return NOTHING


def _token(region: str, server_type: str, token: str, auth_type: str = "PERSONAL_ACCESS_TOKEN") -> Any:
    return {(region, server_type): (auth_type, sha256(token))}


EXPECTED = {
    "artifact-bucket": Expected({}),
    "bitbucket": Expected(_token(REGION, "BITBUCKET", API_TOKEN, "BASIC_AUTH")),
    "conditional": Expected(_token(REGION, "GITHUB", FIRST)),
    "github": Expected(_token(REGION, "GITHUB", FIRST)),
    "github-enterprise": Expected(_token(REGION, "GITHUB_ENTERPRISE", SECOND), _own_server),
    "gitlab": Expected(_token(REGION, "GITLAB", EXAMPLE_CONNECTION, "CODECONNECTIONS")),
    "other-account": Expected(_token(FRANKFURT, "GITHUB", FIRST), _target_role),
    "project": Expected(_token(REGION, "GITHUB", THIRD), typed=THIRD),
    "secrets-manager": Expected({(REGION, "GITHUB"): ("SECRETS_MANAGER", "codebuild/github-for-codebuild")}),
    "several-regions": Expected(
        _token(REGION, "GITHUB", FIRST) | _token(FRANKFURT, "GITHUB", FIRST) | _token(OREGON, "GITHUB", FIRST)
    ),
    "several-regions-for-each": Expected(_token(REGION, "GITHUB", FIRST) | _token(FRANKFURT, "GITHUB", FIRST)),
    "target-account-role": Expected({}, lambda cloud: {"ProviderRoleArns": cloud.provider_roles()}),
}


@pytest.fixture(scope="module")
def deployed(build: Path) -> Iterator[EmbeddedAws]:
    """Deploy the provider, once for all examples, with what their headers say it needs."""
    with EmbeddedAws() as aws:
        provider.deploy(aws, build, parameters={"TargetRoleArns": TARGET_ROLE, "AllowPrivateServerUrls": "true"})
        aws.codebuild.connect(EXAMPLE_CONNECTION, provider_type="GitLab")
        yield aws


@pytest.fixture
def here(cloud: Cloud) -> Iterator[Cloud]:
    """Return the cloud with the secrets in place, and take away the stacks of the examples that are left."""
    for name, value in SECRETS.items():
        cloud.put_secret(name, value)
    cloud.aws.git_provider.replies.clear()
    yield cloud
    for path in EXAMPLES:
        for command in header_commands(path):
            if command.startswith("aws cloudformation deploy") and cloud.exists(deployment_of(command).stack):
                cloud.delete(deployment_of(command).stack)
    for bucket in cloud.client("s3").list_buckets()["Buckets"]:
        if bucket["Name"].startswith("example-artifacts-"):  # it outlives its stack
            cloud.client("s3").delete_bucket(Bucket=bucket["Name"])


def example(name: str) -> Path:
    """Return the file of an example."""
    return PROJECT / f"examples/{name}.yaml"


def what_is_held(cloud: Cloud) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what CodeBuild holds: of a token its SHA-256, of a secret its name without what AWS adds."""
    found = {}
    for each in cloud.aws.codebuild.credentials():
        secret = re.fullmatch(r"arn:aws:secretsmanager:.*:secret:(.+)-\w{6}", each.resource or "")
        found[each.region, each.server_type] = (each.auth_type, secret[1] if secret else each.token_sha256)
    return found


def test_every_example_is_deployed_here() -> None:
    """Each is a test, or it is not there."""
    assert {path.stem for path in EXAMPLES} == EXPECTED.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_example_does_what_it_says_and_leaves_nothing(here: Cloud, name: str) -> None:
    """Its commands put into CodeBuild what is expected; the last one again changes nothing; its stack goes."""
    expected = EXPECTED[name]
    deployment = follow(here, example(name), typed=expected.typed, **expected.otherwise(here))
    assert what_is_held(here) == expected.slots
    outputs = here.outputs(deployment.stack)
    assert all(outputs.values()), "an output is empty"
    here.aws.codebuild.calls.clear()
    assert deploy(here, deployment) is None
    assert here.aws.codebuild.calls == []
    here.delete(deployment.stack)
    assert what_is_held(here) == {}


def test_github_enterprise_tells_whose_token_it_is_and_refuses_one_that_its_server_refuses(here: Cloud) -> None:
    """The outputs are the server's own answer; a token that it does not know fails the deployment, and stays out."""
    deployment = follow(here, example("github-enterprise"), **_own_server(here))
    outputs = here.outputs(deployment.stack)
    assert (outputs["TokenLogin"], outputs["TokenExpiresAt"]) == ("build-bot", "2030-01-02T03:04:05Z")
    here.delete(deployment.stack)
    for authorization in list(here.aws.git_provider.replies):
        here.aws.git_provider.replies[authorization] = github_error(401, "Bad credentials")
    assert deploy(here, deployment) == "ROLLBACK_COMPLETE"
    assert "401" in here.reasons(deployment.stack)
    assert what_is_held(here) == {}


def test_the_condition_chooses_between_token_connection_and_none_without_a_gap(here: Cloud) -> None:
    """From a token to a connection and back the slot is never empty; where nothing is built, it is emptied."""
    to_github = EXAMPLE_CONNECTION.replace("1111", "2222")
    here.aws.codebuild.connect(to_github, provider_type="GitHub")
    deployment = follow(here, example("conditional"))
    with Watch(here.aws) as watch:
        assert deploy(here, deployment, ConnectionArn=to_github) == "UPDATE_COMPLETE"
        assert what_is_held(here) == _token(REGION, "GITHUB", to_github, "CODECONNECTIONS")
        assert deploy(here, deployment, ConnectionArn="") == "UPDATE_COMPLETE"
    assert watch.tokens((REGION, "GITHUB")) == [sha256(FIRST), sha256(to_github), sha256(FIRST)]
    assert deploy(here, deployment, Builds="false") == "UPDATE_COMPLETE"
    assert what_is_held(here) == {}
    assert here.outputs(deployment.stack) == {}


@pytest.mark.parametrize("name", ["several-regions", "several-regions-for-each"])
def test_a_rotation_goes_to_every_region(here: Cloud, name: str) -> None:
    """One secret, several slots: all have the new token, and nobody deploys."""
    follow(here, example(name))
    here.put_secret("codebuild/github", THIRD)
    until(lambda: set(held(here.aws).values()) == {sha256(THIRD)})


def test_a_region_that_leaves_the_list_is_emptied_and_the_others_keep_theirs(here: Cloud) -> None:
    """The loop makes one resource less, and CloudFormation deletes that one."""
    deployment = follow(here, example("several-regions-for-each"))
    with Watch(here.aws) as watch:
        assert deploy(here, deployment, Regions=f"{FRANKFURT},{OREGON}") == "UPDATE_COMPLETE"
    assert held(here.aws) == {(FRANKFURT, "GITHUB"): sha256(FIRST), (OREGON, "GITHUB"): sha256(FIRST)}
    assert watch.tokens((FRANKFURT, "GITHUB")) == [sha256(FIRST)]


def test_the_project_waits_for_its_token(here: Cloud) -> None:
    """With no token in the secret only the secret is made; to ask for more fails, says why, and makes nothing."""
    path = example("project")
    first, *_ = header_commands(path)
    deployment = deployment_of(first)
    assert deploy(here, deployment) == "CREATE_COMPLETE"
    assert set(here.outputs(deployment.stack)) == {"SecretArn"}
    assert here.client("codebuild").list_projects()["projects"] == []
    assert deploy(here, deployment, TokenIsStored="true") == "UPDATE_ROLLBACK_COMPLETE"
    assert "Secret codebuild/project-github: " in here.reasons(deployment.stack)
    assert what_is_held(here) == {}


def test_the_project_is_made_after_its_credential_and_follows_a_rotation(here: Cloud) -> None:
    """The order is CloudFormation's; a new version of the secret needs no deployment."""
    deployment = follow(here, example("project"), typed=THIRD)
    events = here.client("cloudformation").describe_stack_events(StackName=deployment.stack)["StackEvents"]
    made = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}  # the latter is MiniStack's word for what an update adds
    name, url = here.outputs(deployment.stack)["ProjectName"], here.parameters(deployment.stack)["RepositoryUrl"]
    [project] = here.client("codebuild").batch_get_projects(names=[name])["projects"]
    assert (project["source"]["type"], project["source"]["location"]) == ("GITHUB", url)
    order = [event["LogicalResourceId"] for event in reversed(events) if event["ResourceStatus"] in made]
    assert order.index("Secret") < order.index("GitHub") < order.index("Project")
    here.put_secret("codebuild/project-github", FIRST)
    until(lambda: held(here.aws) == {(REGION, "GITHUB"): sha256(FIRST)})
    here.delete(deployment.stack)
    events = here.client("cloudformation").describe_stack_events(StackName=_id(events))["StackEvents"]
    gone = [event["LogicalResourceId"] for event in reversed(events) if event["ResourceStatus"] == "DELETE_COMPLETE"]
    assert gone.index("Project") < gone.index("GitHub") < gone.index("Secret")


def _id(events: list[dict[str, Any]]) -> str:
    return str(events[0]["StackId"])


def test_the_bucket_is_read_by_the_organisation_and_stays(here: Cloud) -> None:
    """Its policy names the organisation; its objects outlive the stack, for a roll-back needs them."""
    deployment = follow(here, example("artifact-bucket"))
    bucket = here.outputs(deployment.stack)["BucketName"]
    assert bucket == f"example-artifacts-{REGION}"
    policy = json.loads(here.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    [read] = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert read["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
    assert read["Action"] == "s3:GetObject"
    here.delete(deployment.stack)
    assert bucket in {each["Name"] for each in here.client("s3").list_buckets()["Buckets"]}
