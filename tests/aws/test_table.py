"""The records of slots, turns and marks: the port SlotTable, kept by the tests' fake and by DynamoDB alike."""

from dataclasses import replace

import pytest

from source_credential.ports import Conflict
from source_credential.records import Begun, Change, Claim, Record, Resource
from tests.aws.stubs import ROLE, SECRET_ARN
from tests.aws.tables import BARE, FULL, OTHER, Tables, asked, claimed, ending, following, marked
from tests.fakes import secret_arn
from tests.slots.sent import owner
from tests.slots.world import SLOT

BEGUN = Change(
    added=Resource(begun=frozenset({Begun("Delete", "id", "made up: with spaces"), Begun("Create", "1", "")}))
)


@pytest.mark.parametrize(
    "record",
    [
        claimed(),
        claimed(FULL, in_codebuild=True),
        claimed(BARE),
        claimed(replace(FULL, owner=owner("other")), BARE, following(), in_codebuild=True),
        claimed(replace(FULL, specification=replace(FULL.specification, should_overwrite=True))),
    ],
    ids=["empty", "full", "bare", "stack", "overwriting"],
)
def test_a_record_comes_back_as_it_went_in(tables: Tables, record: Record) -> None:
    """Every claim, in its order, with every field and those that are absent; by reading and by taking the turn."""
    tables.put(record)
    assert tables.slots.look(SLOT) == record
    assert tables.take() == record


def test_of_a_slot_that_was_never_used_an_empty_record_is_read(tables: Tables) -> None:
    """Without a claim, not held or a mark; taking its turn returns the same, and another slot's says nothing."""
    assert tables.slots.look(SLOT) == Record(slot=SLOT)
    tables.put(claimed(FULL, slot=OTHER))
    assert tables.take() == tables.slots.look(SLOT) == Record(slot=SLOT)


def test_a_turn_that_somebody_has_is_not_taken(tables: Tables) -> None:
    """Whoever asks is refused until it is given back; the turn of another slot is another turn."""
    tables.take("theirs")
    with pytest.raises(Conflict):
        tables.take("mine")
    tables.take("mine", OTHER)
    tables.give_back(claimed(FULL), "theirs")
    assert tables.take("mine") == claimed(FULL)


@pytest.mark.parametrize(("seconds_after", "is_free"), [(-1.0, False), (0.0, False), (0.001, True), (100.0, True)])
def test_a_turn_whose_term_and_margin_have_passed_is_free(
    tables: Tables, *, seconds_after: float, is_free: bool
) -> None:
    """To the millisecond, and not at the very moment; what its holder still writes meets a turn that is lost."""
    record, until, margin = claimed(FULL), tables.clock.now + 50.0, 2.0
    tables.put(record)
    tables.slots.take_turn(SLOT, "theirs", until=until, free_if_ended_before=0.0)
    now = until + margin + seconds_after
    if is_free:
        taken = tables.slots.take_turn(SLOT, "mine", until=now + 50.0, free_if_ended_before=now - margin)
        assert taken == record
        with pytest.raises(Conflict):
            tables.give_back(claimed(), "theirs")
    else:
        with pytest.raises(Conflict):
            tables.slots.take_turn(SLOT, "mine", until=now + 50.0, free_if_ended_before=now - margin)
        tables.give_back(record, "theirs")
    assert tables.slots.look(SLOT) == record


def test_a_turn_is_taken_twice_by_the_same_id(tables: Tables) -> None:
    """Its own first attempt, of which the answer was lost, does not stand in its way."""
    assert tables.take() == tables.take() == Record(slot=SLOT)
    with pytest.raises(Conflict):
        tables.take("another")


def test_a_mark_comes_back_as_it_went_in(tables: Tables) -> None:
    """With every field, and those that are absent, beside the claims that were there."""
    full = marked("1", role_arn=ROLE, spare=True, followed=SECRET_ARN[:-7])
    tables.put(claimed(FULL, in_codebuild=True))
    tables.take()
    tables.mark(full)
    tables.mark(marked("2"))
    assert tables.slots.look(SLOT) == claimed(FULL, in_codebuild=True, marks=frozenset({full, marked("2")}))
    assert not tables.slots.look(SLOT).known


def test_marking_gives_the_turn_another_id(tables: Tables) -> None:
    """An earlier write of the same turn that is still on its way comes to nothing."""
    tables.take("first")
    tables.mark(marked(), turn_ids=("first",), then="second")
    with pytest.raises(Conflict):
        tables.give_back(claimed(FULL), "first")
    with pytest.raises(Conflict):
        tables.mark(marked("late"), turn_ids=("first",), then="third")
    assert tables.slots.look(SLOT) == claimed(marks=frozenset({marked()}))
    tables.give_back(claimed(FULL), "second")


@pytest.mark.parametrize("ids", [("turn",), ("turn", "unknown"), ("unknown", "turn"), ("a", "b", "turn")])
def test_a_turn_is_known_by_any_of_its_ids(tables: Tables, ids: tuple[str, ...]) -> None:
    """Who does not know whether its last write came true knows it by both; another one's turn by none."""
    tables.take()
    tables.mark(marked(), turn_ids=ids)
    tables.slots.give_back(claimed(FULL), turn_ids=ids, cleared=frozenset(), ending=None)
    assert tables.slots.was_given_back(SLOT, (*ids, "unknown"))
    tables.take("theirs")
    with pytest.raises(Conflict):
        tables.mark(marked("late"), turn_ids=ids)
    with pytest.raises(Conflict):
        tables.slots.give_back(claimed(), turn_ids=ids, cleared=frozenset(), ending=None)
    assert tables.slots.look(SLOT) == claimed(FULL, marks=frozenset({marked()}))


