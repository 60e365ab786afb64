"""The rules of a slot's stack of claims: who may take the slot, and what becomes of the stack. Pure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from source_credential.errors import AlreadyExists, Overtaken, SourceCredentialError
from source_credential.model import Owner, Request, Specification, failed_create_id, failed_create_of
from source_credential.records import Claim, Record, lasting_name

_TAKE_REMEDY: Final = "Set ShouldOverwrite to true to take the slot over"

# An item may have 400 KB; of a slot that went through more hands than these, the last ones are remembered.
_MOST_CLAIMS: Final = 64


def check_may_take(specification: Specification, owner: Owner, *, record: Record, found: str | None) -> None:
    """Check that the owner may put a claim on top, as ShouldOverwrite says.

    found: the auth type of the credential that nobody manages in the slot. ShouldOverwrite true takes from anyone.
    Absent, it takes what is empty, this stack's, or nobody's. False takes what is empty or this stack's. Raises
    AlreadyExists, which names the holder.
    """
    if specification.should_overwrite is True:
        return
    slot, holder = record.slot, record.top
    what = f"ServerType {slot.server_type}"
    if holder is not None and holder.owner.stack_id != owner.stack_id:
        raise AlreadyExists(
            what,
            f"the credential of region {slot.region} of account {slot.account_id} belongs to "
            f"{holder.owner.as_seen_by(owner)}, since {holder.since}",
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


def claim_of(record: Record, owner: Owner) -> Claim | None:
    """Return the owner's claim, wherever it is in the stack: there is one at most."""
    return next((claim for claim in record.claims if claim.owner == owner), None)


def put_on_top(record: Record, claim: Claim) -> Record:
    """Return the record with the claim on top, in place of the one its owner had. It is not in CodeBuild yet."""
    others = [other for other in record.claims if other.owner != claim.owner]
    return replace(record, claims=(*others[1 - _MOST_CLAIMS :], claim), in_codebuild=False)


def take_away(record: Record, meant: Callable[[Claim], bool]) -> Record:
    """Return the record without the claims that are meant. Another one on top is not in CodeBuild yet."""
    kept = tuple(claim for claim in record.claims if not meant(claim))
    return replace(record, claims=kept, in_codebuild=record.in_codebuild and record.top in kept)


def needs_no_writing(before: Record, after: Record, owner: Owner) -> bool:
    """Tell whether an owner that takes claims away may leave CodeBuild as it is.

    The top claim stays, and the owner has set no mark, or only for the claim on top, which is its own and alive. A mark
    that others set is not its business.
    """
    is_own_top = after.top is not None and after.top.owner == owner
    is_marked = any(mark.owner == owner for mark in before.marks)
    return after.top is before.top and (is_own_top or not is_marked)


def meant_by(owner: Owner, physical_resource_id: str) -> Callable[[Claim], bool]:
    """Return what tells whether a Delete by that id takes a claim away.

    It takes its own resource's only: by an ARN the one of that ARN, by the marker of a Create what that Create left,
    and by an id that was never given all of them.
    """
    everything = was_made_up(physical_resource_id)

    def meant(claim: Claim) -> bool:
        if claim.owner != owner:
            return False
        return everything or physical_resource_id in (claim.arn, failed_create_id(claim.request_id))

    return meant


def was_made_up(physical_resource_id: str) -> bool:
    """Tell whether CloudFormation made the id up, as it does when a Create was never answered.

    What it makes up is of letters, digits and hyphens; an ARN, of whatever shape, and a marker have a colon:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    return ":" not in physical_resource_id


def was_given_as_arn(physical_resource_id: str) -> bool:
    """Tell whether an id is one that a credential has had: neither made up nor the marker of a failed Create."""
    return not was_made_up(physical_resource_id) and failed_create_of(physical_resource_id) is None


def standing_claim(record: Record, request: Request) -> Claim | None:
    """Return the owner's claim if it says what is asked for."""
    own = claim_of(record, request.owner)
    return own if own is not None and own.fingerprint == request.wanted else None


def follows(claim: Claim, secret_arn: str, label: str) -> bool:
    """Tell whether a version that has got the label is to be imported for the claim.

    A secret that was deleted and made anew has another ARN: who named it by its name follows the new one, too.
    """
    if claim.specification.followed_label != label or claim.secret_arn is None:
        return False
    by_arn = claim.specification.secret_id == claim.secret_arn
    return secret_arn == claim.secret_arn or (not by_arn and lasting_name(secret_arn) == lasting_name(claim.secret_arn))


def overtaken() -> SourceCredentialError:
    """Return the exception for a request that CloudFormation has given up."""
    return Overtaken(
        "Request",
        "CloudFormation has sent a later request for this resource, so this one was ended, and nothing of it is left",
        "Nothing needs to be done, unless the resource is missing: then deploy again.",
    )
