"""The contract, as the provider has it: what is wrong with properties whose values are known.

cfn-lint brings a copy of the package jsonschema, made over for templates. Of that the plain keywords are taken, so that
nothing has to be installed beside cfn-lint; docs/decisions/0008-lint.md says why.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cfnlint.jsonschema import StandardValidator, ValidationError

from source_credential.contract.problems import SchemaError
from source_credential.contract.schema import SCHEMA


class _AsItStands:
    """Takes values as they are: cfn-lint's own filter looks for functions and references, which are resolved here."""

    def filter(self, validator: Any, instance: Any, schema: Any) -> Iterator[tuple[Any, Any, Any]]:
        yield instance, schema, validator

    def evolve(self, **_: Any) -> "_AsItStands":
        return self


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Let `$` be the end, as in JSON Schema and in the provider; in Python a new line may follow it."""
    if isinstance(instance, str) and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), instance):
        yield ValidationError("does not match")


def _enum(_validator: Any, values: Sequence[Any], instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """Compare as JSON Schema and the provider do; for cfn-lint any text but "true" is the same as "false"."""
    if instance not in values:
        yield ValidationError("is another value")


def _const(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    yield from _enum(validator, [value], instance, schema)


_VALIDATOR: Final = StandardValidator({}).extend(
    validators={"pattern": _pattern, "enum": _enum, "const": _const},
    function_filter=_AsItStands(),
)(SCHEMA)


def errors(properties: Mapping[str, Any]) -> Iterator[SchemaError]:
    """Yield what the schema has against properties, every scalar a string, as the provider gets it."""
    for error in _VALIDATOR.iter_errors(properties):
        name = str(error.path[-1]) if error.path else ""
        yield SchemaError(str(error.validator), error.schema, name, error.instance)


def candidates(name: str) -> tuple[str, ...]:
    """Return values that stand for all that a property can have, as far as other properties depend on it.

    One that is neither one of a few words nor true or false matters to others only by being there.
    """
    definition = SCHEMA["properties"].get(name, {})
    if {"$ref": "#/definitions/boolean"} in definition.get("allOf", ()):
        return ("true", "false")
    return tuple(definition.get("enum", ("x",)))
