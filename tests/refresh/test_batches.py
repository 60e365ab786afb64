"""A batch of messages: each by itself, those that failed come again, and no secret is told."""

import io
import json
import logging
import time
from typing import Any

import pytest

from source_credential import refresh
from source_credential.errors import Throttling
from tests.fakes import ACCOUNT, secret_arn
from tests.invocation import Context, Emitted, lines
from tests.refresh.entry import (
    CHECK_ALL,
    CHECK_ONE,
    ELSEWHERE,
    SECRET,
    V2,
    V3,
    Entry,
    changed,
    follow,
    record,
    refreshing,
)
from tests.slots.world import SLOT

TOKENS = ("token-of-a-GitHub", f"token-of-a-GitHub-{V2}", f"token-of-a-GitHub-{V3}")
LEAK = "ghp_neverToBeSeen"


def test_messages_for_which_no_time_is_left_come_again(entry: Entry, emitted: Emitted) -> None:
    """The first one took it all; the others are not begun, and count neither as done nor as failures."""

    def slow(call: str) -> None:
        if call == "import_credential":
            time.sleep(0.5)

    entry.step = slow
    records = [record(str(number), changed(), number + 1) for number in range(3)]
    answer = refresh.lambda_handler({"Records": records}, Context(0.8))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["1", "2"]
    assert entry.queue.delayed == [("handle-1", 2), ("handle-2", 3)]
    [metrics] = emitted.metrics()
    assert (metrics["Refreshes"], "RefreshFailures" in metrics) == ([1.0], False)


@pytest.mark.parametrize("message", [changed(secret_arn("nobodys")), changed(label="AWSPENDING"), CHECK_ALL])
def test_a_batch_in_which_nothing_is_counted_warns_of_nothing(
    entry: Entry, emitted: Emitted, recwarn: pytest.WarningsRecorder, message: dict[str, Any]
) -> None:
    """It is the usual case, and what Powertools would say of it is no JSON line."""
    assert entry.handled(message) == []
    assert (emitted.lines(), list(recwarn)) == ([], [])


UNKNOWN: list[object] = [
    "not JSON",
    "",
    "{",
    "null",
    [],
    "5",
    {},
    {"check": "some"},
    {"check": {}},
    {"check": {"slot": 5}},
    {"check": {"slot": "no/slot"}},
    {"check": {"slot": "000000000000/us-east-1/GITEA"}},
    {"refresh": {"slot": str(SLOT)}},
    {**changed(), "detail-type": "Secret Value Put"},
    {**changed(), "resources": []},
    {**changed(), "detail": {}},
    {**changed(), "time": None},
    {"Records": [{"body": LEAK}]},
]


@pytest.mark.parametrize("message", UNKNOWN)
def test_a_message_that_nobody_sends_fails_by_itself(
    entry: Entry, emitted: Emitted, log: io.StringIO, message: object
) -> None:
    """The others of its batch are handled; it ends in the dead-letter queue, and is not repeated in the log."""
    assert entry.handled(CHECK_ONE, message, changed()) == ["1"]
    assert entry.world.version() == V2
    assert entry.queue.delayed == [("handle-1", 1)]
    [metrics] = emitted.metrics()
    assert (metrics["RefreshFailures"], metrics["Checks"]) == ([1.0], [1.0])
    assert LEAK not in log.getvalue()


def test_only_what_failed_comes_again(entry: Entry, emitted: Emitted) -> None:
    """A slot that cannot be reached keeps no other one from being refreshed."""
    follow(entry.world, ELSEWHERE)
    entry.world.rotate(SECRET, V3)
    entry.world.places[ACCOUNT, "eu-west-1"].failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert entry.handled(refreshing(ELSEWHERE), refreshing(), refreshing(ELSEWHERE)) == ["0", "2"]
    assert (entry.world.version(), entry.world.version(ELSEWHERE)) == (V3, V2)
    [metrics] = emitted.metrics()
    assert (metrics["RefreshFailures"], metrics["Refreshes"]) == ([1.0, 1.0], [1.0])


def test_a_batch_that_fails_whole_comes_again_whole(entry: Entry) -> None:
    """As a batch that fails in part: the function itself does not fail."""
    entry.world.codebuild.failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert entry.handled(changed(), refreshing()) == ["0", "1"]


@pytest.mark.parametrize("receive_count", [1, 2, 7])
def test_a_message_that_fails_is_delayed_by_how_often_it_came(
    entry: Entry, log: io.StringIO, receive_count: int
) -> None:
    """The log says why, how often, which message and which slot, and the next invocation's lines do not."""
    entry.world.codebuild.failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert entry.handled(refreshing(), receive_count=receive_count) == ["0"]
    assert entry.queue.delayed == [("handle-0", receive_count)]
    [failed] = [line for line in lines(log) if line["level"] == "ERROR"]
    assert (failed["reason"], failed["receive_count"]) == ("CodeBuild: is throttled. Again.", receive_count)
    assert (failed["message_id"], failed["slot"]) == ("0", str(SLOT))
    entry.world.codebuild.failure = None
    entry.handled(CHECK_ALL)
    assert "slot" not in lines(log)[-1]


def test_a_message_that_cannot_be_delayed_comes_again_all_the_same(entry: Entry, log: io.StringIO) -> None:
    """Sooner, after the queue's own time; its own failure is the one that counts."""
    entry.world.codebuild.failure = Throttling("CodeBuild", "is throttled", "Again.")
    entry.queue.failure = Throttling("Queue", "is throttled", "Again.")
    assert entry.handled(refreshing()) == ["0"]
    [warned] = [line for line in lines(log) if line["level"] == "WARNING"]
    assert warned["reason"] == "Queue: is throttled. Again."


@pytest.mark.parametrize("message", [changed(), CHECK_ALL])
def test_what_the_queue_does_not_take_is_sent_again(entry: Entry, message: dict[str, Any]) -> None:
    """The message that asked for it fails, and comes again."""
    follow(entry.world, ELSEWHERE)
    entry.queue.failure = Throttling("Queue", "is throttled", "Again.")
    assert entry.handled(message) == ["0"]


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_neither_log_nor_metrics_nor_messages_hold_a_token(
    entry: Entry, emitted: Emitted, log: io.StringIO, level: int
) -> None:
    """At any level, whether a message succeeds, fails, or fails in a way nobody expected."""
    logging.getLogger().setLevel(level)
    follow(entry.world, ELSEWHERE)

    def leak(call: str) -> None:
        if call == "import_credential":
            raise RuntimeError(LEAK)

    assert entry.handled(CHECK_ALL, changed(), refreshing(), CHECK_ONE) == []
    entry.step = leak
    entry.world.rotate(SECRET, V3)
    assert entry.handled(refreshing(ELSEWHERE), CHECK_ONE, receive_count=2) == ["0", "1"]
    emitted.lines()
    seen = log.getvalue() + emitted.text + json.dumps(entry.queue.sent)
    assert "RuntimeError" in seen
    for secret in (LEAK, *TOKENS):
        assert secret not in seen
