"""The provider's table in memory. tests/aws/test_table.py holds it against the real one, DynamoDB's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from source_credential.model import Owner, Request, Slot
from source_credential.ports import Conflict
from source_credential.records import (
    Answer,
    Change,
    Ending,
    Mark,
    Recollection,
    Record,
    Resource,
    lasting_name,
)

REMEMBERED_SECONDS = 30 * 24 * 3600


@dataclass
class _Slot:
    """One slot's item."""

    record: Record
    turn_id: str | None = None
    until: float = 0.0
    given_back: str = ""
    followed: str | None = None


@dataclass
class _Remembered:
    """One answer's item."""

    answer: Answer
    request: Request
    turn_id: str
    at: float
    number: int


@dataclass
class FakeTable:
    """The ports SlotTable and Answers."""

    clock: Callable[[], float]
    slots_by_key: dict[Slot, _Slot] = field(default_factory=dict)
    answers: dict[tuple[Owner, str], _Remembered] = field(default_factory=dict)
    resources: dict[Owner, Resource] = field(default_factory=dict)

    def look(self, slot: Slot) -> Record:
        """Return what is known of a slot."""
        return self.slots_by_key[slot].record if slot in self.slots_by_key else Record(slot=slot)

    def take_turn(self, slot: Slot, turn_id: str, *, until: float, free_if_ended_before: float) -> Record:
        """Take the turn, unless somebody else has it."""
        item = self.slots_by_key.setdefault(slot, _Slot(Record(slot=slot)))
        if item.turn_id not in (None, turn_id) and item.until >= free_if_ended_before:
            raise Conflict
        item.turn_id, item.until = turn_id, until
        return item.record

    def mark(
        self, slot: Slot, mark: Mark, *, turn_ids: tuple[str, ...], next_turn_id: str, begun: Change | None
    ) -> None:
        """Set a mark, and give the turn another id."""
        item = self._in_turn(slot, (*turn_ids, next_turn_id))
        item.turn_id = next_turn_id
        item.record = replace(item.record, marks=item.record.marks | {mark})
        if begun:
            self._change(mark.owner, begun)

    def give_back(
        self, record: Record, *, turn_ids: tuple[str, ...], cleared: frozenset[Mark], ending: Ending | None
    ) -> None:
        """Write the record and the answer, and give the turn back: all or nothing."""
        item = self._in_turn(record.slot, turn_ids)
        if ending is not None:
            self._put(ending.request, ending.answer, turn_ids[-1])
            self._change(ending.request.owner, ending.change)
        item.record = replace(record, marks=item.record.marks - cleared)
        item.turn_id, item.given_back = None, turn_ids[-1]
        item.followed = record.top.followed_secret if record.top else None

    def was_given_back(self, slot: Slot, turn_ids: tuple[str, ...]) -> bool:
        """Tell whether the turn was the last one to be given back."""
        return slot in self.slots_by_key and self.slots_by_key[slot].given_back in turn_ids

    def set_mark(self, slot: Slot, mark: Mark) -> None:
        """Set a mark, whoever has the turn."""
        item = self.slots_by_key.setdefault(slot, _Slot(Record(slot=slot)))
        item.record = replace(item.record, marks=item.record.marks | {mark})

    def followers(self, secret_arn: str) -> Iterator[Slot]:
        """Yield the slots that follow a secret, by their claims or by marks."""
        name = lasting_name(secret_arn)
        for slot, item in list(self.slots_by_key.items()):
            yield from [
                slot for found in (item.followed, *(mark.followed for mark in item.record.marks)) if found == name
            ]

    def slots(self) -> Iterator[Slot]:
        """Yield every slot at which there may be something to look after."""
        yield from [slot for slot, item in self.slots_by_key.items() if item.record.claims or item.record.marks]

    def recall(self, request: Request) -> Recollection:
        """Return what is remembered of a request and its resource."""
        resource = self.resources.get(request.owner, Resource())
        found = self._alive(request.owner, request.request_id)
        if found is None:
            return Recollection(resource=resource)
        return Recollection(answer=found.answer, turn_id=found.turn_id, resource=resource)

    def remember(self, request: Request, answer: Answer, change: Change | None = None) -> Answer:
        """Remember an answer, and what changes with it, unless there is one already."""
        found = self._alive(request.owner, request.request_id)
        if found is None:
            self._put(request, answer, "")
            self._change(request.owner, change or Change())
            return answer
        return found.answer

    def note(self, owner: Owner, change: Change) -> None:
        """Change what is remembered of a resource."""
        self._change(owner, change)

    def awaits_delete(self, owner: Owner) -> bool:
        """Tell whether the last request that was answered is a Create that is not late."""
        known = [self._alive(key, request_id) for key, request_id in self.answers if key == owner]
        alive = sorted((found for found in known if found), key=lambda found: (found.at, found.number))
        return bool(alive) and alive[-1].request.request_type == "Create" and not alive[-1].answer.is_late

    def _in_turn(self, slot: Slot, turn_ids: tuple[str, ...]) -> _Slot:
        item = self.slots_by_key.get(slot)
        if item is None or item.turn_id not in turn_ids:
            raise Conflict
        return item

    def _put(self, request: Request, answer: Answer, turn_id: str) -> None:
        key = (request.owner, request.request_id)
        if self._alive(*key) is not None:
            raise Conflict
        self.answers[key] = _Remembered(answer, request, turn_id, self.clock(), len(self.answers))

    def _alive(self, owner: Owner, request_id: str) -> _Remembered | None:
        found = self.answers.get((owner, request_id))
        return found if found and found.at + REMEMBERED_SECONDS >= self.clock() else None

    def _change(self, owner: Owner, change: Change) -> None:
        before, added, removed = self.resources.get(owner, Resource()), change.added, change.removed
        until = None if removed.late_create_until is not None else before.late_create_until
        self.resources[owner] = replace(
            before,
            slots=(before.slots | added.slots) - removed.slots,
            gone=(before.gone | added.gone) - removed.gone,
            begun=(before.begun | added.begun) - removed.begun,
            late_create_until=until if added.late_create_until is None else added.late_create_until,
        )
