"""The tables of docs/errors.md: every reason that the code can give, what it means, and what to do."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from mdit_py_plugins.anchors.index import slugify

from reference.refusals import Refusal, collect
from reference.texts import UNKNOWN

_REASONS: Final = Path(__file__).with_name("reasons.yaml")

# A sentence that the code adds to a remedy in some cases: of no use in a table that does not have it.
_SOMETIMES_MORE: Final = re.compile(rf"(?<=\.) ?{UNKNOWN}$")


class Incomplete(Exception):
    """The reasons that are explained are not those of the code; the text names both kinds."""


@dataclass(frozen=True)
class Section:
    """The reasons that begin in the same way. rows: what a reason says, what it means, what to do."""

    title: str
    begins: str
    about: str
    rows: tuple[tuple[str, str, str], ...]


def sections(code: dict[str, Refusal] | None = None, explained: Path = _REASONS) -> list[Section]:
    """Return the sections in their order. code: what the code can say; its own where none is given.

    Raises Incomplete when a reason of the code is not explained, or one that is explained is not in the code.
    """
    refusals = collect() if code is None else code
    given: list[dict[str, Any]] = yaml.safe_load(explained.read_text(encoding="utf-8"))
    says = [reason["says"] for section in given for reason in section["reasons"]]
    problems = [
        *(f"not explained: {problem} ({refusals[problem].where})" for problem in refusals.keys() - set(says)),
        *(f"not in the code: {problem}" for problem in set(says) - refusals.keys()),
        *(f"explained twice: {problem}" for problem in set(says) if says.count(problem) > 1),
    ]
    if problems:
        raise Incomplete("\n".join([f"{explained.name} and the code do not say the same.", *sorted(problems)]))
    return [
        Section(
            title=section["title"],
            begins=section["begins"],
            about=section["about"],
            rows=tuple(_row(reason, refusals[reason["says"]]) for reason in section["reasons"]),
        )
        for section in given
    ]


def tables() -> str:
    """Return the sections as Markdown. Raises Incomplete."""
    return "\n\n".join(_markdown(section) for section in sections())


def contents() -> str:
    """Return the list of the sections, by what a reason begins with. Raises Incomplete."""
    rows = [f"- {each.begins}: [{each.title}](#{slugify(each.title)})" for each in sections()]
    return "\n".join(rows)


def _row(reason: dict[str, str], refusal: Refusal) -> tuple[str, str, str]:
    """Return a row. What to do is what the code says beside the problem, and what is added to it.

    Raises Incomplete when neither says anything.
    """
    remedies = [_SOMETIMES_MORE.sub("", remedy) for remedy in refusal.remedies]
    to_do = [*remedies, *([reason["do"]] if "do" in reason else [])]
    if not to_do:
        raise Incomplete(f"{refusal.problem}: nobody says what to do ({refusal.where})")
    return reason["says"], reason["means"], "<br>".join(to_do)


def _markdown(section: Section) -> str:
    rows = [f"| `{says}` | {means} | {to_do} |" for says, means, to_do in (map(_cell, row) for row in section.rows)]
    table = "\n".join(["| it says | it means | what to do |", "|---|---|---|", *rows])
    return f"## {section.title}\n\nBegins with {section.begins}.\n\n{section.about}\n\n{table}"


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|")
