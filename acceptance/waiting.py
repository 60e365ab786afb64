"""How long anything is waited for: always so many seconds at most, and never once the run is asked to stop.

AWS's own waiters sleep without looking up, so Ctrl-C would have to break into them, and into whatever call is on its
way. Here a signal only asks, and the run stops at its next look: nothing is ever cut off between a call and its note.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeVar

Seen = TypeVar("Seen")


class Interrupted(Exception):
    """The run was asked to stop."""


class TookTooLong(Exception):
    """What was waited for did not come in its time; the text names it."""


class OutOfTime(Exception):
    """The whole run took longer than it may."""


class Waiting:
    """The time that a run has."""

    def __init__(self, seconds: float, asked_to_stop: threading.Event) -> None:
        """Begin it. seconds: what the whole run has, whatever it waits for."""
        self._end = time.monotonic() + seconds
        self._asked_to_stop = asked_to_stop

    def checkpoint(self) -> None:
        """Go on only if nobody has asked to stop, and time is left. Raises Interrupted, OutOfTime."""
        if self._asked_to_stop.is_set():
            raise Interrupted("The run was asked to stop.")
        if time.monotonic() > self._end:
            raise OutOfTime("The whole run took longer than it may.")

    def pause(self, seconds: float) -> None:
        """Sleep, until asked to stop. Raises Interrupted, OutOfTime."""
        self._asked_to_stop.wait(seconds)
        self.checkpoint()

    def until(self, look: Callable[[], Seen | None], what: str, *, seconds: float, every: float = 1.0) -> Seen:
        """Look again and again until there is something to see, and return it.

        Raises TookTooLong, Interrupted, OutOfTime.
        """
        end = time.monotonic() + seconds
        while True:
            self.checkpoint()
            seen = look()
            if seen is not None:
                return seen
            if time.monotonic() > end:
                raise TookTooLong(f"{what} did not come within {seconds:.0f} seconds.")
            self.pause(every)


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_when_asked(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Take Ctrl-C, SIGTERM and SIGHUP as a request to stop, as long as the process lives; give the event that they set.

    The second and third Ctrl-C ask for the same, so they cannot break the removal. One that comes when all is done is
    ignored, so that the exit status still tells how it ended.
    """
    asked = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        again = asked.is_set()
        asked.set()
        say("Everything is being removed; please wait." if again else "Stopping, and then everything is removed.")

    for name in _SIGNALS:
        signal.signal(name, ask)
    try:
        yield asked
    finally:
        for name in _SIGNALS:
            signal.signal(name, signal.SIG_IGN)
