"""A built artifact under Lambda's own runtime client and its emulator, with nothing else beside it."""

import json
import os
import signal
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import urllib3

from local.embedded_aws import QUEUE, TABLE, EmbeddedAws
from local.ministack import PROJECT
from local.programs import free_port, running
from local.pythons import FUNCTION_ENVIRONMENT

PYTHON: Final = PROJECT / ".tools/runtime/bin/python"  # holds awslambdaric and nothing else
HANDLER: Final = "source_credential.custom_resource.lambda_handler"
REFRESH_HANDLER: Final = "source_credential.refresh.lambda_handler"
_START_SECONDS: Final = 20
_TIMEOUT: Final = 130  # the template's


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
    python: Path = PYTHON
    port: int = field(default_factory=free_port)
    _log: Path = Path()
    _process: subprocess.Popen[bytes] | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Start the emulator; the function itself starts with the first event. Raises DidNotStart."""
        environment = {
            **FUNCTION_ENVIRONMENT,
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
        command = [
            str(_emulator()),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"),
            *("--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *(str(self.python), "-m", "awslambdaric", self.handler),
        ]
        with ExitStack() as starting:
            self._log = Path(starting.enter_context(TemporaryDirectory())) / "log"
            url = f"http://127.0.0.1:{self.port}/"
            program = running(
                command, environment=environment, folder=self.artifact, log=self._log, url=url, seconds=_START_SECONDS
            )
            self._process = starting.enter_context(program)
            starting.callback(self.kill)
            self._stack = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the emulator and the function."""
        self._stack.close()

    def kill(self) -> None:
        """End the function's process, and the emulator, in the middle of whatever they do."""
        if self._process is None or self._process.returncode is not None:
            return
        # The emulator gives the function a process group of its own, in which it would outlive the emulator.
        for process_id in self.process_ids():
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def process_ids(self) -> list[int]:
        """Return the ids of the function's processes: one, after the first event."""
        if self._process is None:
            return []
        tasks = Path(f"/proc/{self._process.pid}/task")
        return [int(child) for task in tasks.glob("*/children") for child in task.read_text().split()]

    def invoke(self, event: object) -> str:
        """Run one event and return what the invocation returned: null, or the error in JSON."""
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        response = urllib3.request(
            "POST", url, body=json.dumps(event).encode(), timeout=self.timeout + 10, retries=False
        )
        return response.data.decode()

    def log(self) -> str:
        """Return all that the function and the emulator have printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")


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
