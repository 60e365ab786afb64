"""What the provider would refuse of a resource, in every situation it can be deployed in."""

from collections.abc import Iterator, Mapping, Sequence

from source_credential_lint._consumers import Consumer
from source_credential_lint._properties import Finding, alone, possible, together

Scenario = Mapping[str, bool]


def refused(consumer: Consumer) -> Iterator[tuple[Finding, str]]:
    """Yield each problem once, with what to say of it: the provider's own words, and where it is so, if not always."""
    scenarios = consumer.scenarios()
    found: dict[Finding, list[Scenario]] = {}
    for scenario in scenarios:
        for finding in _in_scenario(consumer, scenario):
            found.setdefault(finding, []).append(scenario)
    for finding, where in found.items():
        yield finding, f"{_told(consumer, finding)}{_where(where, scenarios)}"


def default_refused(consumer: Consumer) -> Iterator[tuple[Finding, str]]:
    """Yield what is refused of a deployment that leaves a parameter as it is, and of no other."""
    told: set[Finding] = set()
    for scenario in consumer.scenarios():
        told.update(_in_scenario(consumer, scenario))
        for situation in consumer.defaults(scenario):
            [default] = situation.parameters.values()
            for finding in alone(possible(consumer, situation)[0]):
                here = finding._replace(path=default.path)
                if finding not in told and here not in told:
                    told.add(here)
                    yield here, _told(consumer, here)


def _in_scenario(consumer: Consumer, scenario: Scenario) -> dict[Finding, None]:
    """Return the problems there are where the conditions are so; a dictionary for its order."""
    found: dict[Finding, None] = {}
    all_of_them = []
    is_whole = False
    for situation in consumer.situations(scenario):
        properties, is_whole = possible(consumer, situation)
        found.update(dict.fromkeys(alone(properties)))
        all_of_them.append(properties)
    if is_whole:
        found.update(dict.fromkeys(together(consumer, all_of_them)))
    return found


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
