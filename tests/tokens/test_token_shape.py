"""What surely is no token of the server type is refused, told by its kind alone; what is unusual is warned of."""

import itertools

import pytest

from source_credential.contract.properties import parse
from source_credential.contract.schema import SCHEMA
from source_credential.errors import InvalidRequest
from source_credential.model import ServerType
from source_credential.tokens.token_shape import check_shape

PERSONAL, BASIC = "PERSONAL_ACCESS_TOKEN", "BASIC_AUTH"
TAIL = "0123456789abcdefABCDEF"


def refusal(text: str, server_type: ServerType = ServerType.GITHUB, auth_type: str = PERSONAL) -> str:
    """Return what is said of a text that is refused, having checked that nothing of it is repeated."""
    with pytest.raises(InvalidRequest) as caught:
        check_shape(text, "Secret x", server_type=server_type, auth_type=auth_type)
    said = str(caught.value)
    assert len(text) < 16 or text not in said
    assert TAIL not in said
    return said


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f'["{TAIL}"]', "JSON that is not an object"),
        (f'{{"token": "{TAIL}"}}', "JSON that is not an object"),
        ("null", "JSON that is not an object"),
        ("true", "JSON that is not an object"),
        ("-12.5e3", "JSON that is not an object"),
        ("0123456789", "JSON that is not an object"),
        (f'"{TAIL}"', "a text in quotation marks"),
        (f"'{TAIL}'", "a text in quotation marks"),
        (f"\u201cghp_{TAIL}\u201d", "characters that are not printable ASCII"),
        ("\u2022" * 20, "characters that are not printable ASCII"),
        (f"ghp_{TAIL}\u200b", "characters that are not printable ASCII"),
        (f"ghp_\n{TAIL}\u00e9", "characters that are not printable ASCII"),
        (f"GITHUB_TOKEN=ghp_{TAIL}", "an assignment, NAME=value,"),
        (f'export TOKEN = "{TAIL}"', "an assignment, NAME=value,"),
        (f"$env:TOKEN={TAIL}", "an assignment, NAME=value,"),
        (f"# secrets\ntoken={TAIL}", "an assignment, NAME=value,"),
        (f"https://x-access-token:{TAIL}@github.com/a/b", "a URL"),
        (f"file://{TAIL}", "a URL"),
        (f"someone:{TAIL}", "a user name and a token, joined by a colon,"),
        (f"token: {TAIL}", "a user name and a token, joined by a colon,"),
        (f"Authorization: Bearer {TAIL}", "a header"),
        (f"Bearer {TAIL}", "a header"),
        ("someone@example.com", "an e-mail address"),
        ("arn:aws:secretsmanager:us-east-1:000000000000:secret:github-AbCdEf", "a reference of AWS's"),
        ("{{resolve:secretsmanager:github:SecretString:token}}", "a reference of AWS's"),
        ("${GithubToken}", "a reference of AWS's"),
        ("!Ref GithubToken", "a reference of AWS's"),
        ("ssm-secure:/github/token", "a reference of AWS's"),
        ("/aws/reference/secretsmanager/github", "a reference of AWS's"),
        ("AKIA0123456789ABCDEF", "the id of an AWS access key"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{TAIL}", "a key or a certificate"),
        (f"ghp_{TAIL} {TAIL}", "white space or control characters inside"),
        (f"ghp_{TAIL}\x00", "white space or control characters inside"),
        (f"<{TAIL}>", "something that no token looks like"),
        ("*" * 40, "a mask"),
        ("x" * 20, "a mask"),
        (f"{TAIL[:8]}...{TAIL[-8:]}", "something that no token looks like"),
        (f"ghp_{TAIL},", "something that no token looks like"),
        (f"ghp_{TAIL[:6]}...{TAIL[-6:]}", "something that no token looks like"),
        (f"ghp_{TAIL}/{TAIL}", "something that no token looks like"),
        ("ghp_", "something that no token looks like"),
        ("ATATT"[:4], "something that no token looks like"),
        (f"github_pat_ci=ghp_{TAIL}", "an assignment, NAME=value,"),
        (f"--token=ghp_{TAIL}", "an assignment, NAME=value,"),
        (f"-Dtoken={TAIL}", "an assignment, NAME=value,"),
        (f"1TOKEN={TAIL}", "an assignment, NAME=value,"),
        (f"={TAIL}", "an assignment, NAME=value,"),
        (f"TOKEN==ATATT{TAIL}=1A2B3C4D", "an assignment, NAME=value,"),
        ("None", "JSON that is not an object"),
        ("undefined", "JSON that is not an object"),
    ],
)
@pytest.mark.parametrize(("server_type", "auth_type"), [(ServerType.GITHUB, PERSONAL), (ServerType.BITBUCKET, BASIC)])
def test_what_surely_is_no_token_is_told_by_its_kind(
    text: str, kind: str, server_type: ServerType, auth_type: str
) -> None:
    """Whatever the server type: the kind of mistake, and nothing of the text."""
    assert f"holds {kind} where a token should be" in refusal(text, server_type, auth_type)


