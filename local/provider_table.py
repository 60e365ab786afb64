"""The provider's table without its stack: for `sam local invoke`, and for tests."""

from typing import Any, Final

from local.cloudformation_template import Stack, load
from local.ministack import PROJECT

_WANTED: Final = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")


def create_table(dynamodb: Any, name: str) -> None:  # noqa: ANN401 - boto3's clients have no common type
    """Create the table as template.yaml has it."""
    properties = Stack(load(PROJECT / "template.yaml")).properties("Slots")
    dynamodb.create_table(TableName=name, **{key: properties[key] for key in _WANTED if key in properties})
