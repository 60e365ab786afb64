"""The daily check: every slot has a message, and is compared and imported anew; what was found is counted."""

from datetime import UTC, datetime, timedelta

import pytest

from source_credential.errors import Throttling
from source_credential.model import Credential, TokenFacts
from source_credential.records import Mark
from tests.fakes import V2, VERSION_ID, credential_arn
from tests.invocation import Emitted
from tests.refresh.entry import (
    CHECK_ALL,
    CHECK_ONE,
    ELSEWHERE,
    SECRET,
    Entry,
    changed,
    checking,
    follow,
)
from tests.slots.sent import Stack, owner
from tests.slots.world import SLOT

FRESH = {"Checks": [1.0], "Missing": [0.0], "Stale": [0.0], "Healed": [0.0], "Unhealed": [0.0]}


def test_the_schedule_has_every_slot_checked_within_a_quarter_of_an_hour(entry: Entry) -> None:
    """One message each, for CodeBuild's rate is shared with everybody."""
    follow(entry.world, ELSEWHERE)
    assert entry.handled(CHECK_ALL) == []
    assert {message["check"]["slot"] for message in entry.queue.sent} == {str(SLOT), str(ELSEWHERE)}
    assert entry.queue.spread == [900]
    assert entry.handled(*entry.queue.sent) == []


def test_a_check_that_finds_nothing_wrong_imports_anew_and_counts_nothing_as_healed(
    entry: Entry, emitted: Emitted
) -> None:
    """Comparing cannot find a wrong token, writing mends it; and an alarm can tell that checks are made at all."""
    entry.handled(changed())
    emitted.lines()
    entry.world.codebuild.imported.clear()
    assert entry.handled(CHECK_ONE) == []
    assert (entry.world.version(), emitted.metrics()) == (V2, [FRESH])
    entry.world.agree()


def test_a_slot_that_is_nobodys_is_fine(entry: Entry, emitted: Emitted) -> None:
    """Its credential may have gone since the message was sent; CodeBuild is not even asked."""
    assert entry.handled(checking(ELSEWHERE)) == []
    assert emitted.metrics() == [FRESH]
    assert entry.world.codebuild.calls == []


@pytest.mark.parametrize("heal", ["true", None])
def test_a_check_heals_and_counts_what_was_healed(
    entry: Entry, emitted: Emitted, monkeypatch: pytest.MonkeyPatch, heal: str | None
) -> None:
    """What is stale, as the template's parameter says, or where it says nothing; nothing is left for the alarm."""
    monkeypatch.delenv("HEAL", raising=False)
    if heal:
        monkeypatch.setenv("HEAL", heal)
    assert entry.handled(CHECK_ONE) == []
    assert emitted.metrics() == [{**FRESH, "Stale": [1.0], "Healed": [1.0]}]
    assert entry.world.version() == V2


def test_a_check_heals_what_is_missing(entry: Entry, emitted: Emitted) -> None:
    """A credential that somebody deleted is there again."""
    entry.handled(changed())
    emitted.lines()
    entry.world.codebuild.slots.clear()
    assert entry.handled(CHECK_ONE) == []
    assert emitted.metrics() == [{**FRESH, "Missing": [1.0], "Healed": [1.0]}]
    entry.world.agree()


@pytest.mark.parametrize("receive_count", [1, 2, 6])
@pytest.mark.parametrize("missing", [True, False])
def test_a_check_that_is_not_to_heal_counts_what_is_wrong_and_never_writes(
    entry: Entry, emitted: Emitted, monkeypatch: pytest.MonkeyPatch, receive_count: int, *, missing: bool
) -> None:
    """Not even when its message comes again; the alarm looks at what was not healed."""
    monkeypatch.setenv("HEAL", "false")
    if missing:
        arn = credential_arn("GITHUB")
        entry.world.codebuild.slots["GITHUB"] = Credential(arn=arn, server_type="GITHUB", auth_type="OAUTH")
    before = entry.world.record()
    assert entry.handled(CHECK_ONE, receive_count=receive_count) == []
    assert emitted.metrics() == [{**FRESH, "Missing": [float(missing)], "Stale": [1.0], "Unhealed": [1.0]}]
    assert (entry.world.codebuild.calls, entry.world.record()) == (["list"], before)


