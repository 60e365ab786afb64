"""The life cycle of a request, from event to answer."""

import io
import json
import logging
from typing import Any

import pytest

from source_credential.cloudformation.delivery import Undelivered
from source_credential.cloudformation.request import NotACustomResourceEvent
from source_credential.errors import NotFound
from source_credential.model import failed_create_id
from source_credential.observability import metrics
from tests.cloudformation.handlers import SECRET, provider
from tests.fakes import raising
from tests.invocation import ARN, Context, Emitted, request
from tests.receiver import Receiver


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_success_is_answered_with_the_id(receiver: Receiver, kind: str) -> None:
    """One answer, with what the handler returned."""
    event = request(receiver, kind)
    provider()(event, Context())
    answer = receiver.answer(event)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ARN)


def test_the_attributes_go_with_a_success_and_only_with_it(receiver: Receiver) -> None:
    """Attributes of one request are not in the answer to the next, whatever became of it."""
    resource = provider()

    def handler(_event: Any, _context: Any) -> str:
        resource.Data = {"Arn": ARN}
        if len(receiver.bodies) == 1:
            raise NotFound("Secret a", "does not exist", "Create it.")
        return ARN

    resource.create(handler)
    resource(request(receiver), Context())
    resource(request(receiver), Context())
    resource(request(receiver, "Delete"), Context())
    assert [json.loads(body)["Data"] for body in receiver.bodies] == [{"Arn": ARN}, {}, {}]


def test_a_failed_create_is_answered_with_the_marker(receiver: Receiver) -> None:
    """The id is one whose Delete finds nothing, and the same for the same request."""
    event = request(receiver)
    provider(raising(NotFound("Secret a", "does not exist", "Create it.")))(event, Context())
    answer = receiver.answer(event)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "Secret a: does not exist. Create it."
    assert answer["PhysicalResourceId"] == failed_create_id(event["RequestId"])


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_a_failed_update_or_delete_echoes_the_id(receiver: Receiver, kind: str) -> None:
    """Another id would make CloudFormation delete the credential that works."""
    event = request(receiver, kind)
    provider(raising(NotFound("Secret a", "does not exist", "Create it.")))(event, Context())
    assert receiver.answer(event)["Status"] == "FAILED"


def test_a_delete_echoes_the_id_whatever_the_handler_returns(receiver: Receiver) -> None:
    """The id of a Delete is CloudFormation's, not ours."""
    event = request(receiver, "Delete", PhysicalResourceId="somebody's")
    provider()(event, Context())
    assert receiver.answer(event)["Status"] == "SUCCESS"


@pytest.mark.parametrize("given", [None, "", 5, "i" * 1025])
@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_an_id_that_cannot_be_echoed_gives_way_to_the_marker(receiver: Receiver, kind: str, given: object) -> None:
    """An answer has an id in any case."""
    provider(raising(NotFound("Secret a", "does not exist", "Create it.")))(
        request(receiver, kind, PhysicalResourceId=given), Context()
    )
    [body] = receiver.bodies
    assert json.loads(body)["PhysicalResourceId"] == failed_create_id(request(receiver)["RequestId"])


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_an_unexpected_exception_is_told_by_type_and_place_only(
    receiver: Receiver, log: io.StringIO, kind: str
) -> None:
    """Its text may hold the token: it is in neither the answer nor the log, which has type and frames."""
    event = request(receiver, kind)
    provider(raising(RuntimeError(SECRET)))(event, Context())
    answer = receiver.answer(event)
    assert answer["Reason"] == (
        "Provider: failed unexpectedly (RuntimeError). Its log says where: group /aws/lambda/provider, "
        f"stream 2026/11/24/stream, RequestId {event['RequestId']}."
    )
    seen = log.getvalue()
    assert "RuntimeError" in seen
    assert "fakes.py" in seen
    assert SECRET not in seen


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_neither_the_event_nor_its_url_is_logged(
    receiver: Receiver,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    level: str,
) -> None:
    """At no level: the presigned URL would let anyone answer, and properties are nobody's business."""
    for name in ("POWERTOOLS_LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL"):
        monkeypatch.setenv(name, level)
    logging.getLogger().setLevel(level)
    receiver.statuses = [503]
    event = request(receiver, ResourceProperties={"Token": SECRET})
    provider()(event, Context())
    seen = log.getvalue()
    assert "Received" in seen
    assert "Answered" in seen
    assert "presigned" not in seen
    assert SECRET not in seen


