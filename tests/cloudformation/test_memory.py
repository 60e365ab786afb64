"""The memory of answers: what a request came to is remembered before it is sent, and a duplicate is told the same."""

from dataclasses import dataclass, field, replace

import pytest

from source_credential.cloudformation.memory import Memory
from source_credential.errors import NotFound, Throttling
from source_credential.model import Owner, Request
from source_credential.records import Answer, Change, Recollection, Resource
from tests.fake_table import FakeTable
from tests.fakes import raising

REQUEST = Request(
    owner=Owner(stack_id="stack", logical_resource_id="GitHub"), request_id="request", request_type="Create"
)
SUCCESS = Answer(succeeded=True, physical_resource_id="arn", attributes={"Arn": "arn"})
FAILURE = Answer(succeeded=False, reason="Secret a: does not exist. Create it.")
THROTTLED = Throttling("Table slots", "AWS went on throttling dynamodb:PutItem", "Deploy again.")


@dataclass
class Failing(FakeTable):
    """A table that refuses to remember, or to recall, this many times."""

    writes: int = 0
    asked: list[str] = field(default_factory=list)

    def recall(self, request: Request) -> Recollection:
        """Recall."""
        self.asked.append("recall")
        return super().recall(request)

    def remember(self, request: Request, answer: Answer, change: Change | None = None) -> Answer:
        """Remember, unless it fails."""
        self.asked.append("remember")
        if self.writes:
            self.writes -= 1
            raise THROTTLED
        return super().remember(request, answer, change)


class Life:
    """A memory, its table, and what it does beside."""

    def __init__(self, *, writes: int = 0) -> None:
        """Start with an empty table that fails this often."""
        self.table = Failing(lambda: 1_800_000_000.0, writes=writes)
        self.naps: list[float] = []
        self.warnings: list[str] = []
        self.memory = Memory(self.table, sleep=self.naps.append, warn=self.warnings.append)

    def remembered(self) -> Answer | None:
        """Return the answer that the table has."""
        return FakeTable.recall(self.table, REQUEST).answer


def test_the_answer_of_the_work_stands() -> None:
    """A success is remembered by the work itself, in the write that makes it true."""
    life = Life()
    assert life.memory.answer(REQUEST, lambda: SUCCESS) == SUCCESS
    assert life.table.asked == []


@pytest.mark.parametrize("answer", [SUCCESS, FAILURE])
def test_a_duplicate_that_fails_is_told_what_is_remembered(answer: Answer) -> None:
    """A failure as well as a success."""
    life = Life()
    life.table.remember(REQUEST, answer)
    assert life.memory.answer(REQUEST, raising(THROTTLED)) == answer


def test_a_failure_is_remembered_word_for_word() -> None:
    """The duplicate is told the first reason, though it would succeed by now."""
    life = Life()
    error = NotFound("Secret a", "does not exist", "Create it.")
    assert life.memory.answer(REQUEST, raising(error)) == FAILURE
    assert life.remembered() == FAILURE
    assert life.memory.answer(REQUEST, raising(THROTTLED)) == FAILURE
    assert life.warnings == []


def test_what_was_answered_meanwhile_stands() -> None:
    """A failure that comes after the success of a twin, or of a run whose time was up, is told that success."""
    life = Life()

    def overtaken() -> Answer:
        life.table.remember(REQUEST, SUCCESS)
        raise THROTTLED

    assert life.memory.answer(REQUEST, overtaken) == SUCCESS
    assert life.memory.fail(REQUEST, "Time is up.") == SUCCESS


@pytest.mark.parametrize(("failures", "is_remembered"), [(1, True), (2, True), (3, False), (100, False)])
def test_a_failure_that_cannot_be_remembered_is_answered_all_the_same(*, failures: int, is_remembered: bool) -> None:
    """After some attempts within two seconds, each told to an operator; CloudFormation would wait for it."""
    life = Life(writes=failures)
    assert life.memory.fail(REQUEST, FAILURE.reason) == FAILURE
    assert (life.remembered() == FAILURE) is is_remembered
    assert len(life.warnings) == min(failures, 3)
    assert all("could not be remembered: Table slots: " in warning for warning in life.warnings)
    assert sum(life.naps) < 2


def test_what_is_no_failure_of_ours_is_not_remembered() -> None:
    """It is the life cycle's to tell, and a retry may do better."""
    life = Life()

    def work() -> Answer:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        life.memory.answer(REQUEST, work)
    assert life.remembered() is None


@pytest.mark.parametrize(("kind", "is_expected"), [("Create", False), ("Update", True), ("Delete", True)])
def test_a_create_that_was_expected_has_come_when_it_fails(*, kind: str, is_expected: bool) -> None:
    """Whatever the reason, so that the next Create is another one; what else is remembered stays."""
    life = Life()
    known = Resource(gone=frozenset({"made-up"}), late_create_until=1_800_000_100.0)
    life.table.resources[REQUEST.owner] = known
    life.memory.fail(replace(REQUEST, request_type=kind), FAILURE.reason)
    assert life.remembered() == replace(FAILURE, is_late=not is_expected)
    assert life.table.resources[REQUEST.owner] == (known if is_expected else replace(known, late_create_until=None))


def test_a_create_that_was_answered_already_changes_nothing() -> None:
    """A duplicate that fails says nothing of what came after it."""
    life = Life()
    life.table.remember(REQUEST, SUCCESS)
    known = Resource(late_create_until=1_800_000_100.0)
    life.table.resources[REQUEST.owner] = known
    assert life.memory.fail(REQUEST, FAILURE.reason) == SUCCESS
    assert life.table.resources[REQUEST.owner] == known
