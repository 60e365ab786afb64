"""`make skeleton`: a template to begin with, for each choice of server type and auth type."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from authoring.__main__ import main
from authoring.event import create_event
from authoring.skeleton import Skeleton
from authoring.template import setting
from local.provider import TOOLS
from reference.contract import Contract
from source_credential.contract.properties import parse

CONTRACT = Contract()
AUTH_TYPES = CONTRACT.properties["AuthType"].allowed_values
CHOICES = [(server, auth) for auth in AUTH_TYPES for server in CONTRACT.server_types(auth)]


class Loader(yaml.SafeLoader):
    """Reads AWS's short forms as what they are for a handler: some text."""


Loader.add_multi_constructor("!", lambda _loader, tag, node: f"{tag} {node.value}")


def properties(text: str) -> dict[str, Any]:
    """Return the properties of a template's one resource."""
    template = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader with AWS's tags
    [resource] = template["Resources"].values()
    assert resource["Type"] == "Custom::SourceCredential"
    given: dict[str, Any] = resource["Properties"]
    return given


@pytest.mark.parametrize(("server_type", "auth_type"), CHOICES)
def test_the_handler_takes_what_is_printed(server_type: str, auth_type: str) -> None:
    """For every choice: the template as it is, with the values that were asked for."""
    skeleton = Skeleton(server_type, auth_type)
    given = properties(skeleton.as_yaml())
    specification = parse(given)
    assert (specification.server_type, specification.auth_type) == (server_type, auth_type)
    assert given.keys() == skeleton.properties.keys()
    assert given["ServiceToken"] == "ImportValue SourceCredentialProvider"


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_every_property_is_there_once_and_explained(auth_type: str) -> None:
    """What is not set is a comment; its description, values and update are above it."""
    text = Skeleton(auth_type=auth_type).as_yaml()
    words = " ".join(text.replace("#", " ").split())
    for each in CONTRACT.usable:
        assert len(re.findall(rf"^      #?{each.name}: ", text, re.MULTILINE)) == 1, each.name
        assert each.description in words
        assert all(value in words for value in each.allowed_values)


@pytest.mark.parametrize(("server_type", "auth_type"), CHOICES)
def test_what_is_optional_can_be_set_by_removing_its_mark(server_type: str, auth_type: str) -> None:
    """One by one; what does not go with the choice says so, and is refused when it is set."""
    text = Skeleton(server_type, auth_type).as_yaml()
    for block in re.findall(r"((?:^      # .*\n)+)^      #(\w+): .*\n", text, re.MULTILINE):
        comment, name = block
        edited = properties(text.replace(f"      #{name}: ", f"      {name}: "))
        if instead := re.search(r"instead\s+(?:#\s+)?of\s+(?:#\s+)?(\w+)\.", comment):
            edited.pop(instead[1], None)
        if "Does not go with" in comment:
            with pytest.raises(Exception, match=name):
                parse(edited)
        else:
            parse(edited)


@pytest.mark.parametrize(
    ("server_type", "auth_type", "expected"),
    [
        (None, None, ("GITHUB", "PERSONAL_ACCESS_TOKEN")),
        ("bitbucket", None, ("BITBUCKET", "PERSONAL_ACCESS_TOKEN")),
        (None, "basic_auth", ("BITBUCKET", "BASIC_AUTH")),
        ("GITLAB_SELF_MANAGED", None, ("GITLAB_SELF_MANAGED", "CODECONNECTIONS")),
        (None, "CODECONNECTIONS", ("GITLAB", "CODECONNECTIONS")),
    ],
)
def test_what_is_not_chosen_is_what_goes_with_the_rest(
    server_type: str | None, auth_type: str | None, expected: tuple[str, str]
) -> None:
    """In whatever case."""
    given = Skeleton(server_type, auth_type).properties
    assert (given["ServerType"], given["AuthType"]) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--auth-type=BASIC"], "AuthType: must be one of PERSONAL_ACCESS_TOKEN, .*The nearest is BASIC_AUTH"),
        (["--auth-type=OAUTH"], "AuthType: must be one of .*OAUTH cannot be imported by the API"),
        (["--server-type=github-enterprise"], "ServerType: must be one of .*The nearest is GITHUB_ENTERPRISE"),
        (
            ["--server-type=gitlab", "--auth-type=basic_auth"],
            "ServerType: AuthType BASIC_AUTH works with BITBUCKET only",
        ),
    ],
)
def test_a_choice_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], options: list[str], said: str) -> None:
    """With what there is, and nothing is printed that could be deployed."""
    assert main(["skeleton", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.match(said, printed.err)


def test_an_event_is_one_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Like the ready ones, and no duplicate: the answer to an earlier one would be all that comes of it."""
    events = []
    for _ in range(2):
        assert main(["skeleton", "--format=json", "--server-type=", "--auth-type="]) == 0
        events.append(yaml.safe_load(capsys.readouterr().out))
    one, other = events
    assert one.pop("RequestId") != other.pop("RequestId")
    assert one == other
    assert one["RequestType"] == "Create"
    assert one["ResponseURL"].endswith("/_local/answers/skeleton")
    assert set(map(type, one["ResourceProperties"].values())) == {str}


@pytest.mark.parametrize(
    "value",
    ["a: b", "x # y", "'", '"', "yes", "2026-01-31", "0123", "a\nb", "{x}", "!Ref x", "ü", "", " x", "*", "\u2028"],
)
def test_a_value_comes_back_as_it_was(value: str) -> None:
    """Whatever it holds: it stands in one line, and YAML reads the same."""
    line = setting("Username", value)
    assert "\n" not in line
    assert yaml.safe_load(line) == {"Username": value}


def test_booleans_are_sent_as_cloudformation_sends_them() -> None:
    """As true and false, in lower case."""
    sent = yaml.safe_load(create_event("x", {"ShouldOverwrite": True, "ServiceTimeout": 300}))["ResourceProperties"]
    assert (sent["ShouldOverwrite"], sent["ServiceTimeout"]) == ("true", "300")


def test_what_is_printed_has_no_findings(tmp_path: Path) -> None:
    """Of cfn-lint, for each auth type."""
    files = []
    for auth_type in AUTH_TYPES:
        files.append(tmp_path / f"{auth_type}.yaml")
        files[-1].write_text(Skeleton(auth_type=auth_type).as_yaml(), encoding="utf-8")
    done = subprocess.run([TOOLS / "cfn-lint", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
