"""A template with one Custom::SourceCredential, as YAML with comments."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import yaml

LOGICAL_ID: Final = "SourceCredential"
_WIDTH: Final = 100
_INDENT: Final = " " * 6

# A property's line, and the comment that goes before it.
Line = tuple[str, Sequence[str]]


def template(head: Iterable[str], lines: Iterable[Line]) -> str:
    """Return the template. head: lines of the comment that it begins with. lines: of the resource's properties."""
    body = "\n".join(_with_comment(line, comment) for line, comment in lines)
    return f"""{comments(head)}
AWSTemplateFormatVersion: "2010-09-09"

Resources:
  {LOGICAL_ID}:
    Type: Custom::SourceCredential
    Properties:
{body}

Outputs:
  CredentialArn:
    Value: !Ref {LOGICAL_ID}
"""


def comments(lines: Iterable[str]) -> str:
    """Return lines as comments, as they are: a command has to stay in one line."""
    return "\n".join(f"# {line}".rstrip() for line in lines)


def wrapped(*texts: str) -> list[str]:
    """Return texts in lines that are easy to read."""
    return [line for text in texts for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False)]


def setting(name: str, value: object) -> str:
    """Return a property's line."""
    return f"{name}: {_scalar(value)}"


def _with_comment(line: str, comment: Sequence[str]) -> str:
    before = f"\n{textwrap.indent(comments(comment), _INDENT)}\n" if comment else ""
    return f"{before}{_INDENT}{line}"


def _scalar(value: object) -> str:
    """Return a value as YAML in one line; an intrinsic function in its short form."""
    if isinstance(value, Mapping):
        [(function, argument)] = value.items()
        return f"!{function.removeprefix('Fn::')} {_scalar(argument)}"
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    written = written.removesuffix("...\n").strip()
    return json.dumps(value) if "\n" in written else written  # YAML has JSON's strings, and these escape a line's end
