"""A world in which stacks meet in CodeBuild's slots: a table, fake CodeBuild, a clock, runs that may be killed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from source_credential.cloudformation.memory import Memory
from source_credential.contract import properties
from source_credential.errors import AccessDenied, ResourceConflict, SourceCredentialError
from source_credential.model import Connection, Owner, Request, ServerType, Slot, Specification, Target, marker
from source_credential.records import Answer as Remembered
from source_credential.records import Record
from source_credential.slots.delete import Deleter
from source_credential.slots.freshen import Finding, Freshener, Outcome
from source_credential.slots.provision import Provisioner
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Run, Tools
from source_credential.tokens.preparation import Preparation
from source_credential.wiring import Logic
from tests.fake_table import FakeTable
from tests.fakes import (
    ACCOUNT,
    REGION,
    VERSION_ID,
    FakeConnections,
    FakeSecrets,
    FakeSourceCredentials,
    FakeTokenCheck,
    secret_arn,
)

SLOT = Slot(account_id=ACCOUNT, region=REGION, server_type=ServerType.GITHUB)
LAMBDA_SECONDS = 130.0

# What a run does before each call of AWS: nothing, wait, or die.
Step = Callable[[str], None]


class Killed(BaseException):
    """The function's process has died. Nothing of the provider catches this."""


def go_on(_call: str) -> None:
    """Do nothing before a call."""


class Stepped:
    """Something whose every method is a call of AWS, before which a run can be held or killed."""

    def __init__(self, real: Any, step: Step) -> None:
        """Wrap `real`."""
        self._real = real
        self._step = step

    def __getattr__(self, name: str) -> Any:
        """Return the method, with the step before it."""
        method = getattr(self._real, name)

        def stepped(*arguments: Any, **keywords: Any) -> Any:
            self._step(name)
            return method(*arguments, **keywords)

        return stepped


# What stands between a run and a service: `Stepped`, or what a test makes of it.
Wrap = Callable[[Any], Any]


@dataclass
class FakeTargets:
    """The accounts and regions there are, each with slots of its own."""

    wrap: Wrap
    places: dict[tuple[str, str], FakeSourceCredentials]
    known_connections: FakeConnections
    refused_roles: set[str]
    account_id: str = ACCOUNT
    region: str = REGION

    def source_credentials(self, target: Target, owner: Owner) -> Any:
        """Return the slots at the target."""
        assert owner.stack_id
        if target.role_arn in self.refused_roles:
            raise AccessDenied(f"RoleArn {target.role_arn}", "the provider may not assume it", "Allow it.")
        key = (target.slot.account_id, target.slot.region)
        if key not in self.places:
            self.places[key] = FakeSourceCredentials(account_id=key[0], region=key[1])
        return self.wrap(self.places[key])

    def connections(self, target: Target, owner: Owner) -> Any:
        """Return the connections, which are the same everywhere."""
        assert target.slot.account_id
        assert owner.stack_id
        return self

    def get(self, connection_arn: str) -> Connection:
        """Return a connection."""
        return self.known_connections.get(connection_arn)


