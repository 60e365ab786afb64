"""Giving a turn back, with the record, the answer and what changes of the resource: all or nothing."""

from dataclasses import replace

import pytest

from source_credential.ports import Conflict
from source_credential.records import Begun, Record, Resource
from tests.aws.stubs import ARN, SECRET_ARN
from tests.aws.tables import (
    FAILURE,
    FULL,
    OTHER,
    SUCCESS,
    Tables,
    asked,
    claimed,
    ending,
    following,
    marked,
)
from tests.fake_table import REMEMBERED_SECONDS
from tests.slots.world import SLOT

HERE = Resource(slots=frozenset({SLOT}))


def test_a_turn_is_given_back_with_the_answer_and_what_changes(tables: Tables) -> None:
    """The record, the answer and the resource are true at once, and the answer knows its turn."""
    tables.take()
    tables.give_back(claimed(FULL, in_codebuild=True), ending=ending(added=HERE))
    assert tables.slots.look(SLOT) == claimed(FULL, in_codebuild=True)
    recollection = tables.answers.recall(asked())
    assert (recollection.answer, recollection.turn_id, recollection.resource) == (SUCCESS, "turn", HERE)
    assert tables.take("another") == claimed(FULL, in_codebuild=True)


def test_an_ending_that_changes_nothing_of_the_resource_has_the_answer_only(tables: Tables) -> None:
    """As that of an Update of what is there already."""
    tables.take()
    tables.give_back(claimed(FULL), ending=ending())
    assert (tables.answers.recall(asked()).answer, tables.resource()) == (SUCCESS, Resource())


def test_with_a_turn_that_is_lost_nothing_is_written(tables: Tables) -> None:
    """Neither the record nor a mark nor the answer nor the resource."""
    tables.put(claimed(FULL, in_codebuild=True))
    tables.take()
    tables.mark(marked())
    before = tables.slots.look(SLOT)
    tables.clock.now += 100
    tables.take("theirs")
    with pytest.raises(Conflict):
        tables.give_back(claimed(), cleared=(marked(),), ending=ending(added=HERE))
    assert tables.slots.look(SLOT) == before
    assert tables.answers.recall(asked()).answer is None
    assert tables.resource() == Resource()
    assert not tables.slots.was_given_back(SLOT, ("turn",))


def test_with_a_request_that_has_been_answered_nothing_is_written(tables: Tables) -> None:
    """The answer that exists stands, and the turn is still there to be given back without it."""
    tables.put(claimed(FULL, in_codebuild=True))
    tables.answers.remember(asked(), FAILURE)
    tables.take()
    tables.mark(marked())
    before = tables.slots.look(SLOT)
    with pytest.raises(Conflict):
        tables.give_back(claimed(), cleared=(marked(),), ending=ending(added=HERE))
    assert tables.slots.look(SLOT) == before
    recollection = tables.answers.recall(asked())
    assert (recollection.answer, recollection.turn_id, recollection.resource) == (FAILURE, "", Resource())
    tables.give_back(before, cleared=(marked(),))
    assert tables.slots.look(SLOT) == claimed(FULL, in_codebuild=True)


def test_an_answer_that_has_expired_does_not_keep_a_turn_from_ending(tables: Tables) -> None:
    """DynamoDB deletes it when it likes; until then it is as good as gone."""
    tables.answers.remember(asked(), FAILURE)
    tables.clock.now += REMEMBERED_SECONDS + 1
    tables.take()
    tables.give_back(claimed(FULL), ending=ending())
    assert tables.answers.recall(asked()).answer == SUCCESS


def test_a_turn_that_was_given_back_cannot_be_given_back_again(tables: Tables) -> None:
    """It is nobody's then; that it was given back, and by which id, can be asked."""
    tables.take("first")
    assert not tables.slots.was_given_back(SLOT, ("first",))
    tables.give_back(claimed(FULL), "first")
    with pytest.raises(Conflict):
        tables.give_back(claimed(), "first")
    assert tables.slots.look(SLOT) == claimed(FULL)
    assert tables.slots.was_given_back(SLOT, ("first",))
    assert tables.slots.was_given_back(SLOT, ("unknown", "first"))
    assert not tables.slots.was_given_back(SLOT, ("unknown",))
    assert not tables.slots.was_given_back(OTHER, ("first",))


