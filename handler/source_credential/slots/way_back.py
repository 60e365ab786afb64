"""The way back from an Update that failed or was given up. It never fails where nothing was changed."""

from dataclasses import replace

from source_credential.errors import PASSING, SourceCredentialError
from source_credential.model import Request, Slot, Target
from source_credential.records import Claim, Mark, Record
from source_credential.slots.claims import needs_no_writing, take_away
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Run, Tools, Turn
from source_credential.slots.turns import take_turn
from source_credential.tokens.preparation import Prepared


def not_in_order(slot: Slot, error: SourceCredentialError) -> str:
    """Return the sentence for an operator about a slot that is left with a mark."""
    return f"Slot {slot} could not be put in order, and is marked: {error}"


def is_kept(record: Record, claim: Claim, prepared: Prepared | SourceCredentialError) -> bool:
    """Tell whether what is asked for, which the claim says already, needs no import.

    It is covered, or known to be in CodeBuild; or it cannot be imported, and no request of the resource has begun to.
    """
    if claim is not record.top or record.known:
        return True
    changed = any(mark.request_id for mark in record.marks if mark.owner == claim.owner)
    return isinstance(prepared, SourceCredentialError) and not changed


def clear_other_slot(request: Request, old: Target, run: Run, tools: Tools, reconciler: Reconciler) -> None:
    """Take away what an Update left in another slot that CloudFormation has given up, and now rolls back.

    Its answer never arrived, so the claim there has another ARN than CloudFormation knows the resource by.
    """

    def left(claim: Claim) -> bool:
        return claim.owner == request.owner and claim.arn != request.physical_resource_id

    try:
        before = tools.table.look(old.slot)
        if take_away(before, left) == before and needs_no_writing(before, before, request.owner):
            return
        if tools.answers.recall(request).answer is not None:
            return
        with take_turn(old.slot, run, tools) as turn:
            record = take_away(turn.record, left)
            if not needs_no_writing(turn.record, record, request.owner):
                record = _cleared(turn, record, Mark(owner=request.owner, role_arn=old.role_arn), tools, reconciler)
            turn.give_back(record)
    except SourceCredentialError as error:
        tools.warn(f"Slot {old.slot}, of an update that is rolled back, could not be put in order: {error}")


def _cleared(turn: Turn, record: Record, mark: Mark, tools: Tools, reconciler: Reconciler) -> Record:
    """Make CodeBuild hold what is left; if that fails for now, the claim goes all the same, and the mark stays.

    Raises SourceCredentialError for what does not pass: then the claim stays. A mark by a role that is gone would keep
    the resource from being deleted.
    """
    turn.mark(mark)
    try:
        return reconciler.reconcile(turn, record, may_empty=True)
    except PASSING as error:
        tools.warn(not_in_order(record.slot, error))
        turn.touched = True
        return replace(record, marks=turn.as_it_was.marks)
