"""Narrow ends: marks, roles and secrets of several resources at once, and what a newer provider has written."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from source_credential.aws import items
from source_credential.aws.dynamodb import ask
from source_credential.errors import PASSING, Throttling
from source_credential.model import ServerType, Slot
from source_credential.ports import Conflict
from source_credential.slots.turns import take_turn
from tests.fakes import V2, credential_arn
from tests.slots.interleaving import die, finish, go_until, start
from tests.slots.sent import Check, Event, Refresh, Stack, create, owner, run
from tests.slots.test_turns import tools
from tests.slots.world import SLOT, World

ARN, OTHER_ARN = credential_arn("GITHUB"), credential_arn("BITBUCKET")
OTHER = replace(SLOT, server_type=ServerType.BITBUCKET)
ROLE = "arn:aws:iam::000000000000:role/"


def die_in_rotation(world: World, name: str, slot: Slot = SLOT) -> None:
    """Let a rotation die after its mark and before its import; the secret cannot be read afterwards."""
    world.rotate(name, V2)
    die(world, Refresh(name, slot=slot), "import_credential")
    assert world.record(slot).marks
    del world.secrets.texts[name]


def moved(world: World) -> tuple[Stack, Event, Event]:
    """Return a stack, an Update that moves its resource to the other slot, and the way back from that."""
    a = Stack(world, "a")
    a.create()
    had = a.resources["GitHub"][1]
    new = had | {"ServerType": "BITBUCKET"}
    update = Event("Update", owner("a"), "update", new, ARN, had)
    return a, update, Event("Update", owner("a"), "back", had, ARN, new)


def test_the_way_back_of_a_holder_that_could_not_be_uncovered_succeeds(world: World) -> None:
    """Its secret is gone; the Update that failed has changed nothing."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    del world.secrets.texts["a-GitHub"]
    assert b.delete().status == "SUCCESS"
    assert a.update(SecretId="missing").status == "FAILED"
    assert a.roll_back(SecretId="missing").status == "SUCCESS"
    assert (world.holder(), world.record().in_codebuild) == ("a/GitHub", False)


def test_the_way_back_over_a_dead_rotations_mark_succeeds(world: World) -> None:
    """The secret cannot be read just now, so the mark stays, and what is in CodeBuild."""
    a = Stack(world, "a")
    a.create()
    die_in_rotation(world, "a-GitHub")
    assert a.update(SecretId="missing").status == "FAILED"
    assert a.roll_back(SecretId="missing").status == "SUCCESS"
    assert world.record().marks
    assert world.token() == "nobody's" or world.codebuild.slots


def test_the_delete_of_what_was_replaced_leaves_its_successors_slot_alone(world: World) -> None:
    """Though that has a mark of the same resource's, and cannot be read just now."""
    a = Stack(world, "a")
    a.create(ServerType="BITBUCKET")
    had = a.resources["GitHub"][1]
    a.update(ServerType="GITHUB")
    die_in_rotation(world, "a-GitHub")
    assert run(world, Event("Delete", owner("a"), "delete", had, OTHER_ARN)).status == "SUCCESS"
    assert set(world.codebuild.slots) == {"GITHUB"}


def test_an_update_to_another_slot_that_fails_leaves_its_old_slot_alone(world: World) -> None:
    """Though that has a mark, and cannot be read just now; and so does its way back."""
    a = Stack(world, "a")
    a.create()
    die_in_rotation(world, "a-GitHub")
    assert a.update(ServerType="BITBUCKET", SecretId="missing").status == "FAILED"
    assert set(world.codebuild.slots) == {"GITHUB"}
    assert a.roll_back(ServerType="BITBUCKET", SecretId="missing").status == "SUCCESS"
    assert set(world.codebuild.slots) == {"GITHUB"}


def test_a_way_back_that_takes_its_claim_from_below_another_stacks_leaves_that_ones_slot_alone(world: World) -> None:
    """Though that has a mark, and cannot be read just now."""
    _, update, back = moved(world)
    c = Stack(world, "c")
    assert run(world, update).status == "SUCCESS"
    c.create(ServerType="BITBUCKET", ShouldOverwrite="true")
    die_in_rotation(world, "c-GitHub", OTHER)
    assert run(world, back).status == "SUCCESS"
    assert (world.stack_of_claims(OTHER), set(world.codebuild.slots)) == (["c/GitHub"], {"GITHUB", "BITBUCKET"})


