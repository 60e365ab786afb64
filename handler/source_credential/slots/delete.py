"""What a Delete does: take my claims away, wherever in the stacks they are, and reconcile.

It touches nothing else, and never fails because of the claim that it uncovers. docs/decisions/0005-ownership.md.
"""

from dataclasses import dataclass, field
from typing import Final

from source_credential.model import Request, Slot, failed_create_of
from source_credential.records import Answer, Begun, Change, Ending, Mark, Record, Resource, begun_of
from source_credential.slots.claims import (
    claim_of,
    meant_by,
    needs_no_writing,
    take_away,
    was_given_as_arn,
    was_made_up,
)
from source_credential.slots.earlier import end_earlier, end_overtaken
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Run, Tools, Turn
from source_credential.slots.turns import take_turn

_NOTHING_TAKEN: Final = "No claim of this resource has this id, so nothing was deleted."

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

    def delete(self, request: Request, slot: Slot | None, run: Run) -> Answer:
        """Take away what this logical resource has, by the id that is given, and remember the answer.

        slot: that of the resource's properties, where they make sense; it comes last. Raises SourceCredentialError:
        what was not taken away is there still, and the next Delete takes it.
        """
        remembered = self._tools.answers.recall(request)
        if remembered.answer is not None:
            return remembered.answer
        self._end_failed_create(request)
        resource = remembered.resource
        slots = sorted(resource.slots | ({slot} if slot else set()), key=lambda each: (each == slot, str(each)))
        seen = _Seen()
        for number, each in enumerate(slots, start=1):
            with take_turn(each, run, self._tools) as turn:
                remembered = self._tools.answers.recall(request)
                if remembered.answer is not None:  # by a duplicate that was faster
                    return remembered.answer
                record = self._take_away(turn, request, remembered.resource, seen)
                is_last = number == len(slots)
                turn.give_back(record, self._ending(request, remembered.resource, seen) if is_last else None)
        if not seen.taken and was_given_as_arn(request.physical_resource_id):
            self._tools.warn(_NOTHING_TAKEN)
        if slots:
            return _success(request)
        return self._tools.answers.remember(request, _success(request), self._ending(request, resource, seen).change)

    def _take_away(self, turn: Turn, request: Request, resource: Resource, seen: _Seen) -> Record:
        """Take the claims that are meant out of the stack, make CodeBuild hold what is left, and return the record.

        A mark that others set is not this Delete's business, unless it has to write to CodeBuild in any case.
        """
        before, meant = turn.record, meant_by(request.owner, request.physical_resource_id)
        record = take_away(before, meant)
        taken = [claim for claim in before.claims if meant(claim)]
        seen.over |= end_earlier(self._tools.answers, request, resource)
        seen.taken += len(taken)
        seen.create_known |= bool(taken) or any(begun.request_type == "Create" for begun in seen.over)
        if claim_of(record, request.owner) is None:
            seen.left.add(before.slot)
        if needs_no_writing(before, record, request.owner):
            return record
        roles = [mark.role_arn for mark in before.marks if mark.owner == request.owner]
        roles += [claim.specification.role_arn for claim in taken]
        mark = Mark(
            owner=request.owner,
            role_arn=roles[-1],
            spare=turn.spare,
            followed=record.top.followed_secret if record.top else None,
        )
        noted = Change(added=Resource(begun=frozenset({begun_of(request)})), lasts=bool(resource.slots))
        turn.mark(mark, noted)
        return self._reconciler.reconcile(turn, record, may_empty=True)

    def _ending(self, request: Request, resource: Resource, seen: _Seen) -> Ending:
        given = request.physical_resource_id
        is_expected = was_made_up(given) and not seen.create_known
        # A Create that was answered, and has had no Delete, is the one of this Delete: no other one is to come.
        if is_expected and not self._tools.answers.awaits_delete(request.owner):
            late_create_until: float | None = self._tools.clock() + _EVENT_AGE_SECONDS
        else:
            late_create_until = None
        left = frozenset(seen.left) & resource.slots
        gone = frozenset({given} if was_given_as_arn(given) else ())
        change = Change(
            added=Resource(gone=gone, late_create_until=late_create_until),
            removed=Resource(slots=left, begun=seen.over | {begun_of(request)}),
            lasts=bool(resource.slots - left),
        )
        return Ending(request=request, answer=_success(request), change=change)

    def _end_failed_create(self, request: Request) -> None:
        """Remember that the Create whose marker is given is over, if its own run could not."""
        failed = failed_create_of(request.physical_resource_id)
        if failed is not None:
            create = Request(owner=request.owner, request_id=failed, request_type="Create")
            end_overtaken(self._tools.answers, create)


def _success(request: Request) -> Answer:
    return Answer(succeeded=True, physical_resource_id=request.physical_resource_id)
