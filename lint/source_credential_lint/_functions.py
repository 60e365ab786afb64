"""The functions of a template that can be resolved before it is deployed; each gives what it can be, or nothing."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from source_credential_lint._values import GAP, Path, Value, filled, literal, of_text, without_placeholders


class Situation(Protocol):
    """What is known where a function is resolved."""

    @property
    def template(self) -> Mapping[str, Any]:
        """The template."""
        ...

    @property
    def parameters(self) -> Mapping[str, tuple[Any, Path]]:
        """The parameters whose value is known, and where that is written."""
        ...

    def holds(self, condition: Any) -> bool | None:
        """Tell whether a condition holds; None where that is not known."""
        ...

    def values(self, node: Any, path: Path) -> list[Value | None]:
        """Return what a node can be; None is that nothing is there."""
        ...

    def text(self, node: Any, path: Path) -> str:
        """Return the one text that a node is, with a gap where that is not known."""
        ...


Resolver = Callable[[Situation, Any, Path], Iterator[Value | None]]


def branches_of_if(situation: Situation, arguments: Any) -> list[int]:
    """Return which of the arguments of Fn::If it can be."""
    if not isinstance(arguments, list) or len(arguments) != 3:  # noqa: PLR2004 - a condition and two branches
        return []
    holds = situation.holds(arguments[0])
    return [1, 2] if holds is None else [1 if holds else 2]


def _if(situation: Situation, arguments: Any, path: Path) -> Iterator[Value | None]:
    for branch in branches_of_if(situation, arguments):
        yield from situation.values(arguments[branch], (*path, branch))


def _ref(situation: Situation, name: Any, path: Path) -> Iterator[Value | None]:
    if name == "AWS::NoValue":
        yield None
    elif isinstance(name, str) and name in situation.parameters:
        value, where = situation.parameters[name]
        yield of_text(value, where) if isinstance(value, str) else Value(value, where)
    elif _is_list(situation.template, name):
        yield Value([], path)


def _is_list(template: Mapping[str, Any], name: Any) -> bool:
    parameters = template.get("Parameters")
    parameter = parameters.get(name) if isinstance(parameters, Mapping) and isinstance(name, str) else None
    kind = str(parameter.get("Type")) if isinstance(parameter, Mapping) else ""
    return "CommaDelimitedList" in kind or "List<" in kind


def _sub(situation: Situation, arguments: Any, path: Path) -> Iterator[Value | None]:
    text, variables = arguments if isinstance(arguments, list) and len(arguments) == 2 else (arguments, {})  # noqa: PLR2004
    if not isinstance(text, str) or not isinstance(variables, Mapping):
        return
    if "AWS::LanguageExtensions" in str(situation.template.get("Transform")):  # the short form is never as written
        text = without_placeholders(text)
    yield of_text(filled(text, lambda name: situation.text(variables.get(name, {"Ref": name}), path)), path)


def _join(situation: Situation, arguments: Any, path: Path) -> Iterator[Value | None]:
    match arguments:
        case [str() as separator, list() as items]:
            yield of_text(separator.join(situation.text(item, path) for item in items), path)


def _find_in_map(situation: Situation, arguments: Any, path: Path) -> Iterator[Value | None]:
    """Yield the value, or where a key is not known, or not all of it, every one that it can lead to."""
    if not isinstance(arguments, list) or len(arguments) != 3:  # noqa: PLR2004 - a map and two keys
        return
    keys = [situation.text(key, path) for key in arguments]
    found: list[tuple[Any, Path]] = [(situation.template.get("Mappings"), ("Mappings",))]
    for key in keys:
        found = [
            (inner, (*where, name))
            for node, where in found
            if isinstance(node, Mapping)
            for name, inner in node.items()
            if re.fullmatch(".*".join(map(re.escape, key.split(GAP))), str(name), re.DOTALL)
        ]
    for node, where in found:
        yield literal(node, where)


RESOLVERS: Final[dict[str, Resolver]] = {
    "Fn::If": _if,
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::FindInMap": _find_in_map,
}
