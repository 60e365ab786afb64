"""Small fakes of the ports. tests/local holds that of CodeBuild against the adapter it stands in for."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, NoReturn

from source_credential.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    SourceCredentialError,
    TokenRefused,
    Unanswered,
    VersionNotFound,
)
from source_credential.model import AuthType, Connection, Credential, Secret, ServerType, Token, TokenFacts

ACCOUNT = "000000000000"
REGION = "us-east-1"
VERSION_ID = "11111111-2222-3333-4444-555555555555"
V2, V3 = "22222222-3333-4444-5555-666666666666", "33333333-4444-5555-6666-777777777777"
CONNECTION_ARN = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/aaaa-bbbb"
UNANSWERED = Unanswered("CodeBuild", "got no answer", "Again.")


def secret_arn(name: str) -> str:
    """Return the ARN a secret of that name has here."""
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


def credential_arn(server_type: str, *, region: str = REGION, account_id: str = ACCOUNT) -> str:
    """Return the ARN CodeBuild gives to a credential of that server type."""
    return f"arn:aws:codebuild:{region}:{account_id}:token/{server_type.lower()}"


ARN = credential_arn("GITHUB")


def raising(error: Exception) -> Callable[..., NoReturn]:
    """Return what raises an error, whatever it is called with."""

    def fail(*_: object) -> NoReturn:
        raise error

    return fail


@dataclass
class FakeSourceCredentials:
    """CodeBuild's slots of an account and region in memory: the credential of each, and what was imported into it."""

    region: str = REGION
    account_id: str = ACCOUNT
    slots: dict[str, Credential] = field(default_factory=dict)
    imported: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failure: SourceCredentialError | None = None
    delete_failure: SourceCredentialError | None = None
    refused: ClassVar[set[str]] = set()

    def import_credential(
        self,
        *,
        server_type: ServerType,
        auth_type: AuthType,
        token: Token,
        username: str | None,
        should_overwrite: bool,
    ) -> str:
        """Fill the slot."""
        self.calls.append("import")
        if self.failure:
            raise self.failure
        if token.reveal() in self.refused:
            raise InvalidRequest("ServerType", "is refused", "Correct it.")
        if server_type in self.slots and not should_overwrite:
            raise AlreadyExists("ServerType", "is taken", "Overwrite it.")
        arn = credential_arn(server_type, region=self.region, account_id=self.account_id)
        leads = auth_type in (AuthType.SECRETS_MANAGER, AuthType.CODECONNECTIONS)
        resource = token.reveal() if leads else None
        self.slots[server_type] = Credential(arn=arn, server_type=server_type, auth_type=auth_type, resource=resource)
        self.imported[server_type] = (hashlib.sha256(token.reveal().encode()).hexdigest(), username)
        return arn

    def delete(self, arn: str) -> None:
        """Empty the slot."""
        self.calls.append("delete")
        if self.delete_failure:
            raise self.delete_failure
        self.slots = {slot: credential for slot, credential in self.slots.items() if credential.arn != arn}

    def list_credentials(self) -> list[Credential]:
        """List the slots that are full."""
        self.calls.append("list")
        return list(self.slots.values())


@dataclass
class FakeSecrets:
    """Secrets by name, each a text, which is that of every version but those that were added.

    A label that was not moved names the first version; one that was moved to None names none. arns: of secrets that
    have another one than `secret_arn` tells.
    """

    texts: dict[str, str] = field(default_factory=dict)
    versions: dict[tuple[str, str], str] = field(default_factory=dict)
    labels: dict[tuple[str, str], str | None] = field(default_factory=dict)
    gone_versions: set[str] = field(default_factory=set)
    arns: dict[str, str] = field(default_factory=dict)
    reads: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def add(self, name: str, version_id: str, text: str, label: str = "AWSCURRENT") -> None:
        """Give a secret another version, and move the label to it."""
        self.versions[name, version_id] = text
        self.labels[name, label] = version_id

    def read(self, secret_id: str, *, version_stage: str | None = None, version_id: str | None = None) -> Secret:
        """Return the secret of that name."""
        self.reads.append((secret_id, version_stage, version_id))
        version_id = version_id or self.version_of(secret_id, version_stage or "AWSCURRENT")
        if secret_id not in self.texts:
            raise NotFound(f"Secret {secret_id}", "does not exist", "Create it.")
        if version_id is None or version_id in self.gone_versions:
            raise VersionNotFound(f"Secret {secret_id}", f"has no version {version_id}", "Name another one.")
        text = self.versions.get((secret_id, version_id), self.texts[secret_id])
        labels = tuple(label for label in self._labels_of(secret_id) if self.version_of(secret_id, label) == version_id)
        arn = self.arns.get(secret_id, secret_arn(secret_id))
        return Secret(arn=arn, version_id=version_id, labels=labels, text=text)

    def _labels_of(self, secret_id: str) -> set[str]:
        return {"AWSCURRENT"} | {label for name, label in self.labels if name == secret_id}

    def version_of(self, secret_id: str, label: str) -> str | None:
        """Return the version that the label names."""
        if secret_id not in self.texts:
            raise NotFound(f"Secret {secret_id}", "does not exist", "Create it.")
        return self.labels.get((secret_id, label), VERSION_ID)


@dataclass
class FakeTokenCheck:
    """A Git provider that knows the same of every token, but refuses some of them."""

    facts: TokenFacts = field(default_factory=TokenFacts)
    refused: set[str] = field(default_factory=set)
    asked: list[tuple[ServerType, Token, str | None, str | None]] = field(default_factory=list)

    def check(
        self, *, server_type: ServerType, token: Token, username: str | None, server_url: str | None
    ) -> TokenFacts:
        """Return what is known of the token."""
        self.asked.append((server_type, token, username, server_url))
        if token.reveal() in self.refused:
            raise TokenRefused("Token", "is not valid", "Make a new one.")
        return self.facts


@dataclass
class FakeConnections:
    """Connections by ARN: status and provider type."""

    connections: dict[str, tuple[str, str]] = field(default_factory=dict)

    def get(self, connection_arn: str) -> Connection:
        """Return the connection of that ARN."""
        if connection_arn not in self.connections:
            raise NotFound(f"Connection {connection_arn}", "does not exist", "Create it.")
        status, provider_type = self.connections[connection_arn]
        return Connection(arn=connection_arn, status=status, provider_type=provider_type)
