"""The adapter of the queue."""

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from source_credential.aws import sqs
from source_credential.aws.sqs import SqsQueue
from source_credential.errors import (
    AccessDenied,
    GeneralServiceException,
    ServiceInternalError,
    SourceCredentialError,
    Throttling,
)
from tests.aws.stubs import QUEUE_URL, TOKEN, Body, stubbed


class Sent:
    """A stub of SQS that takes batches of messages, and what was in them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start with none; every delay is the longest there may be."""
        self.batches: list[list[Any]] = []
        make: Any = boto3.client
        self.client = make("sqs")
        self.ranges: list[tuple[int, int]] = []
        monkeypatch.setattr(sqs, "random", SimpleNamespace(randint=self._longest))
        self.client.meta.events.register("before-send", lambda request, **_: self._answer(request))

    def _longest(self, least: int, most: int) -> int:
        self.ranges.append((least, most))
        return most

    def _answer(self, request: Any) -> AWSResponse:
        assert request.headers["X-Amz-Target"] == b"AmazonSQS.SendMessageBatch"
        asked = json.loads(request.body)
        assert asked["QueueUrl"] == QUEUE_URL
        self.batches.append(asked["Entries"])
        taken = [{"Id": each["Id"], "MessageId": "m", "MD5OfMessageBody": md5(each)} for each in asked["Entries"]]
        return AWSResponse(request.url, 200, HTTPHeaders(), Body(json.dumps({"Successful": taken}).encode()))


def md5(entry: dict[str, Any]) -> str:
    """Return what SQS answers with, and botocore checks, for a message."""
    return hashlib.md5(entry["MessageBody"].encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("number", "batches"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (1000, [10] * 100)])
def test_messages_are_sent_ten_at_a_time_and_never_read_ahead(
    monkeypatch: pytest.MonkeyPatch, number: int, batches: list[int]
) -> None:
    """A thousand slots are a hundred calls, and at no time are more than ten messages held."""
    sent = Sent(monkeypatch)
    held: list[int] = []

    def messages() -> Iterator[dict[str, int]]:
        for made in range(number):
            held.append(made - 10 * len(sent.batches))
            yield {"number": made}

    assert SqsQueue(sent.client, url=QUEUE_URL).send(messages()) == number
    assert [len(batch) for batch in sent.batches] == batches
    assert [json.loads(entry["MessageBody"])["number"] for batch in sent.batches for entry in batch] == list(
        range(number)
    )
    assert all(len({entry["Id"] for entry in batch}) == len(batch) for batch in sent.batches)
    assert all(0 <= ahead < 10 for ahead in held)
    assert {entry["DelaySeconds"] for batch in sent.batches for entry in batch} <= {0}


def test_messages_are_spread_over_the_time_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is delivered at some moment within it; SQS takes a quarter of an hour at most."""
    sent = Sent(monkeypatch)
    SqsQueue(sent.client, url=QUEUE_URL).send(({"number": number} for number in range(3)), within_seconds=900)
    assert [entry["DelaySeconds"] for entry in sent.batches[0]] == [900, 900, 900]
    assert sent.ranges == [(0, 900)] * 3


def test_a_batch_that_is_not_taken_whole_is_a_failure() -> None:
    """The message that asked for it comes again, and sends them all again."""
    client, stubber = stubbed("sqs")
    refused = {"Id": "0", "SenderFault": False, "Code": "InternalError"}
    stubber.add_response("send_message_batch", {"Successful": [], "Failed": [refused]})
    with pytest.raises(ServiceInternalError, match="Queue: did not take all messages"):
        SqsQueue(client, url=QUEUE_URL).send([{"number": 1}])


EXPECTED = {"QueueUrl": QUEUE_URL, "ReceiptHandle": "handle", "VisibilityTimeout": 7}


def hidden(monkeypatch: pytest.MonkeyPatch, delay: Callable[[SqsQueue], None]) -> tuple[int, int]:
    """Return between how many seconds a message is hidden, at random."""
    ranges: list[tuple[int, int]] = []

    def randint(low: int, high: int) -> int:
        ranges.append((low, high))
        return 7

    monkeypatch.setattr(sqs, "random", SimpleNamespace(randint=randint))
    client, stubber = stubbed("sqs")
    stubber.add_response("change_message_visibility", {}, EXPECTED)
    delay(SqsQueue(client, url=QUEUE_URL))
    stubber.assert_no_pending_responses()
    [only] = ranges
    return only


@pytest.mark.parametrize(
    ("receive_count", "least", "most"),
    [(1, 5, 10), (2, 30, 60), (3, 150, 300), (4, 450, 900), (5, 450, 900), (100, 450, 900)],
)
def test_a_message_that_failed_waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch, receive_count: int, least: int, most: int
) -> None:
    """At random between a half and the whole, so that those that failed together do not come again together."""
    assert hidden(monkeypatch, lambda queue: queue.delay("handle", receive_count=receive_count)) == (least, most)


def test_a_message_whose_slot_is_busy_waits_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same each time, however often it came: a turn ends within a minute."""
    assert hidden(monkeypatch, lambda queue: queue.delay_a_little("handle")) == (15, 30)


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("AccessDenied", AccessDenied, "the provider's role may not use sqs:"),
        ("RequestThrottled", Throttling, "went on throttling sqs:"),
        ("AWS.SimpleQueueService.NonExistentQueue", GeneralServiceException, "failed"),
    ],
)
def test_what_sqs_refuses_is_told_in_our_words(code: str, kind: type[SourceCredentialError], text: str) -> None:
    """By the action, for both calls, without AWS's text."""
    client, stubber = stubbed("sqs")
    queue = SqsQueue(client, url=QUEUE_URL)
    calls: dict[str, Callable[[], object]] = {
        "send_message_batch": lambda: queue.send([{}]),
        "change_message_visibility": lambda: queue.delay("handle", receive_count=1),
    }
    for name, ask in calls.items():
        stubber.add_client_error(name, code, TOKEN)
        with pytest.raises(kind, match=f"Queue: .*{text}") as caught:
            ask()
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
