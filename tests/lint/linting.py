"""Runs cfn-lint with our rules, and reads what a template says is expected: `#> ID text` at the end of a line."""

import re
from pathlib import Path
from typing import Final, NamedTuple

from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode_str
from cfnlint.rules import Rules
from cfnlint.rules.errors import RuleError
from cfnlint.runner.template import run_template_by_data

from local.ministack import PROJECT

TEMPLATES: Final = PROJECT / "tests/lint"
EXAMPLES: Final = PROJECT / "examples"


class Found(NamedTuple):
    """A finding of one of our rules: its id, the line it is shown at, the path in the template, what it says."""

    rule: str
    line: int
    path: tuple[str | int, ...]
    message: str


def lint(text: str, *arguments: str) -> list[Found]:
    """Return what our rules find in a template. arguments: as cfn-lint takes them."""
    template, errors = decode_str(text)
    assert not errors, errors
    config = ConfigMixIn(["--include-checks", "I", *arguments])
    rules = Rules.create_from_module("source_credential_lint")
    rules.register(RuleError())  # cfn-lint shows a rule's exception only where it has this one
    return sorted(
        Found(match.rule.id, match.linenumber, tuple(getattr(match, "path", ())), match.message)
        for match in run_template_by_data(template, config, rules)
    )


def expected(text: str) -> list[tuple[str, int, str]]:
    """Return what a template expects: ids, lines and how the messages begin."""
    return [
        (rule, number, message.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        for rule, message in re.findall(r"#> (\w+) ([^#]+)", line)
    ]


def templates(folder: str) -> list[Path]:
    """Return the templates of a folder beside this, sorted."""
    return sorted(path for path in (TEMPLATES / folder).iterdir() if path.suffix in {".yaml", ".json"})
