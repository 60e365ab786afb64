"""Calls of AWS that fail, answers of AWS that are lost, and others who are faster in the middle of a request."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from source_credential.aws.request_records import DynamoRequests
from source_credential.errors import InvalidRequest, ServiceInternalError, SourceCredentialError, Throttling
from source_credential.model import Begun, BindingState, Credential, Request, RequestRecord, RequestStatus, Target
from source_credential.slots.ownership import new_revision
from tests.fakes import FakeSourceCredentials, credential_arn
from tests.ownership.interleaving import Run, start
from tests.ownership.test_kills import CASES, case, settled
from tests.ownership.world import (
    BINDINGS,
    REQUESTS,
    SLOT,
    Answer,
    Event,
    Killed,
    Stack,
    Step,
    World,
    github,
    owner,
    run,
)

ARN = credential_arn("GITHUB")
DYNAMODB = {"get_item", "put_item", "update_item", "delete_item", "query", "transact_write_items"}


def fault(call: str) -> Exception:
    """Return what a call of AWS that fails raises, at the place where it is made."""
    if call in DYNAMODB:
        return ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, call)
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


def calls_of(world: World, name: str) -> list[str]:
    """Return the calls that the request of a case makes."""
    fresh = World(world.dynamodb)
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
        assert "InternalServerError" in answer.reason or "failed" in answer.reason, nth
        assert follow_up(world, event, answer).status == "SUCCESS", nth
    settled(world)
    where = done if answer.status == "SUCCESS" or event.kind == "Delete" else undone
    assert (world.holder(), world.token()) == where[name], nth


FAULT_CASES = [name for name in CASES if name not in {"adopt", "replace"}]


@pytest.mark.parametrize("name", FAULT_CASES)
def test_whichever_call_fails_the_answer_is_true_or_is_put_right(world: World, name: str) -> None:
    """A success is a success; after a failure the next request of CloudFormation's puts everything right."""
    expected = run(world, case(world, name))
    for nth in range(len(calls_of(world, name))):
        world = World(world.dynamodb)
        event = case(world, name)
        numbers = count()

        def step(call: str, numbers: Any = numbers, nth: int = nth) -> None:
            if next(numbers) == nth:
                raise fault(call)

        check_consequences(world, name, event, run(world, event, step), expected, nth)


class Lossy:
    """Something of which the answer to one call is lost: the call has its effect and fails all the same."""

    def __init__(self, real: Any, numbers: Any, nth: int) -> None:
        """Wrap `real`. numbers: counts the calls of all that is wrapped."""
        self._real = real
        self._numbers = numbers
        self._nth = nth

    def __getattr__(self, name: str) -> Any:
        """Return the attribute; a call is made, and then fails if it is the one."""
        attribute = getattr(self._real, name)
        if not callable(attribute):
            return attribute

        def lossy(*arguments: Any, **keywords: Any) -> Any:
            result = attribute(*arguments, **keywords)
            if next(self._numbers) == self._nth:
                raise fault(name)
            return result

        return lossy


@pytest.mark.parametrize("name", FAULT_CASES)
def test_whichever_answer_of_aws_is_lost_the_answer_is_true_or_is_put_right(world: World, name: str) -> None:
    """The call had its effect, of which the request does not know."""
    expected = run(world, case(world, name))
    for nth in range(len(calls_of(world, name))):
        world = World(world.dynamodb)
        event = case(world, name)
        real, places, secrets, numbers = world.dynamodb, dict(world.places), world.secrets, count()
        world.dynamodb = Lossy(real, numbers, nth)
        world.secrets = Lossy(secrets, numbers, nth)  # type: ignore[assignment]
        for key, place in places.items():
            world.places[key] = Lossy(place, numbers, nth)  # type: ignore[assignment]
        answer = run(world, event)
        world.dynamodb, world.secrets = real, secrets
        world.places.update(places)
        check_consequences(world, name, event, answer, expected, nth)


def record(world: World, event: Event) -> RequestRecord:
    """Return what is remembered of a request."""
    return DynamoRequests(world.dynamodb, table=REQUESTS).recall(event.request())


def create(world: World, stack: str, **more: str) -> Event:
    """Return a Create of a stack's, with a secret of its own."""
    return Event("Create", owner(stack), f"create-{stack}", github(world.secret(f"{stack}-GitHub"), **more))


