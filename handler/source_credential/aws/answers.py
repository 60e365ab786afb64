"""The memory of answers and resources, over a DynamoDB client: the port Answers.

An answer that has expired is as good as gone; DynamoDB deletes it later, in no order. What is remembered of a resource
is read until then, because what is added to it is added to what is there:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from source_credential.aws import items
from source_credential.aws.dynamodb import ask, expression, from_item, number, to_item
from source_credential.model import Owner, Request
from source_credential.ports import Conflict
from source_credential.records import Answer, Change, Recollection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Longer than a dead-letter queue keeps an event (14 days), after which nobody can bring it again.
_REMEMBERED_SECONDS: Final = 30 * 24 * 3600


class DynamoAnswers:
    """The memory. Every method raises what `dynamodb.ask` raises."""

    def __init__(self, client: "DynamoDBClient", *, table: str, clock: Callable[[], float]) -> None:
        """Keep the client, the table's name and the clock: seconds since 1970."""
        self._client = client
        self._table = table
        self._clock = clock

    def recall(self, request: Request) -> Recollection:
        """Return what is remembered of a request and its resource, as of now, in one transaction."""
        keys = [items.answer_key(request), items.resource_key(request.owner)]
        gets: Any = [{"Get": {"TableName": self._table, "Key": key}} for key in keys]
        answer = self._ask("GetItem", lambda: self._client.transact_get_items(TransactItems=gets))
        own, resource = [from_item(found.get("Item", {})) for found in answer["Responses"]]
        own = self._if_alive(own)
        return Recollection(
            answer=items.answer_of(own) if own else None,
            turn_id=own.get("TurnId", ""),
            resource=items.resource_of(resource),
        )

    def remember(self, request: Request, answer: Answer, change: Change | None = None) -> Answer:
        """Remember an answer, and what changes with it, unless there is one already; return the one that stands."""
        put: Any = self.put_answer(request, answer, "")
        with suppress(Conflict):
            if change is None:
                self._ask("PutItem", lambda: self._client.put_item(**put))
            else:
                both: Any = [{"Put": put}, self.change(request.owner, change)]
                self._ask("PutItem", lambda: self._client.transact_write_items(TransactItems=both))
            return answer
        return self.recall(request).answer or answer

    def note(self, owner: Owner, change: Change) -> None:
        """Change what is remembered of a resource."""
        update: Any = self.change(owner, change)["Update"]
        self._ask("UpdateItem", lambda: self._client.update_item(**update))

    def awaits_delete(self, owner: Owner) -> bool:
        """Tell whether the last request that was answered is a Create that is not late."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            **expression(
                {":subject": items.subject(owner), ":request": "request "},
                KeyConditionExpression="#Subject = :subject AND begins_with(#What, :request)",
                ProjectionExpression="#RequestType, #AnsweredAt, #IsLate, #ExpiresAt",
            ),
        )
        found = self._ask("Query", lambda: [from_item(item) for page in pages for item in page["Items"]])
        alive = sorted(filter(None, map(self._if_alive, found)), key=lambda values: values["AnsweredAt"])
        return bool(alive) and alive[-1]["RequestType"] == "Create" and not alive[-1]["IsLate"]

    def put_answer(self, request: Request, answer: Answer, turn_id: str) -> dict[str, Any]:
        """Return the parameters of the write that remembers an answer, unless there is one."""
        now = self._clock()
        item = {
            **from_item(items.answer_key(request)),
            **items.answer_values(request, answer, turn_id),
            "AnsweredAt": number(now),
            "ExpiresAt": self.later(),
        }
        condition = expression(
            {":now": number(now)}, ConditionExpression="attribute_not_exists(#Subject) OR #ExpiresAt < :now"
        )
        return {"TableName": self._table, "Item": to_item(item), **condition}

    def change(self, owner: Owner, change: Change) -> dict[str, Any]:
        """Return the part of a transaction that changes what is remembered of a resource."""
        until = change.added.late_create_until
        added, removed = items.resource_sets(change.added), items.resource_sets(change.removed)
        clauses = {
            "SET": [
                *(["#ExpiresAt = :expires"] if change.lasts is False else []),
                *([] if until is None else ["#LateCreateUntil = :until"]),
            ],
            "REMOVE": [
                *(["#ExpiresAt"] if change.lasts else []),
                *([] if change.removed.late_create_until is None else ["#LateCreateUntil"]),
            ],
            "ADD": [f"#{name} :added{name}" for name in added],
            "DELETE": [f"#{name} :removed{name}" for name in removed],
        }
        values = {
            ":expires": self.later() if change.lasts is False else None,
            ":until": None if until is None else number(until),
            **{f":added{name}": members for name, members in added.items()},
            **{f":removed{name}": members for name, members in removed.items()},
        }
        text = " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts)
        parameters = expression(values, UpdateExpression=text)
        if not parameters["ExpressionAttributeValues"]:
            del parameters["ExpressionAttributeValues"]
        return {"Update": {"TableName": self._table, "Key": items.resource_key(owner), **parameters}}

    def later(self) -> int:
        """Return when what is written now is forgotten: seconds since 1970."""
        return int(self._clock()) + _REMEMBERED_SECONDS

    def _if_alive(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values, or none when they have expired."""
        now = self._clock()
        return {} if values.get("ExpiresAt", now) < now else values

    def _ask(self, action: str, operation: Callable[[], Any]) -> Any:  # noqa: ANN401 - each call has its own answer
        return ask(operation, table=self._table, action=action)
