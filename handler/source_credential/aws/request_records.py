"""The table of requests: what became of each, for as long as Lambda or a redriven queue may bring it again."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from source_credential.aws.dynamodb import Item, ask, from_item, to_item
from source_credential.model import Begun, Binding, Owner, Request, RequestRecord, RequestStatus, Slot, Target
from source_credential.ports import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than a dead-letter queue keeps an event (14 days), after which nobody can bring it again.
_REMEMBERED_SECONDS: Final = 30 * 24 * 3600

# Sorted with the owner's requests: a Create that CloudFormation gave up before it began may yet arrive. Lambda drops an
# event after an hour (MaximumEventAgeInSeconds in the template).
_EXPECTED_CREATE: Final = "expected-create"
_EVENT_AGE_SECONDS: Final = 3600


def owner_key(owner: Owner) -> str:
    """Return the owner as one string."""
    return f"{owner.stack_id} {owner.logical_resource_id}"


def request_key(owner: Owner, request_id: str) -> Item:
    """Return the key of a request's item."""
    return to_item({"Owner": owner_key(owner), "RequestId": request_id})


def unsettled_update(request: Request, binding: Binding) -> dict[str, Any]:
    """Return the update that notes what a request which has not ended may now write to: key, expression, condition."""
    return {
        "Key": request_key(request.owner, request.request_id),
        "UpdateExpression": "SET Unsettled = :target, Adopted = :adopted",
        "ConditionExpression": "#Status = :started",
        "ExpressionAttributeNames": {"#Status": "Status"},
        "ExpressionAttributeValues": to_item(
            {
                ":target": _target_value(binding.target),
                ":adopted": binding.adopted,
                ":started": RequestStatus.STARTED.value,
            }
        ),
    }


def ending_update(record: RequestRecord, *, settled: bool) -> dict[str, Any]:
    """Return the update that ends a request which has not ended: key, expression, condition."""
    return {
        "Key": request_key(record.request.owner, record.request.request_id),
        "UpdateExpression": (
            "SET #Status = :status, Reason = :reason, PhysicalResourceId = :id, #Attributes = :attributes, "
            f"ExpiresAt = :expires{' REMOVE Unsettled' if settled else ''}"
        ),
        "ConditionExpression": "#Status = :started",
        "ExpressionAttributeNames": {"#Status": "Status", "#Attributes": "Attributes"},
        "ExpressionAttributeValues": to_item(
            {
                ":status": record.status.value,
                ":started": RequestStatus.STARTED.value,
                ":reason": record.reason,
                ":id": record.physical_resource_id,
                ":attributes": record.attributes,
                ":expires": int(time.time()) + _REMEMBERED_SECONDS,
            }
        ),
    }


