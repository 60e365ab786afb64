"""The tables of bindings and requests, in MiniStack's DynamoDB and as the template has them."""

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from source_credential.aws import request_records
from source_credential.aws.bindings import DynamoBindings
from source_credential.aws.request_records import DynamoRequests
from source_credential.errors import AccessDenied
from source_credential.model import (
    AuthType,
    Binding,
    BindingState,
    Request,
    RequestRecord,
    RequestStatus,
    ServerType,
    Specification,
)
from source_credential.ports import Conflict
from tests.aws.stubs import ARN, FAR, HERE, OWNER, ROLE, SECRET_ARN, stubbed
from tests.fakes import VERSION_ID, secret_arn
from tests.ownership.world import BINDINGS, REQUESTS, SLOT, World, owner


def bound(**more: Any) -> Binding:
    """Return a binding with something in every field."""
    binding = Binding(
        slot=SLOT,
        owner=OWNER,
        request_id="request",
        revision="1",
        state=BindingState.ACTIVE,
        since="2026-01-01T00:00:00+00:00",
        specification=Specification(
            server_type=ServerType.GITHUB,
            auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
            secret_id="a",
            secret_key="b",
            should_overwrite=False,
            role_arn=ROLE,
            verify_token=True,
            server_url="https://github.example.com",
        ),
        arn=ARN,
        secret_arn=SECRET_ARN,
        secret_version_id=VERSION_ID,
        token_login="octocat",
        token_expires_at="2027-01-01T00:00:00+00:00",
        adopted=True,
    )
    return replace(binding, **more)


def asked(request_id: str = "request", kind: str = "Create") -> Request:
    """Return a request of the owner's."""
    return Request(owner=OWNER, request_id=request_id, request_type=kind, wanted="new", had="old")


def tables(world: World) -> tuple[DynamoBindings, DynamoRequests]:
    """Return the adapters over MiniStack's tables."""
    return world.bindings(), DynamoRequests(world.dynamodb, table=REQUESTS)


@pytest.mark.parametrize(
    "before",
    [
        None,
        bound(
            revision="0",
            adopted=False,
            secret_arn=None,
            secret_version_id=None,
            token_login=None,
            token_expires_at=None,
            before=bound(revision="00"),
        ),
    ],
)
def test_a_binding_comes_back_from_the_table_as_it_went_in(world: World, before: Binding | None) -> None:
    """Every field, those that are absent, and the former holders; the index knows the slot by its owner."""
    bindings, requests = tables(world)
    request = asked()
    requests.begin(request, target=HERE, expected=True)
    claimed = bound(state=BindingState.IMPORTING, arn=None, disturbed=True, before=before)
    assert (bindings.get(SLOT), bindings.slots_of(OWNER)) == (None, [])
    bindings.claim(claimed, over=None, request=request)
    assert bindings.get(SLOT) == claimed
    assert requests.recall(request).unsettled == claimed.target
    active = bound(before=before)
    succeeded = RequestRecord(
        request=request, status=RequestStatus.SUCCEEDED, physical_resource_id=ARN, attributes={"Arn": ARN}
    )
    bindings.activate(active, succeeded)
    assert (bindings.get(SLOT), bindings.slots_of(OWNER)) == (active, [SLOT])
    ended = requests.recall(request)
    assert (ended.status, ended.unsettled, ended.attributes) == (RequestStatus.SUCCEEDED, None, {"Arn": ARN})
    assert bindings.slots_of(owner("other")) == []


def test_a_claim_and_its_note_are_written_both_or_neither(world: World) -> None:
    """Over what has changed, and for a request that has ended, there is a Conflict and nothing is written."""
    bindings, requests = tables(world)
    request = asked()
    requests.begin(request, target=HERE, expected=True)
    bindings.claim(bound(), over=None, request=request)
    requests.settle(request)
    for over in (None, bound(revision="0"), bound(state=BindingState.DELETING)):
        with pytest.raises(Conflict):
            bindings.claim(bound(revision="2"), over=over, request=request)
    assert (bindings.get(SLOT), requests.recall(request).unsettled) == (bound(), None)
    requests.end(RequestRecord(request=request, status=RequestStatus.FAILED, reason="Because."))
    with pytest.raises(Conflict):
        bindings.claim(bound(revision="2"), over=bound(), request=request)
    assert bindings.get(SLOT) == bound()


