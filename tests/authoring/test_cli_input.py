"""`make resource`: what the AWS CLI takes becomes a resource, and the token in it is never shown."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import Session
from botocore.utils import ArgumentGenerator
from hypothesis import example, given
from hypothesis import strategies as st

from authoring.__main__ import main
from authoring.cli_input import BadInput, read
from source_credential.contract.properties import parse

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
CONNECTION = "arn:aws:codeconnections:us-east-1:000000000000:connection/11111111-2222-3333-4444-555555555555"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:codebuild/github-AbCdEf"
GITHUB = {"token": TOKEN, "serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN"}
SERVER_TYPES = ("GITHUB", "BITBUCKET", "GITHUB_ENTERPRISE", "GITLAB", "GITLAB_SELF_MANAGED")
AUTH_TYPES = ("BASIC_AUTH", "PERSONAL_ACCESS_TOKEN", "CODECONNECTIONS", "SECRETS_MANAGER")
BITBUCKET = {
    "token": "ATATT3xFfGF0abcdefgh",
    "serverType": "BITBUCKET",
    "authType": "BASIC_AUTH",
    "username": "someone@example.com",
}


def asked(text: str, **more: Any) -> dict[str, object]:
    """Return the properties of an input, without what is in each."""
    properties = dict(read(text, **more).properties)
    assert properties.pop("ServiceToken") == {"Fn::ImportValue": "SourceCredentialProvider"}
    assert properties.pop("ServiceTimeout") == 300
    return properties


def problems(given: object) -> str:
    """Return what is wrong with an input."""
    with pytest.raises(BadInput) as caught:
        read(given if isinstance(given, str) else json.dumps(given))
    assert str(caught.value) == "\n".join(caught.value.problems)
    return str(caught.value)


def test_a_token_becomes_a_secret() -> None:
    """Its place is taken by the name of one."""
    assert asked(json.dumps(GITHUB)) == {
        "ServerType": "GITHUB",
        "AuthType": "PERSONAL_ACCESS_TOKEN",
        "SecretId": "codebuild/github",
    }
    assert read(json.dumps(GITHUB)).has_token


def test_a_user_name_and_whether_to_overwrite_are_kept() -> None:
    """As they were, and the secret may have another name."""
    given = json.dumps({**BITBUCKET, "shouldOverwrite": False})
    assert asked(given, secret="codebuild/mine") == {
        "ServerType": "BITBUCKET",
        "AuthType": "BASIC_AUTH",
        "Username": "someone@example.com",
        "ShouldOverwrite": False,
        "SecretId": "codebuild/mine",
    }


@pytest.mark.parametrize(
    ("auth_type", "server_type", "arn", "name"),
    [
        ("CODECONNECTIONS", "GITLAB", CONNECTION, "ConnectionArn"),
        ("SECRETS_MANAGER", "GITHUB", SECRET, "SecretId"),
    ],
)
def test_an_arn_in_the_tokens_place_is_named(auth_type: str, server_type: str, arn: str, name: str) -> None:
    """It is no token, and there is nothing to put into a secret."""
    resource = read(json.dumps({"token": arn, "serverType": server_type, "authType": auth_type}))
    assert resource.properties[name] == arn
    assert not resource.has_token


def test_yaml_is_read_too() -> None:
    """As --cli-input-yaml takes it, with the comments of the CLI's skeleton."""
    text = f"token: {TOKEN}  # [REQUIRED]\nserverType: GITHUB\nauthType: PERSONAL_ACCESS_TOKEN\nusername: ''\n"
    assert asked(text) == asked(json.dumps(GITHUB))


