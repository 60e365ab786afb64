"""At one slot one run is at work at a time, and for a while only."""

from collections.abc import Callable
from typing import Any

import pytest

from source_credential.errors import OutOfTime, ResourceConflict, ServiceInternalError, SourceCredentialError
from source_credential.model import Request
from source_credential.ports import Conflict
from source_credential.records import Answer, Change, Ending, Mark, Record
from source_credential.slots.turn import CALL_SECONDS, MARGIN_SECONDS, TERM_SECONDS, Run, Tools, Turn
from source_credential.slots.turns import take_turn
from tests.slots.sent import owner
from tests.slots.world import LAMBDA_SECONDS, SLOT, Calls, Killed, World

MARK = Mark(owner=owner("a"), id="mark")
REQUEST = Request(owner=owner("a"), request_id="request", request_type="Create")
FAULT = ServiceInternalError("Table", "failed", "Again.")


def tools(world: World, table: Any = None) -> Tools:
    """Return what turns are made with."""
    table = table or world.table
    return Tools(table=table, answers=table, clock=world.clock, sleep=world.pass_time, warn=world.warnings.append)


def take(world: World, run: Run | None = None, table: Any = None) -> Turn:
    """Take the turn of the slot."""
    return take_turn(SLOT, run or world.run(), tools(world, table))


def faulty(world: World, name: str, *, has_effect: bool, error: Exception = FAULT) -> Any:
    """Return the world's table, one method of which fails once: before it has its effect, or after."""
    errors = [error]

    def around(called: str, call: Callable[[], Any]) -> Any:
        if called != name or not errors:
            return call()
        if has_effect:
            call()
        raise errors.pop()

    return Calls(world.table, around)


def test_the_next_run_begins_when_the_one_before_has_given_the_turn_back(world: World) -> None:
    """It waits, and reads the record then."""
    first = take(world)
    world.pass_time(TERM_SECONDS)
    with pytest.raises(ResourceConflict, match="is busy"):
        take(world, world.run(patience=0))
    first.give_back(Record(slot=SLOT, in_codebuild=True))
    assert take(world, world.run(patience=0)).record == Record(slot=SLOT, in_codebuild=True)


def test_a_turn_that_is_never_given_back_ends_by_itself(world: World) -> None:
    """After its term and a margin, for which the next run waits."""
    take(world)
    begin = world.now
    with take(world):
        assert TERM_SECONDS + MARGIN_SECONDS <= world.now - begin <= TERM_SECONDS + MARGIN_SECONDS + 2


def test_a_waiter_outlives_two_dead_holders() -> None:
    """The function's time limit is more than two terms with their margins."""
    assert LAMBDA_SECONDS > 2 * (TERM_SECONDS + MARGIN_SECONDS) + CALL_SECONDS


def test_a_run_without_time_to_work_does_not_wait_on(world: World) -> None:
    """One FAILED that says so is better than a stack that hangs; and so is the time's own when that is up."""
    take(world)
    with pytest.raises(ResourceConflict, match="is busy"):
        take(world, Run(lambda: 15))
    stopped = world.run()
    stopped.stop()
    with pytest.raises(OutOfTime):
        take(world, stopped)


def test_what_fails_in_a_turn_leaves_the_record_as_it_was(world: World) -> None:
    """Without a mark when CodeBuild was not touched, and with one when it may have been."""
    for touched in (False, True):

        def fail(touched: bool = touched) -> None:  # noqa: FBT001 - bound early
            with take(world) as turn:
                turn.mark(MARK)
                turn.touched = touched
                raise FAULT

        with pytest.raises(ServiceInternalError):
            fail()
        assert world.record() == Record(slot=SLOT, marks=frozenset({MARK} if touched else ()))
        assert world.warnings == []


def test_a_process_that_is_being_ended_gives_nothing_back(world: World) -> None:
    """Its turn ends by itself: what it was at is not known to be over."""

    def die() -> None:
        with take(world):
            raise Killed

    with pytest.raises(Killed):
        die()
    with pytest.raises(ResourceConflict):
        take(world, world.run(patience=0))


def test_codebuild_is_not_written_to_when_that_might_not_end_within_the_term(world: World) -> None:
    """Nor when the run is out of time; but to undo, that is let be."""
    run = world.run()
    with take(world, run) as turn:
        turn.check_time()
        run.stop()
        with pytest.raises(OutOfTime):
            turn.check_time()
        with pytest.raises(OutOfTime):
            turn.mark(MARK)
        turn.undo(MARK)
        turn.check_time()
        world.pass_time(TERM_SECONDS - CALL_SECONDS + 0.1)
        with pytest.raises(OutOfTime, match="AWS answered so slowly"):
            turn.check_time()