def test_bad_properties_fail_and_leave_what_is_there(world: World) -> None:
    """The reason is the contract's, a duplicate is told the same, and the way back succeeds."""
    a = Stack(world, "a")
    a.create()
    failed = a.update(ServerType="GITEA")
    assert failed.reason.startswith("ServerType: must be one of")
    assert a.again() == failed
    assert a.roll_back(ServerType="GITEA").status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_an_end_that_cannot_be_noted_is_answered_all_the_same(world: World) -> None:
    """With the reason the request failed for, not with the one for which it was not noted; an operator is told."""
    event = Event("Create", owner("a"), "create", github("nothing"))
    answer = run(world, event, failing("update_item"))
    assert answer.reason == "Secret nothing: does not exist. Create it."
    assert any(told.startswith("How the request ended could not be noted: Table requests") for told in world.warnings)
    assert run(world, event) == answer


def test_a_slot_that_is_taken_in_the_middle_of_a_claim_is_looked_at_again(world: World) -> None:
    """The claim finds another one, and ShouldOverwrite decides anew: absent, it is refused with the new holder."""
    refused = run(world, create(world, "a"), at("transact_write_items", Stack(world, "b").create))
    assert "belongs to stack b" in refused.reason
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")


def test_a_slot_that_is_taken_in_the_middle_of_a_claim_is_taken_over(world: World) -> None:
    """With ShouldOverwrite true, and it goes back to that holder."""
    a = create(world, "a", ShouldOverwrite="true")
    assert run(world, a, at("transact_write_items", Stack(world, "b").create)).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    run(world, Event("Delete", a.owner, "delete", a.properties, ARN))
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")


def test_a_request_that_is_called_off_before_its_claim_claims_nothing(world: World) -> None:
    """The Delete has ended it, so its claim fails, whoever holds the slot."""
    a = create(world, "a")
    delete = Event("Delete", a.owner, "delete", a.properties, "a-GitHub-1ABCDEF")
    answer = run(world, a, at("transact_write_items", lambda: run(world, delete)))
    assert "CloudFormation has sent a later request" in answer.reason
    assert (world.binding(), world.codebuild.calls.count("import")) == (None, 0)


def keep_changing(world: World) -> Callable[[], None]:
    """Return what gives the slot's binding another revision."""

    def change() -> None:
        standing = world.binding()
        if standing is not None:
            world.bindings().replace(standing, replace(standing, revision=new_revision()))

    return change


def test_a_slot_that_never_keeps_still_is_given_up(world: World) -> None:
    """After some rounds, with a reason that says so; what stands there stays."""
    b = Stack(world, "b")
    b.create()
    change = at("transact_write_items", keep_changing(world), last=1000)
    answer = run(world, create(world, "a", ShouldOverwrite="true"), change)
    assert "is being changed by so many requests at once" in answer.reason
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
    deleting = Event("Delete", owner("b"), "delete", {}, ARN)
    answer = run(world, deleting, at("transact_write_items", keep_changing(world), last=1000))
    assert "is being changed by so many requests at once" in answer.reason
    assert b.delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)


def test_an_import_that_others_go_on_disturbing_is_given_up(world: World) -> None:
    """It is made again for every change, but not for ever; nothing of it is left."""
    change = at("transact_write_items", keep_changing(world), first=1, last=1000)
    event = create(world, "a")
    answer = run(world, event, change)
    assert "another request took the slot while this one was importing" in answer.reason
    assert (world.holder(), world.token()) == (None, None)
    assert run(world, event) == answer


def test_a_former_holder_that_goes_in_the_middle_of_an_import(world: World) -> None:
    """The import succeeds, and the slot does not go back to the one that has gone."""
    b = Stack(world, "b")
    b.create()
    a = create(world, "a", ShouldOverwrite="true")
    assert run(world, a, at("transact_write_items", b.delete, first=1, last=1)).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    run(world, Event("Delete", a.owner, "delete", a.properties, ARN))
    assert (world.holder(), world.token()) == (None, None)


