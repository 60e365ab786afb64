"""Keeps what is in the slots fresh: rotation and the daily check. Knows no AWS SDK and no Lambda.

Rotation: reconcile, reading the secret afresh. Daily check: compare with CodeBuild and with the secret, for the
metrics, and import anew in any case, for CodeBuild never shows a token. docs/decisions/0006-rotation.md.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from source_credential.errors import InvalidRequest, NotFound, NotStabilized, SourceCredentialError, VersionNotFound
from source_credential.model import Credential, Slot
from source_credential.records import Claim, Record
from source_credential.slots.claims import follows
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Run, Tools, Turn
from source_credential.slots.turns import take_turn
from source_credential.tokens.preparation import Preparation, Prepared

# As long as Secrets Manager, which is eventually consistent, is given to show what it has told of. It takes seconds:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html
_SETTLED_SECONDS: Final = 120.0

# With any of these CodeBuild cannot use what it was led to either.
_BROKEN: Final = (NotFound, NotStabilized, InvalidRequest)


class SecretChange(NamedTuple):
    """What Secrets Manager told: a label of a secret has moved to a version; when, ISO 8601.

    version: empty where it is not told.
    """

    secret: str
    label: str
    time: str
    version: str = ""


class Outcome(StrEnum):
    """What came of a look at a slot."""

    LEFT_ALONE = "LEFT_ALONE"
    UNCHANGED = "UNCHANGED"
    REFRESHED = "REFRESHED"


class Freshened(NamedTuple):
    """What came of a change. is_behind: what was read is older than what was told, so it is to be looked at again."""

    outcome: Outcome
    is_behind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the daily check found and did.

    missing: CodeBuild does not hold a credential of the right kind. stale: it is not known to hold what it should, or
    what it was led to is broken. healed: what was wrong is mended. days_until_expiry: of a token of which the provider
    has told it. failure: why the slot could not be looked into, or not mended.
    """

    missing: bool = False
    stale: bool = False
    healed: bool = False
    days_until_expiry: float | None = None
    failure: SourceCredentialError | None = None


class Freshener:
    """The logic of rotation and of the daily check. Everything it needs of the world comes in through the ports."""

    def __init__(self, *, preparation: Preparation, reconciler: Reconciler, tools: Tools) -> None:
        """Keep what the logic works with."""
        self._preparation = preparation
        self._reconciler = reconciler
        self._tools = tools

    def refresh(self, slot: Slot, run: Run, change: SecretChange) -> Freshened:
        """Import what the followed label of a secret names by now, if the slot's holder follows it.

        The label is read in the turn, so that events that are late, duplicated or out of order lead to the same end.
        Raises ResourceConflict while others are at work at the slot, and another SourceCredentialError when what was in
        the slot is there still, or is marked.
        """
        with take_turn(slot, run, self._tools) as turn:
            record, claim = turn.record, turn.record.top
            if claim is None or not follows(claim, change.secret, change.label):
                return Freshened(self._leave(turn))
            prepared = self._preparation.prepare(claim.specification, claim.owner, claim.target(slot))
            is_in_already = record.known and prepared.is_what_was_imported_for(claim)
            if not is_in_already:
                self._import(turn, claim, prepared)
        outcome = Outcome.UNCHANGED if is_in_already else Outcome.REFRESHED
        return Freshened(outcome, self._is_behind(prepared, change))

    def check(self, slot: Slot, run: Run, *, heal: bool) -> Finding:
        """Compare a slot with the world, and with `heal` import it anew, whatever was found.

        Raises ResourceConflict while others are at work at the slot, and what the table raises.
        """
        with take_turn(slot, run, self._tools) as turn:
            claim = turn.record.top
            if claim is None:
                is_marked = bool(turn.record.marks)
                if heal:
                    self._leave(turn)
                return Finding(stale=is_marked, healed=is_marked and heal)
            found, prepared = self._compare(turn.record, claim)
            if not heal or prepared is None:
                return found
            try:
                self._import(turn, claim, prepared)
            except SourceCredentialError as error:
                return replace(found, failure=error)
            return replace(found, healed=found.missing or found.stale)

    def _compare(self, record: Record, claim: Claim) -> tuple[Finding, Prepared | None]:
        """Return what was found, and what is to be imported; None for the latter when there is a reason against it."""
        target = claim.target(record.slot)
        found = Finding(stale=not record.known, days_until_expiry=self._days_left(claim))
        try:
            credential = self._reconciler.credential_in(target, claim.owner)
        except SourceCredentialError as error:
            return replace(found, failure=error), None
        is_there = credential is not None and credential.auth_type == claim.specification.auth_type
        found = replace(found, missing=not is_there)
        wanting = found.missing or found.stale
        try:
            prepared = self._preparation.prepare_again(claim, target, or_newer=wanting, verify=True)
        except SourceCredentialError as error:
            is_pinned = isinstance(error, VersionNotFound) and claim.specification.followed_label is None
            if is_pinned and not wanting:
                # It is to stay at its version, which is gone, so what is in CodeBuild stays.
                return found, None
            is_broken = isinstance(error, _BROKEN if claim.specification.leads else NotFound)
            return replace(found, stale=found.stale or is_broken, failure=error), None
        if not prepared.is_what_was_imported_for(claim) or _leads_elsewhere(credential, prepared):
            found = replace(found, stale=True)
        return found, prepared

    def _is_behind(self, prepared: Prepared, change: SecretChange) -> bool:
        """Tell whether Secrets Manager has told of a newer version than it gives as yet.

        An old event ends: that of a version which has lost the label since, and any that is minutes old.
        """
        version_id = prepared.secret_version_id
        if version_id is None or change.version in ("", version_id):
            return False
        age = self._tools.clock() - datetime.fromisoformat(change.time).timestamp()
        if age >= _SETTLED_SECONDS:
            return False
        try:
            return self._preparation.may_have_label(prepared.specification, change.version)
        except SourceCredentialError as error:
            self._tools.warn(f"Whether version {change.version} has its label could not be read: {error}")
            return False

    def _leave(self, turn: Turn) -> Outcome:
        """Leave a slot alone, but for what a run that died may have left in it. Raises SourceCredentialError."""
        if turn.record.marks:
            top = turn.record.top
            turn.mark(top.mark if top else next(iter(turn.record.marks)))
            turn.give_back(self._reconciler.reconcile(turn, turn.record))
        return Outcome.LEFT_ALONE

    def _import(self, turn: Turn, claim: Claim, prepared: Prepared) -> None:
        """Import for the holder, and note what was imported. Raises SourceCredentialError."""
        turn.mark(claim.mark)
        turn.give_back(self._reconciler.reconcile(turn, turn.record, prepared=prepared))

    def _days_left(self, claim: Claim) -> float | None:
        """Return the days until the claim's token expires; negative when it has expired."""
        if claim.token_expires_at is None:
            return None
        now = datetime.fromtimestamp(self._tools.clock(), UTC)
        return (datetime.fromisoformat(claim.token_expires_at) - now).total_seconds() / 86400


def _leads_elsewhere(credential: Credential | None, prepared: Prepared) -> bool:
    """Tell whether the credential in CodeBuild leads to another secret or connection than it should.

    A connection's ARN may name the service by its old name or its new one, so the region and what follows counts.
    """
    if credential is None or credential.resource is None or prepared.resource is None:
        return False
    return credential.resource.split(":")[3:] != prepared.resource.split(":")[3:]