def test_an_activation_and_its_success_are_written_both_or_neither(world: World) -> None:
    """What is no longer IMPORTING at that revision is not activated, nor for a request that has ended."""
    bindings, requests = tables(world)
    request = asked()
    requests.begin(request, target=HERE, expected=True)
    claimed = bound(state=BindingState.IMPORTING)
    bindings.claim(claimed, over=None, request=request)
    succeeded = RequestRecord(request=request, status=RequestStatus.SUCCEEDED, physical_resource_id=ARN)
    with pytest.raises(Conflict):
        bindings.activate(bound(revision="2"), succeeded)
    assert requests.recall(request).status is RequestStatus.STARTED
    requests.end(RequestRecord(request=request, status=RequestStatus.CANCELLED))
    with pytest.raises(Conflict):
        bindings.activate(bound(), succeeded)
    assert (bindings.get(SLOT), requests.recall(request).status) == (claimed, RequestStatus.CANCELLED)


def test_what_has_changed_is_neither_replaced_nor_removed(world: World) -> None:
    """By revision and state; what stands as it was read is."""
    bindings, requests = tables(world)
    requests.begin(asked(), target=HERE, expected=True)
    bindings.claim(bound(), over=None, request=asked())
    for stale in (bound(revision="0"), bound(state=BindingState.IMPORTING)):
        for successor in (None, bound(revision="2")):
            with pytest.raises(Conflict):
                bindings.replace(stale, successor)
    assert bindings.get(SLOT) == bound()
    bindings.replace(bound(), bound(revision="2"))
    assert bindings.get(SLOT) == bound(revision="2")
    bindings.replace(bound(revision="2"), None)
    assert bindings.get(SLOT) is None


def put(world: World, *bound_there: Binding) -> None:
    """Put bindings into the table."""
    bindings, requests = tables(world)
    requests.begin(asked(), target=HERE, expected=True)
    for binding in bound_there:
        bindings.claim(binding, over=None, request=asked())


def test_the_slots_that_follow_a_secret_are_found_by_it(world: World) -> None:
    """Those that import its token as it changes: neither those of other secrets nor those that are pinned."""
    specification = bound().specification
    slots = [replace(SLOT, region=region) for region in ("eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1")]
    put(
        world,
        bound(slot=slots[0]),
        bound(slot=slots[1], specification=replace(specification, secret_version_stage="BLUE")),
        bound(slot=slots[2], specification=replace(specification, follow_rotation=False)),
        bound(slot=slots[3], secret_arn=secret_arn("another")),
        bound(specification=replace(specification, secret_version_id=VERSION_ID)),
    )
    bindings = world.bindings()
    assert set(bindings.followers(SECRET_ARN)) == {slots[0], slots[1]}
    assert list(bindings.followers(secret_arn("another"))) == [slots[3]]
    assert list(bindings.followers(secret_arn("unknown"))) == []
    assert set(bindings.slots()) == {*slots, SLOT}
    still = bound(slot=slots[0], revision="2", specification=replace(specification, follow_rotation=False))
    bindings.replace(bound(slot=slots[0]), still)
    assert list(bindings.followers(SECRET_ARN)) == [slots[1]]


def test_an_empty_table_has_no_slots(world: World) -> None:
    """Nothing to check is no error."""
    assert list(world.bindings().slots()) == []


PAGED: dict[str, dict[str, Any]] = {
    "query": {
        "TableName": BINDINGS,
        "IndexName": "BySecret",
        "KeyConditionExpression": "FollowedSecret = :secret",
        "ExpressionAttributeValues": {":secret": {"S": SECRET_ARN}},
    },
    "scan": {"TableName": BINDINGS, "ProjectionExpression": "Slot"},
}


