"""What is refused before anything is created: nobody's credential and no other account is touched."""

from threading import Event
from typing import Any

import pytest

from acceptance.account import Refused
from acceptance.run import Wanted, run
from local.ministack import REGION
from tests.acceptance.conftest import ACCOUNT, Acceptance

SOMEBODYS = {
    "serverType": "GITHUB",
    "authType": "PERSONAL_ACCESS_TOKEN",
    "token": "ghp_somebodysOwnToken000000000000000",
}


def refused(acceptance: Acceptance, **wanted: Any) -> str:
    """Ask for a run, and see that nothing was done; return what was said."""
    asked = {"account_id": ACCOUNT, "region": REGION, **wanted, "root": acceptance.root}
    with pytest.raises(Refused) as refusal:
        run(Wanted(**asked), Event(), print)
    assert acceptance.notes() == []
    return str(refusal.value)


@pytest.mark.usefixtures("here")
def test_an_occupied_slot_is_refused_and_stays_as_it_is(acceptance: Acceptance) -> None:
    """The slot is named, and what to do instead."""
    acceptance.aws.codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = acceptance.aws.codebuild.credentials()
    said = refused(acceptance)
    assert "holds a credential for GITHUB in us-east-1" in said
    assert "SLOTS=GITHUB_ENTERPRISE,BITBUCKET" in said
    assert acceptance.aws.codebuild.credentials() == before


def test_the_slots_that_are_empty_can_be_named_instead(acceptance: Acceptance) -> None:
    """Then somebody's credential is beside the run's own, and untouched."""
    acceptance.aws.codebuild.slots.import_source_credentials(REGION, SOMEBODYS)
    before = acceptance.aws.codebuild.credentials()
    status, printed = acceptance.run("run", "--slots", "BITBUCKET", "--chapters", "imports")
    assert status == 0, printed
    assert acceptance.aws.codebuild.credentials() == before


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"account_id": "111122223333"}, "another account than ACCOUNT names"),
        ({"account_id": ""}, "ACCOUNT is no account's id"),
        ({"account_id": "1234"}, "ACCOUNT is no account's id"),
        ({"region": ""}, "REGION is no region's name"),
        ({"region": "Ireland"}, "REGION is no region's name"),
        ({"server_types": ("GITHUB", "GITHUP")}, "SLOTS has GITHUP, and may have GITHUB, GITHUB_ENTERPRISE, BITBUCKET"),
        ({"server_types": ("GITLAB",)}, "SLOTS must begin with one that takes a token"),
        ({"chapters": ("live",)}, "CHAPTERS has live, and may have imports"),
    ],
)
def test_bad_input_is_refused(acceptance: Acceptance, wanted: dict[str, Any], said: str) -> None:
    """With what is wrong, and what may stand there; nothing is created."""
    assert said in refused(acceptance, **wanted)


@pytest.mark.usefixtures("here")
def test_no_answer_from_aws_is_refused(acceptance: Acceptance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, or a way to AWS, nobody knows whose account it is."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "AWS does not say whose credentials these are (EndpointConnectionError)" in refused(acceptance)


def test_alone_it_says_what_it_would_do(acceptance: Acceptance) -> None:
    """And how to ask for it, and does nothing."""
    status, printed = acceptance.run("explain")
    assert status == 0
    assert "make acceptance ACCOUNT=111122223333 REGION=eu-north-1" in printed
