"""Calls of AWS that fail, answers of AWS that are lost, and what CloudFormation sends after that."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from source_credential.errors import (
    InvalidRequest,
    ServiceInternalError,
    SourceCredentialError,
    Throttling,
    Unanswered,
    out_of_time,
)
from source_credential.slots.turn import Run
from tests.fakes import ARN, FakeSourceCredentials, raising
from tests.slots.sent import Answer, Check, Event, Stack, create, github, owner, run
from tests.slots.test_kills import CASES, case
from tests.slots.world import Step, World


def fault(call: str) -> SourceCredentialError:
    """Return what a call of AWS that fails raises."""
    return ServiceInternalError("AWS", f"{call} failed", "Deploy again.")


def failing(*names: str, first: int = 0, last: int = 10_000) -> Step:
    """Return a step that makes calls of these names fail, from the first to the last of them."""
    calls = count()

    def step(call: str) -> None:
        if call in names and first <= next(calls) <= last:
            raise fault(call)

    return step


def at(name: str, act: Callable[[], object], *, first: int = 0, last: int = 0) -> Step:
    """Return a step that does something before calls of this name, from the first to the last of them."""
    calls = count()

    def step(call: str) -> None:
        if call == name and first <= next(calls) <= last:
            act()

    return step


def calls_of(name: str) -> list[str]:
    """Return the calls that the request of a case makes."""
    fresh = World()
    calls: list[str] = []
    run(fresh, case(fresh, name), calls.append)
    return calls


def follow_up(world: World, event: Event, answer: Answer) -> Answer:
    """Send what CloudFormation sends after a failure, and return its answer."""
    if event.kind == "Create":
        return run(world, Event("Delete", event.owner, "after", event.properties, answer.physical_resource_id))
    if event.kind == "Update":
        assert event.old_properties is not None
        return run(world, Event("Update", event.owner, "after", event.old_properties, ARN, event.properties))
    return run(world, replace(event, request_id="after"))


def check_consequences(world: World, name: str, event: Event, answer: Answer, expected: Answer, nth: int) -> None:
    """Check that the answer is true, or that after a failure CloudFormation's next request puts everything right."""
    undone = {"create": (None, None), "take over": ("b/GitHub", "b-GitHub"), "update": ("a/GitHub", "a-GitHub")}
    done = {
        "create": ("a/GitHub", "new"),
        "take over": ("a/GitHub", "new"),
        "update": ("a/GitHub", "new"),
        "delete": (None, None),
        "delete by an unknown id": (None, None),
        "give back": ("b/GitHub", "b-GitHub"),
    }
    if answer.status == "SUCCESS":
        assert answer == expected, nth
    else:
        assert "failed" in answer.reason or "no answer" in answer.reason, nth
        assert follow_up(world, event, answer).status == "SUCCESS", nth
    world.agree()
    where = done if answer.status == "SUCCESS" or event.kind == "Delete" else undone
    assert (world.holder(), world.token()) == where[name], nth
    assert run(world, event) == answer, "a duplicate is answered as the first one was"
    assert (world.holder(), world.token()) == where[name], nth


FAULT_CASES = [name for name in CASES if name not in {"adopt", "replace"}]


@pytest.mark.parametrize("name", FAULT_CASES)
def test_whichever_call_fails_the_answer_is_true_or_is_put_right(world: World, name: str) -> None:
    """A success is a success; after a failure the next request of CloudFormation's puts everything right."""
    expected = run(world, case(world, name))
    for nth in range(len(calls_of(name))):
        world = World()
        event = case(world, name)
        numbers = count()

        def step(call: str, numbers: Any = numbers, nth: int = nth) -> None:
            if next(numbers) == nth:
                raise fault(call)

        check_consequences(world, name, event, run(world, event, step), expected, nth)


@pytest.mark.parametrize("name", FAULT_CASES)
def test_whichever_answer_of_aws_is_lost_the_answer_is_true_or_is_put_right(world: World, name: str) -> None:
    """The call had its effect, of which the request does not know."""
    expected = run(world, case(world, name))
    for nth in range(len(calls_of(name))):
        world = World()
        event = case(world, name)
        numbers = count()

        def lossy(called: str, call: Callable[[], Any], numbers: Any = numbers, nth: int = nth) -> Any:
            result = call()
            if next(numbers) == nth:
                raise Unanswered("AWS", f"{called} got no answer", "Deploy again.")
            return result

        answer = run(world, event, logic=world.logic(around=lossy))
        check_consequences(world, name, event, answer, expected, nth)


