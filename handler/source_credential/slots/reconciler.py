"""Makes CodeBuild hold what the table says, whatever happened in between.

CodeBuild has no conditional import, so no lock could keep a slow process from importing after it lost the slot. Instead
whoever has written to CodeBuild looks at the table afterwards, and if that has moved on, writes again what it says now.
The last writer thus always leaves what the table says: docs/decisions/0005-ownership.md.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from typing import Final

from source_credential.errors import ServiceInternalError, SourceCredentialError, Throttling
from source_credential.model import Binding, BindingState, Owner, Request, Slot, Target
from source_credential.ports import Bindings, Conflict
from source_credential.slots.ownership import renewed
from source_credential.tokens.importing import Import, Importer

_ROUNDS: Final = 10
_EMPTY: Final = "empty"


class Wrote(Enum):
    """Whether a request has written to CodeBuild."""

    NOTHING = auto()
    MAYBE = auto()
    SURELY = auto()


class Reconciler:
    """Settles slots, and takes claims back."""

    def __init__(self, *, bindings: Bindings, importer: Importer, warn: Callable[[str], None]) -> None:
        """Keep the table, what imports, and where a sentence goes that an operator should read."""
        self._bindings = bindings
        self._importer = importer
        self._warn = warn

    def settle(self, target: Target, owner: Owner, *, spare_unmanaged: bool = False) -> None:
        """Make the slot hold what the table says, after something else may have been written to it.

        owner: on whose behalf the slot is emptied when it is nobody's. spare_unmanaged: what stands in a slot that is
        nobody's may be somebody's all the same, so leave it. Raises SourceCredentialError.
        """
        written = None  # what this call has written last: a binding's revision, or that the slot is empty
        for _ in range(_ROUNDS):
            standing = self._bindings.get(target.slot)
            if standing is None:
                if written == _EMPTY or (written is None and spare_unmanaged):
                    return
                self._importer.empty(target, owner)
                written = _EMPTY
            elif standing.state is BindingState.DELETING:
                written = self._finish_deleting(standing)
            elif standing.revision == written:
                return
            elif standing.state is BindingState.IMPORTING:
                # Its request has yet to activate it; by the new revision it will know that it must import once more.
                with suppress(Conflict):
                    self._bindings.replace(standing, renewed(standing))
                    return
            else:
                self._importer.make(self._importer.prepare_again(standing))
                written = standing.revision
        raise too_busy(target.slot)

    def withdraw(self, request: Request, target: Target, *, wrote: Wrote, adopted: bool) -> None:
        """Take the claim of a request back, if it stands, and settle the slot if the request may have written to it.

        adopted: when it was claimed the slot held a credential that nobody manages. Raises SourceCredentialError.
        """
        claim = self._give_back(request, target.slot)
        before = claim.before if claim else None
        if claim is not None and claim.disturbed:
            wrote = Wrote.SURELY  # by somebody else, who relied on this request's import
        deleting = before is not None and before.state is BindingState.DELETING
        if wrote is not Wrote.NOTHING or deleting:
            # Not known to have been overwritten: better left than lost.
            self.settle(target, request.owner, spare_unmanaged=adopted and wrote is Wrote.MAYBE)

    def _give_back(self, request: Request, slot: Slot) -> Binding | None:
        """Put back what stood before a request's claim, if the claim stands; return the claim."""
        for _ in range(_ROUNDS):
            standing = self._bindings.get(slot)
            if standing is None or not is_import_of(standing, request):
                return None
            try:
                self._bindings.replace(standing, standing.before)
            except Conflict:
                continue
            return standing
        raise too_busy(slot)

    def _finish_deleting(self, deleting: Binding) -> str:
        """Give the slot back to its former holder, or empty it; return what was written."""
        former, prepared = self._former_holder(deleting)
        if former is None or prepared is None:
            self._importer.empty(deleting.target, deleting.owner)
            written, successor = _EMPTY, None
        else:
            self._importer.make(prepared)
            successor = replace(renewed(former), secret_version_id=prepared.secret_version_id)
            written = successor.revision
        try:
            self._bindings.replace(deleting, successor)
        except Conflict:
            return ""  # somebody has taken the slot meanwhile; what was written here may have overwritten theirs
        return written

    def _former_holder(self, deleting: Binding) -> tuple[Binding | None, Import | None]:
        """Return the last former holder whose credential can be imported again, with that import."""
        former = deleting.before
        while former is not None:
            try:
                # What follows its secret has the version that it would have by now.
                followed = former.specification.followed_label is not None
                return former, self._importer.prepare_again(
                    replace(former, secret_version_id=None) if followed else former
                )
            except (ServiceInternalError, Throttling):
                raise  # it may be there all the same, so the Delete is to be sent again
            except SourceCredentialError as error:
                self._warn(f"Slot {former.slot} does not go back to {former.owner}: {error}")
            former = former.before
        return None, None


def is_import_of(standing: Binding, request: Request) -> bool:
    """Tell whether the binding is the request's claim, of which the import has not ended."""
    return standing.state is BindingState.IMPORTING and standing.request_id == request.request_id


def too_busy(slot: Slot) -> SourceCredentialError:
    """Return the exception for a slot that would not keep still."""
    return ServiceInternalError(
        f"Slot {slot}",
        "is being changed by so many requests at once that this one gave up",
        "Deploy again when the others are done.",
    )
