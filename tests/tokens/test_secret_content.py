"""What a secret may look like, and what is said when it does not."""

import json
from dataclasses import replace

import pytest

from source_credential.errors import InvalidRequest
from source_credential.model import AuthType, Secret, ServerType, Specification
from source_credential.tokens.secret_content import read_login, read_login_of_codebuild

TOKEN = "ghp_0123456789abcdef"
CODEBUILD_FORMAT = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": TOKEN}
API_TOKEN = "ATATT3xFfGF0_made-up=1A2B3C4D"
BITBUCKET_FORMAT = {
    "ServerType": "BITBUCKET",
    "AuthType": "BASIC_AUTH",
    "Token": API_TOKEN,
    "Username": " a@example.com ",
}


def secret(value: object) -> Secret:
    """Return a secret whose text is `value`, or `value` as JSON when it is not text."""
    return Secret(arn="arn", version_id="v", text=value if isinstance(value, str) else json.dumps(value))


def personal(*, secret_key: str | None = None) -> Specification:
    """Return the specification of a GitHub token."""
    return Specification(
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        secret_id="codebuild/github",
        secret_key=secret_key,
    )


def basic(
    *, secret_key: str | None = None, username: str | None = None, username_key: str | None = None
) -> Specification:
    """Return the specification of a Bitbucket login."""
    return Specification(
        server_type=ServerType.BITBUCKET,
        auth_type=AuthType.BASIC_AUTH,
        secret_id="codebuild/bitbucket",
        secret_key=secret_key,
        username=username,
        username_key=username_key,
    )


REFERENCE = Specification(
    server_type=ServerType.GITHUB, auth_type=AuthType.SECRETS_MANAGER, secret_id="codebuild/github"
)


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\n", f"  {TOKEN}\r\n", f"\ufeff{TOKEN}\n", f"\t{TOKEN}\u00a0"])
def test_white_space_around_a_token_is_stripped(text: str) -> None:
    """A newline at the end of a pasted token does no harm."""
    assert read_login(secret(text), personal()).token.reveal() == TOKEN


def test_the_token_is_read_from_the_member_that_is_named() -> None:
    """SecretKey picks the member, whatever else is there."""
    assert read_login(secret({"a": 1, "pat": f"{TOKEN}\n"}), personal(secret_key="pat")).token.reveal() == TOKEN


def test_codebuilds_own_format_needs_no_key() -> None:
    """The JSON that CodeBuild reads itself is understood as it is, with its user name."""
    assert read_login(secret(CODEBUILD_FORMAT), personal()).token.reveal() == TOKEN
    login = read_login(secret(BITBUCKET_FORMAT), basic())
    assert (login.token.reveal(), login.username) == (API_TOKEN, "a@example.com")


def test_the_user_name_comes_from_the_template_or_from_the_named_member() -> None:
    """Username and UsernameKey both work, and a token that is not BASIC_AUTH has none."""
    assert read_login(secret(API_TOKEN), basic(username="me@example.com")).username == "me@example.com"
    members = secret({"pat": API_TOKEN, "user": "you@example.com", "github": TOKEN})
    assert read_login(members, basic(secret_key="pat", username_key="user")).username == "you@example.com"
    assert read_login(members, personal(secret_key="github")).username is None


