"""A value that a property can have, and what is written in a template of one that nobody can know before."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from cfnlint.decode.node import str_node

from source_credential.contract.written import RESOLVED

Path = tuple[str | int, ...]

# Stands in a text for what is not known.
GAP: Final = "\0"

_PLACEHOLDER = re.compile(r"(?<![A-Za-z])(?!resolve:)[A-Za-z]{7}(?![A-Za-z])")
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


class Value(NamedTuple):
    """One value that a property can have.

    value: a text, a list, an object, or null, which no property may be. path: where it is written. is_known: if not,
    `value` is None, and `texts` is what is written in it all the same.
    """

    value: Any
    path: Path
    is_known: bool = True
    texts: tuple[str, ...] = ()


def scalar(value: Any) -> Any:
    """Return a value as CloudFormation delivers it: every scalar is a string."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else value


def mentioned(node: Any) -> Iterator[str]:
    """Yield the names that a node takes values from: those of parameters, among others."""
    if isinstance(node, Mapping):
        for key, inner in node.items():
            if key == "Ref" and isinstance(inner, str):
                yield inner
            elif key == "Fn::Sub":
                yield from variables(inner[0] if isinstance(inner, list) and inner else inner)
            yield from mentioned(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from mentioned(inner)


def variables(text: Any) -> list[str]:
    """Return the names in the text of Fn::Sub, of parameters, resources and their attributes."""
    return list(_VARIABLE.findall(text)) if isinstance(text, str) else []


def filled(text: str, fill: Callable[[str], str]) -> str:
    """Return the text of Fn::Sub with its variables, each as `fill` has it."""
    return _VARIABLE.sub(lambda found: fill(found[1]), text).replace("${!", "${")


def literal(node: Any, path: Path) -> Value:
    """Return what stands in a template without a function."""
    text = without_placeholders(node) if isinstance(node, str) else scalar(node)
    if isinstance(text, str):
        return of_text(text, path)
    return Value(node, path) if node is None or isinstance(node, list | Mapping) else unknown(path)


def without_placeholders(text: str) -> str:
    """Return a text with gaps where cfn-lint has made it, and may have put in what is written nowhere.

    Of what Fn::ForEach goes through and nobody knows, it puts seven random letters into a text, which then is none of
    the template's own. What has seven letters for another reason is not known either, so that nothing is said of it.
    """
    return text if isinstance(text, str_node) else _PLACEHOLDER.sub(GAP, text)


def of_text(text: str, path: Path) -> Value:
    """Return a text; unknown where it has gaps, or CloudFormation will put something into it."""
    rest = RESOLVED.sub(GAP, text)
    return unknown(path, rest) if GAP in rest else Value(text, path)


def unknown(path: Path, *written: str) -> Value:
    """Return a value of which only is known what is written in it."""
    return Value(None, path, is_known=False, texts=written)
