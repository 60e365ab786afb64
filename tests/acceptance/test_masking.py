"""What is printed and reported can be shared: nothing that tells an account, a person or a token gets through."""

import json
from pathlib import Path

import pytest

from acceptance import report
from acceptance.facts import Chapter, Findings
from acceptance.masking import Mask, NotShareable
from acceptance.names import Names, is_prefix, throwaway_token

PREFIX = "acceptance-0123456789"
PAIRS = (("GITHUB", "PERSONAL_ACCESS_TOKEN"), ("BITBUCKET", "PERSONAL_ACCESS_TOKEN"), ("BITBUCKET", "BASIC_AUTH"))
SECRETS = [
    "111122223333",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "ATBBmadeUpOfLettersAndDigits0000",
    "X-Amz-Signature=0a1b2c3d",
    "arn:aws:iam::111122223333:user/path/jane",
    "arn:aws:sts::111122223333:assumed-role/Admin/jane",
    "github_pat_madeUpOfLettersAndDigits0000000000",
    "glpat-made-up-0000000000000000",
    "glpat-madeUp000000000000000",
    "jane.doe@example.com",
    "6bd2bd72-9bb4-4bd8-9ed8-a14f6d8e8a3e",
    *(throwaway_token(*pair) for pair in PAIRS),
]
AROUND = (
    "{}",
    "it is {}.",
    "https://example.com/?a=b&{}",
    '{{"token": "{}"}}',
    "a:{}:b",
    "={}",
    "\n{}\n",
    "arn:aws:x::{}:y",
)


@pytest.mark.parametrize("secret", SECRETS[:-3])
@pytest.mark.parametrize("around", AROUND)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(secret: str, around: str) -> None:
    """Also what nobody has told the mask of; and the same text unmasked is refused."""
    text = around.format(secret)
    for core in (secret, "111122223333", "jane"):
        assert core not in Mask().text(text)
    with pytest.raises(NotShareable) as refusal:
        Mask().check(text)
    assert secret not in str(refusal.value)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("around", [*AROUND, "x{}x"])
def test_a_token_of_the_run_is_masked_even_inside_a_word(pair: tuple[str, str], around: str) -> None:
    """The mask knows it."""
    mask, token = Mask(), throwaway_token(*pair)
    mask.know(token, "TOKEN")
    assert token not in mask.text(around.format(token))
    with pytest.raises(NotShareable, match="a token of this run"):
        mask.check(around.format(token))


def test_names_stay_readable() -> None:
    """Each thing has its name, the same id the same one; what tells nothing stays."""
    mask = Mask()
    mask.know(PREFIX, "PREFIX")
    first, second = "6bd2bd72-9bb4-4bd8-9ed8-a14f6d8e8a3e", "00000000-0000-0000-0000-000000000000"
    assert mask.text(f"{first}, {second}, {first}") == "ID-1, ID-2, ID-1"
    stack = f"arn:aws:cloudformation:eu-north-1:111122223333:stack/{PREFIX}-consumer/{first}"
    assert mask.text(stack) == "arn:aws:cloudformation:eu-north-1:ACCOUNT:stack/PREFIX-consumer/ID-1"
    assert mask.text(f"{PREFIX}-provider-Slots-1AB2CD3EF4GH") == "PREFIX-provider-Slots-SUFFIX"
    secret = f"arn:aws:secretsmanager:eu-north-1:111122223333:secret:{PREFIX}/github-aB3dE6"
    assert mask.text(secret) == "arn:aws:secretsmanager:eu-north-1:ACCOUNT:secret:PREFIX/github-SUFFIX"
    plain = "Access token with server type GITHUB already exists. Delete its source credential and try again."
    assert mask.text(plain) == plain


def test_a_text_that_cannot_be_masked_is_withheld_and_the_run_goes_on() -> None:
    """What it would have told is named; a run that ended here would neither remove what is left nor report."""
    assert Mask().text("jane@a.example@b.example") == "(withheld: what looks like this: ADDRESS)"


def test_a_report_is_written_masked_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever puts a secret into any place of it; a mask that failed would leave no file."""
    chapter, mask = Chapter("Chapter"), Mask()
    fact = chapter.fact("Tried", "README.md", "words", "nothing")
    findings = Findings([chapter], is_embedded=False, mask=mask, say=lambda _text: None)
    findings.see(fact, " ".join(SECRETS))
    told = " ".join(SECRETS)
    written = report.content(findings, where=told, how_it_ended=told, events=[{told: [told, {"a": told}]}], left=[told])
    path = report.write(written, tmp_path, mask)
    for text in (path.read_text(), (tmp_path / "report.json").read_text()):
        assert not [secret for secret in SECRETS if secret in text]
    assert json.loads((tmp_path / "report.json").read_text())["chapters"][0]["facts"][0]["verdict"] == "differs"
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr(mask, "all", lambda value: value)
    with pytest.raises(NotShareable):
        report.write(written, empty, mask)
    assert list(empty.iterdir()) == []


def test_prefixes_are_random_and_known_again() -> None:
    """Only what a run has made is taken for a run's."""
    prefixes = {Names.random().prefix for _ in range(20)}
    assert len(prefixes) == 20
    assert all(is_prefix(prefix) for prefix in prefixes)
    assert not any(is_prefix(text) for text in ("acceptance-", "acceptance-tests", f"{PREFIX}0", f"my-{PREFIX}"))
