"""Attributes that a template asks for, and the resource does not have."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from source_credential.contract.attributes import Attributes
from source_credential.contract.problems import nearest
from source_credential_lint._values import Path, variables


def unknown(template: Mapping[str, Any], logical_ids: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Yield where Fn::GetAtt or Fn::Sub takes an attribute that there is not, and what to say of it."""
    for path, logical_id, name in _taken(template, ()):
        if logical_id in logical_ids and name not in Attributes._fields:
            yield (
                path,
                (
                    f"{logical_id}.{name}: is not an attribute of Custom::SourceCredential. "
                    f"The nearest one it has is {nearest(name, Attributes._fields)}."
                ),
            )


def _taken(node: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield every attribute that is taken below a node: where, of which resource, and its name."""
    if isinstance(node, Mapping):
        for key, inner in node.items():
            if key == "Fn::GetAtt":
                match inner.split(".", 1) if isinstance(inner, str) else inner:
                    case [str(logical_id), str(name)]:
                        yield (*path, key), logical_id, name
            elif key == "Fn::Sub":
                text = inner[0] if isinstance(inner, list) and inner else inner
                for variable in variables(text):
                    logical_id, dot, name = variable.partition(".")
                    if dot:
                        yield (*path, key), logical_id, name
            yield from _taken(inner, (*path, key))
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from _taken(inner, (*path, index))
