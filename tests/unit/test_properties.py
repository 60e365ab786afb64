"""The contract: which properties are valid, and what a stack's owner reads when they are not."""

import json
from typing import Any

import pytest

from source_credential.errors import InvalidRequest
from source_credential.model import AuthType, ServerType, Specification
from source_credential.properties import SCHEMA, parse

TOKEN_PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:provider",
    "ServerType": "GITHUB",
    "AuthType": "PERSONAL_ACCESS_TOKEN",
    "SecretId": "codebuild/github",
}
BASIC = {**TOKEN_PROPERTIES, "ServerType": "BITBUCKET", "AuthType": "BASIC_AUTH", "Username": "a@example.com"}
REFERENCE = {**TOKEN_PROPERTIES, "AuthType": "SECRETS_MANAGER"}
CONNECTION_ARN = "arn:aws:codeconnections:us-east-1:000000000000:connection/aaaa-bbbb"
CONNECTION = {
    "ServiceToken": "x",
    "ServerType": "GITLAB",
    "AuthType": "CODECONNECTIONS",
    "ConnectionArn": CONNECTION_ARN,
}
VERSION_ID = "11111111-2222-3333-4444-555555555555"


def refusal(properties: Any) -> str:
    """Return the text with which the properties are refused."""
    with pytest.raises(InvalidRequest) as caught:
        parse(properties)
    return str(caught.value)


def test_the_least_that_is_needed_is_enough() -> None:
    """Everything optional is absent from the specification, not guessed."""
    assert parse(TOKEN_PROPERTIES) == Specification(
        server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id="codebuild/github"
    )


def test_every_property_reaches_the_specification() -> None:
    """No property is accepted and then ignored."""
    specification = parse(
        {
            **BASIC,
            "SecretKey": "token",
            "SecretVersionStage": "AWSPREVIOUS",
            "ShouldOverwrite": "false",
            "ServiceTimeout": "60",
        }
    )
    assert specification == Specification(
        server_type=ServerType.BITBUCKET,
        auth_type=AuthType.BASIC_AUTH,
        secret_id="codebuild/github",
        secret_key="token",
        secret_version_stage="AWSPREVIOUS",
        username="a@example.com",
        should_overwrite=False,
    )
    by_key = {name: value for name, value in BASIC.items() if name != "Username"}
    assert parse({**by_key, "UsernameKey": "user", "SecretVersionId": VERSION_ID}) == Specification(
        server_type=ServerType.BITBUCKET,
        auth_type=AuthType.BASIC_AUTH,
        secret_id="codebuild/github",
        secret_version_id=VERSION_ID,
        username_key="user",
    )
    assert parse(CONNECTION).connection_arn == CONNECTION_ARN


@pytest.mark.parametrize(("text", "meaning"), [("true", True), ("false", False), (True, True), (False, False)])
def test_booleans_are_read_from_cloudformations_strings(text: object, *, meaning: bool) -> None:
    """CloudFormation delivers "true"; an event written by hand may have true."""
    assert parse({**TOKEN_PROPERTIES, "ShouldOverwrite": text}).should_overwrite is meaning


VALID_PAIRS: dict[str, set[str]] = {
    "PERSONAL_ACCESS_TOKEN": {"GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET"},
    "BASIC_AUTH": {"BITBUCKET"},
    "SECRETS_MANAGER": {"GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET"},
    "CODECONNECTIONS": set(ServerType),
}


