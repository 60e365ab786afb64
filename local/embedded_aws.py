"""The embedded AWS: MiniStack, and beside it servers of our own for CodeBuild and for a Git provider.

python -m local.embedded_aws up                 starts it and prints the environment to use it
python -m local.embedded_aws up --containers    the same, and lets containers reach it
python -m local.embedded_aws down               stops it
"""

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self

import urllib3
from botocore.config import Config

from local.codebuild_server import ACCOUNT_ID, CodeBuildServer
from local.container_access import HOST_NAME, bridge_gateway, container_access
from local.git_provider import GitProvider, make_certificate
from local.ministack import PROJECT, REGION, Ministack
from local.programs import DidNotStart, free_port, until
from local.provider_table import create_table

_MINISTACK_PORT: Final = 4566
_CODEBUILD_PORT: Final = 4510
_STATE: Final = PROJECT / ".local/embedded-aws.json"
_LOG: Final = PROJECT / ".local/embedded-aws.log"
_START_SECONDS: Final = 40
_STOP_SECONDS: Final = 30

# What the events in events/ speak of. The tokens are made up.
EXAMPLE_SECRETS: Final = {
    "codebuild/github": "ghp_madeUpForTheEmbeddedAws0000000000000\n",
    "codebuild/bitbucket": json.dumps({"email": "someone@example.com", "token": "ATATT-made-up-for-the-embedded-aws"}),
    "codebuild/github-for-codebuild": json.dumps(
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": "ghp_madeUpForCodeBuild000000000000000"}
    ),
}
# The function's environment as events/env.json has it.
TABLE: Final = "source-credential-slots"
QUEUE: Final = "source-credential-refresh"
EXAMPLE_CONNECTION: Final = (
    f"arn:aws:codeconnections:{REGION}:{ACCOUNT_ID}:connection/11111111-2222-3333-4444-555555555555"
)


