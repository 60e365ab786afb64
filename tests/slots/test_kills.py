"""A run that dies before any of its calls of AWS, and what CloudFormation and Lambda send then."""

import pytest

from source_credential.slots.turn import MARGIN_SECONDS, TERM_SECONDS
from tests.fakes import ARN
from tests.slots.sent import Answer, Event, Stack, github, owner, run
from tests.slots.world import Killed, World, kill_before


def every_death(prepare: str) -> list[int]:
    """Return the numbers of the calls before which the request of a case can die."""
    fresh = World()
    calls: list[str] = []
    run(fresh, case(fresh, prepare), calls.append)
    return list(range(len(calls)))


CASES = ["create", "adopt", "take over", "update", "replace", "delete", "give back", "delete by an unknown id"]


def case(world: World, name: str) -> Event:
    """Return the request of a case, with all that must have happened before it."""
    a, b = Stack(world, "a"), Stack(world, "b")
    new = github(world.secret("new"))
    if name == "create":
        return Event("Create", owner("a"), "request", new)
    if name == "adopt":
        a.create()
        world.lose_table()
        return Event("Create", owner("a"), "request", new)
    if name == "take over":
        b.create()
        return Event("Create", owner("a"), "request", new | {"ShouldOverwrite": "true"})
    if name == "give back":
        b.create()
    a.create(ShouldOverwrite="true")
    if name == "update":
        return Event("Update", owner("a"), "request", new, ARN, github("a-GitHub"))
    if name == "replace":
        return Event("Update", owner("a"), "request", new | {"ServerType": "BITBUCKET"}, ARN, github("a-GitHub"))
    given = "a-GitHub-1ABCDEF" if name == "delete by an unknown id" else ARN
    return Event("Delete", owner("a"), "request", github("a-GitHub"), given)


@pytest.mark.parametrize("name", CASES)
def test_a_run_that_died_is_made_good_by_lambdas_next_one(world: World, name: str) -> None:
    """Wherever it died, the second run ends as an only one would have: the same answer, the same table and slot."""
    alone = World()
    expected = run(alone, case(alone, name))
    holder, token = alone.holder(), alone.token()
    for nth in every_death(name):
        world = World()
        event = case(world, name)
        with pytest.raises(Killed):
            run(world, event, kill_before(nth))
        assert run(world, event) == expected, nth
        assert (world.holder(), world.token()) == (holder, token), nth
        world.agree()
        assert run(world, event) == expected, nth


@pytest.mark.parametrize("name", ["create", "take over"])
def test_a_create_that_died_and_is_given_up(world: World, name: str) -> None:
    """CloudFormation sends a Delete with an id of its own; Lambda's late retry of the Create changes nothing."""
    for nth in every_death(name):
        world = World()
        create = case(world, name)
        with pytest.raises(Killed):
            run(world, create, kill_before(nth))
        before = ("b/GitHub", "b-GitHub") if name == "take over" else (None, None)
        delete = Event("Delete", create.owner, "delete", create.properties, "a-GitHub-1ABCDEF")
        assert run(world, delete).status == "SUCCESS"
        assert (world.holder(), world.token()) == before, nth
        assert run(world, create).status == "FAILED", nth
        assert (world.holder(), world.token()) == before, nth
        world.agree()


def test_a_create_that_died_while_it_adopted_does_not_take_a_credential_with_it(world: World) -> None:
    """Whether the import was made nobody knows; what nobody manages is better left than lost."""
    for nth in every_death("adopt"):
        world = World()
        create = case(world, "adopt")
        with pytest.raises(Killed):
            run(world, create, kill_before(nth))
        imported = world.token() == "new"
        run(world, Event("Delete", create.owner, "delete", create.properties, "a-GitHub-1ABCDEF"))
        assert run(world, create).status == "FAILED"
        assert world.record().claims == ()
        assert world.token() == ("new" if imported else "a-GitHub"), nth


@pytest.mark.parametrize("name", ["update", "replace"])
def test_an_update_that_died_and_is_rolled_back(world: World, name: str) -> None:
    """What was there before is there, whether or not Lambda's retry of the Update comes afterwards."""
    for nth in every_death(name):
        world = World()
        update = case(world, name)
        with pytest.raises(Killed):
            run(world, update, kill_before(nth))
        assert update.old_properties is not None
        back = Event("Update", owner("a"), "back", update.old_properties, ARN, update.properties)
        answer = run(world, back)
        assert (answer.status, answer.physical_resource_id) == ("SUCCESS", ARN), nth
        assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub"), nth
        world.agree()
        assert set(world.codebuild.slots) == {"GITHUB"}, nth


def test_an_update_that_died_at_once_is_rolled_back_though_the_slot_is_another_stacks(world: World) -> None:
    """The way back never fails: the resource is as it was, and so is the slot."""
    b = Stack(world, "b")
    b.create()
    Stack(world, "c").create(ShouldOverwrite="true")
    new, had = github(world.secret("new"), ShouldOverwrite="false"), github("b-GitHub")
    with pytest.raises(Killed):
        run(world, Event("Update", owner("b"), "update", new, ARN, had), kill_before(0))
    assert run(world, Event("Update", owner("b"), "back", had, ARN, new)).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("c/GitHub", "c-GitHub")


@pytest.mark.parametrize("name", ["delete", "give back"])
def test_a_delete_that_died_while_another_stack_took_over(world: World, name: str) -> None:
    """The retry of the Delete leaves the new holder's credential in place."""
    for nth in every_death(name):
        world = World()
        delete = case(world, name)
        with pytest.raises(Killed):
            run(world, delete, kill_before(nth))
        c = Stack(world, "c")
        assert c.create(ShouldOverwrite="true").status == "SUCCESS"
        assert run(world, delete) == Answer("SUCCESS", ARN), nth
        assert (world.holder(), world.token()) == ("c/GitHub", "c-GitHub"), nth
        world.agree()
        c.delete()
        expected = ("b/GitHub", "b-GitHub") if name == "give back" else (None, None)
        assert (world.holder(), world.token()) == expected, nth


def test_a_delete_that_died_before_the_resource_was_created_anew(world: World) -> None:
    """Redriven from the dead-letter queue, it does not hit what has been created since."""
    tried = 0
    for nth in every_death("delete"):
        world = World()
        delete = case(world, "delete")
        with pytest.raises(Killed):
            run(world, delete, kill_before(nth))
        if not world.record().marks:
            continue  # it had not even noted that it began, so it counts as sent now
        tried += 1
        assert run(world, Event("Create", owner("a"), "anew", github(world.secret("anew")))).status == "SUCCESS"
        assert run(world, delete) == Answer("SUCCESS", ARN), nth
        assert (world.holder(), world.token()) == ("a/GitHub", "anew"), nth
        world.agree()
    assert tried >= 2


@pytest.mark.parametrize("seconds_later", [0, 30, 60, 600])
def test_a_run_that_died_is_waited_for_no_longer_than_its_turn(world: World, seconds_later: float) -> None:
    """Fifty seconds and two; who comes after that does not wait at all."""
    a = Event("Create", owner("a"), "request", github(world.secret("a-GitHub")))
    with pytest.raises(Killed):
        run(world, a, kill_before(6))
    world.pass_time(seconds_later)
    begin = world.now
    assert run(world, a).status == "SUCCESS"
    assert world.now - begin <= max(0, TERM_SECONDS + MARGIN_SECONDS - seconds_later) + 2
