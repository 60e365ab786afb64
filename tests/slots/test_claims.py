"""The rules of a slot's stack of claims."""

from dataclasses import replace

import pytest

from source_credential.errors import AlreadyExists
from source_credential.model import AuthType, Owner, Request, ServerType, Specification, failed_create_id
from source_credential.records import Claim, Mark, Record, lasting_name
from source_credential.slots.claims import (
    check_may_take,
    claim_of,
    follows,
    meant_by,
    put_on_top,
    standing_claim,
    take_away,
)
from tests.fakes import ARN, secret_arn
from tests.slots.sent import owner
from tests.slots.world import SLOT

PAT = Specification(server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id="s")
MARK = Mark(owner=owner("a"))


def claim(stack: str, logical_id: str = "GitHub", **more: object) -> Claim:
    """Return a claim."""
    made = Claim(
        owner=owner(stack, logical_id),
        specification=PAT,
        fingerprint="asked",
        request_id=f"request-{stack}",
        since="2026-01-01T00:00:00+00:00",
        arn=ARN,
        secret_arn=secret_arn("s"),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def record(*claims: Claim, in_codebuild: bool = True, marks: frozenset[Mark] = frozenset()) -> Record:
    """Return the record of a slot."""
    return Record(slot=SLOT, claims=claims, in_codebuild=in_codebuild and bool(claims), marks=marks)


EMPTY, OURS, SIBLINGS, THEIRS = record(), record(claim("a")), record(claim("a", "Other")), record(claim("b"))


@pytest.mark.parametrize("overwrite", [None, True, False])
@pytest.mark.parametrize(
    ("standing", "found", "refused_to"),
    [
        (EMPTY, None, set()),
        (EMPTY, "OAUTH", {False}),
        (OURS, None, set()),
        (SIBLINGS, None, set()),
        (THEIRS, None, {None, False}),
        (record(claim("a"), claim("b")), None, {None, False}),
        (record(claim("b"), claim("a", "Other")), None, set()),
    ],
)
def test_should_overwrite_decides_who_may_take_a_slot(
    standing: Record, found: str | None, refused_to: set[bool | None], *, overwrite: bool | None
) -> None:
    """True takes from anyone; absent, what is empty, this stack's or nobody's; false, what is empty or this stack's."""
    specification = replace(PAT, should_overwrite=overwrite)
    if overwrite not in refused_to:
        check_may_take(specification, owner("a"), record=standing, found=found)
        return
    with pytest.raises(AlreadyExists) as refused:
        check_may_take(specification, owner("a"), record=standing, found=found)
    told = "AuthType OAUTH that no stack manages" if found else "belongs to stack b, logical id GitHub, since 2026"
    assert told in str(refused.value)
    assert "Set ShouldOverwrite to true" in str(refused.value)


def test_a_holder_elsewhere_is_told_with_its_place() -> None:
    """Its stack's name says nothing in another account or region."""
    there = Owner(
        stack_id="arn:aws:cloudformation:eu-west-1:222222222222:stack/b/0a1b2c3d", logical_resource_id="GitHub"
    )
    with pytest.raises(AlreadyExists) as refused:
        check_may_take(PAT, owner("a"), record=record(claim("b", owner=there)), found=None)
    told = "belongs to stack b, logical id GitHub, in region eu-west-1 of account 222222222222, since 2026"
    assert told in str(refused.value)


def test_a_claim_goes_on_top_in_place_of_its_owners_own() -> None:
    """The others keep their order; it is not in CodeBuild yet, and what is marked stays so."""
    before = record(claim("a"), claim("b"), claim("c"), marks=frozenset({MARK}))
    after = put_on_top(before, claim("b", arn="new"))
    assert [one.owner.stack_name for one in after.claims] == ["a", "c", "b"]
    assert (after.top, after.in_codebuild, set(after.marks)) == (claim("b", arn="new"), False, {MARK})


def test_of_many_hands_the_last_ones_are_remembered() -> None:
    """An item has room for so many only."""
    many = record(*(claim(str(number)) for number in range(64)))
    after = put_on_top(many, claim("new"))
    assert len(after.claims) == 64
    assert (after.claims[0], after.top) == (claim("1"), claim("new"))


def test_taking_away_leaves_the_rest_as_it_is() -> None:
    """What is then on top is known to be in CodeBuild only if it was on top before."""
    both = record(claim("a"), claim("b"))
    assert take_away(both, meant_by(owner("a"), ARN)) == record(claim("b"))
    assert take_away(both, meant_by(owner("b"), ARN)) == record(claim("a"), in_codebuild=False)
    assert take_away(OURS, meant_by(owner("a"), ARN)) == EMPTY
    assert take_away(both, meant_by(owner("c"), ARN)) == both


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (ARN, True),
        (failed_create_id("request-a"), True),
        ("a-GitHub-1ABCDEF", True),
        (ARN + "x", False),
        ("arn:aws:codebuild:us-east-1:111111111111:token/github", False),
        (failed_create_id("another"), False),
    ],
)
def test_a_delete_means_its_own_claim_by_what_it_is_known_by(given: str, *, meant: bool) -> None:
    """By the ARN, by the marker of the Create that made it, or by an id that CloudFormation made up."""
    assert meant_by(owner("a"), given)(claim("a")) is meant
    assert not meant_by(owner("a"), given)(claim("a", "Other"))
    assert not meant_by(owner("b"), given)(claim("a"))


@pytest.mark.parametrize(
    ("before", "stands"),
    [
        (OURS, True),
        (EMPTY, False),
        (THEIRS, False),
        (record(claim("a"), claim("b")), True),
        (record(claim("a"), in_codebuild=False), True),
        (record(claim("a", fingerprint="another")), False),
    ],
)
def test_a_claim_that_says_what_is_asked_for_stands(before: Record, *, stands: bool) -> None:
    """Wherever it is in the stack; only the resource's own counts."""
    request = Request(owner=owner("a"), request_id="x", request_type="Update", wanted="asked")
    assert standing_claim(before, request) == (claim_of(before, owner("a")) if stands else None)


def test_a_secret_is_followed_by_name_unless_it_is_named_by_its_arn() -> None:
    """One that was deleted and made anew has the same name, and another end to its ARN."""
    anew = secret_arn("s")[:-6] + "Second"
    by_arn = claim("a", specification=replace(PAT, secret_id=secret_arn("s")))
    assert lasting_name(anew) == lasting_name(secret_arn("s")) == claim("a").followed_secret
    assert follows(claim("a"), anew, "AWSCURRENT")
    assert follows(by_arn, secret_arn("s"), "AWSCURRENT")
    assert not follows(by_arn, anew, "AWSCURRENT")
    assert not follows(claim("a"), secret_arn("s"), "AWSPENDING")
    assert not follows(claim("a"), secret_arn("other"), "AWSCURRENT")
    assert not follows(claim("a", secret_arn=None), secret_arn("s"), "AWSCURRENT")
    assert claim("a", secret_arn=None).followed_secret is None
    assert claim("a", specification=replace(PAT, follow_rotation=False)).followed_secret is None
