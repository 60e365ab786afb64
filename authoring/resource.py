"""The resource that the CLI's input asks for, with the way of its token into a secret, as a text to read and deploy."""

import shlex
from collections.abc import Iterator
from typing import Final

from authoring.cli_input import Resource
from authoring.event import create_event
from authoring.template import comments, setting, template, wrapped

# AWS's CLI, in both of its versions, reads the value of an option from what file:// names.
_FROM_STANDARD_INPUT: Final = "--secret-string file:///dev/stdin"
_TAKEN_FROM_JSON: Final = (
    "python3 -c 'import json, sys; "
    'sys.stdout.write(json.loads(sys.stdin.buffer.read().decode("utf-8-sig"))["token"].strip())\''
)
# In a shell of its own: elsewhere the variable would stay, and programs would be given it where it was exported before.
_TYPED: Final = '(read -rs TOKEN && printf %s "$TOKEN")'


def store_command(secret: str, json_file: str | None = None) -> str:
    """Return the command that puts the token into a secret, and makes that: in no argument, in no history, in no file.

    json_file: the CLI's input, from which the token is taken; where there is none, it is typed or pasted, unseen.
    """
    token = _TYPED if json_file is None else f"{_TAKEN_FROM_JSON} < {shlex.quote(json_file)}"
    operation = "put-secret-value --secret-id" if _is_there(secret) else "create-secret --name"
    return f"{token} | aws secretsmanager {operation} {shlex.quote(secret)} {_FROM_STANDARD_INPUT}"


def _is_there(secret: str) -> bool:
    """Tell whether a secret is known to be there: only what is has an ARN."""
    return secret.startswith("arn:")


def as_yaml(resource: Resource, json_file: str | None = None) -> str:
    """Return the template, with what is to be done before it is deployed as its first comment."""
    lines = ((setting(name, value), ()) for name, value in resource.properties.items())
    return template(_head(resource, json_file), lines)


def as_json(resource: Resource) -> str:
    """Return the event of the resource's Create."""
    return create_event("resource", resource.properties)


def as_text(resource: Resource, json_file: str | None = None) -> str:
    """Return all of it: the template, and its event as a second document."""
    of_the_event = comments(wrapped("The event of its Create, for sam local invoke -e; FORMAT=json prints it alone."))
    return f"{as_yaml(resource, json_file)}---\n{of_the_event}\n{as_json(resource)}"


def _head(resource: Resource, json_file: str | None) -> Iterator[str]:
    yield "The input of aws codebuild import-source-credentials, as a Custom::SourceCredential."
    for warning in resource.warnings:
        yield from wrapped(f"Note: {warning}")
    if resource.properties.get("ShouldOverwrite") is True:
        yield from wrapped(
            "Note: ShouldOverwrite true takes the slot from another stack too. Leave it out to be told of one instead."
        )
    if not resource.has_token:
        return
    secret = str(resource.properties["SecretId"])
    yield ""
    yield from wrapped("First put the token into the secret. It goes through standard input, so no history has it:")
    yield ""
    yield f"  {store_command(secret, json_file)}"
    yield ""
    if not _is_there(secret):
        yield from wrapped(
            "A secret that is there already takes it by put-secret-value --secret-id, in place of create-secret --name."
        )
    yield from wrapped(
        "The provider may read what its parameter SecretArns names: by default what begins with codebuild/."
    )
    if json_file is not None:
        yield from wrapped("Then remove the file that the token was in.")
