"""Makes CodeBuild hold what the top claim of a slot says, for every cause alike.

An import ends as done, as surely not, or as maybe: a call that AWS did not answer may have had its effect, and what AWS
says to the next attempt ("already exists", "throttled") does not tell. The turn keeps note of it.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from source_credential.errors import PASSING, OutOfTime, SourceCredentialError, Unanswered
from source_credential.model import AuthType, Credential, Owner, Target
from source_credential.ports import SourceCredentials, Targets
from source_credential.records import Claim, Record
from source_credential.slots.turn import Turn
from source_credential.tokens.preparation import Preparation, Prepared

_ATTEMPTS: Final = 4
_BACKOFF_SECONDS: Final = 0.25

# What cannot be imported was made in the console, and nobody could bring it back: OAUTH.
_IMPORTABLE: Final = frozenset(auth_type.value for auth_type in AuthType)

Result = TypeVar("Result")


class Reconciler:
    """Imports, empties slots, and looks into them; only in a turn of the slot."""

    def __init__(
        self,
        *,
        targets: Targets,
        preparation: Preparation,
        sleep: Callable[[float], None],
        warn: Callable[[str], None],
    ) -> None:
        """Keep the ports, and where a sentence goes that an operator should read."""
        self._targets = targets
        self._preparation = preparation
        self._sleep = sleep
        self._warn = warn

    def reconcile(
        self,
        turn: Turn,
        record: Record,
        *,
        prepared: Prepared | None = None,
        overwrite: bool = True,
        may_empty: bool = False,
    ) -> Record:
        """Make CodeBuild hold what the top claim of a record says, and return the record that is then true.

        There is nothing to do if it is known to. Without a claim the slot is emptied, unless it may hold a credential
        that nobody manages. The turn must be marked. prepared: this is imported for the top claim, in any case; it is
        read here when it is not given. overwrite: also when CodeBuild holds a credential. may_empty: the slot is
        emptied also when the top claim cannot be imported, for it must not keep another one from going; the claim
        stays. Raises SourceCredentialError: what may pass, and without `may_empty` what does not; `turn.touched` tells
        whether CodeBuild may have been changed all the same.
        """
        claim = record.top
        if claim is not None and (prepared is not None or not record.known):
            try:
                prepared = prepared or self._preparation.prepare_again(claim, claim.target(record.slot))
                claim = self._put(turn, claim, prepared, overwrite=overwrite)
            except PASSING:
                raise
            except SourceCredentialError as error:
                if not may_empty:
                    raise
                self._warn(f"Slot {record.slot} is not in CodeBuild for {claim.owner}, who holds it now: {error}")
            else:
                return replace(record, claims=(*record.claims[:-1], claim), in_codebuild=True, marks=frozenset())
        elif claim is not None:
            return record
        if turn.spare:
            self._warn(f"Slot {record.slot} is left as it is: it may hold a credential that nobody manages")
        elif turn.suspect:
            self._empty(turn)
        return replace(record, in_codebuild=False, marks=frozenset())

    def credential_in(self, target: Target, owner: Owner) -> Credential | None:
        """Return the credential in the slot; None when it is empty. Raises SourceCredentialError."""
        credentials = self._targets.source_credentials(target, owner)
        listed = self._try_again(credentials.list_credentials)
        return next((info for info in listed if info.server_type == target.slot.server_type), None)

    def _put(self, turn: Turn, claim: Claim, prepared: Prepared, *, overwrite: bool) -> Claim:
        """Import for a claim, and return the claim with what it has in CodeBuild now. Raises SourceCredentialError."""
        for warning in prepared.warnings:
            self._warn(f"Slot {turn.record.slot}: {warning}")
        arn = self._import(turn, prepared, overwrite=overwrite)
        same = prepared.secret_version_id == claim.secret_version_id
        return replace(
            claim,
            arn=claim.arn or arn,  # CloudFormation goes on to know it by the first one
            secret_arn=prepared.secret_arn,
            secret_version_id=prepared.secret_version_id,
            # What was told of a token before is true of the same one still, when the provider does not answer.
            token_login=prepared.facts.login or (claim.token_login if same else None),
            token_expires_at=prepared.facts.expires_at or (claim.token_expires_at if same else None),
        )

    def _import(self, turn: Turn, prepared: Prepared, *, overwrite: bool) -> str:
        """Import, in several attempts, and return the ARN. After an unanswered one, what is there may be its own."""
        credentials = self._targets.source_credentials(prepared.target, prepared.owner)
        before, unanswered = turn.touched, False

        def attempt() -> str:
            nonlocal unanswered
            turn.check_time()
            turn.touched = True
            try:
                return credentials.import_credential(
                    server_type=prepared.specification.server_type,
                    auth_type=prepared.specification.auth_type,
                    token=prepared.token,
                    username=prepared.username,
                    should_overwrite=overwrite or unanswered,
                )
            except Unanswered:
                unanswered = True
                raise
            except SourceCredentialError:
                turn.touched = before or unanswered
                raise

        arn = self._try_again(attempt)
        turn.overwrote = True
        return arn

    def _empty(self, turn: Turn) -> None:
        """Empty the slot, by the role of one mark or another: some may be gone. Raises SourceCredentialError."""
        failures = []
        for target, owner in turn.ways:
            try:
                self._empty_by(turn, target, owner)
            except PASSING:
                raise
            except SourceCredentialError as error:
                failures.append(error)
            else:
                return
        raise failures[0]

    def _empty_by(self, turn: Turn, target: Target, owner: Owner) -> None:
        """Delete the credential in the slot, unless it is visibly somebody's. Raises SourceCredentialError."""
        credentials = self._targets.source_credentials(target, owner)
        for credential in self._try_again(credentials.list_credentials):
            if credential.server_type == turn.record.slot.server_type and credential.auth_type in _IMPORTABLE:
                self._try_again(lambda arn=credential.arn: self._delete(turn, credentials, arn))  # type: ignore[misc]

    def _delete(self, turn: Turn, credentials: SourceCredentials, arn: str) -> None:
        turn.check_time()
        turn.touched = True
        credentials.delete(arn)

    def _try_again(self, operation: Callable[[], Result]) -> Result:
        """Return what a call returns; try what may pass again, with growing pauses. Raises SourceCredentialError."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return operation()
            except OutOfTime:
                raise
            except PASSING:
                pause = _BACKOFF_SECONDS * 2**attempt
                self._sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
        return operation()
