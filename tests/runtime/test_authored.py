"""The events that `make skeleton` and `make resource` print, run as `sam local invoke` runs them."""

import json
from typing import Any

import pytest

from authoring import cli_input, resource
from authoring.event import create_event
from authoring.skeleton import Skeleton
from local.embedded_aws import EXAMPLE_CONNECTION, EmbeddedAws
from local.emulator import Function
from tests.receiver import Receiver

AUTH_TYPES = ["BASIC_AUTH", "CODECONNECTIONS", "PERSONAL_ACCESS_TOKEN", "SECRETS_MANAGER"]
INPUTS: dict[str, dict[str, object]] = {
    "a connection": {"token": EXAMPLE_CONNECTION, "serverType": "GITLAB", "authType": "CODECONNECTIONS"},
    "a token": {"token": "ghp_0123456789abcdef", "serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN"},
}


def answer(function: Function, receiver: Receiver, event: str) -> dict[str, Any]:
    """Send an event, answered to the receiver instead; return the answer."""
    sent = {**json.loads(event), "ResponseURL": f"{receiver.url}/answer"}
    assert function.invoke(sent) == "null"
    answered: dict[str, Any] = receiver.answer(sent)
    return answered


@pytest.mark.parametrize("auth_type", AUTH_TYPES)
def test_a_skeletons_event_succeeds_on_the_embedded_aws(function: Function, receiver: Receiver, auth_type: str) -> None:
    """Its names are those of the ready secrets and the ready connection, so that it can be tried as it is."""
    skeleton = Skeleton(auth_type=auth_type)
    answered = answer(function, receiver, create_event("skeleton", skeleton.properties))
    assert answered["Status"] == "SUCCESS", answered["Reason"]
    assert answered["Data"]["AuthType"] == auth_type


@pytest.mark.parametrize("kind", sorted(INPUTS))
def test_the_event_of_the_clis_input_succeeds(
    function: Function, receiver: Receiver, aws: EmbeddedAws, kind: str
) -> None:
    """Once the secret is there, as it is here."""
    asked = cli_input.read(json.dumps(INPUTS[kind]))
    answered = answer(function, receiver, resource.as_json(asked))
    assert answered["Status"] == "SUCCESS", answered["Reason"]
    assert INPUTS[kind]["serverType"] in {each.server_type for each in aws.codebuild.credentials()}