def test_a_slot_whose_turn_nobody_has_is_not_marked_in_a_turn(tables: Tables) -> None:
    """Neither one that was never used nor one whose turn was given back; nothing is written."""
    with pytest.raises(Conflict):
        tables.mark(marked())
    tables.put(claimed())
    with pytest.raises(Conflict):
        tables.mark(marked())
    assert tables.slots.look(SLOT) == Record(slot=SLOT)


def test_the_same_mark_twice_is_one_mark(tables: Tables) -> None:
    """The SDK's retry of a write that came true meets its own turn, under the next id, and succeeds."""
    tables.take()
    for _ in range(2):
        tables.mark(marked(), then="next")
    assert tables.slots.look(SLOT).marks == {marked()}
    tables.give_back(claimed(), "next")


@pytest.mark.parametrize("before", [claimed(following()), claimed(FULL), claimed()])
def test_a_slot_is_found_by_the_secret_that_a_mark_names(tables: Tables, before: Record) -> None:
    """As long as the mark is there, beside the one that the top claim follows: a rotation meanwhile is not missed."""
    old, new = SECRET_ARN, secret_arn("new")
    mark = marked(followed=new[:-7])
    tables.put(before)
    found_by_old = list(tables.slots.followers(old))
    tables.take()
    tables.mark(mark)
    for _ in range(2):
        assert list(tables.slots.followers(new)) == [SLOT]
        assert list(tables.slots.followers(old)) == found_by_old
        tables.give_back(replace(before, marks=frozenset({mark})))
        tables.take()
    tables.give_back(before, cleared=(mark,))
    assert list(tables.slots.followers(new)) == []
    assert list(tables.slots.followers(old)) == found_by_old


def test_a_slot_is_found_by_the_secret_of_a_mark_that_came_late(tables: Tables) -> None:
    """Whoever has the turn, and until the mark is cleared; where another turn has cleared it before, once more."""
    new = secret_arn("new")
    mark = marked(followed=new[:-7])
    for request_id in ("1", "2"):
        tables.slots.set_mark(SLOT, mark)
        assert list(tables.slots.followers(new)) == [SLOT]
        tables.take()
        tables.give_back(claimed(FULL), ending=ending(request_id=request_id), cleared=(mark,))
        assert list(tables.slots.followers(new)) == []


def test_a_turn_that_is_lost_makes_no_slot_be_found(tables: Tables) -> None:
    """Neither by the mark that is refused, nor is it found no more by one that is not cleared."""
    new = secret_arn("new")
    mark = marked(followed=new[:-7])
    with pytest.raises(Conflict):
        tables.mark(mark)
    assert list(tables.slots.followers(new)) == []
    tables.slots.set_mark(SLOT, mark)
    with pytest.raises(Conflict):
        tables.give_back(claimed(), cleared=(mark,))
    assert list(tables.slots.followers(new)) == [SLOT]


def test_what_has_begun_is_remembered_with_the_mark(tables: Tables) -> None:
    """In the same write: a turn that is lost changes nothing of the resource either."""
    with pytest.raises(Conflict):
        tables.mark(marked(), begun=BEGUN)
    assert tables.resource() == Resource()
    tables.take()
    for _ in range(2):
        tables.mark(marked(), begun=BEGUN)
    assert tables.slots.look(SLOT).marks == {marked()}
    assert tables.resource() == BEGUN.added


@pytest.mark.parametrize("claims", [(), (FULL,)])
def test_a_mark_is_set_whoever_has_the_turn(tables: Tables, claims: tuple[Claim, ...]) -> None:
    """Also where there is no turn and no item yet; the turn and the claims are as they were."""
    if claims:
        tables.put(claimed(*claims, in_codebuild=True))
        tables.take("theirs")
    for identity in ("1", "2", "2"):
        tables.slots.set_mark(SLOT, marked(identity))
    expected = claimed(*claims, in_codebuild=bool(claims), marks=frozenset({marked("1"), marked("2")}))
    assert tables.slots.look(SLOT) == expected
    if claims:
        with pytest.raises(Conflict):
            tables.take()
    else:
        assert tables.take() == expected


def test_a_mark_outlives_the_commit_of_whoever_is_at_work(tables: Tables) -> None:
    """A clean commit clears the marks that it names, and not one that was set meanwhile."""
    tables.take()
    tables.mark(marked("own"))
    tables.slots.set_mark(SLOT, marked("latecomer's"))
    tables.give_back(claimed(FULL, in_codebuild=True), cleared=(marked("own"),))
    assert tables.slots.look(SLOT) == claimed(FULL, in_codebuild=True, marks=frozenset({marked("latecomer's")}))
    assert list(tables.slots.slots()) == [SLOT]


def test_a_request_is_not_known_by_what_was_done_in_a_turn_without_it(tables: Tables) -> None:
    """Marks and records say nothing of answers."""
    tables.take()
    tables.mark(marked(), begun=BEGUN)
    tables.give_back(claimed(FULL))
    assert tables.answers.recall(asked()).answer is None
