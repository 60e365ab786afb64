"""A run that is interrupted, fails or is killed leaves nothing, or a list of what is to be removed."""

import random
import signal
import time
from typing import Any

import pytest

from tests.acceptance.conftest import Acceptance

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


def test_what_cannot_be_removed_is_told_and_removed_later(acceptance: Acceptance) -> None:
    """AWS denies what it allowed before: the run says what it leaves, and the next command takes it away."""
    acceptance.aws.codebuild.fail_next("DeleteSourceCredentials", "AccessDeniedException", times=3)
    status, printed = acceptance.run("run", "--slots", "GITHUB", "--chapters", "imports")
    assert status == 3, printed
    assert "Left: DeleteSourceCredentials: AccessDeniedException" in printed
    assert acceptance.report()["left"]
    assert acceptance.run("clean", "--release", "GITHUB")[0] == 0
    assert acceptance.left() == []


@pytest.mark.parametrize("word", ["--release", "--keep"])
def test_what_a_killed_run_left_is_removed_by_the_next_command(acceptance: Acceptance, word: str) -> None:
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
    status, printed = acceptance.run("clean", word, "GITHUB")
    assert status == 0, printed
    assert acceptance.aws.codebuild.credentials() == ([] if word == "--release" else held)


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
