"""Finds every reason that the code can give, by reading it: what is passed as a problem, and what as its remedy.

A text is found as its template: what is only known when it is told is `…` in it. So `f"has no {version}"` is
`has no …`. What the schema says under x-problem and x-remedy is found, too.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.ministack import PROJECT
from reference.texts import UNKNOWN, Texts, assigned, own

CODE: Final = PROJECT / "handler/source_credential"

_ERROR: Final = "SourceCredentialError"
_PROBLEM, _REMEDY = "problem", "remedy"


@dataclass(frozen=True)
class Refusal:
    """One thing that can be wrong, in the words of the code; the remedies are those that are written beside it."""

    problem: str
    remedies: tuple[str, ...]
    where: str


def collect(code: Path = CODE) -> dict[str, Refusal]:
    """Return what can be wrong by the text that says so. code: the folder of the Python modules and the schema."""
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(code.rglob("*.py"))}
    signatures = dict(_signatures(modules.values()))
    found: dict[str, Refusal] = {}
    for path, module in modules.items():
        where = path.relative_to(code).as_posix()
        for problem, remedies in _Reader(module, signatures).refusals():
            earlier = found.get(problem, Refusal(problem, (), where))
            found[problem] = Refusal(problem, tuple(dict.fromkeys((*earlier.remedies, *remedies))), earlier.where)
    for path in sorted(code.rglob("*.schema.json")):
        where = path.relative_to(code).as_posix()
        for rule in _rules(json.loads(path.read_text(encoding="utf-8"))):
            remedy = (rule["x-remedy"],) if "x-remedy" in rule else ()
            found.setdefault(rule["x-problem"], Refusal(rule["x-problem"], remedy, where))
    return found


def _signatures(modules: Iterable[ast.Module]) -> Iterator[tuple[str, list[str]]]:
    """Yield the classes that take a problem and its remedy, each with its arguments' names in their order.

    These are the exceptions, which all are made as SourceCredentialError is, and whatever has fields of these names.
    """
    classes = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    errors = {_ERROR}
    for each in classes:  # a class stands below the one it is made of
        errors |= {each.name} if errors & {base.id for base in each.bases if isinstance(base, ast.Name)} else set()
    for each in classes:
        fields = [
            line.target.id
            for line in each.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        ]
        if each.name in errors:
            yield each.name, ["what", _PROBLEM, _REMEDY]
        elif {_PROBLEM, _REMEDY} <= set(fields):
            yield each.name, fields


def _rules(schema: object) -> Iterator[Mapping[str, Any]]:
    """Yield every part of a schema that has a problem's text."""
    if isinstance(schema, dict):
        if "x-problem" in schema:
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _rules(part)


class _Reader:
    """Reads one module."""

    def __init__(self, module: ast.Module, signatures: Mapping[str, list[str]]) -> None:
        self._module = module
        self._signatures = signatures
        self._texts = Texts(module)

    def refusals(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each problem, with the remedies written beside it."""
        for scope in (self._module, *self._texts.functions):
            for call in (node for node in own(scope) if isinstance(node, ast.Call)):
                yield from ((text, []) for text in _literal_reasons(call))
                names = self._signature(call.func, scope)
                given = dict(zip(names, call.args, strict=False)) | {
                    str(word.arg): word.value for word in call.keywords
                }
                if names and given.keys() >= {_PROBLEM, _REMEDY}:
                    remedies = [text for text in self._texts.of(given[_REMEDY], scope) if text.strip(f"{UNKNOWN} ")]
                    for problem in self._texts.of(given[_PROBLEM], scope):
                        if problem != UNKNOWN:
                            yield problem, remedies

    def _signature(self, function: ast.expr, scope: ast.AST) -> list[str]:
        """Return the arguments' names of what is called, also by a name that it was given in the same function."""
        if not isinstance(function, ast.Name):
            return []
        if function.id in self._signatures:
            return self._signatures[function.id]
        given = [node for value in assigned(function.id, scope) for node in ast.walk(value)]
        named = [node.id for node in given if isinstance(node, ast.Name) and node.id in self._signatures]
        return self._signatures[named[0]] if named else []


def _literal_reasons(call: ast.Call) -> Iterator[str]:
    """Yield what is passed as a whole reason, where it stands there as it is told."""
    for word in call.keywords:
        match word:
            case ast.keyword(arg="reason", value=ast.Constant(value=str(text))) if text:
                yield text
