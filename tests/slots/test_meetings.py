"""Random meetings of several actors in one slot, with deaths, lost answers, failing calls, stalls and late deliveries.

However they meet: when CloudFormation has sent what it sends after failures, table and CodeBuild agree, the holder
exists and has the version its secret has, what nobody wants is not there, and no two answers to one request differ.
"""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from source_credential.model import Credential, ServerType, Slot
from tests.fakes import ARN, VERSION_ID
from tests.slots.cloudformation import CloudFormation, Done
from tests.slots.sent import Check, Event, Refresh, github, owner, run
from tests.slots.simulation import Mishaps, Simulation
from tests.slots.world import SLOT, Killed, World, kill_before

SLOTS = [SLOT, replace(SLOT, server_type=ServerType.BITBUCKET)]
VERSIONS = [f"{number}{number}222222-3333-4444-5555-666666666666" for number in range(9)]

# `make meetings` sets more.
MEETINGS = int(os.environ.get("MEETINGS", "600"))
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 10**9)


def empty(_cloud: CloudFormation) -> None:
    """Begin with nothing."""


def held(cloud: CloudFormation) -> None:
    """Begin with stack a in the slot."""
    _there(cloud, "a")


def taken_over(cloud: CloudFormation) -> None:
    """Begin with stack b in the slot, taken from a."""
    _there(cloud, "a")
    _there(cloud, "b", ShouldOverwrite="true")


def unmanaged(cloud: CloudFormation) -> None:
    """Begin with a credential that nobody manages."""
    auth_type = cloud.simulation.chance.choice(("OAUTH", "PERSONAL_ACCESS_TOKEN"))
    cloud.world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type=auth_type)


def renamed(cloud: CloudFormation) -> None:
    """Begin in the middle of a rename: the new name is there, and the old one is about to be deleted."""
    _there(cloud, "a", "Old")
    _there(cloud, "a", "GitHub")
    cloud.operate("a", lambda done: cloud.delete(cloud.resource("a", "Old"), done))


def unanswered(cloud: CloudFormation) -> None:
    """Begin after a Create that died somewhere, which CloudFormation gives up while Lambda may run it once more."""
    world, simulation = cloud.world, cloud.simulation
    if simulation.chance.random() < 0.5:
        _there(cloud, "b")
    kept = cloud.resource("a")
    kept.given_up = True
    given = github(world.secret("a-GitHub"), ShouldOverwrite="true")
    event = Event("Create", owner("a"), world.new_id(), given)
    with suppress(Killed):
        run(world, event, kill_before(simulation.chance.randrange(12)))
    cloud.operate("a", lambda done: cloud.delete(kept, done, "a-GitHub-1ABCDEF", given))
    if simulation.chance.random() < 0.7:
        late = simulation.chance.uniform(0, 90)
        simulation.after(late, lambda: simulation.invoke(event, lambda _answer: None, tries=2))


def _there(cloud: CloudFormation, stack: str, logical_id: str = "GitHub", **more: str) -> None:
    kept = cloud.resource(stack, logical_id)
    given = github(cloud.world.secret(f"{stack}-{logical_id}"), **more)
    answer = run(cloud.world, Event("Create", owner(stack, logical_id), cloud.world.new_id(), given))
    assert answer.status == "SUCCESS"
    kept.physical_resource_id, kept.properties = answer.physical_resource_id, given


Actor = Callable[[CloudFormation], None]


def creates(stack: str, *, rolled_back: bool = False, **more: str) -> Actor:
    """Return an actor: a stack creates its resource; and perhaps deletes it at once, since it failed elsewhere."""

    def operation(cloud: CloudFormation, done: Done) -> None:
        kept = cloud.resource(stack)
        if kept.physical_resource_id is None and not kept.given_up:
            given = github(cloud.world.secret(f"{stack}-GitHub"), **more)
            cloud.create(kept, given, done, (lambda: cloud.delete(kept, done)) if rolled_back else None)
        else:
            done()

    return lambda cloud: cloud.operate(stack, lambda done: operation(cloud, done))


