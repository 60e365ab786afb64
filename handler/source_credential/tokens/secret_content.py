"""What a secret's text holds: the token, and for BASIC_AUTH the user name. Pure; no value is ever part of an error."""

import json
import re
from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from source_credential.errors import InvalidRequest
from source_credential.model import AuthType, Secret, Specification, Token
from source_credential.tokens.token_shape import begins_like_token, check_shape

# CodeBuild's own format for a secret that it reads itself:
# https://docs.aws.amazon.com/codebuild/latest/userguide/asm-create-secret.html
_SERVER_TYPE: Final = "ServerType"
_AUTH_TYPE: Final = "AuthType"
_TOKEN: Final = "Token"  # noqa: S105 - the name of a member, not a token
_USERNAME: Final = "Username"

# A member's name is shown to help find a typing error; one that could itself be a token is not. A long piece of letters
# and digits mixed is a token rather than a word.
_SHOWN_NAME = re.compile(r"(?!.*(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16})[A-Za-z][A-Za-z0-9_. -]{0,31}")
_NAMES_SHOWN: Final = 10


# What a secret that CodeBuild reads itself may say. The console makes those with OAUTH, which no API can import.
_READ_BY_CODEBUILD: Final = (AuthType.PERSONAL_ACCESS_TOKEN.value, AuthType.BASIC_AUTH.value, "OAUTH")


class Login(NamedTuple):
    """What is imported: the token and, for BASIC_AUTH, the user name; and what is unusual about them, in sentences."""

    token: Token
    username: str | None
    warnings: tuple[str, ...] = ()


def read_login(secret: Secret, specification: Specification) -> Login:
    """Return the token, and for BASIC_AUTH the user name, that the specification asks for.

    The secret is the token itself, or JSON with `secret_key`, or JSON in CodeBuild's own format. White space around
    both is stripped. Raises InvalidRequest.
    """
    what = _name(specification)
    members = _members(secret.text, what)
    if specification.secret_key is not None:
        text = _member(members, specification.secret_key, "SecretKey", what)
    elif members is not None:
        _check_codebuild_format(members, specification, what)
        text = _member(members, _TOKEN, "CodeBuild's format", what)
    else:
        text = secret.text
    token, warnings = _token(text, what, specification, specification.auth_type)
    if specification.auth_type is not AuthType.BASIC_AUTH:
        return Login(token, None, warnings)
    return Login(token, _username(members, specification, what), warnings)


def read_login_of_codebuild(secret: Secret, specification: Specification) -> Login:
    """Return what CodeBuild itself will read: the secret is in its JSON format, of this server type, and sound.

    Raises InvalidRequest.
    """
    what = _name(specification)
    members = _members(secret.text, what)
    if members is None:
        raise InvalidRequest(what, "is not JSON, and CodeBuild reads only its own JSON format", _FORMAT_REMEDY)
    _check_codebuild_format(members, specification, what)
    auth_type = str(members[_AUTH_TYPE])
    read = [_member(members, _TOKEN, "CodeBuild's format", what)]
    token, warnings = _token(read[0], what, specification, auth_type)
    username = None
    if auth_type == AuthType.BASIC_AUTH:
        read.append(_member(members, _USERNAME, "CodeBuild's format", what))
        username = _clean_username(read[1], what)
    if any(text != _strip(text) for text in read):
        warnings = (*warnings, f"{what} has white space around a value. CodeBuild reads it as it stands.")
    return Login(token, username, warnings)


_FORMAT_REMEDY: Final = (
    'Store {"ServerType": ..., "AuthType": ..., "Token": ...}, with "Username" too for BASIC_AUTH.'  # shape, no values
)


def _name(specification: Specification) -> str:
    return f"Secret {specification.secret_id}"


def _members(text: str, what: str) -> Mapping[str, object] | None:
    """Return the members of a JSON object, or None when the text is no JSON object, and so the token itself.

    Two braces are no JSON either, but a reference of CloudFormation's that nobody has resolved.
    """
    stripped = text.strip("\ufeff \t\r\n")
    if not stripped.startswith("{") or stripped.startswith("{{"):
        return None
    try:
        # No token begins with a brace, so what does not parse here is broken JSON.
        return cast("Mapping[str, object]", json.loads(stripped))
    except (ValueError, RecursionError):
        pass  # raised below, where the parser's exception, which holds the text, is no longer attached
    raise InvalidRequest(what, "begins like JSON but is not valid JSON", "Correct the secret's value.")