def test_only_the_last_turn_is_known_to_have_been_given_back(tables: Tables) -> None:
    """Taking the next one changes nothing of it, giving that one back does."""
    tables.put(claimed(FULL))
    tables.take()
    assert tables.slots.was_given_back(SLOT, ("writing",))
    tables.give_back(claimed(FULL))
    assert not tables.slots.was_given_back(SLOT, ("writing",))
    assert tables.slots.was_given_back(SLOT, ("turn",))


@pytest.mark.parametrize("cleared", [("1",), ("1", "2"), ("1", "unknown"), ("unknown",), ()])
def test_just_the_marks_that_are_named_are_cleared(tables: Tables, cleared: tuple[str, ...]) -> None:
    """Whatever the record itself says of marks: those that are not named stay; one that is not there is no fault."""
    tables.take()
    for identity in ("1", "2"):
        tables.mark(marked(identity))
    tables.give_back(claimed(FULL), cleared=tuple(map(marked, cleared)))
    left = frozenset(marked(identity) for identity in ("1", "2") if identity not in cleared)
    assert tables.slots.look(SLOT) == claimed(FULL, marks=left)


def test_a_slot_follows_what_its_top_claim_follows(tables: Tables) -> None:
    """And nothing where that one follows nothing, or there is none; it can follow again."""
    for top, followers in ((following(), [SLOT]), (FULL, []), (following(), [SLOT]), (None, [])):
        tables.put(claimed(*((following(), top) if top else ())))
        assert list(tables.slots.followers(SECRET_ARN)) == followers


def test_what_is_remembered_of_a_resource_grows_and_shrinks(tables: Tables) -> None:
    """Each ending adds and removes its own; what others have noted meanwhile stays."""
    begun = frozenset({Begun("Delete", "1", ARN), Begun("Create", "2", "")})
    tables.take()
    added = Resource(slots=frozenset({SLOT, OTHER}), gone=frozenset({"gone"}), begun=begun, late_create_until=1.5)
    tables.give_back(claimed(), ending=ending(request_id="1", added=added))
    assert tables.resource() == added
    tables.take()
    removed = Resource(slots=frozenset({SLOT}), begun=frozenset({Begun("Delete", "1", ARN)}))
    tables.give_back(claimed(), ending=ending(request_id="2", added=Resource(gone=frozenset({ARN})), removed=removed))
    left = replace(added, slots=frozenset({OTHER}), gone=frozenset({"gone", ARN}), begun=begun - removed.begun)
    assert tables.resource() == left
    tables.take()
    tables.give_back(claimed(), ending=ending(request_id="3", removed=left))
    assert tables.resource() == Resource()


@pytest.mark.parametrize("record", [Record(slot=SLOT), claimed(FULL)])
def test_the_last_word_on_a_late_create_stands(tables: Tables, record: Record) -> None:
    """Another Delete moves the time, to the millisecond."""
    for request_id, until in (("1", 1_800_003_600.125), ("2", 1_800_007_200.0)):
        tables.take()
        tables.give_back(record, ending=ending(request_id=request_id, added=Resource(late_create_until=until)))
        assert tables.resource().late_create_until == until


def test_a_late_create_that_has_come_is_expected_no_more(tables: Tables) -> None:
    """Alone, and whatever else is remembered of the resource stays."""
    gone = frozenset({"made-up"})
    tables.take()
    tables.give_back(claimed(), ending=ending(request_id="1", added=Resource(gone=gone, late_create_until=1.5)))
    tables.take()
    tables.give_back(claimed(), ending=ending(request_id="2", removed=Resource(late_create_until=1.5)))
    assert tables.resource() == Resource(gone=gone)
