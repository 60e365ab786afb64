"""The whole walk on the embedded AWS: it passes, lists where that differs from AWS, and leaves nothing."""

import re
from threading import Event
from typing import Any

import pytest

from acceptance.run import Ended, Wanted, run
from acceptance.walk import CHAPTERS
from local.codebuild_server import ACCOUNT_ID
from local.ministack import REGION
from tests.acceptance.conftest import Acceptance

CONNECTION = f"arn:aws:codeconnections:us-east-1:{ACCOUNT_ID}:connection/11111111-2222-3333-4444-555555555555"
VERDICTS = ("held", "differs", "differs, as is known of the embedded AWS", "not tried")


def test_the_walk_passes_and_its_report_can_be_shared(acceptance: Acceptance) -> None:
    """What differs is what is known to differ, all of it; nothing is left; and no id or token is told."""
    acceptance.aws.codebuild.connect(CONNECTION, provider_type="GitLab")
    status, printed = acceptance.run("run", "--connection", CONNECTION)
    report = acceptance.report()
    facts = [fact for chapter in report["chapters"] for fact in chapter["facts"]]
    by_verdict = {verdict: [fact["tried"] for fact in facts if fact["verdict"] == verdict] for verdict in VERDICTS}
    known = [fact.title for chapter in CHAPTERS for fact in chapter.facts if fact.embedded]
    assert by_verdict["differs"] == [], printed
    assert by_verdict["differs, as is known of the embedded AWS"] == known, printed
    assert by_verdict["not tried"] == ["Import GITLAB with a personal access token"], printed
    assert status == 0, printed
    assert acceptance.left() == []
    kinds = [event["RequestType"] for event in report["events"] if "RequestType" in event]
    assert {"Create", "Update", "Delete"} == set(kinds)
    shared = [path.read_text() for path in acceptance.root.glob("*/report.*")]
    assert len(shared) == 2
    [prefix] = [note["prefix"] for note in acceptance.notes() if note["kind"] == "run"]
    for text in (*shared, printed.replace(prefix, "", 3)):  # the owner is told the prefix, and where the files are
        assert not re.search(rf"{ACCOUNT_ID}|{prefix}|ghp_|ATCTT|ATATT|[0-9a-f]{{8}}-[0-9a-f]{{4}}-", text)


@pytest.mark.usefixtures("here")
def test_an_aws_that_does_otherwise_is_found_out(acceptance: Acceptance, monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts that it breaks differ, the others hold; and the run tells so by its status."""
    asked = acceptance.aws.codebuild.slots.import_source_credentials

    def with_another_arn(region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"arn": f"{asked(region, request)['arn'].replace('token/', 'token:')}"}

    monkeypatch.setattr(acceptance.aws.codebuild.slots, "import_source_credentials", with_another_arn)
    wanted = Wanted(account_id=ACCOUNT_ID, region=REGION, root=acceptance.root, chapters=("imports",))
    assert run(wanted, Event(), print) is Ended.NOT_AS_DOCUMENTED
    facts = acceptance.report()["chapters"][0]["facts"]
    differs = {fact["seen"] for fact in facts if fact["verdict"] == "differs"}
    assert "arn:PARTITION:codebuild:REGION:ACCOUNT:token:github" in differs
    assert "one credential, another ARN, the new auth type" in differs
    assert [fact["tried"] for fact in facts if fact["verdict"] == "held"] == [
        "What the list has of a token",
        "What the list has of a secret that CodeBuild reads itself",
    ]
    assert acceptance.left() == []


@pytest.mark.usefixtures("here")
def test_a_connection_is_imported_with_more_permissions_until_it_is_taken(acceptance: Acceptance) -> None:
    """The fewest that suffice are told, all sets of that size; and how the others were denied."""
    acceptance.aws.codebuild.connect(CONNECTION, provider_type="GitLab")
    acceptance.aws.codebuild.fail_next("ImportSourceCredentials", "AccessDeniedException", times=5)
    wanted = Wanted(
        account_id=ACCOUNT_ID,
        region=REGION,
        root=acceptance.root,
        chapters=("connections",),
        connection_arn=CONNECTION,
    )
    assert run(wanted, Event(), print) is Ended.AS_DOCUMENTED
    [chapter] = [each for each in acceptance.report()["chapters"] if "connection" in each["title"]]
    needed, denied, arn = chapter["facts"]
    assert needed["seen"] == "GetConnection and UseConnection; or PassConnection and UseConnection"
    assert denied["seen"] == "AccessDeniedException: as the test asked"
    assert (denied["verdict"], arn["verdict"]) == ("held", "held")
    assert acceptance.left() == []


@pytest.mark.usefixtures("here")
def test_a_connection_that_cannot_be_used_is_not_tried(acceptance: Acceptance) -> None:
    """Its chapter says why."""
    acceptance.aws.codebuild.connect(CONNECTION, provider_type="GitLab", status="PENDING")
    chapters = ("connections",)
    wanted = Wanted(
        account_id=ACCOUNT_ID, region=REGION, root=acceptance.root, chapters=chapters, connection_arn=CONNECTION
    )
    run(wanted, Event(), print)
    [chapter] = [each for each in acceptance.report()["chapters"] if "connection" in each["title"]]
    assert {fact["seen"] for fact in chapter["facts"]} == {"the connection is PENDING, not AVAILABLE"}
