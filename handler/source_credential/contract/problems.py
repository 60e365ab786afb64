"""What an error of the schema means in the words of a template: for the provider's answer, and for the lint before.

It knows no validator. The standard library is enough for it, and Python 3.10: what lints has nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from source_credential.contract.schema import SCHEMA

# What is not shaped like a property's name is not repeated: it could be anything, a token included.
_PROPERTY_NAME = re.compile(r"[A-Za-z]{1,32}")
_BEGINNING_OF_A_TOKEN = re.compile(SCHEMA["definitions"]["notToken"]["not"]["pattern"])
_OF_EVERY_PROPERTY: Final = [SCHEMA["definitions"][name] for name in ("notToken", "notOldToken", "notReference")]

# What helps where a rule has no remedy of its own.
CORRECT_IT: Final = "Correct the template and deploy again."


class SchemaError(NamedTuple):
    """An error as any validator finds it.

    rule: the keyword that is broken. definition: the part of the schema that has it. name: the property; of the
    properties as a whole, anything. value: what was validated.
    """

    rule: str
    definition: Mapping[str, Any]
    name: str
    value: Any


class Problem(NamedTuple):
    """What is wrong with a property, without a final stop, and what to do: whole sentences, or nothing."""

    name: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """Return it as it is told where it is the only one."""
        return f"{self.name}: {self.problem}. {self.remedy or CORRECT_IT}"


def explained(errors: Iterable[SchemaError]) -> list[Problem]:
    """Return one problem per property, in the schema's order. No value is repeated."""
    by_name: dict[str, Problem] = {}
    for error in sorted(errors, key=_rank):
        for problem in _explain(error):
            by_name.setdefault(problem.name, problem)
    order = [*SCHEMA["properties"], *by_name]
    return sorted(by_name.values(), key=lambda problem: order.index(problem.name))


def is_of_the_value_alone(error: SchemaError) -> bool:
    """Tell whether a property's value is wrong whatever the other properties are."""
    own: dict[str, Any] = SCHEMA["properties"].get(error.name, {})
    rules = [
        SCHEMA["definitions"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in own.get("allOf", [])
    ]
    return error.definition in (own, *rules, *_OF_EVERY_PROPERTY)


def _rank(error: SchemaError) -> int:
    """Return which of a property's problems is told: what no property may hold, its own rules, those across."""
    if error.definition in _OF_EVERY_PROPERTY:
        return 0
    return 1 if is_of_the_value_alone(error) else 2


def _explain(error: SchemaError) -> Iterator[Problem]:
    """Yield what an error means in the words of a template: the schema's own texts first."""
    definition = error.definition
    remedy = definition.get("x-remedy", "")
    name = _shown(error.name)
    if error.rule == "required":
        for missing in definition["required"]:
            if missing not in error.value:
                yield Problem(missing, f"is missing: {definition.get('x-required', 'every resource needs it')}", "")
    elif error.rule == "additionalProperties":
        for given in error.value:
            if given not in SCHEMA["properties"]:
                yield _unknown(str(given))
    elif error.rule == "enum" and "x-problem" not in definition:
        yield Problem(name, f"must be one of {', '.join(definition['enum'])}", remedy)
    else:
        yield Problem(name, definition.get("x-problem") or _general_problem(error, definition), remedy)


def _general_problem(error: SchemaError, definition: Mapping[str, Any]) -> str:
    if error.rule == "type":
        expected = definition["type"]
        return f"must be of type {expected if isinstance(expected, str) else ' or '.join(expected)}"
    return f"must be {definition['minLength']} to {definition['maxLength']} characters long"


def _shown(name: str) -> str:
    """Return a property's name for a reader, unless it is not shaped like one."""
    is_shaped = _PROPERTY_NAME.fullmatch(name) and not _BEGINNING_OF_A_TOKEN.match(name)
    return name if is_shaped else "A property"


def _unknown(name: str) -> Problem:
    """Return the problem of a property that is not in the contract, with the known one nearest to it."""
    if _shown(name) != name:
        return Problem(_shown(name), "has a name that Custom::SourceCredential does not know", "Remove it.")
    return Problem(
        name,
        "is not a property of Custom::SourceCredential",
        f"The nearest one it has is {nearest(name, SCHEMA['properties'].keys() - {'Token'})}.",
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return which of the known names is nearest to one that is not among them, in whatever case."""
    from difflib import get_close_matches  # a template that is right does not need it

    by_lower_case = {each.lower(): each for each in sorted(known)}
    [found] = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0)
    return by_lower_case[found]
