"""What CloudFormation and the queue send, a function run on it, and a stack as CloudFormation keeps it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from source_credential.contract import properties
from source_credential.errors import ResourceConflict, SourceCredentialError
from source_credential.model import Owner, Request, Slot, Specification, failed_create_id
from source_credential.records import Answer as Remembered
from source_credential.slots.freshen import Finding, Outcome, SecretChange
from source_credential.slots.turn import Run
from source_credential.wiring import Logic
from tests.fakes import ACCOUNT, REGION, secret_arn
from tests.slots.world import SLOT, Step, World, go_on


@dataclass(frozen=True)
class Event:
    """What CloudFormation sends, as the logic sees it."""

    kind: str
    owner: Owner
    request_id: str
    properties: dict[str, str]
    physical_resource_id: str = ""
    old_properties: dict[str, str] | None = None

    def request(self) -> Request:
        """Return the request."""
        return Request(
            owner=self.owner,
            request_id=self.request_id,
            request_type=self.kind,
            physical_resource_id=self.physical_resource_id,
            wanted=repr(sorted(self.properties.items())),
        )


@dataclass(frozen=True)
class Refresh:
    """What the queue delivers to have a slot refreshed: a secret has changed. by_index: if the slot is found by it.

    version: which one has the label now, where it is told; age: of the event, in seconds.
    """

    secret: str
    label: str = "AWSCURRENT"
    arn: str = ""
    by_index: bool = False
    slot: Slot = SLOT
    version: str = ""
    age: float = 0.0


@dataclass(frozen=True)
class Check:
    """What the queue delivers to have a slot looked after."""

    heal: bool = True
    slot: Slot = SLOT


@dataclass(frozen=True)
class Answer:
    """What CloudFormation is answered; of what the queue delivers, only how it ended."""

    status: str
    physical_resource_id: str = ""
    reason: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


REFRESHED, UNCHANGED, LEFT_ALONE = (
    Answer(outcome) for outcome in (Outcome.REFRESHED, Outcome.UNCHANGED, Outcome.LEFT_ALONE)
)
HEALED, CHECKED, BUSY = Answer("HEALED"), Answer("CHECKED"), Answer("BUSY")


def run(
    world: World,
    event: Event | Refresh | Check,
    step: Step = go_on,
    *,
    logic: Logic | None = None,
    during: Run | None = None,
) -> Answer:
    """Run a function on what it is sent, and return its answer. Raises Killed when the step does."""
    logic = logic or world.logic(step)
    if not isinstance(event, Event):
        return _look_after(world, logic, event, during or world.run(patience=3.0))
    answer = logic.memory.answer(event.request(), _work(logic, event, during or world.run()))
    return told(event, answer)


def told(event: Event, answer: Remembered) -> Answer:
    """Return what CloudFormation is told of an answer."""
    if not answer.succeeded:
        given = event.physical_resource_id if event.kind != "Create" else failed_create_id(event.request_id)
        return Answer("FAILED", given, answer.reason)
    return Answer("SUCCESS", answer.physical_resource_id, attributes=tuple(sorted(answer.attributes.items())))


def _work(logic: Logic, event: Event, run: Run) -> Callable[[], Remembered]:
    """Return what the entry does with an event (custom_resource.py)."""

    def work() -> Remembered:
        request = event.request()
        if event.kind == "Create":
            return logic.provisioner.create(request, properties.parse(event.properties), run)
        if event.kind == "Update":
            old = _parsed(event.old_properties)
            return logic.provisioner.update(request, properties.parse(event.properties), old, run)
        specification = _parsed(event.properties)
        slot = logic.preparation.target(specification).slot if specification else None
        return logic.deleter.delete(request, slot, run)

    return work


def _parsed(given: dict[str, str] | None) -> Specification | None:
    try:
        return properties.parse(given)
    except SourceCredentialError:
        return None


def _look_after(world: World, logic: Logic, message: Refresh | Check, run: Run) -> Answer:
    try:
        if isinstance(message, Check):
            return _found(logic.freshener.check(message.slot, run, heal=message.heal))
        time = datetime.fromtimestamp(world.now - message.age, UTC).isoformat()
        change = SecretChange(message.arn or secret_arn(message.secret), message.label, time, message.version)
        outcome, is_behind = logic.freshener.refresh(message.slot, run, change)
        return Answer(f"{outcome}, AND BEHIND" if is_behind else outcome)
    except ResourceConflict:
        return BUSY
    except SourceCredentialError as error:
        return Answer("FAILED", reason=str(error))


def _found(finding: Finding) -> Answer:
    if finding.failure is not None:
        return Answer("FAILED", reason=str(finding.failure))
    return HEALED if finding.healed else CHECKED


def owner(stack: str, logical_id: str = "GitHub") -> Owner:
    """Return an owner."""
    return Owner(
        stack_id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/0a1b2c3d", logical_resource_id=logical_id
    )


def github(secret: str, **more: str) -> dict[str, str]:
    """Return the properties of a GitHub token in a secret."""
    return {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": secret, **more}


class Stack:
    """A stack as CloudFormation keeps it: the id and the properties of each resource."""

    def __init__(self, world: World, name: str) -> None:
        """Start without resources."""
        self.world = world
        self.name = name
        self.resources: dict[str, tuple[str, dict[str, str]]] = {}
        self.last: Event | None = None

    def create(self, logical_id: str = "GitHub", **properties: str) -> Answer:
        """Create a resource."""
        given = github(self.world.secret(f"{self.name}-{logical_id}")) | properties
        answer = self._send("Create", logical_id, given)
        self.resources[logical_id] = (answer.physical_resource_id, given)
        return answer

    def update(self, logical_id: str = "GitHub", **properties: str) -> Answer:
        """Update a resource; a failure and a replacement are left for the test to follow up."""
        physical_resource_id, had = self.resources[logical_id]
        answer = self._send("Update", logical_id, had | properties, physical_resource_id, had)
        if answer.status == "SUCCESS":
            self.resources[logical_id] = (answer.physical_resource_id, had | properties)
        return answer

    def roll_back(self, logical_id: str = "GitHub", **properties: str) -> Answer:
        """Send what follows an Update that failed: the old and the new properties, swapped."""
        physical_resource_id, had = self.resources[logical_id]
        return self._send("Update", logical_id, had, physical_resource_id, had | properties)

    def delete(self, logical_id: str = "GitHub", physical_resource_id: str | None = None) -> Answer:
        """Delete a resource, or what it was before it was replaced."""
        given, had = self.resources[logical_id]
        return self._send("Delete", logical_id, had, physical_resource_id or given)

    def again(self) -> Answer:
        """Send the last event once more."""
        assert self.last is not None
        return run(self.world, self.last)

    def _send(
        self,
        kind: str,
        logical_id: str,
        given: dict[str, str],
        physical_resource_id: str = "",
        had: dict[str, str] | None = None,
    ) -> Answer:
        self.last = Event(kind, owner(self.name, logical_id), self.world.new_id(), given, physical_resource_id, had)
        return run(self.world, self.last)


def create(stack: str, request_id: str | None = None, **more: str) -> Event:
    """Return a Create of a stack's, with the secret that `Stack` gives it."""
    return Event("Create", owner(stack), request_id or f"create-{stack}", github(f"{stack}-GitHub", **more))


def delete(stack: str, physical_resource_id: str) -> Event:
    """Return a Delete of a stack's."""
    return Event("Delete", owner(stack), f"delete-{stack}", github(f"{stack}-GitHub"), physical_resource_id)
