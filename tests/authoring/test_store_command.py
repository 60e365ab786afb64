"""The command that `make resource` prints, typed into a shell: the secret holds the token, and nothing else has it."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from authoring.resource import store_command
from local.embedded_aws import EmbeddedAws
from local.provider import TOOLS, command_environment

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"

# Keeps what each process is started with, as everybody on the machine can see it, and its environment; and starts it.
SPY = """#!/bin/sh
{{ printf '%s\\n' "$0 $*"; env; }} >> "$SEEN"
exec {program} "$@"
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Start an embedded AWS."""
    with EmbeddedAws() as running:
        yield running


@pytest.fixture
def environment(aws: EmbeddedAws, tmp_path: Path) -> Mapping[str, str]:
    """Return a shell's environment, in which the programs that the command starts are seen."""
    given = command_environment(aws)
    python = subprocess.run(["/usr/bin/env", "which", "python3"], capture_output=True, text=True, check=True).stdout
    for name, program in (("aws", str(TOOLS / "aws")), ("python3", python.strip())):
        spy = tmp_path / "bin" / name
        spy.parent.mkdir(exist_ok=True)
        spy.write_text(SPY.format(program=program))
        spy.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), given["PATH"]])
    return {**given, "PATH": path, "SEEN": str(tmp_path / "seen"), "HISTFILE": str(tmp_path / "history")}


def type_into_shell(command: str, typed: str, environment: Mapping[str, str]) -> str:
    """Type a command into bash, with its history on, and then what it asks for; return what it printed, and variables.

    A variable with the name of the command's is exported there, as a script that has run before may have left it.
    """
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-c", f"set -o history\nexport TOKEN=\n{command}\nset\nhistory -w"],
        input=typed,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def check(aws: EmbeddedAws, environment: Mapping[str, str], secret: str, printed: str) -> None:
    """Check that the secret holds the token alone, and that nobody saw it."""
    stored = aws.client("secretsmanager").get_secret_value(SecretId=secret)
    assert stored["SecretString"] == TOKEN
    seen = Path(environment["SEEN"]).read_text()
    assert "secretsmanager" in seen
    for text in (seen, printed, *(path.read_text() for path in [Path(environment["HISTFILE"])] if path.exists())):
        assert TOKEN not in text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_the_token_goes_from_the_file_into_the_secret(
    aws: EmbeddedAws, environment: Mapping[str, str], tmp_path: Path, mark: bytes
) -> None:
    """By two programs, neither of which has it among its arguments; white space around it does not come along."""
    file = tmp_path / "it's $HOME.json"
    file.write_bytes(mark + json.dumps({"token": f" {TOKEN}\n"}).encode())
    secret = f"codebuild/from-file-{len(mark)}"
    command = store_command(secret, str(file))
    check(aws, environment, secret, type_into_shell(command, "", environment))


def test_the_token_is_typed_into_the_secret(aws: EmbeddedAws, environment: Mapping[str, str]) -> None:
    """Unseen, by a command of the shell's own."""
    check(
        aws,
        environment,
        "codebuild/typed",
        type_into_shell(store_command("codebuild/typed"), f"{TOKEN}\n", environment),
    )


def test_a_secret_that_is_there_gets_a_new_version(aws: EmbeddedAws, environment: Mapping[str, str]) -> None:
    """What is named by its ARN is there already."""
    arn = aws.client("secretsmanager").create_secret(Name="codebuild/there", SecretString="before")["ARN"]
    check(aws, environment, arn, type_into_shell(store_command(arn), f"{TOKEN}\n", environment))
