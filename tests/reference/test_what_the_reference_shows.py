"""The example that stands in the reference, and the commands that it tells to type."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from local.ministack import PROJECT
from local.provider import TOOLS
from tests.end_to_end.page import blocks

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
# What a command reads of a clone. What it writes is its own: a link to the clone's would be written through.
NEEDED = (
    ".tools",
    ".venv",
    "Makefile",
    "authoring",
    "events",
    "handler",
    "local",
    "reference",
    "requirements",
    "requirements-dev.txt",
)
COMMANDS = [
    line
    for heading in ("A skeleton", "The CLI's input")
    for block in blocks("reference.md")[heading]
    for line in block.text.splitlines()
    if line.startswith("make ")
]


def test_the_example_has_no_findings(tmp_path: Path) -> None:
    """Of cfn-lint, as a template."""
    [example] = blocks("reference.md")["Examples"]
    template = tmp_path / "example.yaml"
    template.write_text(example.text)
    done = subprocess.run([TOOLS / "cfn-lint", template], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_syntax_is_that_of_the_example() -> None:
    """The YAML of the syntax is YAML, and the example uses properties that are in it."""
    [syntax] = blocks("reference.md")["YAML"]
    known = yaml.safe_load(syntax.text)["Properties"]
    [example] = blocks("reference.md")["Examples"]
    used = example.text[example.text.index("Properties:") : example.text.index("  Project:")]
    assert known.keys() >= {line.split(":")[0].strip() for line in used.splitlines()[1:]}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_does_what_its_comment_says(tmp_path: Path, command: str) -> None:
    """Typed in a clone that has the CLI's input: it prints or writes a template, an event or both, and no token."""
    for name in NEEDED:
        (tmp_path / name).symlink_to(PROJECT / name)
    given = {"token": TOKEN, "serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN"}
    (tmp_path / "file.json").write_text(json.dumps(given))
    before = set(tmp_path.iterdir())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-c", command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = "".join([done.stdout, *(path.read_text() for path in set(tmp_path.iterdir()) - before)])
    assert TOKEN not in text + done.stderr
    both = "make resource" in command
    assert ("Type: Custom::SourceCredential" in text) is ("FORMAT=json" not in command)
    assert ('"RequestType": "Create"' in text) is ("FORMAT=json" in command or (both and "FORMAT=yaml" not in command))
    assert ("SecretId: codebuild/mine\n" in text) is ("SECRET_ID=codebuild/mine" in command)
