"""What the provisioner needs from the world, as Protocols. The adapters fulfil them; so do the tests' fakes."""

from typing import Protocol

from source_credential.model import AuthType, Connection, Credential, Secret, ServerType, Token


class SourceCredentials(Protocol):
    """CodeBuild's source credentials in one account and region."""

    def import_credential(
        self,
        *,
        server_type: ServerType,
        auth_type: AuthType,
        token: Token,
        username: str | None,
        should_overwrite: bool,
    ) -> str:
        """Import a credential and return the ARN CodeBuild gave it. Raises SourceCredentialError."""
        ...

    def delete(self, arn: str) -> None:
        """Delete the credential; one that is gone already is a success. Raises SourceCredentialError."""
        ...

    def list_credentials(self) -> list[Credential]:
        """Return every credential of the account and region. Raises SourceCredentialError."""
        ...


class Secrets(Protocol):
    """Secrets Manager."""

    def read(self, secret_id: str, *, version_stage: str | None = None, version_id: str | None = None) -> Secret:
        """Return one version of a secret (AWSCURRENT when neither is given). Raises SourceCredentialError."""
        ...


class Connections(Protocol):
    """AWS CodeConnections."""

    def get(self, connection_arn: str) -> Connection:
        """Return the connection. Raises SourceCredentialError."""
        ...
