"""The way of an answer to CloudFormation, through refusals and broken connections."""

import logging

import pytest

from source_credential.cloudformation.delivery import Delivery
from tests.receiver import Receiver


class Clock:
    """A clock that sleeping moves, so that minutes pass in no time."""

    def __init__(self, seconds: float) -> None:
        """Start with this much time left."""
        self.left = seconds
        self.sleeps: list[float] = []

    def seconds_left(self) -> float:
        """Return the time left."""
        return self.left

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.sleeps.append(seconds)
        self.left -= seconds


def deliver(url: str, clock: Clock) -> Delivery:
    """PUT one body and return the delivery."""
    delivery = Delivery(url, seconds_left=clock.seconds_left, sleep=clock.sleep)
    delivery.put(b"{}")
    return delivery


def test_an_answer_is_put_with_an_empty_content_type() -> None:
    """The presigned URL is signed for none, and used as it is, query and all."""
    with Receiver() as receiver:
        assert deliver(f"{receiver.url}/answer?Signature=a%2Bb%2F&x=1", Clock(30)).failure is None
    assert receiver.bodies == [b"{}"]
    assert receiver.content_types == [""]
    assert receiver.paths == ["/answer?Signature=a%2Bb%2F&x=1"]


@pytest.mark.parametrize("status", [301, 307, 400, 403, 500, 503, 0])
def test_a_refusal_is_no_delivery_and_is_tried_again(status: int) -> None:
    """Neither an error status, nor a redirect, nor a broken connection passes for delivered."""
    clock = Clock(30)
    with Receiver(status, status) as receiver:
        assert deliver(receiver.url, clock).failure is None
    assert receiver.bodies == [b"{}"]
    assert "/elsewhere" not in receiver.paths
    assert len(clock.sleeps) == 2


def test_the_retries_end_and_say_why_without_the_url(caplog: pytest.LogCaptureFixture) -> None:
    """A few attempts with growing pauses, then a failure; the presigned URL is in neither failure nor log."""
    clock = Clock(300)
    caplog.set_level(logging.DEBUG)
    with Receiver(*[503] * 20) as receiver:
        failure = deliver(f"{receiver.url}/?Signature=secret", clock).failure
    assert str(failure) == "CloudFormation did not take the answer: status 503"
    assert len(receiver.paths) == 8
    assert clock.left > 250
    assert "Signature" not in caplog.text


def test_the_retries_stay_inside_the_time_left() -> None:
    """No pause goes beyond the end of the function."""
    clock = Clock(1.0)
    with Receiver(*[503] * 20) as receiver:
        assert deliver(receiver.url, clock).failure
    assert clock.left >= 0.2


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "no url", "http://[", "https://127.0.0.1:1"]
)
def test_a_url_that_cannot_be_used_is_a_failure_like_any_other(url: str) -> None:
    """It ends in Undelivered, not in a crash or a loop."""
    failure = deliver(url, Clock(0.3)).failure
    assert failure is not None
    assert "127.0.0.1" not in str(failure)


def test_only_the_first_to_claim_may_answer() -> None:
    """Of the handler's thread and the timer's, one answers."""
    delivery = Delivery("http://127.0.0.1", seconds_left=lambda: 1.0)
    assert [delivery.take(), delivery.take(), delivery.take()] == [True, False, False]
