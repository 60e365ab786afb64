"""The built artifact under Lambda's own runtime client and its emulator, with nothing else beside it."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import urllib3

from local import provider
from local.embedded_aws import EXAMPLE_CONNECTION, EXAMPLE_SECRETS, QUEUE, TABLE, EmbeddedAws
from local.ministack import PROJECT, free_port

PYTHON = PROJECT / ".tools/runtime/bin/python"  # holds awslambdaric and nothing else
HANDLER = "source_credential.custom_resource.lambda_handler"
REFRESH_HANDLER = "source_credential.refresh.lambda_handler"
_START_SECONDS = 20
_TIMEOUT = 130  # the template's


def _emulator() -> Path:
    """Return the Runtime Interface Emulator, which the SAM CLI ships."""
    [found] = (PROJECT / ".tools/sam/lib").glob("python3*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64")
    return found


@dataclass
class Function:
    """The function in an emulator of its own. One invocation at a time."""

    artifact: Path
    environment: dict[str, str]
    timeout: int = _TIMEOUT
    handler: str = HANDLER
    port: int = field(default_factory=free_port)
    _lines: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start the emulator; the function itself starts with the first event."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.artifact),
            "LAMBDA_TASK_ROOT": str(self.artifact),
            "PYTHONPATH": str(self.artifact),
            "_HANDLER": self.handler,
            "AWS_LAMBDA_FUNCTION_NAME": "provider",
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self.timeout),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/provider",
            "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
            **self.environment,
        }
        self._process = subprocess.Popen(
            [
                str(_emulator()),
                *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
                *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
                *(str(PYTHON), "-m", "awslambdaric", self.handler),
            ],
            cwd=self.artifact,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the emulator and the function."""
        self.kill()

    def kill(self) -> None:
        """End the function's process, and the emulator, in the middle of whatever they do."""
        assert self._process is not None
        if self._process.returncode is not None:
            return
        # The emulator gives the function a process group of its own, in which it would outlive the emulator.
        tasks = Path(f"/proc/{self._process.pid}/task")
        for child in [child for task in tasks.glob("*/children") for child in task.read_text().split()]:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def invoke(self, event: Any) -> str:
        """Run one event and return what the invocation returned: null, or the error in JSON."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        response = urllib3.request(
            "POST", url, body=json.dumps(event).encode(), timeout=self.timeout + 10, retries=False
        )
        return response.data.decode()

    def log(self) -> str:
        """Return all that the function and the emulator have printed."""
        return "\n".join(self._lines)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as output:
            # Line by line, so that the log can be read while the function runs.
            self._lines.extend(line.rstrip("\n") for line in output)

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            try:
                urllib3.request("GET", f"http://127.0.0.1:{self.port}/", timeout=1, retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the emulator did not start:\n{self.log()}")


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the function as `sam build` does and return its folder."""
    folder = tmp_path_factory.mktemp("artifact")
    provider.build(folder, provider.build_environment())
    return folder / "SourceCredentialFunction"


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """Start an embedded AWS that holds what the events speak of."""
    with EmbeddedAws() as running:
        secrets = running.client("secretsmanager")
        for name, value in EXAMPLE_SECRETS.items():
            secrets.create_secret(Name=name, SecretString=value)
        running.codebuild.connect(EXAMPLE_CONNECTION, provider_type="GitLab")
        running.create_table_and_queue()
        yield running


def environment(aws: EmbeddedAws) -> dict[str, str]:
    """Return the function's environment: what the template gives it, and the way to the embedded AWS."""
    queue = f"{aws.ministack.url}/000000000000/{QUEUE}"
    return {
        **aws.environment(),
        **aws.function_environment,
        "SLOTS_TABLE": TABLE,
        "REFRESH_QUEUE_URL": queue,
        "EXTERNAL_ID": "source-credential",
    }


@pytest.fixture(scope="module")
def refresh(artifact: Path, aws: EmbeddedAws) -> Iterator[Function]:
    """Return the function that keeps credentials fresh, running against the embedded AWS."""
    with Function(artifact, environment(aws), handler=REFRESH_HANDLER) as running:
        yield running


@pytest.fixture(scope="module")
def function(artifact: Path, aws: EmbeddedAws) -> Iterator[Function]:
    """Return the function, running against the embedded AWS."""
    with Function(artifact, environment(aws)) as running:
        yield running
