"""The queue of slots to look at.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from source_credential.aws.denials import OF_THE_TEMPLATE, Caller
from source_credential.aws.errors import call
from source_credential.errors import ServiceInternalError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_BATCH: Final = 10

# What a message waits after its first, second, ... failure, in seconds, give or take a half.
_DELAYS: Final = (10, 60, 300, 900)

# A turn that is never given back ends after 52 seconds (slots/turn.py): four of these waits outlast it.
_BUSY_DELAY: Final = 30

_CALLER: Final = Caller(remedy=OF_THE_TEMPLATE)


class SqsQueue:
    """A queue, over an SQS client."""

    def __init__(self, client: "SQSClient", *, url: str) -> None:
        """Keep the client and the queue's URL."""
        self._client = client
        self._url = url

    def send(self, messages: Iterable[Mapping[str, Any]], *, within_seconds: int = 0) -> int:
        """Send messages, ten at a time, and return how many; each is delivered at some moment `within_seconds`.

        Raises what `errors.call` raises, and ServiceInternalError when the queue did not take them all.
        """
        sent = 0
        for batch in _batches(messages):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "MessageBody": json.dumps(message),
                    "DelaySeconds": random.randint(0, within_seconds),  # noqa: S311 - spreads load, no secret
                }
                for number, message in enumerate(batch)
            ]
            answer = call(
                lambda entries=entries: self._client.send_message_batch(QueueUrl=self._url, Entries=entries),  # type: ignore[misc]
                what="Queue",
                action="sqs:SendMessage",
                caller=_CALLER,
            )
            if answer.get("Failed"):
                raise ServiceInternalError("Queue", "did not take all messages", "They are sent again with the retry.")
            sent += len(batch)
        return sent

    def delay(self, receipt_handle: str, *, receive_count: int) -> None:
        """Let a message that failed wait before it comes again, the longer the more often it came.

        Raises what `errors.call` raises.
        """
        self._hide(receipt_handle, _DELAYS[min(receive_count, len(_DELAYS)) - 1])

    def delay_a_little(self, receipt_handle: str) -> None:
        """Let a message wait whose slot is busy: a turn ends within a minute. Raises what `errors.call` raises."""
        self._hide(receipt_handle, _BUSY_DELAY)

    def _hide(self, receipt_handle: str, longest: int) -> None:
        """Hide a message for some seconds, at least half of the longest time."""
        seconds = random.randint(longest // 2, longest)  # noqa: S311 - jitter, no secret
        call(
            lambda: self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            ),
            what="Queue",
            action="sqs:ChangeMessageVisibility",
            caller=_CALLER,
        )


def _batches(messages: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the messages in tens, reading no further ahead."""
    rest = iter(messages)
    while batch := list(islice(rest, _BATCH)):
        yield batch
