"""The table of bindings: one item per slot, with its owner and what a refresh needs. Never a token."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from source_credential.aws.dynamodb import Item, ask, from_item, to_item
from source_credential.aws.request_records import ending_update, owner_key, unsettled_update
from source_credential.model import (
    AuthType,
    Binding,
    BindingState,
    Owner,
    Request,
    RequestRecord,
    ServerType,
    Slot,
    Specification,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BY_OWNER: Final = "ByOwner"
_BY_SECRET: Final = "BySecret"  # noqa: S105 - the name of an index


class DynamoBindings:
    """The port Bindings, over a DynamoDB client. A claim and an activation look at the table of requests, too."""

    def __init__(self, client: "DynamoDBClient", *, table: str, requests_table: str) -> None:
        """Keep the client and the tables' names."""
        self._client = client
        self._table = table
        self._requests_table = requests_table

    def get(self, slot: Slot) -> Binding | None:
        """Return the slot's binding, strongly consistent. Raises what `dynamodb.ask` raises."""
        answer = ask(
            lambda: self._client.get_item(TableName=self._table, Key=_key(slot), ConsistentRead=True),
            table=self._table,
            action="GetItem",
        )
        return _binding(from_item(answer["Item"])) if "Item" in answer else None

    def slots_of(self, owner: Owner) -> list[Slot]:
        """Return the slots the owner holds, by the index, which lags behind. Raises what `dynamodb.ask` raises."""
        answer = ask(
            lambda: self._client.query(
                TableName=self._table,
                IndexName=_BY_OWNER,
                KeyConditionExpression="#Owner = :owner",
                ExpressionAttributeNames={"#Owner": "Owner"},
                ExpressionAttributeValues=to_item({":owner": owner_key(owner)}),
            ),
            table=self._table,
            action="Query",
        )
        return [Slot.parse(from_item(item)["Slot"]) for item in answer["Items"]]

    def followers(self, secret_arn: str) -> Iterator[Slot]:
        """Yield the slots that follow a secret, by the index, which lags behind. Raises what `dynamodb.ask` raises."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=_BY_SECRET,
            KeyConditionExpression="FollowedSecret = :secret",
            ExpressionAttributeValues=to_item({":secret": secret_arn}),
        )
        return self._slots(iter(pages), "Query")

    def slots(self) -> Iterator[Slot]:
        """Yield every slot, as of a moment ago. Raises what `dynamodb.ask` raises."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ProjectionExpression="Slot")
        return self._slots(iter(pages), "Scan")

    def _slots(self, pages: Iterator[Any], action: str) -> Iterator[Slot]:
        """Yield the slots of the pages, one page at a time."""
        while page := ask(lambda: next(pages, None), table=self._table, action=action):
            for item in page["Items"]:
                yield Slot.parse(from_item(item)["Slot"])

    def claim(self, binding: Binding, *, over: Binding | None, request: Request) -> None:
        """Put the binding in place of `over`, and note in the request's record what it may now write to.

        Raises Conflict when `over` changed or the request has ended.
        """
        noted = {"TableName": self._requests_table, **unsettled_update(request, binding)}
        self._transact([{"Update": noted}, {"Put": self._put(binding, over)}])

    def activate(self, binding: Binding, record: RequestRecord) -> None:
        """Put the binding, which must still be IMPORTING, and end its request. Raises Conflict."""
        importing = replace(binding, state=BindingState.IMPORTING)
        self._transact(
            [
                {"Put": self._put(binding, importing)},
                {"Update": {"TableName": self._requests_table, **ending_update(record, settled=True)}},
            ]
        )

    def replace(self, standing: Binding, successor: Binding | None) -> None:
        """Put the successor, or nothing, where `standing` must still be. Raises Conflict."""
        if successor is not None:
            put = self._put(successor, standing)
            ask(lambda: self._client.put_item(**put), table=self._table, action="PutItem")
            return
        condition = _unchanged(standing)
        ask(
            lambda: self._client.delete_item(TableName=self._table, Key=_key(standing.slot), **condition),
            table=self._table,
            action="DeleteItem",
        )

    def _put(self, binding: Binding, over: Binding | None) -> dict[str, Any]:
        return {"TableName": self._table, "Item": to_item(_values(binding)), **_unchanged(over)}

    def _transact(self, writes: list[Any]) -> None:
        ask(
            lambda: self._client.transact_write_items(TransactItems=writes),
            table=self._table,
            action="PutItem",
        )


def _unchanged(standing: Binding | None) -> dict[str, Any]:
    """Return the condition that what stands is what was read: a revision is never used twice, a state may go on."""
    if standing is None:
        return {"ConditionExpression": "attribute_not_exists(Slot)"}
    return {
        "ConditionExpression": "Revision = :revision AND #State = :state",
        "ExpressionAttributeNames": {"#State": "State"},
        "ExpressionAttributeValues": to_item({":revision": standing.revision, ":state": standing.state.value}),
    }


def _key(slot: Slot) -> Item:
    return to_item({"Slot": str(slot)})


def _values(binding: Binding) -> dict[str, Any]:
    specification = {name: value for name, value in asdict(binding.specification).items() if value is not None}
    return {
        "Slot": str(binding.slot),
        "Owner": owner_key(binding.owner),
        "StackId": binding.owner.stack_id,
        "LogicalResourceId": binding.owner.logical_resource_id,
        "RequestId": binding.request_id,
        "Revision": binding.revision,
        "State": binding.state.value,
        "Since": binding.since,
        "Specification": specification,
        "Arn": binding.arn,
        "SecretArn": binding.secret_arn,
        "SecretVersionId": binding.secret_version_id,
        "FollowedSecret": binding.secret_arn if binding.specification.followed_label else None,
        "TokenLogin": binding.token_login,
        "TokenExpiresAt": binding.token_expires_at,
        "Adopted": binding.adopted,
        "Disturbed": binding.disturbed or None,
        "Before": None if binding.before is None else _without_none(_values(binding.before)),
    }


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _binding(values: Mapping[str, Any]) -> Binding:
    specification = dict(values["Specification"])
    return Binding(
        slot=Slot.parse(values["Slot"]),
        owner=Owner(stack_id=values["StackId"], logical_resource_id=values["LogicalResourceId"]),
        request_id=values["RequestId"],
        revision=values["Revision"],
        state=BindingState(values["State"]),
        since=values["Since"],
        specification=Specification(
            **{
                **specification,
                "server_type": ServerType(specification["server_type"]),
                "auth_type": AuthType(specification["auth_type"]),
            }
        ),
        arn=values.get("Arn"),
        secret_arn=values.get("SecretArn"),
        secret_version_id=values.get("SecretVersionId"),
        token_login=values.get("TokenLogin"),
        token_expires_at=values.get("TokenExpiresAt"),
        adopted=values["Adopted"],
        disturbed=values.get("Disturbed", False),
        before=_binding(values["Before"]) if "Before" in values else None,
    )
