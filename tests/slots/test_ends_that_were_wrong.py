"""Ends that an earlier design came to, each with its name. The turns and the marks close their kinds."""

from dataclasses import replace

import pytest

from source_credential.errors import InvalidRequest, Throttling
from tests.fakes import ARN, UNANSWERED, V2, V3, VERSION_ID, FakeSourceCredentials, raising
from tests.slots.interleaving import die, finish, go_until, start
from tests.slots.sent import BUSY, HEALED, LEFT_ALONE, REFRESHED, Check, Refresh, Stack, create, delete, run
from tests.slots.test_faults import at, fault
from tests.slots.world import Killed, World, kill_before

MADE_UP = "a-GitHub-1ABCDEF"
ROTATED = Refresh("a-GitHub")


@pytest.mark.parametrize("dies", [True, False])
def test_1_a_late_create_that_dies_after_it_met_its_delete_imports_nothing_when_it_is_run_again(*, dies: bool) -> None:
    """Before each of its calls, or when one of them fails; and a Create after that is wanted."""
    calls: list[str] = []
    run(given_up(), create("a"), calls.append)
    for nth in range(len(calls)):
        world = given_up()
        step = kill_before(nth)
        if not dies:
            step = at(calls[nth], raising(fault(calls[nth])), first=calls[:nth].count(calls[nth]), last=9)
        try:
            answer = run(world, create("a"), step)
            assert answer.status == "FAILED"
        except Killed:
            world.pass_time(60)
        assert run(world, create("a")).status == "FAILED"
        assert (world.holder(), world.token()) == (None, None)
        assert run(world, create("a", "another")).status == "SUCCESS"


def given_up() -> World:
    """Return a world in which a Delete has come whose Create has not."""
    world = World()
    world.secret("a-GitHub")
    assert run(world, delete("a", MADE_UP)).status == "SUCCESS"
    return world


def test_1_a_delete_of_what_has_not_come_that_dies_is_run_again_to_the_same_end() -> None:
    """Wherever it died, its second run still expects the Create."""
    for nth in range(20):
        world = World()
        world.secret("a-GitHub")
        try:
            run(world, delete("a", MADE_UP), kill_before(nth))
            break
        except Killed:
            world.pass_time(60)
        assert run(world, delete("a", MADE_UP)).status == "SUCCESS"
        assert run(world, create("a")).status == "FAILED"
        assert (world.holder(), world.token()) == (None, None)
    assert nth > 3


def test_2_the_slower_of_two_rotations_does_not_land_last(world: World) -> None:
    """The second one waits for the first one's turn to end, and then reads the secret."""
    Stack(world, "a").create()
    world.rotate("a-GitHub", V2)
    slow = start(world, ROTATED)
    go_until(slow, "import_credential")
    world.rotate("a-GitHub", V3)
    assert run(world, ROTATED) == BUSY
    finish(slow, world)
    assert run(world, ROTATED) == REFRESHED
    assert world.version() == V3
    world.agree()


def test_2_a_label_that_moves_on_and_straight_back_ends_where_it_is(world: World) -> None:
    """Whatever was read on the way."""
    Stack(world, "a").create()
    world.rotate("a-GitHub", V2)
    slow = start(world, ROTATED)
    go_until(slow, "import_credential")
    world.secrets.labels["a-GitHub", "AWSCURRENT"] = VERSION_ID
    finish(slow, world)
    assert run(world, ROTATED) == REFRESHED
    assert world.version() == VERSION_ID
    world.agree()


def test_2_a_rotation_while_another_stacks_takeover_gets_no_answer_is_not_undone(world: World) -> None:
    """The takeover puts back what the holder should have by then, or marks the slot."""
    Stack(world, "a").create()
    world.secret("b-GitHub")
    world.codebuild.failure = UNANSWERED
    taking = start(world, create("b", ShouldOverwrite="true"))
    go_until(taking, "import_credential")
    world.rotate("a-GitHub", V2)
    assert run(world, ROTATED) == BUSY
    go_until(taking, "sleep")
    world.codebuild.failure = InvalidRequest("CodeBuild", "refuses", "Correct it.")
    while taking.at != "mark" and not taking.is_over:
        taking.wake = world.now
        taking.go()
    world.codebuild.failure = None
    assert finish(taking, world).status == "FAILED"
    run(world, ROTATED)
    assert (world.holder(), world.version()) == ("a/GitHub", V2)
    world.agree()


