"""Lambda's entry: from CloudFormation's event to the provisioner and back."""

import importlib
import io
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from source_credential import clients, custom_resource
from source_credential.provisioner import Provisioner
from tests.fakes import VERSION_ID, FakeConnections, FakeSecrets, FakeSourceCredentials, credential_arn, secret_arn
from tests.receiver import Receiver
from tests.unit.test_cloudformation import Context, request

TOKEN = "ghp_0123456789abcdef"
PROPERTIES = {"ServerType": "BITBUCKET", "AuthType": "BASIC_AUTH", "SecretId": "codebuild/bitbucket", "Username": "me"}
ARN = credential_arn("BITBUCKET")


@pytest.fixture
def codebuild(monkeypatch: pytest.MonkeyPatch) -> FakeSourceCredentials:
    """Put fakes behind the entry and return CodeBuild's."""
    fake = FakeSourceCredentials()
    secrets = FakeSecrets({"codebuild/bitbucket": TOKEN})
    provisioner = Provisioner(source_credentials=fake, secrets=secrets, connections=FakeConnections())
    monkeypatch.setattr(clients, "provisioner", lambda: provisioner)
    return fake


def handled(event: dict[str, Any], receiver: Receiver) -> dict[str, Any]:
    """Run the entry and return the answer."""
    receiver.bodies.clear()
    receiver.content_types.clear()
    custom_resource.lambda_handler(event, Context())
    return receiver.answer(event)


def test_a_credentials_whole_life(receiver: Receiver, codebuild: FakeSourceCredentials) -> None:
    """Create, update in place, replacement and delete, each with its answer."""
    created = handled(request(receiver, ResourceProperties=PROPERTIES), receiver)
    assert created["PhysicalResourceId"] == ARN
    assert created["Data"] == {
        "Arn": ARN,
        "ServerType": "BITBUCKET",
        "AuthType": "BASIC_AUTH",
        "SecretArn": secret_arn("codebuild/bitbucket"),
        "SecretVersionId": VERSION_ID,
    }
    update = request(receiver, "Update", ResourceProperties=PROPERTIES, PhysicalResourceId=ARN)
    assert handled(update, receiver)["PhysicalResourceId"] == ARN
    github = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/bitbucket"}
    replace = request(receiver, "Update", ResourceProperties=github, PhysicalResourceId=ARN)
    assert handled(replace, receiver)["PhysicalResourceId"] == credential_arn("GITHUB")
    delete = request(receiver, "Delete", ResourceProperties=PROPERTIES, PhysicalResourceId=ARN)
    assert handled(delete, receiver)["Status"] == "SUCCESS"
    assert set(codebuild.slots) == {"GITHUB"}


@pytest.mark.parametrize("properties", [None, "text", {}, {"ServerType": ["x"]}, {"AuthType": "OAUTH"}])
def test_a_delete_does_not_mind_properties_that_are_wrong(
    receiver: Receiver, codebuild: FakeSourceCredentials, properties: Any
) -> None:
    """A stack whose Create was refused can go away."""
    handled(request(receiver, ResourceProperties=PROPERTIES), receiver)
    delete = request(receiver, "Delete", ResourceProperties=properties, PhysicalResourceId=ARN)
    assert handled(delete, receiver)["Status"] == "SUCCESS"
    assert codebuild.slots == {}


@pytest.mark.usefixtures("codebuild")
@pytest.mark.parametrize("properties", [None, "text", {}, {**PROPERTIES, "Token": TOKEN}])
def test_bad_properties_are_refused_and_not_repeated(receiver: Receiver, log: io.StringIO, properties: Any) -> None:
    """A Create gets the marker, and nobody gets the token."""
    answer = handled(request(receiver, ResourceProperties=properties), receiver)
    assert answer["Status"] == "FAILED"
    assert TOKEN not in json.dumps(answer)
    assert TOKEN not in log.getvalue()


@pytest.mark.usefixtures("codebuild")
def test_a_warning_is_logged(receiver: Receiver, log: io.StringIO) -> None:
    """A user name without @ is imported, and said to be doubtful."""
    handled(request(receiver, ResourceProperties=PROPERTIES), receiver)
    assert "has no @" in log.getvalue()


@pytest.fixture
def broken_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Load the entry anew in an environment in which the clients cannot be made."""
    monkeypatch.setattr(clients, "provisioner", _no_region)
    yield importlib.reload(custom_resource)
    monkeypatch.undo()
    importlib.reload(custom_resource)


def _no_region() -> Provisioner:
    raise LookupError(TOKEN)


@pytest.mark.usefixtures("broken_start")
def test_a_start_that_fails_is_answered(receiver: Receiver, log: io.StringIO) -> None:
    """CloudFormation hears of it at once, not after its hour."""
    answer = handled(request(receiver, ResourceProperties=PROPERTIES), receiver)
    assert "could not start (LookupError)" in answer["Reason"]
    assert TOKEN not in log.getvalue()