class DynamoRequests:
    """The port Requests, over a DynamoDB client."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Keep the client and the table's name."""
        self._client = client
        self._table = table

    def begin(self, request: Request, *, target: Target | None, expected: bool) -> Begun:
        """Return the record of the request, made now if there is none, and what earlier ones left unfinished.

        A Create writes its own item first and then reads, a Delete that may overtake it writes that it expects a
        Create, and then reads, strongly consistent: in whatever order they meet, one of the two sees the other.
        Raises what `dynamodb.ask` raises.
        """
        if request.request_type == "Delete":
            return self._begin_delete(request, expected=expected)
        return self._begin_import(request, target)

    def recall(self, request: Request) -> RequestRecord:
        """Return the record of the request, strongly consistent. Raises what `dynamodb.ask` raises."""
        item = self._get(request.owner, request.request_id)
        return _record(item) if item else RequestRecord(request=request, status=RequestStatus.CANCELLED)

    def knows(self, owner: Owner, request_id: str) -> bool:
        """Tell whether a request is remembered. Raises what `dynamodb.ask` raises."""
        return self._get(owner, request_id) is not None

    def end(self, record: RequestRecord, *, settled: bool = True) -> RequestRecord:
        """Remember how a request ended; return the record that stands. Raises what `dynamodb.ask` raises."""
        update = ending_update(record, settled=settled)
        try:
            return self._update(update)
        except Conflict:
            return self.recall(record.request)

    def settle(self, request: Request, *, withdrawn: bool = False) -> None:
        """Remember that nothing is unsettled, or was taken back by another. Raises what `dynamodb.ask` raises."""
        values = to_item({":true": True}) if withdrawn else None
        with suppress(Conflict):  # forgotten, after 30 days
            self._update(
                {
                    "Key": request_key(request.owner, request.request_id),
                    "UpdateExpression": "SET Withdrawn = :true" if withdrawn else "REMOVE Unsettled",
                    "ConditionExpression": "attribute_exists(RequestId)",
                    **({"ExpressionAttributeValues": values} if values else {}),
                }
            )

    def of_owner(self, owner: Owner) -> list[RequestRecord]:
        """Return the owner's records, the oldest first. Raises what `dynamodb.ask` raises."""
        return _records(self._query(owner))

    def _begin_import(self, request: Request, target: Target | None) -> Begun:
        own = RequestRecord(request=request, status=RequestStatus.STARTED, started_at=_now(), target=target)
        self._put_new(own)
        items = self._query(request.owner)
        records = _records(items)
        [own] = [record for record in records if record.request.request_id == request.request_id]
        if own.status is not RequestStatus.STARTED:
            return Begun(record=own)
        others = [record for record in records if record is not own]
        overtaken = request.request_type == "Create" and _expects_create(items) and self._forget_expected(request.owner)
        if overtaken or _is_deleted(request, others):
            return Begun(record=self.end(replace(own, status=RequestStatus.CANCELLED), settled=False))
        return Begun(record=own, unfinished=self._cancel([other for other in others if _is_before(other, own)]))

    def _begin_delete(self, request: Request, *, expected: bool) -> Begun:
        records = self.of_owner(request.owner)
        if not expected and not any(record.request.request_id == request.request_id for record in records):
            self._put(
                {"Owner": owner_key(request.owner), "RequestId": _EXPECTED_CREATE, **_expiring(_EVENT_AGE_SECONDS)}
            )
            records = self.of_owner(request.owner)
        imports = [record for record in records if record.request.request_type != "Delete"]
        self._put_new(
            RequestRecord(
                request=request,
                status=RequestStatus.STARTED,
                started_at=_now(),
                older=tuple(record.request.request_id for record in imports),
            )
        )
        own = self.recall(request)
        if own.status is not RequestStatus.STARTED:
            return Begun(record=own)
        if not expected and _has_unanswered_create(records, own):
            self._forget_expected(request.owner)
        return Begun(
            record=own,
            unfinished=self._cancel([record for record in imports if record.request.request_id in own.older]),
        )

    def _cancel(self, records: list[RequestRecord]) -> tuple[RequestRecord, ...]:
        """Cancel those that have not ended; return those that may have left something behind."""
        ended = [
            self.end(replace(record, status=RequestStatus.CANCELLED), settled=False)
            if record.status is RequestStatus.STARTED
            else record
            for record in records
        ]
        return tuple(record for record in ended if record.unsettled and not record.withdrawn)

    def _forget_expected(self, owner: Owner) -> bool:
        """Forget that a Create may yet come; return whether it was this call that forgot it."""
        write = {
            "TableName": self._table,
            "Key": request_key(owner, _EXPECTED_CREATE),
            "ConditionExpression": "attribute_exists(RequestId)",
        }
        try:
            # A transaction, because the SDK's own retry of one is no second attempt: who has deleted it must know.
            ask(
                lambda: self._client.transact_write_items(TransactItems=[{"Delete": write}]),  # type: ignore[typeddict-item]
                table=self._table,
                action="DeleteItem",
            )
        except Conflict:
            return False
        return True

    def _get(self, owner: Owner, request_id: str) -> dict[str, Any] | None:
        key = request_key(owner, request_id)
        answer = ask(
            lambda: self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True),
            table=self._table,
            action="GetItem",
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def _update(self, update: Mapping[str, Any]) -> RequestRecord:
        """Change an item and return it as it is then. Raises Conflict."""
        answer = ask(
            lambda: self._client.update_item(TableName=self._table, ReturnValues="ALL_NEW", **update),
            table=self._table,
            action="UpdateItem",
        )
        return _record(from_item(answer["Attributes"]))

    def _put_new(self, record: RequestRecord) -> None:
        with suppress(Conflict):  # begun before: by a duplicate, or by a run that died
            self._put(_values(record), "attribute_not_exists(RequestId)")

    def _put(self, values: Mapping[str, Any], condition: str | None = None) -> None:
        more: Any = {"ConditionExpression": condition} if condition else {}
        item = to_item(values)
        ask(
            lambda: self._client.put_item(TableName=self._table, Item=item, **more),
            table=self._table,
            action="PutItem",
        )

    def _query(self, owner: Owner) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="#Owner = :owner",
            ExpressionAttributeNames={"#Owner": "Owner"},
            ExpressionAttributeValues=to_item({":owner": owner_key(owner)}),
        )
        return ask(
            lambda: [from_item(item) for page in pages for item in page["Items"]],
            table=self._table,
            action="Query",
        )


