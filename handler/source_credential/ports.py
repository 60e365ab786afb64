"""What the rooms need from the world, as Protocols. The adapters fulfil them; so do the tests' fakes."""

from collections.abc import Iterator
from typing import Protocol

from source_credential.model import (
    AuthType,
    Connection,
    Credential,
    Owner,
    Request,
    Secret,
    ServerType,
    Slot,
    Target,
    Token,
    TokenFacts,
)
from source_credential.records import Answer, Change, Ending, Mark, Recollection, Record


class SourceCredentials(Protocol):
    """CodeBuild's source credentials in one account and region. Every call is a single attempt."""

    def import_credential(
        self,
        *,
        server_type: ServerType,
        auth_type: AuthType,
        token: Token,
        username: str | None,
        should_overwrite: bool,
    ) -> str:
        """Import a credential and return the ARN CodeBuild gave it.

        Raises Unanswered when it may have been imported all the same, and another SourceCredentialError when not.
        """
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
    """A conditional write found something else than its condition says."""


class SlotTable(Protocol):
    """The records of slots. Each write is all or nothing. Every method may raise SourceCredentialError."""

    def look(self, slot: Slot) -> Record:
        """Return what is known of a slot."""
        ...

    def take_turn(self, slot: Slot, turn_id: str, *, until: float, free_if_ended_before: float) -> Record:
        """Take the turn of a slot and return its record; times are seconds since 1970.

        Raises Conflict when somebody else has it, and its term has not ended before the time that is given.
        """
        ...

    def mark(
        self, slot: Slot, mark: Mark, *, turn_ids: tuple[str, ...], next_turn_id: str, begun: Change | None
    ) -> None:
        """Note that CodeBuild is about to be written to; the turn, which has one of these ids, has another one then.

        begun: what changes of the resource of the mark's owner. Raises Conflict when the turn is lost.
        """
        ...

    def give_back(
        self, record: Record, *, turn_ids: tuple[str, ...], cleared: frozenset[Mark], ending: Ending | None
    ) -> None:
        """Write the record, clear marks, end a request and give the turn back: all or nothing.

        Raises Conflict when the turn is lost, or the request has been answered.
        """
        ...

    def was_given_back(self, slot: Slot, turn_ids: tuple[str, ...]) -> bool:
        """Tell whether the turn with one of these ids was the last one to be given back."""
        ...

    def set_mark(self, slot: Slot, mark: Mark) -> None:
        """Set a mark, whoever has the turn."""
        ...

    def followers(self, secret_arn: str) -> Iterator[Slot]:
        """Yield the slots that follow a secret, as of a moment ago."""
        ...

    def slots(self) -> Iterator[Slot]:
        """Yield every slot at which there may be something to look after, as of a moment ago."""
        ...


class Answers(Protocol):
    """The memory of requests and their resources. Every method may raise SourceCredentialError."""

    def recall(self, request: Request) -> Recollection:
        """Return what is remembered of a request and its resource, as of now."""
        ...

    def remember(self, request: Request, answer: Answer, change: Change | None = None) -> Answer:
        """Remember an answer, and what changes with it, unless there is one already; return the one that stands."""
        ...

    def note(self, owner: Owner, change: Change) -> None:
        """Change what is remembered of a resource."""
        ...

    def awaits_delete(self, owner: Owner) -> bool:
        """Tell whether the owner's last request that was answered is a Create that is not late."""
        ...
