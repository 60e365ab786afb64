"""What ships, run as Lambda runs it: every event of events/, hostile ones, and a start that fails."""

import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import EXAMPLE_SECRETS, TABLE, EmbeddedAws
from local.emulator import PYTHON, Function, environment
from local.ministack import PROJECT
from local.provider_table import empty_table
from tests.receiver import Receiver

EVENTS = sorted((PROJECT / "events/cloudformation").glob("*.json"))
ARN = "arn:aws:codebuild:us-east-1:000000000000:token/"
TOKENS = [
    EXAMPLE_SECRETS["codebuild/github"].strip(),
    json.loads(EXAMPLE_SECRETS["codebuild/bitbucket"])["token"],
    json.loads(EXAMPLE_SECRETS["codebuild/github-for-codebuild"])["Token"],
    "ghp_aTokenThatMustNotBeRepeated00000000000",
]
OLD_TOKEN = "0123456789abcdef0123456789abcdef01234567"


def event(name: str, receiver: Receiver, **more: Any) -> dict[str, Any]:
    """Return an event of events/, of a request that was never made before, answered to the receiver."""
    loaded = json.loads((PROJECT / f"events/cloudformation/{name}.json").read_text())
    return {
        **loaded,
        "RequestId": str(uuid.uuid4()),
        "ResponseURL": f"{receiver.url}/answer?Signature=presigned",
        **more,
    }


def begin_anew(aws: EmbeddedAws) -> None:
    """Empty the slots and the table."""
    aws.codebuild.slots.clear()
    empty_table(aws.client("dynamodb"), TABLE)


def unseen(function: Function, receiver: Receiver, *more: str) -> None:
    """Check that no secret is in the log or in an answer."""
    seen = function.log() + b"".join(receiver.bodies).decode()
    for secret in (*TOKENS, OLD_TOKEN, "presigned", *more):
        assert secret not in seen


EXPECTED = {
    "bad-input": ("FAILED", ""),
    "create-basic-auth": ("SUCCESS", f"{ARN}bitbucket"),
    "create-codeconnections": ("SUCCESS", f"{ARN}gitlab"),
    "create-personal-access-token": ("SUCCESS", f"{ARN}github"),
    "create-secrets-manager": ("SUCCESS", f"{ARN}github"),
    "delete": ("SUCCESS", f"{ARN}github"),
    "delete-after-failed-create": (
        "SUCCESS",
        "source-credential:create-failed:00000000-0000-4000-8000-000000000009",
    ),
    "delete-with-foreign-id": ("SUCCESS", "arn:aws:codebuild:us-east-1:111111111111:token/github"),
    "update-in-place": ("SUCCESS", f"{ARN}bitbucket"),
    "update-that-replaces": ("SUCCESS", f"{ARN}github"),
}


@pytest.mark.parametrize("name", [path.stem for path in EVENTS])
def test_every_ready_event_is_answered_as_its_name_says(function: Function, receiver: Receiver, name: str) -> None:
    """One well-formed answer each, with the id it should have, and no secret anywhere."""
    sent = event(name, receiver)
    assert function.invoke(sent) == "null"
    answer = receiver.answer(sent)
    status, physical_resource_id = EXPECTED[name]
    expected = physical_resource_id or f"source-credential:create-failed:{sent['RequestId']}"
    assert (answer["Status"], answer["PhysicalResourceId"]) == (status, expected), answer["Reason"]
    unseen(function, receiver)


def test_the_expectations_and_the_events_are_the_same() -> None:
    """A new event gets an expectation, and none is forgotten."""
    assert {path.stem for path in EVENTS} == set(EXPECTED)


def test_deletes_that_own_nothing_leave_the_credential(
    function: Function, receiver: Receiver, aws: EmbeddedAws
) -> None:
    """A marker, a foreign id: answered with success, and the slot is as it was."""
    begin_anew(aws)
    function.invoke(event("create-personal-access-token", receiver))
    before = aws.codebuild.credentials()
    for name in ("delete-after-failed-create", "delete-with-foreign-id"):
        function.invoke(event(name, receiver))
    assert [json.loads(body)["Status"] for body in receiver.bodies] == ["SUCCESS"] * 3
    assert aws.codebuild.credentials() == before
    function.invoke(event("delete", receiver))
    assert "GITHUB" not in {credential.server_type for credential in aws.codebuild.credentials()}


