"""The provider's table as the tests of it see it: the two ports, a clock to set, and what is written there."""

from dataclasses import dataclass, replace
from typing import Any

from source_credential.aws.answers import DynamoAnswers
from source_credential.aws.table import DynamoSlots
from source_credential.model import AuthType, Request, ServerType, Slot, Specification
from source_credential.ports import Answers, SlotTable
from source_credential.records import Answer, Change, Claim, Ending, Mark, Record, Resource
from tests.aws.stubs import ARN, OWNER, ROLE, SECRET_ARN
from tests.conftest import TABLE
from tests.fakes import ACCOUNT, VERSION_ID
from tests.slots.world import SLOT

OTHER = Slot(account_id=ACCOUNT, region="eu-west-1", server_type=ServerType.BITBUCKET)


class Clock:
    """Seconds since 1970, as the test sets them."""

    def __init__(self) -> None:
        """Start somewhere, and not at a whole second.

        With three digits: a transaction that is sent again MiniStack takes for another one when a number in it has a
        zero at its end.
        """
        self.now = 1_800_000_000.125

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass(frozen=True)
class Tables:
    """The two ports of one table."""

    slots: SlotTable
    answers: Answers
    clock: Clock

    def take(self, turn_id: str = "turn", slot: Slot = SLOT, *, seconds: float = 50.0) -> Record:
        """Take a turn that lasts some seconds; another one's has to have ended by now."""
        now = self.clock.now
        return self.slots.take_turn(slot, turn_id, until=now + seconds, free_if_ended_before=now)

    def give_back(
        self, record: Record, turn_id: str = "turn", *, cleared: tuple[Mark, ...] = (), ending: Ending | None = None
    ) -> None:
        """Give back the turn of that id."""
        self.slots.give_back(record, turn_ids=(turn_id,), cleared=frozenset(cleared), ending=ending)

    def put(self, record: Record) -> None:
        """Write a record, in a turn of its own."""
        self.take("writing", record.slot)
        self.give_back(record, "writing")

    def mark(
        self, mark: Mark, *, turn_ids: tuple[str, ...] = ("turn",), then: str = "turn", begun: Change | None = None
    ) -> None:
        """Set a mark in a turn, which has another id then."""
        self.slots.mark(SLOT, mark, turn_ids=turn_ids, next_turn_id=then, begun=begun)

    def resource(self) -> Resource:
        """Return what is remembered of the owner's resource."""
        return self.answers.recall(asked("never")).resource


def real(client: Any) -> Tables:
    """Return the adapters over a client of DynamoDB."""
    clock = Clock()
    answers = DynamoAnswers(client, table=TABLE, clock=clock)
    return Tables(DynamoSlots(client, table=TABLE, answers=answers), answers, clock)


# Something in every field.
SPECIFICATION = Specification(
    server_type=ServerType.GITHUB,
    auth_type=AuthType.BASIC_AUTH,
    secret_id="codebuild/github",
    secret_key="token",
    secret_version_stage="BLUE",
    secret_version_id=VERSION_ID,
    username="someone",
    username_key="user",
    connection_arn="arn:aws:codeconnections:us-east-1:000000000000:connection/aaaa-bbbb",
    should_overwrite=False,
    region="eu-west-1",
    role_arn=ROLE,
    follow_rotation=False,
    verify_token=True,
    server_url="https://github.example.com",
)
FULL = Claim(
    owner=OWNER,
    specification=SPECIFICATION,
    fingerprint="0a1b",
    request_id="request",
    since="2026-01-01T00:00:00+00:00",
    arn=ARN,
    secret_arn=SECRET_ARN,
    secret_version_id=VERSION_ID,
    token_login="octocat",
    token_expires_at="2027-01-01T00:00:00+00:00",
)
BARE = Claim(
    owner=OWNER,
    specification=Specification(server_type=ServerType.GITLAB, auth_type=AuthType.CODECONNECTIONS),
    fingerprint="",
    request_id="request",
    since="2026-01-01T00:00:00+00:00",
)


def following(**more: Any) -> Claim:
    """Return a claim that follows the secret."""
    specification = replace(SPECIFICATION, secret_version_id=None, follow_rotation=True)
    return replace(FULL, specification=replace(specification, **more))


def claimed(*claims: Claim, slot: Slot = SLOT, **more: Any) -> Record:
    """Return the record of a slot with these claims."""
    return Record(slot=slot, claims=claims, **more)


def marked(identity: str = "mark", **more: Any) -> Mark:
    """Return a mark of the owner's."""
    return Mark(owner=OWNER, id=identity, **more)


def asked(request_id: str = "request", kind: str = "Create") -> Request:
    """Return a request of the owner's."""
    return Request(owner=OWNER, request_id=request_id, request_type=kind)


SUCCESS = Answer(succeeded=True, physical_resource_id=ARN, attributes={"Arn": ARN, "TokenLogin": ""})
FAILURE = Answer(succeeded=False, reason="Secret a: does not exist. Create it.")


def ending(answer: Answer = SUCCESS, request_id: str = "request", **change: Any) -> Ending:
    """Return the ending of a request of the owner's, with what changes of its resource."""
    return Ending(request=asked(request_id), answer=answer, change=Change(**change))
