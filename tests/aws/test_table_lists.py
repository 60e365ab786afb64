"""Which slots there are, and which follow a secret, as the tests' fake and DynamoDB tell; read page by page."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local.provider_table import items
from source_credential.errors import AccessDenied
from tests.aws.stubs import OWNER, SECRET_ARN, stubbed
from tests.aws.tables import (
    FULL,
    OTHER,
    SUCCESS,
    Tables,
    asked,
    claimed,
    ending,
    following,
    marked,
    real,
)
from tests.conftest import TABLE
from tests.fake_table import REMEMBERED_SECONDS
from tests.fakes import VERSION_ID, secret_arn
from tests.slots.world import SLOT

SLOTS = [replace(SLOT, region=f"region-{number}") for number in range(6)]


def test_the_slots_that_follow_a_secret_are_found_by_it(tables: Tables) -> None:
    """Those whose top claim imports its token as it changes: none of another secret, none that is pinned or below."""
    for slot, claims in zip(
        SLOTS,
        [
            (following(),),
            (following(secret_version_stage=None),),
            (following(follow_rotation=False),),
            (following(secret_version_id=VERSION_ID),),
            (replace(following(), secret_arn=secret_arn("another")),),
            (following(), FULL),
        ],
        strict=True,
    ):
        tables.put(claimed(*claims, slot=slot))
    assert set(tables.slots.followers(SECRET_ARN)) == {SLOTS[0], SLOTS[1]}
    assert list(tables.slots.followers(secret_arn("another"))) == [SLOTS[4]]
    assert list(tables.slots.followers(secret_arn("unknown"))) == []


def test_a_secret_that_was_made_anew_finds_the_same_slots(tables: Tables) -> None:
    """Its ARN has six other characters at its end, and no others."""
    tables.put(claimed(following()))
    assert list(tables.slots.followers(f"{SECRET_ARN[:-6]}uVwXyZ")) == [SLOT]
    assert list(tables.slots.followers(SECRET_ARN.replace("github", "gitlab"))) == []


def test_every_slot_with_a_claim_or_a_mark_is_there(tables: Tables) -> None:
    """Neither one that is empty, nor one that was given back empty, nor an answer, nor a resource."""
    assert list(tables.slots.slots()) == []
    tables.put(claimed(FULL, slot=SLOTS[0]))
    tables.slots.set_mark(SLOTS[1], marked())
    tables.put(claimed(FULL, slot=SLOTS[2]))
    tables.put(claimed(slot=SLOTS[2]))
    tables.put(claimed(slot=SLOTS[3]))
    tables.take(slot=SLOTS[4])
    tables.give_back(claimed(slot=SLOTS[4]), ending=ending())
    tables.answers.remember(asked("another"), SUCCESS)
    assert set(tables.slots.slots()) == {SLOTS[0], SLOTS[1]}


def test_an_empty_slot_that_is_marked_is_there_until_the_mark_is_cleared(tables: Tables) -> None:
    """Whoever has died there, or was too late, is made good by the daily check."""
    tables.put(claimed())
    tables.take()
    tables.mark(marked())
    assert list(tables.slots.slots()) == [SLOT]
    tables.give_back(claimed(marks=frozenset({marked()})))
    assert list(tables.slots.slots()) == [SLOT]
    tables.take()
    tables.give_back(claimed(), cleared=(marked(),))
    assert list(tables.slots.slots()) == []


def test_an_empty_slot_is_forgotten_after_thirty_days_and_no_other(empty: Any) -> None:
    """DynamoDB deletes what has ExpiresAt; a claim or a mark takes that away."""
    tables = real(empty)

    def expires() -> bool:
        [item] = empty.scan(TableName=TABLE)["Items"]
        return "ExpiresAt" in item

    tables.put(claimed())
    assert expires()
    tables.put(claimed(FULL))
    assert not expires()
    tables.put(claimed())
    tables.slots.set_mark(SLOT, marked("1"))
    assert not expires()
    tables.take()
    tables.give_back(claimed(), cleared=(marked("1"),))
    assert expires()
    tables.take()
    tables.mark(marked("2"))
    assert not expires()
    tables.give_back(claimed(marks=frozenset({marked("2")})))
    assert not expires()


def test_what_a_mark_is_found_by_is_forgotten_after_thirty_days(empty: Any) -> None:
    """Though nobody clears the mark, the index does not grow for ever."""
    tables = real(empty)
    tables.take()
    tables.mark(marked(followed="secret"))
    [found_by] = [item for item in items(empty, TABLE) if item["What"] == {"S": "mark mark"}]
    assert found_by["ExpiresAt"] == {"N": str(int(tables.clock.now) + REMEMBERED_SECONDS)}


def test_a_mark_is_cleared_as_the_table_has_it(empty: Any) -> None:
    """Also one that another version of the provider has written in other words."""
    tables = real(empty)
    tables.take()
    tables.mark(marked())
    [item] = items(empty, TABLE)
    in_other_words = json.dumps({**json.loads(item["Marks"]["SS"][0]), "more": 1}, indent=1)
    empty.put_item(TableName=TABLE, Item={**item, "Marks": {"SS": [in_other_words]}})
    tables.give_back(claimed())
    record = tables.take()
    assert record.marks == {marked()}
    tables.give_back(claimed(), cleared=tuple(record.marks))
    assert tables.slots.look(SLOT).marks == frozenset()


def test_a_slot_is_read_as_it_is_now() -> None:
    """Strongly consistent, as is whether its turn was given back."""
    client, stubber = stubbed("dynamodb")
    key = {"Subject": {"S": str(SLOT)}, "What": {"S": "slot"}}
    expected = {"TableName": TABLE, "Key": key, "ConsistentRead": True}
    stubber.add_response("get_item", {}, expected)
    stubber.add_response("get_item", {"Item": {**key, "GivenBack": {"S": "turn"}}}, expected)
    table = real(client).slots
    assert table.look(SLOT) == claimed()
    assert table.was_given_back(SLOT, ("turn",))
    stubber.assert_no_pending_responses()


PAGED: dict[str, dict[str, Any]] = {
    "query": {
        "TableName": TABLE,
        "IndexName": "BySecret",
        "KeyConditionExpression": "#FollowedSecret = :secret",
        "ExpressionAttributeNames": {"#FollowedSecret": "FollowedSecret"},
        "ExpressionAttributeValues": {":secret": {"S": SECRET_ARN[:-7]}},
    },
    "scan": {
        "TableName": TABLE,
        "FilterExpression": "#What = :slot AND (attribute_not_exists(#ExpiresAt) OR attribute_exists(#Marks))",
        "ProjectionExpression": "#Subject",
        "ExpressionAttributeNames": {name: name[1:] for name in ("#What", "#ExpiresAt", "#Marks", "#Subject")},
        "ExpressionAttributeValues": {":slot": {"S": "slot"}},
    },
}


@pytest.mark.parametrize("operation", PAGED)
def test_slots_are_read_page_by_page_as_they_are_needed(operation: str) -> None:
    """What is on the second page counts as well, an empty page is not the last one; memory stays flat."""
    client, stubber = stubbed("dynamodb")
    slots = [replace(OTHER, account_id=f"{number:012}") for number in range(3)]
    found = [{"Subject": {"S": str(slot)}} for slot in slots]
    expected = PAGED[operation]
    first, second = ({"Subject": {"S": name}} for name in ("first", "second"))
    stubber.add_response(operation, {"Items": found[:2], "LastEvaluatedKey": first}, expected)
    table = real(client).slots
    yielded = table.followers(SECRET_ARN) if operation == "query" else table.slots()
    assert [next(yielded), next(yielded)] == slots[:2]
    stubber.assert_no_pending_responses()
    stubber.add_response(operation, {"Items": [], "LastEvaluatedKey": second}, {**expected, "ExclusiveStartKey": first})
    stubber.add_response(operation, {"Items": found[2:]}, {**expected, "ExclusiveStartKey": second})
    assert list(yielded) == slots[2:]
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("operation", PAGED)
def test_a_page_that_is_refused_is_told_in_our_words(operation: str) -> None:
    """By table and action, where it is read, also after a first page that was not."""
    client, stubber = stubbed("dynamodb")
    page = {"Items": [{"Subject": {"S": str(SLOT)}}], "LastEvaluatedKey": {"Subject": {"S": "first"}}}
    stubber.add_response(operation, page)
    stubber.add_client_error(operation, "AccessDeniedException")
    table = real(client).slots
    yielded = table.followers(SECRET_ARN) if operation == "query" else table.slots()
    assert next(yielded) == SLOT
    with pytest.raises(AccessDenied, match=f"Table {TABLE}: .*dynamodb:{operation.title()}"):
        next(yielded)


def test_the_last_answer_is_looked_for_on_every_page() -> None:
    """DynamoDB answers with a megabyte at most, in the order of the ids. Strongly consistent."""
    client, stubber = stubbed("dynamodb")
    subject = f"{OWNER.stack_id} {OWNER.logical_resource_id}"
    expected = {
        "TableName": TABLE,
        "ConsistentRead": True,
        "KeyConditionExpression": "#Subject = :subject AND begins_with(#What, :request)",
        "ProjectionExpression": "#RequestType, #AnsweredAt, #IsLate, #ExpiresAt",
        "ExpressionAttributeNames": {
            name: name[1:] for name in ("#Subject", "#What", "#RequestType", "#AnsweredAt", "#IsLate", "#ExpiresAt")
        },
        "ExpressionAttributeValues": {":subject": {"S": subject}, ":request": {"S": "request "}},
    }

    def item(kind: str, answered_at: str) -> dict[str, Any]:
        return {"RequestType": {"S": kind}, "AnsweredAt": {"N": answered_at}, "IsLate": {"BOOL": False}}

    key = {"Subject": {"S": subject}, "What": {"S": "request 1"}}
    stubber.add_response("query", {"Items": [item("Delete", "9.001")], "LastEvaluatedKey": key}, expected)
    page = {"Items": [item("Create", "10.5"), item("Update", "10.25")]}
    stubber.add_response("query", page, {**expected, "ExclusiveStartKey": key})
    assert real(client).answers.awaits_delete(OWNER)
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("get_item", "GetItem"),
        ("update_item", "UpdateItem"),
        ("transact_write_items", "UpdateItem"),
        ("transact_get_items", "GetItem"),
        ("put_item", "PutItem"),
    ],
)
def test_what_dynamodb_refuses_is_told_in_our_words(operation: str, action: str) -> None:
    """By the table and the action of the role that is wanting, whatever the call is named."""
    client, stubber = stubbed("dynamodb")
    stubber.add_client_error(operation, "AccessDeniedException")
    tables = real(client)
    asks: dict[str, Callable[[], object]] = {
        "get_item": lambda: tables.slots.look(SLOT),
        "update_item": tables.take,
        "transact_write_items": lambda: tables.give_back(claimed(), ending=ending()),
        "transact_get_items": lambda: tables.answers.recall(asked()),
        "put_item": lambda: tables.answers.remember(asked(), SUCCESS),
    }
    with pytest.raises(AccessDenied, match=f"Table {TABLE}: the provider's role may not use dynamodb:{action} "):
        asks[operation]()


def test_a_slot_of_a_server_type_that_is_not_known_is_passed_over() -> None:
    """A newer provider over the same table may know it."""
    client, stubber = stubbed("dynamodb")
    subjects = ("000000000000/us-east-1/AZURE", str(SLOT))
    stubber.add_response("scan", {"Items": [{"Subject": {"S": subject}} for subject in subjects]})
    assert list(real(client).slots.slots()) == [SLOT]