def test_a_former_holder_that_goes_in_the_middle_of_an_import_that_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody holds the slot then, and it is empty."""
    b = Stack(world, "b")
    b.create()
    a = create(world, "a", ShouldOverwrite="true")
    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-a-GitHub"})
    answer = run(world, a, at("import_credential", b.delete))
    assert answer.status == "FAILED"
    assert (world.holder(), world.token()) == (None, None)


def test_a_slot_that_is_taken_over_in_the_middle_of_an_import(world: World) -> None:
    """The one that came later has it; the other one fails, and its late import is overwritten."""
    b = Stack(world, "b")
    answer = run(world, create(world, "a"), at("import_credential", lambda: b.create(ShouldOverwrite="true")))
    assert "another request took the slot while this one was importing" in answer.reason
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
    settled(world)
    b.delete()
    assert (world.holder(), world.token()) == (None, None)


@pytest.mark.parametrize("first", ["a", "c"])
def test_an_import_that_comes_late_is_overwritten_by_the_one_that_has_the_slot(world: World, first: str) -> None:
    """C lost the slot to a and imports all the same; whether a is then still importing or done, a's token is there."""
    Stack(world, "b").create()
    c = start(world, create(world, "c", ShouldOverwrite="true"), "c")
    c.go_until("import_credential")
    a = start(world, create(world, "a", ShouldOverwrite="true"), "a")
    a.go_until("import_credential")
    c.go_until("put_item")  # by which c tells a to import once more
    runs = [a, c] if first == "a" else [c, a]
    assert {run.name: run.finish().status for run in runs} == {"a": "SUCCESS", "c": "FAILED"}
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    settled(world)


def disturbed(world: World) -> tuple[Run, Run]:
    """Let a take a slot from c while both import: c's late import lands, and c finds out. Return a's run and c's."""
    c = start(world, create(world, "c", ShouldOverwrite="true"), "c")
    c.go_until("import_credential")
    a = start(world, create(world, "a", ShouldOverwrite="true"), "a")
    a.go_until("import_credential")
    assert c.finish().status == "FAILED"
    claim = world.binding()
    assert claim is not None
    assert (claim.state, claim.disturbed, world.token()) == (BindingState.IMPORTING, True, "c-GitHub")
    return a, c


def test_an_import_that_is_refused_after_another_ones_came_late_leaves_the_holders_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C relied on a's import to overwrite its own; since a makes none, b's token is imported again."""
    Stack(world, "b").create()
    a, _ = disturbed(world)
    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-a-GitHub"})
    assert a.finish().reason == "ServerType: is refused. Correct it."
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
    settled(world)


@pytest.mark.parametrize("unanswered", [True, False])
def test_what_a_late_import_left_over_a_credential_nobody_managed_is_not_spared(
    world: World, *, unanswered: bool
) -> None:
    """The credential that was adopted is lost in any case, so what stands there is c's, and c has failed."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH")
    a, _ = disturbed(world)
    world.codebuild.failure = (
        ServiceInternalError("CodeBuild", "failed", "Deploy again.")
        if unanswered
        else InvalidRequest("ServerType", "is refused", "Correct it.")
    )
    assert a.finish().status == "FAILED"
    assert (world.holder(), world.token(), world.codebuild.slots) == (None, None, {})


def test_an_import_that_is_made_again_for_a_late_one_is_no_longer_disturbed(world: World) -> None:
    """Once a's own import is there, its binding says nothing of c's."""
    a, _ = disturbed(world)
    assert a.finish().status == "SUCCESS"
    standing = world.binding()
    assert standing is not None
    assert (standing.disturbed, world.token()) == (False, "a-GitHub")


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

    def refuse() -> None:
        raise failure

    delete = Event("Delete", owner("a"), "delete", {}, ARN)
    answer = run(world, delete, at("read", refuse))
    assert (answer.status, answer.reason) == ("FAILED", str(failure))
    assert world.token() == "a-GitHub"
    assert a.delete() == Answer("SUCCESS", ARN)
    assert (world.holder(), world.token(), world.warnings) == ("b/GitHub", "b-GitHub", [])
    settled(world)


def test_a_former_holders_secret_that_is_gone_costs_it_the_slot(world: World) -> None:
    """There is nothing to wait for; an operator is told, and the one before it has the slot back."""
    stacks = [Stack(world, name) for name in "cba"]
    for stack in stacks:
        stack.create(ShouldOverwrite="true")
    del world.secrets.texts["b-GitHub"]
    assert stacks[-1].delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == ("c/GitHub", "c-GitHub")
    assert [told.split(":")[0] for told in world.warnings] == [
        f"Slot {SLOT} does not go back to stack b, logical id GitHub"
    ]


