"""What a Create, an Update and a Delete do. Knows no AWS SDK and no Lambda.

Read the secret, claim the slot, import, activate: docs/decisions/0005-ownership.md has the states, and what happens
when a step fails or somebody else is faster.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from source_credential.contract import properties
from source_credential.errors import Overtaken, Repeated, ServiceInternalError, SourceCredentialError
from source_credential.model import (
    MARKER,
    Binding,
    BindingState,
    Provisioned,
    Request,
    RequestRecord,
    RequestStatus,
    ServerType,
    Slot,
    Specification,
    Target,
)
from source_credential.ports import Bindings, Conflict, Requests
from source_credential.slots.ownership import activated, check_may_take, ending, forget, new_revision
from source_credential.slots.reconciler import Reconciler, Wrote, is_import_of, too_busy
from source_credential.tokens.importing import Import, Importer

_ARN: Final = re.compile(r"arn:[^:]+:codebuild:(?P<region>[^:]*):(?P<account_id>[^:]*):token/.+")
_ROUNDS: Final = 10

# A duplicate lets the first of its kind finish, rather than import a second time; one that died is not waited for long.
_PATIENCE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.25

_NOTHING_OWNED: Final = "The table has no slot that is this resource's and has this ARN, so nothing was deleted."
_NOTHING_CHANGED: Final = (
    "The failed update had changed nothing, so what stands is kept, though it cannot be imported anew:"
)


class Provisioner:
    """The logic of the resource. Everything it needs of the world comes in through the ports."""

    def __init__(
        self,
        *,
        importer: Importer,
        bindings: Bindings,
        requests: Requests,
        warn: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep the ports, and where a sentence goes that an operator should read."""
        self._importer = importer
        self._bindings = bindings
        self._requests = requests
        self._reconciler = Reconciler(bindings=bindings, importer=importer, warn=warn)
        self._warn = warn
        self._sleep = sleep

    def create(self, request: Request, given: object) -> Provisioned:
        """Import the credential that the properties `given` ask for. Raises SourceCredentialError: nothing is left."""
        return self._provide(request, given)

    def update(self, request: Request, given: object) -> Provisioned:
        """Import the credential anew; another physical id than the request's makes CloudFormation delete the old one.

        The way back from an Update that failed succeeds, where what it would restore was never changed.
        Raises SourceCredentialError, and then what was there before is there.
        """
        return self._provide(request, given)

    def delete(self, request: Request) -> Provisioned:
        """Delete what this logical resource owns, and nothing else.

        By a credential's ARN the one of that ARN; by the marker of a failed Create what that Create left; by an id
        that was never given, all it owns. Raises SourceCredentialError.
        """
        given_id = request.physical_resource_id
        expected = _ARN.fullmatch(given_id) is not None or given_id.startswith(MARKER)
        begun = self._requests.begin(request, target=None, expected=expected)
        if begun.record.status is not RequestStatus.STARTED:
            return self._repeat(begun.record)
        try:
            self._take_back(begun.unfinished)
            if begun.record.unsettled:  # by a run of this request that died
                self._reconciler.settle(begun.record.unsettled, request.owner)
            vacated = [self._vacate(begun.record, slot) for slot in self._slots_held(request)]
        except SourceCredentialError as error:
            failed = _record(request, RequestStatus.FAILED, reason=str(error))
            return _told(self._end(failed, settled=False))
        ended = self._end(_record(request, RequestStatus.SUCCEEDED, physical_resource_id=given_id))
        if not any(vacated) and _ARN.fullmatch(given_id):
            self._warn(_NOTHING_OWNED)
        return _told(ended)

    def abandon(self, request: Request, reason: str) -> str | None:
        """End a request whose time runs out, so that nothing it still does comes true.

        Return the reason to fail with, or None when the request has succeeded just now.
        """
        ended = self._end(_record(request, RequestStatus.FAILED, reason=reason), settled=False)
        return None if ended.status is RequestStatus.SUCCEEDED else ended.reason or reason

    def _provide(self, request: Request, given: object) -> Provisioned:
        """Import for a Create or an Update."""
        specification = _parsed(given)
        target = self._importer.target(specification) if isinstance(specification, Specification) else None
        begun = self._requests.begin(request, target=target, expected=True)
        if begun.record.status is not RequestStatus.STARTED:
            return self._repeat(begun.record)
        try:
            with suppress(SourceCredentialError):  # the next request of this resource tries again
                self._take_back(begun.unfinished)
            if isinstance(specification, SourceCredentialError):
                raise specification
            return self._take(request, specification)
        except SourceCredentialError as error:
            return self._failed(request, error)

    def _failed(self, request: Request, error: SourceCredentialError) -> Provisioned:
        """End a request that failed. What it did in this run has been undone; what an earlier run did has not."""
        settled = self._clear_up(request)
        kept = self._kept_on_rollback(request) if request.request_type == "Update" else None
        if kept is None:
            return _told(self._end(_record(request, RequestStatus.FAILED, reason=str(error)), settled=settled))
        self._warn(f"{_NOTHING_CHANGED} {error}")
        return _told(self._end(kept, settled=settled))

    def _clear_up(self, request: Request) -> bool:
        """Take back what runs of this request may have left; return whether nothing is left for a later request."""
        try:
            record = self._requests.recall(request)
        except SourceCredentialError:
            return False
        return self._withdraw(record)

    def _repeat(self, record: RequestRecord) -> Provisioned:
        """Answer a request that has ended as it was answered; it may have died before it had cleared up."""
        self._withdraw(record)
        return _told(record)

    def _withdraw(self, record: RequestRecord) -> bool:
        """Take back what a run of this request may have left, if that can be done: the answer matters more.

        Return whether it was done. What was not remains noted, and the next request of the resource tries again.
        """
        return record.unsettled is None or self._undo(
            record.request, record.unsettled, wrote=Wrote.MAYBE, adopted=record.adopted
        )

    def _take_back(self, unfinished: tuple[RequestRecord, ...]) -> None:
        """Take back what earlier requests of the resource had begun. They may still run, and then find out."""
        for record in unfinished:
            if record.unsettled is not None:
                self._reconciler.withdraw(record.request, record.unsettled, wrote=Wrote.MAYBE, adopted=record.adopted)
                self._requests.settle(record.request, withdrawn=True)

    def _end(self, record: RequestRecord, *, settled: bool = True) -> RequestRecord:
        """Remember how a request ended, if that can be done: the answer matters more. Return the record that stands."""
        try:
            return self._requests.end(record, settled=settled)
        except SourceCredentialError as error:
            self._warn(f"How the request ended could not be noted: {error}")
            return record

    def _take(self, request: Request, specification: Specification) -> Provisioned:
        """Claim the slot, import, activate. Raises SourceCredentialError after undoing what it did."""
        target = self._importer.target(specification)
        prepared = self._importer.prepare(specification, request.owner, target)
        for _ in range(_ROUNDS):
            standing = self._bindings.get(target.slot)
            if standing is not None and is_import_of(standing, request):
                return self._join(request, standing)
            found = self._importer.auth_type_in(target, request.owner) if standing is None else None
            check_may_take(specification, request.owner, slot=target.slot, standing=standing, found=found)
            binding = _claim(request, prepared, standing, adopted=found is not None)
            try:
                self._bindings.claim(binding, over=standing, request=request)
            except Conflict:
                record = self._requests.recall(request)
                if record.status is not RequestStatus.STARTED:
                    return _told(record)
                continue
            # False is passed on only where it can be refused: what this stack holds is overwritten in any case.
            overwrite = specification.should_overwrite is not False or standing is not None
            return self._import(request, binding, prepared, should_overwrite=overwrite)
        raise too_busy(target.slot)

    def _join(self, request: Request, standing: Binding) -> Provisioned:
        """Go on where another run of the same request is, or died: the same import, so it may be made twice."""
        waited = 0.0
        while waited < _PATIENCE_SECONDS:
            self._sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS
            record = self._requests.recall(request)
            if record.status is not RequestStatus.STARTED:
                return _told(record)
        return self._import(request, standing, self._importer.prepare_again(standing), should_overwrite=True)

    def _import(self, request: Request, binding: Binding, prepared: Import, *, should_overwrite: bool) -> Provisioned:
        """Import and activate. Raises SourceCredentialError after undoing what it did."""
        wrote = Wrote.NOTHING
        failure: SourceCredentialError = Overtaken(
            f"ServerType {binding.slot.server_type}",
            "another request took the slot while this one was importing",
            "Deploy again if the slot is to be this stack's.",
        )
        for _ in range(_ROUNDS):
            try:
                arn = self._importer.make(prepared, should_overwrite=should_overwrite)
            except SourceCredentialError as error:
                # Only a call that AWS did not answer may have had an effect.
                wrote = Wrote.MAYBE if wrote is Wrote.NOTHING and isinstance(error, ServiceInternalError) else wrote
                failure = error
                break
            wrote = Wrote.SURELY
            active = activated(binding, arn)
            record = _record(request, RequestStatus.SUCCEEDED, physical_resource_id=arn, attributes=_attributes(active))
            try:
                self._bindings.activate(active, record)
                return replace(_told(record), warnings=prepared.warnings)
            except Conflict:
                standing = self._bindings.get(binding.slot)
                if standing is None or not is_import_of(standing, request) or standing.revision == binding.revision:
                    break
                # Somebody else wrote to the slot meanwhile, or gave up a claim to have it back: import once more.
                binding, should_overwrite = standing, True
            except SourceCredentialError as error:
                failure = error
                break
        self._undo(request, binding.target, wrote=wrote, adopted=binding.adopted)
        ended = self._requests.recall(request)
        if ended.status is not RequestStatus.STARTED:  # by a duplicate of this request, or by a later one
            return _told(ended)
        raise failure

    def _undo(self, request: Request, target: Target, *, wrote: Wrote, adopted: bool) -> bool:
        """Put back what stood before the claim, in the table and, where it may have changed, in CodeBuild.

        Return whether it was done.
        """
        try:
            self._reconciler.withdraw(request, target, wrote=wrote, adopted=adopted)
            self._requests.settle(request)
        except SourceCredentialError as error:
            self._warn(f"Slot {target.slot} could not be put in order: {error}")
            return False
        return True

    def _slots_held(self, request: Request) -> list[Slot]:
        """Return the slots the owner may hold, or have held.

        Those an ARN can be of, those that its remembered requests were for, and those that the index has.
        """
        arn = _ARN.fullmatch(request.physical_resource_id)
        by_arn = [Slot(server_type=server_type, **arn.groupdict()) for server_type in ServerType] if arn else []
        remembered = [record.target.slot for record in self._requests.of_owner(request.owner) if record.target]
        return list(dict.fromkeys([*by_arn, *remembered, *self._bindings.slots_of(request.owner)]))

    def _vacate(self, record: RequestRecord, slot: Slot) -> bool:
        """Make the owner give up the slot, if the Delete means it, and any claim to have it back.

        Return whether the slot was its own. Raises SourceCredentialError.
        """
        for _ in range(_ROUNDS):
            standing = self._bindings.get(slot)
            if standing is None:
                return False
            own = self._is_meant(record, standing)
            successor = ending(standing) if own else forget(standing, lambda former: self._is_meant(record, former))
            try:
                if own:
                    self._bindings.claim(successor, over=standing, request=record.request)
                    self._reconciler.settle(standing.target, standing.owner)
                elif successor is not standing:
                    self._bindings.replace(standing, successor)
            except Conflict:
                if self._requests.recall(record.request).status is not RequestStatus.STARTED:
                    raise _cancelled() from None
                continue
            return own
        raise too_busy(slot)

    def _is_meant(self, record: RequestRecord, binding: Binding) -> bool:
        """Tell whether a Delete means the binding: the owner's, by the id given, and older than the Delete.

        A Delete that comes again after days must not hit what a later Create of the same name has made.
        """
        request = record.request
        given_id = request.physical_resource_id
        if binding.owner != request.owner:
            return False
        if _ARN.fullmatch(given_id) and binding.arn != given_id:
            return False
        if given_id.startswith(MARKER) and binding.request_id != given_id.removeprefix(MARKER):
            return False
        return binding.request_id in record.older or not self._requests.knows(request.owner, binding.request_id)

    def _kept_on_rollback(self, request: Request) -> RequestRecord | None:
        """Return the success to end with, if this is the way back from an Update that failed and changed nothing."""
        try:
            records = self._requests.of_owner(request.owner)
            earlier = [
                record
                for record in records
                if record.request.request_id != request.request_id and record.request.request_type != "Delete"
            ]
            if not _is_way_back(request, earlier):
                return None
            attributes = self._attributes_of(request, earlier)
        except SourceCredentialError:
            return None
        return _record(
            request,
            RequestStatus.SUCCEEDED,
            physical_resource_id=request.physical_resource_id,
            attributes=attributes,
        )

    def _attributes_of(self, request: Request, earlier: list[RequestRecord]) -> dict[str, str]:
        """Return the attributes of what the resource has, or had before somebody took the slot over."""
        for slot in self._slots_held(request):
            binding = self._bindings.get(slot)
            while binding is not None:
                if (binding.owner, binding.arn) == (request.owner, request.physical_resource_id):
                    return _attributes(binding)
                binding = binding.before
        answered = [r.attributes for r in earlier if r.physical_resource_id == request.physical_resource_id]
        return answered[-1] if answered else {"Arn": request.physical_resource_id}


