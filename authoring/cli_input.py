"""The input of `aws codebuild import-source-credentials`, as the properties of a resource.

What is read may hold a token. No exception and no property repeats it, nor anything else of what was given that the
contract does not know the form of.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from authoring import cli_model
from authoring.skeleton import check, secret_name
from source_credential.errors import InvalidRequest
from source_credential.model import ServerType
from source_credential.tokens.token_shape import check_shape

_READ_BY_CODEBUILD, _CONNECTION = "SECRETS_MANAGER", "CODECONNECTIONS"
_PROPERTIES: Final = {
    "serverType": "ServerType",
    "authType": "AuthType",
    "username": "Username",
    "shouldOverwrite": "ShouldOverwrite",
}
# A shorter one would be found in every text.
_SHORTEST_TOKEN: Final = 8


class BadInput(Exception):
    """The input cannot be made into a resource. `problems` are whole sentences, and hold nothing secret."""

    def __init__(self, *problems: str) -> None:
        """Take the problems."""
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Resource:
    """What the input asks for. has_token: it held a token, which belongs into the secret that SecretId names."""

    properties: Mapping[str, object]
    has_token: bool
    warnings: tuple[str, ...]


def read(text: str, secret: str | None = None) -> Resource:
    """Return the resource that asks for the same as the input.

    text: JSON, or YAML, as the CLI's --cli-input-json and --cli-input-yaml take it; what is empty, as the CLI's
    skeleton leaves it, is not given. secret: the name or ARN of the secret that is to hold the token; a usual name
    where none is given. Raises BadInput with every problem at once.
    """
    given = {name: value for name, value in _members(text).items() if value not in ("", None)}
    problems = list(cli_model.problems(given))
    if problems:
        raise BadInput(*problems)
    properties: dict[str, object] = {
        "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
        "ServiceTimeout": 300,
    }
    properties |= {name: given[member] for member, name in _PROPERTIES.items() if member in given}
    token, auth_type = given["token"].strip(), given["authType"]
    if auth_type == _CONNECTION:
        properties["ConnectionArn"] = token
    elif auth_type == _READ_BY_CODEBUILD:
        properties["SecretId"] = token
    else:
        properties["SecretId"] = secret or secret_name(given["serverType"], auth_type)
    return _checked(properties, token)


def _checked(properties: Mapping[str, object], token: str) -> Resource:
    """Return the resource, if the contract takes it and what is in the token's place may stand there."""
    problems: list[str] = []
    warnings: tuple[str, ...] = ()
    try:
        check(properties)
    except InvalidRequest as error:
        problems.append(str(error))
    server_type, auth_type = str(properties["ServerType"]), str(properties["AuthType"])
    has_token = auth_type not in {_CONNECTION, _READ_BY_CODEBUILD}
    if auth_type == _READ_BY_CODEBUILD and not token.startswith("arn:"):
        problems.append(
            "token: must be the ARN of a secret, since AuthType is SECRETS_MANAGER. Name the secret by its ARN."
        )
    if has_token and not problems:
        try:
            warnings = check_shape(token, "token", server_type=ServerType(server_type), auth_type=auth_type)
        except InvalidRequest as error:
            problems.append(str(error))
        problems += _repeated(properties, token)
    if problems:
        raise BadInput(*problems)
    return Resource(properties, has_token, warnings)


def _repeated(properties: Mapping[str, object], token: str) -> Iterator[str]:
    """Yield a problem for each property that would show the token."""
    for name in ("Username", "SecretId"):
        if len(token) >= _SHORTEST_TOKEN and token in str(properties.get(name, "")):
            yield f"{name}: holds the token too. Nothing was printed: name something else there."


def _members(text: str) -> Mapping[str, Any]:
    """Return the members of an object. Raises BadInput, which tells where it is no JSON, and repeats no line."""
    members, where = None, ""
    try:
        members = json.loads(text) if text.lstrip().startswith(("{", "[")) else yaml.safe_load(text)
    except json.JSONDecodeError as error:
        where = f" (line {error.lineno}, column {error.colno})"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    except Exception:  # noqa: BLE001, S110 - PyYAML raises a KeyError too, with what it has read: !!bool of something else
        pass  # told below, where the parser's exception, which may hold a part of the text, is no longer attached
    if isinstance(members, dict):
        return {str(name): value for name, value in members.items()}
    raise BadInput(
        f"The input is no JSON object{where}, nor YAML with members. Begin with what "
        "aws codebuild import-source-credentials --generate-cli-skeleton prints."
    )
