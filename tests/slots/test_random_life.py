"""Several stacks on one slot, at random: requests, duplicates, deaths and meetings, held against a model.

The model is what a person would say must be there: a list of those who took the slot and are still there, the last of
whom has it.
"""
# ruff: noqa: D401 - what an invariant says is no order

import random
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from source_credential.model import Credential
from tests.fakes import ARN
from tests.slots.interleaving import start
from tests.slots.sent import Answer, Event, github, owner, run
from tests.slots.world import Killed, World, kill_before

UNMANAGED = "OAUTH"

owners = st.tuples(st.sampled_from("abc"), st.sampled_from("XY"))
overwrites = st.sampled_from(["", "true", "false"])
calls = st.integers(min_value=0, max_value=16)

OwnerName = tuple[str, str]


@dataclass(frozen=True)
class Model:
    """Who took the slot and is still there, the last of whom has it; and what nobody manages, when nobody has it."""

    holders: tuple[OwnerName, ...] = ()
    secrets: dict[OwnerName, str] = field(default_factory=dict)
    unmanaged: bool = False

    def after(self, event: Event) -> "tuple[str, Model]":
        """Return how a request ends, and what is there then."""
        name = (event.owner.stack_name, event.owner.logical_resource_id)
        if event.kind == "Delete":
            kept = tuple(holder for holder in self.holders if holder != name)
            return "SUCCESS", replace(self, holders=kept)
        overwrite = event.properties.get("ShouldOverwrite", "")
        held_by_another = bool(self.holders) and self.holders[-1][0] != name[0]
        refused = held_by_another and overwrite != "true"
        refused = refused or (self.unmanaged and overwrite == "false")
        if refused or event.properties["SecretId"] == "missing":
            return "FAILED", self
        rest = tuple(holder for holder in self.holders if holder != name)
        secrets = self.secrets | {name: event.properties["SecretId"]}
        return "SUCCESS", Model((*rest, name), secrets)