def _member(members: Mapping[str, object] | None, key: str, asked_by: str, what: str) -> str:
    """Return the text of one member. `asked_by` is the property that names it, or the format that needs it."""
    if members is None:
        raise InvalidRequest(
            what,
            f"is not a JSON object, so it has no member for {asked_by}",
            f"Remove {asked_by} if the secret is the token alone, or store JSON.",
        )
    if key not in members:
        raise InvalidRequest(
            what, f"has no member {key}, which {asked_by} needs; it has {_names(members)}", "Name one that it has."
        )
    value = members[key]
    if not isinstance(value, str):
        raise InvalidRequest(what, f"has a member {key} that is not a string", "Store the value as a JSON string.")
    return value


def _names(members: Mapping[str, object]) -> str:
    """Return the members' names for a reader, never their values."""
    shown = [name for name in members if _SHOWN_NAME.fullmatch(name) and not begins_like_token(name)][:_NAMES_SHOWN]
    unshown = len(members) - len(shown)
    rest = [f"{unshown} not shown"] if unshown else []
    return ", ".join([*shown, *rest]) or "no members"


def _check_codebuild_format(members: Mapping[str, object], specification: Specification, what: str) -> None:
    """Check that the members are CodeBuild's and say the same as the template."""
    missing = [name for name in (_SERVER_TYPE, _AUTH_TYPE, _TOKEN) if name not in members]
    if missing:
        read_by_codebuild = specification.auth_type is AuthType.SECRETS_MANAGER
        raise InvalidRequest(
            what,
            f"is JSON but not in CodeBuild's format: {', '.join(missing)} missing; it has {_names(members)}",
            _FORMAT_REMEDY if read_by_codebuild else "Set SecretKey to the member that holds the token.",
        )
    if members[_SERVER_TYPE] != specification.server_type:
        raise InvalidRequest(
            what,
            f"says another ServerType than the template's {specification.server_type}",
            "Name the secret that belongs to this server type, or correct one of the two.",
        )
    stored = members[_AUTH_TYPE]
    is_read_by_codebuild = specification.auth_type is AuthType.SECRETS_MANAGER
    allowed = _READ_BY_CODEBUILD if is_read_by_codebuild else (specification.auth_type.value,)
    if stored not in allowed:
        raise InvalidRequest(
            what, f"says another AuthType than {' or '.join(allowed)}", "Correct the secret or the template."
        )


def _token(text: str, what: str, specification: Specification, auth_type: str) -> tuple[Token, tuple[str, ...]]:
    """Return the token that a text is, and warnings. A newline at its end is the commonest way a token breaks."""
    token = _strip(text)
    if not token:
        raise InvalidRequest(what, "holds an empty token", "Store the token.")
    return Token(token), check_shape(token, what, server_type=specification.server_type, auth_type=auth_type)


def _username(members: Mapping[str, object] | None, specification: Specification, what: str) -> str:
    if specification.username is not None:
        return _clean_username(specification.username, "Username")
    if specification.username_key is not None:
        return _clean_username(_member(members, specification.username_key, "UsernameKey", what), what)
    if specification.secret_key is None and members is not None and _USERNAME in members:
        return _clean_username(_member(members, _USERNAME, "CodeBuild's format", what), what)
    raise InvalidRequest(
        "Username",
        "is missing: AuthType BASIC_AUTH needs a user name",
        "Set Username, or UsernameKey to the secret's member that holds it.",
    )


def _clean_username(text: str, what: str) -> str:
    """Return the user name without the white space around it.

    It goes before a colon, so it has none: https://www.rfc-editor.org/rfc/rfc7617#section-2
    """
    username = _strip(text)
    if not username:
        raise InvalidRequest(what, "holds an empty user name", "Store the user name.")
    is_quoted = username[0] in "\"'" and username[-1] == username[0]
    is_mask = not any(character.isalnum() for character in username)
    if is_quoted or is_mask or not username.isprintable() or any(part in username for part in (" ", ":", "{{")):
        raise InvalidRequest(
            what,
            "holds a user name with white space, a colon or a reference in it, or in quotation marks, or masked",
            "Store the user name alone.",
        )
    if begins_like_token(username):
        raise InvalidRequest(what, "holds a token where the user name should be", "Name the user name's own member.")
    return username


def _strip(text: str) -> str:
    return text.strip().strip("\ufeff").strip()
