"""Whose a slot is: who may take it, and who has it back."""

from dataclasses import replace

import pytest

from source_credential.errors import AlreadyExists
from source_credential.model import AuthType, Binding, BindingState, ServerType, Specification
from source_credential.slots.ownership import activated, check_may_take, ending, forget, new_revision, renewed
from tests.fakes import ACCOUNT, REGION, credential_arn
from tests.ownership.world import SLOT, owner

ARN = credential_arn("GITHUB")
ACTIVE, IMPORTING, DELETING = BindingState.ACTIVE, BindingState.IMPORTING, BindingState.DELETING


def binding(
    stack: str, logical_id: str = "GitHub", state: BindingState = ACTIVE, before: Binding | None = None
) -> Binding:
    """Return a binding of the slot."""
    return Binding(
        slot=SLOT,
        owner=owner(stack, logical_id),
        request_id=f"request-of-{stack}",
        revision=f"revision-of-{stack}",
        state=state,
        since="2026-01-01T00:00:00+00:00",
        specification=asking(None),
        arn=None if state is IMPORTING else ARN,
        before=before,
    )


def asking(should_overwrite: bool | None) -> Specification:  # noqa: FBT001 - the property has three values
    """Return a specification that asks for the slot."""
    return Specification(
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        secret_id="a",
        should_overwrite=should_overwrite,
    )


def chain(top: Binding | None) -> list[str]:
    """Return the stacks in a chain of holders, the present one first."""
    names = []
    while top is not None:
        names.append(top.owner.stack_id.split("/")[1])
        top = top.before
    return names


def may_take(standing: Binding | None, *, should_overwrite: bool | None = None, found: str | None = None) -> bool:
    """Tell whether stack a may take the slot."""
    try:
        check_may_take(asking(should_overwrite), owner("a"), slot=SLOT, standing=standing, found=found)
    except AlreadyExists:
        return False
    return True


MINE, OTHERS = binding("a", "Other"), binding("b")

# What the table says of the slot, and whether that makes it another stack's.
STANDING = {
    "empty": (None, False),
    "this stack's": (MINE, False),
    "another stack's": (OTHERS, True),
    "being taken by another stack": (binding("b", state=IMPORTING), True),
    "being taken by another stack from this one": (binding("b", state=IMPORTING, before=MINE), True),
    "being taken by this stack": (binding("a", state=IMPORTING), False),
    "being taken by this stack from another one": (binding("a", state=IMPORTING, before=OTHERS), True),
    "being deleted by another stack": (binding("b", state=DELETING), False),
    "being given back to another stack": (binding("a", state=DELETING, before=OTHERS), True),
    "being given back to this stack": (binding("b", state=DELETING, before=MINE), False),
}


@pytest.mark.parametrize("name", STANDING)
def test_true_takes_from_anyone(name: str) -> None:
    """A slot that a stack manages, one that nobody does, and one that is in the middle of something."""
    assert may_take(STANDING[name][0], should_overwrite=True)
    assert may_take(STANDING[name][0], should_overwrite=True, found="OAUTH")


@pytest.mark.parametrize("should_overwrite", [None, False])
@pytest.mark.parametrize("name", STANDING)
def test_absent_and_false_leave_what_another_stack_manages(name: str, *, should_overwrite: bool | None) -> None:
    """Whose the slot is does not hang on a claim of this stack's own that has not come true, nor on what goes away."""
    standing, is_anothers = STANDING[name]
    assert may_take(standing, should_overwrite=should_overwrite) is not is_anothers


@pytest.mark.parametrize(("should_overwrite", "expected"), [(None, True), (False, False)])
def test_what_nobody_manages_is_adopted_unless_that_is_forbidden(
    *, should_overwrite: bool | None, expected: bool
) -> None:
    """Only false protects it."""
    assert may_take(None, should_overwrite=should_overwrite, found="OAUTH") is expected


def test_a_refusal_names_slot_holder_and_ways_out() -> None:
    """Region, account, stack, logical id, since when; and of an unmanaged credential its auth type."""
    with pytest.raises(AlreadyExists) as held:
        check_may_take(asking(None), owner("a"), slot=SLOT, standing=OTHERS, found=None)
    for part in (
        "ServerType GITHUB: ",
        f"region {REGION} of account {ACCOUNT}",
        "belongs to stack b, logical id GitHub, since 2026-01-01T00:00:00+00:00",
        "Set ShouldOverwrite to true",
        "Or remove the resource from the other stack first.",
    ):
        assert part in str(held.value)
    with pytest.raises(AlreadyExists, match="AuthType OAUTH that no stack manages") as unmanaged:
        check_may_take(asking(should_overwrite=False), owner("a"), slot=SLOT, standing=None, found="OAUTH")
    assert f"region {REGION} of account {ACCOUNT}" in str(unmanaged.value)
    assert "aws codebuild delete-source-credentials" in str(unmanaged.value)


