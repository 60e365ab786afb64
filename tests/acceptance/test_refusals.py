"""What is refused before anything is created: nobody's credential and no other account is touched."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest

from acceptance.account import Account, Refused
from acceptance.provider_stack import CommandFailed, _run
from acceptance.run import Wanted, run
from acceptance.waiting import Waiting
from local.ministack import PROJECT, REGION
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
        (
            {"connection_arn": "arn:aws:codeconnections:eu-north-1:111122223333:connection/1"},
            "CONNECTION_ARN is no ARN",
        ),
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


def test_what_stands_in_the_shell_alone_asks_for_nothing() -> None:
    """A shell may have an ACCOUNT, a REGION and a PREFIX for reasons of its own."""
    make = ["/usr/bin/env", "make", "--no-print-directory", "--dry-run"]
    in_shell = {**os.environ, "ACCOUNT": ACCOUNT, "REGION": REGION, "PREFIX": "/usr/local", "MAKEFLAGS": ""}
    commands = {
        target: subprocess.run(
            [*make, *target], cwd=PROJECT, env=in_shell, capture_output=True, text=True, check=True
        ).stdout
        for target in (
            ("acceptance",),
            ("acceptance", f"ACCOUNT={ACCOUNT}", f"REGION={REGION}"),
            ("acceptance-clean", f"ACCOUNT={ACCOUNT}", f"REGION={REGION}"),
        )
    }
    alone, asked, clean = commands.values()
    assert "-m acceptance explain" in alone
    assert f'-m acceptance run --account "{ACCOUNT}" --region "{REGION}" --slots ""' in asked
    assert "/usr/local" not in clean


def test_an_endpoint_in_the_environment_does_not_make_aws_an_embedded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a proxy's; what is done for MiniStack alone, to every mapping there is, is not done to AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://proxy.example.com")
    session = boto3.Session(region_name=REGION)
    assert not Account(session, "111122223333", "arn:aws:iam::111122223333:root").is_embedded
    assert Account(session, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root").is_embedded


def test_commands_are_given_the_credentials_that_were_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever gives them: a profile may ask for a code, which a command without a terminal cannot answer."""
    config = tmp_path / "config"
    given = '{"Version": 1, "AccessKeyId": "AKIDMADEUP", "SecretAccessKey": "made-up"}'
    config.write_text(f"[profile sandbox]\ncredential_process = echo '{given}'\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "sandbox")
    account = Account(boto3.Session(region_name=REGION), "111122223333", "arn:aws:iam::111122223333:root")
    environment = account.environment()
    assert (environment["AWS_ACCESS_KEY_ID"], "AWS_SESSION_TOKEN" in environment) == ("AKIDMADEUP", False)
    assert environment["AWS_REGION"] == REGION


@pytest.mark.usefixtures("here")
def test_a_slot_that_does_not_exist_is_not_kept_in_silence(acceptance: Acceptance) -> None:
    """Who mistypes RELEASE or KEEP is told."""
    status, printed = acceptance.run("clean", "--keep", "GITHUP")
    assert (status, "KEEP has GITHUP" in printed) == (2, True), printed


def test_what_a_command_prints_is_not_told(tmp_path: Path) -> None:
    """SAM's tables break an ARN over lines, so that no mask finds the account in it; its last words are whole."""
    table = "User: arn:aws:sts::111122\n223333:assumed-role/Adm\nin/jane\nError: It failed: arn:aws:x::111122223333:y\n"
    with pytest.raises(CommandFailed) as failed:
        _run([sys.executable, "-c", f"print({table!r}); exit(1)"], os.environ, Waiting(60, Event()), tmp_path)
    assert "Error: It failed" in str(failed.value)
    assert "jane" not in str(failed.value)
    assert "jane" in next(tmp_path.glob("*.log")).read_text()
