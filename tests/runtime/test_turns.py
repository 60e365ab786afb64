"""Several processes at one slot at once, one of which may die; and what each request costs in calls of AWS."""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local.embedded_aws import EmbeddedAws
from local.emulator import Function, environment
from local.ministack import PROJECT
from tests.receiver import Receiver
from tests.runtime.test_artifact import ARN, begin_anew, event
from tests.runtime.test_refresh import message

CREATE = "create-personal-access-token"
IMPORT = "ImportSourceCredentials"
NONE_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}

# A turn lasts for 50 seconds and a margin; then come a poll, and the work.
MOST_SECONDS_AFTER_A_DEATH = 80


@pytest.fixture(scope="module")
def other_function(artifact: Path, aws: EmbeddedAws) -> Iterator[Function]:
    """Return the function in another process."""
    with Function(artifact, environment(aws)) as running:
        yield running


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return threads, each of which may wait for a function."""
    with ThreadPoolExecutor() as running:
        yield running


def invoke(function: Function, sent: dict[str, Any]) -> str:
    """Run an event, and return what the invocation returned; nothing when the function is killed."""
    with suppress(urllib3.exceptions.HTTPError):
        return function.invoke(sent)
    return ""


def rotate(aws: EmbeddedAws) -> tuple[str, dict[str, Any]]:
    """Give the secret a new version; return its SHA-256, and the message that tells of it."""
    token = f"ghp_{uuid.uuid4().hex}"
    arn = aws.client("secretsmanager").put_secret_value(SecretId="codebuild/github", SecretString=token)["ARN"]
    loaded = json.loads((PROJECT / "events/rotation/secret-label-updated.json").read_text())
    changed = {**json.loads(loaded["Records"][0]["body"]), "resources": [arn]}
    return hashlib.sha256(token.encode()).hexdigest(), message(changed)


def held(aws: EmbeddedAws) -> list[str]:
    """Return the SHA-256 of every token in CodeBuild."""
    return [credential.token_sha256 for credential in aws.codebuild.credentials()]


def test_a_run_that_is_killed_amid_its_import_is_made_good_within_a_minute_and_a_third(
    artifact: Path,
    function: Function,
    refresh: Function,
    aws: EmbeddedAws,
    receiver: Receiver,
    threads: ThreadPoolExecutor,
) -> None:
    """The dead run's import lands late; Lambda's retry waits, imports what the secret has by then, and answers once.

    A rotation's message that comes meanwhile is told that the slot is busy, which is no failure. It took 53 seconds.
    """
    begin_anew(aws)
    call = aws.codebuild.hold_next(IMPORT)
    sent = event(CREATE, receiver)
    with Function(artifact, environment(aws)) as first:
        threads.submit(invoke, first, sent)
        assert call.arrived.wait(30)
        first.kill()
    died = time.monotonic()
    retried: Future[str] = threads.submit(invoke, function, sent)
    call.let_go()
    newest, changed = rotate(aws)
    [failed] = json.loads(refresh.invoke(changed))["batchItemFailures"]
    assert failed == {"itemIdentifier": changed["Records"][0]["messageId"]}
    assert '"message":"Not now, and will be tried again"' in refresh.log()
    assert "RefreshFailures" not in refresh.log()
    assert len(held(aws)) == 1, "what the dead run sent has landed"
    assert newest not in held(aws)
    assert receiver.bodies == []
    assert retried.result() == "null"
    took = time.monotonic() - died
    print(f"made good {took:.1f} s after the death")  # noqa: T201 - a measurement
    assert took <= MOST_SECONDS_AFTER_A_DEATH
    answer = receiver.answer(sent)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"{ARN}github")
    assert held(aws) == [newest]
    assert json.loads(refresh.invoke(changed)) == NONE_FAILED
    assert held(aws) == [newest]


def test_twins_at_the_same_moment_get_the_same_answer_and_import_once(
    function: Function, other_function: Function, aws: EmbeddedAws, receiver: Receiver, threads: ThreadPoolExecutor
) -> None:
    """The one that comes second waits for the first, in another process, and is told what that one came to."""
    begin_anew(aws)
    aws.codebuild.calls.clear()
    call = aws.codebuild.hold_next(IMPORT)
    sent = event(CREATE, receiver)
    twins = [threads.submit(invoke, each, sent) for each in (function, other_function)]
    assert call.arrived.wait(30)
    time.sleep(1)
    assert receiver.bodies == []
    call.let_go()
    assert [twin.result() for twin in twins] == ["null", "null"]
    one, other = map(json.loads, receiver.bodies)
    assert one == other
    assert (one["Status"], one["Data"]["Arn"]) == ("SUCCESS", f"{ARN}github")
    assert aws.codebuild.calls.count(IMPORT) == 1


def test_of_two_stacks_that_want_one_slot_at_the_same_moment_one_gets_it(
    function: Function, other_function: Function, aws: EmbeddedAws, receiver: Receiver, threads: ThreadPoolExecutor
) -> None:
    """The other one waits, fails, and is told who has it; CodeBuild is written to by the first one only."""
    begin_anew(aws)
    aws.codebuild.calls.clear()
    call = aws.codebuild.hold_next(IMPORT)
    stack_id = event(CREATE, receiver)["StackId"]
    wanting = [
        event(CREATE, receiver, StackId=stack_id.replace("my-credential", name)) for name in ("one-stack", "another")
    ]
    runs = [threads.submit(invoke, *run) for run in zip((function, other_function), wanting, strict=True)]
    assert call.arrived.wait(30)
    time.sleep(1)
    call.let_go()
    assert [run.result() for run in runs] == ["null", "null"]
    failed, succeeded = sorted(map(json.loads, receiver.bodies), key=lambda answer: str(answer["Status"]))
    assert (failed["Status"], succeeded["Status"]) == ("FAILED", "SUCCESS")
    holder = succeeded["StackId"].split("/")[1]
    assert f"belongs to stack {holder}, logical id GitHub" in failed["Reason"]
    assert aws.codebuild.calls.count(IMPORT) == 1
    assert len(held(aws)) == 1
