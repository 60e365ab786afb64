"""What crhelper alone does otherwise than CloudFormation needs.

Every test here runs twice: on ours, where it passes, and on crhelper as it comes, where it must fail. A trap that a new
crhelper has closed shows as a strict xfail that passes, and the override that closes it here can go.
"""

import http.client
import io
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import boto3
import crhelper.utils
import pytest
from crhelper import CfnResource

from source_credential.cloudformation.life_cycle import CustomResource
from source_credential.cloudformation.request import NotACustomResourceEvent
from source_credential.observability import raise_log_levels
from tests.cloudformation.handlers import late
from tests.fakes import raising
from tests.invocation import ARN, Context, request
from tests.receiver import Receiver

CRHELPER: Any = CfnResource


class NeverEnds(Exception):
    """Crhelper's transport has slept so often that it will not stop."""


@pytest.fixture(
    params=[
        CustomResource,
        pytest.param(CRHELPER, marks=pytest.mark.xfail(strict=True, raises=(AssertionError, NeverEnds))),
    ],
    ids=["ours", "crhelper alone"],
)
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what makes a resource whose handlers are all the one given."""
    monkeypatch.delenv("AWS_SAM_LOCAL", raising=False)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: None)
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) >= 10:
            raise NeverEnds

    monkeypatch.setattr(crhelper.utils, "time", type("Clock", (), {"sleep": staticmethod(sleep)}))
    # Let crhelper's transport reach the receiver, where HTTPS is not the trap in question.
    monkeypatch.setattr(crhelper.utils, "HTTPSConnection", lambda host, **_: http.client.HTTPConnection(host))
    monkeypatch.setattr(CRHELPER._wait_for_cwlogs, "__defaults__", (lambda _seconds: None,))

    def make(handler: Callable[[Any, Any], Any] = lambda _event, _context: ARN) -> Any:
        resource = request.param()
        for set_handler in (resource.create, resource.update, resource.delete):
            set_handler(handler)
        return resource

    return make


def test_the_log_has_neither_the_event_nor_its_url(
    make: Callable[..., Any], receiver: Receiver, log: io.StringIO
) -> None:
    """Crhelper's default level is DEBUG, at which it prints both."""
    logging.getLogger("crhelper").setLevel(logging.NOTSET)
    make()(request(receiver), Context())
    raise_log_levels()
    assert "presigned" not in log.getvalue()


def test_the_functions_log_level_stays_above_debug(make: Callable[..., Any]) -> None:
    """Crhelper sets the root logger's to DEBUG, and with it every library's."""
    before = logging.getLogger().level
    try:
        make()
        assert logging.getLogger().level > logging.DEBUG
    finally:
        logging.getLogger().setLevel(before)