def test_an_import_that_aws_refuses_has_changed_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the holder's token is not imported anew, and its binding is as it was, to the letter."""
    Stack(world, "b").create()
    before = world.binding()
    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-a-GitHub"})
    answer = run(world, create(world, "a", ShouldOverwrite="true"))
    assert answer.reason == "ServerType: is refused. Correct it."
    assert world.codebuild.calls.count("import") == 2
    assert (world.binding(), world.token()) == (before, "b-GitHub")


@pytest.mark.parametrize("for_ever", [False, True])
def test_a_claim_that_changes_while_it_is_taken_back(
    world: World, monkeypatch: pytest.MonkeyPatch, *, for_ever: bool
) -> None:
    """It is looked at again, but not for ever; what is left then, the next request takes back."""
    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-a-GitHub"})
    a = create(world, "a")
    answer = run(world, a, at("delete_item", keep_changing(world), last=1000 if for_ever else 0))
    assert answer.reason == "ServerType: is refused. Correct it."
    assert any("is being changed by so many requests at once" in told for told in world.warnings) is for_ever
    assert (world.holder(), world.token()) == ("a/GitHub" if for_ever else None, None)
    assert follow_up(world, a, answer).status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)


def test_a_holder_that_changes_while_its_token_is_put_back(world: World) -> None:
    """It is put back again for every change, but not for ever; then an operator is told."""
    Stack(world, "b").create()
    change = keep_changing(world)
    calls = count()

    def step(call: str) -> None:
        if call == "import_credential":
            if next(calls) == 0:
                raise fault(call)
            change()

    answer = run(world, create(world, "a", ShouldOverwrite="true"), step)
    assert answer.reason == "AWS: import_credential failed. Deploy again."
    assert any("is being changed by so many requests at once" in told for told in world.warnings)
    assert next(calls) < 30
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")


def test_an_earlier_request_that_left_nothing_is_let_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what may have been written to CodeBuild is taken back."""
    begin = DynamoRequests.begin

    def without_unsettled(self: DynamoRequests, request: Request, *, target: Target | None, expected: bool) -> Begun:
        begun = begin(self, request, target=target, expected=expected)
        return replace(begun, unfinished=tuple(replace(record, unsettled=None) for record in begun.unfinished))

    died = create(world, "a")
    with pytest.raises(Killed):
        run(world, died, at("import_credential", _die))
    monkeypatch.setattr(DynamoRequests, "begin", without_unsettled)
    assert run(world, replace(died, request_id="another")).status == "SUCCESS"
    assert not record(world, died).withdrawn


@pytest.mark.parametrize("stack", ["a", "b"])
def test_while_a_stack_is_importing_the_slot_is_its_own(world: World, stack: str) -> None:
    """Another stack is refused; another resource of the same stack is not, and the later one has it."""
    seen: list[Answer] = []
    later = replace(create(world, stack), owner=owner(stack, "Later"), request_id="later")
    first = run(world, create(world, "a"), at("import_credential", lambda: seen.append(run(world, later))))
    assert ({first.status, seen[0].status}, world.holder()) == (
        {"SUCCESS", "FAILED"},
        "a/Later" if stack == "a" else "a/GitHub",
    )
    settled(world)


def test_a_claim_over_one_that_has_not_come_true_gives_back_what_was_there_before(world: World) -> None:
    """A died in the middle of taking over from c; b takes over, and gives back to c, not to a."""
    c = Stack(world, "c")
    c.create()
    with pytest.raises(Killed):
        run(world, create(world, "a", ShouldOverwrite="true"), at("import_credential", _die))
    b = Stack(world, "b")
    assert b.create(ShouldOverwrite="true").status == "SUCCESS"
    b.delete()
    assert (world.holder(), world.token()) == ("c/GitHub", "c-GitHub")


def _die() -> None:
    raise Killed


def test_an_activation_that_fails_is_undone_and_told(world: World) -> None:
    """The import was made, but nobody would know whose it is; what stood there stands again."""
    b = Stack(world, "b")
    b.create()
    before = world.binding()
    answer = run(world, create(world, "a", ShouldOverwrite="true"), failing("transact_write_items", first=1))
    assert answer.reason.startswith("Table bindings: dynamodb:PutItem failed (InternalServerError)")
    assert (world.binding(), world.token()) == (before, "b-GitHub")


def test_what_cannot_be_undone_is_told_to_an_operator_and_undone_by_the_next_request(world: World) -> None:
    """The answer is FAILED with the first reason; the Delete that CloudFormation sends puts the slot in order."""
    a = create(world, "a")
    world.codebuild.failure = ServiceInternalError("CodeBuild", "failed", "Deploy again.")
    answer = run(world, a, failing("delete_item"))
    assert answer.reason == "CodeBuild: failed. Deploy again."
    assert any(f"Slot {SLOT} could not be put in order: Table bindings" in told for told in world.warnings)
    standing = world.binding()
    assert standing is not None
    assert standing.state is BindingState.IMPORTING
    world.codebuild.failure = None
    assert follow_up(world, a, answer).status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)


def test_a_failure_that_cannot_be_looked_up_is_told_all_the_same(world: World) -> None:
    """What this or an earlier run may have left is then left to the next request; the reason is the failure's own."""
    event = Event("Create", owner("a"), "create", github("nothing"))
    answer = run(world, event, failing("get_item"))
    assert answer.reason == "Secret nothing: does not exist. Create it."
    assert follow_up(world, event, answer).status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)


