"""The memory of requests and their resources: the port Answers, kept by the tests' fake and by DynamoDB alike."""

from dataclasses import replace
from typing import Any

import pytest

from local.provider_table import items
from source_credential.records import Answer, Begun, Change, Recollection, Resource
from tests.aws.stubs import OWNER
from tests.aws.tables import FAILURE, SUCCESS, Tables, asked, claimed, ending, real
from tests.conftest import TABLE
from tests.fake_table import REMEMBERED_SECONDS
from tests.slots.sent import owner
from tests.slots.world import SLOT

GONE = Change(added=Resource(gone=frozenset({"gone"})))


@pytest.mark.parametrize("answer", [SUCCESS, FAILURE])
@pytest.mark.parametrize("change", [None, GONE])
def test_an_answer_comes_back_as_it_went_in(tables: Tables, answer: Answer, change: Change | None) -> None:
    """With every field, and with what changes; of no turn, since it was written in none."""
    assert tables.answers.recall(asked()) == Recollection()
    assert tables.answers.remember(asked(), answer, change) == answer
    resource = change.added if change else Resource()
    assert tables.answers.recall(asked()) == Recollection(answer=answer, resource=resource)


@pytest.mark.parametrize("change", [None, GONE])
def test_the_first_answer_stands(tables: Tables, change: Change | None) -> None:
    """Whoever comes later is told it, and changes nothing of the resource."""
    tables.answers.remember(asked(), FAILURE)
    assert tables.answers.remember(asked(), SUCCESS, change) == FAILURE
    assert tables.answers.recall(asked()) == Recollection(answer=FAILURE)


def test_each_request_of_each_resource_has_its_own_answer(tables: Tables) -> None:
    """Neither another request's, nor that of the same RequestId of another resource; the resource is the owner's."""
    tables.answers.remember(asked(), SUCCESS, GONE)
    other = replace(asked(), owner=owner("other"))
    assert tables.answers.recall(asked("another")) == Recollection(resource=GONE.added)
    assert tables.answers.recall(other) == Recollection()
    assert tables.answers.remember(other, FAILURE) == FAILURE
    assert tables.answers.recall(asked()).answer == SUCCESS


@pytest.mark.parametrize("change", [None, GONE])
@pytest.mark.parametrize(("seconds", "is_known"), [(-0.25, True), (0.25, False), (1.0, False)])
def test_an_answer_is_remembered_for_thirty_days(
    tables: Tables, *, seconds: float, is_known: bool, change: Change | None
) -> None:
    """Then it is not read, though it may be there still, and another one takes its place."""
    tables.answers.remember(asked(), FAILURE)
    tables.clock.now += REMEMBERED_SECONDS + seconds
    stands = FAILURE if is_known else SUCCESS
    assert tables.answers.recall(asked()).answer == (FAILURE if is_known else None)
    assert tables.answers.remember(asked(), SUCCESS, change) == stands
    assert tables.answers.recall(asked()).answer == stands


def test_what_is_remembered_of_a_resource_is_read_as_long_as_it_is_there(tables: Tables) -> None:
    """DynamoDB deletes it after thirty days when it likes, so what is added to it is added to what it says still."""
    tables.answers.remember(asked("1", "Delete"), SUCCESS, replace(GONE, lasts=False))
    tables.clock.now += REMEMBERED_SECONDS + 1
    assert tables.resource() == GONE.added
    tables.take()
    here = Resource(slots=frozenset({SLOT}))
    tables.give_back(claimed(), ending=ending(request_id="2", added=here, removed=tables.resource()))
    assert tables.resource() == here


@pytest.mark.parametrize("lasts", [False, True, None])
def test_only_a_resource_without_claims_is_forgotten(empty: Any, *, lasts: bool | None) -> None:
    """Thirty days after it has lost the last one; the Create after the Delete ends the time that the Delete has set.

    What is only noted leaves it as it is.
    """
    tables = real(empty)
    for number, each in enumerate((False, lasts)):
        tables.answers.remember(asked(str(number)), SUCCESS, replace(GONE, lasts=each))
    [resource] = [item for item in items(empty, TABLE) if item["What"] == {"S": "resource"}]
    expires = {"ExpiresAt": {"N": str(int(tables.clock.now) + REMEMBERED_SECONDS)}}
    assert {name: value for name, value in resource.items() if name == "ExpiresAt"} == ({} if lasts else expires)


def test_a_create_that_was_answered_last_awaits_its_delete(tables: Tables) -> None:
    """Whatever the order of the ids and the outcome, and whether it was answered in a turn; unless it came too late."""
    assert not tables.answers.awaits_delete(OWNER)
    for request_id, kind in (("c", "Create"), ("a", "Update"), ("b", "Delete")):
        tables.clock.now += 0.01
        tables.answers.remember(asked(request_id, kind), FAILURE)
        assert tables.answers.awaits_delete(OWNER) is (kind == "Create")
    tables.clock.now += 0.01
    tables.take()
    tables.give_back(claimed(), ending=ending(request_id="0"))
    assert tables.answers.awaits_delete(OWNER)
    assert not tables.answers.awaits_delete(owner("other"))
    tables.clock.now += 0.01
    late = replace(FAILURE, is_late=True)
    tables.answers.remember(asked("late", "Create"), late)
    assert tables.answers.recall(asked("late", "Create")).answer == late
    assert not tables.answers.awaits_delete(OWNER)


def test_what_has_expired_awaits_nothing(tables: Tables) -> None:
    """After thirty days."""
    tables.answers.remember(asked("1", "Create"), SUCCESS)
    tables.clock.now += REMEMBERED_SECONDS + 1
    assert not tables.answers.awaits_delete(OWNER)


def test_what_changes_of_a_resource_can_be_noted_by_itself(tables: Tables) -> None:
    """That a request has begun, before it has the turn of its slot."""
    begun = frozenset({Begun("Update", "1", "arn")})
    tables.answers.note(OWNER, Change(added=Resource(begun=begun)))
    assert tables.answers.recall(asked("2", "Update")).resource == Resource(begun=begun)
