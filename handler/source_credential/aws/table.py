"""The records of slots, over a DynamoDB client: the port SlotTable. Each write is all or nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from source_credential.aws import items
from source_credential.aws.answers import DynamoAnswers
from source_credential.aws.dynamodb import ask, expression, from_item, number, to_item
from source_credential.model import Slot
from source_credential.records import Change, Ending, Mark, Record, lasting_name

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BY_SECRET: Final = "BySecret"  # noqa: S105 - the name of an index

# A transaction has a hundred actions at most; what is not deleted expires.
_MOST_DELETED: Final = 90


class DynamoSlots:
    """The records of slots. Every method raises what `dynamodb.ask` raises, beside what it says."""

    def __init__(self, client: "DynamoDBClient", *, table: str, answers: DynamoAnswers) -> None:
        """Keep the client, the table's name, and the memory of answers, which is in the same table."""
        self._client = client
        self._table = table
        self._answers = answers

    def look(self, slot: Slot) -> Record:
        """Return what is known of a slot, strongly consistent."""
        return items.record_of(slot, self._slot(slot))

    def take_turn(self, slot: Slot, turn_id: str, *, until: float, free_if_ended_before: float) -> Record:
        """Take the turn and return the record. Raises Conflict when somebody else has it.

        An attempt that had its effect, of which the SDK's retry does not know, is told by its id.
        """
        parameters = expression(
            {":turn": turn_id, ":until": number(until), ":before": number(free_if_ended_before)},
            UpdateExpression="SET #TurnId = :turn, #TurnUntil = :until REMOVE #ExpiresAt",
            ConditionExpression="attribute_not_exists(#TurnId) OR #TurnUntil < :before OR #TurnId = :turn",
        )
        answer = self._ask(
            "UpdateItem",
            lambda: self._client.update_item(
                TableName=self._table, Key=items.slot_key(slot), ReturnValues="ALL_NEW", **parameters
            ),
        )
        return items.record_of(slot, from_item(answer["Attributes"]))

    def mark(
        self, slot: Slot, mark: Mark, *, turn_ids: tuple[str, ...], next_turn_id: str, begun: Change | None
    ) -> None:
        """Set a mark and give the turn another id. Raises Conflict when the turn is lost."""
        update = {
            "Key": items.slot_key(slot),
            **_in_turn(
                (*turn_ids, next_turn_id),  # the SDK's retry meets its own first attempt
                {":next": next_turn_id, ":marks": {items.mark_text(mark)}},
                UpdateExpression="SET #TurnId = :next REMOVE #ExpiresAt ADD #Marks :marks",
            ),
        }
        change = self._answers.change(mark.owner, begun) if begun else None
        self._write(update, self._find_by(slot, mark), change)

    def give_back(
        self, record: Record, *, turn_ids: tuple[str, ...], cleared: frozenset[Mark], ending: Ending | None
    ) -> None:
        """Write the record, clear marks, end the request and give the turn back. Raises Conflict."""
        followed = record.top.followed_secret if record.top else None
        expires = None if record.claims or record.marks else self._answers.later()
        values = {
            ":claims": [items.claim_values(claim) for claim in record.claims],
            ":in_codebuild": record.in_codebuild,
            ":turn": turn_ids[-1],
            ":followed": followed,
            ":expires": expires,
            ":cleared": {items.mark_text(mark) for mark in cleared},
        }
        update = {
            "Key": items.slot_key(record.slot),
            **_in_turn(
                turn_ids,
                values,
                UpdateExpression="SET #Claims = :claims, #InCodeBuild = :in_codebuild, #GivenBack = :turn"
                + (", #FollowedSecret = :followed" if followed else "")
                + (", #ExpiresAt = :expires" if expires else "")
                + " REMOVE #TurnId, #TurnUntil"
                + ("" if followed else ", #FollowedSecret")
                + ("" if expires else ", #ExpiresAt")
                + (" DELETE #Marks :cleared" if cleared else ""),
            ),
        }
        found_no_more: list[Any] = [
            {"Delete": {"TableName": self._table, "Key": items.mark_key(record.slot, mark)}}
            for mark in cleared
            if mark.followed
        ][:_MOST_DELETED]
        if ending is None:
            self._write(update, *found_no_more)
            return
        answer = {"Put": self._answers.put_answer(ending.request, ending.answer, turn_ids[-1])}
        change = self._answers.change(ending.request.owner, ending.change)
        self._write(update, answer, change, *found_no_more)

    def was_given_back(self, slot: Slot, turn_ids: tuple[str, ...]) -> bool:
        """Tell whether the turn was the last one to be given back."""
        return self._slot(slot).get("GivenBack") in turn_ids

    def set_mark(self, slot: Slot, mark: Mark) -> None:
        """Set a mark, whoever has the turn."""
        parameters = expression(
            {":marks": {items.mark_text(mark)}}, UpdateExpression="REMOVE #ExpiresAt ADD #Marks :marks"
        )
        self._write({"Key": items.slot_key(slot), **parameters}, self._find_by(slot, mark))

    def followers(self, secret_arn: str) -> Iterator[Slot]:
        """Yield the slots that follow a secret, by the index, which lags behind."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=_BY_SECRET,
            **expression({":secret": lasting_name(secret_arn)}, KeyConditionExpression="#FollowedSecret = :secret"),
        )
        return self._slots(iter(pages), "Query")

    def slots(self) -> Iterator[Slot]:
        """Yield every slot at which there may be something to look after, as of a moment ago."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            **expression(
                {":slot": items.SLOT},
                FilterExpression="#What = :slot AND (attribute_not_exists(#ExpiresAt) OR attribute_exists(#Marks))",
                ProjectionExpression="#Subject",
            ),
        )
        return self._slots(iter(pages), "Scan")

    def _find_by(self, slot: Slot, mark: Mark) -> dict[str, Any] | None:
        """Return the write by which the slot is found by the secret that a mark names."""
        if mark.followed is None:
            return None
        values = {
            **from_item(items.mark_key(slot, mark)),
            "FollowedSecret": mark.followed,
            "ExpiresAt": self._answers.later(),
        }
        return {"Put": {"TableName": self._table, "Item": to_item(values)}}

    def _slots(self, pages: Iterator[Any], action: str) -> Iterator[Slot]:
        """Yield the slots of the pages, one page at a time."""
        while page := self._ask(action, lambda: next(pages, None)):
            for item in page["Items"]:
                try:
                    slot = Slot.parse(from_item(item)["Subject"])
                except ValueError:  # of a newer provider, which knows more server types
                    continue
                yield slot

    def _slot(self, slot: Slot) -> dict[str, Any]:
        key = items.slot_key(slot)
        answer = self._ask(
            "GetItem", lambda: self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        )
        return from_item(answer.get("Item", {}))

    def _write(self, update: Mapping[str, Any], *others: dict[str, Any] | None) -> None:
        """Update a slot's item; with others, all in one transaction. Raises Conflict."""
        more = [other for other in others if other is not None]
        if not more:
            self._ask("UpdateItem", lambda: self._client.update_item(TableName=self._table, **update))
            return
        writes: Any = [{"Update": {"TableName": self._table, **update}}, *more]
        self._ask("UpdateItem", lambda: self._client.transact_write_items(TransactItems=writes))

    def _ask(self, action: str, operation: Callable[[], Any]) -> Any:  # noqa: ANN401 - each call has its own answer
        return ask(operation, table=self._table, action=action)


def _in_turn(turn_ids: tuple[str, ...], values: Mapping[str, Any], **expressions: str) -> dict[str, Any]:
    """Return the parameters of an update that comes true only while the turn has one of these ids."""
    ids = {f":id{number}": turn_id for number, turn_id in enumerate(turn_ids)}
    condition = " OR ".join(f"#TurnId = {name}" for name in ids)
    return expression({**values, **ids}, ConditionExpression=condition, **expressions)
