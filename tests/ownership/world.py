"""A world in which stacks meet in CodeBuild's slots: real tables, fake CodeBuild, runs that can be held or killed."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from source_credential.aws.bindings import DynamoBindings
from source_credential.aws.request_records import DynamoRequests
from source_credential.errors import AccessDenied, SourceCredentialError
from source_credential.model import Binding, Connection, Owner, Request, ServerType, Slot, Target
from source_credential.slots.provisioner import Provisioner
from source_credential.slots.refresher import Refresher
from source_credential.tokens.importing import Importer
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

BINDINGS, REQUESTS = "bindings", "requests"
SLOT = Slot(account_id=ACCOUNT, region=REGION, server_type=ServerType.GITHUB)

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

    def get_paginator(self, operation: str) -> Any:
        """Return a paginator over one page, which is a call like any other."""
        return _OnePage(getattr(self, operation))


@dataclass
class _OnePage:
    operation: Callable[..., Any]

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        yield self.operation(**parameters)


@dataclass
class FakeTargets:
    """The accounts and regions there are, each with slots of its own."""

    step: Step
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
        return Stepped(self.places[key], self.step)

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
    """Tables that outlive every run, the places to import into, the secrets, and what operators were told."""

    dynamodb: Any
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    connections: FakeConnections = field(default_factory=FakeConnections)
    token_check: FakeTokenCheck = field(default_factory=FakeTokenCheck)
    places: dict[tuple[str, str], FakeSourceCredentials] = field(default_factory=dict)
    refused_roles: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    _ids: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        """Empty the tables; fill the provider's own place."""
        self.places[ACCOUNT, REGION] = FakeSourceCredentials()
        self.empty_tables()

    @property
    def codebuild(self) -> FakeSourceCredentials:
        """Return CodeBuild in the provider's own account and region."""
        return self.places[ACCOUNT, REGION]

    def provisioner(self, step: Step = go_on) -> Provisioner:
        """Return the logic as a process of its own has it."""
        client = Stepped(self.dynamodb, step)
        return Provisioner(
            importer=self._importer(step),
            bindings=self.bindings(step),
            requests=DynamoRequests(client, table=REQUESTS),  # type: ignore[arg-type]
            warn=self.warnings.append,
            sleep=lambda _seconds: None,
        )

    def refresher(self, step: Step = go_on) -> Refresher:
        """Return what keeps the slots fresh, as a process of its own has it."""
        return Refresher(
            importer=self._importer(step),
            bindings=self.bindings(step),
            secrets=Stepped(self.secrets, step),
            warn=self.warnings.append,
        )

    def _importer(self, step: Step) -> Importer:
        return Importer(
            targets=FakeTargets(step, self.places, self.connections, self.refused_roles),
            secrets=Stepped(self.secrets, step),
            token_check=Stepped(self.token_check, step),
        )

    def bindings(self, step: Step = go_on) -> DynamoBindings:
        """Return the table of bindings."""
        client = Stepped(self.dynamodb, step)
        return DynamoBindings(client, table=BINDINGS, requests_table=REQUESTS)  # type: ignore[arg-type]

    def binding(self, slot: Slot = SLOT) -> Binding | None:
        """Return what the table says of a slot."""
        return self.bindings().get(slot)

    def holder(self, slot: Slot = SLOT) -> str | None:
        """Return who holds a slot, as `stack/logical id`."""
        binding = self.binding(slot)
        if binding is None:
            return None
        return f"{binding.owner.stack_id.split('/')[1]}/{binding.owner.logical_resource_id}"

    def token(self, slot: Slot = SLOT) -> str | None:
        """Return which of the secrets is in a slot in CodeBuild: its name; None when the slot is empty."""
        secret_id, _ = self._imported(slot)
        return secret_id

    def version(self, slot: Slot = SLOT) -> str | None:
        """Return which version of the secret that is."""
        _, version_id = self._imported(slot)
        return version_id

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

    def empty_tables(self) -> None:
        """Forget everything."""
        for table, keys in ((BINDINGS, ("Slot",)), (REQUESTS, ("Owner", "RequestId"))):
            for item in self.dynamodb.scan(TableName=table)["Items"]:
                self.dynamodb.delete_item(TableName=table, Key={key: item[key] for key in keys})


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
            had=repr(sorted((self.old_properties or {}).items())),
        )


@dataclass(frozen=True)
class Refresh:
    """What the queue delivers to have a slot refreshed: a secret has changed."""

    secret: str
    label: str = "AWSCURRENT"
    again: bool = False
    kind: str = "Refresh"


@dataclass(frozen=True)
class Check:
    """What the queue delivers to have a slot looked after; again: not for the first time."""

    again: bool = False
    kind: str = "Check"


@dataclass(frozen=True)
class Answer:
    """What CloudFormation is answered; of what the queue delivers, only how it ended."""

    status: str
    physical_resource_id: str = ""
    reason: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


def run(world: World, event: Event | Refresh | Check, step: Step = go_on) -> Answer:
    """Run a function on what it is sent, and return its answer. Raises Killed when the step does."""
    if not isinstance(event, Event):
        return _look_after(world, event, step)
    provisioner = world.provisioner(step)
    request = event.request()
    try:
        if event.kind == "Create":
            done = provisioner.create(request, event.properties)
        elif event.kind == "Update":
            done = provisioner.update(request, event.properties)
        else:
            done = provisioner.delete(request)
    except SourceCredentialError as error:
        marker = f"source-credential:create-failed:{event.request_id}"
        given = event.physical_resource_id if event.kind != "Create" else marker
        return Answer("FAILED", given, str(error))
    return Answer("SUCCESS", done.physical_resource_id, attributes=tuple(sorted(done.attributes.items())))


def _look_after(world: World, message: Refresh | Check, step: Step) -> Answer:
    refresher = world.refresher(step)
    try:
        if isinstance(message, Check):
            found = refresher.check(SLOT)
            wanting = found.missing or found.stale or message.again
            return Answer("HEALED" if wanting and refresher.heal(SLOT) else "CHECKED")
        arn = secret_arn(message.secret)
        return Answer(refresher.refresh(SLOT, secret_arn=arn, label=message.label, again=message.again))
    except SourceCredentialError as error:
        return Answer("FAILED", reason=str(error))


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


def kill_before(nth: int) -> Step:
    """Return a step that kills the run before its nth call, counted from 0."""
    calls = count()

    def step(_call: str) -> None:
        if next(calls) == nth:
            raise Killed

    return step
