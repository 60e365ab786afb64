"""How a function starts. Standard library only."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Let what is loaded within stay out of the garbage collector's way, for it stays as long as the process.

    To look for garbage among it finds nothing, again and again: a tenth of a cold start, and a little of each request.
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