def _lines(log: io.StringIO) -> list[dict[str, Any]]:
    """Return the provider's lines since the last call."""
    lines = [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]
    log.truncate(0)
    log.seek(0)
    return lines


def test_every_line_of_a_request_can_be_found_by_its_ids(receiver: Receiver, log: io.StringIO) -> None:
    """Lines carry the request's ids, and the next request's lines carry its own."""
    resource = provider()
    resource(request(receiver), Context())
    first = _lines(log)
    assert {line["RequestId"] for line in first} == {request(receiver)["RequestId"]}
    resource(request(receiver, RequestId="second"), Context())
    second = _lines(log)
    assert {line["RequestId"] for line in second} == {"second"}
    assert {line["LogicalResourceId"] for line in first + second} == {"GitHub"}


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_success_is_counted(receiver: Receiver, emitted: Emitted, kind: str) -> None:
    """Every request, and of those that succeed the imports; each with the invocation that made it."""
    resource = provider()
    for _ in range(2):
        resource(request(receiver, kind), Context())
        assert emitted.metrics() == [{"Requests": [1.0], **({} if kind == "Delete" else {"Imports": [1.0]})}]


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete", "Read"])
def test_a_failure_is_counted(receiver: Receiver, emitted: Emitted, kind: str) -> None:
    """For the alarm; the line holds neither the reason nor an id."""
    provider(raising(RuntimeError(SECRET)))(request(receiver, kind), Context())
    assert emitted.metrics() == [{"Requests": [1.0], "Failures": [1.0]}]
    assert SECRET not in emitted.text
    assert request(receiver)["RequestId"] not in emitted.text


@pytest.mark.parametrize("kind", ["Read", "", "poll_create", None, ["Create"]])
def test_an_unknown_request_type_is_refused_with_the_ids(receiver: Receiver, kind: Any) -> None:
    """It is answered, so that nobody waits for an hour."""
    provider()(request(receiver, kind), Context())
    [body] = receiver.bodies
    answer = json.loads(body)
    assert answer["Status"] == "FAILED"
    assert "none of Create, Update, Delete" in answer["Reason"]
    assert answer["PhysicalResourceId"]


@pytest.mark.parametrize(
    "broken",
    [
        "text",
        None,
        [],
        {},
        {"ResponseURL": None},
        {"ResponseURL": ""},
        {"StackId": 5},
        {"RequestId": ""},
        {"LogicalResourceId": None},
        {"StackId": "s" * 5000},
    ],
)
def test_an_event_that_is_not_cloudformations_is_refused_without_a_word_to_anyone(
    receiver: Receiver, broken: Any
) -> None:
    """In particular the previous request's URL is not answered a second time."""
    resource = provider()
    resource(request(receiver), Context())
    event = {**request(receiver), **broken} if broken and isinstance(broken, dict) else broken
    with pytest.raises(NotACustomResourceEvent) as caught:
        resource(event, Context())
    assert len(receiver.bodies) == 1
    assert "presigned" not in str(caught.value)


def test_an_answer_nobody_takes_makes_lambda_run_the_event_again(receiver: Receiver) -> None:
    """The exception that leaves the function says so, and holds no URL."""
    receiver.statuses = [403] * 50
    with pytest.raises(Undelivered, match="status 403") as caught:
        provider()(request(receiver), Context(1.0))
    assert "presigned" not in repr(caught.value)
    assert receiver.bodies == []


@pytest.mark.parametrize("step", ["_set_timeout", "_cfn_response"])
def test_a_fault_of_crhelpers_own_is_answered_without_its_text(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever crhelper would say of itself stays out of the stack's events; also before it keeps the time."""
    resource = provider()
    monkeypatch.setattr(resource, step, lambda *_: raising(RuntimeError(SECRET))(None, None))
    event = request(receiver)
    resource(event, Context())
    assert "a fault in the life cycle" in receiver.answer(event)["Reason"]


def test_metrics_that_cannot_be_written_are_no_reason_to_fail(
    receiver: Receiver, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request is done and answered; to fail would make Lambda run it again."""
    monkeypatch.setattr(metrics, "flush_metrics", lambda: raising(ValueError(SECRET))(None, None))
    event = request(receiver)
    provider()(event, Context())
    assert receiver.answer(event)["Status"] == "SUCCESS"
    assert "The metrics could not be written" in log.getvalue()
    assert SECRET not in log.getvalue()
    assert metrics.metric_set == {}
