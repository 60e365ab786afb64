"""The contract: which properties are valid, and what a stack's owner reads when they are not."""

import json
from typing import Any

import pytest

from source_credential.contract.properties import parse
from source_credential.contract.schema import SCHEMA
from source_credential.contract.validation import problems
from source_credential.errors import InvalidRequest
from source_credential.model import AuthType, ServerType, Specification
from tests.fakes import CONNECTION_ARN, VERSION_ID

TOKEN_PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:provider",
    "ServerType": "GITHUB",
    "AuthType": "PERSONAL_ACCESS_TOKEN",
    "SecretId": "codebuild/github",
}
BASIC = {**TOKEN_PROPERTIES, "ServerType": "BITBUCKET", "AuthType": "BASIC_AUTH", "Username": "a@example.com"}
REFERENCE = {**TOKEN_PROPERTIES, "AuthType": "SECRETS_MANAGER"}
CONNECTION = {
    "ServiceToken": "x",
    "ServerType": "GITLAB",
    "AuthType": "CODECONNECTIONS",
    "ConnectionArn": CONNECTION_ARN,
}
ENTERPRISE = {
    **TOKEN_PROPERTIES,
    "ServerType": "GITHUB_ENTERPRISE",
    "VerifyToken": "true",
    "ServerUrl": "https://github.example.com",
}
ROLE_ARN = "arn:aws:iam::222222222222:role/source-credential"


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
            "Region": "eu-west-1",
            "RoleArn": ROLE_ARN,
            "FollowRotation": "false",
            "VerifyToken": "true",
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
        region="eu-west-1",
        role_arn=ROLE_ARN,
        follow_rotation=False,
        verify_token=True,
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
    assert parse(ENTERPRISE).server_url == "https://github.example.com"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("true", True),
        ("false", False),
        (True, True),
        (False, False),
        ("True", True),
        ("FALSE", False),
        ("tRUE", True),
    ],
)
def test_booleans_are_read_as_people_and_tools_write_them(text: object, *, meaning: bool) -> None:
    """CloudFormation delivers "true", Python's tools write True, an event written by hand may have true."""
    names = ("ShouldOverwrite", "FollowRotation", "VerifyToken")
    specification = parse({**TOKEN_PROPERTIES, **dict.fromkeys(names, text)})
    assert specification.should_overwrite is meaning
    assert specification.follow_rotation is meaning
    assert specification.verify_token is meaning


def test_rotation_is_followed_and_tokens_are_not_verified_unless_asked() -> None:
    """The defaults: a credential stays fresh by itself, and no Git provider is asked."""
    specification = parse(TOKEN_PROPERTIES)
    assert (specification.follow_rotation, specification.verify_token, specification.server_url) == (True, False, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.example.com",
        "https://github.example.com/",
        "https://git:8443",
        "https://10.0.0.1",
        "https://[fd00::1]:8443",
    ],
)
def test_a_server_url_is_a_host_with_or_without_a_port(url: str) -> None:
    """Whether it may be asked is decided where it is asked."""
    assert parse({**ENTERPRISE, "ServerUrl": url}).server_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "github.example.com",
        "http://github.example.com",
        "https://",
        "https://someone:password@github.example.com",
        "https://github.example.com/api/v3",
        "https://github.example.com?x=y",
        "https://github.example.com\n",
        ["https://github.example.com"],
    ],
)
def test_what_is_not_shaped_like_a_server_url_is_refused(url: object) -> None:
    """The token goes there, so nothing else will do; what is refused is not repeated."""
    text = refusal({**ENTERPRISE, "ServerUrl": url})
    assert text.startswith("ServerUrl: must be https:// and a host, with a port where it is another than 443.")
    assert "password" not in text