class EmbeddedAws:
    """The servers, on 127.0.0.1, as a context manager."""

    def __init__(
        self,
        *,
        ministack_port: int | None = None,
        codebuild_port: int = 0,
        codebuild: CodeBuildServer | None = None,
        function_environment: Mapping[str, str] | None = None,
    ) -> None:
        """Choose the ports; free ones where none is given.

        codebuild: a server to use, instead of an ordinary one. function_environment: what functions find besides.
        """
        self._stack = ExitStack()
        certificate = make_certificate(Path(self._stack.enter_context(TemporaryDirectory(prefix="source-credential-"))))
        self.codebuild = codebuild or CodeBuildServer(port=codebuild_port, on_answer=_print_answer)
        self.git_provider = GitProvider(certificate, {})
        self.function_environment = {
            **self._codebuild_environment(),
            "PROVIDER_URLS": json.dumps({"GITHUB": self.git_provider.url, "BITBUCKET": self.git_provider.url}),
            "PROVIDER_CA_CERTS": str(certificate),
            **(function_environment or {}),
        }
        self.ministack = Ministack(port=ministack_port, function_environment=self.function_environment)

    def __enter__(self) -> Self:
        """Start them. Raises DidNotStart."""
        with ExitStack() as starting:
            starting.push(self._stack.pop_all())
            for server in (self.codebuild, self.git_provider, self.ministack):
                starting.enter_context(server)
            self._stack = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self._stack.close()

    def environment(self) -> dict[str, str]:
        """Return what the AWS CLI, SAM CLI and boto3 need in their environment to use it."""
        return {
            "AWS_ENDPOINT_URL": self.ministack.url,
            **self._codebuild_environment(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: str, *, region: str = REGION) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a client of a service of MiniStack's, as the account's root."""
        return self.ministack.client(service, Config(region_name=region))

    def create_table_and_queue(self) -> str:
        """Create the provider's table and queue, for functions without their stack: `sam local invoke`, and tests.

        Return the queue's URL.
        """
        create_table(self.client("dynamodb"), TABLE)
        return str(self.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"])

    def create_examples(self) -> None:
        """Create what the events in events/ speak of, and the provider's table and queue."""
        secrets = self.client("secretsmanager")
        for name, value in EXAMPLE_SECRETS.items():
            secrets.create_secret(Name=name, SecretString=value)
        self.codebuild.connect(EXAMPLE_CONNECTION, provider_type="GitLab")
        self.create_table_and_queue()

    def _codebuild_environment(self) -> dict[str, str]:
        url = self.codebuild.url
        return {
            "AWS_ENDPOINT_URL_CODEBUILD": url,
            "AWS_ENDPOINT_URL_CODECONNECTIONS": url,
            "AWS_ENDPOINT_URL_CODESTAR_CONNECTIONS": url,
        }


def _print_answer(name: str, answer: object) -> None:
    print(f"Answer to {name}:\n{json.dumps(answer, indent=2)}", flush=True)


def _serve(*, containers: bool) -> None:
    """Run until told to stop; what `up` starts in the background. Raises DidNotStart."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gateway = bridge_gateway() if containers else None
    aws = EmbeddedAws(ministack_port=_free_or_any(_MINISTACK_PORT), codebuild_port=_free_or_any(_CODEBUILD_PORT))
    ports = (aws.ministack.port, aws.codebuild.port)
    if containers and ports != (_MINISTACK_PORT, _CODEBUILD_PORT):
        raise DidNotStart(
            f"the ports {_MINISTACK_PORT} and {_CODEBUILD_PORT} must be free: events/env.json speaks of them"
        )
    with ExitStack() as stack:
        stack.enter_context(aws)
        if gateway:
            stack.enter_context(container_access(gateway, ports))
        aws.create_examples()
        environment = aws.environment()
        if containers:
            environment["ADD_HOST"] = f"{HOST_NAME}:{gateway or 'host-gateway'}"
        _STATE.write_text(json.dumps({"pid": os.getpid(), "environment": environment, "containers": containers}))
        try:
            signal.pause()
        finally:
            _STATE.unlink(missing_ok=True)


def _free_or_any(port: int) -> int:
    """Return the port when it is free, else one that is."""
    try:
        socket.create_server(("127.0.0.1", port)).close()  # which reuses an address, as the servers do
    except OSError:
        return free_port()
    return port


def _running() -> dict[str, Any] | None:
    """Return what `up` left of the one that runs, or None."""
    with suppress(OSError, ValueError, urllib3.exceptions.HTTPError):
        state: dict[str, Any] = json.loads(_STATE.read_text())
        os.kill(state["pid"], 0)
        urllib3.request("GET", f"{state['environment']['AWS_ENDPOINT_URL_CODEBUILD']}/_local/health", retries=False)
        return state
    return None


def up(*, containers: bool = False) -> Mapping[str, str]:
    """Start the embedded AWS in the background, unless it runs, and return the environment to use it.

    containers: let containers reach it, too. Raises DidNotStart.
    """
    state = _running()
    if state is not None and containers and not state["containers"]:
        raise DidNotStart("the embedded AWS runs already, without CONTAINERS=1: `make down` first")
    if state is None:
        _STATE.parent.mkdir(exist_ok=True)
        _STATE.unlink(missing_ok=True)
        with _LOG.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "local.embedded_aws", "serve", *(["--containers"] if containers else [])],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(lambda: _running() or process.poll() is not None, _START_SECONDS)
        state = _running()
        if state is None:
            raise DidNotStart(f"the embedded AWS did not start:\n{_LOG.read_text()[-2000:]}")
    environment: dict[str, str] = state["environment"]
    return environment


def down() -> bool:
    """Stop what `up` started; return False when nothing was running."""
    state = _running()
    if state is None:
        return False
    os.kill(state["pid"], signal.SIGTERM)
    until(lambda: not _STATE.exists(), _STOP_SECONDS)
    return True


def main() -> int:
    """Run one command. `up` prints nothing but `export` lines to standard output, for eval."""
    parser = argparse.ArgumentParser(description="The embedded AWS, on 127.0.0.1.")
    parser.add_argument("command", choices=["up", "down", "serve"])
    parser.add_argument("--containers", action="store_true", help="let containers reach it, for sam local invoke")
    arguments = parser.parse_args()
    if arguments.command == "down":
        print("Stopped." if down() else "Nothing was running.")
        return 0
    try:
        if arguments.command == "serve":
            _serve(containers=arguments.containers)
            return 0
        environment = up(containers=arguments.containers)
    except DidNotStart as error:
        print(error, file=sys.stderr)
        return 1
    for name, value in environment.items():
        print(f"export {name}={shlex.quote(value)}")
    print(
        f"The embedded AWS is running. Answers to events are in {_LOG.relative_to(PROJECT)}; `make down` stops it.",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
