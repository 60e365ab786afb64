"""What the provisioner needs from the world, as Protocols. The adapters fulfil them; so do the tests' fakes."""

from collections.abc import Iterator
from typing import Protocol

from source_credential.model import (
    AuthType,
    Begun,
    Binding,
    Connection,
    Credential,
    Owner,
    Request,
    RequestRecord,
    Secret,
    ServerType,
    Slot,
    Target,
    Token,
    TokenFacts,
)


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

    def version_of(self, secret_id: str, label: str) -> str | None:
        """Return the id of the version that has a label, without reading it. Raises SourceCredentialError."""
        ...


class TokenCheck(Protocol):
    """The Git providers, asked about a token."""

    def check(
        self, *, server_type: ServerType, token: Token, username: str | None, server_url: str | None
    ) -> TokenFacts:
        """Return what the provider tells of the token. Raises TokenRefused, and InvalidRequest for a bad ServerUrl."""
        ...


class Connections(Protocol):
    """AWS CodeConnections."""

    def get(self, connection_arn: str) -> Connection:
        """Return the connection. Raises SourceCredentialError."""
        ...


class Targets(Protocol):
    """The accounts and regions to import into, by the properties Region and RoleArn."""

    @property
    def account_id(self) -> str:
        """Return the provider's own account."""
        ...

    @property
    def region(self) -> str:
        """Return the provider's own region."""
        ...

    def source_credentials(self, target: Target, owner: Owner) -> SourceCredentials:
        """Return CodeBuild's source credentials at the target, on the owner's behalf. Raises SourceCredentialError."""
        ...

    def connections(self, target: Target, owner: Owner) -> Connections:
        """Return CodeConnections as the target's role sees them. Raises SourceCredentialError."""
        ...


class Conflict(Exception):
    """A conditional write found something else than its condition says: somebody was faster."""


class Bindings(Protocol):
    """The record of who owns which slot. Every method may raise SourceCredentialError; every write is conditional."""

    def get(self, slot: Slot) -> Binding | None:
        """Return what is to be in the slot, as of now."""
        ...

    def slots_of(self, owner: Owner) -> list[Slot]:
        """Return the slots that the owner holds, as of a moment ago."""
        ...

    def followers(self, secret_arn: str) -> Iterator[Slot]:
        """Yield the slots that follow a secret, as of a moment ago."""
        ...

    def slots(self) -> Iterator[Slot]:
        """Yield every slot there is, as of a moment ago."""
        ...

    def claim(self, binding: Binding, *, over: Binding | None, request: Request) -> None:
        """Put the binding in place of `over`, and note that the request may now write to CodeBuild: both or neither.

        Raises Conflict when `over` has changed, or the request has ended.
        """
        ...

    def activate(self, binding: Binding, record: RequestRecord) -> None:
        """Put the binding, of which the revision must stand and be IMPORTING, and end its request: both or neither.

        Raises Conflict.
        """
        ...

    def replace(self, standing: Binding, successor: Binding | None) -> None:
        """Put the successor, or nothing, where `standing` must still be. Raises Conflict."""
        ...


class Requests(Protocol):
    """The memory of requests. Every method may raise SourceCredentialError."""

    def begin(self, request: Request, *, target: Target | None, expected: bool) -> Begun:
        """Return the record of the request, made now if there is none, and what earlier ones left unfinished.

        A new request cancels every earlier one of its owner that has not ended. One that a Delete has overtaken is
        CANCELLED from the start. expected: false for a Delete whose id was never given, so whose Create may yet come.
        """
        ...

    def recall(self, request: Request) -> RequestRecord:
        """Return the record of a request that has begun, as of now."""
        ...

    def knows(self, owner: Owner, request_id: str) -> bool:
        """Tell whether a request of that owner is remembered."""
        ...

    def end(self, record: RequestRecord, *, settled: bool = True) -> RequestRecord:
        """Remember how a request ended, unless it has ended already; return the record that stands.

        settled: false while what the request may have written to CodeBuild has not been held against the table.
        """
        ...

    def settle(self, request: Request, *, withdrawn: bool = False) -> None:
        """Remember that nothing is unsettled; or with `withdrawn`, that somebody else has taken back what there was."""
        ...

    def of_owner(self, owner: Owner) -> list[RequestRecord]:
        """Return all that is remembered of an owner, the oldest first."""
        ...
