"""A secret has changed: its followers are found, and each has the new version imported."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from source_credential import wiring
from source_credential.aws.sqs import SqsQueue
from source_credential.errors import Throttling
from source_credential.model import Slot
from tests.fakes import ACCOUNT, V2, secret_arn
from tests.invocation import Emitted, lines
from tests.refresh.entry import ARN, CHECK_ALL, ELSEWHERE, Entry, FakeQueue, changed, follow, refreshing
from tests.slots.world import SLOT, Killed, go_on


@pytest.mark.parametrize("message", [changed(), refreshing()])
def test_a_change_of_a_secret_is_imported(entry: Entry, emitted: Emitted, message: dict[str, Any]) -> None:
    """Told by Secrets Manager or by the entry itself; the account is the function's own."""
    assert entry.handled(message) == []
    assert (entry.world.version(), entry.accounts) == (V2, [ACCOUNT])
    [metrics] = emitted.metrics()
    assert metrics["Refreshes"] == [1.0]
    assert entry.queue == FakeQueue()


def test_one_follower_is_refreshed_at_once(entry: Entry) -> None:
    """Without the detour of another message."""
    assert entry.handled(changed()) == []
    assert (entry.world.codebuild.calls, entry.queue.sent) == (["import"], [])


def test_several_followers_get_a_message_each(entry: Entry) -> None:
    """Each slot fails and comes again by itself; what the messages say is what the event said."""
    follow(entry.world, ELSEWHERE, replace(SLOT, region="eu-west-2"))
    event = changed()
    assert entry.handled(event) == []
    assert entry.world.codebuild.calls == []
    assert {message["refresh"]["slot"] for message in entry.queue.sent} == {
        f"{ACCOUNT}/{region}/GITHUB" for region in ("us-east-1", "eu-west-1", "eu-west-2")
    }
    for message in entry.queue.sent:
        assert message == {
            "refresh": {**message["refresh"], "secret": ARN, "label": "AWSCURRENT", "time": event["time"]}
        }
    assert entry.handled(*entry.queue.sent) == []
    assert {entry.world.version(), entry.world.version(ELSEWHERE)} == {V2}


@pytest.mark.parametrize("message", [changed(secret_arn("nobodys")), changed(label="AWSPENDING")])
def test_a_secret_or_label_that_nothing_follows_is_no_failure(entry: Entry, message: dict[str, Any]) -> None:
    """Nothing is read, imported or sent, and the message is done with."""
    entry.world.secrets.reads.clear()
    assert entry.handled(message) == []
    assert (entry.world.codebuild.calls, entry.world.secrets.reads, entry.queue.sent) == ([], [], [])


class Taken:
    """An SQS client that counts the batches it takes."""

    def __init__(self) -> None:
        """Start with none."""
        self.batches: list[int] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - SQS's names
        """Take a batch."""
        assert QueueUrl
        self.batches.append(len(Entries))
        return {}


class ManySlots:
    """A table with a thousand slots, all of which follow one secret."""

    def __init__(self, taken: Taken) -> None:
        """Remember at which batch each slot was read."""
        self._taken = taken
        self.furthest_ahead = 0

    def followers(self, _secret_arn: str) -> Iterator[Slot]:
        """Yield them, watching how far ahead of the queue they are read."""
        for number in range(1000):
            self.furthest_ahead = max(self.furthest_ahead, number + 1 - sum(self._taken.batches))
            yield replace(SLOT, account_id=f"{number:012}")

    def slots(self) -> Iterator[Slot]:
        """Yield them."""
        return self.followers("")


@pytest.mark.parametrize("message", [changed(), CHECK_ALL])
def test_a_thousand_slots_are_a_hundred_batches_and_never_held_all_at_once(
    entry: Entry, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, message: dict[str, Any]
) -> None:
    """The memory it takes does not grow with their number."""
    taken = Taken()
    many: Any = ManySlots(taken)
    client: Any = taken
    logic = entry.world.logic()._replace(table=many)
    monkeypatch.setattr(wiring, "logic", lambda _account_id: logic)
    monkeypatch.setattr(wiring, "refresh_queue", lambda: SqsQueue(client, url="url"))
    assert entry.handled(message) == []
    assert taken.batches == [10] * 100
    assert many.furthest_ahead <= 12
    assert any(line.get("slots") == 1000 for line in lines(log))


@pytest.mark.parametrize(("seconds_ago", "expected"), [(0, 0), (7, 7), (3600, 3600), (-60, 0)])
def test_the_seconds_to_an_import_are_those_since_the_event(
    entry: Entry, emitted: Emitted, seconds_ago: float, expected: float
) -> None:
    """From Secrets Manager's own time to the import; clocks that differ do not make it negative."""
    assert entry.handled(changed(seconds_ago=seconds_ago)) == []
    [metrics] = emitted.metrics()
    assert metrics == {"Refreshes": [1.0], "SecondsToImport": [pytest.approx(expected, abs=3)]}


def test_the_seconds_count_from_the_event_also_by_way_of_a_message(entry: Entry, emitted: Emitted) -> None:
    """The time in the queue counts as well."""
    changed_at = (datetime.now(UTC) - timedelta(seconds=100)).isoformat()
    assert entry.handled(refreshing(time=changed_at)) == []
    [metrics] = emitted.metrics()
    assert metrics["SecondsToImport"] == [pytest.approx(100, abs=3)]