GITHUB = ("ghp_", "gho_", "github_pat_", "ghu_", "ghs_")
GITLAB = (
    *("glpat-", "gloas-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glwt-"),
    *("glsoat-", "glffct-", "mycompany-glpat-", "GR1348941", "_gitlab_session="),
)
ATLASSIAN = ("ATATT3", "ATCTT3", "ATBB")


@pytest.mark.parametrize(
    ("prefix", "server_type"),
    [
        *itertools.product(GITHUB, [ServerType.BITBUCKET]),
        *itertools.product(GITLAB, [ServerType.GITHUB, ServerType.GITHUB_ENTERPRISE, ServerType.BITBUCKET]),
        *itertools.product(ATLASSIAN, [ServerType.GITHUB, ServerType.GITHUB_ENTERPRISE]),
        *itertools.product(["ghr_"], [ServerType.GITHUB, ServerType.GITHUB_ENTERPRISE, ServerType.BITBUCKET]),
    ],
)
def test_another_providers_token_is_refused(prefix: str, server_type: ServerType) -> None:
    """By the beginnings that the providers document; a refresh token belongs nowhere."""
    said = refusal(f"{prefix}{TAIL}", server_type, BASIC if server_type is ServerType.BITBUCKET else PERSONAL)
    assert f"where ServerType {server_type} needs another one" in said


@pytest.mark.parametrize("prefix", ["ATATT3", "ATBB"])
def test_an_api_token_of_atlassian_as_personal_access_token_is_told_to_use_basic_auth(prefix: str) -> None:
    """With the account's e-mail address, since that is what its API token goes with."""
    said = refusal(f"{prefix}{TAIL}", ServerType.BITBUCKET)
    assert "which is not for AuthType PERSONAL_ACCESS_TOKEN" in said
    assert "AuthType BASIC_AUTH" in said
    assert "e-mail address as Username" in said


@pytest.mark.parametrize(
    ("text", "server_type", "auth_type"),
    [
        (f"ghp_{TAIL}", ServerType.GITHUB, PERSONAL),
        (f"github_pat_{TAIL}_{TAIL}", ServerType.GITHUB_ENTERPRISE, PERSONAL),
        (f"gho_{TAIL}", ServerType.GITHUB, PERSONAL),
        (f"gho_{TAIL}", ServerType.GITHUB, "OAUTH"),
        (f"ATATT3xFfGF0_{TAIL}-x=1A2B3C4D", ServerType.BITBUCKET, BASIC),
        (f"ATCTT3xFfGN0_{TAIL}-x=1A2B3C4D", ServerType.BITBUCKET, PERSONAL),
    ],
)
def test_a_token_of_a_documented_form_passes_without_a_word(text: str, server_type: ServerType, auth_type: str) -> None:
    """Each with the server type and the auth type that it is for."""
    assert check_shape(text, "Secret x", server_type=server_type, auth_type=auth_type) == ()


@pytest.mark.parametrize(
    ("text", "server_type", "auth_type", "warning"),
    [
        (f"ghs_{TAIL}", ServerType.GITHUB, PERSONAL, "lives for hours only"),
        (f"ghs_1234_eyJ0.eyJ1{TAIL}.x-y_z", ServerType.GITHUB, PERSONAL, "lives for hours only"),
        (f"ghu_{TAIL}", ServerType.GITHUB_ENTERPRISE, PERSONAL, "lives for hours only"),
        (f"ATBB{TAIL}", ServerType.BITBUCKET, BASIC, "ended on 28 July 2026"),
        ("0123456789abcdef0123456789abcdef01234567", ServerType.GITHUB, PERSONAL, "the form that GitHub's had before"),
        ("0" * 40, ServerType.BITBUCKET, BASIC, "the form that GitHub's had before"),
        ("p@ssw0rd".replace("@", "a"), ServerType.BITBUCKET, BASIC, "begins like none"),
        (f"ghx_{TAIL}", ServerType.GITHUB, PERSONAL, "begins like none that is documented for ServerType GITHUB"),
        (f"{TAIL}==", ServerType.BITBUCKET, PERSONAL, "begins like none that is documented for ServerType BITBUCKET"),
        (f"x.y~z+{TAIL}/w", ServerType.GITHUB_ENTERPRISE, PERSONAL, "begins like none"),
    ],
)
def test_what_is_only_unusual_is_warned_of(text: str, server_type: ServerType, auth_type: str, warning: str) -> None:
    """What lives for hours only, has ended, or is not documented, may work all the same."""
    [said] = check_shape(text, "Secret x", server_type=server_type, auth_type=auth_type)
    assert warning in said
    assert TAIL not in said


@pytest.mark.parametrize("prefix", [*GITHUB, "ghr_", *sorted(set(GITLAB) - {"mycompany-glpat-"}), *ATLASSIAN])
def test_the_contract_knows_the_same_beginnings(prefix: str) -> None:
    """What is a token in a secret is one in a template, too, but for an instance's own: a secret may be named so."""
    properties = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "x"}
    for name in SCHEMA["properties"].keys() - {"Token"}:
        with pytest.raises(InvalidRequest) as caught:
            parse({**properties, name: f"{prefix}{TAIL}"})
        assert f"{name}: holds a token itself" in str(caught.value)
        assert TAIL not in str(caught.value)
