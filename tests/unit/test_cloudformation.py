"""The life cycle of a request, from event to answer."""

import io
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from source_credential.cloudformation import CustomResource, NotACustomResourceEvent, marker
from source_credential.errors import NotFound
from source_credential.response_delivery import Undelivered
from tests.receiver import Receiver

ARN = "arn:aws:codebuild:us-east-1:000000000000:token/github"
SECRET = "ghp_neverToBeSeen"


class Context:
    """Lambda's context, with a clock that runs."""

    log_group_name = "/aws/lambda/provider"
    log_stream_name = "2026/11/24/stream"
    aws_request_id = "lambda-request"

    def __init__(self, seconds: float = 30) -> None:
        """Start with this much time left."""
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return int(1000 * (self._end - time.monotonic()))


def request(receiver: Receiver, kind: str = "Create", **more: Any) -> dict[str, Any]:
    """Return an event of CloudFormation's."""
    event: dict[str, Any] = {
        "RequestType": kind,
        "ResponseURL": f"{receiver.url}/answer?Signature=presigned",
        "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/consumer/1",
        "RequestId": "11111111-2222-3333-4444-555555555555",
        "LogicalResourceId": "GitHub",
        "ResourceType": "Custom::SourceCredential",
        "ResourceProperties": {},
        **({} if kind == "Create" else {"PhysicalResourceId": ARN}),
    }
    return {**event, **more}


def provider(handler: Callable[[Any, Any], str] = lambda _event, _context: ARN) -> CustomResource:
    """Return a resource all of whose handlers are the one given."""
    resource = CustomResource()
    resource.create(handler)
    resource.update(handler)
    resource.delete(handler)
    return resource


def raising(error: Exception) -> Callable[[Any, Any], str]:
    """Return a handler that raises."""

    def handler(_event: Any, _context: Any) -> str:
        raise error

    return handler


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
    assert answer["PhysicalResourceId"] == marker(event["RequestId"])


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
    assert json.loads(body)["PhysicalResourceId"] == marker(request(receiver)["RequestId"])


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
    assert "test_cloudformation.py" in seen
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


def test_when_time_runs_short_one_failed_is_sent_and_nothing_after(receiver: Receiver) -> None:
    """A handler that comes to its end after the timer finds the request answered."""
    event = request(receiver)
    late = threading.Event()

    def slow(_event: Any, _context: Any) -> str:
        late.wait(3)
        return ARN

    resource = provider(slow)
    thread = threading.Thread(target=resource, args=(event, Context(1.0)))
    thread.start()
    while not receiver.bodies:
        time.sleep(0.01)
    late.set()
    thread.join()
    time.sleep(0.1)
    answer = receiver.answer(event)
    assert answer["Reason"].startswith("Provider: the time of the function ran out")


def test_an_answer_under_way_is_waited_for(receiver: Receiver) -> None:
    """The function does not return, and be frozen, while the timer's answer is being delivered."""
    receiver.statuses = [503]
    event = request(receiver)

    def slow(_event: Any, _context: Any) -> str:
        time.sleep(1.1)
        return ARN

    provider(slow)(event, Context(2.0))
    assert receiver.answer(event)["Status"] == "FAILED"


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_function_that_could_not_start_still_answers(receiver: Receiver, log: io.StringIO, kind: str) -> None:
    """Every request gets FAILED with its own ids, at once, and without the exception's text."""
    resource = provider()
    resource.init_failure(ImportError(SECRET))
    event = request(receiver, kind)
    resource(event, Context())
    assert receiver.answer(event)["Reason"].startswith("Provider: the function could not start (ImportError).")
    assert SECRET not in log.getvalue()


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


def test_a_fault_of_crhelpers_own_is_answered_without_its_text(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever crhelper would say of itself stays out of the stack's events."""
    resource = provider()
    monkeypatch.setattr(resource, "_cfn_response", lambda _event: raising(RuntimeError(SECRET))(None, None))
    event = request(receiver)
    resource(event, Context())
    assert "a fault in the life cycle" in receiver.answer(event)["Reason"]