def _expects_create(items: list[dict[str, Any]]) -> bool:
    """Tell whether a Delete has come whose Create has not."""
    return any(item["RequestId"] == _EXPECTED_CREATE and int(item["ExpiresAt"]) > time.time() for item in items)


def _has_unanswered_create(records: list[RequestRecord], own: RequestRecord) -> bool:
    """Tell whether a Create is known that no earlier Delete has dealt with: then no other one is to come."""
    dealt_with = {
        request_id
        for record in records
        if record.request.request_type == "Delete" and record.request.request_id != own.request.request_id
        for request_id in record.older
    }
    return any(
        record.request.request_type == "Create" and record.request.request_id not in dealt_with for record in records
    )


def _is_deleted(request: Request, others: list[RequestRecord]) -> bool:
    """Tell whether the physical id of an Update has been deleted since it was last given: it comes too late."""
    given_id = request.physical_resource_id
    if request.request_type != "Update" or not given_id:
        return False
    said = [
        record
        for record in others
        if (record.request.request_type == "Delete" and record.request.physical_resource_id == given_id)
        or (record.request.request_type != "Delete" and record.physical_resource_id == given_id)
    ]
    return bool(said) and said[-1].request.request_type == "Delete"


def _is_before(other: RequestRecord, own: RequestRecord) -> bool:
    """Tell whether a Create or Update began before another one; each of the two sees the same order."""
    return other.request.request_type != "Delete" and (other.started_at, other.request.request_id) < (
        own.started_at,
        own.request.request_id,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _expiring(seconds: int) -> dict[str, int]:
    return {"ExpiresAt": int(time.time()) + seconds}


def _target_value(target: Target) -> dict[str, str]:
    return {"Slot": str(target.slot), **({"RoleArn": target.role_arn} if target.role_arn else {})}


def _target(value: Mapping[str, str] | None) -> Target | None:
    return Target(slot=Slot.parse(value["Slot"]), role_arn=value.get("RoleArn")) if value else None


def _values(record: RequestRecord) -> dict[str, Any]:
    request = record.request
    return {
        "Owner": owner_key(request.owner),
        "RequestId": request.request_id,
        "StackId": request.owner.stack_id,
        "LogicalResourceId": request.owner.logical_resource_id,
        "RequestType": request.request_type,
        "GivenId": request.physical_resource_id,
        "Wanted": request.wanted,
        "Had": request.had,
        "Status": record.status.value,
        "StartedAt": record.started_at,
        "Target": _target_value(record.target) if record.target else None,
        "Older": list(record.older),
        **_expiring(_REMEMBERED_SECONDS),
    }


def _records(items: list[dict[str, Any]]) -> list[RequestRecord]:
    records = [_record(item) for item in items if item["RequestId"] != _EXPECTED_CREATE]
    return sorted(records, key=lambda record: (record.started_at, record.request.request_id))


def _record(values: Mapping[str, Any]) -> RequestRecord:
    return RequestRecord(
        request=Request(
            owner=Owner(stack_id=values["StackId"], logical_resource_id=values["LogicalResourceId"]),
            request_id=values["RequestId"],
            request_type=values["RequestType"],
            physical_resource_id=values["GivenId"],
            wanted=values["Wanted"],
            had=values["Had"],
        ),
        status=RequestStatus(values["Status"]),
        started_at=values["StartedAt"],
        target=_target(values.get("Target")),
        older=tuple(values["Older"]),
        unsettled=_target(values.get("Unsettled")),
        adopted=values.get("Adopted", False),
        withdrawn=values.get("Withdrawn", False),
        reason=values.get("Reason", ""),
        physical_resource_id=values.get("PhysicalResourceId", ""),
        attributes=values.get("Attributes", {}),
    )
