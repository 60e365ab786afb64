"""The facts stand beside their checks, and in the words of the project's own files."""

import pytest

from acceptance.facts import NOT_REACHED, Chapter, Fact, Findings, Verdict
from acceptance.masking import Mask
from acceptance.walk import CHAPTERS
from local.ministack import PROJECT

FACTS = [fact for chapter in CHAPTERS for fact in chapter.facts]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.title)
def test_the_project_still_says_so(fact: Fact) -> None:
    """A sentence that has changed takes its fact along."""
    said = " ".join((PROJECT / fact.source).read_text(encoding="utf-8").split())
    assert fact.words in said


def test_facts_can_be_told_apart() -> None:
    """Within a chapter no two are tried under one title, and a chapter has some."""
    for chapter in CHAPTERS:
        titles = [fact.title for fact in chapter.facts]
        assert len(set(titles)) == len(titles) > 0


def findings(*, is_embedded: bool) -> tuple[Findings, Chapter, Fact, Fact]:
    """Return findings of a chapter of two facts, of which one is known to differ on the embedded AWS."""
    chapter = Chapter("Chapter")
    plain = chapter.fact("Plain", "README.md", "words", "right")
    known = chapter.fact("Known", "README.md", "words", "right", embedded="it cannot")
    return Findings([chapter], is_embedded=is_embedded, mask=Mask(), say=lambda _text: None), chapter, plain, known


def test_a_fact_holds_or_differs() -> None:
    """What is known of the embedded AWS is no excuse for AWS, and the other way round."""
    for is_embedded, expected in ((False, Verdict.DIFFERS), (True, Verdict.DIFFERS_AS_KNOWN)):
        found, chapter, plain, known = findings(is_embedded=is_embedded)
        found.see(plain, "right")
        found.see(known, "wrong")
        assert [finding.verdict for finding in found.of(chapter)] == [Verdict.HELD, expected]
        found.see(plain, "wrong")
        found.see(known, "right")
        assert [finding.verdict for finding in found.all()] == [Verdict.DIFFERS, Verdict.HELD]


def test_what_was_not_tried_says_why() -> None:
    """And what was, keeps what was seen of it."""
    found, chapter, plain, known = findings(is_embedded=False)
    assert [finding.seen for finding in found.all()] == [NOT_REACHED] * 2
    found.see(plain, "right")
    found.leave(chapter, "the reason")
    assert [finding.seen for finding in found.all()] == ["right", "the reason"]
    assert found.is_known_to_differ(known) is False
