"""A page of docs/ as its reader follows it: what is to be saved is saved, what is to be typed is typed."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from local import provider
from local.codebuild_server import ACCOUNT_ID
from local.embedded_aws import EmbeddedAws
from local.ministack import PROJECT, REGION

# What this reader has otherwise than the page: another account and region; the provider is built, and elsewhere; and
# the AWS CLI is version 1. That asks AWS itself for queues in some regions, whatever AWS_ENDPOINT_URL says. And when it
# waits it looks every half minute, so here it does not begin to before there is nothing to wait for; what it deploys,
# the SAM CLI deploys here, which takes the same options and looks every second.
_ACCOUNT, _REGION = "111122223333", "eu-west-1"
_SHELL: Final = """
aws() {
  local more=()
  case "$1 $2" in
    "cloudformation deploy") sam "${@:2}"; return ;;
    sqs*) more=(--endpoint-url "$AWS_ENDPOINT_URL") ;;
    "cloudformation wait") while [[ $(command aws cloudformation list-stacks) == *_IN_PROGRESS* ]]; do :; done ;;
  esac
  command aws "$@" "${more[@]}"
}
sam() {
  local more=()
  [[ "$*" == *--s3-bucket* ]] || more+=(--s3-bucket "$BUCKET")
  [[ "$*" == *--capabilities* ]] || more+=(--capabilities CAPABILITY_IAM)
  case "$*" in
    build) return ;;
    *--template-file*) ;;
    *) more+=(--template-file "$BUILT") ;;
  esac
  command sam "$@" "${more[@]}"
}
"""

# For what the embedded AWS does not have: the AWS CLI checks the options. It asks nothing of AWS but a stack's outputs.
_CHECKED: Final = """
aws() {
  case "$1 $2" in
    "cloudformation describe-stacks") command aws "$@" ;;
    *) command aws "$@" --generate-cli-skeleton output ;;
  esac
}
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: commands (sh), or a file (yaml) whose name is in its first line.

    The commands of a block of kind bash are those that are not tried.
    """

    kind: str
    text: str


def blocks(name: str) -> dict[str, list[Block]]:
    """Return the blocks of a page of docs/ by the heading that they stand under."""
    found: dict[str, list[Block]] = {}
    heading, kind, lines = "", "", list[str]()
    for line in (PROJECT / "docs" / name).read_text(encoding="utf-8").splitlines():
        if kind and line == "```":
            found.setdefault(heading, []).append(Block(kind, "\n".join(lines) + "\n"))
            kind = ""
        elif kind:
            lines.append(line)
        elif line.startswith("```"):
            kind, lines = line.removeprefix("```"), []
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return found


class Reader:
    """Follows a page with bash, the AWS CLI and the SAM CLI, in a folder of its own."""

    def __init__(self, page: str, names: str, *, aws: EmbeddedAws, build: Path, folder: Path) -> None:
        """Open a page; names: the heading under which it says what its commands take their names from.

        `region` is that of the slots that the commands speak of; `here` has what stands in a file otherwise than on the
        page, by what stands there.
        """
        self._blocks = blocks(page)
        [self._names] = self._blocks[names]
        self._folder = folder
        self._typed = ""
        self.region = REGION
        self.here: dict[str, str] = {}
        self._environment: Mapping[str, str] = {
            **provider.command_environment(aws),
            "BUCKET": provider.make_bucket(aws),
            "BUILT": str(build / "template.yaml"),
        }

    def follow(self, heading: str) -> str:
        """Do what stands under a heading, in its order; return what the commands printed."""
        return "".join(self._follow(block) for block in self._blocks[heading])

    def _follow(self, block: Block) -> str:
        match block.kind:
            case "sh":
                return self.type(block.text)
            case "bash":
                return self.check(block.text)
            case _:
                return self._save(block)

    def typing(self, text: str) -> Self:
        """Have a text for the command that waits for a line."""
        self._typed = text
        return self

    def save(self, heading: str) -> None:
        """Save the first file under a heading, and do no more."""
        self._save(next(block for block in self._blocks[heading] if block.kind == "yaml"))

    def type(self, commands: str, *, fails: bool = False) -> str:
        """Type commands; return what they printed, errors too where they are to fail."""
        typed = f"{self._names.text}{commands}"
        for there, here in ((f"{_ACCOUNT}/{_REGION}", f"{ACCOUNT_ID}/{self.region}"), (_ACCOUNT, ACCOUNT_ID)):
            typed = typed.replace(there, here)
        done = subprocess.run(
            ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", f"{_SHELL}{typed}"],
            input=f"{self._typed}\n",
            cwd=self._folder,
            env=dict(self._environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) == fails, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout + (done.stderr if fails else "")

    def check(self, commands: str, *, fails: bool = False) -> str:
        """Let the AWS CLI check the options of commands that cannot be tried; return what it printed."""
        return self.type(_CHECKED + commands, fails=fails)

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file that was saved."""
        text = (self._folder / file).read_text(encoding="utf-8")
        assert old in text
        (self._folder / file).write_text(text.replace(old, new), encoding="utf-8")

    def _save(self, block: Block) -> str:
        name = re.fullmatch(r"# (\S+)", block.text.splitlines()[0])
        assert name, "the first line of a file is its name"
        text = block.text
        for there, here in self.here.items():
            text = text.replace(there, here)
        (self._folder / name[1]).write_text(text, encoding="utf-8")
        return ""
