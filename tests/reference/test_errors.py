"""docs/errors.md has every reason that the code can give, and no other."""

import re
from pathlib import Path

import pytest

from reference import errors
from reference.refusals import Refusal, collect
from reference.texts import UNKNOWN
from source_credential.contract.properties import parse
from source_credential.errors import SourceCredentialError, out_of_time
from source_credential.model import AuthType, Secret, ServerType, Specification
from source_credential.slots.claims import overtaken
from source_credential.tokens.secret_content import read_login

ERRORS = """
class SourceCredentialError(Exception): ...
class NotThere(SourceCredentialError): ...
class NotThereToday(NotThere): ...
class Other(Exception): ...
"""
MODULE = """
from typing import NamedTuple
LATER: Final = "Come later"
class _Problem(NamedTuple):
    name: str
    problem: str
    remedy: str
class Door:
    def open(self):
        raise NotThere("Door", f"has no {self.handle}", "Push" " it.")
class Window:
    def open(self, is_big):
        kind = NotThere if is_big else NotThereToday
        raise kind(
            what,
            f"{self.width} by {self.height}{self.depth} is too {'small'}" if is_big else "is shut",
            f"{LATER}. {more}",
        )
def explain(definition):
    yield _Problem(name, definition.get("x") or general(definition), remedy)
    yield _Problem(remedy="Do it.", name=name, problem="is " + state())
def general(definition):
    if definition:
        return f"must be {definition}"
    return "must be anything"
def state():
    return "open"
def passed(problem, remedy):
    raise NotThere("what", problem, remedy)
def other():
    raise Other("what", "is no reason", "None.")
    answer(reason="It does not fit.")
"""
SCHEMA = (
    """{"properties": {"A": {"allOf": [{"x-problem": "is A", "x-remedy": "Be B."}]}}, "d": {"x-problem": "is d"}}"""
)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Return a folder with a few modules and a schema."""
    for name, text in (("errors.py", ERRORS), ("house.py", MODULE), ("a.schema.json", SCHEMA)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_way_of_writing_a_reason_is_found(code: Path) -> None:
    """A text, one with names in it, one of two, one by a class of two, one that a function returns, the schema's."""
    found = collect(code)
    assert {problem: refusal.remedies for problem, refusal in found.items()} == {
        "has no …": ("Push it.",),
        "… by … is too …": ("Come later. …",),
        "is shut": ("Come later. …",),
        "must be …": (),
        "must be anything": (),
        "is open": ("Do it.",),
        "It does not fit.": (),
        "is A": ("Be B.",),
        "is d": (),
    }
    assert found["is shut"].where == "house.py"


def test_a_new_reason_has_to_be_explained_and_an_old_one_taken_out(tmp_path: Path) -> None:
    """Whoever adds a refusal is told by make reference where it is, and that it is missing."""
    explained = tmp_path / "reasons.yaml"
    explained.write_text(
        "- {title: T, begins: B, about: A, reasons: [{says: is old, means: M, do: D}, {says: is old, means: M, do: D}]}"
    )
    code = {"is new": Refusal("is new", ("Do.",), "slots/turn.py")}
    with pytest.raises(errors.Incomplete) as caught:
        errors.sections(code, explained)
    assert str(caught.value).splitlines() == [
        "reasons.yaml and the code do not say the same.",
        "explained twice: is old",
        "not explained: is new (slots/turn.py)",
        "not in the code: is old",
    ]


def test_what_the_code_adds_in_some_cases_only_is_not_in_the_table(tmp_path: Path) -> None:
    """A remedy that may go on ends with its own full stop; what is not known inside a sentence is shown as such."""
    explained = tmp_path / "reasons.yaml"
    explained.write_text("- {title: T, begins: B, about: A, reasons: [{says: is new, means: M}]}")
    code = {"is new": Refusal("is new", ("Do it.…", "Come later. …", "Ask …."), "x.py")}
    [section] = errors.sections(code, explained)
    assert section.rows == (("is new", "M", "Do it.<br>Come later.<br>Ask …."),)


def test_a_reason_without_anything_to_do_is_none(tmp_path: Path) -> None:
    """What the code does not say is said beside the explanation."""
    explained = tmp_path / "reasons.yaml"
    explained.write_text("- {title: T, begins: B, about: A, reasons: [{says: is new, means: M}]}")
    with pytest.raises(errors.Incomplete, match=r"^is new: nobody says what to do \(x\.py\)$"):
        errors.sections({"is new": Refusal("is new", (), "x.py")}, explained)


PHRASES = [
    re.compile(".*".join(re.escape(part) for part in says.split(UNKNOWN)), re.DOTALL)
    for section in errors.sections()
    for says, _, _ in section.rows
]

BAD_PROPERTIES: list[object] = [
    None,
    {},
    {"ServerType": "GITHUB", "AuthType": "OAUTH", "SecretId": ""},
    {"ServerType": "GITLAB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "x:y", "Token": "t", "Usrname": "u"},
    {"ServerType": "GITHUB", "AuthType": "BASIC_AUTH", "SecretId": "ssm:x", "VerifyToken": "yes", "ServerUrl": "x"},
    {"ServerType": "GITHUB", "AuthType": "CODECONNECTIONS", "ConnectionArn": "x", "SecretId": "x", "Region": ["x"]},
    {"ServerType": "GITHUB", "AuthType": "SECRETS_MANAGER", "SecretId": "{{resolve:x}}", "SecretKey": "x" * 300},
]
BAD_SECRETS = ["", "{", "{}", '{"token": 1}', "Bearer x y", "glpat-0123456789", "ghr_0123456789", "{{resolve:x}}"]


@pytest.mark.parametrize("given", BAD_PROPERTIES)
def test_what_is_said_of_bad_properties_is_on_the_page(given: object) -> None:
    """Each problem that the handler tells is one that the page explains."""
    with pytest.raises(SourceCredentialError) as caught:
        parse(given)
    said = re.split(r"\(\d+\) ", str(caught.value))
    for part in said:
        assert any(phrase.search(part) for phrase in PHRASES), part


@pytest.mark.parametrize("text", BAD_SECRETS)
def test_what_is_said_of_a_bad_secret_is_on_the_page(text: str) -> None:
    """Each kind of mistake is under a phrase of the page."""
    secret = Secret(arn="arn", version_id="v", labels=(), text=text)
    asked = Specification(
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        secret_id="codebuild/github",
        secret_key="token" if "token" in text else None,
    )
    with pytest.raises(SourceCredentialError) as caught:
        read_login(secret, asked)
    assert any(phrase.search(str(caught.value)) for phrase in PHRASES)


@pytest.mark.parametrize("error", [out_of_time(), overtaken()], ids=["out of time", "overtaken"])
def test_what_a_function_makes_is_on_the_page(error: SourceCredentialError) -> None:
    """Reasons that are made in one place and raised in another are found where they are made."""
    assert any(phrase.search(str(error)) for phrase in PHRASES)
