"""A run that is interrupted, fails or is killed leaves nothing, or a list of what is to be removed."""

import json
import random
import signal
import time
from typing import Any

import pytest

from acceptance.remains import Remains
from acceptance.run import Ended, Wanted, clean
from acceptance.used_slots import Release
from local.ministack import REGION
from tests.acceptance.conftest import ACCOUNT, Acceptance

QUICK = ("--slots", "GITHUB", "--chapters", "imports,life")


def note(kind: str, name: str = "") -> Any:
    """Return what knows a note by its kind, and by the end of its name."""
    return lambda each: each["kind"] == kind and each.get("name", "").endswith(name)


@pytest.mark.parametrize(
    ("point", "signals"),
    [
        (note("credential"), [signal.SIGINT]),
        (note("stack", "-provider"), [signal.SIGINT, signal.SIGINT, signal.SIGINT]),
        (note("stack", "-broken"), [signal.SIGTERM]),
        (note("stack", "-consumer"), [signal.SIGINT, signal.SIGTERM]),
    ],
    ids=["importing", "deploying", "failing", "consuming"],
)
def test_an_interrupted_run_leaves_nothing(acceptance: Acceptance, point: Any, signals: list[int]) -> None:
    """Wherever Ctrl-C comes, and however often; the report is there, too."""
    process = acceptance.start("run", *QUICK)
    acceptance.await_note(point)
    time.sleep(random.uniform(0, 0.6))  # noqa: S311 - anywhere
    for sign in signals:
        process.send_signal(sign)
        time.sleep(0.3)
    status, printed = acceptance.end(process)
    assert acceptance.left() == [], printed
    assert status == 130, printed
    assert "asked to stop" in acceptance.report()["ended"]
    assert acceptance.run("clean")[1].startswith("No run has left anything here")


def test_a_step_that_fails_leaves_nothing(acceptance: Acceptance) -> None:
    """Its chapter is broken off, which the report says; the next ones are tried, as far as they can be."""
    acceptance.aws.codebuild.fail_next("DeleteSourceCredentials", "AccessDeniedException", times=2)
    broken = acceptance.root / "broken"
    broken.mkdir()
    (broken / "template.yaml").write_text("Resources: {Wrong: {Type: AWS::Nothing::Here}}\n")
    chapters = "imports,refusals,life,owners"
    status, printed = acceptance.run("run", "--slots", "GITHUB", "--chapters", chapters, "--build", str(broken))
    assert acceptance.left() == [], printed
    assert status == 1, printed
    seen = {
        chapter["title"]: {fact["seen"] for fact in chapter["facts"]} for chapter in acceptance.report()["chapters"]
    }
    assert any("AccessDeniedException" in why for why in seen["What CodeBuild takes"])
    assert any("sam deploy failed" in why for why in seen["The life of a credential"])
    assert seen["Who holds a slot"] == {"the provider is not there"}


def test_what_cannot_be_removed_is_told_and_its_owner_decides(acceptance: Acceptance) -> None:
    """AWS denies what it allowed before: the run says what it leaves; who keeps it is not asked again."""
    acceptance.aws.codebuild.fail_next("DeleteSourceCredentials", "AccessDeniedException", times=3)
    status, printed = acceptance.run("run", "--slots", "GITHUB", "--chapters", "imports")
    assert status == 3, printed
    assert "Left: DeleteSourceCredentials: AccessDeniedException" in printed
    assert acceptance.report()["left"]
    held = acceptance.aws.codebuild.credentials()
    assert acceptance.run("clean")[0] == 3
    assert acceptance.run("clean", "--keep", "GITHUB")[0] == 0
    assert acceptance.aws.codebuild.credentials() == held


