"""Which resources of a template are the provider's, and the situations they can be deployed in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from cfnlint.template import Template

from source_credential_lint._contract import candidates
from source_credential_lint._scenarios import scenarios
from source_credential_lint._situation import Bound, Situation
from source_credential_lint._values import Path, mentioned, scalar

TYPE: Final = "Custom::SourceCredential"

_FUNCTION = re.compile(r"arn:.*:lambda:.*:function:[^:]*source[-_]?credential", re.IGNORECASE)  # as the stack names it


@dataclass(frozen=True)
class Consumer:
    """A resource that the provider is asked for. path: of its properties; where there are none, its own."""

    cfn: Template
    logical_id: str
    condition: str | None
    properties: Any
    path: Path

    def scenarios(self, *others: "Consumer") -> list[dict[str, bool]]:
        """Return which conditions can hold together where this resource is there, and others are."""
        all_of_them = (self, *others)
        needed = {each.condition for each in all_of_them if each.condition and self.cfn.conditions.get(each.condition)}
        return scenarios(self.cfn, needed, {name for each in all_of_them for name in each.conditions})

    @property
    def conditions(self) -> set[str]:
        """Return the conditions on which the properties depend."""
        return {name for name in _conditions(self.properties) if self.cfn.conditions.get(name)}

    def situations(self, scenario: Mapping[str, bool]) -> Iterator[Situation]:
        """Yield situations in which each value that a parameter allows is there once, and then every combination.

        Combinations are of the parameters that decide; the others matter by themselves only, and are as they were last.
        """
        allowed = {name: self._possible(scenario, name) for name in self.parameters}
        bound = {name: values for name, values in allowed.items() if values}
        last: dict[str, Bound] = {}
        for number in range(max(map(len, bound.values()), default=0)):
            last = {name: values[number % len(values)] for name, values in bound.items()}
            yield Situation(self.cfn.template, scenario, last)
        deciding = {name: bound[name] for name in self._deciding if name in bound}
        for values in product(*deciding.values()):
            yield Situation(self.cfn.template, scenario, {**last, **dict(zip(deciding, values, strict=True))})

    @property
    def _deciding(self) -> list[str]:
        """Return the parameters that properties are taken from on whose value other properties depend."""
        nodes = self.properties.items() if isinstance(self.properties, Mapping) else ()
        return list(dict.fromkeys(name for key, node in nodes if len(candidates(key)) > 1 for name in mentioned(node)))

    @property
    def parameters(self) -> list[str]:
        """Return the parameters that the properties take values from."""
        return [name for name in dict.fromkeys(mentioned(self.properties)) if parameter(self.cfn, name)]

    def defaults(self, scenario: Mapping[str, bool]) -> Iterator[Situation]:
        """Yield a situation for the default of each parameter that does not say which values it allows.

        An empty one is none: that is how a template says that a value is given only where it is needed.
        """
        for name in self.parameters:
            default = scalar(parameter(self.cfn, name).get("Default"))
            is_taken = isinstance(default, str) and default and not self._allowed(name) and self._is_literal(name)
            if is_taken and self._is_possible(scenario, name, default):
                bound = {name: Bound(default, ("Parameters", name, "Default"))}
                yield Situation(self.cfn.template, scenario, bound)

    def _possible(self, scenario: Mapping[str, bool], name: str) -> list[Bound]:
        return [each for each in self._allowed(name) if self._is_possible(scenario, name, each.value)]

    def _allowed(self, name: str) -> list[Bound]:
        """Return what a parameter allows, where that is the value itself: not the name of another parameter."""
        values = parameter(self.cfn, name).get("AllowedValues")
        if not self._is_literal(name) or not isinstance(values, list):
            return []
        path = ("Parameters", name, "AllowedValues")
        return [Bound(scalar(value), (*path, index)) for index, value in enumerate(values)]

    def _is_literal(self, name: str) -> bool:
        kind = str(parameter(self.cfn, name).get("Type"))
        return not kind.startswith("AWS::SSM::") and "List" not in kind

    def _is_possible(self, scenario: Mapping[str, bool], name: str, value: str) -> bool:
        """Tell whether a parameter can have a value where the conditions are so. Where nobody can tell, it can."""
        try:
            return bool(self.cfn.conditions.satisfiable(dict(scenario), {name: value}))
        except Exception:  # noqa: BLE001 - cfn-lint says so by an exception that it keeps to itself
            return True


def consumers(cfn: Template, exports: Sequence[str], parameters: Sequence[str]) -> list[Consumer]:
    """Return the resources that the provider is asked for.

    exports, parameters: names of exports of CloudFormation and parameters of Systems Manager that hold its ARN.
    """
    found = []
    for logical_id, resource in _section(cfn, "Resources").items():
        if not isinstance(resource, Mapping) or not isinstance(resource.get("Type"), str):
            continue
        properties = resource.get("Properties", {})
        token = properties.get("ServiceToken") if isinstance(properties, Mapping) else None
        if resource["Type"] == TYPE or (_is_custom(resource["Type"]) and _names(cfn, token, exports, parameters)):
            path: Path = ("Resources", logical_id, *(["Properties"] if "Properties" in resource else []))
            condition = resource.get("Condition")
            found.append(Consumer(cfn, logical_id, condition if isinstance(condition, str) else None, properties, path))
    return found


def parameter(cfn: Template, name: str) -> Mapping[str, Any]:
    """Return a parameter's definition; an empty one where there is no such parameter."""
    definition = _section(cfn, "Parameters").get(name)
    return definition if isinstance(definition, Mapping) else {}


def _section(cfn: Template, name: str) -> Mapping[str, Any]:
    section = cfn.template.get(name)
    return section if isinstance(section, Mapping) else {}


def _is_custom(kind: str) -> bool:
    return kind == "AWS::CloudFormation::CustomResource" or kind.startswith("Custom::")


def _names(cfn: Template, token: Any, exports: Sequence[str], parameters: Sequence[str]) -> bool:
    """Tell whether a ServiceToken is this provider's: by its export, its parameter or its function's name."""
    match token:
        case {"Fn::ImportValue": str(export)}:
            return export in exports
        case {"Ref": str(name)}:
            default = parameter(cfn, name).get("Default")
            return isinstance(default, str) and (default in parameters or _names(cfn, default, exports, parameters))
        case {"Fn::Sub": str(text)} | str(text):
            references = [f"{{{{resolve:ssm:{name}" for name in parameters]
            return bool(_FUNCTION.match(text)) or any(
                text in {f"{reference}}}}}", reference} or text.startswith(f"{reference}:") for reference in references
            )
    return False


def _conditions(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, inner in node.items():
            if key == "Fn::If" and isinstance(inner, list) and inner and isinstance(inner[0], str):
                yield inner[0]
            yield from _conditions(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _conditions(inner)
