"""Lambda's entry for the queue with a world behind it, and the messages that come to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from source_credential import refresh
from source_credential.model import Slot
from source_credential.wiring import Logic
from tests.fakes import ACCOUNT, V2, VERSION_ID, secret_arn
from tests.invocation import Context
from tests.slots.sent import Stack
from tests.slots.world import SLOT, Step, World, go_on

SECRET = "a-GitHub"
ARN = secret_arn(SECRET)
ELSEWHERE = replace(SLOT, region="eu-west-1")


@dataclass
class FakeQueue:
    """A queue that remembers what was sent, within how many seconds, and which message is to wait."""

    sent: list[Mapping[str, Any]] = field(default_factory=list)
    spread: list[int] = field(default_factory=list)
    delayed: list[tuple[str, int]] = field(default_factory=list)
    delayed_a_little: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def send(self, messages: Iterable[Mapping[str, Any]], *, within_seconds: int = 0) -> int:
        """Take the messages, which must fit into JSON."""
        if self.failure:
            raise self.failure
        assert not isinstance(messages, list | tuple)
        taken = [json.loads(json.dumps(message)) for message in messages]
        self.sent += taken
        self.spread.append(within_seconds)
        return len(taken)

    def delay(self, receipt_handle: str, *, receive_count: int) -> None:
        """Let a message wait."""
        self.delayed.append((receipt_handle, receive_count))
        if self.failure:
            raise self.failure

    def delay_a_little(self, receipt_handle: str) -> None:
        """Let a message wait whose slot is busy."""
        self.delayed_a_little.append(receipt_handle)
        if self.failure:
            raise self.failure


class Entry:
    """Lambda's entry with a world and a queue behind it."""

    def __init__(self, world: World) -> None:
        """Give stack a the slot, and rotate its secret."""
        self.world = world
        self.step: Step = go_on
        self.queue = FakeQueue()
        self.accounts: list[str] = []
        Stack(world, "a").create()
        world.rotate(SECRET, V2)
        world.codebuild.calls.clear()

    def logic(self, account_id: str) -> Logic:
        """Return the logic over the world."""
        self.accounts.append(account_id)
        return self.world.logic(self.step)

    def handled(self, *messages: object, receive_count: int = 1) -> list[str]:
        """Run the entry on a batch, and return the numbers of the messages that come again."""
        records = [record(str(number), message, receive_count) for number, message in enumerate(messages)]
        answer: Any = refresh.lambda_handler({"Records": records}, Context(300))
        return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def record(message_id: str, message: object, receive_count: int) -> dict[str, Any]:
    """Return a message as Lambda delivers it: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html ."""
    return {
        "messageId": message_id,
        "receiptHandle": f"handle-{message_id}",
        "body": message if isinstance(message, str) else json.dumps(message),
        "attributes": {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": "1790000000000",
            "SenderId": "AIDA",
            "ApproximateFirstReceiveTimestamp": "1790000000001",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:{ACCOUNT}:refresh",
        "awsRegion": "us-east-1",
    }


def changed(secret: str = ARN, label: str = "AWSCURRENT", seconds_ago: float = 0) -> dict[str, Any]:
    """Return Secrets Manager's event, as EventBridge delivers it.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html
    """
    changed_at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return {
        "version": "0",
        "id": "11111111-2222-3333-4444-555555555555",
        "detail-type": "Secret Label Updated",
        "source": "aws.secretsmanager",
        "account": ACCOUNT,
        "time": changed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [secret],
        "detail": {"labelUpdated": label, "versionId": V2, "removedFromVersionId": VERSION_ID},
    }


def refreshing(slot: Slot = SLOT, **more: str) -> dict[str, Any]:
    """Return the message that has one slot refreshed."""
    told = {"slot": str(slot), "secret": ARN, "label": "AWSCURRENT", "time": "2026-11-24T00:00:00Z"}
    return {"refresh": {**told, **more}}


def checking(slot: Slot = SLOT) -> dict[str, Any]:
    """Return the message that has one slot checked."""
    return {"check": {"slot": str(slot)}}


CHECK_ALL = {"check": "all"}
CHECK_ONE = checking()


def follow(world: World, *slots: Slot) -> None:
    """Let more slots follow the secret."""
    for slot in slots:
        Stack(world, "a").create(f"GitHub{slot.region.replace('-', '')}", SecretId=SECRET, Region=slot.region)
    world.codebuild.calls.clear()