def test_what_a_killed_run_left_is_removed_by_the_next_command(acceptance: Acceptance) -> None:
    """All but a credential that may be somebody's by now: of that its owner decides. No run begins before."""
    process = acceptance.start("run", *QUICK)
    acceptance.await_note(note("stack", "-consumer"))
    while not acceptance.aws.codebuild.credentials():
        time.sleep(0.02)
    process.kill()
    acceptance.end(process)
    held = acceptance.aws.codebuild.credentials()
    status, printed = acceptance.run("run", *QUICK)
    assert status == 2
    assert "make acceptance-clean" in printed
    status, printed = acceptance.run("clean")
    assert (status, acceptance.left()) == (3, [held[0].arn]), printed
    assert "RELEASE=GITHUB" in printed
    assert acceptance.aws.codebuild.credentials() == held
    status, printed = acceptance.run("clean", "--release", "GITHUB")
    assert (status, acceptance.left()) == (0, []), printed


def test_a_run_that_was_killed_elsewhere_is_removed_by_its_prefix(acceptance: Acceptance) -> None:
    """Its stacks keep a run from beginning; where there is no journal, its owner names it, and is asked about slots."""
    prefix = "acceptance-0000000000"
    one = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/{prefix}/one", "Type": "String", "Value": "1"}}
    for name in ("provider", "consumer"):
        one["Properties"] = {**one["Properties"], "Name": f"/{prefix}/{name}"}  # type: ignore[dict-item]
        template = json.dumps({"Resources": {"One": one}})
        acceptance.aws.client("cloudformation").create_stack(StackName=f"{prefix}-{name}", TemplateBody=template)
    acceptance.aws.client("secretsmanager").create_secret(Name=f"{prefix}/github", SecretString="x")
    status, printed = acceptance.run("run")
    assert status == 2
    assert f"PREFIX={prefix}" in printed
    assert acceptance.run("clean")[1].startswith("No run has left anything here")
    acceptance.aws.codebuild.slots.import_source_credentials(
        REGION, {"serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN", "token": "x"}
    )
    held = acceptance.aws.codebuild.credentials()
    status, printed = acceptance.run("clean", "--prefix", prefix)
    assert (status, acceptance.left()) == (3, [held[0].arn]), printed
    status, printed = acceptance.run("clean", "--release", "GITHUB")
    assert (status, acceptance.left()) == (0, []), printed
    assert "PREFIX is none of a run's" in acceptance.run("clean", "--prefix", "acceptance-")[1]


@pytest.mark.usefixtures("here")
def test_where_claims_cannot_be_forgotten_nothing_is_removed(
    acceptance: Acceptance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a Delete by the provider would take away what may be somebody's by now."""
    process = acceptance.start("run", *QUICK)
    acceptance.await_note(note("stack", "-consumer"))
    while not acceptance.aws.codebuild.credentials():
        time.sleep(0.02)
    process.kill()
    acceptance.end(process)
    before = acceptance.left()
    wanted = Wanted(account_id=ACCOUNT, region=REGION, root=acceptance.root)
    with monkeypatch.context() as patch:
        patch.setattr(Remains, "forget_claims", lambda _self: 1 / 0)
        said: list[str] = []
        assert clean(wanted, Release(()), said.append) is Ended.LEFT_BEHIND
    assert "Left: ZeroDivisionError: division by zero" in said
    assert acceptance.left() == before
    assert clean(wanted, Release(("GITHUB",)), print) is Ended.AS_DOCUMENTED
    assert acceptance.left() == []


def test_a_killed_run_takes_its_sam_along(acceptance: Acceptance) -> None:
    """What it had begun to deploy is found, and removed: nothing comes after it."""
    process = acceptance.start("run", *QUICK)
    acceptance.await_note(note("stack", "-provider"))
    time.sleep(random.uniform(0, 6))  # noqa: S311 - anywhere
    process.kill()
    acceptance.end(process)
    status, printed = acceptance.run("clean")
    assert (status, acceptance.left()) == (0, []), printed
    time.sleep(3)
    assert acceptance.left() == []