def test_the_bad_input_is_told_whole(function: Function, receiver: Receiver) -> None:
    """All four problems are in one reason."""
    sent = event("bad-input", receiver)
    function.invoke(sent)
    reason = receiver.answer(sent)["Reason"]
    assert reason.startswith("Properties: 4 problems.")
    for name in (
        "ServerType: ",
        "SecretId: is missing",
        "SecertId: is not a property",
        "Token: a token",
    ):
        assert name in reason


@pytest.mark.parametrize(
    "properties",
    [
        None,
        [],
        "text",
        {},
        {"ServerType": {"Ref": "x"}, "AuthType": ["x"]},
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": TOKENS[0]},
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/absent"},
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/bitbucket"},
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "x" * 2049},
        {f"Property{number}": "x" * 100 for number in range(500)},
        {"\ud800": "\U0001f511" * 2000, TOKENS[0]: TOKENS[1]},
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": OLD_TOKEN},
        dict.fromkeys(("Region", "RoleArn", "SecretKey", "Username", "ConnectionArn", OLD_TOKEN), OLD_TOKEN),
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "{{resolve:secretsmanager:a}}"},
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/github:token::"},
    ],
)
def test_hostile_properties_get_one_well_formed_answer(function: Function, receiver: Receiver, properties: Any) -> None:
    """Whatever they are, a Create ends in FAILED with the marker, and a Delete of it in success."""
    sent = event("create-personal-access-token", receiver, ResourceProperties=properties)
    assert function.invoke(sent) == "null"
    answer = receiver.answer(sent)
    assert answer["Status"] == "FAILED"
    receiver.bodies.clear()
    receiver.content_types.clear()
    gone = event("delete", receiver, ResourceProperties=properties, PhysicalResourceId=answer["PhysicalResourceId"])
    assert function.invoke(gone) == "null"
    assert receiver.answer(gone)["Status"] == "SUCCESS"
    unseen(function, receiver)


@pytest.mark.parametrize("strange", [None, [], "text", {}, {"Records": []}, {"RequestType": "Create"}])
def test_an_event_that_is_not_cloudformations_is_an_error_and_no_answer(
    function: Function, receiver: Receiver, strange: Any
) -> None:
    """The function says what it is not, and the next event is handled as ever."""
    assert "NotACustomResourceEvent" in function.invoke(strange)
    assert receiver.bodies == []
    sent = event("delete-with-foreign-id", receiver)
    function.invoke(sent)
    assert receiver.answer(sent)["Status"] == "SUCCESS"


def test_an_answer_that_is_refused_is_delivered_in_the_end(function: Function, receiver: Receiver) -> None:
    """An error status and a broken connection are tried again; CloudFormation gets one answer."""
    receiver.statuses = [503, 0, 403]
    sent = event("create-personal-access-token", receiver)
    assert function.invoke(sent) == "null"
    assert receiver.answer(sent)["Status"] == "SUCCESS"


def test_a_duplicate_is_answered_as_the_first_one_was(function: Function, receiver: Receiver, aws: EmbeddedAws) -> None:
    """The same RequestId again, and after the credential was deleted: the same answer, and nothing is imported."""
    sent = event("create-personal-access-token", receiver)
    function.invoke(sent)
    function.invoke(event("delete", receiver))
    aws.codebuild.calls.clear()
    function.invoke(sent)
    first, _, again = receiver.bodies
    assert json.loads(again) == json.loads(first)
    assert aws.codebuild.calls == []