def _is_way_back(request: Request, earlier: list[RequestRecord]) -> bool:
    """Tell whether an Update goes back to what the resource has still, because a later Update has not come true.

    That one was refused; or it died before it was noted, and then this one wants what was last given this id for.
    """
    if any(record.unsettled is not None and not record.withdrawn for record in earlier):
        return False  # it may have changed something after all
    succeeded = [record for record in earlier if record.status is RequestStatus.SUCCEEDED]
    if earlier and earlier[-1] not in succeeded:
        last = earlier[-1].request
        if (last.wanted, last.had) == (request.had, request.wanted):
            return True
    given = [record for record in succeeded if record.physical_resource_id == request.physical_resource_id]
    return bool(given) and given[-1].request.wanted == request.wanted


def _parsed(given: object) -> Specification | SourceCredentialError:
    try:
        return properties.parse(given)
    except SourceCredentialError as error:
        return error


def _claim(request: Request, prepared: Import, standing: Binding | None, *, adopted: bool) -> Binding:
    """Return the binding that takes the slot, and remembers what stands again if the import fails."""
    before = standing
    if standing is not None and standing.state is BindingState.IMPORTING:  # which has not come true
        before, adopted = standing.before, standing.adopted
    return Binding(
        slot=prepared.target.slot,
        owner=request.owner,
        request_id=request.request_id,
        revision=new_revision(),
        state=BindingState.IMPORTING,
        since=before.since if before and before.owner == request.owner else _now(),
        specification=prepared.specification,
        secret_arn=prepared.secret_arn,
        secret_version_id=prepared.secret_version_id,
        token_login=prepared.facts.login,
        token_expires_at=prepared.facts.expires_at,
        adopted=adopted,
        before=before,
    )


