"""MiniStack, the embedded AWS's own server for everything but CodeBuild, as a process of ours."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import boto3
import urllib3
from botocore.config import Config

REGION: Final = "us-east-1"
PROJECT: Final = Path(__file__).parent.parent
_PROGRAM: Final = PROJECT / ".tools/ministack/bin/ministack"
_START_SECONDS: Final = 30
_STOP_SECONDS: Final = 10

# A machine's own certificates would make MiniStack's clients refuse what is local.
_NOT_INHERITED: Final = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_PROFILE")


class DidNotStart(RuntimeError):
    """A server of the embedded AWS did not come up."""


def free_port() -> int:
    """Return a port on 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ministack:
    """MiniStack on 127.0.0.1, with IAM enforced and all its files in a folder that goes away with it."""

    def __init__(self, *, port: int | None = None, function_environment: Mapping[str, str] | None = None) -> None:
        """Choose the port. function_environment: what every Lambda function finds in its environment."""
        self.port = port or free_port()
        self._function_environment = dict(function_environment or {})
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the endpoint, for AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file that has all it prints, the functions' logs among it."""
        return self._folder / "ministack.log"

    @property
    def folder(self) -> Path:
        """Return the folder that holds all its files."""
        return self._folder

    def client(self, service: str, config: Config | None = None) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a client of a service, as the account's root."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload]

    def __enter__(self) -> Self:
        """Start it and wait until it answers. Raises DidNotStart."""
        if not _PROGRAM.exists():
            raise DidNotStart(f"{_PROGRAM.relative_to(PROJECT)} is missing: run `make setup`")
        self._folder = Path(tempfile.mkdtemp(prefix="source-credential-"))
        for name in ("state", "tmp"):
            (self._folder / name).mkdir()
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        environment = {
            **inherited,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "STATE_DIR": str(self._folder / "state"),
            "TMPDIR": str(self._folder / "tmp"),
            "AUTH": "true",  # the roles' policies are enforced
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "AWS_ACCESS_KEY_ID": "test",  # the key of the account's root
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            **self._function_environment,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(_PROGRAM)],
                env=environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its functions' processes end with it
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> None:
        """Stop it and all it started, and remove its files."""
        if self._process is not None:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(self._process.pid, sign)
                    self._process.wait(timeout=_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
                except ProcessLookupError:
                    break
            self._process = None
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                urllib3.request("GET", f"{self.url}/_ministack/health", timeout=1, retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.1)
            else:
                return
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        raise DidNotStart(f"MiniStack did not start on port {self.port}:\n{tail}")
