"""Walks the orders in which the calls of two runs can meet.

An order of which the beginning leads to a state that was reached before, the world and what both runs have seen alike,
is not followed a second time: what can come of it has been tried.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from source_credential import records
from source_credential.slots import turn, turns
from tests.slots.sent import Answer, Check, Event, Refresh, run
from tests.slots.simulation import Process
from tests.slots.world import World

Sent = Event | Refresh | Check


def start(world: World, event: Sent, name: str = "run") -> Process:
    """Start a run that stops before each call."""
    return Process(world, event, name=name, stops_after=False)


def go_until(process: Process, call: str) -> None:
    """Let a run go on until it is about to make this call."""
    while process.at != call and not process.is_over:
        process.go()


def die(world: World, event: Sent, call: str) -> None:
    """Let a run die when it is about to make this call; its turn ends by itself, and that is waited for."""
    process = start(world, event)
    go_until(process, call)
    process.kill()
    world.pass_time(60)


def finish(process: Process, world: World) -> Answer:
    """Let a run go on until it ends, and return its answer."""
    while not process.is_over:
        world.now = max(world.now, process.wake)
        process.go()
    assert process.answer is not None
    return process.answer


@contextmanager
def repeatable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make ids and pauses depend on the run and its calls only, so that states can be told to be the same."""
    counts: dict[str, int] = {}

    def new_id() -> Any:
        name = threading.current_thread().name
        counts[name] = counts.get(name, 0) + 1
        return SimpleNamespace(hex=f"{name}-{counts[name]}")

    with monkeypatch.context() as patched:
        for module in (records, turn, turns):
            patched.setattr(module, "uuid4", new_id)
        patched.setattr(turns, "random", SimpleNamespace(uniform=lambda _low, high: high))
        yield


@dataclass
class Explorer:
    """Walks all the interleavings of two runs; after each one, `check` looks at what has come of it.

    deaths: one of the two may die before any of its calls; Lambda runs it again a minute later.
    """

    monkeypatch: pytest.MonkeyPatch
    prepare: Callable[[World], tuple[Sent, Sent]]
    check: Callable[[World, Answer, Answer], None]
    deaths: bool = False
    orders: int = 0

    def explore(self) -> None:
        """Walk them."""
        seen: set[str] = set()
        waiting: list[list[int]] = [[]]
        while waiting:
            waiting += self._follow(waiting.pop(), seen)
            self.orders += 1

    def _follow(self, prefix: list[int], seen: set[str]) -> list[list[int]]:
        """Follow one order to its end, or to where it is known; return the other ways there were on the way."""
        with repeatable(self.monkeypatch):
            world = World()
            both = [start(world, event, f"run{number}") for number, event in enumerate(self.prepare(world))]
            order: list[int] = []
            others: list[list[int]] = []
            while not all(each.is_over for each in both):
                enabled = _enabled(world, both)
                if len(order) < len(prefix):
                    chosen = prefix[len(order)]
                else:
                    state = repr([[(each.at, each.results) for each in both], world.table, world.codebuild.imported])
                    if state in seen:
                        for each in both:
                            each.kill()
                        return others
                    seen.add(state)
                    chosen = enabled[0]
                    others += [[*order, other] for other in enabled[1:]]
                    if self.deaths and all(way >= 0 for way in order):
                        others += [[*order, ~dying] for dying, each in enumerate(both) if not each.is_over]
                if chosen >= 0:
                    both[chosen].go()
                else:  # its complement dies
                    both[~chosen].kill()
                order.append(chosen)
            self._look(world, both)
        return others

    def _look(self, world: World, both: list[Process]) -> None:
        for each in both:
            if each.answer is None:
                world.pass_time(60)
                each.answer = run(world, each.event)
        first, second = (each.answer for each in both)
        assert first is not None
        assert second is not None
        try:
            self.check(world, first, second)
        except AssertionError as error:
            told = [f"{each.event}: {each.calls}" for each in both]
            raise AssertionError(f"{error}\nanswers {first}, {second}\n" + "\n".join(told)) from error


def _enabled(world: World, both: list[Process]) -> list[int]:
    """Return which runs can go on; when all of them sleep, time passes."""
    going = [number for number, each in enumerate(both) if not each.is_over]
    awake = [number for number in going if both[number].wake <= world.now]
    if not awake:
        world.now = min(both[number].wake for number in going)
        return _enabled(world, both)
    return awake
