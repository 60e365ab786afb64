"""Keeps what is in the slots fresh: imports what a secret has become, and looks after what has gone missing.

Knows no AWS SDK and no Lambda. What it imports it holds against the table afterwards, as every writer does:
docs/decisions/0005-ownership.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from source_credential.errors import NotStabilized
from source_credential.model import Binding, BindingState, Slot
from source_credential.ports import Bindings, Conflict, Secrets
from source_credential.slots.ownership import new_revision
from source_credential.slots.reconciler import Reconciler
from source_credential.tokens.importing import Import, Importer


class Outcome(StrEnum):
    """What came of a look at a slot."""

    LEFT_ALONE = "LEFT_ALONE"
    UNCHANGED = "UNCHANGED"
    REFRESHED = "REFRESHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a daily look at a slot found. days_until_expiry: of a token of which the provider has told it."""

    slot: Slot
    missing: bool = False
    stale: bool = False
    days_until_expiry: float | None = None


class Refresher:
    """The logic of rotation and of the daily check."""

    def __init__(
        self, *, importer: Importer, bindings: Bindings, secrets: Secrets, warn: Callable[[str], None]
    ) -> None:
        """Keep the ports, and where a sentence goes that an operator should read."""
        self._importer = importer
        self._bindings = bindings
        self._secrets = secrets
        self._warn = warn
        self._reconciler = Reconciler(bindings=bindings, importer=importer, warn=warn)

    def refresh(self, slot: Slot, *, secret_arn: str, label: str, again: bool) -> Outcome:
        """Import what the followed label of a secret names by now, if the slot still follows it.

        The label is read afresh, so that duplicates and reordering converge. again: this was tried before, perhaps by
        a run that died after it had imported, so the slot is put in order in any case.
        Raises SourceCredentialError: what was in the slot is there still.
        """
        standing = self._bindings.get(slot)
        if standing is None or not _follows(standing, secret_arn, label):
            if again and standing is not None:
                self._reconciler.settle(standing.target, standing.owner)
            return Outcome.LEFT_ALONE
        if standing.state is BindingState.IMPORTING:
            raise NotStabilized(
                f"Slot {slot}",
                "is just being imported, perhaps at an older version of the secret",
                "It is looked at again when that is done.",
            )
        prepared = self._importer.prepare(standing.specification, standing.owner, standing.target)
        if prepared.secret_version_id == standing.secret_version_id and not again:
            return Outcome.UNCHANGED
        self._import(standing, prepared)
        return Outcome.REFRESHED

    def check(self, slot: Slot) -> Finding:
        """Compare a binding with the world, reading no secret. Raises SourceCredentialError."""
        standing = self._bindings.get(slot)
        if standing is None:
            return Finding(slot=slot)
        if standing.state is BindingState.DELETING:  # by a Delete that died
            self._reconciler.settle(standing.target, standing.owner)
        if standing.state is not BindingState.ACTIVE:
            return Finding(slot=slot)
        listed = self._importer.auth_type_in(standing.target, standing.owner)
        missing = listed != standing.specification.auth_type
        stale = self._is_stale(standing)
        return Finding(
            slot=slot,
            missing=missing,
            stale=stale,
            days_until_expiry=_days_until(standing.token_expires_at),
        )

    def heal(self, slot: Slot) -> bool:
        """Import again what is to be in the slot; return False when it is nobody's by now.

        Raises SourceCredentialError: what is in the slot is there still.
        """
        standing = self._bindings.get(slot)
        if standing is None or standing.state is not BindingState.ACTIVE:
            return False
        self._import(standing, self._importer.prepare(standing.specification, standing.owner, standing.target))
        return True

    def _is_stale(self, standing: Binding) -> bool:
        label, secret_id = standing.specification.followed_label, standing.specification.secret_id
        if label is None or secret_id is None:
            return False
        return self._secrets.version_of(secret_id, label) != standing.secret_version_id

    def _import(self, standing: Binding, prepared: Import) -> None:
        """Import, and note what was imported; put the slot in order if it has become somebody else's meanwhile."""
        self._warn_of(prepared)
        self._importer.make(prepared)
        same = prepared.secret_version_id == standing.secret_version_id
        refreshed = replace(
            standing,  # with the ARN that CloudFormation knows it by
            revision=new_revision(),
            secret_arn=prepared.secret_arn,
            secret_version_id=prepared.secret_version_id,
            # What was told of a token before is true of the same one still, when the provider does not answer.
            token_login=prepared.facts.login or (standing.token_login if same else None),
            token_expires_at=prepared.facts.expires_at or (standing.token_expires_at if same else None),
        )
        try:
            self._bindings.replace(standing, refreshed)
        except Conflict:
            self._reconciler.settle(standing.target, standing.owner)

    def _warn_of(self, prepared: Import) -> None:
        for warning in prepared.warnings:
            self._warn(f"Slot {prepared.target.slot}: {warning}")


def _follows(standing: Binding, secret_arn: str, label: str) -> bool:
    return (
        standing.state is not BindingState.DELETING
        and standing.secret_arn == secret_arn
        and standing.specification.followed_label == label
    )


def _days_until(expires_at: str | None) -> float | None:
    """Return the days until a time in ISO 8601; negative when it has passed."""
    if expires_at is None:
        return None
    return (datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds() / 86400