@pytest.mark.parametrize("verify", ["true", True, "TRUE"])
@pytest.mark.parametrize("base", [TOKEN_PROPERTIES, REFERENCE])
def test_to_verify_a_token_of_github_enterprise_its_server_must_be_known(base: dict[str, str], verify: object) -> None:
    """GITHUB_ENTERPRISE with VerifyToken needs ServerUrl; without VerifyToken, or for others, nothing is missing."""
    enterprise = {**base, "ServerType": "GITHUB_ENTERPRISE"}
    expected = "ServerUrl: is missing: VerifyToken needs it with ServerType GITHUB_ENTERPRISE."
    assert refusal({**enterprise, "VerifyToken": verify}).startswith(expected)
    assert parse({**enterprise, "VerifyToken": "false"}).server_url is None
    assert parse(enterprise).server_url is None
    assert parse({**base, "VerifyToken": verify}).verify_token


@pytest.mark.parametrize("server_type", [name for name in ServerType if name is not ServerType.GITHUB_ENTERPRISE])
def test_a_server_url_is_for_github_enterprise_only(server_type: ServerType) -> None:
    """Where the other providers are is known."""
    base = CONNECTION if server_type in {ServerType.GITLAB, ServerType.GITLAB_SELF_MANAGED} else BASIC
    base = TOKEN_PROPERTIES if server_type is ServerType.GITHUB else base
    text = refusal({**base, "ServerType": server_type.value, "ServerUrl": "https://github.example.com"})
    assert "ServerUrl: is " in text
    assert base is CONNECTION or text.startswith("ServerUrl: is for ServerType GITHUB_ENTERPRISE only.")


@pytest.mark.parametrize(
    ("name", "value"),
    [("FollowRotation", "true"), ("VerifyToken", "false"), ("ServerUrl", "https://github.example.com")],
)
@pytest.mark.parametrize("server_type", ServerType)
def test_a_connection_has_no_token_to_follow_or_verify(server_type: ServerType, name: str, value: str) -> None:
    """Each of the three properties is refused by name."""
    text = refusal({**CONNECTION, "ServerType": server_type.value, name: value})
    expected = "is for ServerType GITHUB_ENTERPRISE only" if name == "ServerUrl" else "is not for AuthType"
    assert text.startswith((f"{name}: is not for AuthType CODECONNECTIONS", f"{name}: {expected}"))


@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-10", "eusc-de-east-1"])
@pytest.mark.parametrize("base", [TOKEN_PROPERTIES, BASIC, REFERENCE, CONNECTION])
def test_a_region_of_any_partition_goes_with_every_auth_type(base: dict[str, str], region: str) -> None:
    """Whether the region exists is not the contract's to know: the newest ones would be refused."""
    assert parse({**base, "Region": region}).region == region


@pytest.mark.parametrize(
    "region", ["", "eu-central", "EU-CENTRAL-1", "eu-central-1a", "eu-central-1\n", "eu_central_1", "x.evil.example-1"]
)
def test_what_is_not_shaped_like_a_region_is_refused(region: str) -> None:
    """It would become part of a host's name."""
    assert refusal({**TOKEN_PROPERTIES, "Region": region}).startswith("Region: must be the name of a region.")