@pytest.mark.parametrize("lands", [True, False])
def test_3_a_rotations_import_that_gets_no_answer_while_its_stack_is_deleted_leaves_nothing(
    world: World, *, lands: bool
) -> None:
    """The Delete waits for the turn, finds the mark, and empties the slot."""
    a = Stack(world, "a")
    a.create()
    world.rotate("a-GitHub", V2)
    rotating = start(world, ROTATED)
    go_until(rotating, "import_credential")
    if lands:
        world.codebuild.imported["GITHUB"] = ("what landed", None)
    world.codebuild.failure = UNANSWERED
    finish(rotating, world)
    world.codebuild.failure = None
    assert a.delete().status == "SUCCESS"
    assert run(world, ROTATED) == LEFT_ALONE
    assert (world.holder(), world.token()) == (None, None)
    world.agree()


def test_3_a_clean_up_that_is_throttled_is_made_good(world: World) -> None:
    """The Delete fails, the resource is there still for CloudFormation, and its next Delete empties the slot."""
    a = Stack(world, "a")
    a.create()
    world.codebuild.delete_failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert a.delete().status == "FAILED"
    world.codebuild.delete_failure = None
    assert a.delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)
    world.agree()


@pytest.mark.parametrize("overwrite", ["true", "false"])
@pytest.mark.parametrize("then", ["already exists", "throttled"])
def test_4_an_attempt_that_was_not_answered_is_not_forgotten_by_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch, overwrite: str, then: str
) -> None:
    """It may have landed: what AWS says to the next attempt does not tell, and nothing is left that nobody owns."""
    answers: list[Exception | None] = [UNANSWERED]
    if then == "throttled":
        answers += [Throttling("CodeBuild", "is throttled", "Again.")] * 3
    real = FakeSourceCredentials.import_credential

    def lossy(self: FakeSourceCredentials, **given: object) -> str:
        failure = answers.pop(0) if answers else None
        if failure is None or failure is UNANSWERED:
            arn = real(self, **given)  # type: ignore[arg-type]
        if failure is not None:
            raise failure
        return arn

    monkeypatch.setattr(FakeSourceCredentials, "import_credential", lossy)
    world.secret("a-GitHub")
    answer = run(world, create("a", ShouldOverwrite=overwrite))
    assert answer.status == ("FAILED" if then == "throttled" else "SUCCESS")
    world.agree()
    assert world.token() == (None if then == "throttled" else "a-GitHub")


@pytest.mark.parametrize("read", ["recall", "take_turn", "read"])
def test_5_a_delete_that_gives_back_while_a_third_stack_takes_over_and_a_read_fails(world: World, read: str) -> None:
    """It fails or succeeds; the new holder has its own token in any case, also after the next Delete."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    world.secret("c-GitHub")
    deleting = start(world, delete("b", ARN))
    go_until(deleting, read)
    taking = start(world, create("c", ShouldOverwrite="true"), "c")
    go_until(taking, "take_turn")
    deleting.go(raising(fault(read)))
    assert finish(deleting, world).status == "FAILED"
    assert finish(taking, world).status == "SUCCESS"
    assert run(world, replace(delete("b", ARN), request_id="again")).status == "SUCCESS"
    assert (world.stack_of_claims(), world.token()) == (["a/GitHub", "c/GitHub"], "c-GitHub")
    world.agree()


def test_6_a_takeover_that_died_for_good_does_not_hold_the_slot() -> None:
    """Its stack is not rolled back: the holder's rotations are followed, its Updates allowed, the check mends."""
    for call in ("import_credential", "give_back"):
        world = World()
        a = Stack(world, "a")
        a.create()
        world.secret("b-GitHub")
        die(world, create("b", ShouldOverwrite="true"), call)
        assert run(world, Check()) == HEALED
        assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
        world.rotate("a-GitHub", V2)
        assert run(world, ROTATED) == REFRESHED
        assert a.update(SecretId=world.secret("new")).status == "SUCCESS"
        world.agree()


def test_7_a_duplicate_that_imports_late_and_dies_after_a_takeover(world: World) -> None:
    """There is no late import: it waits for its turn, and is then told what it was answered."""
    world.secret("a-GitHub")
    first, second = start(world, create("a"), "first"), start(world, create("a"), "second")
    go_until(second, "take_turn")
    answer = finish(first, world)
    Stack(world, "b").create(ShouldOverwrite="true")
    assert finish(second, world) == answer
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")


@pytest.mark.parametrize("overwrite", ["true", "false"])
def test_7_what_its_own_first_run_left_is_not_taken_for_somebodys(overwrite: str) -> None:
    """ShouldOverwrite false does not refuse what a run of this very request has imported before it died."""
    for call in ("import_credential", "give_back"):
        world = World()
        world.secret("a-GitHub")
        event = create("a", ShouldOverwrite=overwrite)
        die(world, event, call)
        assert run(world, event).status == "SUCCESS"
        assert run(world, delete("a", ARN)).status == "SUCCESS"
        assert world.token() is None