def test_what_the_cli_prints_as_a_skeleton_says_what_is_missing() -> None:
    """By botocore's own generator, which the CLI uses; what is empty there is not given."""
    shape = Session().get_service_model("codebuild").operation_model("ImportSourceCredentials").input_shape
    assert shape is not None
    printed = {**ArgumentGenerator().generate_skeleton(shape), "serverType": "", "authType": ""}
    assert problems(printed).splitlines() == [
        "token: is missing or empty. Write the token, or the ARN of a connection or of a secret, as authType needs it.",
        f"serverType: is missing or empty. Write one of {', '.join(SERVER_TYPES)}.",
        f"authType: is missing or empty. Write one of {', '.join(AUTH_TYPES)}.",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {**GITHUB, "tokn": "x"},
            "tokn: is not an option of import-source-credentials. The nearest one it has is token.",
        ),
        ({**GITHUB, TOKEN: "x"}, "Member 4: is not an option"),
        ({**GITHUB, "ghpabcdefgh ij": "x"}, "Member 4: is not an option"),
        ({**GITHUB, "token": 12345678}, "token: must be a string."),
        ({**GITHUB, "shouldOverwrite": "true"}, "shouldOverwrite: must be a boolean."),
        ({**GITHUB, "serverType": ["GITHUB"]}, "serverType: must be a string."),
        (
            {**GITHUB, "serverType": "git hub"},
            "serverType: is none of the values that CodeBuild takes. Write one of GITHUB,",
        ),
        (
            {**GITHUB, "authType": "PAT"},
            "authType: is none of the values that CodeBuild takes. Write one of BASIC_AUTH,",
        ),
        ({**GITHUB, "authType": "OAUTH"}, "authType: OAUTH cannot be imported by the API"),
        ({**GITHUB, "serverType": "GITLAB"}, "ServerType: AuthType PERSONAL_ACCESS_TOKEN works with GITHUB"),
        (
            {**GITHUB, "serverType": "BITBUCKET"},
            "token: holds a GitHub token, where ServerType BITBUCKET needs another one",
        ),
        ({**GITHUB, "token": "a b c"}, "token: holds white space or control characters inside where a token should be"),
        ({**GITHUB, "username": "me"}, "Username: is for AuthType BASIC_AUTH only"),
        ({**BITBUCKET, "username": ""}, "username: is missing or empty, and authType BASIC_AUTH needs it"),
        ({**BITBUCKET, "username": TOKEN}, "Username: holds a token itself"),
        ({**BITBUCKET, "username": f"me-{BITBUCKET['token']}"}, "Username: holds the token too."),
        ({**BITBUCKET, "token": "abcdefghij", "username": "abcdefghij"}, "Username: holds the token too."),
        ({**GITHUB, "authType": "CODECONNECTIONS"}, "ConnectionArn: holds a token itself"),
        (
            {**GITHUB, "authType": "CODECONNECTIONS", "token": "my-connection"},
            "ConnectionArn: must be the ARN of a connection",
        ),
        ({**GITHUB, "authType": "SECRETS_MANAGER"}, "token: must be the ARN of a secret"),
        ({**GITHUB, "authType": "SECRETS_MANAGER", "token": "codebuild/github"}, "token: must be the ARN of a secret"),
        ("", "The input is no JSON object, nor YAML"),
        ('{"token": "x"', "The input is no JSON object (line 1, column 14)"),
        ("[]", "The input is no JSON object, nor YAML"),
        (TOKEN, "The input is no JSON object, nor YAML"),
        (f"token: {TOKEN}\nserverType: a: b", "The input is no JSON object (line 2, column 14)"),
        ("\x07", "The input is no JSON object, nor YAML"),
        *(
            (f"token: !!{tag} {TOKEN}", "The input is no JSON object, nor YAML")
            for tag in ("bool", "float", "timestamp")
        ),
        ("token: !!int ''", "The input is no JSON object, nor YAML"),
        ("[" * 100_000, "The input is no JSON object"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_it(given: object, said: str) -> None:
    """Which member, what is wrong with it, what to do; nothing of what was in the token's place."""
    text = problems(given)
    assert said in text
    for secret in (TOKEN, "12345678", "git hub", "PAT", "abcdefghij", "my-connection", BITBUCKET["token"]):
        assert not re.search(rf"\b{re.escape(secret)}\b", text)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """A run for each mistake is how an afternoon goes."""
    assert (
        len(problems({"tokn": TOKEN, "serverType": "X", "authType": "OAUTH", "shouldOverwrite": 1}).splitlines()) == 5
    )


TOKENS = st.from_regex(r"\A(ghp_|github_pat_|glpat-|ATATT|)[A-Za-z0-9]{12,40}\Z")
OTHER = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))