@pytest.mark.parametrize("claimed", [True, False])
def test_a_check_that_is_not_to_heal_leaves_also_what_a_run_that_died_has_left(
    entry: Entry, emitted: Emitted, monkeypatch: pytest.MonkeyPatch, *, claimed: bool
) -> None:
    """Whether or not somebody holds the slot: nobody knows what is in it, and that counts as stale."""
    monkeypatch.setenv("HEAL", "false")
    slot = SLOT if claimed else ELSEWHERE
    entry.handled(changed())
    emitted.lines()
    entry.world.codebuild.calls.clear()
    entry.world.table.set_mark(slot, Mark(owner=owner("b")))
    before = entry.world.record(slot)
    assert entry.handled(checking(slot)) == []
    assert emitted.metrics() == [{**FRESH, "Stale": [1.0], "Unhealed": [1.0]}]
    assert set(entry.world.codebuild.calls) <= {"list"}
    assert entry.world.record(slot) == before


def test_what_a_check_cannot_mend_is_counted_for_both_alarms(entry: Entry, emitted: Emitted) -> None:
    """The message fails, and comes again; the token that is there stays."""
    entry.world.codebuild.failure = Throttling("CodeBuild", "is throttled", "Again.")
    assert entry.handled(CHECK_ONE) == ["0"]
    assert emitted.metrics() == [{**FRESH, "Stale": [1.0], "Unhealed": [1.0], "RefreshFailures": [1.0]}]
    assert entry.world.version() == VERSION_ID


def test_a_label_that_names_nothing_makes_a_credential_that_nobody_can_mend(entry: Entry, emitted: Emitted) -> None:
    """What CodeBuild holds is not what the secret has, for it has nothing."""
    entry.world.secrets.labels[SECRET, "AWSCURRENT"] = None
    assert entry.handled(CHECK_ONE) == ["0"]
    assert emitted.metrics() == [{**FRESH, "Stale": [1.0], "Unhealed": [1.0], "RefreshFailures": [1.0]}]
    assert entry.world.token() is not None


def test_the_days_until_a_token_expires_are_measured(entry: Entry, emitted: Emitted) -> None:
    """For all tokens together, which the alarm looks at, and for each server type."""
    expires_at = datetime.fromtimestamp(entry.world.now, UTC) + timedelta(days=10)
    entry.world.token_check.facts = TokenFacts(login="octocat", expires_at=expires_at.isoformat())
    Stack(entry.world, "a").create("GitHub", VerifyToken="true")
    emitted.lines()
    assert entry.handled(CHECK_ONE, CHECK_ONE) == []
    for_server_type, again, for_all = sorted(emitted.lines(), key=lambda line: "Checks" in line)
    assert for_all["DaysUntilExpiry"] == pytest.approx([10, 10], abs=0.01)
    assert for_all["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    for line in (for_server_type, again):
        assert line["DaysUntilExpiry"] == pytest.approx([10], abs=0.01)
        assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "ServerType"]]
        assert (line["service"], line["ServerType"]) == ("source-credential", "GITHUB")


def test_a_check_of_a_busy_slot_comes_again_and_counts_nothing(entry: Entry, emitted: Emitted) -> None:
    """It is counted once it is made."""
    now = entry.world.now
    entry.world.table.take_turn(SLOT, "somebody's", until=now + 50, free_if_ended_before=now)
    assert entry.handled(CHECK_ONE) == ["0"]
    assert (entry.queue.delayed_a_little, emitted.lines()) == (["handle-0"], [])


def test_the_schedules_own_event_means_the_same(entry: Entry) -> None:
    """EventBridge keeps that one when it could not deliver, and so it is what comes back from the dead-letter queue.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    event = {
        "version": "0",
        "id": "11111111-2222-3333-4444-555555555555",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-11-24T12:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/CheckRule"],
        "detail": {},
    }
    assert entry.handled(event) == []
    assert entry.queue.sent == [CHECK_ONE]
