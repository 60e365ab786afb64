"""Every cell of the state machine in docs/decisions/0005-ownership.md, walked."""

from collections.abc import Callable
from itertools import product

import pytest

from local.ministack import PROJECT
from source_credential.model import Binding, Credential
from tests.fakes import credential_arn
from tests.ownership.world import Answer, Event, Killed, Stack, World, github, owner, run

ARN = credential_arn("GITHUB")
PAGE = PROJECT / "docs/decisions/0005-ownership.md"


def rows() -> list[list[str]]:
    """Return the page's table: the row of events, then a row for each state."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in table if not set(row[0]) <= {"-"}]


def occupied(world: World) -> None:
    """Put a credential there that nobody manages."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH")


def cut_short(world: World, event: Event, call: str) -> None:
    """Kill a request before it makes a certain call of CodeBuild's."""

    def step(made: str) -> None:
        if made == call:
            raise Killed

    with pytest.raises(Killed):
        run(world, event, step)


def create(world: World, stack: str, logical_id: str = "GitHub", **more: str) -> Event:
    """Return a Create; of one resource it is always the same request."""
    secret = world.secret(f"{stack}-{logical_id}")
    return Event("Create", owner(stack, logical_id), f"create-{stack}", github(secret, **more))


def delete(world: World, stack: str) -> Event:
    """Return a Delete."""
    secret = world.secret(f"{stack}-GitHub")
    return Event("Delete", owner(stack), f"delete-{stack}", github(secret), ARN)


def created(world: World, *stacks: str) -> None:
    """Create a resource in each stack, one after the other, each taking the slot over."""
    for stack in stacks:
        assert run(world, create(world, stack, ShouldOverwrite="true")).status == "SUCCESS"


def deleting(world: World, stack: str) -> None:
    """Create a resource, and let its Delete die."""
    created(world, stack)
    cut_short(world, delete(world, stack), "delete")


# How each state of the slot comes about. "Mine" is stack a's resource, "another's" is stack b's.
STATES: dict[str, Callable[[World], object]] = {
    "empty": lambda world: world,
    "unmanaged": occupied,
    "mine": lambda world: created(world, "a"),
    "my stack's": lambda world: Stack(world, "a").create("Other"),
    "another's": lambda world: created(world, "b"),
    "another's over mine": lambda world: created(world, "a", "b"),
    "mine over another's": lambda world: created(world, "b", "a"),
    "my import": lambda world: cut_short(world, create(world, "a"), "import_credential"),
    "another's import": lambda world: cut_short(world, create(world, "b"), "import_credential"),
    "my deletion": lambda world: deleting(world, "a"),
    "another's deletion": lambda world: deleting(world, "b"),
}


def asked(world: World, **more: str) -> Answer:
    """Ask for the slot with a request that was never made before."""
    binding = world.binding()
    properties = github(world.secret("new"), **more)
    if mine(binding):
        return run(world, Event("Update", owner("a"), "new", properties, ARN, github("a-GitHub")))
    return run(world, Event("Create", owner("a"), "new", properties))


def refused(world: World) -> Answer:
    """Ask for the slot, and let CodeBuild refuse the import."""
    world.secret("new")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tests.fakes.FakeSourceCredentials.refused", {"token-of-new"})
        return asked(world, ShouldOverwrite="true")


EVENTS: dict[str, Callable[[World], Answer]] = {
    "asked for": asked,
    "with true": lambda world: asked(world, ShouldOverwrite="true"),
    "with false": lambda world: asked(world, ShouldOverwrite="false"),
    "bad secret": lambda world: asked(world, SecretId="missing", ShouldOverwrite="true"),
    "import refused": refused,
    "Delete": lambda world: run(world, delete(world, "a")),
    "again": lambda world: run(world, again(world)),
}


def again(world: World) -> Event:
    """Return the last request of the holder once more: a duplicate, or Lambda's retry of what was cut short."""
    binding = world.binding()
    if binding is None:
        return Event("Delete", owner("a"), "delete-a", github("a-GitHub"), ARN)
    stack = binding.owner.stack_id.split("/")[1]
    if binding.state == "DELETING":
        return delete(world, stack)
    if binding.owner.logical_resource_id == "Other":
        return Event("Create", binding.owner, binding.request_id, github("a-Other"))
    return create(world, stack)


def mine(binding: Binding | None) -> bool:
    """Tell whether the resource has the slot."""
    return binding is not None and binding.owner == owner("a") and binding.state == "ACTIVE"


def state(world: World) -> str:
    """Return the state the slot is in, having checked that CodeBuild agrees."""
    binding = world.binding()
    if binding is None:
        assert world.token() in {None, "nobody's"}
        return "unmanaged" if world.token() else "empty"
    name = {owner("a"): "mine", owner("a", "Other"): "my stack's", owner("b"): "another's"}[binding.owner]
    if binding.state != "ACTIVE":
        kind = {"IMPORTING": "import", "DELETING": "deletion"}[binding.state]
        return f"{name.replace('mine', 'my')} {kind}"
    assert world.token() == binding.specification.secret_id
    if binding.before is None:
        return name
    before = {owner("a"): "mine", owner("a", "Other"): "my stack's", owner("b"): "another's"}[binding.before.owner]
    return f"{name} over {before}"


def action(world: World, event: str, answer: Answer) -> str:
    """Return what was done, in the page's words."""
    done = [call for call in world.codebuild.calls if call in {"import", "delete"}]
    if answer.status == "FAILED":
        return "refuse" if not done or event == "import refused" else f"refuse, {', '.join(done)}"
    return {"": "nothing", "import": "import", "delete": "delete"}[", ".join(dict.fromkeys(done))]


def walk(world: World, before: str, event: str) -> str:
    """Return what a cell has to say: the action and the next state."""
    STATES[before](world)
    world.codebuild.calls.clear()
    answer = EVENTS[event](world)
    return f"{action(world, event, answer)} → {state(world)}"


def test_the_page_has_every_state_and_every_event() -> None:
    """No cell is missing, none is made up."""
    events, *states = rows()
    assert events[1:] == list(EVENTS)
    assert [row[0] for row in states] == list(STATES)


@pytest.mark.parametrize(("before", "event"), list(product(STATES, EVENTS)))
def test_every_cell_is_as_the_page_says(world: World, before: str, event: str) -> None:
    """From that state, by that event, with that action, to that state."""
    events, *states = rows()
    [row] = [row for row in states if row[0] == before]
    assert walk(world, before, event) == row[events.index(event)]
