"""A fact is what docs/ says of AWS, with the words it says it by; a finding is what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from acceptance.masking import Mask

NOT_REACHED: Final = "the walk did not come to it"


@dataclass(frozen=True, eq=False, kw_only=True)
class Fact:
    """One thing that the project says of AWS.

    title: what was tried. source: the file that says it, from the repository's root. words: in these words, line
    breaks aside. expected: what is seen if it holds. embedded: why the embedded AWS is known to do otherwise.
    """

    title: str
    source: str
    words: str
    expected: str
    embedded: str = ""


@dataclass
class Chapter:
    """The facts that are tried together."""

    title: str
    facts: list[Fact] = field(default_factory=list)

    def fact(self, title: str, source: str, words: str, expected: str, *, embedded: str = "") -> Fact:
        """State a fact, and have it in the report from then on."""
        fact = Fact(title=title, source=source, words=words, expected=expected, embedded=embedded)
        self.facts.append(fact)
        return fact


class Verdict(StrEnum):
    """What became of a fact."""

    HELD = "held"
    DIFFERS = "differs"
    DIFFERS_AS_KNOWN = "differs, as is known of the embedded AWS"
    NOT_TRIED = "not tried"


@dataclass
class Finding:
    """A fact, and what was seen of it; where it was not tried, `seen` says why."""

    fact: Fact
    verdict: Verdict = Verdict.NOT_TRIED
    seen: str = NOT_REACHED


class Findings:
    """What a run has found: one finding for each fact of its chapters."""

    def __init__(
        self, chapters: Sequence[Chapter], *, is_embedded: bool, mask: Mask, say: Callable[[str], None]
    ) -> None:
        """Begin with nothing tried."""
        self.chapters = tuple(chapters)
        self._is_embedded = is_embedded
        self._mask = mask
        self._say = say
        self._findings = {fact: Finding(fact) for chapter in chapters for fact in chapter.facts}

    def of(self, chapter: Chapter) -> list[Finding]:
        """Return a chapter's findings, in its order."""
        return [self._findings[fact] for fact in chapter.facts]

    def all(self) -> list[Finding]:
        """Return all findings, in the chapters' order."""
        return [finding for chapter in self.chapters for finding in self.of(chapter)]

    def see(self, fact: Fact, seen: str, *, held: bool | None = None) -> None:
        """Note what was seen of a fact. It held if that is what was expected, unless `held` says."""
        finding = self._findings[fact]
        finding.seen = self._mask.text(seen)
        if finding.seen == fact.expected if held is None else held:
            finding.verdict = Verdict.HELD
        elif self.is_known_to_differ(fact):
            finding.verdict = Verdict.DIFFERS_AS_KNOWN
        else:
            finding.verdict = Verdict.DIFFERS
        self._say(f"   {finding.verdict}: {fact.title}: {finding.seen}")

    def skip(self, fact: Fact, why: str) -> None:
        """Note why a fact is not tried."""
        self._findings[fact].seen = self._mask.text(why)

    def leave(self, chapter: Chapter, why: str) -> None:
        """Note why the facts of a chapter that were not come to are not tried."""
        for finding in self.of(chapter):
            if finding.verdict is Verdict.NOT_TRIED and finding.seen == NOT_REACHED:
                self.skip(finding.fact, why)

    def is_known_to_differ(self, fact: Fact) -> bool:
        """Tell whether the AWS that is used here is known to do otherwise."""
        return self._is_embedded and bool(fact.embedded)
