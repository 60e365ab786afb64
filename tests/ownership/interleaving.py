"""Runs several requests at once, one call of AWS at a time, in an order that the test decides."""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from source_credential.aws import request_records
from source_credential.slots import ownership, provisioner
from tests.ownership.world import Answer, Check, Event, Killed, Refresh, Step, World, run

_SECONDS = 20


class Run:
    """A request that runs in a thread of its own and stops before each call until it is let go on."""

    def __init__(self, name: str, work: Callable[[Step], Answer]) -> None:
        """Start it; it stops before its first call."""
        self.name = name
        self.answer: Answer | None = None
        self.calls: list[str] = []
        self.next_call = ""
        self.ended = False
        self._dying = False
        self._work = work
        self._may_go = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._await()

    def go(self) -> None:
        """Let it make one call, and wait until it stops before the next one, or ends."""
        self._may_go.release()
        self._await()

    def go_until(self, call: str) -> None:
        """Let it go on until it is about to make this call."""
        while self.next_call != call and not self.ended:
            self.go()

    def finish(self) -> Answer:
        """Let it go on until it ends, and return its answer."""
        while not self.ended:
            self.go()
        assert self.answer is not None
        return self.answer

    def kill(self) -> None:
        """End it where it stands."""
        if not self.ended:
            self._dying = True
            self.go()

    def local_state(self) -> list[str]:
        """Return where it stands and all that its functions know: what its future depends on, beside the world."""
        frame = None if self.ended else sys._current_frames()[self._thread.ident or 0]
        known: list[str] = []
        while frame is not None:
            if "source_credential" in frame.f_code.co_filename:
                values = {name: _plain(value) for name, value in frame.f_locals.items()}
                known.append(f"{frame.f_code.co_qualname}:{frame.f_lineno} {values}")
            frame = frame.f_back
        return known

    def _await(self) -> None:
        assert self._has_stopped.acquire(timeout=_SECONDS), f"{self.name} hangs after {self.calls}"
        if self._error is not None:
            raise self._error

    def _step(self, call: str) -> None:
        self.next_call = call
        self._has_stopped.release()
        self._may_go.acquire()
        if self._dying:
            raise Killed
        self.calls.append(call)

    def _run(self) -> None:
        try:
            self.answer = self._work(self._step)
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - told to the test, which waits
            self._error = error
        self.ended = True
        self._has_stopped.release()


def _plain(value: object) -> str:
    """Return a value as text, and of what has no value but a place in memory its type."""
    if isinstance(value, Mapping):
        return str({key: _plain(member) for key, member in value.items()})
    if isinstance(value, list | tuple | set):
        return str([_plain(member) for member in value])
    if is_dataclass(value) or isinstance(value, str | int | float | None):
        return repr(value)
    return type(value).__name__


def start(world: World, event: Event | Refresh | Check, name: str = "run") -> Run:
    """Start a request in a process of its own."""
    return Run(name, lambda step: run(world, event, step))


@contextmanager
def repeatable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make revisions and times depend on the run and its calls only, so that states can be told to be the same."""
    counts: dict[str, int] = {}

    def revision() -> Any:
        name = threading.current_thread().name
        counts[name] = counts.get(name, 0) + 1
        return SimpleNamespace(hex=f"{name}-{counts[name]}")

    with monkeypatch.context() as patched:
        patched.setattr(ownership, "uuid4", revision)
        patched.setattr(provisioner, "_now", lambda: "2026-01-01T00:00:00+00:00")
        patched.setattr(provisioner, "_PATIENCE_SECONDS", 0.25)  # one look at the first run is enough
        patched.setattr(request_records, "_now", lambda: f"2026-01-01T00:00:00 {threading.current_thread().name}")
        patched.setattr(request_records, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))
        counts.clear()
        yield
