"""What several unit tests stand on."""

import io
import logging
from collections.abc import Iterator

import pytest

from source_credential.observability import logger
from tests.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of answers."""
    with Receiver() as running:
        yield running


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return all that goes to the log, of the provider and of every library it uses, at the levels they have set."""
    seen = io.StringIO()
    own = logger.registered_handler
    assert isinstance(own, logging.StreamHandler)
    everybodys = logging.StreamHandler(seen)
    before = own.setStream(seen)
    root = logging.getLogger()
    level = root.level
    root.addHandler(everybodys)
    yield seen
    root.removeHandler(everybodys)
    root.setLevel(level)
    own.setStream(before)
