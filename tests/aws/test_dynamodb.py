"""What becomes of a call of DynamoDB: made again, a conflict, or an error of ours."""

import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from source_credential.aws import dynamodb as dynamodb_adapter
from source_credential.errors import AccessDenied, GeneralServiceException, SourceCredentialError, Throttling
from source_credential.ports import Conflict
from tests.aws.stubs import TOKEN


def disturbed(code: str, times: int, reasons: list[str] | None = None) -> tuple[Callable[[], int], list[int]]:
    """Return a call of DynamoDB that fails this many times with the code, and the list of its attempts."""
    attempts: list[int] = []

    def operation() -> int:
        attempts.append(len(attempts))
        if len(attempts) > times:
            return len(attempts)
        response: Any = {"Error": {"Code": code, "Message": TOKEN}}
        if reasons is not None:
            response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
        raise ClientError(response, "TransactWriteItems")

    return operation, attempts


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what is slept between the attempts, without sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


DISTURBANCES = [
    ("TransactionConflictException", None),
    ("TransactionCanceledException", ["None", "TransactionConflict"]),
    ("TransactionCanceledException", ["ThrottlingError", "None"]),
]


@pytest.mark.parametrize(("code", "reasons"), DISTURBANCES)
def test_transactions_that_meet_are_made_again(naps: list[float], code: str, reasons: list[str] | None) -> None:
    """With growing pauses, well inside the function's time."""
    operation, attempts = disturbed(code, 5, reasons)
    assert dynamodb_adapter.ask(operation, table="t", action="PutItem") == 6
    assert (len(attempts), len(naps)) == (6, 5)
    assert 0 < sum(naps) < 5


@pytest.mark.parametrize(("code", "reasons"), DISTURBANCES)
def test_transactions_that_go_on_meeting_are_given_up(naps: list[float], code: str, reasons: list[str] | None) -> None:
    """As what may pass by itself, for nothing is wrong but the moment; table and action are named."""
    operation, attempts = disturbed(code, 100, reasons)
    with pytest.raises(Throttling, match="Table t: dynamodb:PutItem went on meeting other writes") as caught:
        dynamodb_adapter.ask(operation, table="t", action="PutItem")
    assert (len(attempts), len(naps)) == (6, 5)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("ConditionalCheckFailedException", None),
        ("TransactionCanceledException", ["None", "ConditionalCheckFailed"]),
        ("TransactionCanceledException", ["TransactionConflict", "ConditionalCheckFailed"]),
    ],
)
@pytest.mark.usefixtures("naps")
def test_a_condition_that_does_not_hold_is_a_conflict_at_once(code: str, reasons: list[str] | None) -> None:
    """Another attempt would find the same; the SDK's exception stays behind."""
    operation, attempts = disturbed(code, 100, reasons)
    with pytest.raises(Conflict) as caught:
        dynamodb_adapter.ask(operation, table="t", action="PutItem")
    assert len(attempts) == 1
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("TransactionCanceledException", GeneralServiceException, "dynamodb:GetItem failed (TransactionCanceled"),
        ("AccessDeniedException", AccessDenied, "Table t: the provider's role may not use dynamodb:GetItem"),
        ("ProvisionedThroughputExceededException", Throttling, "went on throttling dynamodb:GetItem"),
        ("ResourceNotFoundException", GeneralServiceException, "dynamodb:GetItem failed (ResourceNotFoundException)"),
    ],
)
@pytest.mark.usefixtures("naps")
def test_what_dynamodb_refuses_is_told_in_our_words(code: str, kind: type[SourceCredentialError], text: str) -> None:
    """At once, by table and action, without AWS's text."""
    operation, attempts = disturbed(code, 100)
    with pytest.raises(kind) as caught:
        dynamodb_adapter.ask(operation, table="t", action="GetItem")
    assert text in str(caught.value)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert len(attempts) == 1
