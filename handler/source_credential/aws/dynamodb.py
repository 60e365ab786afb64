"""DynamoDB: items to and from plain values, and conditional writes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from source_credential.aws.errors import call
from source_credential.ports import Conflict

_ATTEMPTS: Final = 6
_BACKOFF_SECONDS: Final = 0.05
# What the SDK does not retry: two transactions that met, and a throttled part of one.
_PASSING: Final = frozenset({"TransactionConflictException", "TransactionConflict", "ThrottlingError"})

_REMEDY: Final = "Deploy the provider's own stack again: it has the table, and its template allows this action."

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize

Item = dict[str, Any]
Result = TypeVar("Result")


def to_item(values: Mapping[str, Any]) -> Item:
    """Return the item of plain values; those that are None are left out."""
    return {name: _serialise(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain values of an item."""
    return {name: _deserialise(value) for name, value in item.items()}


def ask(operation: Callable[[], Result], *, table: str, action: str) -> Result:
    """Return what a call returns.

    Raises Conflict when a condition of a write does not hold, and what `aws_errors.call` raises. Two transactions that
    meet in one item are no conflict but bad luck: the call is made again.
    """
    return call(
        lambda: _undisturbed(operation),
        what=f"Table {table}",
        action=f"dynamodb:{action}",
        denied_remedy=_REMEDY,
    )


def _undisturbed(operation: Callable[[], Result]) -> Result:
    attempt = 0
    while True:
        try:
            return operation()
        except ClientError as error:
            codes = {error.response["Error"]["Code"]}
            codes |= {str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])}
            if codes & {"ConditionalCheckFailedException", "ConditionalCheckFailed"}:
                break
            attempt += 1
            if attempt == _ATTEMPTS or not codes & _PASSING:
                raise
        time.sleep(random.uniform(0, _BACKOFF_SECONDS * 2**attempt))  # noqa: S311 - jitter, no secret
    raise Conflict
