"""The provider's table: made without its stack, for `sam local invoke` and for tests; read, and emptied."""

from typing import Any, Final

from local.cloudformation_template import Stack, load
from local.ministack import PROJECT

_WANTED: Final = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")


def create_table(dynamodb: Any, name: str) -> None:  # noqa: ANN401 - boto3's clients have no common type
    """Create the table as template.yaml has it."""
    properties = Stack(load(PROJECT / "template.yaml")).properties("Slots")
    dynamodb.create_table(TableName=name, **{key: properties[key] for key in _WANTED if key in properties})


def items(dynamodb: Any, name: str) -> list[dict[str, Any]]:  # noqa: ANN401 - the same
    """Return all that is in the table, as the client has it: that of a boto3 resource has plain values."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def empty_table(dynamodb: Any, name: str) -> None:  # noqa: ANN401 - the same
    """Delete all that is in the table."""
    for item in items(dynamodb, name):
        dynamodb.delete_item(TableName=name, Key={key: item[key] for key in ("Subject", "What")})
