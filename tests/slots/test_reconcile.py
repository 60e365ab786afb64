"""How CodeBuild comes to hold what the top claim says: done, surely not, or maybe."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from source_credential.errors import (
    AccessDenied,
    AlreadyExists,
    InvalidRequest,
    OutOfTime,
    ServiceInternalError,
    SourceCredentialError,
    Throttling,
)
from source_credential.model import AuthType, Credential, ServerType, Specification, Target
from source_credential.records import Claim, Mark, Record
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import CALL_SECONDS, TERM_SECONDS, Turn
from source_credential.slots.turns import take_turn
from source_credential.wiring import Logic
from tests.fakes import ARN, UNANSWERED, FakeSourceCredentials
from tests.slots.sent import owner
from tests.slots.test_turns import tools
from tests.slots.world import SLOT, World

PAT = Specification(server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id="a-GitHub")
CLAIM = Claim(owner=owner("a"), specification=PAT, fingerprint="f", request_id="r", since="2026-01-01T00:00:00+00:00")
TARGET = Target(slot=SLOT)
BEFORE = Record(slot=SLOT, claims=(CLAIM,))

THROTTLED = Throttling("CodeBuild", "is throttled", "Again.")
REFUSED = InvalidRequest("CodeBuild", "refuses", "Correct it.")
EXISTS = AlreadyExists("CodeBuild", "holds one", "Overwrite it.")


@pytest.fixture
def turn(world: World) -> Iterator[Turn]:
    """Return a turn of the slot."""
    world.secret("a-GitHub")
    with take_turn(SLOT, world.run(), tools(world)) as taken:
        taken.mark(CLAIM.mark)
        yield taken


def reconciler(world: World) -> Reconciler:
    """Return what reconciles."""
    logic: Logic = world.logic()
    return logic.provisioner._reconciler


def put(world: World, turn: Turn, *, overwrite: bool = True) -> Claim:
    """Import for the claim."""
    prepared = world.logic().preparation.prepare(PAT, owner("a"), TARGET)
    record = reconciler(world).reconcile(turn, BEFORE, prepared=prepared, overwrite=overwrite)
    return record.claims[-1]


def answering(monkeypatch: pytest.MonkeyPatch, *answers: SourceCredentialError | None) -> list[bool]:
    """Let imports be answered so, then as ever; return whether each one was to overwrite. An unanswered one lands."""
    left, overwrites = list(answers), list[bool]()
    real = FakeSourceCredentials.import_credential

    def answered(self: FakeSourceCredentials, **given: object) -> str:
        overwrites.append(bool(given["should_overwrite"]))
        failure = left.pop(0) if left else None
        if failure in (None, UNANSWERED):
            arn = real(self, **given)  # type: ignore[arg-type]
        if failure is not None:
            raise failure
        return arn

    monkeypatch.setattr(FakeSourceCredentials, "import_credential", answered)
    return overwrites


@pytest.mark.parametrize(
    ("answers", "attempts", "touched"),
    [
        ([None], 1, True),
        ([THROTTLED, THROTTLED], 3, True),
        ([UNANSWERED], 2, True),
        ([ServiceInternalError("CodeBuild", "was not reached", "Again.")], 2, True),
    ],
)
def test_an_import_that_is_made_in_the_end_is_done(
    world: World,
    turn: Turn,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[SourceCredentialError | None],
    attempts: int,
    *,
    touched: bool,
) -> None:
    """What may pass is tried again, and what was there is surely overwritten."""
    tried = answering(monkeypatch, *answers)
    assert put(world, turn).arn == ARN
    assert (len(tried), turn.touched, turn.overwrote) == (attempts, touched, True)


@pytest.mark.parametrize(
    ("answers", "attempts", "touched"),
    [
        ([REFUSED], 1, False),
        ([EXISTS], 1, False),
        ([THROTTLED] * 4, 4, False),
        ([THROTTLED, REFUSED], 2, False),
        ([UNANSWERED] * 4, 4, True),
        ([UNANSWERED, REFUSED], 2, True),
        ([UNANSWERED, EXISTS], 2, True),
        ([UNANSWERED, THROTTLED, THROTTLED, THROTTLED], 4, True),
    ],
)
def test_an_import_that_fails_is_surely_not_made_or_may_be(
    world: World,
    turn: Turn,
    monkeypatch: pytest.MonkeyPatch,
    answers: list[SourceCredentialError | None],
    attempts: int,
    *,
    touched: bool,
) -> None:
    """One attempt that was not answered makes it a maybe, whatever AWS says to the next ones."""
    tried = answering(monkeypatch, *answers)
    with pytest.raises(type(answers[-1] or REFUSED)):
        put(world, turn)
    assert (len(tried), turn.touched, turn.overwrote) == (attempts, touched, False)


def test_after_an_unanswered_attempt_what_is_there_may_be_overwritten(
    world: World, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slot was empty when the turn began, so what is there now is its own."""
    overwrites = answering(monkeypatch, UNANSWERED)
    assert put(world, turn, overwrite=False).arn == ARN
    assert overwrites == [False, True]


