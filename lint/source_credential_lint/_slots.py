"""Two resources of one template for one slot: the later one is the holder, and nobody has meant that."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from source_credential_lint._consumers import Consumer
from source_credential_lint._situation import Situation
from source_credential_lint._values import Value

# What says which slot it is: the same in both is the same slot, be it known or not.
_OF_THE_SLOT: Final = ("ServerType", "Region", "RoleArn")


def shared(found: Sequence[Consumer]) -> Iterator[tuple[Consumer, Consumer]]:
    """Yield pairs of resources that are for the same slot wherever both are there, the later one second."""
    for one, other in combinations(found, 2):
        for scenario in one.scenarios(other):
            situation = Situation(one.cfn.template, scenario)
            slot = _slot(one, situation)
            if slot is not None and slot == _slot(other, situation):
                yield one, other
                break


def _slot(consumer: Consumer, situation: Situation) -> list[str] | None:
    """Return what tells a resource's slot from others; None where nobody can know."""
    properties = [node for node, _ in situation.branches(consumer.properties, ())]
    if len(properties) != 1 or not isinstance(properties[0], Mapping) or "ServerType" not in properties[0]:
        return None
    told = [_told(properties[0].get(name), situation) for name in _OF_THE_SLOT]
    return None if None in told else [str(each) for each in told]


def _told(node: Any, situation: Situation) -> str | None:
    """Return a text that is the same where the value is; an absent one, and the stack's own region, have their own."""
    if node in (None, {"Ref": "AWS::Region"}):  # a function is called by stacks of its own region
        return ""
    match situation.values(node, ()):
        case [None]:
            return ""
        case [Value(value=value, is_known=True)]:
            return f"={value}"
        case [_]:
            return json.dumps([node for node, _ in situation.branches(node, ())], sort_keys=True, default=str)
    return None


def told(one: Consumer, other: Consumer) -> str:
    """Return what to say of two resources for one slot."""
    return (
        f"ServerType: {other.logical_id} is for the same slot as {one.logical_id}: CodeBuild keeps one credential per "
        "account, region and server type, and the later one is the holder. Name each slot once."
    )
