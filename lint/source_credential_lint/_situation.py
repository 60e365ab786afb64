"""A way in which a template can be deployed, and what its functions come to in it.

What nobody can know before is unknown, never guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from source_credential.contract.written import texts
from source_credential_lint._functions import RESOLVERS, branches_of_if
from source_credential_lint._values import GAP, Path, Value, literal, unknown

# A map with more rows than that is not a map of credentials.
_WAYS: Final = 64


class Bound(NamedTuple):
    """A parameter's value, as one situation has it, and where it is written."""

    value: Any
    path: Path


@dataclass(frozen=True)
class Situation:
    """A way in which a template can be deployed.

    template: the template. conditions: which hold and which do not; of others it is not known. parameters: those whose
    value is known.
    """

    template: Mapping[str, Any]
    conditions: Mapping[str, bool] = field(default_factory=dict)
    parameters: Mapping[str, Bound] = field(default_factory=dict)

    def holds(self, condition: Any) -> bool | None:
        """Tell whether a condition holds; None where that is not known."""
        return self.conditions.get(condition) if isinstance(condition, str) else None

    def values(self, node: Any, path: Path) -> list[Value | None]:
        """Return what a node of the template can be, at least one; None is AWS::NoValue, so that nothing is there."""
        if not isinstance(node, Mapping):
            return [literal(node, path)]
        function = next(iter(node), None) if len(node) == 1 else None
        if function == "Ref" or str(function).startswith("Fn::"):
            inner = (*path, str(function))
            resolve = RESOLVERS.get(str(function))
            found = list(islice(resolve(self, node[function], inner), _WAYS)) if resolve else []
            is_all = 0 < len(found) < _WAYS
            return found if is_all else [*found, unknown(inner, *texts(node, GAP))]
        return [Value(node, path)]

    def branches(self, node: Any, path: Path) -> Iterator[tuple[Any, Path]]:
        """Yield what Fn::If leaves of a node, with its path; the node itself where it is no such function."""
        if isinstance(node, Mapping) and list(node) == ["Fn::If"]:
            for branch in branches_of_if(self, node["Fn::If"]):
                yield from self.branches(node["Fn::If"][branch], (*path, "Fn::If", branch))
        else:
            yield node, path

    def text(self, node: Any, path: Path) -> str:
        """Return the one text that a node is, with a gap where that is not known."""
        match self.values(node, path):
            case [Value(value=str(text), is_known=True)]:
                return text
            case [Value(is_known=False, texts=(str(text),))] if GAP in text:
                return text
        return GAP