class Life(RuleBasedStateMachine):
    """What CloudFormation, Lambda and people do to one slot."""

    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        """Start with nothing."""
        self.world = World()
        self.model = Model()
        self.resources: dict[OwnerName, dict[str, str]] = {}
        self.past: list[tuple[Event, Answer]] = []
        self.lost = False
        self.secrets = 0

    @rule(name=owners, overwrite=overwrites)
    def create(self, name: OwnerName, overwrite: str) -> None:
        """Create a resource that is not there; one that fails is deleted by its marker."""
        if name not in self.resources:
            self._send(self._create(name, overwrite))

    @rule(name=owners, overwrite=overwrites, missing=st.booleans())
    def update(self, name: OwnerName, overwrite: str, missing: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """Update a resource; what fails is rolled back."""
        if name in self.resources:
            self._send(self._update(name, overwrite, missing=missing))

    @rule(name=owners)
    def delete(self, name: OwnerName) -> None:
        """Delete a resource."""
        if name in self.resources:
            self._send(self._delete(name))

    @rule(stack=st.sampled_from("abc"), back=st.booleans())
    def rename(self, stack: str, back: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """Give a resource another logical id; or begin to, and be rolled back."""
        there = [name for name in self.resources if name[0] == stack]
        if len(there) == 1:
            new = (stack, "Y" if there[0][1] == "X" else "X")
            if self._send(self._create(new, "")).status == "SUCCESS":
                self._send(self._delete(new if back else there[0]))

    @rule(which=st.integers(min_value=0))
    def duplicate(self, which: int) -> None:
        """Send something from the past again: the same answer, and nothing happens."""
        if self.past:
            event, answer = self.past[which % len(self.past)]
            assert self._run(event) == answer

    @rule(name=owners, overwrite=overwrites, nth=calls, given_up=st.booleans())
    def create_that_dies(self, name: OwnerName, overwrite: str, nth: int, given_up: bool) -> None:  # noqa: FBT001 - drawn
        """Kill a Create; Lambda runs it again, or CloudFormation gives it up, and Lambda's retry comes after that."""
        if name in self.resources:
            return
        event = self._create(name, overwrite)
        adopts = self.model.unmanaged
        answer = self._run_and_kill(event, nth)
        if answer is None and given_up:
            assert self._run(replace(self._delete(name), physical_resource_id="made-up-1ABC")).status == "SUCCESS"
            self.past.append((event, self._run(event)))
            assert self.past[-1][1].status == "FAILED"
            if adopts:  # whether it was overwritten nobody knows
                self.model = replace(self.model, unmanaged=bool(self.world.codebuild.slots))
        else:
            self._follow_up(event, answer or self._run(event))

    @rule(name=owners, overwrite=overwrites, nth=calls, given_up=st.booleans())
    def update_that_dies(self, name: OwnerName, overwrite: str, nth: int, given_up: bool) -> None:  # noqa: FBT001 - drawn
        """Kill an Update; Lambda runs it again, or CloudFormation rolls it back."""
        if name not in self.resources:
            return
        event = self._update(name, overwrite, missing=False)
        answer = self._run_and_kill(event, nth)
        if answer is None and given_up:
            self._roll_back(event)
        else:
            self._follow_up(event, answer or self._run(event))

    @rule(name=owners, nth=calls, taker=owners)
    def delete_that_dies(self, name: OwnerName, nth: int, taker: OwnerName) -> None:
        """Kill a Delete; another stack may take the slot before Lambda runs it again."""
        if name not in self.resources:
            return
        event = self._delete(name)
        answer = self._run_and_kill(event, nth)
        if answer is None and taker not in self.resources and taker[0] != name[0]:
            self._send(self._create(taker, "true"), settled=False)
        self._follow_up(event, answer or self._run(event))

    @rule(first=owners, second=owners, seed=st.integers(min_value=0, max_value=2**32))
    def meeting(self, first: OwnerName, second: OwnerName, seed: int) -> None:
        """Two resources' requests at once: it ends as one after the other."""
        if first == second:
            return
        events = [self._any(name) for name in (first, second)]
        orders = random.Random(seed)  # noqa: S311 - an order of calls, no secret
        runs = [start(self.world, event) for event in events]
        Life.steps += len(runs)
        while going := [each for each in runs if not each.is_over]:
            awake = [each for each in going if each.wake <= self.world.now]
            if awake:
                orders.choice(awake).go()
            else:
                self.world.now = min(each.wake for each in going)
        answers = [each.answer for each in runs]
        seen = ([answer.status for answer in answers if answer], self._seen_holders())
        possible = self._possible(events)
        assert seen in [(statuses, model.holders) for statuses, model in possible], (seen, answers, self.model.holders)
        self.model = next(model for statuses, model in possible if seen == (statuses, model.holders))
        self.lost = self.lost and self.world.token() is None
        for event, answer in zip(events, answers, strict=True):
            assert answer is not None
            self._note(event, answer)

    @rule()
    def console_deletes(self) -> None:
        """Somebody deletes the credential in the console: the next Update brings it back."""
        self.world.codebuild.slots.clear()
        self.model = replace(self.model, unmanaged=False)
        self.lost = bool(self.model.holders)

    @rule()
    def console_connects(self) -> None:
        """Somebody connects GitHub in the console, while nobody has the slot."""
        if not self.model.holders:
            self.world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type=UNMANAGED)
            self.world.codebuild.imported.pop("GITHUB", None)
            self.model = replace(self.model, unmanaged=True)

    @invariant()
    def everything_is_where_it_must_be(self) -> None:
        """The table has the holders the model has, and CodeBuild the last one's token."""
        if not hasattr(self, "model"):
            return
        assert self._seen_holders() == self.model.holders
        expected = "nobody's" if self.model.unmanaged else None
        if self.model.holders:
            expected = self.model.secrets[self.model.holders[-1]]
            self.lost = self.lost and self.world.token() is None  # any repair brings it back
        assert self.lost or self.world.token() == expected

    def _seen_holders(self) -> tuple[OwnerName, ...]:
        record = self.world.record()
        assert not record.marks
        return tuple((claim.owner.stack_name, claim.owner.logical_resource_id) for claim in record.claims)

    def _possible(self, events: list[Event]) -> list[tuple[list[str], Model]]:
        """Return how two requests at once may end: statuses in the order of `events`, and what is there then."""
        first, second = events
        possible = []
        for one, other in ((first, second), (second, first)):
            one_status, between = self.model.after(one)
            other_status, after = between.after(other)
            statuses = {one.request_id: one_status, other.request_id: other_status}
            possible.append(([statuses[first.request_id], statuses[second.request_id]], after))
        return possible

    def _any(self, name: OwnerName) -> Event:
        if name not in self.resources:
            return self._create(name, "true" if name[1] == "X" else "")
        return self._delete(name) if name[1] == "X" else self._update(name, "true", missing=False)

    def _create(self, name: OwnerName, overwrite: str) -> Event:
        return Event("Create", owner(*name), self.world.new_id(), self._properties(overwrite))

    def _update(self, name: OwnerName, overwrite: str, *, missing: bool) -> Event:
        given = self._properties(overwrite) | ({"SecretId": "missing"} if missing else {})
        return Event("Update", owner(*name), self.world.new_id(), given, ARN, self.resources[name])

    def _delete(self, name: OwnerName) -> Event:
        return Event("Delete", owner(*name), self.world.new_id(), self.resources.get(name, {}), ARN)

    def _properties(self, overwrite: str) -> dict[str, str]:
        self.secrets += 1
        given = github(self.world.secret(f"secret-{self.secrets}"))
        return given | ({"ShouldOverwrite": overwrite} if overwrite else {})

    def _run(self, event: Event) -> Answer:
        Life.steps += 1
        return run(self.world, event)

    def _run_and_kill(self, event: Event, nth: int) -> Answer | None:
        Life.steps += 1
        try:
            return run(self.world, event, kill_before(nth))
        except Killed:
            return None

    def _send(self, event: Event, *, settled: bool = True) -> Answer:
        assert settled or event.kind == "Create"
        answer = self._run(event)
        self._follow_up(event, answer)
        return answer

    def _follow_up(self, event: Event, answer: Answer) -> None:
        """Hold an answer against the model, and send what CloudFormation sends after it."""
        status, after = self.model.after(event)
        assert answer.status == status, answer.reason
        if status == "SUCCESS" and (event.kind != "Delete" or self.model.holders[-1:] != after.holders[-1:]):
            self.lost = False
        self.model = after
        self._note(event, answer)

    def _note(self, event: Event, answer: Answer) -> None:
        name = (event.owner.stack_name, event.owner.logical_resource_id)
        self.past.append((event, answer))
        if answer.status == "FAILED" and event.kind == "Create":
            marked = replace(self._delete(name), physical_resource_id=answer.physical_resource_id)
            assert self._run(marked).status == "SUCCESS"
        elif answer.status == "FAILED":
            self._roll_back(event)
        elif event.kind == "Delete":
            self.resources.pop(name, None)
        else:
            assert answer.physical_resource_id == ARN
            self.resources[name] = event.properties

    def _roll_back(self, event: Event) -> None:
        """Send the way back from an Update that failed: it never fails, and nobody's place changes."""
        assert event.old_properties is not None
        back = replace(
            event,
            request_id=self.world.new_id(),
            properties=event.old_properties,
            old_properties=event.properties,
        )
        answer = self._run(back)
        assert answer.status == "SUCCESS"
        self.past.append((back, answer))


def test_a_long_random_life_of_several_stacks_on_one_slot(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 2,000 requests, in whatever order and company, and never a wrong end."""
    Life.steps = 0
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=130,
            stateful_step_count=50,
            phases=[Phase.generate],  # a failure is printed as it was found: to make it smaller takes minutes
            deadline=None,
            derandomize=True,  # CI is to say the same of the same commit
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    assert Life.steps >= 2000
    with capsys.disabled():
        print(f" ({Life.steps} requests)", end="")  # noqa: T201 - how long the life was is worth a look
