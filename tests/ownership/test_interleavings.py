"""Two requests at once, in the orders in which their calls of AWS can meet: all of them for a Delete and its Create.

An order of which the beginning leads to a state that was reached before, the world and both runs alike, is not
followed a second time: what can come of it has been tried.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fakes import credential_arn
from tests.ownership.interleaving import Run, repeatable, start
from tests.ownership.world import BINDINGS, REQUESTS, Answer, Check, Event, Refresh, World, github, owner, run

ARN = credential_arn("GITHUB")


@dataclass
class Explorer:
    """Walks the interleavings of two requests; after each one, `check` looks at what has come of it.

    most: no more than so many orders, drawn at random but the same in every run; all there are, when None.
    """

    world: World
    monkeypatch: pytest.MonkeyPatch
    prepare: Callable[[World], tuple[Event | Refresh | Check, Event | Refresh | Check]]
    check: Callable[[World, Answer, Answer], None]
    most: int | None = 40
    orders: int = 0

    def explore(self) -> None:
        """Walk them."""
        seen: set[str] = set()
        waiting: list[list[int]] = [[]]
        draw = random.Random(0)  # noqa: S311 - an order of calls, no secret
        while waiting and self.orders != self.most:
            chosen = draw.randrange(len(waiting))
            waiting[chosen], waiting[-1] = waiting[-1], waiting[chosen]
            waiting += self._follow(waiting.pop(), seen)
            self.orders += 1

    def _follow(self, prefix: list[int], seen: set[str]) -> list[list[int]]:
        """Follow one order to its end, or to where it is known; return the other ways there were on the way."""
        with repeatable(self.monkeypatch):
            world = World(self.world.dynamodb)
            events = self.prepare(world)
            runs = [start(world, event, f"run{number}") for number, event in enumerate(events)]
            order: list[int] = []
            others: list[list[int]] = []
            known = False
            while not known and not all(each.ended for each in runs):
                enabled = [number for number, each in enumerate(runs) if not each.ended]
                if len(order) >= len(prefix):
                    state = json.dumps([[each.local_state() for each in runs], _state(world)])
                    known = state in seen
                    seen.add(state)
                    if not known and len(enabled) > 1:
                        others.append([*order, 1])
                    chosen = enabled[0]
                else:
                    chosen = prefix[len(order)]
                if not known:
                    runs[chosen].go()
                    order.append(chosen)
            for each in runs:
                each.kill()
            first, second = (each.answer for each in runs)
            if not known:
                assert first is not None
                assert second is not None
                try:
                    self.check(world, first, second)
                except AssertionError as error:
                    told = [f"{events[number].kind}: {calls}" for number, calls in _told(order, runs)]
                    raise AssertionError(f"{error}\nanswers {first}, {second}\n" + "\n".join(told)) from error
        return others


def _told(order: list[int], runs: list[Run]) -> list[tuple[int, str]]:
    calls = [iter(each.calls) for each in runs]
    return [(number, next(calls[number])) for number in order]


def _state(world: World) -> Any:
    """Return all there is: both tables and what is in CodeBuild."""
    tables = [world.dynamodb.scan(TableName=table)["Items"] for table in (BINDINGS, REQUESTS)]
    return [sorted(json.dumps(item, sort_keys=True) for item in items) for items in tables], world.codebuild.imported


def create(stack: str, request_id: str = "", **more: str) -> Event:
    """Return a Create."""
    return Event("Create", owner(stack), request_id or f"create-{stack}", github(f"{stack}-GitHub", **more))


def delete(stack: str, physical_resource_id: str) -> Event:
    """Return a Delete."""
    return Event("Delete", owner(stack), f"delete-{stack}", github(f"{stack}-GitHub"), physical_resource_id)


def secrets(world: World) -> None:
    """Make the secrets that the events speak of."""
    for stack in "ab":
        world.secret(f"{stack}-GitHub")


def agree(world: World) -> None:
    """Check that CodeBuild holds what the table says, and that nothing is under way."""
    binding = world.binding()
    assert world.token() == (binding.specification.secret_id if binding else None)
    assert binding is None or binding.state == "ACTIVE"


def test_a_delete_that_overtakes_its_create(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, nothing is left, and the next Create is not taken for the late one."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        return create("a"), delete("a", "a-GitHub-1ABCDEF")

    def check(world: World, created: Answer, deleted: Answer) -> None:
        assert deleted.status == "SUCCESS"
        assert (world.holder(), world.token()) == (None, None)
        agree(world)
        assert run(world, create("a")) == created, "a duplicate is answered as the first one was"
        assert (world.holder(), world.token()) == (None, None)
        assert run(world, create("a", "another")).status == "SUCCESS"

    explorer = Explorer(world, monkeypatch, prepare, check, most=None)
    explorer.explore()
    assert explorer.orders > 300


def test_a_delete_that_overtakes_a_create_which_takes_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, the other stack has its slot and its token again."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        return create("b", ShouldOverwrite="true"), delete("b", "b-GitHub-1ABCDEF")

    def check(world: World, _created: Answer, deleted: Answer) -> None:
        assert deleted.status == "SUCCESS"
        assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
        agree(world)

    Explorer(world, monkeypatch, prepare, check).explore()


def test_two_stacks_want_one_slot(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, one of them has it, says so, and its token is there; the other was refused."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        return create("a"), create("b")

    def check(world: World, first: Answer, second: Answer) -> None:
        agree(world)
        assert sorted([first.status, second.status]) == ["FAILED", "SUCCESS"]
        assert world.holder() == ("a/GitHub" if first.status == "SUCCESS" else "b/GitHub")

    Explorer(world, monkeypatch, prepare, check).explore()


def test_two_stacks_take_one_slot_from_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, the holder was told so, its token is there, and the other's Delete changes nothing."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        return create("a", ShouldOverwrite="true"), create("b", ShouldOverwrite="true")

    def check(world: World, first: Answer, second: Answer) -> None:
        agree(world)
        holder = world.holder()
        assert (first if holder == "a/GitHub" else second).status == "SUCCESS"
        loser, answer = ("b", second) if holder == "a/GitHub" else ("a", first)
        run(world, delete(loser, answer.physical_resource_id))
        assert world.holder() == holder
        agree(world)

    Explorer(world, monkeypatch, prepare, check).explore()


def test_a_delete_meets_another_stacks_takeover(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, the stack that takes over has the slot, and nothing goes back to the deleted one."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        return delete("a", ARN), create("b", ShouldOverwrite="true")

    def check(world: World, deleted: Answer, created: Answer) -> None:
        assert (deleted.status, created.status) == ("SUCCESS", "SUCCESS")
        assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
        agree(world)
        run(world, delete("b", ARN))
        assert (world.holder(), world.token()) == (None, None)

    Explorer(world, monkeypatch, prepare, check).explore()


def test_a_delete_meets_another_stacks_failing_takeover(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, nothing is left: the one is deleted, and what the other claimed is undone."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        return delete("a", ARN), create("b", ShouldOverwrite="true", SecretVersionStage="REFUSED")

    def check(world: World, deleted: Answer, created: Answer) -> None:
        assert (deleted.status, created.status) == ("SUCCESS", "FAILED")
        agree(world)
        assert (world.holder(), world.token()) == (None, None)

    class Refusing(World):
        pass

    monkeypatch.setattr("tests.fakes.FakeSourceCredentials.refused", {"token-of-b-GitHub"})
    Explorer(Refusing(world.dynamodb), monkeypatch, prepare, check).explore()


def test_two_deletes_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder and the former holder both go: whichever is first, nothing is left."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        run(world, create("b", ShouldOverwrite="true"))
        return delete("a", ARN), delete("b", ARN)

    def check(world: World, first: Answer, second: Answer) -> None:
        assert (first.status, second.status) == ("SUCCESS", "SUCCESS")
        assert (world.holder(), world.token()) == (None, None)
        agree(world)

    Explorer(world, monkeypatch, prepare, check).explore()


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_duplicate_at_the_same_moment(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """However the two meet, both give the same answer, and the slot is as after one."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        event = create("a")
        if kind != "Create":
            run(world, event)
            event = delete("a", ARN)
        if kind == "Update":
            event = Event("Update", owner("a"), "update", github("b-GitHub"), ARN, github("a-GitHub"))
        return event, event

    def check(world: World, first: Answer, second: Answer) -> None:
        assert first == second
        assert first.status == "SUCCESS"
        agree(world)
        assert world.token() == {"Create": "a-GitHub", "Update": "b-GitHub", "Delete": None}[kind]

    Explorer(world, monkeypatch, prepare, check).explore()
