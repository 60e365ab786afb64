"""What the provider would refuse fails the synthesis, in its words; what only the deployment knows does not."""

import re
from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import CfnParameter, Fn, IStableStringProducer, Lazy, SecretValue, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_iam import CfnRole
from aws_cdk.aws_secretsmanager import CfnSecret, Secret
from aws_cdk.aws_ssm import StringParameter

from source_credential_cdk import AuthType, ServerType, SourceCredential, SourceCredentialProvider

Refusal = Callable[[Stack], str]

TOKEN = "ghp_madeUpForTheTests00000000000000000000"
VERSION = "11111111-2222-3333-4444-555555555555"
CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/11111111-2222-3333-4444-555555555555"
GITHUB: Any = {
    "server_type": ServerType.GITHUB,
    "auth_type": AuthType.PERSONAL_ACCESS_TOKEN,
    "secret": "codebuild/github",
}
BITBUCKET: Any = {**GITHUB, "server_type": ServerType.BITBUCKET, "auth_type": AuthType.BASIC_AUTH, "username": "me"}
GITLAB: Any = {
    "server_type": ServerType.GITLAB,
    "auth_type": AuthType.CODECONNECTIONS,
    "connection_arn": CONNECTION,
}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (GITHUB | {"secret": None}, "secret (SecretId): is missing: AuthType PERSONAL_ACCESS_TOKEN needs it."),
        (GITHUB | {"secret": "codebuild/github:token"}, "secret (SecretId): has more behind the secret's name"),
        (GITHUB | {"username": "me"}, "username (Username): is for AuthType BASIC_AUTH only. Remove it, or"),
        (GITHUB | {"server_type": ServerType.GITLAB}, "server_type (ServerType): AuthType PERSONAL_ACCESS_TOKEN works"),
        (
            GITHUB | {"secret_version_id": VERSION, "secret_version_stage": "AWSCURRENT"},
            "secret_version_id (SecretVersionId): does not go together with SecretVersionStage.",
        ),
        (
            GITHUB | {"server_type": "GITHB"},
            "server_type (ServerType): must be one of GITHUB, GITHUB_ENTERPRISE, BITBUCKET",
        ),
        (GITHUB | {"role": "source-credential"}, "role (RoleArn): must be the ARN of a role. It looks like"),
        (GITHUB | {"region": "Frankfurt"}, "region (Region): must be the name of a region."),
        (BITBUCKET | {"username_key": "email"}, "username_key (UsernameKey): does not go together with Username."),
        (GITLAB | {"secret": "codebuild/gitlab"}, "secret (SecretId): is not for AuthType CODECONNECTIONS."),
        (GITLAB | {"connection_arn": "gitlab"}, "connection_arn (ConnectionArn): must be the ARN of a connection."),
        (
            GITHUB | {"server_type": ServerType.GITHUB_ENTERPRISE, "verify_token": True},
            "server_url (ServerUrl): is missing: VerifyToken needs it with ServerType GITHUB_ENTERPRISE.",
        ),
    ],
)
def test_what_the_provider_would_refuse_fails(stack: Stack, refusal: Refusal, given: dict[str, Any], told: str) -> None:
    """The keyword is named, and the property; the rest is what the stack's events would say."""
    SourceCredential(stack, "Credential", **given)
    assert f"[consumer/Credential] {told}" in refusal(stack)


def test_all_that_is_wrong_is_told_at_once(stack: Stack, refusal: Refusal) -> None:
    """Every problem of every credential of an app."""
    SourceCredential(stack, "One", **GITHUB, username="me", server_url="github.example.com")
    SourceCredential(stack, "Two", **GITLAB, verify_token=True)
    told = refusal(stack)
    assert "[consumer/One] username (Username)" in told
    assert "[consumer/One] server_url (ServerUrl)" in told
    assert "[consumer/Two] verify_token (VerifyToken)" in told


@pytest.mark.parametrize(
    "name", ["region", "role", "secret", "secret_key", "secret_version_stage", "server_url", "trigger", "username"]
)
@pytest.mark.parametrize("token", [TOKEN, f"the token is {TOKEN}"])
def test_a_token_in_the_app_is_refused_and_not_repeated(stack: Stack, refusal: Refusal, name: str, token: str) -> None:
    """Wherever it stands: the template would show it to everyone who may read the stack."""
    SourceCredential(stack, "GitHub", **GITHUB | {name: token})
    told = refusal(stack)
    assert f"[consumer/GitHub] {name} (" in told
    assert "holds a token itself. Put the token into a Secrets Manager secret" in told
    assert TOKEN not in told


def test_a_token_inside_a_function_is_refused_and_not_repeated(stack: Stack, refusal: Refusal) -> None:
    """What a condition could come to is looked at, too, and all that is joined."""
    SourceCredential(stack, "If", **GITHUB, trigger=Fn.condition_if("Odd", TOKEN, "x").to_string())
    SourceCredential(stack, "Joined", **GITHUB, secret_key=f"{TOKEN}{Fn.ref('AWS::Region')}")
    told = refusal(stack)
    assert "[consumer/If] trigger (Trigger): holds a token itself." in told
    assert "[consumer/Joined] secret_key (SecretKey): holds a token itself." in told
    assert TOKEN not in told


