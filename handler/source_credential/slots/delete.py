"""What a Delete does: take my claims away, wherever in the stacks they are, and reconcile.

It touches nothing else, and never fails because of the claim that it uncovers. docs/decisions/0005-ownership.md.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from source_credential.model import Request, Slot, Target, marked_request
from source_credential.records import Answer, Begun, Change, Ending, Mark, Record, Resource, begun_of
from source_credential.slots.claims import claim_of, meant_by, take_away, was_made_up
from source_credential.slots.earlier import end_earlier, end_overtaken
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Run, Tools, Turn
from source_credential.slots.turns import take_turn

_NOTHING_OWNED: Final = "The table has no claim of this resource's with this ARN, so nothing was deleted."

# As long as Lambda keeps an event: MaximumEventAgeInSeconds in the template.
_EVENT_AGE_SECONDS: Final = 3600.0


@dataclass(slots=True)
class _Seen:
    """What a Delete has seen in the slots it went through.

    over: the earlier requests that it has ended. left: the slots where its owner has no claim any more. create_known:
    the Create that the id belongs to has come.
    """

    taken: int = 0
    over: frozenset[Begun] = frozenset()
    create_known: bool = False
    left: set[Slot] = field(default_factory=set)


class Deleter:
    """The logic of a Delete. Everything it needs of the world comes in through the ports."""

    def __init__(self, *, reconciler: Reconciler, tools: Tools) -> None:
        """Keep what the logic works with."""
        self._reconciler = reconciler
        self._tools = tools

    def delete(self, request: Request, target: Target | None, run: Run) -> Answer:
        """Take away what this logical resource has, by the id that is given, and remember the answer.

        target: of the resource's properties, where they make sense. Raises SourceCredentialError: what was not taken
        away is there still, and the next Delete takes it.
        """
        remembered = self._tools.answers.recall(request)
        if remembered.answer is not None:
            return remembered.answer
        self._end_failed_create(request)
        resource = remembered.resource
        others = sorted(resource.slots - ({target.slot} if target else set()), key=str)
        targets = [*(Target(slot=slot) for slot in others), *([target] if target else [])]
        seen = _Seen()
        for number, one in enumerate(targets, start=1):
            with take_turn(one.slot, run, self._tools) as turn:
                remembered = self._tools.answers.recall(request)
                if remembered.answer is not None:  # by a duplicate that was faster
                    return remembered.answer
                record = self._take_away(turn, request, one, remembered.resource, seen)
                is_last = number == len(targets)
                turn.give_back(record, self._ending(request, remembered.resource, seen) if is_last else None)
        if not seen.taken and not was_made_up(request.physical_resource_id):
            self._tools.warn(_NOTHING_OWNED)
        if targets:
            return _success(request)
        return self._tools.answers.remember(request, _success(request), self._ending(request, resource, seen).change)

    def _take_away(self, turn: Turn, request: Request, way: Target, resource: Resource, seen: _Seen) -> Record:
        """Take the claims that are meant out of the stack, make CodeBuild hold what is left, and return the record.

        What others left unsure is not this Delete's business, unless it has to write to CodeBuild in any case.
        """
        before, meant = turn.record, meant_by(request.owner, request.physical_resource_id)
        record = take_away(before, meant)
        taken = [claim for claim in before.claims if meant(claim)]
        own_marks = [mark for mark in before.marks if mark.owner == request.owner]
        seen.over |= end_earlier(self._tools.answers, request, resource)
        seen.taken += len(taken)
        seen.create_known |= bool(taken) or any(begun.request_type == "Create" for begun in seen.over)
        if claim_of(record, request.owner) is None:
            seen.left.add(before.slot)
        if record.top is before.top and not own_marks:
            return record
        roles = [claim.specification.role_arn for claim in taken] + [mark.role_arn for mark in own_marks]
        way = replace(way, role_arn=roles[-1])
        note = Change(
            added=Resource(begun=frozenset({begun_of(request)})),
            lasts=bool(resource.slots),
        )
        mark = Mark(
            owner=request.owner,
            role_arn=way.role_arn,
            spare=turn.spare,
            followed=record.top.followed_secret if record.top else None,
        )
        turn.mark(mark, note)
        return self._reconciler.settle(turn, record, (way, request.owner), may_empty=True)

    def _ending(self, request: Request, resource: Resource, seen: _Seen) -> Ending:
        is_expected = was_made_up(request.physical_resource_id) and not seen.create_known
        # Where the resource's last request that was answered is a Create, no other one is to come.
        if is_expected and self._tools.answers.last_type(request.owner) != "Create":
            late_create_until: float | None = self._tools.clock() + _EVENT_AGE_SECONDS
        else:
            late_create_until = None
        left = frozenset(seen.left) & resource.slots
        change = Change(
            added=Resource(
                gone=frozenset({request.physical_resource_id}) - resource.gone, late_create_until=late_create_until
            ),
            removed=Resource(slots=left, begun=seen.over | {begun_of(request)}),
            lasts=bool(resource.slots - left),
        )
        return Ending(request=request, answer=_success(request), change=change)

    def _end_failed_create(self, request: Request) -> None:
        """Remember that the Create whose marker is given is over, if its own run could not."""
        failed = marked_request(request.physical_resource_id)
        if failed is not None:
            create = Request(owner=request.owner, request_id=failed, request_type="Create")
            end_overtaken(self._tools.answers, create)


def _success(request: Request) -> Answer:
    return Answer(succeeded=True, physical_resource_id=request.physical_resource_id)
