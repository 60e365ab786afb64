"""Every property of the contract has a keyword, and every attribute too."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, Duration, Fn, RemovalPolicy, Stack

from source_credential.contract.attributes import Attributes
from source_credential.contract.schema import SCHEMA
from source_credential_cdk import AuthType, ServerType, SourceCredential
from source_credential_cdk.contract_check import keyword

Resource = Callable[[Stack], dict[str, Any]]

GITHUB: Any = {
    "server_type": ServerType.GITHUB,
    "auth_type": AuthType.PERSONAL_ACCESS_TOKEN,
    "secret": "codebuild/github",
}


def test_each_property_has_its_keyword() -> None:
    """Nothing of the contract is missing, and no keyword is made up."""
    keywords = {
        name
        for name, parameter in inspect.signature(SourceCredential.__init__).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    expected = {keyword(name) for name in SCHEMA["properties"].keys() - {"Token"}}  # which is refused everywhere
    assert keywords - {"removal_policy"} == expected


def test_what_is_given_stands_in_the_template(stack: Stack, resource: Resource) -> None:
    """Each keyword that goes with the others is found under its property's name, and nothing else is."""
    SourceCredential(
        stack,
        "Bitbucket",
        server_type=ServerType.BITBUCKET,
        auth_type=AuthType.BASIC_AUTH,
        secret="codebuild/bitbucket",
        secret_key="token",
        secret_version_stage="AWSPREVIOUS",
        username_key="email",
        should_overwrite=True,
        region="eu-central-1",
        role="arn:aws:iam::444455556666:role/source-credential-target",
        follow_rotation=False,
        verify_token=True,
        trigger="2026-11-26",
        service_timeout=Duration.minutes(10),
    )
    assert resource(stack)["Properties"] == {
        "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
        "ServiceTimeout": "600",
        "ServerType": "BITBUCKET",
        "AuthType": "BASIC_AUTH",
        "SecretId": "codebuild/bitbucket",
        "SecretKey": "token",
        "SecretVersionStage": "AWSPREVIOUS",
        "UsernameKey": "email",
        "ShouldOverwrite": True,
        "Region": "eu-central-1",
        "RoleArn": "arn:aws:iam::444455556666:role/source-credential-target",
        "FollowRotation": False,
        "VerifyToken": True,
        "Trigger": "2026-11-26",
    }


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"secret_version_id": "0" * 36}, "SecretVersionId", "0" * 36),
        (
            {"server_type": ServerType.BITBUCKET, "auth_type": AuthType.BASIC_AUTH, "username": "me@example.com"},
            "Username",
            "me@example.com",
        ),
        (
            {
                "server_type": ServerType.GITHUB_ENTERPRISE,
                "verify_token": True,
                "server_url": "https://git.example.com",
            },
            "ServerUrl",
            "https://git.example.com",
        ),
    ],
)
def test_what_does_not_go_with_the_others(
    stack: Stack, resource: Resource, given: dict[str, Any], name: str, value: str
) -> None:
    """The keywords that exclude others stand in the template under their property's name, too."""
    SourceCredential(stack, "Credential", **{**GITHUB, **given})
    assert resource(stack)["Properties"][name] == value


def test_a_connection_needs_no_secret(stack: Stack, resource: Resource) -> None:
    """GitLab goes by a connection's ARN, which may be another resource's attribute."""
    arn = CfnParameter(stack, "ConnectionArn").value_as_string
    SourceCredential(
        stack, "GitLab", server_type=ServerType.GITLAB, auth_type=AuthType.CODECONNECTIONS, connection_arn=arn
    )
    assert resource(stack)["Properties"] == {
        "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
        "ServiceTimeout": "300",
        "ServerType": "GITLAB",
        "AuthType": "CODECONNECTIONS",
        "ConnectionArn": {"Ref": "ConnectionArn"},
    }


@pytest.mark.parametrize(("kind", "name"), [(ServerType, "ServerType"), (AuthType, "AuthType")])
def test_the_values_are_those_of_the_contract(kind: type[ServerType | AuthType], name: str) -> None:
    """A server type or auth type that the contract gets is one here, too."""
    assert [each.value for each in kind] == SCHEMA["properties"][name]["enum"]


def test_each_attribute_is_a_token(stack: Stack) -> None:
    """Every attribute of the contract is there under CDK's name for attributes, and no other."""
    credential = SourceCredential(stack, "GitHub", **GITHUB)
    named = {name for name in dir(SourceCredential) if name.startswith("attr_")}
    assert named == {f"attr_{keyword(name)}" for name in Attributes._fields}
    for name in Attributes._fields:
        token = getattr(credential, f"attr_{keyword(name)}")
        assert stack.resolve(token) == {"Fn::GetAtt": ["GitHub", name]}
    assert stack.resolve(credential.source_credential_arn) == {"Ref": "GitHub"}


def test_it_is_deleted_with_its_stack_unless_it_is_to_be_kept(resource: Resource) -> None:
    """A removal policy may be given when the credential is made, and afterwards."""
    assert resource(_with_policy(None))["DeletionPolicy"] == "Delete"
    assert resource(_with_policy(RemovalPolicy.RETAIN))["DeletionPolicy"] == "Retain"
    stack = Stack(App(), "consumer")
    SourceCredential(stack, "GitHub", **GITHUB).apply_removal_policy(RemovalPolicy.RETAIN)
    assert resource(stack)["DeletionPolicy"] == "Retain"


def _with_policy(removal_policy: RemovalPolicy | None) -> Stack:
    stack = Stack(App(), "consumer")
    SourceCredential(stack, "GitHub", **GITHUB, removal_policy=removal_policy)
    return stack


def test_a_value_may_depend_on_a_condition(stack: Stack, resource: Resource) -> None:
    """What only the deployment knows goes through as it is."""
    key = CfnParameter(stack, "SecretKey", default="").value_as_string
    SourceCredential(
        stack, "GitHub", **GITHUB, secret_key=Fn.condition_if("HasKey", key, Fn.ref("AWS::NoValue")).to_string()
    )
    assert resource(stack)["Properties"]["SecretKey"] == {
        "Fn::If": ["HasKey", {"Ref": "SecretKey"}, {"Ref": "AWS::NoValue"}]
    }
