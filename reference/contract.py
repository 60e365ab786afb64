"""What the contract says of each property, in the terms of AWS's own resource pages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from source_credential.contract.schema import SCHEMA

NO_INTERRUPTION: Final = "No interruption"
_REFUSED: Final[dict[str, Any]] = {}

Rule = Mapping[str, Any]

# The values that properties have for a rule to hold; none where it is enough that one is given.
Condition = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property.

    required: Yes, No, or Conditional; needed_when, refused_when: the conditions, each the values that other properties
    have then. update: what a change of it requires. default, example: JSON values; None where there is none. remedy:
    what to do where the property's own rules are broken.
    """

    name: str
    description: str
    required: str
    needed_when: tuple[Condition, ...]
    refused_when: tuple[Condition, ...]
    type: str
    allowed_values: tuple[str, ...]
    default: object
    example: object
    pattern: str | None
    minimum: int | None
    maximum: int | None
    update: str
    cli_option: str | None
    remedy: str

    @property
    def is_refused(self) -> bool:
        """Tell whether the property is only there to be refused."""
        return self.required == "Never"

    @property
    def summary(self) -> str:
        """Return the first sentence of the description."""
        return re.split(r"(?<=\.)\s", self.description, maxsplit=1)[0]


class Contract:
    """The schema, read."""

    def __init__(self, schema: Rule | None = None) -> None:
        """Read a schema; the product's own where none is given."""
        self._schema = schema or SCHEMA
        self.description = str(self._schema["description"])
        self.properties = {name: self._property(name, own) for name, own in self._schema["properties"].items()}

    @property
    def usable(self) -> list[Property]:
        """Return the properties that a template may have."""
        return [each for each in self.properties.values() if not each.is_refused]

    def server_types(self, auth_type: str) -> tuple[str, ...]:
        """Return the server types that an auth type works with."""
        for rule in self._rules():
            condition = _condition(rule["if"])
            if condition == {"AuthType": (auth_type,)} and "ServerType" in rule["then"]["properties"]:
                return tuple(rule["then"]["properties"]["ServerType"]["enum"])
        return self.properties["ServerType"].allowed_values

    def is_needed(self, name: str, given: Mapping[str, str]) -> bool:
        """Tell whether a property must stand beside the values that others are given."""
        own = self.properties[name]
        return own.required == "Yes" or any(holds(condition, given) for condition in own.needed_when)

    def _property(self, name: str, own: Rule) -> Property:
        needed, refused = tuple(self._needed_when(name)), tuple(self._refused_when(name))
        required = "Yes" if name in self._schema["required"] or name == "ServiceToken" else "No"
        if own.get("not") == _REFUSED:
            required = "Never"
        elif needed:
            required = "Conditional"
        is_boolean = own.get("allOf") == [{"$ref": "#/definitions/boolean"}]
        return Property(
            name=name,
            description=own["description"],
            required=required,
            needed_when=needed,
            refused_when=refused,
            type="Boolean" if is_boolean else _type(own),
            allowed_values=("true", "false") if is_boolean else tuple(own.get("enum", ())),
            default=own.get("default"),
            example=next(iter(own.get("examples", [])), None),
            pattern=own.get("pattern"),
            minimum=own.get("minLength"),
            maximum=own.get("maxLength"),
            update=own.get("x-update", NO_INTERRUPTION),
            cli_option=own.get("x-cli-option"),
            remedy=own.get("x-remedy", ""),
        )

    def _rules(self) -> Iterator[Rule]:
        return (rule for rule in self._schema["allOf"] if "if" in rule)

    def _needed_when(self, name: str) -> Iterator[Condition]:
        for rule in self._rules():
            if name in rule["then"].get("required", []):
                yield _condition(rule["if"])

    def _refused_when(self, name: str) -> Iterator[Condition]:
        """Yield when a property is refused; of two that exclude each other the rule may stand at either."""
        for rule in self._rules():
            condition = _condition(rule["if"])
            refused = {other for other, each in rule["then"].get("properties", {}).items() if self._refuses(each)}
            if name in refused:
                yield condition
            elif condition == {name: ()}:
                yield from ({other: ()} for other in sorted(refused))

    def _refuses(self, rule: Rule) -> bool:
        if "$ref" in rule:
            rule = self._schema["definitions"][rule["$ref"].rpartition("/")[2]]
        return rule.get("not") == _REFUSED


def _condition(rule: Rule) -> Condition:
    """Return the condition of a rule, from its `if`."""
    tests = rule.get("properties", {})
    return {name: _values(tests.get(name, {})) for name in rule["required"]}


def _values(test: Rule) -> tuple[str, ...]:
    if test.get("$ref") == "#/definitions/true":
        return ("true",)
    return tuple(test["enum"]) if "enum" in test else (test["const"],) if "const" in test else ()


def holds(condition: Condition, given: Mapping[str, str]) -> bool:
    """Tell whether a condition holds beside the values that properties are given."""
    return all(name in given and (not values or given[name] in values) for name, values in condition.items())


def _type(own: Rule) -> str:
    """Return the type as CloudFormation's pages call it."""
    return "Integer" if "integer" in own.get("type", ()) else "String"
