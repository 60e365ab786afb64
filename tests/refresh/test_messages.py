"""A message that fails comes again, alone, and no secret is told."""

import io
import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from source_credential.errors import Throttling
from tests.fakes import ACCOUNT, UNANSWERED, V2, V3, secret_arn
from tests.invocation import Emitted, lines
from tests.refresh.entry import (
    CHECK_ALL,
    CHECK_ONE,
    ELSEWHERE,
    SECRET,
    Entry,
    changed,
    follow,
    refreshing,
)
from tests.slots.world import SLOT

TOKENS = ("token-of-a-GitHub", f"token-of-a-GitHub-{V2}", f"token-of-a-GitHub-{V3}")
LEAK = "ghp_neverToBeSeen"


@pytest.mark.parametrize("message", [changed(secret_arn("nobodys")), changed(label="AWSPENDING"), CHECK_ALL])
def test_a_message_of_which_nothing_is_counted_warns_of_nothing(
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
def test_a_message_that_nobody_sends_fails(entry: Entry, emitted: Emitted, log: io.StringIO, message: object) -> None:
    """It ends in the dead-letter queue, and is not repeated in the log; the function itself does not fail."""
    assert entry.handled(message) == ["0"]
    assert entry.queue.delayed == [("handle-0", 1)]
    assert emitted.metrics() == [{"RefreshFailures": [1.0]}]
    assert LEAK not in log.getvalue()


def test_several_messages_are_handled_one_after_the_other_and_fail_singly(entry: Entry, emitted: Emitted) -> None:
    """The template has them come one by one; whoever raises its BatchSize finds only those again that failed."""
    follow(entry.world, ELSEWHERE)
    entry.world.rotate(SECRET, V3)
    entry.world.places[ACCOUNT, "eu-west-1"].failure = Throttling("CodeBuild", "is throttled", "Again.")
    busy = replace(SLOT, region="eu-central-1")
    now = entry.world.now
    entry.world.table.take_turn(busy, "somebody's", until=now + 50, free_if_ended_before=now)
    messages = (refreshing(ELSEWHERE), "not JSON", refreshing(busy), refreshing(), CHECK_ONE)
    assert entry.handled(*messages) == ["0", "1", "2"]
    assert (entry.queue.delayed, entry.queue.delayed_a_little) == ([("handle-0", 1), ("handle-1", 1)], ["handle-2"])
    assert (entry.world.version(), entry.world.version(ELSEWHERE)) == (V3, V2)
    [metrics] = emitted.metrics()
    assert (metrics["RefreshFailures"], metrics["Refreshes"], metrics["Checks"]) == ([1.0, 1.0], [1.0], [1.0])


@pytest.mark.parametrize("receive_count", [1, 2, 7])
def test_a_message_that_fails_is_delayed_by_how_often_it_came(
    entry: Entry, log: io.StringIO, receive_count: int
) -> None:
    """The log says why, how often, which message and which slot, and the next invocation's lines do not."""
    entry.world.codebuild.failure = UNANSWERED
    assert entry.handled(refreshing(), receive_count=receive_count) == ["0"]
    assert entry.queue.delayed == [("handle-0", receive_count)]
    [failed] = [line for line in lines(log) if line["level"] == "ERROR"]
    assert (failed["reason"], failed["receive_count"]) == (str(UNANSWERED), receive_count)
    assert (failed["message_id"], failed["slot"]) == ("0", str(SLOT))
    entry.world.codebuild.failure = None
    entry.handled(CHECK_ALL)
    assert "slot" not in lines(log)[-1]


@pytest.mark.parametrize(
    ("receive_count", "delayed_as"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (7, 4), (9, 5), (10, 5)]
)
def test_a_message_that_was_throttled_waits_as_if_it_had_come_half_as_often(
    entry: Entry, receive_count: int, delayed_as: int
) -> None:
    """Where many slots want one rate, each has its chance soon: the last ones are not left to wait for nobody."""
    entry.world.codebuild.failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert entry.handled(refreshing(), receive_count=receive_count) == ["0"]
    assert entry.queue.delayed == [("handle-0", delayed_as)]


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
