"""The provider's words: what a template asks for, what CodeBuild holds, what a secret gave. Standard library only."""

from dataclasses import dataclass, field
from enum import StrEnum


class ServerType(StrEnum):
    """The source provider, and so the slot: CodeBuild keeps one credential per account, region and server type."""

    GITHUB = "GITHUB"
    GITHUB_ENTERPRISE = "GITHUB_ENTERPRISE"
    BITBUCKET = "BITBUCKET"
    GITLAB = "GITLAB"
    GITLAB_SELF_MANAGED = "GITLAB_SELF_MANAGED"


class AuthType(StrEnum):
    """How CodeBuild authenticates to the source provider. OAUTH cannot be imported, so it is not here."""

    PERSONAL_ACCESS_TOKEN = "PERSONAL_ACCESS_TOKEN"  # noqa: S105 - the name of an auth type, not a password
    BASIC_AUTH = "BASIC_AUTH"
    SECRETS_MANAGER = "SECRETS_MANAGER"
    CODECONNECTIONS = "CODECONNECTIONS"


class Token:
    """What is imported. Only `reveal()` gives its text, so it cannot slip into a log, a format string or a repr."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep `text`, the token itself or, for the auth types that import a reference, the ARN."""
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one call that imports it."""
        return self._text

    def __repr__(self) -> str:
        """Return a mask, whatever the text."""
        return "Token(***)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        """Refuse to be pickled: a pickle would hold the text. Raises TypeError."""
        message = "a Token cannot be pickled or copied"
        raise TypeError(message)

    def __eq__(self, other: object) -> bool:
        """Compare by text."""
        return isinstance(other, Token) and other._text == self._text

    def __hash__(self) -> int:
        """Hash by text."""
        return hash(self._text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """The resource's properties, known to be valid; `source_credential.schema.json` says what each means."""

    server_type: ServerType
    auth_type: AuthType
    secret_id: str | None = None
    secret_key: str | None = None
    secret_version_stage: str | None = None
    secret_version_id: str | None = None
    username: str | None = None
    username_key: str | None = None
    connection_arn: str | None = None
    should_overwrite: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The logical resource of a stack on whose behalf a request is made."""

    stack_id: str
    logical_resource_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One version of a secret, as Secrets Manager returned it. `text` is left out of the repr."""

    arn: str
    version_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection of AWS CodeConnections: its ARN, its status (AVAILABLE, PENDING, ERROR) and its provider type."""

    arn: str
    status: str
    provider_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A source credential as CodeBuild lists it. `auth_type` is text: some that are listed cannot be imported."""

    arn: str
    server_type: str
    auth_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What a Create or Update ended with: the credential's ARN, the token's origin, and what is worth a warning."""

    arn: str
    server_type: ServerType
    auth_type: AuthType
    secret_arn: str | None = None
    secret_version_id: str | None = None
    warnings: tuple[str, ...] = ()
