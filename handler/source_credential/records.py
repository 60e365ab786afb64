"""What the table remembers: of a slot its claims, of a request its answer, of a resource what has become of it.

Nothing here ever holds a token. docs/decisions/0005-ownership.md says how these go together.
"""

from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import uuid4

from source_credential.contract.attributes import Attributes
from source_credential.model import Owner, Request, Slot, Specification, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one logical resource of one stack wants in a slot.

    fingerprint: of the properties it was asked for with. request_id: the request that made it. since: when this owner
    first claimed the slot, ISO 8601, UTC. arn: what CodeBuild gave and CloudFormation knows it by. The rest is what was
    imported for it last.
    """

    owner: Owner
    specification: Specification
    fingerprint: str
    request_id: str
    since: str
    arn: str = ""
    secret_arn: str | None = None
    secret_version_id: str | None = None
    token_login: str | None = None
    token_expires_at: str | None = None

    def target(self, slot: Slot) -> Target:
        """Return the slot with the role by which this owner reaches it."""
        return Target(slot=slot, role_arn=self.specification.role_arn)

    @property
    def mark(self) -> "Mark":
        """Return a mark to set before CodeBuild is written to for this claim."""
        return Mark(owner=self.owner, role_arn=self.specification.role_arn, followed=self.followed_secret)

    @property
    def followed_secret(self) -> str | None:
        """Return the lasting name of the secret whose rotations are followed; None when none are."""
        if self.secret_arn is None or self.specification.followed_label is None:
            return None
        return lasting_name(self.secret_arn)

    @property
    def attributes(self) -> dict[str, str]:
        """Return what Fn::GetAtt gives: always all of it, for a template that asks for an absent attribute fails.

        What the Git provider has told of a token is told only while it is to be asked.
        """
        is_verified = self.specification.verify_token
        return Attributes(
            Arn=self.arn,
            ServerType=self.specification.server_type.value,
            AuthType=self.specification.auth_type.value,
            SecretArn=self.secret_arn or "",
            SecretVersionId=self.secret_version_id or "",
            TokenExpiresAt=(is_verified and self.token_expires_at) or "",
            TokenLogin=(is_verified and self.token_login) or "",
        )._asdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Says that somebody was about to write to a slot in CodeBuild, so that nobody is sure what it holds.

    owner, role_arn: on whose behalf, and by which role. request_id: for which Create or Update, if for one. spare: the
    slot held a credential that nobody manages when the mark was set; it may still be there. followed: a secret whose
    rotations find the slot as long as the mark is there, beside the one that the top claim follows. text: as the table
    has it, by which it is cleared.
    """

    owner: Owner
    role_arn: str | None = None
    request_id: str = ""
    spare: bool = False
    followed: str | None = None
    id: str = field(default_factory=lambda: uuid4().hex)
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a slot.

    claims: the last is the top, which is to be in CodeBuild. in_codebuild: the top one is there. With marks, that was
    so before they were set.
    """

    slot: Slot
    claims: tuple[Claim, ...] = ()
    in_codebuild: bool = False
    marks: frozenset[Mark] = frozenset()

    @property
    def top(self) -> Claim | None:
        """Return the claim that is to be in CodeBuild: its owner is the slot's holder."""
        return self.claims[-1] if self.claims else None

    @property
    def known(self) -> bool:
        """Tell whether CodeBuild is known to hold what the top claim says."""
        return self.in_codebuild and not self.marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request came to.

    attributes: for Fn::GetAtt. is_late: it is a Create, which failed because its Delete had come first.
    """

    succeeded: bool
    reason: str = ""
    physical_resource_id: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    is_late: bool = False


class Begun(NamedTuple):
    """A request that has begun to write to CodeBuild."""

    request_type: str
    request_id: str
    physical_resource_id: str

    def request(self, owner: Owner) -> Request:
        """Return the request."""
        return Request(
            owner=owner,
            request_id=self.request_id,
            request_type=self.request_type,
            physical_resource_id=self.physical_resource_id,
        )


def begun_of(request: Request) -> Begun:
    """Return what is noted of a request that begins to write."""
    return Begun(request.request_type, request.request_id, request.physical_resource_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is remembered of a logical resource, whatever slots it is or was in.

    slots: where it has claims, or may have left something. gone: physical ids that its Deletes have taken away. begun:
    its requests that have begun to write to CodeBuild and may not have ended. late_create_until: a Delete came whose
    Create has not; until then, in seconds since 1970, the first Create to come is that one.
    """

    slots: frozenset[Slot] = frozenset()
    gone: frozenset[str] = frozenset()
    begun: frozenset[Begun] = frozenset()
    late_create_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a request changes of what is remembered of its resource.

    lasts: it has claims afterwards, so it must not be forgotten; None: whether it is forgotten stays as it is.
    """

    added: Resource = field(default_factory=Resource)
    removed: Resource = field(default_factory=Resource)
    lasts: bool | None = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a request ends: written together with what it made of the slot, both or neither."""

    request: Request
    answer: Answer
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Recollection:
    """What is remembered of a request and its resource. turn_id: the turn in which the answer was written, if any."""

    answer: Answer | None = None
    turn_id: str = ""
    resource: Resource = field(default_factory=Resource)


def lasting_name(secret_arn: str) -> str:
    """Return a secret's ARN without its end, a hyphen and six characters, which are others when it is made anew.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
    """
    return secret_arn[:-7]
