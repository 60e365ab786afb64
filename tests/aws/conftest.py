"""The table that the adapters' tests look at: the tests' fake, and DynamoDB's over MiniStack."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.provider_table import empty_table
from tests.aws.tables import Clock, Tables, real
from tests.conftest import TABLE
from tests.fake_table import FakeTable


@pytest.fixture
def empty(dynamodb: Any) -> Iterator[Any]:
    """Return a client of the DynamoDB in which the provider's table is empty, and is emptied afterwards."""
    yield dynamodb
    empty_table(dynamodb, TABLE)


@pytest.fixture(params=["fake", "dynamodb"])
def tables(request: pytest.FixtureRequest) -> Tables:
    """Return the fake, and the adapters over DynamoDB: what one of them promises the other does, too."""
    if request.param == "dynamodb":
        return real(request.getfixturevalue("empty"))
    clock = Clock()
    fake = FakeTable(clock)
    return Tables(fake, fake, clock)
