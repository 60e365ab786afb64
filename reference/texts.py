"""The templates of the texts that an expression of a module can be, found without running it.

What is only known when the code runs is `…` in a template. A name stands for what the function, or the module, gives
it; a call of one of the module's own functions for what that returns.
"""

import ast
import itertools
from collections.abc import Iterable, Iterator
from typing import Final

UNKNOWN: Final = "…"


class Texts:
    """The texts of one module."""

    def __init__(self, module: ast.Module) -> None:
        """Keep the module."""
        self._module = module
        self.functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        self._by_name = {each.name: each for each in self.functions}

    def of(self, value: ast.expr, scope: ast.AST) -> list[str]:
        """Return the templates of the texts that an expression can be."""
        match value:
            case ast.Constant(value=str(text)):
                return [text] if text else []
            case ast.JoinedStr(values=parts):
                return [_joined(self._part(part) for part in parts)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                pairs = itertools.product(self.of(left, scope), self.of(right, scope))
                return [_joined(pair) for pair in pairs]
            case ast.IfExp(body=body, orelse=other):
                return [*self.of(body, scope), *self.of(other, scope)]
            case ast.BoolOp(values=values):
                return [text for each in values for text in self.of(each, scope)]
            case ast.Name(id=name):
                values = [*assigned(name, scope), *assigned(name, self._module)]
            case ast.Call(func=ast.Name(id=name)) if name in self._by_name:
                scope = self._by_name[name]
                values = [node.value for node in ast.walk(scope) if isinstance(node, ast.Return) and node.value]
            case _:
                name, values = "", []
        ended = [each for each in values if name not in _names(each)]  # what is made of itself has no template
        return [text for each in ended for text in self.of(each, scope)] or [UNKNOWN]

    def _part(self, part: ast.expr) -> str:
        """Return what a part of an f-string is known to be: its own text, or that of a constant of the module."""
        match part:
            case ast.Constant(value=str(text)):
                return text
            case ast.FormattedValue(value=ast.Name(id=name)):
                match assigned(name, self._module):
                    case [ast.Constant(value=str(text))]:
                        return text
        return UNKNOWN


def _joined(parts: Iterable[str]) -> str:
    """Return the parts in one; neighbours that are unknown are one unknown."""
    text = "".join(parts)
    while UNKNOWN * 2 in text:
        text = text.replace(UNKNOWN * 2, UNKNOWN)
    return text


def own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a module or a function, and not in a function of its own inside it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from own(node)


def _names(value: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}


def assigned(name: str, scope: ast.AST) -> list[ast.expr]:
    """Return what a name is given in a module or a function."""
    found = []
    for node in own(scope):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value: ast.expr | None = node.value  # type: ignore[attr-defined]
            found += [value] if value is not None else []
    return found
