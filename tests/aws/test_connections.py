"""The adapter of CodeConnections, by either name of the service."""

from typing import Any

import pytest

from source_credential.aws.connections import CodeConnections
from source_credential.aws.denials import Caller
from source_credential.errors import AccessDenied, NotFound
from source_credential.model import Connection
from tests.aws.stubs import stubbed


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_a_connection_is_asked_of_the_service_its_arn_names(service: str) -> None:
    """The older name keeps working, with the client of that name."""
    client, stubber = stubbed(service)
    arn = f"arn:aws:{service}:eu-west-1:000000000000:connection/aaaa-bbbb"
    asked: list[tuple[str, str]] = []
    found = {"Connection": {"ConnectionArn": arn, "ConnectionStatus": "AVAILABLE", "ProviderType": "GitLab"}}
    stubber.add_response("get_connection", found, {"ConnectionArn": arn})
    stubber.add_response("get_connection", {"Connection": {}}, {"ConnectionArn": arn})
    stubber.add_client_error("get_connection", "ResourceNotFoundException")
    stubber.add_client_error("get_connection", "AccessDeniedException")

    def client_of(name: str, region: str) -> Any:
        asked.append((name, region))
        return client

    connections = CodeConnections(client_of, lambda region: Caller(remedy="x", region=region))
    assert connections.get(arn) == Connection(arn=arn, status="AVAILABLE", provider_type="GitLab")
    assert connections.get(arn).status == "of unknown status"
    with pytest.raises(NotFound, match="does not exist"):
        connections.get(arn)
    with pytest.raises(AccessDenied, match="the parameter ConnectionArns"):
        connections.get(arn)
    assert set(asked) == {(service, "eu-west-1")}
