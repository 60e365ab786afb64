"""The entry for the queue, ready to be sent messages."""

import pytest

from source_credential import wiring
from tests.refresh.entry import Entry
from tests.slots.world import World


@pytest.fixture
def entry(world: World, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """Return the entry with a world behind it."""
    made = Entry(world)
    monkeypatch.setattr(wiring, "logic", made.logic)
    monkeypatch.setattr(wiring, "refresh_queue", lambda: made.queue)
    return made
