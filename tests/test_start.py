"""How a function starts: what it loads stays, so the garbage collector does not look at it."""

import gc

import pytest

from source_credential.start import loading


def test_nothing_is_collected_while_the_function_loads() -> None:
    """And nothing of it is looked at later; the collector is at work again afterwards."""
    frozen = gc.get_freeze_count()
    with loading():
        assert not gc.isenabled()
        kept: list[list[int]] = [[] for _ in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(kept)
    gc.unfreeze()


def test_a_start_that_fails_leaves_the_collector_at_work() -> None:
    """Its requests are answered by the same process."""
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()