def test_a_delete_is_answered_at_once(
    make: Callable[..., Any], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crhelper sleeps for two minutes first."""
    slept: list[float] = []
    monkeypatch.setattr(CRHELPER._wait_for_cwlogs, "__defaults__", (slept.append,))
    event = request(receiver, "Delete")
    make()(event, Context(200))
    assert slept == []


def test_no_aws_client_is_made_to_start(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Crhelper makes three, for polling alone."""
    made: list[str] = []
    monkeypatch.setattr(boto3, "client", lambda name, **_: made.append(name))
    make()
    assert made == []


def test_an_http_url_is_answered(make: Callable[..., Any], receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Crhelper speaks HTTPS whatever the URL says."""
    monkeypatch.setattr(crhelper.utils, "HTTPSConnection", http.client.HTTPSConnection)
    event = request(receiver)
    make()(event, Context(2))
    assert receiver.answer(event)["Status"] == "SUCCESS"


@pytest.mark.parametrize("status", [302, 403, 503])
def test_a_refused_answer_is_sent_again(make: Callable[..., Any], receiver: Receiver, status: int) -> None:
    """Crhelper takes any status as delivered, and the stack waits for an hour."""
    receiver.statuses = [status]
    event = request(receiver)
    make()(event, Context())
    assert receiver.answer(event)["Status"] == "SUCCESS"


def test_an_endpoint_that_is_gone_is_given_up(make: Callable[..., Any]) -> None:
    """Crhelper goes on for ever; Lambda should get the exception, and run the event again."""
    with Receiver() as gone:
        event = request(gone)
    with pytest.raises(Exception, match="did not take the answer"):
        make()(event, Context(0.9))


def test_success_does_not_follow_failed(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper's timer answers FAILED, and its handler SUCCESS afterwards."""
    make(late(receiver))(request(receiver), Context(0.9))
    assert [json.loads(body)["Status"] for body in receiver.bodies] == ["FAILED"]


def test_an_answer_when_time_runs_short_has_an_id(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper's is empty, which CloudFormation refuses."""
    make(late(receiver))(request(receiver), Context(0.9))
    assert json.loads(receiver.bodies[0])["PhysicalResourceId"]


def test_a_failed_create_has_the_same_id_each_time(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper's is random, so its Delete could not be told."""
    resource = make(raising(RuntimeError("no")))
    for _ in range(2):
        resource(request(receiver), Context())
    first, second = (json.loads(body)["PhysicalResourceId"] for body in receiver.bodies)
    assert first == second


def test_an_unknown_request_type_is_answered_with_an_id(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper's is empty, and its reason is the text of an AttributeError."""
    make()(request(receiver, "Read"), Context())
    assert [bool(json.loads(body)["PhysicalResourceId"]) for body in receiver.bodies] == [True]


def test_a_long_reason_keeps_its_beginning(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper keeps the last 240 characters, and what was wrong stands at the beginning."""
    resource = make(raising(ValueError("x" * 6000)))
    resource._unexpected = lambda _kind: "What was wrong. " + "x" * 6000
    resource(request(receiver), Context())
    assert json.loads(receiver.bodies[0])["Reason"].startswith("What was wrong.")


def test_an_answer_never_exceeds_its_limit(make: Callable[..., Any], receiver: Receiver) -> None:
    """CloudFormation refuses a body over 4,096 bytes; crhelper sends it."""

    def verbose(_event: Any, _context: Any) -> str:
        resource.Data = {"Arn": "a" * 5000}
        return ARN

    resource = make(verbose)
    resource(request(receiver), Context())
    assert [len(body) <= 4096 for body in receiver.bodies] == [True]


def test_no_echo_does_not_outlive_its_request(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper keeps it for the next warm call."""
    resource = make()
    resource.NoEcho = True
    resource(request(receiver), Context())
    assert [json.loads(body)["NoEcho"] for body in receiver.bodies] == [False]


def test_attributes_that_are_not_json_cost_no_id(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper answers with nothing but a reason, to nobody's request."""

    def unserialisable(_event: Any, _context: Any) -> str:
        resource.Data = {"Arn": object()}
        return ARN

    resource = make(unserialisable)
    event = request(receiver)
    resource(event, Context())
    answer = json.loads(receiver.bodies[0])
    assert {name: answer.get(name) for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }


def test_an_event_of_somebody_elses_answers_nobody(make: Callable[..., Any], receiver: Receiver) -> None:
    """Crhelper answers the request before it a second time."""
    resource = make()
    resource(request(receiver), Context())
    with suppress(NotACustomResourceEvent):
        resource({"source": "aws.events"}, Context())
    assert len(receiver.bodies) == 1


def test_polling_cannot_be_called_from_outside(make: Callable[..., Any], receiver: Receiver) -> None:
    """An event that says it is a poll makes crhelper call no handler and answer SUCCESS, with the event's own data."""
    event = request(receiver, CrHelperPoll=True, CrHelperData={"Arn": "forged"})
    make(raising(RuntimeError("no")))(event, Context())
    assert json.loads(receiver.bodies[0])["Status"] == "FAILED"