@pytest.mark.parametrize(
    "arn",
    [
        ROLE_ARN,
        "arn:aws-us-gov:iam::222222222222:role/service-role/deep/target",
        "arn:aws-cn:iam::222222222222:role/a+b=c,d.e@f-g_h",
    ],
)
@pytest.mark.parametrize("base", [TOKEN_PROPERTIES, BASIC, REFERENCE, CONNECTION])
def test_a_role_with_a_path_and_of_any_partition_is_taken(base: dict[str, str], arn: str) -> None:
    """As it stands; with every auth type."""
    assert parse({**base, "RoleArn": arn}).role_arn == arn


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "target",
        "arn:aws:iam::222222222222:user/target",
        "arn:aws:iam::22222222222:role/target",
        "arn:aws:iam::222222222222:role/",
        "arn:aws:iam::222222222222:role/target\n",
        "arn:aws:sts::222222222222:assumed-role/target/session",
        "arn:aws:iam::222222222222:role/" + "x" * 577,
    ],
)
def test_what_is_not_the_arn_of_a_role_is_refused(arn: str) -> None:
    """The account in it is where the credential goes, so nothing else will do."""
    assert refusal({**TOKEN_PROPERTIES, "RoleArn": arn}).startswith("RoleArn: must be the ARN of a role.")


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
        (
            {**TOKEN_PROPERTIES, "Region": "Frankfurt"},
            "Region: must be the name of a region. It looks like eu-central-1.",
        ),
        (
            {**TOKEN_PROPERTIES, "RoleArn": "x"},
            "RoleArn: must be the ARN of a role. It looks like arn:aws:iam::ACCOUNT:",
        ),
        ({**TOKEN_PROPERTIES, "FollowRotation": "yes"}, "FollowRotation: must be true or false"),
        ({**TOKEN_PROPERTIES, "VerifyToken": ["true"]}, "VerifyToken: must be true or false"),
        ({**TOKEN_PROPERTIES, "AuthType": "OAUTH"}, "OAUTH cannot be imported by the API"),
        ({**TOKEN_PROPERTIES, "ServerType": "github"}, "ServerType: must be one of GITHUB, GITHUB_ENTERPRISE,"),
        ({**TOKEN_PROPERTIES, "ServerType": ["GITHUB"]}, "ServerType: must be one of"),
        ({**TOKEN_PROPERTIES, "SecretId": {"Ref": "x"}}, "SecretId: must be the name or the ARN of a secret"),
        ({**TOKEN_PROPERTIES, "SecretId": ""}, "SecretId: must be the name or the ARN of a secret"),
        ({**TOKEN_PROPERTIES, "SecretId": "a\n"}, "SecretId: must be the name or the ARN of a secret"),
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


OLD_TOKEN = "0123456789abcdef0123456789abcdef01234567"
SECRETS = [
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb",
    "ATBBabcdefghijklmnop",
    "glpat-abcdefghij0123456789",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "name", ["Token", "SecretId", "SecretKey", "SecretVersionStage", "SecretVersionId", "ServerType", "ServerUrl"]
)
def test_a_token_in_the_template_is_refused_and_not_repeated(name: str, secret: str) -> None:
    """Whatever property it stands in, the answer says to revoke it or names the rule, without the value."""
    text = refusal({**TOKEN_PROPERTIES, name: secret})
    assert secret not in text
    assert name == "ServerType" or "revoke" in text


@pytest.mark.parametrize("secret", SECRETS)
def test_a_token_as_a_name_of_a_property_is_not_repeated(secret: str) -> None:
    """What does not look like a property's name is not shown, whatever it says."""
    for value in ("x", secret, OLD_TOKEN, "{{resolve:secretsmanager:a}}"):
        assert secret not in refusal({**TOKEN_PROPERTIES, secret: value})


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"].keys() - {"Token", "Trigger"}))
@pytest.mark.parametrize("base", [TOKEN_PROPERTIES, BASIC, CONNECTION])
def test_a_token_of_the_old_form_in_any_property_is_not_repeated(base: dict[str, str], name: str) -> None:
    """Forty hexadecimal digits are what GitHub's tokens were; they are refused by name, in lower and upper case."""
    for token in (OLD_TOKEN, OLD_TOKEN.upper()):
        text = refusal({**base, name: token})
        assert f"{name}: holds what looks like a GitHub token of the old form" in text
        assert token not in text


@pytest.mark.parametrize(
    "trigger", ["", "2026-11-26T12:00:00Z", OLD_TOKEN, "any text: {curly} \u2022", 1795500000, True, None, ["now"]]
)
def test_a_trigger_is_any_text(trigger: object) -> None:
    """A commit's id too. It says nothing of the credential, so it is in no specification."""
    assert parse({**TOKEN_PROPERTIES, "Trigger": trigger}) == parse(TOKEN_PROPERTIES)


