"""A rotation meets other requests, and dies."""

from collections.abc import Callable

import pytest

from tests.fakes import ARN, V2, VERSION_ID, FakeSourceCredentials, secret_arn
from tests.slots.interleaving import Explorer, finish, go_until, start
from tests.slots.sent import (
    BUSY,
    LEFT_ALONE,
    REFRESHED,
    Answer,
    Check,
    Event,
    Refresh,
    Stack,
    create,
    delete,
    github,
    owner,
    run,
)
from tests.slots.test_rotation import ROTATED, SECRET, rotated
from tests.slots.world import SLOT, Killed, World, kill_before

# What else may happen while a slot is refreshed, and what then must be there: holder and secret.
MEETINGS: dict[str, tuple[Callable[[], Event | Refresh | Check], tuple[str | None, str | None]]] = {
    "an update": (
        lambda: Event("Update", owner("a"), "update", github("new"), ARN, github(SECRET)),
        ("a/GitHub", "new"),
    ),
    "an update that keeps the secret": (
        lambda: Event("Update", owner("a"), "update", github(SECRET, FollowRotation="false"), ARN, github(SECRET)),
        ("a/GitHub", SECRET),
    ),
    "a delete": (lambda: delete("a", ARN), (None, None)),
    "a takeover": (lambda: create("b", ShouldOverwrite="true"), ("b/GitHub", "b-GitHub")),
    "a takeover that is refused": (
        lambda: Event("Create", owner("c"), "create-c", github("refused", ShouldOverwrite="true")),
        ("a/GitHub", SECRET),
    ),
    "another refresh": (lambda: ROTATED, ("a/GitHub", SECRET)),
    "a check": (Check, ("a/GitHub", SECRET)),
}


@pytest.mark.parametrize("name", MEETINGS)
@pytest.mark.parametrize("message", [ROTATED, Check()], ids=["refresh", "check"])
def test_whoever_meets_a_refresh_table_and_codebuild_agree_afterwards(
    monkeypatch: pytest.MonkeyPatch, name: str, message: Refresh | Check
) -> None:
    """In whatever order their calls come, and wherever one of the two dies; one that was busy comes again."""
    other, expected = MEETINGS[name]

    def prepare(world: World) -> tuple[Event | Refresh | Check, Event | Refresh | Check]:
        for secret in ("new", "b-GitHub", "refused"):
            world.secret(secret)
        rotated(world, Stack(world, "a"))
        return message, other()

    def check(world: World, refreshed: Answer, met: Answer) -> None:
        answers = [
            run(world, sent) if answer == BUSY else answer for answer, sent in ((refreshed, message), (met, other()))
        ]
        assert answers[0].status != "FAILED"
        assert (answers[1].status == "FAILED") is (name == "a takeover that is refused")
        assert (world.holder(), world.token()) == expected
        world.agree()

    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-refused"})
    Explorer(monkeypatch, prepare, check, deaths=True).explore()


def deaths(message: Refresh | Check) -> list[World]:
    """Return worlds in which the handling of a message was killed before each of its calls, one a world."""
    calls: list[str] = []
    run(renewed(), message, calls.append)
    worlds = [renewed() for _ in calls]
    for nth, world in enumerate(worlds):
        with pytest.raises(Killed):
            run(world, message, kill_before(nth))
        world.pass_time(60)
    return worlds


def renewed() -> World:
    """Return a world in which a has the slot, and its secret has been rotated."""
    world = World()
    rotated(world, Stack(world, "a"))
    return world


@pytest.mark.parametrize("message", [ROTATED, Check()])
def test_a_run_that_died_is_made_good_by_the_next_delivery(message: Refresh | Check) -> None:
    """Wherever it died: the new version is there, and the table knows."""
    for world in deaths(message):
        assert run(world, message).status in {"REFRESHED", "HEALED"}
        assert (world.holder(), world.version()) == ("a/GitHub", V2)
        world.agree()


def test_a_run_that_died_though_the_rotation_was_taken_back() -> None:
    """The version that the table has is current again, but may not be what is in CodeBuild."""
    for world in deaths(ROTATED):
        world.secrets.labels[SECRET, "AWSCURRENT"] = VERSION_ID
        run(world, ROTATED)
        assert world.version() == VERSION_ID
        world.agree()


def test_a_run_that_died_and_whose_slot_was_taken_over_since() -> None:
    """The next delivery leaves the new holder's token in place."""
    for world in deaths(ROTATED):
        b = Stack(world, "b")
        assert b.create(ShouldOverwrite="true").status == "SUCCESS"
        assert run(world, ROTATED) == LEFT_ALONE
        assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
        world.agree()
        b.delete()
        assert (world.holder(), world.version()) == ("a/GitHub", V2)
        world.agree()


def test_a_refresh_that_died_and_whose_slot_was_deleted_since() -> None:
    """Nothing is left of a resource that is gone."""
    for world in deaths(ROTATED):
        assert run(world, delete("a", ARN)).status == "SUCCESS"
        assert run(world, ROTATED) == LEFT_ALONE
        assert world.token() is None
        world.agree()


def test_what_a_dead_run_left_is_put_in_order_by_a_message_that_is_not_for_the_holder() -> None:
    """A change of a former holder's secret finds the mark, and imports the holder's token."""
    for world in deaths(ROTATED):
        assert run(world, Refresh("nobodys")) == LEFT_ALONE
        world.agree()


@pytest.mark.parametrize("call", ["import_credential", "give_back"])
@pytest.mark.parametrize("kind", ["Create", "Update", "takeover", "takeover that fails"])
def test_a_rotation_in_the_middle_of_an_import_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, call: str
) -> None:
    """The slot is found by the secret from before it is read, and is busy until then; so the message comes again."""
    event = Event("Create", owner("a"), "create", github(world.secret(SECRET), ShouldOverwrite="true"))
    if kind == "Update":
        run(world, event)
        event = Event("Update", owner("a"), "update", github(SECRET, VerifyToken="true"), ARN, event.properties)
    if kind == "takeover":
        world.secret("b-GitHub")
        run(world, create("b"))
    if kind == "takeover that fails":
        run(world, event)
        event = create("b", ShouldOverwrite="true")
        monkeypatch.setattr(FakeSourceCredentials, "refused", {f"token-of-{world.secret('b-GitHub')}"})
    importing = start(world, event)
    # One that is refused is never committed: it gives the turn back as it was.
    go_until(importing, call)
    world.rotate(SECRET, V2)
    assert SLOT in list(world.table.followers(secret_arn(SECRET)))
    assert run(world, ROTATED) == BUSY
    finish(importing, world)
    assert run(world, ROTATED) == REFRESHED
    assert (world.holder(), world.version()) == ("a/GitHub", V2)
    world.agree()
