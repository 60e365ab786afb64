"""What is answered when the function's time runs out before the request is done."""

import io
import json
import threading
import time
from typing import Any

import pytest

from source_credential.cloudformation import life_cycle
from source_credential.cloudformation.life_cycle import Abandon
from tests.cloudformation.handlers import SECRET, late, provider
from tests.invocation import ARN, Context, Emitted, request
from tests.receiver import Receiver


def test_a_request_whose_time_runs_out_is_counted_once(receiver: Receiver, emitted: Emitted) -> None:
    """As a failure, though its handler succeeds later."""
    provider(late(receiver))(request(receiver), Context(0.5))
    assert emitted.metrics() == [{"Requests": [1.0], "Failures": [1.0]}]


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


class Slow:
    """A handler that goes on until it is let go, or for some seconds at most."""

    def __init__(self) -> None:
        """Start held."""
        self.done = threading.Event()

    def __call__(self, _event: Any, _context: Any) -> str:
        """Take long."""
        self.done.wait(5)
        return ARN


def abandoned(
    receiver: Receiver, abandon: Abandon, slow: Slow, kind: str = "Create", seconds: float = 0.6
) -> tuple[dict[str, Any], float]:
    """Let the time run out for a slow handler; return the answer, and how many seconds it took."""
    resource = provider(slow)
    assert resource.abandon(abandon) is abandon
    event = request(receiver, kind)
    begun = time.monotonic()
    running = threading.Thread(target=resource, args=(event, Context(seconds)))
    running.start()
    while not receiver.bodies and time.monotonic() < begun + 5:
        time.sleep(0.01)
    took = time.monotonic() - begun
    slow.done.set()
    running.join()
    return receiver.answer(event), took


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_before_failed_is_answered_for_want_of_time_the_request_is_ended(receiver: Receiver, kind: str) -> None:
    """The handler for it is told first, with the event, and what it makes of the reason is answered."""
    told: list[tuple[Any, str, int]] = []

    def abandon(event: Any, _context: Any, reason: str) -> str:
        told.append((event["RequestId"], reason, len(receiver.bodies)))
        return f"It was ended. {reason}"

    answer, _ = abandoned(receiver, abandon, Slow(), kind)
    [(request_id, reason, answered_before)] = told
    assert (request_id, answered_before) == (answer["RequestId"], 0)
    assert reason.startswith("Provider: the time of the function ran out before the request was done")
    assert (answer["Status"], answer["Reason"]) == ("FAILED", f"It was ended. {reason}")


def test_a_request_that_succeeds_at_the_last_moment_is_answered_with_its_success(receiver: Receiver) -> None:
    """What has come true already cannot be called off, so FAILED would be a lie."""
    slow = Slow()

    def abandon(_event: Any, _context: Any, _reason: str) -> None:
        slow.done.set()

    answer, _ = abandoned(receiver, abandon, slow)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ARN)


def test_an_ending_that_raises_does_not_cost_the_answer(receiver: Receiver, log: io.StringIO) -> None:
    """FAILED is sent as if there were none, and the log has the exception's type but not its text."""

    def abandon(_event: Any, _context: Any, _reason: str) -> str:
        raise RuntimeError(SECRET)

    answer, _ = abandoned(receiver, abandon, Slow())
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("Provider: the time of the function ran out")
    assert "RuntimeError" in log.getvalue()
    assert SECRET not in json.dumps(answer) + log.getvalue()


def test_an_ending_that_hangs_does_not_cost_the_answer(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for a little, a quarter of the reserve, and what it says afterwards is not answered."""
    assert life_cycle._ABANDON_SECONDS <= life_cycle._RESERVE_SECONDS / 4
    monkeypatch.setattr(life_cycle, "_ABANDON_SECONDS", 0.2)
    late = threading.Event()

    def abandon(_event: Any, _context: Any, _reason: str) -> str:
        late.wait(5)
        return "Too late."

    answer, took = abandoned(receiver, abandon, Slow())
    late.set()
    assert answer["Reason"].startswith("Provider: the time of the function ran out")
    assert 0.45 < took < 1.5


def test_a_request_that_is_done_in_time_is_not_ended(receiver: Receiver) -> None:
    """The handler for it is not called, also when the time is short."""
    told: list[str] = []

    def abandon(_event: Any, _context: Any, reason: str) -> str:
        told.append(reason)
        return reason

    resource = provider()
    resource.abandon(abandon)
    resource(request(receiver), Context(0.4))
    time.sleep(0.4)
    assert receiver.answer(request(receiver))["Status"] == "SUCCESS"
    assert told == []
