"""A slot is used only while it is the run's own, also when somebody comes in between."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from acceptance.account import Account
from acceptance.journal import Journal
from acceptance.slots import Slots, SlotTaken
from acceptance.used_slots import Release, UsedSlots
from local.codebuild_server import ACCOUNT_ID, CodeBuildServer
from local.ministack import REGION

PERSONAL = "PERSONAL_ACCESS_TOKEN"
SOMEBODYS = {"serverType": "GITHUB", "authType": PERSONAL, "token": "somebodys"}


@pytest.fixture
def codebuild(monkeypatch: pytest.MonkeyPatch) -> Iterator[CodeBuildServer]:
    """Return a CodeBuild that this process uses."""
    with CodeBuildServer() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CODEBUILD", server.url)
        yield server


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Return a journal that has begun."""
    return Journal.begin("acceptance-0123456789", account_id=ACCOUNT_ID, region=REGION, root=tmp_path)


@pytest.fixture
def account(codebuild: CodeBuildServer) -> Account:
    """Return an account whose CodeBuild is that one."""
    assert codebuild.credentials() == []
    return Account(boto3.Session(), ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root")


@pytest.fixture
def slots(account: Account, journal: Journal) -> Slots:
    """Return its slots."""
    return Slots(account, journal)


@pytest.fixture
def used(account: Account, journal: Journal) -> Callable[..., UsedSlots]:
    """Return what a removal makes of the journal; what it is given may be emptied."""
    return lambda *released: UsedSlots(account, journal.notes(), journal.folder.name, Release(released))


def test_an_import_is_noted_before_it_is_made(slots: Slots, journal: Journal, codebuild: CodeBuildServer) -> None:
    """And its ARN after it; the token never."""
    assert slots.put("GITHUB", PERSONAL, "throwaway").is_accepted
    kinds = [note["kind"] for note in journal.notes()]
    assert kinds == ["run", "credential", "imported"]
    assert "throwaway" not in str(journal.notes())
    codebuild.fail_next("ImportSourceCredentials", "InvalidInputException")
    assert slots.put("GITHUB", PERSONAL, "throwaway").code == "InvalidInputException"
    assert [note["kind"] for note in journal.notes()] == [*kinds, "credential"]


def test_a_slot_that_is_occupied_is_not_used(slots: Slots, codebuild: CodeBuildServer) -> None:
    """Its credential stays, and nothing is noted of it."""
    codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = codebuild.credentials()
    with pytest.raises(SlotTaken, match="GITHUB holds a credential by now"):
        slots.put("GITHUB", PERSONAL, "throwaway")
    slots.empty("GITHUB")
    slots.empty_own()
    assert codebuild.credentials() == before


def test_who_comes_between_the_look_and_the_import_is_not_overwritten(
    slots: Slots, codebuild: CodeBuildServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first import into a slot does not overwrite, whatever it is asked to."""
    monkeypatch.setattr(slots, "require_empty", lambda *_: None)
    codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = codebuild.credentials()
    assert slots.put("GITHUB", PERSONAL, "throwaway", shouldOverwrite=True).code == "ResourceAlreadyExistsException"
    slots.empty_own()
    assert codebuild.credentials() == before


def test_who_comes_into_a_slot_that_was_emptied_is_left_alone(
    slots: Slots, used: Callable[..., UsedSlots], codebuild: CodeBuildServer
) -> None:
    """Nobody is asked about it, and no removal takes it, in the run itself or after it."""
    slots.put("GITHUB", PERSONAL, "throwaway")
    slots.note("BITBUCKET", PERSONAL)
    slots.empty_own()
    codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = codebuild.credentials()
    assert slots.own == ()
    found = used("GITHUB")
    found.empty_own()
    assert (found.foreign(), found.undecided()) == ([], [])
    assert codebuild.credentials() == before


def test_who_comes_before_the_first_import_is_left_alone_and_told(
    slots: Slots, used: Callable[..., UsedSlots], codebuild: CodeBuildServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has noted the slot, but has imported nothing: it cannot say that the token is its own."""
    monkeypatch.setattr(slots, "require_empty", lambda *_: None)
    codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = codebuild.credentials()
    slots.put("GITHUB", PERSONAL, "throwaway")
    found = used(*slots.own)
    found.empty_own()
    assert found.undecided() == ["GITHUB"]
    assert codebuild.credentials() == before


def test_a_credential_of_a_kind_that_was_never_imported_is_somebodys(
    slots: Slots, used: Callable[..., UsedSlots], codebuild: CodeBuildServer
) -> None:
    """It is protected from the provider, too, and not even RELEASE takes it."""
    slots.note("GITHUB", "SECRETS_MANAGER")
    codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = codebuild.credentials()
    found = used("GITHUB")
    found.empty_own()
    assert (found.foreign(), found.undecided()) == (["GITHUB"], [])
    assert codebuild.credentials() == before
