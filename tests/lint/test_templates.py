"""Templates of consumers, wrong and right, through the rules as cfn-lint runs them."""

from pathlib import Path

import pytest

from tests.lint.linting import EXAMPLES, expected, lint, templates


@pytest.mark.parametrize("path", templates("wrong"), ids=lambda path: path.stem)
def test_what_is_wrong_is_found_on_its_line_and_nothing_else(path: Path) -> None:
    """Each template says at the end of a line what is found there."""
    text = path.read_text(encoding="utf-8")
    found = lint(text)
    left = [(each.rule, each.line, each.message) for each in found]
    for rule, line, message in expected(text):
        matches = [each for each in left if each[:2] == (rule, line) and each[2].startswith(message)]
        assert matches, (rule, line, message, left)
        left.remove(matches[0])
    assert left == []


@pytest.mark.parametrize("path", templates("right"), ids=lambda path: path.stem)
def test_what_is_right_is_left_alone(path: Path) -> None:
    """Whatever the manner in which it is written."""
    assert lint(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_example_has_a_finding(path: Path) -> None:
    """Not even one that only informs."""
    assert lint(path.read_text(encoding="utf-8")) == []
