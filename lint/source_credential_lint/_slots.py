"""Two resources of one template for one slot: the later one is the holder, and nobody has meant that."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Final

from source_credential_lint._consumers import Consumer
from source_credential_lint._situation import Situation
from source_credential_lint._values import Value

# What says which slot it is: the same in both is the same slot, be it known or not.
_OF_THE_SLOT: Final = ("ServerType", "Region", "RoleArn")


def shared(found: Sequence[Consumer]) -> Iterator[tuple[Consumer, Consumer]]:
    """Yield pairs of resources that are for the same slot wherever both are there, the later one second."""
    alone = [(each, _slots(each)) for each in map(_of_the_slot, found)]
    whole = {each.logical_id: each for each in found}
    for (one, slots), (other, others) in combinations(alone, 2):
        if not slots.isdisjoint(others) and _meet(one, other):  # few pairs are looked at together: that takes time
            yield whole[one.logical_id], whole[other.logical_id]


def _of_the_slot(consumer: Consumer) -> Consumer:
    """Return a resource with what says which slot it is for, so that only conditions of these matter."""
    properties = consumer.properties
    if not isinstance(properties, Mapping) or any(str(name).startswith("Fn::") for name in properties):
        return consumer
    return replace(consumer, properties={name: properties[name] for name in _OF_THE_SLOT if name in properties})


def _slots(consumer: Consumer) -> set[tuple[str, ...]]:
    """Return every slot that a resource can be for, as far as it is known."""
    situations = (Situation(consumer.cfn.template, scenario) for scenario in consumer.scenarios())
    return {slot for situation in situations if (slot := _slot(consumer, situation)) is not None}


def _meet(one: Consumer, other: Consumer) -> bool:
    """Tell whether there is a way in which both are there and for the same slot."""
    for scenario in one.scenarios(other):
        situation = Situation(one.cfn.template, scenario)
        slot = _slot(one, situation)
        if slot is not None and slot == _slot(other, situation):
            return True
    return False


def _slot(consumer: Consumer, situation: Situation) -> tuple[str, ...] | None:
    """Return what tells a resource's slot from others; None where nobody can know."""
    properties = [node for node, _ in situation.branches(consumer.properties, ())]
    if len(properties) != 1 or not isinstance(properties[0], Mapping) or "ServerType" not in properties[0]:
        return None
    told = [_told(properties[0].get(name), situation) for name in _OF_THE_SLOT]
    return None if None in told else tuple(str(each) for each in told)


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