@pytest.mark.parametrize("auth_type", AuthType)
@pytest.mark.parametrize("server_type", ServerType)
def test_only_the_pairs_codebuild_takes_are_valid(server_type: ServerType, auth_type: AuthType) -> None:
    """Every pair of server type and auth type is either parsed or refused by ServerType."""
    base = {"PERSONAL_ACCESS_TOKEN": TOKEN_PROPERTIES, "BASIC_AUTH": BASIC, "SECRETS_MANAGER": REFERENCE}
    properties = {**base.get(auth_type, CONNECTION), "ServerType": server_type.value}
    if server_type in VALID_PAIRS[auth_type]:
        assert parse(properties).server_type is server_type
    else:
        assert refusal(properties).startswith(f"ServerType: AuthType {auth_type} works with ")


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({}, "Properties: 2 problems. (1) ServerType: is missing"),
        (
            {**TOKEN_PROPERTIES, "SecertId": "x"},
            "SecertId: is not a property of Custom::SourceCredential. The nearest one",
        ),
        ({**TOKEN_PROPERTIES, "serverType": "x"}, "The nearest one it has is ServerType."),
        ({"ServerType": "GITHUB"}, "AuthType: is missing: every resource needs it."),
        ({**TOKEN_PROPERTIES, "Region": "eu-west-1"}, "Region: is not a property"),
        ({**TOKEN_PROPERTIES, "RoleArn": "x"}, "RoleArn: is not a property"),
        ({**TOKEN_PROPERTIES, "FollowRotation": "true"}, "FollowRotation: is not a property"),
        ({**TOKEN_PROPERTIES, "VerifyToken": "true"}, "VerifyToken: is not a property"),
        ({**TOKEN_PROPERTIES, "ServerUrl": "https://x"}, "ServerUrl: is not a property"),
        ({**TOKEN_PROPERTIES, "AuthType": "OAUTH"}, "OAUTH cannot be imported by the API"),
        ({**TOKEN_PROPERTIES, "ServerType": "github"}, "ServerType: must be one of GITHUB, GITHUB_ENTERPRISE,"),
        ({**TOKEN_PROPERTIES, "ServerType": ["GITHUB"]}, "ServerType: must be one of"),
        ({**TOKEN_PROPERTIES, "SecretId": {"Ref": "x"}}, "SecretId: must be the name or the ARN of a secret"),
        ({**TOKEN_PROPERTIES, "SecretId": ""}, "SecretId: must be the name or the ARN of a secret"),
        ({**TOKEN_PROPERTIES, "SecretId": "a\n"}, "SecretId: must be the name or the ARN of a secret"),
        ({**TOKEN_PROPERTIES, "SecretId": "{{resolve:secretsmanager:a}}"}, "A dynamic reference"),
        ({**TOKEN_PROPERTIES, "SecretKey": ""}, "SecretKey: must be 1 to 256 characters long"),
        ({**TOKEN_PROPERTIES, "SecretKey": ["a"]}, "SecretKey: must be of type string"),
        ({**TOKEN_PROPERTIES, "ServiceTimeout": ["a"]}, "ServiceTimeout: must be of type string or integer"),
        ({**TOKEN_PROPERTIES, "SecretVersionId": "1"}, "SecretVersionId: must be a version's id"),
        ({**TOKEN_PROPERTIES, "ShouldOverwrite": "yes"}, "ShouldOverwrite: must be true or false"),
        ({**TOKEN_PROPERTIES, "Username": "a"}, "Username: is for AuthType BASIC_AUTH only"),
        ({**TOKEN_PROPERTIES, "UsernameKey": "a"}, "UsernameKey: is for AuthType BASIC_AUTH only"),
        ({**TOKEN_PROPERTIES, "ConnectionArn": CONNECTION_ARN}, "ConnectionArn: is for AuthType CODECONNECTIONS only"),
        ({**BASIC, "UsernameKey": "a"}, "UsernameKey: does not go together with Username"),
        (
            {**TOKEN_PROPERTIES, "SecretVersionStage": "A", "SecretVersionId": VERSION_ID},
            "SecretVersionId: does not go together with SecretVersionStage",
        ),
        ({**REFERENCE, "SecretKey": "a"}, "SecretKey: is not for AuthType SECRETS_MANAGER"),
        ({**REFERENCE, "SecretVersionStage": "a"}, "SecretVersionStage: is not for AuthType SECRETS_MANAGER"),
        ({**CONNECTION, "SecretId": "a"}, "SecretId: is not for AuthType CODECONNECTIONS"),
        ({**CONNECTION, "ConnectionArn": "a"}, "ConnectionArn: must be the ARN of a connection"),
        (
            {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN"},
            "SecretId: is missing: AuthType PERSONAL_ACCESS_T",
        ),
        (
            {"ServerType": "GITHUB", "AuthType": "CODECONNECTIONS"},
            "ConnectionArn: is missing: AuthType CODECONNECTIONS",
        ),
        ([], "ResourceProperties: must be an object"),
        ("text", "ResourceProperties: must be an object"),
        (None, "ResourceProperties: must be an object"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_do(properties: object, text: str) -> None:
    """Each rule has its own words."""
    assert text in refusal(properties)


def test_every_problem_is_in_one_answer() -> None:
    """A reader mends the template once, not once per deploy."""
    text = refusal(
        {"ServerType": "x", "AuthType": "BASIC_AUTH", "ConnectionArn": "y", "Nmae": "z", "ShouldOverwrite": "w"}
    )
    assert text.startswith("Properties: 5 problems. (1) ServerType: must be one of")
    for name in ("SecretId: is missing", "ConnectionArn: ", "ShouldOverwrite: ", "Nmae: is not a property"):
        assert name in text


def test_a_property_is_named_once_by_its_own_rule_first() -> None:
    """A server type nobody knows is not also called wrong for the auth type."""
    text = refusal({**TOKEN_PROPERTIES, "ServerType": "GITEA"})
    assert text.count("ServerType:") == 1
    assert "must be one of" in text


def test_a_flood_of_unknown_properties_is_counted_not_listed() -> None:
    """The text stays short enough to be read, and to be sent whole."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = refusal({**TOKEN_PROPERTIES, **{f"Unknown{first}{second}": "x" for first in letters for second in letters}})
    assert text.startswith("Properties: 676 problems.")
    assert text.endswith("And 664 more.")
    assert len(text.encode()) < 2_500


SECRETS = [
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb",
    "ATBBabcdefghijklmnop",
    "glpat-abcdefghijklmnop",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "name", ["Token", "SecretId", "SecretKey", "SecretVersionStage", "SecretVersionId", "ServerType"]
)
def test_a_token_in_the_template_is_refused_and_not_repeated(name: str, secret: str) -> None:
    """Whatever property it stands in, the answer says to revoke it or names the rule, without the value."""
    text = refusal({**TOKEN_PROPERTIES, name: secret})
    assert secret not in text
    assert name == "ServerType" or "revoke" in text


@pytest.mark.parametrize("secret", SECRETS)
def test_a_token_as_a_name_of_a_property_is_not_repeated(secret: str) -> None:
    """What does not look like a property's name is not shown."""
    assert secret not in refusal({**TOKEN_PROPERTIES, secret: "x"})


def test_the_contract_says_something_of_every_property() -> None:
    """Reference page and lint rule are made from the schema, so no property may lack a description."""
    assert all(definition["description"] for definition in SCHEMA["properties"].values())
    assert json.dumps(SCHEMA)
