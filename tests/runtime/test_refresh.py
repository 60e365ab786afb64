"""The function that keeps credentials fresh, from the same artifact, run as Lambda runs it."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws
from local.emulator import Function
from local.ministack import PROJECT
from tests.receiver import Receiver
from tests.runtime.test_artifact import begin_anew, event

EVENTS = sorted((PROJECT / "events/rotation").glob("*.json"))
TOKEN = "ghp_aTokenThatComesWithTheRotation000000"


def message(body: object, *, receive_count: int = 1) -> dict[str, Any]:
    """Return an event of SQS's with one message."""
    loaded: dict[str, Any] = json.loads(EVENTS[0].read_text())
    [record] = loaded["Records"]
    attributes = {**record["attributes"], "ApproximateReceiveCount": str(receive_count)}
    text = body if isinstance(body, str) else json.dumps(body)
    return {"Records": [{**record, "messageId": str(uuid.uuid4()), "body": text, "attributes": attributes}]}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_every_ready_event_is_handled(refresh: Function, path: Path) -> None:
    """No message of those in events/rotation fails."""
    assert json.loads(refresh.invoke(json.loads(path.read_text()))) == {"batchItemFailures": []}


def test_a_rotation_brings_the_new_token(function: Function, refresh: Function, aws: EmbeddedAws) -> None:
    """The ready event, as it is, puts the version that has the label now into CodeBuild; no log has it.

    Its secret's ARN ends otherwise than the one that was imported, as that of a secret does which was made anew.
    """
    begin_anew(aws)
    with Receiver() as receiver:
        function.invoke(event("create-personal-access-token", receiver))
        assert json.loads(receiver.bodies[0])["Status"] == "SUCCESS"
    before = aws.codebuild.credentials()
    aws.client("secretsmanager").put_secret_value(SecretId="codebuild/github", SecretString=TOKEN)
    changed = json.loads((PROJECT / "events/rotation/secret-label-updated.json").read_text())
    assert json.loads(refresh.invoke(changed)) == {"batchItemFailures": []}
    after = aws.codebuild.credentials()
    assert [credential.arn for credential in after] == [credential.arn for credential in before]
    assert after != before
    assert '"message":"Refreshed"' in refresh.log()
    assert TOKEN not in refresh.log()


@pytest.mark.parametrize("body", ["no JSON", {}, [], None, {"check": {"slot": "nonsense"}}, {"refresh": {}}])
def test_a_strange_message_fails_alone(refresh: Function, body: object) -> None:
    """It is told to the queue as failed, and the next one is handled as ever."""
    strange = message(body)
    [failed] = json.loads(refresh.invoke(strange))["batchItemFailures"]
    assert failed == {"itemIdentifier": strange["Records"][0]["messageId"]}
    assert json.loads(refresh.invoke(message({"check": {"slot": "000000000000/us-east-1/GITLAB"}}))) == {
        "batchItemFailures": []
    }
