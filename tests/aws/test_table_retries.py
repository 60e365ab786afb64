"""The SDK tries a call again of which it did not see the answer; that the first attempt came true is no failure."""

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from local.provider_table import empty_table, items
from source_credential import wiring
from source_credential.records import Change, Ending, Record, Resource
from source_credential.slots.turn import Run, Tools, Turn
from source_credential.slots.turns import take_turn
from tests.aws.stubs import TOKEN
from tests.aws.tables import FULL, SUCCESS, Tables, asked, claimed, ending, marked, real
from tests.conftest import TABLE
from tests.fakes import REGION
from tests.slots.sent import CHECKED, Check, Refresh, Stack, run
from tests.slots.world import SLOT, World

HERE = Resource(slots=frozenset({SLOT}))


class LossyClient:
    """A client of DynamoDB, with the settings of the function's own, that can lose the next call's first answer."""

    def __init__(self, url: str) -> None:
        """Lose nothing yet."""
        config = wiring._config("dynamodb")
        self.client = boto3.client("dynamodb", region_name=REGION, endpoint_url=url, config=config)
        self.attempts = 0
        self._loses = False
        self.client.meta.events.register("before-send", lambda request, **_: self._send(request))

    def lose_the_next_answer(self) -> None:
        """Let the next attempt arrive, and lose what it is answered."""
        self._loses, self.attempts = True, 0

    def _send(self, request: Any) -> None:
        self.attempts += 1
        if self._loses:
            self._loses = False
            assert URLLib3Session().send(request).status_code == 200
            raise ReadTimeoutError(endpoint_url=request.url)


@pytest.fixture
def lossy(empty: Any, monkeypatch: pytest.MonkeyPatch) -> LossyClient:
    """Return a client that can lose an answer, and never sleeps."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return LossyClient(empty.meta.endpoint_url)


WRITES: dict[str, Callable[[Tables], object]] = {
    "take_turn": lambda tables: tables.take(),
    "mark": lambda tables: tables.mark(marked()),
    "mark with what has begun": lambda tables: tables.mark(marked(), begun=Change(added=HERE)),
    "mark by which the slot is found": lambda tables: tables.mark(marked(followed="secret")),
    "set_mark": lambda tables: tables.slots.set_mark(SLOT, marked()),
    "remember": lambda tables: tables.answers.remember(asked(), SUCCESS),
    "remember with a change": lambda tables: tables.answers.remember(asked(), SUCCESS, Change(added=HERE)),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_came_true_unseen_succeeds_the_second_time(lossy: LossyClient, write: str) -> None:
    """It has its effect once, as it has when no answer is lost."""
    found = []
    for loses in (False, True):
        tables = real(lossy.client)
        tables.take()
        if loses:
            lossy.lose_the_next_answer()
        WRITES[write](tables)
        if loses:
            assert lossy.attempts >= 2
        found.append((tables.slots.look(SLOT), tables.answers.recall(asked())))
        empty_table(lossy.client, TABLE)
    assert found[0] == found[1]


def turn_of(tables: Tables) -> Turn:
    """Take a turn as the logic does."""
    tools = Tools(
        table=tables.slots, answers=tables.answers, clock=tables.clock, sleep=lambda _seconds: None, warn=print
    )
    return take_turn(SLOT, Run(lambda: 100.0), tools)


@pytest.mark.parametrize(
    "end", [None, ending(), ending(added=HERE)], ids=["without an ending", "with an answer", "with a change"]
)
def test_a_turn_that_was_given_back_unseen_is_given_back(lossy: LossyClient, end: Ending | None) -> None:
    """Its second attempt finds nobody's turn, or its own answer, and the turn asks whose: nothing is marked."""
    tables = real(lossy.client)
    with turn_of(tables) as turn:
        lossy.lose_the_next_answer()
        turn.give_back(claimed(FULL, in_codebuild=True), end)
        assert lossy.attempts >= 2
    assert tables.slots.look(SLOT) == claimed(FULL, in_codebuild=True)
    recollection = tables.answers.recall(asked())
    assert recollection.answer == (end.answer if end else None)
    assert recollection.resource == (end.change.added if end else Resource())
    assert tables.take() == claimed(FULL, in_codebuild=True)


def test_a_turn_that_was_left_unseen_is_left(lossy: LossyClient) -> None:
    """Also when nothing was done in it."""
    tables = real(lossy.client)
    with turn_of(tables):
        lossy.lose_the_next_answer()
    assert tables.take() == Record(slot=SLOT)


class OneTable:
    """The two ports of one table as one object."""

    def __init__(self, tables: Tables) -> None:
        """Keep them."""
        self._tables = tables

    def __getattr__(self, name: str) -> Any:
        """Return the method of the port that has it."""
        port = self._tables.slots if hasattr(self._tables.slots, name) else self._tables.answers
        return getattr(port, name)


def test_no_token_is_in_any_item(empty: Any) -> None:
    """Whatever happens to a credential: created, refused, renewed, rotated, checked, deleted."""
    tables = real(empty)
    world = World(OneTable(tables), now=tables.clock.now)
    world.token_check.refused.add(TOKEN)
    a, b = Stack(world, "a"), Stack(world, "b")
    assert a.create().status == "SUCCESS"
    seen = str(items(empty, TABLE))
    assert a.update(SecretId=world.secret("new")).status == "SUCCESS"
    world.rotate("new", "2")
    assert run(world, Refresh("new")).status == "REFRESHED"
    world.secrets.texts["bad"] = TOKEN
    assert b.create(SecretId="bad", VerifyToken="true", ShouldOverwrite="true").status == "FAILED"
    assert b.create(ShouldOverwrite="true").status == "SUCCESS"
    assert run(world, Check()) == CHECKED
    seen += str(items(empty, TABLE))
    assert b.delete().status == a.delete().status == "SUCCESS"
    seen += str(items(empty, TABLE))
    assert "codebuild:" in seen
    assert "b-GitHub" in seen
    assert [text for text in (*world.secrets.texts.values(), TOKEN, "token-of-") if text in seen] == []