@pytest.mark.parametrize(
    ("value", "specification", "text"),
    [
        ("", personal(), "holds an empty token"),
        (" \n", personal(), "holds an empty token"),
        ("{not json", personal(), "begins like JSON but is not valid JSON"),
        ('{"a":' * 100_000, personal(), "begins like JSON but is not valid JSON"),
        (TOKEN, personal(secret_key="pat"), "is not a JSON object, so it has no member for SecretKey"),
        (
            {"pat": TOKEN, "note": "x"},
            personal(secret_key="Pat"),
            "no member Pat, which SecretKey needs; it has pat, note",
        ),
        ({}, personal(secret_key="Pat"), "it has no members"),
        ({"pat": 5}, personal(secret_key="pat"), "has a member pat that is not a string"),
        ({"pat": TOKEN}, personal(), "Set SecretKey to the member that holds the token."),
        (
            {**CODEBUILD_FORMAT, "ServerType": "BITBUCKET"},
            personal(),
            "says another ServerType than the template's GITHUB",
        ),
        (
            {**CODEBUILD_FORMAT, "AuthType": "BASIC_AUTH"},
            personal(),
            "says another AuthType than PERSONAL_ACCESS_TOKEN",
        ),
        (API_TOKEN, basic(), "Username: is missing: AuthType BASIC_AUTH needs a user name"),
        ({"pat": API_TOKEN, "Username": "a"}, basic(secret_key="pat"), "Username: is missing"),
        ({**BITBUCKET_FORMAT, "Username": " "}, basic(), "holds an empty user name"),
        (API_TOKEN, basic(username_key="user"), "is not a JSON object, so it has no member for UsernameKey"),
        ({"pat": f'{{"token": "{TOKEN}"}}'}, personal(secret_key="pat"), "holds JSON that is not an object"),
        (API_TOKEN, basic(username=f"someone:{API_TOKEN}"), "Username: holds a user name with white space, a colon"),
        (API_TOKEN, basic(username=API_TOKEN), "Username: holds a token where the user name should be"),
        ({"t": API_TOKEN}, basic(secret_key="t", username_key="t"), "holds a token where the user name should be"),
        (API_TOKEN, basic(username="\u2022" * 8), "or masked"),
        (API_TOKEN, basic(username="some one"), "holds a user name with white space"),
        (API_TOKEN, basic(username="'someone'"), "quotation marks"),
        ({"t": API_TOKEN, "u": "{{resolve:ssm:u}}"}, basic(secret_key="t", username_key="u"), "or a reference in it"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_without_its_values(
    value: object, specification: Specification, text: str
) -> None:
    """Each refusal says what is wrong; no value, and no exception that holds one, comes with it."""
    with pytest.raises(InvalidRequest) as caught:
        read_login(secret(value), specification)
    assert text in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert API_TOKEN not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_names_of_members_that_could_be_tokens_are_not_shown() -> None:
    """A secret that was written the wrong way round does not betray itself."""
    long_token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    many = {f"member{number}": "x" for number in range(12)}
    with pytest.raises(InvalidRequest) as caught:
        read_login(secret({long_token: "token", **many}), personal(secret_key="pat"))
    assert long_token not in str(caught.value)
    assert "member9, 3 not shown" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["glpat-abcdefghij0123456789", "ATBBabcdefghij", "0a1b2c3d4e5f6g7h8i9j", "x-a1B2c3D4e5F6g7H8"]
)
def test_a_token_in_the_place_of_a_members_name_is_not_shown(name: str) -> None:
    """Names of words are, with a number too."""
    with pytest.raises(InvalidRequest, match="it has github_token_2024, 1 not shown") as caught:
        read_login(secret({name: "", "github_token_2024": "x"}), personal(secret_key="pat"))
    assert name not in str(caught.value)


def test_an_apostrophe_is_part_of_a_name() -> None:
    """Quotation marks are refused around it only."""
    assert read_login(secret(API_TOKEN), basic(username="o'brien@example.com")).username == "o'brien@example.com"


@pytest.mark.parametrize(
    ("stored", "username"),
    [
        (CODEBUILD_FORMAT, None),
        (BITBUCKET_FORMAT, "a@example.com"),
        ({**CODEBUILD_FORMAT, "AuthType": "OAUTH", "Token": "gho_0123456789abcdef", "RefreshToken": "ghr_0"}, None),
    ],
)
def test_a_secret_for_codebuild_is_read_in_its_format(stored: dict[str, str], username: str | None) -> None:
    """What CodeBuild reads passes, OAUTH of the console's too, and what it will send is known, to be checked."""
    specification = replace(REFERENCE, server_type=ServerType(stored["ServerType"]))
    login = read_login_of_codebuild(secret({**stored, "Token": f" {stored['Token']}\n"}), specification)
    assert (login.token.reveal(), login.username) == (stored["Token"], username)
    assert login.warnings == (
        "Secret codebuild/github has white space around a value. CodeBuild reads it as it stands.",
    )
    exact = {name: value.strip() for name, value in stored.items()}
    assert read_login_of_codebuild(secret(exact), specification).warnings == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (TOKEN, "is not JSON, and CodeBuild reads only its own JSON format"),
        ({"pat": TOKEN}, "is JSON but not in CodeBuild's format: ServerType, AuthType, Token missing; it has pat"),
        ({**CODEBUILD_FORMAT, "ServerType": "BITBUCKET"}, "says another ServerType"),
        (
            {**CODEBUILD_FORMAT, "AuthType": "CODECONNECTIONS"},
            "says another AuthType than PERSONAL_ACCESS_TOKEN or BASIC_AUTH or OAUTH",
        ),
        ({**CODEBUILD_FORMAT, "Token": "glpat-0123456789"}, "holds a GitLab token"),
        ({**CODEBUILD_FORMAT, "AuthType": ["BASIC_AUTH"]}, "says another AuthType"),
        ({**CODEBUILD_FORMAT, "Token": ""}, "holds an empty token"),
        ({**CODEBUILD_FORMAT, "AuthType": "BASIC_AUTH"}, "which is not for AuthType BASIC_AUTH"),
    ],
)
def test_a_secret_that_codebuild_could_not_use_is_refused(value: object, text: str) -> None:
    """It is refused at deploy time, not found out at the next build."""
    with pytest.raises(InvalidRequest) as caught:
        read_login_of_codebuild(secret(value), REFERENCE)
    assert text in str(caught.value)
    assert TOKEN not in str(caught.value)
