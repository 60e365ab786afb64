"""The report: Markdown for people, JSON for programs, of the same masked facts. It can be shared."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from acceptance.facts import Finding, Findings, Verdict
from acceptance.masking import Mask

_MARKS: Final = {
    Verdict.HELD: "held",
    Verdict.DIFFERS: "**differs**",
    Verdict.DIFFERS_AS_KNOWN: "differs, as known",
    Verdict.NOT_TRIED: "not tried",
}


def content(findings: Findings, *, where: str, how_it_ended: str, events: list[Any], left: list[str]) -> dict[str, Any]:
    """Return the report as JSON, not masked yet.

    where: the AWS and the region. events: as CloudFormation sent them. left: what could not be removed.
    """
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "where": where,
        "ended": how_it_ended,
        "left": left,
        "chapters": [
            {"title": chapter.title, "facts": [_fact(finding) for finding in findings.of(chapter)]}
            for chapter in findings.chapters
        ],
        "events": events,
    }


def write(report: dict[str, Any], folder: Path, mask: Mask) -> Path:
    """Write report.json and report.md into a folder, and return the latter. Raises NotShareable before either is there.

    Nothing but what the mask has let through is written, whoever has put it into the report.
    """
    masked = mask.all(report)
    as_json, as_markdown = json.dumps(masked, indent=2) + "\n", _markdown(masked)
    for text in (as_json, as_markdown):
        mask.check(text)
    (folder / "report.json").write_text(as_json, encoding="utf-8")
    path = folder / "report.md"
    path.write_text(as_markdown, encoding="utf-8")
    return path


def counts(findings: Findings) -> str:
    """Return how many facts had which verdict, in words."""
    verdicts = [finding.verdict for finding in findings.all()]
    return ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict if verdict in verdicts)


def _fact(finding: Finding) -> dict[str, str]:
    fact = finding.fact
    why = {"known": fact.embedded} if finding.verdict is Verdict.DIFFERS_AS_KNOWN else {}
    return {
        "verdict": finding.verdict.value,
        "tried": fact.title,
        "source": fact.source,
        "words": fact.words,
        "expected": fact.expected,
        "seen": finding.seen,
        **why,
    }


def _markdown(report: dict[str, Any]) -> str:
    facts = [fact for chapter in report["chapters"] for fact in chapter["facts"]]
    total = {verdict: sum(fact["verdict"] == verdict for fact in facts) for verdict in Verdict}
    lines = [
        "# What AWS did",
        "",
        f"{report['where']}, {report['date']}. {report['ended']}",
        "",
        "; ".join(f"{number} {_MARKS[verdict]}" for verdict, number in total.items() if number) + ".",
        "",
        *(report["left"] and ["Left behind:", "", *(f"- {line}" for line in report["left"]), ""]),
    ]
    for chapter in report["chapters"]:
        lines += [
            f"## {chapter['title']}",
            "",
            "| | tried | expected | seen | the project says |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(fact) for fact in chapter["facts"]]
        lines.append("")
    if report["events"]:
        lines += ["## The events as they came", ""]
        for event in report["events"]:
            lines += ["```json", json.dumps(event, indent=2), "```", ""]
    return "\n".join(lines)


def _row(fact: dict[str, str]) -> str:
    seen = fact["seen"] + (f" ({fact['known']})" if "known" in fact else "")
    says = f"{fact['source']}: “{fact['words']}”"
    cells = (_MARKS[Verdict(fact["verdict"])], fact["tried"], fact["expected"], seen, says)
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