def test_a_way_back_from_what_could_not_be_put_in_order_is_no_success_by_itself(world: World) -> None:
    """The failed Update may have changed something after all, so what stood there must really be imported again."""
    a = Stack(world, "a")
    a.create()
    new = {"SecretId": world.secret("new")}
    world.codebuild.failure = ServiceInternalError("CodeBuild", "failed", "Deploy again.")
    assert a.update(**new).status == "FAILED"
    assert a.roll_back(**new).reason == "CodeBuild: failed. Deploy again."
    world.codebuild.failure = None
    assert a.roll_back(**new).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    settled(world)


def test_a_duplicate_that_waits_is_told_what_the_first_one_came_to(world: World) -> None:
    """It imports nothing itself."""
    a = create(world, "a")
    with pytest.raises(Killed):
        run(world, a, at("import_credential", _die))
    firsts: list[Answer] = []
    recalled = at("get_item", lambda: firsts.append(run(world, a)), first=3, last=3)
    answer = run(world, a, recalled)
    assert [answer] == firsts
    assert answer.status == "SUCCESS"
    assert world.codebuild.calls.count("import") == 1


def test_a_duplicate_that_goes_on_where_another_one_is_going_on(world: World) -> None:
    """Both have imported the same; the one whose success is not the first is told of it, and undoes nothing."""
    a = create(world, "a")
    firsts: list[Answer] = []
    answer = run(world, a, at("transact_write_items", lambda: firsts.append(run(world, a)), first=1, last=1))
    assert [answer] == firsts
    assert answer.status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_a_slot_that_is_taken_in_the_middle_of_its_deletion_is_its_takers(world: World) -> None:
    """Before the Delete has claimed it, and after; the Delete is a success, and gives up the way back to it."""
    for first in (0, 1):
        for call in ("transact_write_items", "delete", "delete_item"):
            fresh = World(world.dynamodb)
            a, c = Stack(fresh, "a"), Stack(fresh, "c")
            a.create()
            delete = Event("Delete", owner("a"), "delete", {}, ARN)
            taken: list[Answer] = []

            def take(c: Stack = c, taken: list[Answer] = taken) -> None:
                taken.append(c.create(ShouldOverwrite="true"))

            assert run(fresh, delete, at(call, take, first=first, last=first)) == Answer("SUCCESS", ARN)
            if not taken:
                continue
            assert (fresh.holder(), fresh.token()) == ("c/GitHub", "c-GitHub"), (call, first)
            settled(fresh)
            c.delete()
            assert (fresh.holder(), fresh.token()) == (None, None), (call, first)


def test_a_delete_whose_time_has_run_out_takes_nothing_more(world: World) -> None:
    """It was answered with FAILED, so its claim fails, and what it would have deleted stays for the next one."""
    a = Stack(world, "a")
    a.create()
    delete = Event("Delete", owner("a"), "delete", {}, ARN)
    reasons: list[str | None] = []

    def abandon() -> None:
        reasons.append(world.provisioner().abandon(delete.request(), "The time ran out."))

    answer = run(world, delete, at("transact_write_items", abandon))
    assert (answer.status, answer.reason, reasons) == ("FAILED", "The time ran out.", ["The time ran out."])
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    assert a.delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)


