"""Which conditions of a template can hold together, as cfn-lint's solver knows it."""

from collections.abc import Iterable
from typing import Final

from cfnlint.template import Template

# More scenarios than this are not made: the conditions that are left are in none of them.
_SCENARIOS: Final = 128


def scenarios(cfn: Template, needed: Iterable[str], others: Iterable[str]) -> list[dict[str, bool]]:
    """Return what conditions can come out as together; none where that cannot be.

    needed: those that have to hold. others: those that may; where there are too many, it is not known of some of them.

    One is added after the other, to what can hold together. Asked for all at once, cfn-lint tries 128 combinations: of
    ten conditions that exclude each other, none of the first 128 is possible.
    """
    found = _possible(cfn, {name: {True} for name in sorted(needed)})
    for name in sorted({*others}.difference(needed)):
        if len(found) > _SCENARIOS // 2:
            break
        fixed = [{each: {holds} for each, holds in scenario.items()} for scenario in found]
        found = [extended for each in fixed for extended in _possible(cfn, {**each, name: {True, False}})]
    return found


def _possible(cfn: Template, wanted: dict[str, set[bool]]) -> list[dict[str, bool]]:
    return list(cfn.conditions.build_scenarios(wanted)) if wanted else [{}]
