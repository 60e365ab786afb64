"""A slot is used only while it is the run's own, also when somebody comes in between."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from acceptance.account import Account
from acceptance.journal import Journal
from acceptance.slots import Slots, SlotTaken
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
def slots(codebuild: CodeBuildServer, journal: Journal) -> Slots:
    """Return the slots of that CodeBuild."""
    assert codebuild.credentials() == []
    return Slots(Account(boto3.Session(), ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root"), journal)


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