def updates(stack: str, secret: str) -> Actor:
    """Return an actor: a stack's resource gets another secret; `missing` makes it fail."""

    def operation(cloud: CloudFormation, done: Done) -> None:
        kept = cloud.resource(stack)
        if secret != "missing":
            cloud.world.secret(secret)
        if kept.physical_resource_id is None or kept.properties["SecretId"] == secret:
            done()
        else:
            cloud.update(kept, {**kept.properties, "SecretId": secret}, done)

    return lambda cloud: cloud.operate(stack, lambda done: operation(cloud, done))


def moves(stack: str, *, undone: bool = False) -> Actor:
    """Return an actor: a stack's resource moves to the other server type's slot, and perhaps back at once."""

    def operation(cloud: CloudFormation, done: Done) -> None:
        kept = cloud.resource(stack)
        if kept.physical_resource_id is None or kept.given_up:
            done()
        else:
            other = "BITBUCKET" if kept.properties["ServerType"] == "GITHUB" else "GITHUB"
            cloud.update(kept, {**kept.properties, "ServerType": other}, done, undone=undone)

    return lambda cloud: cloud.operate(stack, lambda done: operation(cloud, done))


def deletes(stack: str) -> Actor:
    """Return an actor: a stack's resource is deleted."""

    def operation(cloud: CloudFormation, done: Done) -> None:
        kept = cloud.resource(stack)
        if kept.physical_resource_id is None:
            done()
        else:
            cloud.delete(kept, done)

    return lambda cloud: cloud.operate(stack, lambda done: operation(cloud, done))


def renames(stack: str) -> Actor:
    """Return an actor: the resource gets another logical id."""

    def operation(cloud: CloudFormation, done: Done) -> None:
        old, new = cloud.resource(stack), cloud.resource(stack, "New")
        if old.physical_resource_id is not None and new.physical_resource_id is None and not new.given_up:
            given = github(cloud.world.secret(f"{stack}-New"))
            cloud.create(new, given, done, lambda: cloud.delete(old, done))
        else:
            done()

    return lambda cloud: cloud.operate(stack, lambda done: operation(cloud, done))


def rotates(stack: str, *, back: bool = False) -> Actor:
    """Return an actor: the stack's secret gets a new version; and perhaps the label goes straight back."""

    def act(cloud: CloudFormation) -> None:
        world, simulation = cloud.world, cloud.simulation
        name = world.secret(f"{stack}-GitHub")
        versions = [version for version in VERSIONS if (name, version) not in world.secrets.versions]
        world.rotate(name, versions[0])
        message = Refresh(name, by_index=True)
        simulation.after(simulation.chance.uniform(0.3, 3), lambda: simulation.deliver(message))
        if back:

            def move_back() -> None:
                world.secrets.labels[name, "AWSCURRENT"] = VERSION_ID
                simulation.after(simulation.chance.uniform(0.3, 3), lambda: simulation.deliver(message))

            simulation.after(simulation.chance.uniform(0, 2), move_back)

    return act


def checks(*, heal: bool = True) -> Actor:
    """Return an actor: the daily check."""
    return lambda cloud: cloud.simulation.deliver(Check(heal=heal))


STARTS = [empty, held, taken_over, unmanaged, renamed, unanswered]
ACTORS = {
    "b creates": creates("b"),
    "b takes over": creates("b", ShouldOverwrite="true"),
    "b takes over and is rolled back": creates("b", rolled_back=True, ShouldOverwrite="true"),
    "b creates without overwriting": creates("b", ShouldOverwrite="false"),
    "c takes over": creates("c", ShouldOverwrite="true"),
    "a creates": creates("a"),
    "a updates": updates("a", "a-other"),
    "a updates and fails": updates("a", "missing"),
    "b updates": updates("b", "b-other"),
    "a deletes": deletes("a"),
    "b deletes": deletes("b"),
    "a renames": renames("a"),
    "a moves": moves("a"),
    "a moves and back": moves("a", undone=True),
    "b moves": moves("b"),
    "a rotates": rotates("a"),
    "a rotates and back": rotates("a", back=True),
    "b rotates": rotates("b"),
    "check": checks(),
    "check without healing": checks(heal=False),
}