def test_an_attempt_is_not_begun_without_time_and_that_is_not_tried_again(world: World, turn: Turn) -> None:
    """The turn is nearly over."""
    world.pass_time(TERM_SECONDS - CALL_SECONDS + 0.5)
    begin = world.now
    with pytest.raises(OutOfTime):
        put(world, turn)
    assert (world.codebuild.calls, world.now) == ([], begin)


def test_what_codebuild_is_known_to_hold_needs_nothing(world: World, turn: Turn) -> None:
    """Nothing is read, and CodeBuild is not asked."""
    known = replace(BEFORE, in_codebuild=True)
    assert reconciler(world).reconcile(turn, known) == known
    assert (world.secrets.reads, world.codebuild.calls) == ([], [])


def test_a_claim_that_is_not_known_to_be_there_is_imported(world: World, turn: Turn) -> None:
    """Its token is read for it."""
    settled = reconciler(world).reconcile(turn, BEFORE)
    assert (settled.known, settled.top is not None and settled.top.arn, world.token()) == (True, ARN, "a-GitHub")


@pytest.mark.parametrize("failure", [REFUSED, AccessDenied("CodeBuild", "denies", "Allow it.")])
def test_a_claim_that_cannot_be_imported_empties_the_slot_where_it_must_not_keep_another_from_going(
    world: World, turn: Turn, failure: SourceCredentialError
) -> None:
    """The claim stays, and is known not to be in CodeBuild; elsewhere the failure is told, and nothing changes."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="PERSONAL_ACCESS_TOKEN")
    turn.record = Record(slot=SLOT, claims=(CLAIM,), in_codebuild=True)
    world.codebuild.failure = failure
    with pytest.raises(type(failure)):
        reconciler(world).reconcile(turn, BEFORE)
    assert world.codebuild.slots
    settled = reconciler(world).reconcile(turn, BEFORE, may_empty=True)
    assert settled == Record(slot=SLOT, claims=(CLAIM,), in_codebuild=False)
    assert world.codebuild.slots == {}
    assert "is not in CodeBuild for stack a, logical id GitHub, who holds it now" in world.warnings[-1]


@pytest.mark.parametrize("failure", [THROTTLED, UNANSWERED])
def test_what_may_pass_is_told_in_any_case(world: World, turn: Turn, failure: SourceCredentialError) -> None:
    """The slot is not emptied for it."""
    world.codebuild.failure = failure
    turn.record = Record(slot=SLOT, claims=(CLAIM,), in_codebuild=True)
    with pytest.raises(type(failure)):
        reconciler(world).reconcile(turn, BEFORE, may_empty=True)
    assert "delete" not in world.codebuild.calls


@pytest.mark.parametrize("auth_type", ["PERSONAL_ACCESS_TOKEN", "OAUTH"])
@pytest.mark.parametrize(
    ("before", "emptied"),
    [
        (Record(slot=SLOT), False),
        (Record(slot=SLOT, in_codebuild=True), True),
        (Record(slot=SLOT, marks=frozenset({Mark(owner=owner("a"))})), True),
        (Record(slot=SLOT, marks=frozenset({Mark(owner=owner("a"), spare=True)})), False),
    ],
)
def test_a_slot_without_claims_is_emptied_of_what_a_claim_or_a_dead_run_left(
    world: World, turn: Turn, before: Record, auth_type: str, *, emptied: bool
) -> None:
    """What nobody manages, or may be so, stays; and so does what was visibly made in the console."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type=auth_type)
    world.codebuild.slots["BITBUCKET"] = Credential(arn="b", server_type="BITBUCKET", auth_type=auth_type)
    turn.record = before
    assert reconciler(world).reconcile(turn, Record(slot=SLOT)) == Record(slot=SLOT)
    gone = emptied and auth_type != "OAUTH"
    assert set(world.codebuild.slots) == {"BITBUCKET"} | (set() if gone else {"GITHUB"})


def test_emptying_is_tried_again(world: World, turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot is marked before it is written to."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="PERSONAL_ACCESS_TOKEN")
    turn.record = Record(slot=SLOT, in_codebuild=True)
    failures, real = [THROTTLED, UNANSWERED], FakeSourceCredentials.delete

    def delete(self: FakeSourceCredentials, arn: str) -> None:
        assert world.record().marks
        if failures:
            raise failures.pop()
        real(self, arn)

    monkeypatch.setattr(FakeSourceCredentials, "delete", delete)
    reconciler(world).reconcile(turn, Record(slot=SLOT))
    assert world.codebuild.slots == {}


def test_a_slot_is_not_emptied_without_a_mark(world: World) -> None:
    """That would be a fault of the logic."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="PERSONAL_ACCESS_TOKEN")
    with take_turn(SLOT, world.run(), tools(world)) as turn:
        turn.record = Record(slot=SLOT, in_codebuild=True)
        with pytest.raises(ValueError, match="is marked before"):
            reconciler(world).reconcile(turn, Record(slot=SLOT))
        turn.record = Record(slot=SLOT)
    assert world.codebuild.slots
