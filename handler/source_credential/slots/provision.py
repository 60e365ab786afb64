"""What a Create and an Update do: put my claim on top, if ShouldOverwrite lets me, and reconcile.

If that fails, what was there is put back. Knows no AWS SDK and no Lambda. docs/decisions/0005-ownership.md.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from source_credential.errors import InvalidRequest, SourceCredentialError
from source_credential.model import Request, Specification, Target
from source_credential.records import Answer, Change, Claim, Ending, Mark, Record, Resource, begun_of
from source_credential.slots.claims import (
    check_may_take,
    claim_of,
    overtaken,
    put_on_top,
    standing_claim,
)
from source_credential.slots.earlier import end_deletes, end_earlier
from source_credential.slots.patience import with_patience
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Run, Tools, Turn
from source_credential.slots.turns import take_turn
from source_credential.slots.way_back import clear_other_slot, is_kept, not_in_order
from source_credential.tokens.preparation import Preparation, Prepared

_KEPT: Final = "What is asked for is what the resource has, so it is kept, though it cannot be imported anew:"


class Provisioner:
    """The logic of Create and Update. Everything it needs of the world comes in through the ports."""

    def __init__(self, *, preparation: Preparation, reconciler: Reconciler, tools: Tools) -> None:
        """Keep what the logic works with."""
        self._preparation = preparation
        self._reconciler = reconciler
        self._tools = tools

    def create(self, request: Request, specification: Specification, run: Run) -> Answer:
        """Import the credential that is asked for, and remember the answer.

        Raises SourceCredentialError: nothing of the request is left, or it is marked for whoever comes next.
        """

        def attempt() -> Answer:
            target = self._preparation.target(specification)
            prepared = self._prepare(specification, request, target)
            with take_turn(target.slot, run, self._tools) as turn:
                return self._provide(turn, request, prepared)

        return with_patience(attempt, run, self._tools)

    def update(self, request: Request, specification: Specification, old: Specification | None, run: Run) -> Answer:
        """Import the credential anew; another ARN than the request's makes CloudFormation delete the old one.

        What the resource has already, as on the way back from an Update that failed, is a success though its secret
        cannot be read. old: what the old properties ask for, where they make sense. Raises as `create` does.
        """
        return with_patience(lambda: self._update(request, specification, old, run), run, self._tools)

    def _update(self, request: Request, specification: Specification, old: Specification | None, run: Run) -> Answer:
        target = self._preparation.target(specification)
        prepared: Prepared | SourceCredentialError
        try:
            prepared = self._prepare(specification, request, target)
        except SourceCredentialError as error:
            prepared = error
        other = self._preparation.target(old) if old is not None else target
        if other.slot != target.slot:
            clear_other_slot(request, other, run, self._tools, self._reconciler)
            if standing_claim(self._tools.table.look(target.slot), request) is None:
                # So that a later request, which does not come by this slot, ends this one. A way back is the later one.
                begun = Resource(begun=frozenset({begun_of(request)}))
                self._tools.answers.note(request.owner, Change(added=begun, lasts=None))
        with take_turn(target.slot, run, self._tools) as turn:
            return self._provide(turn, request, prepared)

    def _prepare(self, specification: Specification, request: Request, target: Target) -> Prepared:
        _check_account(specification, request)
        return self._preparation.prepare(specification, request.owner, target)

    def _provide(self, turn: Turn, request: Request, prepared: Prepared | SourceCredentialError) -> Answer:
        remembered = self._tools.answers.recall(request)
        if remembered.answer is not None:  # by a duplicate that was faster
            return remembered.answer
        self._check_not_given_up(request, remembered.resource)
        end_earlier(self._tools.answers, request, remembered.resource)
        standing = standing_claim(turn.record, request)
        if standing is not None and request.request_type == "Update" and is_kept(turn.record, standing, prepared):
            if isinstance(prepared, SourceCredentialError):
                self._tools.warn(f"{_KEPT} {prepared}")
            record = self._in_order(turn, standing) if turn.record.marks else turn.record
            return self._end(turn, record, request, standing, remembered.resource)
        if isinstance(prepared, SourceCredentialError):
            raise prepared
        return self._take(turn, request, prepared, remembered.resource)

    def _check_not_given_up(self, request: Request, resource: Resource) -> None:
        """Check that no Delete has come that means what this request would make. Raises Overtaken."""
        until = resource.late_create_until
        if request.request_type == "Create" and until is not None and self._tools.clock() <= until:
            raise overtaken()
        if request.request_type == "Update" and request.physical_resource_id in resource.gone:
            raise overtaken()

    def _take(self, turn: Turn, request: Request, prepared: Prepared, resource: Resource) -> Answer:
        """Put the claim on top, and make it true. Raises SourceCredentialError after putting back what was there."""
        record, specification, owner = turn.record, prepared.specification, request.owner
        found = self._unmanaged(turn, prepared)
        check_may_take(specification, owner, record=record, found=found)
        own = claim_of(record, owner)
        claim = Claim(
            owner=owner,
            specification=specification,
            fingerprint=request.wanted,
            request_id=request.request_id,
            since=own.since if own else _now(self._tools.clock()),
        )
        # False is passed on only where it can be refused: what this stack has, or a dead run of its, is overwritten.
        overwrite = specification.should_overwrite is not False or turn.suspect or bool(record.claims)
        mark = replace(claim, secret_arn=prepared.secret_arn).mark
        noted = Change(added=Resource(slots=frozenset({record.slot}), begun=frozenset({begun_of(request)})))
        try:
            turn.mark(replace(mark, request_id=request.request_id, spare=found is not None), noted)
            # A rotation finds the slot by the mark. So one that comes later waits for this turn to end, and one that
            # came earlier is in what is read once more.
            prepared = self._preparation.reread(prepared) if mark.followed else prepared
            record = put_on_top(record, claim)
            record = self._reconciler.reconcile(turn, record, prepared=prepared, overwrite=overwrite)
            return self._end(turn, record, request, record.claims[-1], resource)
        except SourceCredentialError:
            self._put_back(turn, mark)
            raise

    def _unmanaged(self, turn: Turn, prepared: Prepared) -> str | None:
        """Return the auth type of a credential in the slot that nobody manages; None where there is none.

        What a run that died may have left is no such credential, unless it was about to overwrite one.
        """
        if turn.record.claims or (turn.record.marks and not turn.spare):
            return None
        found = self._reconciler.credential_in(prepared.target, prepared.owner)
        return found.auth_type if found else None

    def _put_back(self, turn: Turn, mark: Mark) -> None:
        """Make CodeBuild hold what it held before, if it may have changed; if that fails, the mark stays."""
        if not turn.touched and not turn.record.marks:
            return
        top = turn.record.top
        try:
            turn.undo(mark)
            # Nobody else's slot is left with this one's token; its own has it rather than none.
            may_empty = turn.touched and not (top and top.owner == mark.owner)
            record = replace(turn.record, in_codebuild=False)
            turn.give_back(self._reconciler.reconcile(turn, record, may_empty=may_empty))
        except SourceCredentialError as error:
            self._tools.warn(not_in_order(turn.record.slot, error))

    def _in_order(self, turn: Turn, claim: Claim) -> Record:
        """Put in order what a run that died has left, if that can be done, and return the record that is then true."""
        may_empty = claim is not turn.record.top and any(mark.owner == claim.owner for mark in turn.record.marks)
        try:
            turn.mark(claim.mark)
            return self._reconciler.reconcile(turn, turn.record, may_empty=may_empty)
        except SourceCredentialError as error:
            self._tools.warn(not_in_order(turn.record.slot, error))
            return turn.as_it_was

    def _end(self, turn: Turn, record: Record, request: Request, claim: Claim, resource: Resource) -> Answer:
        """End the request with success, and the turn. Raises what `Turn.give_back` raises."""
        answer = Answer(succeeded=True, physical_resource_id=claim.arn, attributes=claim.attributes)
        over = end_deletes(self._tools.answers, claim, resource)
        over |= {begun for begun in resource.begun if begun.request_type != "Delete"}
        change = Change(
            added=Resource(slots=frozenset({record.slot}) - resource.slots),
            removed=Resource(gone=resource.gone & {claim.arn}, begun=over | {begun_of(request)}),
        )
        turn.give_back(record, Ending(request=request, answer=answer, change=change))
        return answer


def _check_account(specification: Specification, request: Request) -> None:
    """Check that a stack of another account says by which role to import. Raises InvalidRequest.

    A provider that is shared with other accounts would otherwise put their credentials into its own.
    """
    account_id, own = request.owner.account_id, request.provider_account
    if specification.role_arn is None and None not in (account_id, own) and account_id != own:
        raise InvalidRequest(
            "RoleArn",
            f"is missing: the stack is in account {account_id}, and the provider, which would import into its own, "
            f"is in account {own}",
            f"Set it to a role of account {account_id} that the provider may assume "
            "(examples/target-account-role.yaml), or deploy a provider in that account.",
        )


def _now(clock: float) -> str:
    return datetime.fromtimestamp(clock, UTC).isoformat(timespec="seconds")
