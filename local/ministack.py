"""MiniStack, the embedded AWS's own server for everything but CodeBuild, as a process of ours."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import boto3
from botocore.config import Config

from local.programs import DidNotStart, free_port, running

__all__ = ["PROJECT", "REGION", "DidNotStart", "Ministack", "free_port"]

REGION: Final = "us-east-1"
PROJECT: Final = Path(__file__).parent.parent
_PROGRAM: Final = PROJECT / ".tools/ministack/bin/ministack"
_START_SECONDS: Final = 30

# A machine's own certificates would make MiniStack's clients refuse what is local.
_NOT_INHERITED: Final = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_PROFILE")


class Ministack:
    """MiniStack on 127.0.0.1, with IAM enforced and all its files in a folder that goes away with it.

    `folder` holds all its files, `log` is the one that has all it prints, the functions' logs among it.
    """

    def __init__(self, *, port: int | None = None, function_environment: Mapping[str, str] | None = None) -> None:
        """Choose the port. function_environment: what every Lambda function finds in its environment."""
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"  # for AWS_ENDPOINT_URL
        self.folder = self.log = Path()
        self._function_environment = dict(function_environment or {})
        self._stack = ExitStack()

    def client(self, service: str, config: Config | None = None) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a client of a service, as the account's root."""
        session = boto3.Session("test", "test", region_name=REGION)
        return session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload]

    def __enter__(self) -> Self:
        """Start it and wait until it answers. Raises DidNotStart."""
        if not _PROGRAM.exists():
            raise DidNotStart(f"{_PROGRAM.relative_to(PROJECT)} is missing: run `make setup`")
        with ExitStack() as starting:
            files = TemporaryDirectory(prefix="source-credential-", ignore_cleanup_errors=True)
            self.folder = Path(starting.enter_context(files))
            self.log = self.folder / "ministack.log"
            for name in ("state", "tmp"):
                (self.folder / name).mkdir()
            environment = {
                **{name: value for name, value in os.environ.items() if name not in _NOT_INHERITED},
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self.port),
                "STATE_DIR": str(self.folder / "state"),
                "TMPDIR": str(self.folder / "tmp"),
                "AUTH": "true",  # the roles' policies are enforced
                "SFTP_ENABLED": "0",
                "IOT_MTLS_ENABLED": "0",
                "AWS_ACCESS_KEY_ID": "test",  # the key of the account's root
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": REGION,
                **self._function_environment,
            }
            health = f"{self.url}/_ministack/health"
            starting.enter_context(
                running(
                    [str(_PROGRAM)],
                    environment=environment,
                    folder=self.folder,
                    log=self.log,
                    url=health,
                    seconds=_START_SECONDS,
                )
            )
            self._stack = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it and all it started, and remove its files."""
        self._stack.close()
