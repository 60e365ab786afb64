"""The commands behind `make skeleton` and `make resource`. They print to standard output, and errors to the other."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from authoring import resource
from authoring.cli_input import BadInput, read
from authoring.event import create_event
from authoring.skeleton import NoSuchChoice, Skeleton
from source_credential.errors import InvalidRequest

_BAD_INPUT: Final = 2
_STANDARD_INPUT: Final = "-"
_FORMATS: Final = ("", "yaml", "json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status. An option that is empty is one that is not given, as make has it."""
    parser = argparse.ArgumentParser(prog="authoring", description="Prints a Custom::SourceCredential.")
    commands = parser.add_subparsers(dest="command", required=True)
    skeleton = commands.add_parser("skeleton", help="every property, explained")
    skeleton.add_argument("--server-type", default="")
    skeleton.add_argument("--auth-type", default="")
    made = commands.add_parser("resource", help="of the AWS CLI's input")
    made.add_argument("--input", default="")
    made.add_argument("--secret-id", default="")
    for each in (skeleton, made):
        each.add_argument("--format", default="", type=str.lower)
    given = parser.parse_args(arguments)
    try:
        if given.format not in _FORMATS:
            raise BadInput("FORMAT: must be yaml or json. Leave it out for what is usual.")  # noqa: TRY301 - as the rest
        text = _skeleton(given) if given.command == "skeleton" else _resource(given)
    except (BadInput, InvalidRequest, NoSuchChoice) as error:
        print(error, file=sys.stderr)
        return _BAD_INPUT
    with suppress(BrokenPipeError):  # who reads it, such as head, has seen enough
        print(text, flush=True)
    return 0


def _skeleton(given: argparse.Namespace) -> str:
    """Return what is printed. Raises NoSuchChoice and InvalidRequest."""
    chosen = Skeleton(given.server_type or None, given.auth_type or None)
    return create_event("skeleton", chosen.properties) if given.format == "json" else chosen.as_yaml().rstrip("\n")


def _resource(given: argparse.Namespace) -> str:
    """Return what is printed. Raises BadInput."""
    name = given.input.removeprefix("file://")
    text = _text(name)
    asked = read(text, given.secret_id or None)
    # What cannot be read a second time, or is no JSON, is no place to take the token from.
    file = name if text.lstrip().startswith("{") and Path(name).is_file() and name.isprintable() else None
    if given.format == "json":
        return resource.as_json(asked)
    return (resource.as_yaml if given.format == "yaml" else resource.as_text)(asked, file).rstrip("\n")


def _text(file: str) -> str:
    """Return what a file holds, or standard input for -.

    Raises BadInput, without the file's name: it may be the input itself, which --cli-input-json takes in its place.
    """
    if not file:
        raise BadInput("INPUT: is missing. Name the file with the CLI's input, or - for standard input.")
    try:
        data = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        problem = "INPUT: is not UTF-8 text. Save it as UTF-8."
    except (OSError, ValueError) as error:
        kind = error.strerror if isinstance(error, OSError) else "no name of a file"
        problem = (
            f"INPUT: cannot be read: {kind}. Name a file, or - for standard input. (What was given is not repeated, "
            "for it may be the input itself. If that held a token, the shell's history has it now: revoke the token.)"
        )
    raise BadInput(problem)


if __name__ == "__main__":
    sys.exit(main())
