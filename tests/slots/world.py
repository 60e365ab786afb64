"""A world in which stacks meet in CodeBuild's slots: a table, fake CodeBuild, a clock, runs that may be killed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from source_credential.cloudformation.memory import Memory
from source_credential.errors import AccessDenied
from source_credential.model import Connection, Owner, ServerType, Slot, Target
from source_credential.records import Record
from source_credential.slots.delete import Deleter
from source_credential.slots.freshen import Freshener
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
)

SLOT = Slot(account_id=ACCOUNT, region=REGION, server_type=ServerType.GITHUB)
LAMBDA_SECONDS = 130.0

# What a run does before each call of AWS: nothing, wait, or die.
Step = Callable[[str], None]


class Killed(BaseException):
    """The function's process has died. Nothing of the provider catches this."""


def go_on(_call: str) -> None:
    """Do nothing before a call."""


# What stands between a run and a service: it is given a call's name and the call, and returns what comes of it.
Around = Callable[[str, Callable[[], Any]], Any]


class Calls:
    """Something whose every method is a call of AWS, which can be held, fail, or be lost on its way."""

    def __init__(self, real: Any, around: Around) -> None:
        """Stand before `real`."""
        self._real = real
        self._around = around

    def __getattr__(self, name: str) -> Any:
        """Return the method, with what is around it."""
        method = getattr(self._real, name)
        return lambda *arguments, **keywords: self._around(name, lambda: method(*arguments, **keywords))


def stepping(step: Step) -> Around:
    """Return what does something before each call."""

    def around(name: str, call: Callable[[], Any]) -> Any:
        step(name)
        return call()

    return around


@dataclass
class FakeTargets:
    """The accounts and regions there are, each with slots of its own."""

    around: Around
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
        return Calls(self.places[key], self.around)

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

    def warn(self, sentence: str) -> None:
        """Tell an operator something; not of the shapes of tokens, which are made up here."""
        if "begins like none" not in sentence:
            self.warnings.append(sentence)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @property
    def codebuild(self) -> FakeSourceCredentials:
        """Return CodeBuild in the provider's own account and region."""
        return self.places[ACCOUNT, REGION]

    def logic(
        self, step: Step = go_on, around: Around | None = None, sleep: Callable[[float], None] | None = None
    ) -> Logic:
        """Return the logic as a process of its own has it."""
        around = around or stepping(step)
        table = Calls(self.table, around)
        sleep = sleep or self.pass_time
        tools = Tools(table=table, answers=table, clock=self.clock, sleep=sleep, warn=self.warn)
        targets = FakeTargets(around, self.places, self.connections, self.refused_roles)
        preparation = Preparation(
            targets=targets,
            secrets=Calls(self.secrets, around),
            token_check=lambda: Calls(self.token_check, around),
        )
        reconciler = Reconciler(targets=targets, preparation=preparation, sleep=sleep, warn=self.warn)
        return Logic(
            preparation=preparation,
            provisioner=Provisioner(preparation=preparation, reconciler=reconciler, tools=tools),
            deleter=Deleter(reconciler=reconciler, tools=tools),
            freshener=Freshener(preparation=preparation, reconciler=reconciler, tools=tools),
            memory=Memory(table, sleep=sleep, warn=self.warn),
            table=table,
        )

    def run(self, patience: float | None = None) -> Run:
        """Return a run of the function that begins now."""
        end = self.now + LAMBDA_SECONDS
        return Run(lambda: end - self.now, patience=patience)

    def record(self, slot: Slot = SLOT) -> Record:
        """Return what the table says of a slot."""
        record: Record = self.table.look(slot)
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
        elif record.in_codebuild:
            expected = (record.top.specification.secret_id, record.top.secret_version_id)
            assert (self.token(slot), self.version(slot)) == expected
        else:
            assert self.token(slot) is None


def kill_before(nth: int) -> Step:
    """Return a step that kills the run before its nth call, counted from 0."""
    calls = count()

    def step(_call: str) -> None:
        if next(calls) == nth:
            raise Killed

    return step
