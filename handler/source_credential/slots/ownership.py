"""Whose a slot is: the rules of ShouldOverwrite, and who has a slot back. Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import uuid4

from source_credential.errors import AlreadyExists
from source_credential.model import Binding, BindingState, Owner, Slot, Specification

_TAKE_REMEDY: Final = "Set ShouldOverwrite to true to take the slot over"

# An item may have 400 KB; a slot that went through more hands than these gives itself back to the last of them only.
_FORMER_HOLDERS: Final = 8


def new_revision() -> str:
    """Return a revision that no binding has had."""
    return uuid4().hex


def check_may_take(
    specification: Specification, owner: Owner, *, slot: Slot, standing: Binding | None, found: str | None
) -> None:
    """Check that the owner may take the slot, as ShouldOverwrite says.

    standing: what the table says of the slot. found: the auth type of the credential that nobody manages there.
    ShouldOverwrite true takes from anyone. Absent, it takes what is empty, this stack's, or nobody's. False takes what
    is empty or this stack's. Raises AlreadyExists, which names the holder.
    """
    if specification.should_overwrite is True:
        return
    what = f"ServerType {slot.server_type}"
    held = _holder(standing, owner)
    if held is not None and held.owner.stack_id != owner.stack_id:
        raise AlreadyExists(
            what,
            f"the credential of region {slot.region} of account {slot.account_id} belongs to {held.owner}, since "
            f"{held.since}",
            f"{_TAKE_REMEDY}; the other stack's later deletion then leaves it alone. Or remove the resource from the "
            "other stack first.",
        )
    if found is not None and specification.should_overwrite is False:
        raise AlreadyExists(
            what,
            f"CodeBuild in region {slot.region} of account {slot.account_id} already holds a credential with "
            f"AuthType {found} that no stack manages, and ShouldOverwrite is false",
            f"{_TAKE_REMEDY}, or remove the property, or delete the credential first "
            "(aws codebuild list-source-credentials, aws codebuild delete-source-credentials).",
        )


def _holder(standing: Binding | None, owner: Owner) -> Binding | None:
    """Return whose the slot is: what is being deleted holds it no more, what this stack is importing not yet."""
    if standing is None or standing.state is BindingState.ACTIVE:
        return standing
    if standing.state is BindingState.IMPORTING and standing.owner.stack_id != owner.stack_id:
        return standing
    return _holder(standing.before, owner)


def activated(importing: Binding, arn: str) -> Binding:
    """Return the binding once its import has been made: of what stood before, other holders' bindings remain."""
    former = _former(importing.before, importing.owner, _FORMER_HOLDERS)
    return replace(importing, state=BindingState.ACTIVE, arn=arn, disturbed=False, before=former)


def ending(binding: Binding) -> Binding:
    """Return the binding as it is while its credential is deleted, or given back to the former holder."""
    return replace(
        binding,
        state=BindingState.DELETING,
        revision=new_revision(),
        disturbed=False,
        before=_former(binding.before, binding.owner, _FORMER_HOLDERS),
    )


def renewed(binding: Binding) -> Binding:
    """Return the binding with another revision: what is to be in the slot has to be imported once more."""
    return replace(binding, revision=new_revision(), disturbed=binding.state is BindingState.IMPORTING)


def forget(standing: Binding, meant: Callable[[Binding], bool]) -> Binding:
    """Return the binding without the former holders that are meant; the same object when there is none.

    What an import is just taking over is still in CodeBuild, and must go from there if the import fails.
    """
    before = standing.before
    if before is None:
        return standing
    kept = forget(before, meant)
    trimmed: Binding | None = kept
    if before.state is BindingState.ACTIVE and meant(before):
        trimmed = ending(kept) if standing.state is BindingState.IMPORTING else kept.before
    if trimmed is before:
        return standing
    return replace(standing, before=trimmed, revision=new_revision())


def _former(binding: Binding | None, owner: Owner, most: int) -> Binding | None:
    """Return the chain of former holders, without the owner itself and without imports and deletions under way."""
    if binding is None or most == 0:
        return None
    if binding.owner == owner or binding.state is not BindingState.ACTIVE:
        return _former(binding.before, owner, most)
    return replace(binding, before=_former(binding.before, owner, most - 1))