def test_a_success_is_not_told_when_the_time_is_up(world: World) -> None:
    """A failure is."""
    run = world.run()
    with take(world, run) as turn:
        run.stop()
        with pytest.raises(OutOfTime):
            turn.give_back(turn.record, Ending(request=REQUEST, answer=Answer(succeeded=True), change=Change()))
        failed = Answer(succeeded=False, reason="so")
        turn.give_back(turn.record, Ending(request=REQUEST, answer=failed, change=Change()))
    assert world.table.recall(REQUEST).answer == Answer(succeeded=False, reason="so")


def lose(world: World) -> None:
    """Let another run take the turn, after term and margin."""
    world.pass_time(TERM_SECONDS + MARGIN_SECONDS + 1)
    take(world)


@pytest.mark.parametrize("touched", [True, False])
@pytest.mark.parametrize("act", ["give_back", "undo", "leave"])
def test_who_finds_its_turn_lost_marks_the_slot_whoever_has_it(world: World, act: str, *, touched: bool) -> None:
    """If CodeBuild may have been touched: a call may have come too late. It writes nothing else."""
    turn = take(world)
    turn.mark(MARK)
    turn.touched = touched
    lose(world)
    world.table.slots_by_key[SLOT].record = Record(slot=SLOT)  # the other run has cleared the mark

    def go_on() -> None:
        with turn:
            if act == "give_back":
                turn.give_back(turn.record)
            elif act == "undo":
                turn.undo(MARK)

    if act == "leave":
        go_on()
    else:
        with pytest.raises(ServiceInternalError, match="was taken by another request"):
            go_on()
    assert world.record() == Record(slot=SLOT, marks=frozenset({MARK} if touched else ()))


def test_a_clean_end_does_not_wipe_a_mark_that_another_has_set_meanwhile(world: World) -> None:
    """It clears its own, and those that it found."""
    other = Mark(owner=owner("b"), id="other")
    world.table.set_mark(SLOT, Mark(owner=owner("b"), id="found"))
    with take(world) as turn:
        turn.mark(MARK)
        world.table.set_mark(SLOT, other)
        turn.give_back(Record(slot=SLOT))
    assert world.record().marks == {other}


@pytest.mark.parametrize("has_effect", [True, False])
@pytest.mark.parametrize("error", [FAULT, Conflict()])
def test_giving_back_finds_out_what_became_of_an_attempt(world: World, error: Exception, *, has_effect: bool) -> None:
    """With an answer or without one: an attempt that had its effect, of which the answer was lost, is a success."""
    ending = Ending(request=REQUEST, answer=Answer(succeeded=True), change=Change())
    for end in (None, ending):
        turn = take(world, table=faulty(world, "give_back", has_effect=has_effect, error=error))
        if has_effect:
            turn.give_back(turn.record, end)
        else:
            with pytest.raises(SourceCredentialError), turn:
                turn.give_back(turn.record, end)
        take(world, world.run(patience=0)).give_back(Record(slot=SLOT))
    assert (world.table.recall(REQUEST).answer is not None) is has_effect


@pytest.mark.parametrize("has_effect", [True, False])
def test_a_mark_of_which_the_answer_was_lost_costs_no_turn(world: World, *, has_effect: bool) -> None:
    """The turn is given back by whichever of its ids the table has, and the mark has no reason to stay."""
    with (
        pytest.raises(ServiceInternalError),
        take(world, table=faulty(world, "mark", has_effect=has_effect)) as turn,
    ):
        turn.mark(MARK)
    assert take(world, world.run(patience=0)).record == Record(slot=SLOT)


def test_an_early_write_that_comes_late_comes_to_nothing_once_it_is_undone(world: World) -> None:
    """The turn has another id from then on."""
    turn = take(world)
    turn.mark(MARK)
    ids = turn._ids
    turn.undo(MARK)
    with pytest.raises(Conflict):
        world.table.give_back(turn.record, turn_ids=ids, cleared=frozenset(), ending=None)
    turn.give_back(turn.record)


def test_a_turn_is_marked_once(world: World) -> None:
    """The first mark names on whose behalf CodeBuild is written to first."""
    with take(world) as turn:
        turn.mark(MARK)
        turn.mark(Mark(owner=owner("b")))
        assert world.record().marks == {MARK}
        turn.touched = True
    assert world.record().marks == {MARK}


def test_a_turn_that_cannot_be_given_back_is_told_to_an_operator(world: World) -> None:
    """It ends by itself; what was to be raised is raised."""
    table = faulty(world, "give_back", has_effect=False)
    with pytest.raises(OutOfTime), take(world, table=table):
        raise OutOfTime("Provider", "is late", "Again.")
    assert world.warnings[0].startswith(f"The turn of slot {SLOT} could not be given back, and ends by itself")
