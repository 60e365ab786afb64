"""What the provider would say of a resource's properties.

A value that is wrong by itself is told wherever it may come from. What depends on several properties is told only where
no combination of what they can be is right, and then of the one that is nearest to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, product
from typing import Any, Final, NamedTuple

from source_credential.contract.problems import Problem, explained, is_of_the_value_alone
from source_credential.contract.schema import SCHEMA
from source_credential_lint._consumers import Consumer
from source_credential_lint._contract import candidates, errors
from source_credential_lint._situation import Situation
from source_credential_lint._values import Path, Value

# A template whose conditions and allowed values make more situations than this is looked at in these only.
_SITUATIONS: Final = 8192
# Where more combinations than this are all wrong, nothing is said of what depends on several properties.
_COMBINATIONS: Final = 256

_TOKENS: Final[list[str]] = [
    definition["x-problem"]
    for definition in (
        SCHEMA["definitions"]["notToken"],
        SCHEMA["definitions"]["notOldToken"],
        SCHEMA["properties"]["Token"],
    )
]
_REFERENCE: Final[str] = SCHEMA["definitions"]["notReference"]["x-problem"]

# The values of each property; None is that it is not there.
Possible = Mapping[str, list[Value | None]]


class Finding(NamedTuple):
    """A problem, and where it stands in the template."""

    path: Path
    problem: Problem

    @property
    def is_token(self) -> bool:
        """Tell whether a token stands in the template."""
        return self.problem.problem in _TOKENS

    @property
    def is_reference(self) -> bool:
        """Tell whether it is a reference that nobody resolves."""
        return self.problem.problem == _REFERENCE


class Way(NamedTuple):
    """A way in which the conditions of a template can come out, and what the properties can be then.

    scenario: the conditions. found: the properties, for each combination of the parameters. is_whole: these are all of
    the properties. is_complete: and all of the combinations.
    """

    scenario: Mapping[str, bool]
    found: list[Possible]
    is_whole: bool
    is_complete: bool


def ways(consumer: Consumer) -> list[Way]:
    """Return every way in which a resource can be deployed; where there are too many, as many as can be looked at."""
    scenarios = consumer.scenarios()
    return [_way(consumer, scenario, limit=_SITUATIONS // len(scenarios)) for scenario in scenarios]


def _way(consumer: Consumer, scenario: Mapping[str, bool], limit: int) -> Way:
    situations = consumer.situations(scenario)
    found = [possible(consumer, situation) for situation in islice(situations, limit)]
    is_whole = all(is_whole for _, is_whole in found)
    is_complete = is_whole and next(situations, None) is None
    return Way(scenario, [properties for properties, _ in found], is_whole=is_whole, is_complete=is_complete)


def possible(consumer: Consumer, situation: Situation) -> tuple[Possible, bool]:
    """Return what each property can be in a situation, and whether these are all of the properties."""
    found: dict[str, list[Value | None]] = {}
    branches = list(situation.branches(consumer.properties, consumer.path))
    is_whole = len(branches) == 1
    for node, path in branches:
        if not isinstance(node, Mapping) or list(node) == ["Ref"]:
            is_whole = False
            continue
        for name, inner in node.items():
            if str(name).startswith("Fn::"):  # what it brings is known to CloudFormation only
                is_whole = False
            else:
                found.setdefault(name, []).extend(situation.values(inner, (*path, name)))
    return found, is_whole


def alone(found: Possible) -> Iterator[Finding]:
    """Yield what is wrong with values by themselves, whatever the others are."""
    for name, values in found.items():
        for value in values:
            if value is None:
                continue
            for text in [value.value] if value.is_known else value.texts:
                for problem in _of_text(name, text) if isinstance(text, str) else _of_value(name, text):
                    finding = Finding(value.path, problem)
                    # Of what is not known as a whole can only be told what must not stand anywhere.
                    if value.is_known or finding.is_token or finding.is_reference:
                        yield finding


def _of_value(name: str, value: Any) -> list[Problem]:
    return explained(error for error in errors({name: value}) if is_of_the_value_alone(error))


_of_text = lru_cache(_of_value)  # the same in many situations


def together(consumer: Consumer, situations: Iterable[Possible]) -> list[Finding]:
    """Return what is wrong with properties in all of the situations, in the one that is nearest to being right."""
    nearest: list[Finding] = []
    seen: set[str] = set()
    for combination in (each for found in situations for each in _combinations(found)):
        essence = str({name: value.value if len(candidates(name)) > 1 else "" for name, value in combination.items()})
        if essence in seen:
            continue
        seen.add(essence)
        findings = list(_wrong(consumer, combination))
        if not findings or len(seen) > _COMBINATIONS:
            return []
        if not nearest or len(findings) < len(nearest):
            nearest = findings
    return nearest


def _combinations(found: Possible) -> Iterator[dict[str, Value]]:
    """Yield every combination; what is not known is each of its candidates."""
    choices = [[choice for value in values for choice in _choices(name, value)] for name, values in found.items()]
    for combination in product(*choices):
        yield {name: value for name, value in zip(found, combination, strict=True) if value is not None}


def _choices(name: str, value: Value | None) -> list[Value | None]:
    if value is None or value.is_known:
        return [value]
    return [value._replace(value=candidate) for candidate in candidates(name)]


def _wrong(consumer: Consumer, combination: Mapping[str, Value]) -> Iterator[Finding]:
    """Yield what is wrong with a combination, but for what is wrong with its values alone: that has been told."""
    found = list(errors({name: value.value for name, value in combination.items()}))
    known = {name for name, value in combination.items() if value.is_known}
    told = {problem.name for problem in explained(e for e in found if e.name in known and is_of_the_value_alone(e))}
    # What stands for a value that is not known may be refused where any value is, and not for what it is itself.
    kept = (e for e in found if e.name in known or e.rule == "not" or not is_of_the_value_alone(e))
    for problem in explained(kept):
        if problem.name not in told:
            yield Finding(_place(consumer, combination, problem.name), problem)


def _place(consumer: Consumer, combination: Mapping[str, Value], name: str) -> Path:
    """Return where a property stands in the resource; where it is missing, where it should."""
    if name not in combination:
        return consumer.path
    path = combination[name].path
    return path if path[:1] == ("Resources",) else (*consumer.path, name)
