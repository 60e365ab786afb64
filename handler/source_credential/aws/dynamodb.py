"""DynamoDB: items to and from plain values, and conditional writes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from source_credential.aws.denials import Caller
from source_credential.aws.errors import call
from source_credential.errors import Throttling
from source_credential.ports import Conflict

_ATTEMPTS: Final = 6
_BACKOFF_SECONDS: Final = 0.05
# What the SDK does not retry: two transactions that met, and a throttled part of one.
_PASSING: Final = frozenset(
    {"TransactionConflictException", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_CONDITION: Final = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed"})

_CALLER: Final = Caller(
    remedy="Deploy the provider's own stack again: it has the table, and its template allows this action."
)

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize

Item = dict[str, Any]
Result = TypeVar("Result")


def to_item(values: Mapping[str, Any]) -> Item:
    """Return the item of plain values; those that are None, or empty sets, are left out: DynamoDB has no empty sets."""
    return {name: _serialise(value) for name, value in values.items() if value is not None and value != set()}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain values of an item."""
    return {name: _deserialise(value) for name, value in item.items()}


def expression(values: Mapping[str, Any], **expressions: str) -> dict[str, Any]:
    """Return the parameters of a call with these expressions, in which `#Name` is an attribute and `:name` a value.

    Every name is given by a placeholder, since many words are reserved.
    """
    names = {found: found[1:] for text in expressions.values() for found in re.findall(r"#\w+", text)}
    return {**expressions, "ExpressionAttributeNames": names, "ExpressionAttributeValues": to_item(values)}


def number(seconds: float) -> Decimal:
    """Return a time as DynamoDB takes numbers, to the millisecond."""
    return Decimal(f"{seconds:.3f}")


def ask(operation: Callable[[], Result], *, table: str, action: str) -> Result:
    """Return what a call returns.

    Raises Conflict when a condition of a write does not hold, and what `errors.call` raises. Two transactions that
    meet in one item are no conflict but bad luck: the call is made again. Raises Throttling when they go on meeting.
    """
    what, action = f"Table {table}", f"dynamodb:{action}"
    return call(
        lambda: _until_alone(operation, what, action),
        what=what,
        action=action,
        caller=_CALLER,
    )


def _until_alone(operation: Callable[[], Result], what: str, action: str) -> Result:
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, _BACKOFF_SECONDS * 2**attempt))  # noqa: S311 - jitter, no secret
        try:
            return operation()
        except ClientError as error:
            codes = {error.response["Error"]["Code"]}
            codes |= {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
            if not codes & (_CONDITION | _PASSING):
                raise
        if codes & _CONDITION:
            raise Conflict
    raise Throttling(what, f"{action} went on meeting other writes", "Deploy again in a few minutes.")