def test_a_way_back_that_cannot_empty_the_other_slot_takes_its_claim_out_all_the_same(world: World) -> None:
    """The mark stays, and the check empties the slot."""
    a, update, back = moved(world)
    assert run(world, update).status == "SUCCESS"
    world.codebuild.delete_failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert run(world, back).status == "SUCCESS"
    world.codebuild.delete_failure = None
    assert world.record(OTHER).marks
    run(world, Check(slot=OTHER))
    assert (world.holder(OTHER), world.token(OTHER)) == (None, None)
    assert a.delete().status == "SUCCESS"
    assert world.codebuild.slots == {}


@pytest.mark.parametrize("rolled_back", [True, False])
@pytest.mark.parametrize("call", ["take_turn", "list_credentials", "mark"])
def test_an_update_to_another_slot_ends_when_its_resource_is_deleted_meanwhile(
    world: World, call: str, *, rolled_back: bool
) -> None:
    """It does not come by the Delete's slot, but is known to have begun."""
    a, update, back = moved(world)
    updating = start(world, update)
    go_until(updating, call)
    if rolled_back:
        assert run(world, back).status == "SUCCESS"
    assert a.delete().status == "SUCCESS"
    assert finish(updating, world).status == "FAILED"
    assert (world.holder(OTHER), world.codebuild.slots) == (None, {})


def test_a_way_back_that_comes_twice_takes_away_nothing_new(world: World) -> None:
    """The resource has moved since, for good: what is in the other slot is alive."""
    a, update, back = moved(world)
    assert run(world, update).status == "SUCCESS"
    answer = run(world, back)
    assert a.update(ServerType="BITBUCKET").physical_resource_id == OTHER_ARN
    assert run(world, back) == answer
    assert world.holder(OTHER) == "a/GitHub"


def test_of_two_marks_one_by_a_role_that_is_gone_keeps_no_slot_from_being_emptied(world: World) -> None:
    """The check goes by the role that is there."""
    for stack in "ab":
        world.secret(f"{stack}-GitHub")
        die(world, create(stack, RoleArn=ROLE + stack, ShouldOverwrite="true"), "give_back")
    world.refused_roles = {ROLE + "a"}
    assert run(world, Check()).status == "HEALED"
    assert (world.token(), world.record().marks) == (None, frozenset())


def test_a_delete_goes_by_its_claims_role_before_that_of_a_mark(world: World) -> None:
    """The other one was that of an Update which died, and is gone."""
    a = Stack(world, "a")
    a.create(RoleArn=ROLE + "good")
    had = a.resources["GitHub"][1]
    die(world, Event("Update", owner("a"), "update", had | {"RoleArn": ROLE + "bad"}, ARN, had), "import_credential")
    world.refused_roles.add(ROLE + "bad")
    assert a.delete().status == "SUCCESS"
    assert world.codebuild.slots == {}


def test_a_delete_goes_by_the_role_of_a_mark_when_its_claims_is_gone(world: World) -> None:
    """An Update to another role died before its claim was written; CloudFormation has removed the old role."""
    a = Stack(world, "a")
    a.create(RoleArn=ROLE + "old")
    had = a.resources["GitHub"][1]
    die(world, Event("Update", owner("a"), "update", had | {"RoleArn": ROLE + "new"}, ARN, had), "give_back")
    world.refused_roles.add(ROLE + "old")
    assert a.delete().status == "SUCCESS"
    assert world.codebuild.slots == {}


def test_a_delete_goes_by_one_of_its_marks_roles_or_by_another(world: World) -> None:
    """Two Creates died, and the role of one of them is gone."""
    world.secret("a-GitHub")
    for role in ("bad", "good"):
        die(world, create("a", role, RoleArn=ROLE + role), "give_back")
    world.refused_roles.add(ROLE + "bad")
    properties = create("a", RoleArn=ROLE + "good").properties
    assert run(world, Event("Delete", owner("a"), "delete", properties, "made-up")).status == "SUCCESS"
    assert world.codebuild.slots == {}


def test_a_delete_fails_when_no_marks_role_is_there_and_says_which(world: World) -> None:
    """What is in the slot stays marked."""
    world.secret("a-GitHub")
    die(world, create("a", RoleArn=ROLE + "bad"), "give_back")
    world.refused_roles.add(ROLE + "bad")
    properties = create("a").properties
    answer = run(world, Event("Delete", owner("a"), "delete", properties, "made-up"))
    assert (answer.status, ROLE + "bad" in answer.reason) == ("FAILED", True)
    assert world.record().marks