def test_when_time_runs_short_failed_is_answered_before_lambda_ends_it(
    artifact: Path, aws: EmbeddedAws, receiver: Receiver
) -> None:
    """A service that does not answer does not let a stack hang."""
    with Receiver() as silent, Function(artifact, _without_codebuild(aws, silent), timeout=4) as function:
        silent.statuses = [0] * 100
        sent = event("create-personal-access-token", receiver)
        begin = time.monotonic()
        function.invoke(sent)
        assert time.monotonic() - begin < 8
        assert receiver.answer(sent)["Status"] == "FAILED"


def _without_codebuild(aws: EmbeddedAws, silent: Receiver) -> dict[str, str]:
    return {**environment(aws), "AWS_ENDPOINT_URL_CODEBUILD": silent.url}


def test_a_start_that_fails_is_answered(artifact: Path, receiver: Receiver, tmp_path: Path) -> None:
    """Code that cannot be loaded is told to CloudFormation at once, with the type and without the text."""
    broken = tmp_path / "function"
    shutil.copytree(artifact, broken)
    (broken / "source_credential/wiring.py").write_text(f"raise RuntimeError('{TOKENS[0]}')\n")
    # Bytecode, where there is some, is not compared with its source.
    shutil.rmtree(broken / "source_credential/__pycache__", ignore_errors=True)
    with Function(broken, {}) as function:
        sent = event("create-personal-access-token", receiver)
        assert function.invoke(sent) == "null"
        assert "the function could not start (RuntimeError)" in receiver.answer(sent)["Reason"]
        unseen(function, receiver)


def test_a_library_that_is_missing_is_answered(artifact: Path, receiver: Receiver, tmp_path: Path) -> None:
    """Whichever it is: the entry needs none of them to say so."""
    broken = tmp_path / "function"
    shutil.copytree(artifact, broken)
    for library in ("crhelper", "aws_lambda_powertools", "boto3", "fastjsonschema"):
        (broken / library).rename(broken / f"no-{library}")
        with Function(broken, {}) as function:
            sent = event("create-personal-access-token", receiver)
            assert function.invoke(sent) == "null"
            reason = receiver.answer(sent)["Reason"]
            assert f"the function could not start (ModuleNotFoundError: {library})" in reason
            unseen(function, receiver)
        receiver.bodies.clear()
        receiver.content_types.clear()
        (broken / f"no-{library}").rename(broken / library)


@pytest.mark.parametrize("kind", ["create-personal-access-token", "update-in-place", "delete"])
def test_a_setting_that_stops_a_library_is_answered(artifact: Path, receiver: Receiver, kind: str) -> None:
    """A log level that the Logger does not know; each request gets its one FAILED."""
    with Function(artifact, {"POWERTOOLS_LOG_LEVEL": "VERBOSE"}) as function:
        sent = event(kind, receiver)
        assert function.invoke(sent) == "null"
        answer = receiver.answer(sent)
        assert answer["Status"] == "FAILED"
        assert "the function could not start" in answer["Reason"]
        unseen(function, receiver)


def test_debug_logging_shows_no_secret(artifact: Path, aws: EmbeddedAws, receiver: Receiver) -> None:
    """The most talkative settings there are say no more than what may be said."""
    talkative = {
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    }
    with Function(artifact, {**environment(aws), **talkative}) as function:
        function.invoke(event("create-personal-access-token", receiver))
        function.invoke(event("update-that-replaces", receiver))
        assert [json.loads(body)["Status"] for body in receiver.bodies] == ["SUCCESS"] * 2
        assert '"message":"Answered"' in function.log()
        unseen(function, receiver)


def test_the_artifact_brings_all_it_needs_and_is_pure_python(artifact: Path) -> None:
    """The runtime beside it holds only Lambda's client, and no file is made for one processor."""
    listed = subprocess.run(
        [str(PYTHON), "-c", "import importlib.metadata as m; print(*[d.name for d in m.distributions()])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {name.lower().replace("_", "-") for name in listed} == {
        "awslambdaric",
        "simplejson",
        "snapshot-restore-py",
    }
    assert not [path for path in artifact.rglob("*") if path.suffix in {".so", ".pyd", ".dylib"}]
    assert (artifact / "source_credential/contract/source_credential.schema.json").exists()
