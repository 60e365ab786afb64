"""Two requests at once, in the orders in which their calls of AWS can meet: all of them for a Delete and its Create."""

import pytest

from tests.fakes import ARN, FakeSourceCredentials
from tests.slots.interleaving import Explorer
from tests.slots.sent import Answer, Event, create, delete, github, owner, run
from tests.slots.world import World


def secrets(world: World) -> None:
    """Make the secrets that the events speak of."""
    for stack in "ab":
        world.secret(f"{stack}-GitHub")


@pytest.mark.parametrize("deaths", [False, True])
def test_a_delete_that_overtakes_its_create(monkeypatch: pytest.MonkeyPatch, *, deaths: bool) -> None:
    """However the two meet, and wherever one of them dies and is run again: nothing is left, and the next is wanted."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        return create("a"), delete("a", "a-GitHub-1ABCDEF")

    def check(world: World, created: Answer, deleted: Answer) -> None:
        assert deleted.status == "SUCCESS"
        assert (world.holder(), world.token()) == (None, None)
        world.agree()
        assert run(world, create("a")) == created, "a duplicate is answered as the first one was"
        assert (world.holder(), world.token()) == (None, None)
        assert run(world, create("a", "another")).status == "SUCCESS"

    explorer = Explorer(monkeypatch, prepare, check, deaths=deaths)
    explorer.explore()
    assert explorer.orders > (120 if deaths else 20)


def test_a_delete_that_overtakes_a_create_which_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, the other stack has its slot and its token again."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        return create("b", ShouldOverwrite="true"), delete("b", "b-GitHub-1ABCDEF")

    def check(world: World, _created: Answer, deleted: Answer) -> None:
        assert deleted.status == "SUCCESS"
        assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
        world.agree()

    Explorer(monkeypatch, prepare, check, deaths=True).explore()


def test_two_stacks_want_one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, one of them has it, says so, and its token is there; the other was refused."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        return create("a"), create("b")

    def check(world: World, first: Answer, second: Answer) -> None:
        world.agree()
        assert sorted([first.status, second.status]) == ["FAILED", "SUCCESS"]
        assert world.holder() == ("a/GitHub" if first.status == "SUCCESS" else "b/GitHub")

    Explorer(monkeypatch, prepare, check, deaths=True).explore()


def test_two_stacks_take_one_slot_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, the later one has the slot, and the other one's Delete changes nothing."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        return create("a", ShouldOverwrite="true"), create("b", ShouldOverwrite="true")

    def check(world: World, first: Answer, second: Answer) -> None:
        world.agree()
        holder = world.holder()
        assert (first.status, second.status) == ("SUCCESS", "SUCCESS")
        loser, answer = ("b", second) if holder == "a/GitHub" else ("a", first)
        run(world, delete(loser, answer.physical_resource_id))
        assert world.holder() == holder
        world.agree()

    Explorer(monkeypatch, prepare, check, deaths=True).explore()


def test_a_delete_meets_another_stacks_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, the stack that takes over has the slot, and nothing goes back to the deleted one."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        return delete("a", ARN), create("b", ShouldOverwrite="true")

    def check(world: World, deleted: Answer, created: Answer) -> None:
        assert (deleted.status, created.status) == ("SUCCESS", "SUCCESS")
        assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
        world.agree()
        run(world, delete("b", ARN))
        assert (world.holder(), world.token()) == (None, None)

    Explorer(monkeypatch, prepare, check, deaths=True).explore()


def test_a_delete_meets_another_stacks_failing_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the two meet, nothing is left: the one is deleted, and what the other claimed is undone."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        return delete("a", ARN), create("b", ShouldOverwrite="true", SecretVersionStage="REFUSED")

    def check(world: World, deleted: Answer, created: Answer) -> None:
        assert (deleted.status, created.status) == ("SUCCESS", "FAILED")
        world.agree()
        assert (world.holder(), world.token()) == (None, None)

    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-b-GitHub"})
    Explorer(monkeypatch, prepare, check, deaths=True).explore()


def test_two_deletes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder and the former holder both go: whichever is first, nothing is left."""

    def prepare(world: World) -> tuple[Event, Event]:
        secrets(world)
        run(world, create("a"))
        run(world, create("b", ShouldOverwrite="true"))
        return delete("a", ARN), delete("b", ARN)

    def check(world: World, first: Answer, second: Answer) -> None:
        assert (first.status, second.status) == ("SUCCESS", "SUCCESS")
        assert (world.holder(), world.token()) == (None, None)
        world.agree()

    Explorer(monkeypatch, prepare, check, deaths=True).explore()


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_duplicate_at_the_same_moment(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
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
        world.agree()
        assert world.token() == {"Create": "a-GitHub", "Update": "b-GitHub", "Delete": None}[kind]

    Explorer(monkeypatch, prepare, check, deaths=True).explore()
