"""What `import-source-credentials` takes, as botocore's model of the operation has it: what is wrong with an input."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from botocore.model import Shape
from botocore.session import Session

from source_credential.tokens.token_shape import begins_like_token

_WITH_USERNAME: Final = "BASIC_AUTH"
_MADE_IN_THE_CONSOLE: Final = "OAUTH"
_PYTHON_TYPES: Final = {"string": str, "boolean": bool}
_MEMBER_NAME: Final = re.compile(r"[A-Za-z]{1,32}")


def problems(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with an operation's input, in whole sentences that repeat no value."""
    shape = _input_shape()
    for number, (name, value) in enumerate(given.items(), start=1):
        if name not in shape.members:
            [nearest] = get_close_matches(name, shape.members, n=1, cutoff=0)
            shown = name if _MEMBER_NAME.fullmatch(name) and not begins_like_token(name) else f"Member {number}"
            yield f"{shown}: is not an option of import-source-credentials. The nearest one it has is {nearest}."
        else:
            yield from _problem_of(name, value, shape.members[name])
    for name in shape.required_members:
        if name not in given:
            yield f"{name}: is missing or empty. {_hint(shape.members[name])}"
    if given.get("authType") == _WITH_USERNAME and "username" not in given:
        yield "username: is missing or empty, and authType BASIC_AUTH needs it. Write the Bitbucket user name."


def _problem_of(name: str, value: object, member: Shape) -> Iterator[str]:
    if not isinstance(value, _PYTHON_TYPES[member.type_name]):
        yield f"{name}: must be a {member.type_name}. Correct its type."
    elif value == _MADE_IN_THE_CONSOLE:
        yield (
            f"{name}: OAUTH cannot be imported by the API, only made in the CodeBuild console. Use CODECONNECTIONS "
            "with the ARN of a connection, or PERSONAL_ACCESS_TOKEN with a token."
        )
    elif _choices(member) and value not in _choices(member):
        yield f"{name}: is none of the values that CodeBuild takes. {_hint(member)}"


def _choices(member: Shape) -> list[str]:
    """Return the values that an option takes and the API can import; none where any text will do."""
    return [each for each in getattr(member, "enum", ()) if each != _MADE_IN_THE_CONSOLE]


def _hint(member: Shape) -> str:
    """Return how to give what is missing or wrong."""
    if _choices(member):
        return f"Write one of {', '.join(_choices(member))}."
    return "Write the token, or the ARN of a connection or of a secret, as authType needs it."


@cache
def _input_shape() -> Any:  # noqa: ANN401 - botocore's models have no common type
    return Session().get_service_model("codebuild").operation_model("ImportSourceCredentials").input_shape