@pytest.mark.parametrize("name", ["SecretId", "SecretKey", "SecretVersionStage", "Username", "UsernameKey"])
@pytest.mark.parametrize(
    "token",
    [
        *(f"token={secret}" for secret in SECRETS),
        "corp-glpat-abcdefghij0123456789",
        f"v1.{OLD_TOKEN}",
        f"Bearer/{OLD_TOKEN}",
        "x-access-token:ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
def test_a_token_in_the_middle_of_a_value_is_not_repeated(name: str, token: str) -> None:
    """It is as long as tokens are, so that it is none of a name's parts."""
    text = refusal({**BASIC, name: token})
    assert f"{name}: holds " in text
    assert "revoke the token" in text
    assert token not in text


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"].keys() - {"Token"}))
@pytest.mark.parametrize(
    "reference", ["{{resolve:secretsmanager:a:SecretString:user}}", "x-{{ resolve:ssm:/y:1}}", "{{Resolve:ssm:y}}"]
)
def test_a_reference_that_nobody_resolves_is_refused_in_every_property(name: str, reference: str) -> None:
    """It would be taken as it stands; the answer says which properties read a secret's members instead."""
    text = refusal({**BASIC, name: reference})
    assert f"{name}: holds a dynamic reference" in text
    assert "SecretKey" in text
    assert "UsernameKey" in text


@pytest.mark.parametrize("name", ["UserName", "PhysicalName"])
def test_a_reference_in_an_unknown_property_is_told_first(name: str) -> None:
    """The property may be meant for what SecretKey or UsernameKey does."""
    assert f"{name}: holds a dynamic reference" in refusal({**TOKEN_PROPERTIES, name: "{{resolve:secretsmanager:a}}"})


@pytest.mark.parametrize(
    ("secret_id", "text"),
    [
        ("codebuild/github:token", "SecretId: has more behind the secret's name or ARN, such as a JSON key."),
        ("codebuild/github:token::", "Name the secret alone; SecretKey names its member"),
        ("arn:aws:secretsmanager:us-east-1:000000000000:secret:github-AbCdEf:token::", "such as a JSON key"),
        ("arn:aws-cn:secretsmanager:cn-north-1:000000000000:secret:a-AbCdEf:token:AWSCURRENT:", "such as a JSON key"),
        ("arn:aws:ssm:us-east-1:000000000000:parameter/github", "and Parameter Store is not read"),
        ("ssm:/github/token", "and Parameter Store is not read"),
        ("/aws/reference/secretsmanager/github", "and Parameter Store is not read"),
        ("arn:aws:kms:us-east-1:000000000000:key/a", "must be the name or the ARN of a secret"),
        ("a b", "must be the name or the ARN of a secret"),
        ("https://example.com/secret", "must be the name or the ARN of a secret"),
    ],
)
@pytest.mark.parametrize("base", [TOKEN_PROPERTIES, BASIC, REFERENCE])
def test_what_is_more_or_other_than_a_secret_is_told(base: dict[str, str], secret_id: str, text: str) -> None:
    """As other services write it, or Systems Manager's: each with what to write instead."""
    assert text in refusal({**base, "SecretId": secret_id})


@pytest.mark.parametrize(
    "secret_id",
    [
        "github",
        "/codebuild/github",
        "codebuild/github-AbCdEf",
        "aws-service!x_+=.@",
        "arn:aws-us-gov:secretsmanager:us-gov-west-1:000000000000:secret:a/b_c+d=e.f@g!h-AbCdEf",
        "team-glpat-rotated",
        "team/ghp_for-the-builds",
        "0123456789abcdef0123456789abcdef0123456",
    ],
)
def test_names_and_arns_of_secrets_are_taken(secret_id: str) -> None:
    """With every character that Secrets Manager allows, in every partition."""
    assert parse({**TOKEN_PROPERTIES, "SecretId": secret_id}).secret_id == secret_id


def test_the_contract_says_something_of_every_property() -> None:
    """Reference page and lint rule are made from the schema, so no property may lack a description."""
    assert all(definition["description"] for definition in SCHEMA["properties"].values())
    assert json.dumps(SCHEMA)


def test_a_problem_alone_reads_as_the_lint_tells_it() -> None:
    """Of the answer and of the lint the words are the same, with a remedy and without."""
    for properties in ({**TOKEN_PROPERTIES, "SecertId": "x"}, {"ServerType": "GITHUB"}):
        [problem] = problems(properties)
        assert str(problem) == refusal(properties)
