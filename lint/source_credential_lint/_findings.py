"""What the provider would refuse of a resource, in every way it can be deployed."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from source_credential_lint._consumers import Consumer
from source_credential_lint._properties import Finding, Way, alone, possible, together

Scenario = Mapping[str, bool]


def refused(consumer: Consumer, ways: Sequence[Way]) -> Iterator[tuple[Finding, str]]:
    """Yield each problem once, with what to say of it: the provider's own words, and where it is so, if not always."""
    found: dict[Finding, list[Scenario]] = {}
    for way in ways:
        for finding in _in_way(consumer, way):
            found.setdefault(finding, []).append(way.scenario)
    for finding, where in found.items():
        yield finding, f"{_told(consumer, finding)}{_where(where, [way.scenario for way in ways])}"


def default_refused(
    consumer: Consumer, ways: Sequence[Way], known: Collection[Finding]
) -> Iterator[tuple[Finding, str]]:
    """Yield what is refused of a deployment that leaves a parameter as it is, and is not known without."""
    told = set(known)
    for way in ways:
        for situation in consumer.defaults(way.scenario):
            [default] = situation.parameters.values()
            for finding in alone(possible(consumer, situation)[0]):
                here = finding._replace(path=default.path)
                if told.isdisjoint({finding, here}):
                    told.add(here)
                    yield here, _told(consumer, here)


def _in_way(consumer: Consumer, way: Way) -> dict[Finding, None]:
    """Return the problems there are where the conditions are so; a dictionary for its order."""
    found = dict.fromkeys(finding for properties in way.found for finding in alone(properties))
    return {**found, **dict.fromkeys(together(consumer, way.found) if way.is_complete else ())}


def _told(consumer: Consumer, finding: Finding) -> str:
    is_elsewhere = finding.path[: len(consumer.path)] != consumer.path
    return f"{finding.problem}{f' It is {consumer.logical_id} that takes it from here.' if is_elsewhere else ''}"


def _where(some: Sequence[Scenario], scenarios: Sequence[Scenario]) -> str:
    """Return the conditions that are the same wherever there is a problem, and not everywhere else."""
    told = " and ".join(
        f"{name} is {str(holds).lower()}"
        for name, holds in some[0].items()
        if all(each[name] is holds for each in some) and not all(each[name] is holds for each in scenarios)
    )
    return f" (Where {told}.)" if told else ""