def test_a_way_back_that_may_not_empty_the_other_slot_leaves_its_claim_there(world: World) -> None:
    """A mark by a role that is gone would keep the stack from being deleted."""
    a = Stack(world, "a")
    a.create()
    had = a.resources["GitHub"][1]
    new = had | {"ServerType": "BITBUCKET", "RoleArn": ROLE + "new"}
    assert run(world, Event("Update", owner("a"), "update", new, ARN, had)).status == "SUCCESS"
    world.refused_roles.add(ROLE + "new")
    assert run(world, Event("Update", owner("a"), "back", had, ARN, new)).status == "SUCCESS"
    assert (world.stack_of_claims(OTHER), world.record(OTHER).marks) == (["a/GitHub"], frozenset())
    assert a.delete().status == "SUCCESS"
    assert set(world.codebuild.slots) == {"BITBUCKET"}


@pytest.mark.parametrize("call", ["take_turn", "recall", "give_back"])
def test_a_late_update_does_not_make_its_own_way_back_fail(world: World, call: str) -> None:
    """The way back is the later one, and changes nothing."""
    _, update, back = moved(world)
    going_back = start(world, back)
    go_until(going_back, call)
    run(world, update)
    assert finish(going_back, world).status == "SUCCESS"


def test_the_late_clean_up_of_what_was_replaced_leaves_a_later_update_alone(world: World) -> None:
    """It names an earlier id than that Update does."""
    a = Stack(world, "a")
    a.create(ServerType="BITBUCKET")
    was = a.resources["GitHub"][1]
    a.update(ServerType="GITHUB")
    had = a.resources["GitHub"][1]
    new = had | {"ServerType": "GITHUB_ENTERPRISE"}
    updating = start(world, Event("Update", owner("a"), "update", new, ARN, had))
    go_until(updating, "take_turn")
    assert run(world, Event("Delete", owner("a"), "clean-up", was, OTHER_ARN)).status == "SUCCESS"
    assert finish(updating, world).status == "SUCCESS"


class Noting:
    """A table that notes how its turns are taken."""

    def __init__(self, world: World) -> None:
        """Wrap the world's."""
        self._table = world.table
        self.taken: list[tuple[Slot, str, dict[str, float]]] = []

    def __getattr__(self, name: str) -> Any:
        """Return the table's own."""
        return getattr(self._table, name)

    def take_turn(self, slot: Slot, turn_id: str, **times: float) -> Any:
        """Take the turn."""
        self.taken.append((slot, turn_id, times))
        return self._table.take_turn(slot, turn_id, **times)


def test_an_attempt_to_take_the_turn_that_comes_late_does_not_shorten_it(world: World) -> None:
    """Each attempt of one that waits is an attempt of its own."""
    take_turn(SLOT, world.run(), tools(world))
    noting = Noting(world)
    turn = take_turn(SLOT, world.run(), tools(world, noting))
    slot, turn_id, times = noting.taken[0]
    with pytest.raises(Conflict):
        world.table.take_turn(slot, turn_id, **times)
    world.pass_time(5)
    turn.check_time()
    with pytest.raises(Conflict):
        world.table.take_turn(SLOT, "third", until=world.now + 50, free_if_ended_before=world.now - 2)


def test_a_record_that_a_newer_provider_has_written_can_be_read(world: World) -> None:
    """What is not known here is passed over: nobody is kept from going by it."""
    Stack(world, "a").create()
    claim = world.record().claims[0]
    values = items.claim_values(claim)
    values["Specification"]["something_new"] = "x"
    assert items.record_of(SLOT, {"Claims": [values], "InCodeBuild": True}).claims == (claim,)


def test_a_throttled_part_of_a_transaction_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made again, and in the end told as throttling."""
    monkeypatch.setattr("source_credential.aws.dynamodb.time.sleep", lambda _seconds: None)
    reasons = [{"Code": "None"}, {"Code": "ProvisionedThroughputExceeded"}]
    attempts = []

    def refused() -> None:
        attempts.append(1)
        response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        raise ClientError(response, "TransactWriteItems")

    with pytest.raises(PASSING):
        ask(refused, table="t", action="UpdateItem")
    assert len(attempts) > 1
