"""The table's items: a slot's record, a request's answer, what is remembered of a resource. Never a token.

Every item has a subject (a slot, or an owner) and says what of it is told.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from source_credential.aws.dynamodb import Item, to_item
from source_credential.model import AuthType, Owner, Request, ServerType, Slot, Specification
from source_credential.records import Answer, Begun, Claim, Mark, Record, Resource

SLOT: Final = "slot"


def slot_key(slot: Slot) -> Item:
    """Return the key of a slot's record."""
    return to_item({"Subject": str(slot), "What": SLOT})


def mark_key(slot: Slot, mark: Mark) -> Item:
    """Return the key of the item by which a slot is found by the secret that a mark names."""
    return to_item({"Subject": str(slot), "What": f"mark {mark.id}"})


def resource_key(owner: Owner) -> Item:
    """Return the key of what is remembered of a resource."""
    return to_item({"Subject": subject(owner), "What": "resource"})


def answer_key(request: Request) -> Item:
    """Return the key of a request's answer."""
    return to_item({"Subject": subject(request.owner), "What": f"request {request.request_id}"})


def subject(owner: Owner) -> str:
    """Return the owner as one string."""
    return f"{owner.stack_id} {owner.logical_resource_id}"


def record_of(slot: Slot, values: Mapping[str, Any]) -> Record:
    """Return the record that an item's values tell of; an empty one where there are none."""
    return Record(
        slot=slot,
        claims=tuple(_claim(value) for value in values.get("Claims", [])),
        in_codebuild=values.get("InCodeBuild", False),
        marks=frozenset(_mark(text) for text in values.get("Marks", ())),
    )


def claim_values(claim: Claim) -> dict[str, Any]:
    """Return the values of a claim."""
    specification = {name: value for name, value in asdict(claim.specification).items() if value is not None}
    values = {
        "StackId": claim.owner.stack_id,
        "LogicalResourceId": claim.owner.logical_resource_id,
        "Specification": specification,
        "Fingerprint": claim.fingerprint,
        "RequestId": claim.request_id,
        "Since": claim.since,
        "Arn": claim.arn,
        "SecretArn": claim.secret_arn,
        "SecretVersionId": claim.secret_version_id,
        "TokenLogin": claim.token_login,
        "TokenExpiresAt": claim.token_expires_at,
    }
    return {name: value for name, value in values.items() if value is not None}


def mark_text(mark: Mark) -> str:
    """Return a mark as text: marks are a set of texts, of which each can be added and removed by itself."""
    values = {name: value for name, value in asdict(mark).items() if name != "text"}
    return mark.text or json.dumps(values, sort_keys=True)


def answer_values(request: Request, answer: Answer, turn_id: str) -> dict[str, Any]:
    """Return the values of an answer; the turn in which it was written tells it from another run's."""
    return {
        "RequestType": request.request_type,
        "TurnId": turn_id,
        "Succeeded": answer.succeeded,
        "Reason": answer.reason,
        "PhysicalResourceId": answer.physical_resource_id,
        "Attributes": answer.attributes,
        "IsLate": answer.is_late,
    }


def answer_of(values: Mapping[str, Any]) -> Answer:
    """Return the answer that an item's values tell of."""
    return Answer(
        succeeded=values["Succeeded"],
        reason=values["Reason"],
        physical_resource_id=values["PhysicalResourceId"],
        attributes=values["Attributes"],
        is_late=values["IsLate"],
    )


def resource_sets(resource: Resource) -> dict[str, set[str]]:
    """Return the sets of what is remembered of a resource, by their names; empty ones are left out."""
    sets = {
        "Slots": {str(slot) for slot in resource.slots},
        "Gone": set(resource.gone),
        "Begun": {" ".join(begun) for begun in resource.begun},
    }
    return {name: members for name, members in sets.items() if members}


def resource_of(values: Mapping[str, Any]) -> Resource:
    """Return what is remembered of a resource."""
    until = values.get("LateCreateUntil")
    return Resource(
        slots=frozenset(Slot.parse(text) for text in values.get("Slots", ())),
        gone=frozenset(values.get("Gone", ())),
        begun=frozenset(_begun(text) for text in values.get("Begun", ())),
        late_create_until=None if until is None else float(until),
    )


def _begun(text: str) -> Begun:
    request_type, request_id, physical_resource_id = text.split(" ", maxsplit=2)
    return Begun(request_type, request_id, physical_resource_id)


def _mark(text: str) -> Mark:
    values = json.loads(text)
    return Mark(
        id=values["id"],
        owner=Owner(**values["owner"]),
        role_arn=values["role_arn"],
        request_id=values["request_id"],
        spare=values["spare"],
        followed=values["followed"],
        text=text,
    )


def _claim(values: Mapping[str, Any]) -> Claim:
    # A newer provider may have written more than is known here.
    known = {one.name for one in fields(Specification)}
    specification = {name: value for name, value in values["Specification"].items() if name in known}
    return Claim(
        owner=Owner(stack_id=values["StackId"], logical_resource_id=values["LogicalResourceId"]),
        specification=Specification(
            **{
                **specification,
                "server_type": ServerType(specification["server_type"]),
                "auth_type": AuthType(specification["auth_type"]),
            }
        ),
        fingerprint=values["Fingerprint"],
        request_id=values["RequestId"],
        since=values["Since"],
        arn=values["Arn"],
        secret_arn=values.get("SecretArn"),
        secret_version_id=values.get("SecretVersionId"),
        token_login=values.get("TokenLogin"),
        token_expires_at=values.get("TokenExpiresAt"),
    )
