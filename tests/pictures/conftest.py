"""An embedded AWS for the tests of the numbers, started once."""

from collections.abc import Iterator

import pytest

from local.embedded_aws import EmbeddedAws


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """Return an embedded AWS, for its CloudWatch."""
    with EmbeddedAws() as started:
        yield started
