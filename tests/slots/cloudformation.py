"""What CloudFormation does in a simulation: one operation of a stack after the other, with what follows a failure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.slots.sent import Answer, Event, owner
from tests.slots.simulation import Simulation
from tests.slots.world import World


@dataclass
class Kept:
    """A resource as CloudFormation keeps it.

    given_up: a Create or Delete of it was never answered, and may yet come for the first time. Within that hour a new
    Create could not be told from it, or is hit by it (docs/decisions/0005-ownership.md), so nobody sends one.
    """

    stack: str
    logical_id: str = "GitHub"
    properties: dict[str, str] = field(default_factory=dict)
    physical_resource_id: str | None = None
    given_up: bool = False


Done = Callable[[], None]


@dataclass
class CloudFormation:
    """What CloudFormation does: one operation of a stack after the other, with what follows a failure."""

    simulation: Simulation
    resources: dict[tuple[str, str], Kept] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    @property
    def world(self) -> World:
        """Return the world."""
        return self.simulation.world

    def resource(self, stack: str, logical_id: str = "GitHub") -> Kept:
        """Return a resource, which may not exist yet."""
        return self.resources.setdefault((stack, logical_id), Kept(stack, logical_id))

    def operate(self, stack: str, operation: Callable[[Done], None]) -> None:
        """Begin an operation of a stack when the one before is done."""
        if stack in self.busy:
            self.simulation.after(5, lambda: self.operate(stack, operation))
            return
        self.busy.add(stack)
        operation(lambda: self.busy.remove(stack))

    def create(self, kept: Kept, given: dict[str, str], done: Done, then: Done | None = None) -> None:
        """Create a resource; what fails is deleted by its marker, what is not answered by an id that is made up."""

        def answered(answer: Answer | None) -> None:
            if answer is not None and answer.status == "SUCCESS":
                kept.physical_resource_id, kept.properties = answer.physical_resource_id, given
                (then or done)()
            else:
                made_up = f"{kept.stack}-{kept.logical_id}-1ABCDEF"
                kept.given_up = kept.given_up or answer is None
                self.delete(kept, done, answer.physical_resource_id if answer else made_up, given)

        self._send("Create", kept, given, answered)

    def update(
        self, kept: Kept, given: dict[str, str], done: Done, *, undone: bool = False, is_way_back: bool = False
    ) -> None:
        """Update a resource; what fails is rolled back, and what was replaced is deleted.

        undone: the stack fails elsewhere, and the way back is a replacement, too; if that fails, a person has it
        continued.
        """
        had = kept.properties

        def answered(answer: Answer | None) -> None:
            if answer is None or answer.status == "FAILED":
                if is_way_back:
                    wait = self.simulation.chance.uniform(5, 400)
                    self.simulation.after(wait, lambda: self.update(kept, given, done, is_way_back=True))
                else:
                    self._roll_back(kept, given, done)
                return
            before, kept.physical_resource_id, kept.properties = given_id, answer.physical_resource_id, given
            if before == kept.physical_resource_id:
                done()
            elif undone:
                self.update(kept, had, done, is_way_back=True)
            else:
                self._delete_replaced(kept, before, had, done)

        given_id = kept.physical_resource_id or ""
        self._send("Update", kept, given, answered, given_id, had)

    def _delete_replaced(self, kept: Kept, replaced: str, had: dict[str, str], done: Done) -> None:
        """Delete what an Update has replaced; the resource lives on."""

        def answered(answer: Answer | None) -> None:
            kept.given_up = kept.given_up or answer is None
            if answer is not None and answer.status == "SUCCESS":
                done()
            else:
                wait = self.simulation.chance.uniform(5, 400)
                self.simulation.after(wait, lambda: self._delete_replaced(kept, replaced, had, done))

        self._send("Delete", kept, had, answered, replaced)

    def delete(
        self, kept: Kept, done: Done, given: str | None = None, properties: dict[str, str] | None = None
    ) -> None:
        """Delete a resource; after a failure a person deletes it again."""
        physical_resource_id = given or kept.physical_resource_id or ""

        def answered(answer: Answer | None) -> None:
            kept.given_up = kept.given_up or answer is None
            if answer is not None and answer.status == "SUCCESS":
                kept.physical_resource_id = None
                done()
            else:
                wait = self.simulation.chance.uniform(5, 400)
                self.simulation.after(wait, lambda: self.delete(kept, done, physical_resource_id, properties))

        self._send("Delete", kept, properties or kept.properties, answered, physical_resource_id)

    def _roll_back(self, kept: Kept, failed: dict[str, str], done: Done) -> None:
        def answered(answer: Answer | None) -> None:
            if answer is not None and answer.status == "SUCCESS":
                done()
            else:
                wait = self.simulation.chance.uniform(5, 400)
                self.simulation.after(wait, lambda: self._roll_back(kept, failed, done))

        self._send("Update", kept, kept.properties, answered, kept.physical_resource_id or "", failed)

    def _send(
        self,
        kind: str,
        kept: Kept,
        given: dict[str, str],
        answered: Callable[[Answer | None], None],
        physical_resource_id: str = "",
        had: dict[str, str] | None = None,
    ) -> None:
        """Send a request, perhaps late, perhaps twice; the first answer within the time counts.

        An Update that comes for the first time after its own rollback cannot be known
        (docs/decisions/0005-ownership.md), so none does.
        """
        chance = self.simulation.chance
        event = Event(kind, owner(kept.stack, kept.logical_id), self.world.new_id(), given, physical_resource_id, had)
        waiting = [True]

        def first(answer: Answer | None) -> None:
            if waiting.pop() if waiting else False:
                answered(answer)

        late = chance.uniform(0, 50 if kind == "Update" else 400) if chance.random() < 0.06 else 0.0
        self.simulation.after(late, lambda: self.simulation.invoke(event, first))
        if chance.random() < 0.08:
            self.simulation.after(chance.uniform(0, 200), lambda: self.simulation.invoke(event, first, tries=1))
        self.simulation.after(600 if kind == "Update" else chance.choice((120, 300, 300)), lambda: first(None))