@pytest.mark.parametrize("name", ["create", "take over", "update", "give back"])
def test_an_import_that_is_never_answered_is_undone_or_told(world: World, name: str) -> None:
    """Whether or not it had its effect; what cannot be undone just then, the follow-up puts right."""
    for lands in (True, False):
        for lasts in (4, 5, 8):
            world = World()
            event = case(world, name)
            left = [lasts]

            def silent(called: str, call: Callable[[], Any], left: list[int] = left, lands: bool = lands) -> Any:  # noqa: FBT001
                if called != "import_credential" or not left[0]:
                    return call()
                left[0] -= 1
                if lands:
                    call()
                raise Unanswered("CodeBuild", "got no answer", "Deploy again.")

            answer = run(world, event, logic=world.logic(around=silent))
            assert answer.status == "FAILED"
            assert follow_up(world, event, answer).status == "SUCCESS"
            world.agree()


def test_bad_properties_fail_and_leave_what_is_there(world: World) -> None:
    """The reason is the contract's, a duplicate is told the same, and the way back succeeds."""
    a = Stack(world, "a")
    a.create()
    failed = a.update(ServerType="GITEA")
    assert failed.reason.startswith("ServerType: must be one of")
    assert a.again() == failed
    assert a.roll_back(ServerType="GITEA").status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_an_end_that_cannot_be_remembered_is_answered_all_the_same(world: World) -> None:
    """With the reason the request failed for, not with the one for which it was not remembered; an operator is told."""
    event = Event("Create", owner("a"), "create", github("nothing"))
    answer = run(world, event, failing("remember"))
    assert answer.reason == "Secret nothing: does not exist. Create it."
    assert any(told.startswith("How the request ended could not be remembered") for told in world.warnings)
    assert run(world, event) == answer


def test_a_delete_that_was_answered_unremembered_and_comes_again_takes_nothing_new(world: World) -> None:
    """The Create whose failure could not be remembered is over, once its marker is deleted."""
    event = create("a")
    answer = run(world, event, failing("recall", "remember"))
    assert (answer.status, world.record().claims) == ("FAILED", ())
    assert follow_up(world, event, answer).status == "SUCCESS"
    assert run(world, event).status == "FAILED"
    assert world.token() is None


@pytest.mark.parametrize(
    "failure", [Throttling("Secret", "is throttled", "Deploy again."), ServiceInternalError("Secret", "no", "Again.")]
)
def test_a_former_holders_secret_that_cannot_be_read_just_now_does_not_cost_it_the_slot(
    world: World, failure: SourceCredentialError
) -> None:
    """The Delete fails, and leaves the slot to be given back by the one that is sent after it."""
    b, a = Stack(world, "b"), Stack(world, "a")
    b.create()
    a.create(ShouldOverwrite="true")
    delete = Event("Delete", owner("a"), "delete", {}, ARN)
    answer = run(world, delete, at("read", raising(failure)))
    assert (answer.status, answer.reason) == ("FAILED", str(failure))
    assert world.token() == "a-GitHub"
    assert a.delete() == Answer("SUCCESS", ARN)
    assert (world.holder(), world.token(), world.warnings) == ("b/GitHub", "b-GitHub", [])
    world.agree()


def test_an_import_that_aws_refuses_has_changed_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the holder's token is not imported anew, and its record is as it was, to the letter."""
    Stack(world, "b").create()
    world.secret("a-GitHub")
    before = world.record()
    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-a-GitHub"})
    answer = run(world, create("a", ShouldOverwrite="true"))
    assert answer.reason == "ServerType: is refused. Correct it."
    assert world.codebuild.calls.count("import") == 2
    assert (world.record(), world.token()) == (before, "b-GitHub")


