"""A CloudFormation template as CloudFormation would see it, once its parameters have values.

Only the intrinsic functions that this project's templates use:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "source-credential",
}
_NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """Reads `!Ref` and its kin into their long form."""


def _tagged(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        message = f"!{tag} of a mapping is used nowhere here"
        raise TypeError(message)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _tagged)


def load(path: Path) -> dict[str, Any]:
    """Return the template at `path` as written, with intrinsic functions in their long form."""
    template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    assert isinstance(template, dict)
    return template


class Stack:
    """A template with its parameters' values; a resource's attribute is shown as `<LogicalId.Attribute>`."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str] | None = None,
        *,
        where: Mapping[str, str] | None = None,
    ) -> None:
        """Take `parameters`, and the default of each one that is not among them.

        where: pseudo parameters that are not as in PSEUDO_PARAMETERS.
        """
        self._template = template
        definitions: Mapping[str, Any] = template.get("Parameters", {})
        given = dict(parameters or {})
        assert given.keys() <= definitions.keys(), "the template has no such parameter"
        self._values: dict[str, Any] = {**PSEUDO_PARAMETERS, **(where or {})}
        for name, definition in definitions.items():
            text = str(given[name] if name in given else definition["Default"])
            # CloudFormation makes of an empty list parameter a list of one empty string.
            is_list = definition["Type"] == "CommaDelimitedList"
            self._values[name] = [part.strip() for part in text.split(",")] if is_list else text

    def properties(self, logical_id: str) -> dict[str, Any]:
        """Return the properties of a resource, every function in them evaluated."""
        properties = self.evaluate(self._template["Resources"][logical_id]["Properties"])
        assert isinstance(properties, dict)
        return properties

    def makes(self, logical_id: str) -> bool:
        """Tell whether the resource is made: it has no condition, or one that holds."""
        condition = self._template["Resources"][logical_id].get("Condition")
        return condition is None or self._holds(condition)

    def output(self, name: str) -> Any:
        """Return the value of an output; None when its condition does not hold, so that the stack has none."""
        output = self._template["Outputs"][name]
        made = "Condition" not in output or self._holds(output["Condition"])
        return self.evaluate(output["Value"]) if made else None

    def evaluate(self, value: object) -> Any:
        """Return `value` with every function in it evaluated; what is AWS::NoValue is left out."""
        if isinstance(value, list):
            items = [self.evaluate(item) for item in value]
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self._function(name, argument)
        members = {key: self.evaluate(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not _NO_VALUE}

    def _function(self, name: str, argument: Any) -> Any:
        result: Any
        match name:
            case "Ref":
                result = _NO_VALUE if argument == "AWS::NoValue" else self._values.get(argument, f"<{argument}>")
            case "Fn::GetAtt":
                result = f"<{'.'.join(argument)}>"
            case "Fn::ImportValue":
                result = f"<import {argument}>"
            case "Fn::Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                values = self._values | self.evaluate(own)
                result = re.sub(r"\$\{([^}]+)\}", lambda found: str(values.get(found[1], f"<{found[1]}>")), text)
            case "Fn::Select":
                result = self.evaluate(argument[1])[argument[0]]
            case "Fn::Join":
                separator, parts = self.evaluate(argument)
                result = separator.join(parts)
            case "Condition" | "Fn::Equals" | "Fn::Not" | "Fn::Or":
                result = self._is_true(name, argument)
            case "Fn::If":
                condition, yes, no = argument
                result = self.evaluate(yes if self._holds(condition) else no)
            case _:
                message = f"{name} is used nowhere here"
                raise NotImplementedError(message)
        return result

    def _is_true(self, name: str, argument: Any) -> bool:
        match name:
            case "Condition":
                return self._holds(argument)
            case "Fn::Equals":  # as text, because a parameter of type Number is text too
                left, right = self.evaluate(argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.evaluate(argument[0])
            case _:
                return any(self.evaluate(argument))

    def _holds(self, condition: str) -> bool:
        return bool(self.evaluate(self._template["Conditions"][condition]))
