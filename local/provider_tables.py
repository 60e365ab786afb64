"""The provider's tables without its stack: for `sam local invoke`, and for tests."""

from collections.abc import Mapping
from typing import Any, Final

from local.cloudformation_template import Stack, load
from local.ministack import PROJECT

_WANTED: Final = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")


def create_tables(dynamodb: Any, names: Mapping[str, str]) -> None:  # noqa: ANN401 - boto3's clients have no common type
    """Create tables as template.yaml has them. names: the name of each, by its logical id."""
    template = Stack(load(PROJECT / "template.yaml"))
    for logical_id, name in names.items():
        properties = template.properties(logical_id)
        dynamodb.create_table(TableName=name, **{key: properties[key] for key in _WANTED if key in properties})