def meet(seed: int) -> tuple[Simulation, CloudFormation, str]:
    """Let two to four actors meet from a starting state, all by chance, and return what is there in the end."""
    chance = random.Random(seed)  # noqa: S311 - an order of calls, no secret
    start = chance.choice(STARTS)
    names = [chance.choice(list(ACTORS)) for _ in range(chance.choice((2, 2, 3, 3, 4)))]
    simulation = Simulation(World(), chance, Mishaps(chance.choice((0.03, 0.08, 0.15)), chance.choice((0, 1, 2, 3))))
    cloud = CloudFormation(simulation)
    for stack in "abc":
        simulation.world.secret(f"{stack}-GitHub")
    start(cloud)
    for name in names:
        simulation.after(chance.choice((0.0, 0.0, chance.uniform(0, 3))), lambda name=name: ACTORS[name](cloud))  # type: ignore[misc]
    simulation.go_on()
    return simulation, cloud, f"seed {seed}: {start.__name__}, {', '.join(names)}"


def check_end(simulation: Simulation, cloud: CloudFormation) -> None:
    """Check what must be so when everything is over, before and after the next daily check."""
    world = simulation.world
    for request_id, answers in simulation.answers.items():
        assert len(set(answers)) == 1, f"{request_id} has answers that differ"
    existing = {
        (owner(kept.stack, kept.logical_id), kept.physical_resource_id)
        for kept in cloud.resources.values()
        if kept.physical_resource_id is not None
    }
    records = [world.record(slot) for slot in SLOTS]
    claims = [(claim.owner, claim.arn) for record in records for claim in record.claims]
    assert len(claims) == len(set(claims))
    assert set(claims) == existing, "who has a claim and who exists differ"
    for record in records:
        if not record.marks:
            _check_agreement(world, record.slot)
    world.pass_time(100)
    for record in records:
        assert run(world, Check(slot=record.slot)).status in {"CHECKED", "HEALED"}
        after = world.record(record.slot)
        assert [claim.owner for claim in after.claims] == [claim.owner for claim in record.claims]
        assert (after.in_codebuild, after.marks) == (bool(record.claims), frozenset())
        _check_agreement(world, record.slot)


def _check_agreement(world: World, slot: Slot) -> None:
    record = world.record(slot)
    token = world.token(slot)
    if record.top is None:
        was_adopted = token is not None and any("nobody manages" in told for told in world.warnings)
        assert token in (None, "nobody's") or was_adopted, "what nobody wants is there"
    elif not record.in_codebuild:  # it could not be imported when another one uncovered it
        assert token is None
    else:
        secret_id = record.top.specification.secret_id
        assert secret_id is not None
        current = world.secrets.version_of(secret_id, "AWSCURRENT")
        assert (token, world.version(slot), record.top.secret_version_id) == (secret_id, current, current)


def test_random_meetings_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    """A fixed number of them, with a seed that is printed; `make meetings` has thousands."""
    wrong = []
    for number in range(MEETINGS):
        simulation, cloud, title = meet(SEED + number)
        try:
            check_end(simulation, cloud)
        except AssertionError as error:
            wrong.append("\n  ".join([f"{title}: {error}", *simulation.story]))
    with capsys.disabled():
        print(f" ({MEETINGS} meetings from seed {SEED})", end="")  # noqa: T201 - which ones they were is worth a line
    assert not wrong, f"{len(wrong)} of {MEETINGS} ended wrong\n" + "\n".join(wrong[:5])
