"""Small fakes of the ports. tests/contract holds them against the adapters they stand in for."""

import hashlib
from dataclasses import dataclass, field

from source_credential.errors import AlreadyExists, NotFound, SourceCredentialError
from source_credential.model import AuthType, Connection, Credential, Secret, ServerType, Token

ACCOUNT = "000000000000"
REGION = "us-east-1"
VERSION_ID = "11111111-2222-3333-4444-555555555555"


def secret_arn(name: str) -> str:
    """Return the ARN a secret of that name has here."""
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"


def credential_arn(server_type: str) -> str:
    """Return the ARN CodeBuild gives to a credential of that server type."""
    return f"arn:aws:codebuild:{REGION}:{ACCOUNT}:token/{server_type.lower()}"


@dataclass
class FakeSourceCredentials:
    """CodeBuild's slots in memory: the credential of each, and what was imported into it."""

    slots: dict[str, Credential] = field(default_factory=dict)
    imported: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failure: SourceCredentialError | None = None

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
        if server_type in self.slots and not should_overwrite:
            raise AlreadyExists("ServerType", "is taken", "Overwrite it.")
        arn = credential_arn(server_type)
        self.slots[server_type] = Credential(arn=arn, server_type=server_type, auth_type=auth_type)
        self.imported[server_type] = (hashlib.sha256(token.reveal().encode()).hexdigest(), username)
        return arn

    def delete(self, arn: str) -> None:
        """Empty the slot."""
        self.calls.append("delete")
        self.slots = {slot: credential for slot, credential in self.slots.items() if credential.arn != arn}

    def list_credentials(self) -> list[Credential]:
        """List the slots that are full."""
        self.calls.append("list")
        return list(self.slots.values())


@dataclass
class FakeSecrets:
    """Secrets by name, each a text; every one has the same version."""

    texts: dict[str, str] = field(default_factory=dict)
    reads: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def read(self, secret_id: str, *, version_stage: str | None = None, version_id: str | None = None) -> Secret:
        """Return the secret of that name."""
        self.reads.append((secret_id, version_stage, version_id))
        if secret_id not in self.texts:
            raise NotFound(f"Secret {secret_id}", "does not exist", "Create it.")
        return Secret(arn=secret_arn(secret_id), version_id=version_id or VERSION_ID, text=self.texts[secret_id])


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