@given(
    token=TOKENS,
    before=st.text(max_size=4),
    rest=st.dictionaries(
        st.sampled_from(["serverType", "authType", "username", "shouldOverwrite", "Token", "x"]),
        st.one_of(OTHER, st.sampled_from([*SERVER_TYPES, *AUTH_TYPES])),
    ),
    cut=st.integers(min_value=0, max_value=60),
    form=st.sampled_from(["json", "yaml"]),
)
@example(token="ghp_0123456789ab", before="", rest=GITHUB, cut=0, form="yaml")
def test_no_input_makes_it_show_the_token(token: str, before: str, rest: dict[str, Any], cut: int, form: str) -> None:
    """Whatever else is in the input, wherever the token is in it, and wherever it is broken off."""
    members = {**rest, "token": before + token, token: rest.get("x"), "username": rest.get("username", token)}
    dumped = json.dumps(members) if form == "json" else yaml.safe_dump(members)
    for text in (dumped, dumped[: len(dumped) - cut], json.dumps({**GITHUB, "token": token})):
        try:
            shown = repr(read(text))
        except BadInput as error:
            shown = repr((str(error), error.__cause__, error.__context__))
        assert token not in shown


def resource(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its status and what it printed."""
    status = main(["resource", *arguments])
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err
    return status, printed.out, printed.err


def test_all_of_it_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The command that makes the secret, the template, and the event as a second document."""
    file = tmp_path / "it's mine.json"
    file.write_text(json.dumps({**GITHUB, "shouldOverwrite": True}))
    status, printed, _ = resource(capsys, f"--input=file://{file}")
    assert status == 0
    template, event = printed.split("\n---\n")
    assert "| aws secretsmanager create-secret --name codebuild/github --secret-string file:///dev/stdin\n" in template
    assert "ShouldOverwrite true takes the slot from another stack too." in template
    assert template.endswith("Value: !Ref SourceCredential")
    assert parse(yaml.safe_load(event)["ResourceProperties"]).should_overwrite is True
    assert resource(capsys, f"--input={file}", "--format=yaml")[1] == template.replace("\n\n---", "") + "\n"
    alone = json.loads(resource(capsys, f"--input={file}", "--format=JSON")[1])
    assert alone["ResourceProperties"] == yaml.safe_load(event)["ResourceProperties"]


def test_what_needs_no_secret_has_no_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A connection is there already."""
    file = tmp_path / "input.json"
    file.write_text(json.dumps({"token": CONNECTION, "serverType": "GITLAB", "authType": "CODECONNECTIONS"}))
    status, printed, _ = resource(capsys, f"--input={file}")
    assert status == 0
    assert "aws secretsmanager" not in printed
    assert f"ConnectionArn: {CONNECTION}" in printed


def test_standard_input_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be read a second time, so the command asks for the token; and a note says what is unusual about it."""
    data = json.dumps({**GITHUB, "token": "unusual-0123456789"}).encode("utf-8-sig")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    status, printed, _ = resource(capsys, "--input=-")
    assert status == 0
    assert '(read -rs TOKEN && printf %s "$TOKEN") | aws secretsmanager create-secret' in printed
    assert "# Note: The token begins like none that is documented for ServerType GITHUB." in printed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "INPUT: is missing."),
        (json.dumps(GITHUB), "INPUT: cannot be read: "),
        ("\0", "INPUT: cannot be read: no name of a file."),
        (".", "INPUT: cannot be read: Is a directory."),
    ],
)
def test_what_cannot_be_read_is_not_repeated(capsys: pytest.CaptureFixture[str], given: str, said: str) -> None:
    """The CLI takes the input itself where we take its file: so may who comes from there."""
    status, printed, error = resource(capsys, f"--input={given}")
    assert (status, printed) == (2, "")
    assert error.startswith(said)


def test_a_format_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of make's variable."""
    assert resource(capsys, "--input=x", "--format=xml")[2].startswith("FORMAT: must be yaml or json.")


def test_what_is_no_text_is_said_to_be_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Such as what PowerShell writes."""
    file = tmp_path / "input.json"
    file.write_bytes(json.dumps(GITHUB).encode("utf-16"))
    assert resource(capsys, f"--input={file}") == (2, "", "INPUT: is not UTF-8 text. Save it as UTF-8.\n")
