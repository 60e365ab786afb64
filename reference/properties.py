"""The properties as sections of the reference page, and as the README's short table."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from reference.contract import Condition, Contract, Property

_PAGE: Final = "docs/reference.md"
# As AWS's pages link them; Markdown finds the links by these words, in whatever case.
_BEHAVIOURS: Final = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html"
)
_ANCHORS: Final = {"No interruption": "update-no-interrupt", "Replacement": "update-replacement"}


def sections(contract: Contract) -> str:
    """Return a section for each property, in the contract's order."""
    links = "\n".join(f"[{name}]: {_BEHAVIOURS}#{anchor}" for name, anchor in _ANCHORS.items())
    return "\n\n".join([*(_section(contract, each) for each in contract.properties.values()), links])


def table(contract: Contract) -> str:
    """Return the short table: each property with a link to its section, if it is required, and its first sentence."""
    rows = [
        f"| [`{each.name}`]({_PAGE}#{each.name.lower()}) | {each.required} | {_code(each.summary, contract)} |"
        for each in contract.usable
    ]
    return "\n".join(["| property | required | |", "|---|---|---|", *rows])


def _section(contract: Contract, own: Property) -> str:
    facts = " \\\n".join(f"*{name}*: {value}" for name, value in _facts(contract, own))
    return f"### {own.name}\n\n{_code(own.description, contract)}\n\n{facts}"


def _facts(contract: Contract, own: Property) -> Iterator[tuple[str, str]]:
    """Yield the lines under a description, in the order that AWS's pages have them."""
    if own.is_refused:
        yield "Required", "Never. It is refused wherever it stands."
        return
    yield "Required", _required(own)
    if own.refused_when:
        yield "Not allowed", f"when {', or when '.join(in_words(own.refused_when))}"
    yield "Type", own.type
    if own.allowed_values:
        yield "Allowed values", " \\| ".join(f"`{value}`" for value in own.allowed_values)
    if own.name == "AuthType":
        for value in own.allowed_values:
            yield f"`{value}` works with", " \\| ".join(f"`{each}`" for each in contract.server_types(value))
    for name, limit in (("Pattern", own.pattern), ("Minimum", own.minimum), ("Maximum", own.maximum)):
        if limit is not None:
            yield name, f"`{limit}`"
    if own.default is not None:
        yield "Default", f"`{own.default if isinstance(own.default, str) else json.dumps(own.default)}`"
    yield "Update requires", _linked(own.update)
    yield "CLI option", f"`{own.cli_option}`" if own.cli_option else "none"


def _required(own: Property) -> str:
    if own.required != "Conditional":
        return own.required
    return f"Conditional: when {', or when '.join(in_words(own.needed_when))}"


def in_words(conditions: Iterable[Condition]) -> Iterator[str]:
    """Yield conditions in words, as Markdown; those of one property alone in one."""
    alone: dict[str, list[str]] = {}
    for condition in conditions:
        match list(condition.items()):
            case [(name, values)]:
                alone.setdefault(name, []).extend(values)
            case several:
                yield " and ".join(_is(name, values) for name, values in several)
    for name, of_one in alone.items():
        yield _is(name, of_one)


def _is(name: str, values: Iterable[str]) -> str:
    *others, last = [f"`{value}`" for value in values] or ["given"]
    return f"`{name}` is {', '.join(others)}{' or ' if others else ''}{last}"


def _code(text: str, contract: Contract) -> str:
    """Return a text in which the names of properties, and what is in capitals, are code."""
    names = "|".join(contract.properties)
    return re.sub(rf"\b((?:{names})|[A-Z]+(?:_[A-Z]+)+|AWSCURRENT|CODECONNECTIONS)\b(?!')", r"`\1`", text)


def _linked(update: str) -> str:
    """Return what a change requires, with the links that AWS's pages have."""
    return re.sub("|".join(_ANCHORS), r"[\g<0>]", update, flags=re.IGNORECASE)