def test_what_was_not_imported_is_not_counted_as_such(entry: Entry, emitted: Emitted) -> None:
    """A duplicate is no refresh."""
    assert entry.handled(changed(), changed(), refreshing()) == []
    [metrics] = emitted.metrics()
    assert metrics["Refreshes"] == [1.0]
    assert len(metrics["SecondsToImport"]) == 1


@pytest.mark.parametrize("receive_count", [1, 2, 6])
@pytest.mark.parametrize("message", [changed(), refreshing()])
def test_a_message_that_comes_again_after_it_was_done_changes_nothing(
    entry: Entry, message: dict[str, Any], receive_count: int
) -> None:
    """The slot is known to be in order, so it makes no difference how often it was received."""
    entry.handled(message)
    entry.world.codebuild.calls.clear()
    assert entry.handled(message, receive_count=receive_count) == []
    assert entry.world.codebuild.calls == []


@pytest.mark.parametrize("message", [changed(), refreshing()])
@pytest.mark.parametrize("last_call", ["import_credential", "give_back"])
def test_a_run_that_died_is_made_good_by_its_message_when_that_comes_again(
    entry: Entry, message: dict[str, Any], last_call: str
) -> None:
    """At first the slot is busy, until the dead run's turn has ended; then the version is imported, and known to be."""

    def die(call: str) -> None:
        if call == last_call:
            raise Killed

    entry.step = die
    with pytest.raises(Killed):
        entry.handled(message)
    entry.step = go_on
    assert entry.handled(message, receive_count=2) == ["0"]
    assert entry.queue.delayed_a_little == ["handle-0"]
    entry.world.pass_time(52)
    assert entry.handled(message, receive_count=3) == []
    assert entry.world.version() == V2
    entry.world.agree()


def busy(entry: Entry) -> None:
    """Let somebody be at work at the slot, for about a minute."""
    now = entry.world.now
    entry.world.table.take_turn(SLOT, "somebody's", until=now + 50, free_if_ended_before=now)


@pytest.mark.parametrize("message", [changed(), refreshing()])
def test_a_busy_slot_is_no_failure(entry: Entry, emitted: Emitted, log: io.StringIO, message: dict[str, Any]) -> None:
    """The message comes again in seconds, whenever it was received; the log says so, and no alarm rings."""
    busy(entry)
    begin = entry.world.now
    assert entry.handled(message, receive_count=4) == ["0"]
    assert (entry.queue.delayed_a_little, entry.queue.delayed) == (["handle-0"], [])
    assert entry.world.now - begin < 5, "others in the queue do not wait for it"
    assert emitted.lines() == []
    [told] = lines(log)
    assert (told["level"], told["slot"], told["message_id"]) == ("INFO", str(SLOT), "0")
    assert "is busy" in told["reason"]
    entry.world.pass_time(52)
    assert entry.handled(message, receive_count=5) == []
    assert entry.world.version() == V2


def test_a_message_of_a_busy_slot_that_cannot_be_delayed_comes_again_all_the_same(
    entry: Entry, emitted: Emitted, log: io.StringIO
) -> None:
    """After the queue's own time; that is worth a warning, and still no failure."""
    busy(entry)
    entry.queue.failure = Throttling("Queue", "is throttled", "Again.")
    assert entry.handled(refreshing()) == ["0"]
    assert [line["level"] for line in lines(log)] == ["INFO", "WARNING"]
    assert emitted.lines() == []


@pytest.mark.parametrize("fan_out", [False, True])
def test_a_change_that_secrets_manager_does_not_show_yet_comes_again(
    entry: Entry, emitted: Emitted, log: io.StringIO, *, fan_out: bool
) -> None:
    """Later each time, without a failure: reads may lag behind the event. An event that is old ends all the same."""
    unseen = "44444444-5555-6666-7777-888888888888"
    entry.world.now = datetime.now(UTC).timestamp()
    entry.world.secrets.gone_versions.add(unseen)
    message = changed()
    message["detail"]["versionId"] = unseen
    if fan_out:
        follow(entry.world, ELSEWHERE)
        assert entry.handled(message) == []
        [message] = [dict(sent) for sent in entry.queue.sent if sent["refresh"]["slot"] == str(SLOT)]
        assert message["refresh"]["version"] == unseen
    assert entry.handled(message, receive_count=2) == ["0"]
    assert entry.queue.delayed == [("handle-0", 2)]
    assert not any("RefreshFailures" in metrics for metrics in emitted.metrics())
    assert (lines(log)[-1]["level"], lines(log)[-1]["reason"]) == (
        "INFO",
        "Secrets Manager has told of another version than it gives as yet",
    )
    entry.world.pass_time(121)
    assert entry.handled(message, receive_count=3) == []


def test_a_message_of_an_earlier_version_of_the_provider_names_no_version(entry: Entry) -> None:
    """What is read is then what counts."""
    message = changed()
    del message["detail"]["versionId"]
    assert entry.handled(message, refreshing()) == []
    assert entry.world.version() == V2
