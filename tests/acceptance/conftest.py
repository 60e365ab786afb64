"""The embedded AWS, and `make acceptance` as a process of its own: what its owner starts, interrupts and kills."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from acceptance.names import FAMILY
from local import provider
from local.embedded_aws import EmbeddedAws
from local.ministack import PROJECT, REGION

ACCOUNT = "000000000000"
_SECONDS = 240


@cache
def _client(aws: EmbeddedAws, service: str) -> Any:
    """Return the one client of a service: to make one takes longer than to use it."""
    return aws.client(service)


@dataclass
class Acceptance:
    """Runs commands in the embedded AWS, with journals and reports in a folder of the test's."""

    aws: EmbeddedAws
    build: Path
    root: Path
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(
        self, command: str, *options: str, account: str = ACCOUNT, region: str = REGION
    ) -> "subprocess.Popen[str]":
        """Start a command."""
        given = ("--account", account, "--region", region, "--root", str(self.root), *options)
        built = ("--build", str(self.build)) if "--build" not in options else ()
        process = subprocess.Popen(
            [sys.executable, "-m", "acceptance", command, *given, *built],
            cwd=PROJECT,
            env=provider.command_environment(self.aws),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, command: str, *options: str, account: str = ACCOUNT, region: str = REGION) -> tuple[int, str]:
        """Run a command to its end; return its status and what it printed."""
        return self.end(self.start(command, *options, account=account, region=region))

    def end(self, process: "subprocess.Popen[str]") -> tuple[int, str]:
        """Wait for a command's end; return its status and what it printed."""
        printed, _ = process.communicate(timeout=_SECONDS)
        return process.returncode, printed

    def notes(self) -> list[dict[str, Any]]:
        """Return what the journals have, of whatever run."""
        lines = [line for path in self.root.glob("*/journal.jsonl") for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.endswith("}")]

    def await_note(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until something is noted."""
        end = time.monotonic() + _SECONDS
        while not any(wanted(note) for note in self.notes()):
            assert time.monotonic() < end, "it was not noted"
            time.sleep(0.05)

    def report(self) -> dict[str, Any]:
        """Return the one report there is."""
        [path] = self.root.glob("*/report.json")
        return dict(json.loads(path.read_text()))

    def left(self) -> list[str]:
        """Return what is there in the embedded AWS of any run."""
        listings = (
            ("dynamodb", "list_tables", "TableNames", ""),
            ("iam", "list_roles", "Roles", "RoleName"),
            ("lambda", "list_functions", "Functions", "FunctionName"),
            ("logs", "describe_log_groups", "logGroups", "logGroupName"),
            ("s3", "list_buckets", "Buckets", "Name"),
            ("secretsmanager", "list_secrets", "SecretList", "Name"),
            ("sqs", "list_queues", "QueueUrls", ""),
            ("events", "list_rules", "Rules", "Name"),
            ("ssm", "describe_parameters", "Parameters", "Name"),
        )
        found = [credential.arn for credential in self.aws.codebuild.credentials()]
        stacks = _client(self.aws, "cloudformation").list_stacks()["StackSummaries"]
        found += [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]
        for service, operation, member, name in listings:
            answer = getattr(_client(self.aws, service), operation)().get(member, [])
            found += [str(each[name] if name else each) for each in answer if FAMILY in str(each)]
        return found


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedAws]:
    """Start the embedded AWS, once."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def acceptance(embedded: EmbeddedAws, built: Path, tmp_path: Path) -> Iterator[Acceptance]:
    """Return what runs commands. What is left after a test is its own to tell; nothing that it started runs on."""
    found = Acceptance(embedded, built, tmp_path)
    yield found
    for process in found.started:
        if process.poll() is None:
            process.kill()
            found.end(process)
    for credential in embedded.codebuild.credentials():
        embedded.codebuild.slots.delete_source_credentials(credential.region, {"arn": credential.arn})


@pytest.fixture
def here(acceptance: Acceptance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process use the embedded AWS, too."""
    for name, value in acceptance.aws.environment().items():
        monkeypatch.setenv(name, value)