@pytest.mark.parametrize("operation", PAGED)
def test_slots_are_read_page_by_page_as_they_are_needed(operation: str) -> None:
    """What is on the second page counts as well, an empty page is not the last one; memory stays flat."""
    client, stubber = stubbed("dynamodb")
    bindings = DynamoBindings(client, table=BINDINGS, requests_table=REQUESTS)
    slots = [replace(SLOT, account_id=f"{number:012}") for number in range(3)]
    items = [{"Slot": {"S": str(slot)}} for slot in slots]
    expected = PAGED[operation]
    first, second = ({"Slot": {"S": name}} for name in ("first", "second"))
    stubber.add_response(operation, {"Items": items[:2], "LastEvaluatedKey": first}, expected)
    yielded = bindings.followers(SECRET_ARN) if operation == "query" else bindings.slots()
    assert [next(yielded), next(yielded)] == slots[:2]
    stubber.assert_no_pending_responses()
    stubber.add_response(operation, {"Items": [], "LastEvaluatedKey": second}, {**expected, "ExclusiveStartKey": first})
    stubber.add_response(operation, {"Items": items[2:]}, {**expected, "ExclusiveStartKey": second})
    assert list(yielded) == slots[2:]
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("operation", PAGED)
def test_a_page_that_is_refused_is_told_in_our_words(operation: str) -> None:
    """By table and action, where it is read."""
    client, stubber = stubbed("dynamodb")
    bindings = DynamoBindings(client, table=BINDINGS, requests_table=REQUESTS)
    stubber.add_client_error(operation, "AccessDeniedException")
    yielded = bindings.followers(SECRET_ARN) if operation == "query" else bindings.slots()
    with pytest.raises(AccessDenied, match=f"Table {BINDINGS}: .*dynamodb:{operation.title()}"):
        next(yielded)


def test_a_request_ends_once(world: World) -> None:
    """The second ending changes nothing, and is told what the first one was."""
    _, requests = tables(world)
    begun = requests.begin(asked(), target=FAR, expected=True).record
    assert (begun.status, begun.target, begun.request) == (RequestStatus.STARTED, FAR, asked())
    failed = requests.end(RequestRecord(request=asked(), status=RequestStatus.FAILED, reason="Because."))
    again = requests.end(RequestRecord(request=asked(), status=RequestStatus.SUCCEEDED, physical_resource_id=ARN))
    assert again == failed
    assert (again.status, again.reason, again.physical_resource_id) == (RequestStatus.FAILED, "Because.", "")
    assert requests.begin(asked(), target=FAR, expected=True).record == failed


def test_a_request_that_is_not_remembered_counts_as_cancelled(world: World) -> None:
    """Forgotten after 30 days: whatever it still does must not come true, and noting it is no error."""
    _, requests = tables(world)
    assert requests.recall(asked()).status is RequestStatus.CANCELLED
    assert not requests.knows(OWNER, "request")
    requests.settle(asked())
    requests.settle(asked(), withdrawn=True)
    ended = requests.end(RequestRecord(request=asked(), status=RequestStatus.SUCCEEDED, physical_resource_id=ARN))
    assert ended.status is RequestStatus.CANCELLED
    assert requests.of_owner(OWNER) == []


def test_a_late_create_is_expected_for_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda drops an event after that; a Create that comes later is another one, and wanted."""
    _, requests = tables(world)
    now = time.time()
    with monkeypatch.context() as earlier:
        earlier.setattr(request_records, "time", SimpleNamespace(time=lambda: now - 3601))
        requests.begin(asked("delete", "Delete"), target=None, expected=False)
    assert requests.begin(asked(), target=HERE, expected=True).record.status is RequestStatus.STARTED


def test_everything_of_an_owner_is_read_page_by_page() -> None:
    """DynamoDB answers with a megabyte at most; what is on the second page counts as well. Strongly consistent."""
    client, stubber = stubbed("dynamodb")

    def item(number: int) -> dict[str, Any]:
        texts = {
            "Owner": "owner",
            "RequestId": f"request-{number}",
            "StackId": OWNER.stack_id,
            "LogicalResourceId": OWNER.logical_resource_id,
            "RequestType": "Create",
            "GivenId": "",
            "Wanted": "",
            "Had": "",
            "Status": "STARTED",
            "StartedAt": f"2026-01-01T00:00:0{9 - number}",
        }
        return {**{name: {"S": text} for name, text in texts.items()}, "Older": {"L": []}}

    expected = {
        "TableName": REQUESTS,
        "ConsistentRead": True,
        "KeyConditionExpression": "#Owner = :owner",
        "ExpressionAttributeNames": {"#Owner": "Owner"},
        "ExpressionAttributeValues": {":owner": {"S": f"{OWNER.stack_id} {OWNER.logical_resource_id}"}},
    }
    key = {"Owner": {"S": "owner"}, "RequestId": {"S": "request-2"}}
    stubber.add_response("query", {"Items": [item(1), item(2)], "LastEvaluatedKey": key}, expected)
    stubber.add_response("query", {"Items": [item(3)]}, {**expected, "ExclusiveStartKey": key})
    records = DynamoRequests(client, table=REQUESTS).of_owner(OWNER)
    assert [record.request.request_id for record in records] == ["request-3", "request-2", "request-1"]
