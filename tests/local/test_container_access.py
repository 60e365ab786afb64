"""The way from a container to the embedded AWS; 127.0.0.2 stands for the bridge's gateway."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import urllib3

from local.codebuild_server import CodeBuildServer
from local.container_access import bridge_gateway, container_access
from local.ministack import DidNotStart, free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Docker Desktop is the way")
GATEWAY = "127.0.0.2"


@pytest.fixture
def server() -> Iterator[CodeBuildServer]:
    """Return a server that listens on 127.0.0.1."""
    with CodeBuildServer() as running:
        yield running


def get(port: int) -> int:
    """Ask for the server's health by way of the gateway; return the status."""
    address = f"http://{GATEWAY}:{port}/_local/health"
    return urllib3.PoolManager(retries=False).request("GET", address, timeout=5).status


def test_the_gateway_leads_to_the_server_and_only_while_it_is_open(server: CodeBuildServer) -> None:
    """What arrives at the gateway's port is passed on, as often as asked; afterwards the port is closed."""
    with container_access(GATEWAY, [server.port]):
        assert [get(server.port) for _ in range(3)] == [200, 200, 200]
    with pytest.raises(urllib3.exceptions.HTTPError):
        get(server.port)


def test_a_server_that_is_gone_ends_the_connection() -> None:
    """The caller is told at once rather than left to wait."""
    port = free_port()
    with container_access(GATEWAY, [port]), pytest.raises(urllib3.exceptions.ProtocolError):
        get(port)


def test_an_address_that_is_taken_is_named(server: CodeBuildServer) -> None:
    """The reason says which one."""
    with (
        container_access(GATEWAY, [server.port]),
        pytest.raises(DidNotStart, match=f"cannot listen on {GATEWAY}:{server.port}"),
        container_access(GATEWAY, [server.port]),
    ):
        pass


@pytest.mark.parametrize(
    ("engine", "answer", "gateway"),
    [
        ("docker", '[{"IPAM": {"Config": [{"Gateway": "172.17.0.1"}]}}]', "172.17.0.1"),
        ("podman", '[{"subnets": [{"gateway": "10.88.0.1"}]}]', "10.88.0.1"),
    ],
)
def test_the_engine_is_asked_for_its_gateway(
    monkeypatch: pytest.MonkeyPatch, engine: str, answer: str, gateway: str
) -> None:
    """Docker and Podman describe their networks in their own ways."""
    monkeypatch.setattr(shutil, "which", lambda name: name if name == engine else None)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout=answer))
    assert bridge_gateway() == gateway


def test_without_an_engine_the_reason_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that is missing nor one that does not answer ends in a traceback."""
    monkeypatch.setattr(shutil, "which", lambda _name: "docker")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, stdout=""))
    with pytest.raises(DidNotStart, match="needs a container engine"):
        bridge_gateway()
