"""A role or a policy that was made a moment ago: what is denied is tried again for some twenty seconds, then said."""

import pytest

from source_credential.errors import AccessDenied, NotFound, SourceCredentialError
from source_credential.slots.turn import Run
from tests.slots.sent import Answer, Event, Stack, create, owner, run
from tests.slots.world import SLOT, World

ROLE = "arn:aws:iam::222222222222:role/target"
DENIED = AccessDenied("Secret", "the provider's role may not use secretsmanager:GetSecretValue", "Allow it.")


def sent(world: World, event: Event, denied_call: str, seconds: float, during: Run | None = None) -> Answer:
    """Return the answer to an event while a call is denied for some seconds."""
    until = world.now + seconds

    def deny(call: str) -> None:
        if call == denied_call and world.now < until:
            raise DENIED

    return run(world, event, deny, during=during)


@pytest.mark.parametrize("call", ["read", "list_credentials", "import_credential"])
def test_what_is_denied_for_some_seconds_is_no_failure(world: World, call: str) -> None:
    """A read, a look, an import; the slot is then as if nothing had been."""
    world.secret("a-GitHub")
    begin = world.now
    assert sent(world, create("a"), call, 14).status == "SUCCESS"
    assert 14 <= world.now - begin < 20.1
    world.agree()


@pytest.mark.parametrize("call", ["read", "import_credential"])
def test_an_update_has_the_same_patience(world: World, call: str) -> None:
    """What it had stays until then."""
    stack = Stack(world, "a")
    stack.create()
    given, had = stack.resources["GitHub"]
    wanted = had | {"SecretId": world.secret("new")}
    answer = sent(world, Event("Update", owner("a"), "update", wanted, given, had), call, 10)
    assert (answer.status, world.token()) == ("SUCCESS", "new")
    world.agree()


def test_a_role_that_cannot_be_assumed_yet_is_waited_for(world: World) -> None:
    """The role may be one of the same stack."""
    world.refused_roles.add(ROLE)
    world.secret("a-GitHub")
    end = world.now + 8

    def sleep(seconds: float) -> None:
        world.pass_time(seconds)
        if world.now > end:
            world.refused_roles.clear()

    assert run(world, create("a", RoleArn=ROLE), logic=world.logic(sleep=sleep)).status == "SUCCESS"


@pytest.mark.parametrize("call", ["read", "list_credentials", "import_credential"])
def test_what_stays_denied_is_said_after_some_twenty_seconds(world: World, call: str) -> None:
    """With the reason, nothing left behind, and a word in the log for who reads it meanwhile."""
    world.secret("a-GitHub")
    begin = world.now
    answer = sent(world, create("a"), call, 1000)
    assert (answer.status, answer.reason) == ("FAILED", str(DENIED))
    assert 19.9 < world.now - begin <= 20.1
    assert (world.record().claims, world.record().marks, world.codebuild.slots) == ((), frozenset(), {})
    assert all("Denied, and tried again in a moment" in warning for warning in world.warnings)
    assert len(world.warnings) < 12


def test_the_wait_for_a_turn_is_no_part_of_the_patience(world: World) -> None:
    """It counts from the first denial."""
    world.secret("a-GitHub")
    begin = world.now
    world.table.take_turn(SLOT, "somebody's", until=begin + 25, free_if_ended_before=begin)
    assert sent(world, create("a"), "list_credentials", 40).status == "SUCCESS"
    assert world.now - begin > 40


def test_another_failure_is_not_waited_out(world: World) -> None:
    """A secret that does not exist does not begin to."""
    begin = world.now
    assert run(world, create("a")).status == "FAILED"
    assert world.now == begin


@pytest.mark.parametrize(("seconds", "stops"), [(20.4, False), (100.0, True)])
def test_a_run_whose_time_is_short_says_it_at_once(world: World, seconds: float, *, stops: bool) -> None:
    """There must be time for another attempt, and the run must not be stopped."""
    world.secret("a-GitHub")
    begin = world.now
    during = Run(lambda: begin + seconds - world.now)
    if stops:
        during.stop()
    assert sent(world, create("a"), "read", 1000, during).reason == str(DENIED)
    assert world.now - begin < 3


@pytest.mark.parametrize("error", [DENIED, NotFound("Secret", "does not exist", "Create it.")])
def test_the_way_back_does_not_wait(world: World, error: SourceCredentialError) -> None:
    """What is asked for is what the resource has, so it is kept at once."""
    stack = Stack(world, "a")
    stack.create()
    given, had = stack.resources["GitHub"]
    begin = world.now

    def fail(call: str) -> None:
        if call == "read":
            raise error

    back = Event("Update", owner("a"), "back", had, given, had | {"SecretId": "other"})
    assert run(world, back, logic=world.logic(fail)).status == "SUCCESS"
    assert (world.now, world.holder(SLOT)) == (begin, "a/GitHub")
