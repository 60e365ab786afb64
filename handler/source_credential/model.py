"""The provider's words: what a template asks for, what CodeBuild holds, what a secret gave. Standard library only."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

# The physical id of a resource whose Create failed begins with it; the RequestId follows.
_MARKER: Final = "source-credential:create-failed:"


def failed_create_id(request_id: str) -> str:
    """Return the physical id of a resource whose Create failed. Its Delete finds nothing to delete."""
    return f"{_MARKER}{request_id}"


def failed_create_of(physical_resource_id: str) -> str | None:
    """Return the RequestId of the failed Create that a physical id is the marker of; None when it is none."""
    return physical_resource_id.removeprefix(_MARKER) if physical_resource_id.startswith(_MARKER) else None


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
    region: str | None = None
    role_arn: str | None = None
    follow_rotation: bool = True
    verify_token: bool = False
    server_url: str | None = None

    @property
    def leads(self) -> bool:
        """Tell whether CodeBuild is given no token, but is led to a secret or a connection, and reads that itself."""
        return self.auth_type in (AuthType.SECRETS_MANAGER, AuthType.CODECONNECTIONS)

    @property
    def followed_label(self) -> str | None:
        """Return the staging label whose versions are looked at as they come; None when nothing is followed.

        A pinned version needs no following, and a connection has no secret. Of a secret that CodeBuild reads itself a
        new version is not imported, but one that was made anew has another ARN, and that is.
        """
        if self.secret_id is None or not self.follow_rotation or self.secret_version_id is not None:
            return None
        return self.secret_version_stage or "AWSCURRENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The logical resource of a stack on whose behalf a request is made."""

    stack_id: str
    logical_resource_id: str

    @property
    def stack_name(self) -> str:
        """Return the stack's name: its ARN is arn:...:stack/NAME/ID. What is no such ARN is its own name."""
        parts = self.stack_id.split("/")
        return parts[1] if len(parts) > 1 else self.stack_id

    @property
    def account_id(self) -> str | None:
        """Return the account the stack is in: its ARN is arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/ID."""
        return self.place[1]

    def __str__(self) -> str:
        """Return how a person speaks of it."""
        return f"stack {self.stack_name}, logical id {self.logical_resource_id}"

    def as_seen_by(self, reader: "Owner") -> str:
        """Return how it is told to the owner of another resource: with its place, where that is another one."""
        region, account_id = self.place
        is_elsewhere = account_id is not None and self.place != reader.place
        return f"{self}{f', in region {region} of account {account_id}' if is_elsewhere else ''}"

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Return the region and the account the stack is in; None where its id is no ARN."""
        parts = self.stack_id.split(":", 5)
        return (parts[3], parts[4]) if len(parts) > 5 else (None, None)  # noqa: PLR2004 - as an ARN has


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place for one credential. CodeBuild has one per account, region and server type."""

    account_id: str
    region: str
    server_type: ServerType

    def __str__(self) -> str:
        """Return the slot as one string, the table's key."""
        return f"{self.account_id}/{self.region}/{self.server_type}"

    @classmethod
    def parse(cls, text: str) -> "Slot":
        """Return the slot that `str` made the text of. Raises ValueError."""
        account_id, region, server_type = text.split("/")
        return cls(account_id=account_id, region=region, server_type=ServerType(server_type))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A slot and the way to it: the role to assume, or None for the provider's own."""

    slot: Slot
    role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of CloudFormation's.

    wanted: the fingerprint of its properties. provider_account: that of the function CloudFormation has called, where
    the request tells.
    """

    owner: Owner
    request_id: str
    request_type: str
    physical_resource_id: str = ""
    wanted: str = ""
    provider_account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One version of a secret, as Secrets Manager returned it, with its staging labels. The repr is without `text`."""

    arn: str
    version_id: str
    labels: tuple[str, ...] = ()
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection of AWS CodeConnections: its ARN, its status (AVAILABLE, PENDING, ERROR) and its provider type."""

    arn: str
    status: str
    provider_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A source credential as CodeBuild lists it.

    auth_type: text, for some that are listed cannot be imported. resource: the ARN of the connection or the secret that
    it leads to; None for a token.
    """

    arn: str
    server_type: str
    auth_type: str
    resource: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What the provider told of a token. None where it was not told.

    expires_at: ISO 8601, UTC. scopes: in the provider's words. warnings: whole sentences for the stack's owner.
    """

    login: str | None = None
    expires_at: str | None = None
    scopes: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