def _attributes(binding: Binding) -> dict[str, str]:
    """Return what Fn::GetAtt gives."""
    attributes = {
        "Arn": binding.arn,
        "ServerType": binding.specification.server_type.value,
        "AuthType": binding.specification.auth_type.value,
        "SecretArn": binding.secret_arn,
        "SecretVersionId": binding.secret_version_id,
    }
    if binding.specification.verify_token:
        # Empty rather than absent where the provider did not tell: a template that asks for an absent one fails.
        attributes |= {"TokenExpiresAt": binding.token_expires_at or "", "TokenLogin": binding.token_login or ""}
    return {name: value for name, value in attributes.items() if value is not None}


def _record(
    request: Request,
    status: RequestStatus,
    *,
    reason: str = "",
    physical_resource_id: str = "",
    attributes: dict[str, str] | None = None,
) -> RequestRecord:
    """Return how a request ends."""
    return RequestRecord(
        request=request,
        status=status,
        reason=reason,
        physical_resource_id=physical_resource_id,
        attributes=attributes or {},
    )


def _told(record: RequestRecord) -> Provisioned:
    """Return, or raise, what the request ended with."""
    if record.status is RequestStatus.SUCCEEDED:
        return Provisioned(physical_resource_id=record.physical_resource_id, attributes=record.attributes)
    if record.status is RequestStatus.FAILED:
        raise Repeated(record.reason)
    raise _cancelled()


def _cancelled() -> SourceCredentialError:
    return Overtaken(
        "Request",
        "CloudFormation has sent a later request for this resource, so this one was ended, and nothing of it is left",
        "Nothing needs to be done, unless the resource is missing: then deploy again.",
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