def test_the_value_of_a_secret_is_refused(stack: Stack, refusal: Refusal) -> None:
    """CloudFormation would hand the reference on as it stands, and the provider would take it for the secret's name."""
    secret = Secret(stack, "Secret")
    SourceCredential(stack, "Own", **GITHUB | {"secret": secret.secret_value.unsafe_unwrap()})
    named = SecretValue.secrets_manager("codebuild/github", json_field="token").unsafe_unwrap()
    SourceCredential(stack, "Named", **GITHUB | {"secret": named})
    SourceCredential(stack, "Ssm", **BITBUCKET | {"username": SecretValue.ssm_secure("/user").unsafe_unwrap()})
    told = refusal(stack)
    for place in ("Own] secret (SecretId)", "Named] secret (SecretId)", "Ssm] username (Username)"):
        assert f"[consumer/{place}: holds a dynamic reference ({{{{resolve:...}}}}), which" in told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            lambda stack: {"secret": CfnSecret(stack, "L1")},
            "secret: must be a secret (Secret, not CfnSecret), its name",
        ),
        (lambda _: {"secret": [TOKEN]}, "secret: must be a secret (Secret, not CfnSecret), its name or its ARN."),
        (lambda stack: {"role": CfnRole(stack, "L1", assume_role_policy_document={})}, "role: must be a role (Role,"),
        (
            lambda _: {"provider": "arn:aws:lambda:eu-west-1:111122223333:function:x"},
            "provider: must be made by one of",
        ),
    ],
    ids=["secret of level 1", "list", "role of level 1", "provider"],
)
def test_what_is_of_another_kind_is_refused(stack: Stack, given: Callable[[Stack], Any], told: str) -> None:
    """Where nobody checks types; what it is told is what to pass instead."""
    with pytest.raises(TypeError, match=re.escape(told)) as refused:
        SourceCredential(stack, "GitHub", **GITHUB | given(stack))
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("text", [TOKEN, "{{resolve:secretsmanager:x}}"])
def test_the_providers_arn_is_looked_at_too(stack: Stack, refusal: Refusal, text: str) -> None:
    """It stands in the template as well."""
    SourceCredential(stack, "GitHub", **GITHUB, provider=SourceCredentialProvider.from_function_arn(text))
    told = refusal(stack)
    assert "[consumer/GitHub] provider (ServiceToken): holds a " in told
    assert TOKEN not in told


def test_a_reference_to_a_plain_parameter_is_let_through(stack: Stack) -> None:
    """CloudFormation does resolve that, alone and within a text; so nobody knows what it comes to."""
    name = StringParameter.value_for_string_parameter(stack, "/codebuild/user", 1)
    SourceCredential(stack, "Alone", **BITBUCKET | {"username": name, "secret": name})
    SourceCredential(stack, "Joined", **BITBUCKET | {"username": f"{name}-{Fn.ref('AWS::Region')}"})
    Template.from_stack(stack)


def test_a_name_that_begins_like_a_token_is_none(stack: Stack) -> None:
    """That of a parameter or an export is no value."""
    SourceCredential(stack, "One", **GITHUB | {"secret": CfnParameter(stack, "ATBBSecret").value_as_string})
    SourceCredential(stack, "Two", **GITHUB | {"secret": Fn.import_value("glpat-secret")})
    Template.from_stack(stack)


def test_a_secret_value_is_no_secret(stack: Stack) -> None:
    """The object itself is refused where it is given, and not repeated."""
    value: Any = SecretValue.unsafe_plain_text(TOKEN)
    with pytest.raises(TypeError, match="Pass the secret itself, its name or its ARN") as refused:
        SourceCredential(stack, "GitHub", **GITHUB | {"secret": value})
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("name", ["connection_arn", "region", "role", "secret", "secret_version_id", "username_key"])
def test_what_only_the_deployment_knows_is_let_through(stack: Stack, name: str) -> None:
    """A parameter may come to something that is right."""
    given = GITLAB if name == "connection_arn" else GITHUB | {"server_type": ServerType.BITBUCKET}
    if name == "username_key":
        given |= {"auth_type": AuthType.BASIC_AUTH}
    SourceCredential(stack, "Credential", **given | {name: CfnParameter(stack, "Value").value_as_string})
    Template.from_stack(stack)


def test_what_may_come_to_nothing_excludes_nothing(stack: Stack) -> None:
    """Of a pair that does not go together, one may be absent where the condition makes it so."""
    either = Fn.condition_if("ByKey", Fn.ref("AWS::NoValue"), "me").to_string()
    key = Fn.condition_if("ByKey", "email", Fn.ref("AWS::NoValue")).to_string()
    SourceCredential(stack, "Both", **BITBUCKET | {"username": either, "username_key": key})
    SourceCredential(stack, "One", **BITBUCKET | {"username": either, "username_key": "email"})
    Template.from_stack(stack)


def test_what_is_known_late_is_looked_at_then(stack: Stack, refusal: Refusal) -> None:
    """A lazy value is not known when the credential is made, but when the app is synthesised."""
    SourceCredential(stack, "GitHub", **GITHUB, region=Lazy.string(_Nowhere()))
    assert "[consumer/GitHub] region (Region): must be the name of a region." in refusal(stack)


@jsii.implements(IStableStringProducer)
class _Nowhere:
    def produce(self) -> str:
        return "nowhere"
