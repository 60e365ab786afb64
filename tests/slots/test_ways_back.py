"""The way back from an Update that died, or that CloudFormation has given up."""

from dataclasses import replace

import pytest

from source_credential.model import ServerType
from tests.fakes import ARN, UNANSWERED
from tests.slots.interleaving import die
from tests.slots.sent import HEALED, Check, Event, Stack, github, owner, run
from tests.slots.world import SLOT, World


def test_an_update_that_was_given_up_and_yet_came_true_elsewhere_is_taken_back_by_its_way_back(world: World) -> None:
    """CloudFormation never heard of the new ARN, so it will not delete it."""
    a = Stack(world, "a")
    a.create()
    had = a.resources["GitHub"][1]
    new = had | {"ServerType": "BITBUCKET"}
    assert run(world, Event("Update", owner("a"), "given-up", new, ARN, had)).status == "SUCCESS"
    assert set(world.codebuild.slots) == {"GITHUB", "BITBUCKET"}
    assert run(world, Event("Update", owner("a"), "back", had, ARN, new)).status == "SUCCESS"
    assert set(world.codebuild.slots) == {"GITHUB"}
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_an_update_that_died_is_over_when_its_way_back_has_come(world: World) -> None:
    """Lambda runs it again: it had begun, so it is known, and it changes nothing any more."""
    a = Stack(world, "a")
    a.create()
    had, new = a.resources["GitHub"][1], github(world.secret("new"))
    update = Event("Update", owner("a"), "update", new, ARN, had)
    die(world, update, "import_credential")
    assert run(world, Event("Update", owner("a"), "back", had, ARN, new)).status == "SUCCESS"
    assert run(world, update).status == "FAILED"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    world.agree()


@pytest.mark.parametrize("passing", [True, False])
def test_a_former_holders_way_back_puts_its_dead_updates_token_out_of_the_holders_slot(*, passing: bool) -> None:
    """It asks for what its claim says already, so it succeeds, also where the holder's token cannot be imported yet."""
    world = World()
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    had = a.resources["GitHub"][1]
    new = github(world.secret("new"), ShouldOverwrite="true")
    die(world, Event("Update", owner("a"), "update", new, ARN, had), "give_back")
    assert world.token() == "new"
    world.codebuild.failure = UNANSWERED if passing else None
    assert run(world, Event("Update", owner("a"), "back", had, ARN, new)).status == "SUCCESS"
    world.codebuild.failure = None
    if passing:
        assert any("could not be put in order, and is marked" in told for told in world.warnings)
        assert run(world, Check()) == HEALED
    assert (world.stack_of_claims(), world.token()) == (["a/GitHub", "b/GitHub"], "b-GitHub")
    world.agree()


@pytest.mark.parametrize("fails", [True, False])
def test_an_update_that_died_in_another_slot_is_cleared_up_by_its_way_back(*, fails: bool) -> None:
    """That never fails, and what cannot be cleared up is marked, for the check."""
    world = World()
    a = Stack(world, "a")
    a.create()
    had = a.resources["GitHub"][1]
    new = had | {"ServerType": "BITBUCKET"}
    die(world, Event("Update", owner("a"), "update", new, ARN, had), "give_back")
    world.codebuild.delete_failure = UNANSWERED if fails else None
    assert run(world, Event("Update", owner("a"), "back", had, ARN, new)).status == "SUCCESS"
    assert set(world.codebuild.slots) == ({"GITHUB", "BITBUCKET"} if fails else {"GITHUB"})
    assert any("could not be put in order, and is marked" in told for told in world.warnings) is fails
    world.agree()


def test_an_update_to_another_slot_leaves_the_others_there_alone(world: World) -> None:
    """What stands in its old slot is not its business but for what it left itself."""
    a, b = Stack(world, "a"), Stack(world, "b")
    b.create(ServerType="BITBUCKET")
    a.create(ServerType="BITBUCKET", ShouldOverwrite="true")
    assert b.delete().status == "SUCCESS"
    assert a.update(ServerType="GITHUB").physical_resource_id == ARN
    assert set(world.codebuild.slots) == {"GITHUB", "BITBUCKET"}


def test_what_a_given_up_update_left_below_another_stacks_claim_is_taken_out(world: World) -> None:
    """CodeBuild is not touched for it: the other one's token stays."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    had = a.resources["GitHub"][1]
    new = had | {"ServerType": "BITBUCKET"}
    assert run(world, Event("Update", owner("a"), "given-up", new, ARN, had)).status == "SUCCESS"
    b.create(ServerType="BITBUCKET", ShouldOverwrite="true")
    before = list(world.codebuild.calls)
    assert run(world, Event("Update", owner("a"), "back", had, ARN, new)).status == "SUCCESS"
    assert world.codebuild.calls == before
    slot = replace(SLOT, server_type=ServerType.BITBUCKET)
    assert (world.stack_of_claims(slot), world.token(slot)) == (["b/GitHub"], "b-GitHub")
