"""The way from a container to the embedded AWS, for `sam local invoke`. Only `make up CONTAINERS=1` opens it.

Inside a container 127.0.0.1 is the container itself. On Linux the machine is at the gateway of the containers' bridge:
what arrives there, at an address that only this machine's containers reach, is passed on to 127.0.0.1. Docker Desktop
does as much by itself.
"""

import json
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from local.ministack import DidNotStart
from local.servers import InThread

HOST_NAME: Final = "host.docker.internal"
_IP_FREEBIND: Final = 15  # linux/in.h: Podman makes the bridge, and its address, with the first container only
_CHUNK: Final = 65536


def bridge_gateway() -> str | None:
    """Return the address at which containers find this machine, or None where the engine sees to it by itself.

    Raises DidNotStart when no container engine answers.
    """
    if sys.platform != "linux":
        return None
    # The networks' default names: https://docs.docker.com/engine/network/drivers/bridge/ and podman-network(1).
    for engine, network in (("docker", "bridge"), ("podman", "podman")):
        if shutil.which(engine) is None:
            continue
        asked = subprocess.run([engine, "network", "inspect", network], capture_output=True, text=True, check=False)
        with suppress(ValueError, LookupError, TypeError):
            [description] = json.loads(asked.stdout)
            if engine == "docker":
                return str(description["IPAM"]["Config"][0]["Gateway"])
            return str(description["subnets"][0]["gateway"])
    raise DidNotStart("CONTAINERS=1 needs a container engine, and neither docker nor podman answers")


@contextmanager
def container_access(gateway: str, ports: Sequence[int]) -> Iterator[None]:
    """Pass connections to the gateway's ports on to the same ports of 127.0.0.1.

    Raises DidNotStart when an address cannot be had.
    """
    with ExitStack() as listening:
        for port in ports:
            try:
                listening.enter_context(_Listener((gateway, port), _PassOn))
            except OSError as error:
                raise DidNotStart(f"cannot listen on {gateway}:{port}: {error.strerror}") from error
        yield


class _Listener(InThread, socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        super().server_bind()


class _PassOn(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self.request.getsockname()[1])) as onward,
        ):
            back = threading.Thread(target=_copy, args=(onward, self.request), daemon=True)
            back.start()
            _copy(self.request, onward)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy until the source ends, and let the target know."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