def test_an_import_that_was_made_is_active_and_remembers_the_other_holders() -> None:
    """Not itself, and not what never came true or is going away."""
    before = binding(
        "b",
        before=binding(
            "a", before=binding("c", state=DELETING, before=binding("d", state=IMPORTING, before=binding("e")))
        ),
    )
    active = activated(binding("a", state=IMPORTING, before=before), ARN)
    assert (active.state, active.arn, active.revision) == (ACTIVE, ARN, "revision-of-a")
    assert chain(active) == ["a", "b", "e"]


def test_the_chain_of_former_holders_has_an_end() -> None:
    """An item may have 400 KB: the last eight are kept, the older ones forgotten."""
    standing = None
    for number in range(20):
        standing = activated(binding(f"s{number}", state=IMPORTING, before=standing), ARN)
    assert standing is not None
    assert chain(standing) == [f"s{number}" for number in range(19, 10, -1)]
    assert chain(ending(standing)) == chain(standing)


def test_what_is_ending_keeps_who_has_the_slot_back() -> None:
    """It is another revision, so whoever has read the one before finds out; its owner does not have it back."""
    standing = binding("a", before=binding("a", before=binding("b")))
    end = ending(standing)
    assert (end.state, end.arn) == (DELETING, ARN)
    assert end.revision not in {standing.revision, ending(standing).revision}
    assert chain(end) == ["a", "b"]


def test_what_has_to_be_imported_once_more_is_the_same_at_a_new_revision() -> None:
    """A revision is never used twice, so nobody takes it for what stood there before."""
    former = binding("b", before=binding("c"))
    again = renewed(former)
    assert again.revision != former.revision
    assert replace(again, revision=former.revision) == former


def test_revisions_are_all_different() -> None:
    """Thousands of them."""
    assert len({new_revision() for _ in range(2000)}) == 2000


def stacks(*names: str) -> Binding:
    """Return a chain of active bindings."""
    top = None
    for name in reversed(names):
        top = binding(name, before=top)
    assert top is not None
    return top


@pytest.mark.parametrize(
    ("holders", "gone", "left"),
    [
        ("ab", "b", "a"),
        ("abc", "b", "ac"),
        ("abc", "c", "ab"),
        ("abc", "bc", "a"),
        ("abcd", "bd", "ac"),
        ("abc", "a", "abc"),
    ],
)
def test_a_former_holder_that_is_deleted_does_not_have_the_slot_back(holders: str, gone: str, left: str) -> None:
    """Wherever it is in the chain; the present holder stays, and is another revision."""
    standing = stacks(*holders)
    trimmed = forget(standing, lambda former: former.owner.stack_id.split("/")[1] in gone)
    assert chain(trimmed) == list(left)
    assert (trimmed.revision == standing.revision) is (left == holders)


@pytest.mark.parametrize("standing", [binding("a"), stacks("a", "b", "c")])
def test_nothing_to_forget_is_no_change(standing: Binding) -> None:
    """The very same object, so that nothing is written."""
    assert forget(standing, lambda _former: False) is standing


def test_what_an_import_is_just_taking_over_must_still_go_if_the_import_fails() -> None:
    """It is in CodeBuild as long as the import has not been made, so it is ending there, not forgotten."""
    standing = binding("a", state=IMPORTING, before=stacks("b", "c"))
    trimmed = forget(standing, lambda former: former.owner == owner("b"))
    assert trimmed.before is not None
    assert (trimmed.before.state, chain(trimmed)) == (DELETING, ["a", "b", "c"])
    assert trimmed.revision != standing.revision
    assert chain(activated(trimmed, ARN)) == ["a", "c"]


def test_what_is_ending_already_is_not_ended_twice() -> None:
    """A second Delete finds nothing to change."""
    standing = binding("a", state=IMPORTING, before=binding("b", state=DELETING))
    assert forget(standing, lambda _former: True) is standing