def test_a_request_whose_time_has_run_out_is_undone_when_it_goes_on(world: World) -> None:
    """Its import was on its way: it is made, found to be unwanted, and taken back; the duplicate is told the same."""
    b = Stack(world, "b")
    b.create()
    before = world.binding()
    a = create(world, "a", ShouldOverwrite="true")

    def abandon() -> None:
        assert world.provisioner().abandon(a.request(), "The time ran out.") == "The time ran out."

    for answer in (run(world, a, at("import_credential", abandon)), run(world, a)):
        assert (answer.status, answer.reason) == ("FAILED", "The time ran out.")
    assert world.codebuild.calls.count("import") == 3
    assert (world.binding(), world.token()) == (before, "b-GitHub")


def test_what_a_request_came_to_is_not_changed_by_its_time_running_out(world: World) -> None:
    """Success: there is no reason to fail with. Called off: the reason of the time. Failed: its own reason."""
    logic = world.provisioner()
    cancelled = create(world, "c")
    delete = Event("Delete", owner("c"), "delete-c", {}, "c-GitHub-1ABCDEF")
    run(world, cancelled, at("transact_write_items", lambda: run(world, delete)))
    assert record(world, cancelled).status is RequestStatus.CANCELLED
    assert logic.abandon(cancelled.request(), "The time ran out.") == "The time ran out."
    succeeded = create(world, "a")
    run(world, succeeded)
    assert logic.abandon(succeeded.request(), "The time ran out.") is None
    failed = Event("Create", owner("b"), "b", github("nothing"))
    run(world, failed)
    assert str(logic.abandon(failed.request(), "The time ran out.")).startswith("Secret nothing: does not exist.")


def test_a_request_that_cannot_be_ended_is_failed_all_the_same(world: World) -> None:
    """CloudFormation must have an answer though the table has none; an operator is told."""
    event = create(world, "a")
    reason = world.provisioner(failing("update_item")).abandon(event.request(), "The time ran out.")
    assert reason == "The time ran out."
    assert any("could not be noted" in told for told in world.warnings)


def test_a_way_back_that_cannot_be_told_from_another_update_fails_with_its_own_reason(world: World) -> None:
    """When the table cannot be read, it is not known to be the way back."""
    a = Stack(world, "a")
    a.create()
    a.update(SecretId="nothing")
    del world.secrets.texts["a-GitHub"]
    physical_resource_id, had = a.resources["GitHub"]
    back = Event("Update", owner("a"), "back", had, physical_resource_id, had | {"SecretId": "nothing"})
    answer = run(world, back, failing("query", first=1))
    assert (answer.status, answer.reason) == ("FAILED", "Secret a-GitHub: does not exist. Create it.")


@pytest.mark.parametrize("forgotten", [False, True])
def test_the_way_back_has_its_attributes_though_the_binding_is_lost(world: World, *, forgotten: bool) -> None:
    """From what was answered last time; after 30 days from the id, which is the ARN."""
    a, b = Stack(world, "a"), Stack(world, "b")
    created = a.create()
    first = a.last
    a.update(SecretId="nothing")
    world.dynamodb.delete_item(TableName=BINDINGS, Key={"Slot": {"S": str(SLOT)}})
    b.create()
    if forgotten:
        assert first is not None
        [item] = [
            item
            for item in world.dynamodb.scan(TableName=REQUESTS)["Items"]
            if item["RequestId"]["S"] == first.request_id
        ]
        world.dynamodb.delete_item(TableName=REQUESTS, Key={key: item[key] for key in ("Owner", "RequestId")})
    answer = a.roll_back(SecretId="nothing")
    assert answer.status == "SUCCESS"
    assert answer.attributes == ((("Arn", ARN),) if forgotten else created.attributes)
    assert world.holder() == "b/GitHub"


def test_no_token_is_ever_in_a_table(world: World) -> None:
    """Not while an import is under way, not afterwards, not after a failure."""
    seen: list[str] = []

    def look(_call: str) -> None:
        tables = [world.dynamodb.scan(TableName=table)["Items"] for table in (BINDINGS, REQUESTS)]
        seen.append(json.dumps(tables))

    for name in ("take over", "update", "give back"):
        world = World(world.dynamodb)
        run(world, case(world, name), look)
    look("")
    assert len(seen) > 20
    assert not any("token-of-" in text for text in seen)