def test_what_cannot_be_undone_is_told_to_an_operator_and_undone_by_the_next_request(world: World) -> None:
    """The answer is FAILED with the first reason; the Delete that CloudFormation sends puts the slot in order."""
    world.secret("a-GitHub")
    event = create("a")
    world.codebuild.failure = Unanswered("CodeBuild", "got no answer", "Deploy again.")
    world.codebuild.delete_failure = Unanswered("CodeBuild", "got no answer", "Deploy again.")
    answer = run(world, event, at("list_credentials", raising(fault("list")), first=1, last=4))
    assert answer.reason == "CodeBuild: got no answer. Deploy again."
    assert any("could not be put in order, and is marked" in told for told in world.warnings)
    assert world.record().marks
    world.codebuild.failure = world.codebuild.delete_failure = None
    assert follow_up(world, event, answer).status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)
    world.agree()


def test_a_way_back_from_what_could_not_be_put_in_order_is_no_success_by_itself(world: World) -> None:
    """The failed Update may have changed something after all, so what stood there must really be imported again."""
    a = Stack(world, "a")
    a.create()
    new = {"SecretId": world.secret("new")}
    world.codebuild.failure = Unanswered("CodeBuild", "got no answer", "Deploy again.")
    assert a.update(**new).status == "FAILED"
    assert a.roll_back(**new).reason == "CodeBuild: got no answer. Deploy again."
    world.codebuild.failure = None
    assert a.roll_back(**new).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    world.agree()


def test_an_update_that_cannot_be_undone_leaves_its_own_slot_with_a_token(world: World) -> None:
    """Its old secret is gone: a slot that is its own is not emptied for that, but marked, and the check rings."""
    a = Stack(world, "a")
    a.create()
    update = {"SecretId": world.secret("new")}
    world.table.give_back, real = (lambda *_, **__: (_ for _ in ()).throw(fault("give_back"))), world.table.give_back
    del world.secrets.texts["a-GitHub"]
    assert a.update(**update).status == "FAILED"
    world.table.give_back = real
    assert (world.holder(), world.token(), bool(world.record().marks)) == ("a/GitHub", "new", True)
    world.pass_time(60)
    assert run(world, Check()).status == "FAILED"
    assert world.token() == "new"


def test_a_run_that_is_stopped_begins_no_more_writes_but_to_undo(world: World) -> None:
    """Its time has run out and FAILED is being answered: what it did is undone, and its duplicate does nothing."""
    Stack(world, "b").create()
    world.secret("a-GitHub")
    before = world.record()
    for call in ("mark", "read", "import_credential", "give_back"):
        event = create("a", f"create-{call}", ShouldOverwrite="true")
        going = world.run()

        def run_out(going: Run = going, event: Event = event) -> None:
            going.stop()
            world.logic().memory.fail(event.request(), str(out_of_time()))

        answer = run(world, event, at(call, run_out), during=going)
        assert (answer.status, world.token()) == ("FAILED", "b-GitHub"), call
        assert "the time of the function ran out" in answer.reason
        assert run(world, event) == answer
        assert (world.record(), world.token()) == (before, "b-GitHub"), call


def test_an_import_is_not_begun_when_it_might_not_end_within_the_turn(world: World) -> None:
    """AWS answers so slowly that the turn is nearly over: nothing is written, and the reason says so."""
    world.secret("a-GitHub")
    answer = run(world, create("a"), at("list_credentials", lambda: world.pass_time(45)))
    assert "could not be brought in order within the time for it" in answer.reason
    assert world.codebuild.calls == ["list"]
    world.agree()


@pytest.mark.parametrize("refused", [True, False])
def test_a_takeover_that_dies_for_good_leaves_the_holder_its_slot(world: World, *, refused: bool) -> None:
    """Whoever comes next, the holder's own rotation or the check, puts the holder's token back."""
    a = Stack(world, "a")
    a.create()
    world.secret("b-GitHub")
    world.codebuild.failure = Unanswered("CodeBuild", "got no answer", "Again.")
    run(world, create("b", ShouldOverwrite="true"))
    world.codebuild.failure = InvalidRequest("CodeBuild", "refuses", "Correct it.") if refused else None
    first = run(world, Check()).status
    assert first == ("FAILED" if refused else "HEALED")
    world.codebuild.failure = None
    run(world, Check())
    world.agree()
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