@dataclass
class World:
    """A table that outlives every run, the places to import into, the secrets, and what operators were told."""

    table: Any = None
    now: float = 1_800_000_000.0
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    connections: FakeConnections = field(default_factory=FakeConnections)
    token_check: FakeTokenCheck = field(default_factory=FakeTokenCheck)
    places: dict[tuple[str, str], FakeSourceCredentials] = field(default_factory=dict)
    refused_roles: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    _ids: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        """Begin with an empty table; fill the provider's own place."""
        self.places[ACCOUNT, REGION] = FakeSourceCredentials()
        if self.table is None:
            self.table = FakeTable(self.clock)

    def clock(self) -> float:
        """Return the time: seconds since 1970."""
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @property
    def codebuild(self) -> FakeSourceCredentials:
        """Return CodeBuild in the provider's own account and region."""
        return self.places[ACCOUNT, REGION]

    def logic(
        self, step: Step = go_on, wrap: Wrap | None = None, sleep: Callable[[float], None] | None = None
    ) -> Logic:
        """Return the logic as a process of its own has it."""
        wrapped = wrap or (lambda real: Stepped(real, step))
        table = wrapped(self.table)
        sleep = sleep or self.pass_time
        tools = Tools(table=table, answers=table, clock=self.clock, sleep=sleep, warn=self.warnings.append)
        targets = FakeTargets(wrapped, self.places, self.connections, self.refused_roles)
        preparation = Preparation(targets=targets, secrets=wrapped(self.secrets), token_check=wrapped(self.token_check))
        reconciler = Reconciler(targets=targets, preparation=preparation, sleep=sleep, warn=self.warnings.append)
        return Logic(
            preparation=preparation,
            provisioner=Provisioner(preparation=preparation, reconciler=reconciler, tools=tools),
            deleter=Deleter(reconciler=reconciler, tools=tools),
            freshener=Freshener(preparation=preparation, reconciler=reconciler, tools=tools),
            memory=Memory(table, sleep=sleep, warn=self.warnings.append),
            table=table,
        )

    def run(self, patience: float | None = None) -> Run:
        """Return a run of the function that begins now."""
        end = self.now + LAMBDA_SECONDS
        return Run(lambda: end - self.now, patience=patience)

    def record(self, slot: Slot = SLOT) -> Record:
        """Return what the table says of a slot."""
        record: Record = self.table.read(slot)
        return record

    def holder(self, slot: Slot = SLOT) -> str | None:
        """Return who holds a slot, as `stack/logical id`."""
        return self.stack_of_claims(slot)[-1] if self.record(slot).claims else None

    def stack_of_claims(self, slot: Slot = SLOT) -> list[str]:
        """Return whose claims are in a slot, the top one last."""
        return [f"{claim.owner.stack_name}/{claim.owner.logical_resource_id}" for claim in self.record(slot).claims]

    def token(self, slot: Slot = SLOT) -> str | None:
        """Return which of the secrets is in a slot in CodeBuild: its name; None when the slot is empty."""
        return self._imported(slot)[0]

    def version(self, slot: Slot = SLOT) -> str | None:
        """Return which version of the secret that is."""
        return self._imported(slot)[1]

    def _imported(self, slot: Slot) -> tuple[str | None, str | None]:
        place = self.places.get((slot.account_id, slot.region), FakeSourceCredentials())
        if slot.server_type not in place.slots:
            return None, None
        digest = place.imported.get(slot.server_type, ("nobody's", None))[0]
        texts = {(name, VERSION_ID): text for name, text in self.secrets.texts.items()} | self.secrets.versions
        known = {hashlib.sha256(text.encode()).hexdigest(): version for version, text in texts.items()}
        return known.get(digest, (digest, None))

    def rotate(self, name: str, version_id: str, label: str = "AWSCURRENT") -> None:
        """Put a new version into a secret, with a token of its own."""
        self.secrets.add(name, version_id, f"token-of-{name}-{version_id}", label)

    def secret(self, name: str) -> str:
        """Put a secret there, unless it is, and return its name."""
        self.secrets.texts.setdefault(name, f"token-of-{name}")
        return name

    def new_id(self) -> str:
        """Return an id for a request."""
        return f"request-{next(self._ids)}"

    def lose_table(self) -> None:
        """Lose everything the table had."""
        self.table = FakeTable(self.clock)

    def agree(self, slot: Slot = SLOT) -> None:
        """Check that CodeBuild holds what the table says, to the version, and that nobody is at it or unsure."""
        record = self.record(slot)
        assert not record.marks
        if record.top is None:
            assert self.token(slot) is None
        elif record.held:
            expected = (record.top.specification.secret_id, record.top.secret_version_id)
            assert (self.token(slot), self.version(slot)) == expected
        else:
            assert self.token(slot) is None


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
    """What the queue delivers to have a slot refreshed: a secret has changed. by_index: if the slot is found by it."""

    secret: str
    label: str = "AWSCURRENT"
    arn: str = ""
    by_index: bool = False
    slot: Slot = SLOT


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
        return _look_after(logic, event, during or world.run(patience=3.0))
    answer = logic.memory.answer(event.request(), _work(logic, event, during or world.run()))
    return told(event, answer)


def told(event: Event, answer: Remembered) -> Answer:
    """Return what CloudFormation is told of an answer."""
    if not answer.succeeded:
        given = event.physical_resource_id if event.kind != "Create" else marker(event.request_id)
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
        target = logic.preparation.target(specification) if specification else None
        return logic.deleter.delete(request, target, run)

    return work


def _parsed(given: dict[str, str] | None) -> Specification | None:
    try:
        return properties.parse(given)
    except SourceCredentialError:
        return None


def _look_after(logic: Logic, message: Refresh | Check, run: Run) -> Answer:
    try:
        if isinstance(message, Check):
            return _found(logic.freshener.check(message.slot, run, heal=message.heal))
        arn = message.arn or secret_arn(message.secret)
        return Answer(logic.freshener.refresh(message.slot, run, secret_arn=arn, label=message.label))
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


def kill_before(nth: int) -> Step:
    """Return a step that kills the run before its nth call, counted from 0."""
    calls = count()

    def step(_call: str) -> None:
        if next(calls) == nth:
            raise Killed

    return step
