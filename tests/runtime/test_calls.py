"""What each operation asks of AWS: docs/calls.md says it, and here it is counted where the calls arrive."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import TABLE, EmbeddedAws
from local.emulator import REFRESH_HANDLER, Function, environment
from local.ministack import PROJECT
from local.wire import Wire
from tests.receiver import Receiver
from tests.runtime.test_artifact import ARN, begin_anew, event
from tests.runtime.test_refresh import message
from tests.runtime.test_turns import CREATE, NONE_FAILED, rotate

PAGE = PROJECT / "docs/calls.md"
FOLLOWERS = 25
SLOT = "000000000000/us-east-1/GITHUB"


def _rows() -> list[tuple[str, str, str]]:
    """Return the page's table: operation, calls, their number."""
    return re.findall(
        r"^\| (?!operation|-)(.+?) \| (.+?) \| ([0-9]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )


def told() -> dict[str, str]:
    """Return what the page says of each operation: its calls, in their order."""
    return {name: calls for name, calls, _ in _rows()}


def numbers_told() -> dict[str, int]:
    """Return how many calls the page says each operation makes."""
    return {name: int(number) for name, _, number in _rows()}


def in_words(calls: list[str]) -> str:
    """Return calls as the page has them: one after the other, the same ones together."""
    counted = [(name, len(list(same))) for name, same in groupby(calls)]
    return ", ".join(name if times == 1 else f"{name} \u00d7 {times}" for name, times in counted)


@dataclass
class Counted:
    """The two functions with a wire to AWS, and what went over it, by operation."""

    aws: EmbeddedAws
    wire: Wire
    provider: Function
    refresh: Function
    calls: dict[str, str] = field(default_factory=dict)

    def requests(self, name: str, sent: dict[str, Any]) -> None:
        """Let CloudFormation send a request."""
        self._count(name, lambda: self.provider.invoke(sent) == "null")

    def messages(self, name: str, sent: dict[str, Any]) -> None:
        """Let the queue deliver a message."""
        self._count(name, lambda: json.loads(self.refresh.invoke(sent)) == NONE_FAILED)

    def _count(self, name: str, run: Callable[[], bool]) -> None:
        self.wire.calls.clear()
        assert run()
        self.calls[name] = in_words(self.wire.calls)


@pytest.fixture
def counted(artifact: Path, aws: EmbeddedAws) -> Iterator[Counted]:
    """Return the functions, each of whose calls goes over one of two wires that count together."""
    begin_anew(aws)
    with Wire(aws.ministack.url) as wire, Wire(aws.codebuild.url) as other:
        other.calls = wire.calls
        services = ("CODEBUILD", "CODECONNECTIONS", "CODESTAR_CONNECTIONS")
        more = {f"AWS_ENDPOINT_URL_{service}": other.url for service in services}
        settings = {**environment(aws), "AWS_ENDPOINT_URL": wire.url, **more}
        with Function(artifact, settings) as provider, Function(artifact, settings, handler=REFRESH_HANDLER) as refresh:
            yield Counted(aws, wire, provider, refresh)


def follow(aws: EmbeddedAws, more: int) -> None:
    """Let more slots follow the secret than the one that does."""
    dynamodb = aws.client("dynamodb")
    [item] = [
        item
        for item in dynamodb.scan(TableName=TABLE)["Items"]
        if item["What"]["S"] == "slot" and item["Subject"]["S"] == SLOT
    ]
    for number in range(more):
        subject = {"S": SLOT.replace("us-east-1", f"us-east-{number + 2}")}
        dynamodb.put_item(TableName=TABLE, Item={**item, "Subject": subject})


def test_each_operation_makes_the_calls_that_the_page_says(
    counted: Counted, aws: EmbeddedAws, receiver: Receiver
) -> None:
    """In the usual case, in this order; the answer to CloudFormation, to S3, comes on top for the first ones."""
    created = event(CREATE, receiver)
    properties, known = created["ResourceProperties"], {"PhysicalResourceId": f"{ARN}github"}
    changing = {"OldResourceProperties": properties, "ResourceProperties": {**properties, "ShouldOverwrite": "true"}}
    counted.requests("Create", created)
    counted.requests("Create, sent again", created)
    counted.requests("Create by a connection", event("create-codeconnections", receiver))
    counted.requests("Update", event(CREATE, receiver, RequestType="Update", **known, **changing))
    counted.messages("rotation, one follower", rotate(aws)[1])
    counted.messages("check of one slot", message({"check": {"slot": SLOT}}))
    follow(aws, FOLLOWERS - 1)
    counted.messages(f"rotation, {FOLLOWERS} followers: to tell each", rotate(aws)[1])
    counted.messages(f"check of all {FOLLOWERS + 1} slots: to tell each", message({"check": "all"}))
    counted.requests("Delete", event("delete", receiver))
    assert {json.loads(body)["Status"] for body in receiver.bodies} == {"SUCCESS"}
    begin_anew(aws)
    assert counted.calls == told()


def test_the_pages_numbers_are_those_of_its_calls() -> None:
    """Each row counts what it lists."""
    listed = {
        name: sum(int(times or 1) for times in re.findall(r"\w+(?: \u00d7 ([0-9]+))?", calls))
        for name, calls in told().items()
    }
    assert listed == numbers_told()
