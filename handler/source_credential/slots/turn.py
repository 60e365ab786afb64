"""Turns: at one slot one run is at work at a time, and for a while only.

CodeBuild cannot tell an old call from a new one, so safety rests on time: a turn has a term, no call that changes
CodeBuild is begun that might not end within it, and the next run begins a margin after it.
docs/decisions/0005-ownership.md has the reasons.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

from source_credential.errors import PASSING, OutOfTime, ServiceInternalError, SourceCredentialError, out_of_time
from source_credential.model import Owner, Slot, Target
from source_credential.ports import Answers, Conflict, SlotTable
from source_credential.records import Change, Ending, Mark, Record

TERM_SECONDS: Final = 50.0
# Lambda has been seen to end a run 0.7 s late, and clocks differ by less than the rest.
MARGIN_SECONDS: Final = 2.0
# The longest that one attempt at CodeBuild takes (wiring.py), with some seconds for the name's look-up and for TLS: no
# time-out bounds those.
CALL_SECONDS: Final = 12.0


class Run:
    """One run of the function: how long it may still take, and how long it waits for a turn."""

    def __init__(self, seconds_left: Callable[[], float], *, patience: float | None = None) -> None:
        """Keep the clock of the run. patience: the seconds to wait at most; None for as long as there is time."""
        self.seconds_left = seconds_left
        self.patience = patience
        self.is_out_of_time = False

    def stop(self) -> None:
        """Let it begin no more writes, but to undo what it did: its request is about to be answered with FAILED."""
        self.is_out_of_time = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What turns are made with: the table, the clock (seconds since 1970), and where an operator is told something."""

    table: SlotTable
    answers: Answers
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    warn: Callable[[str], None]


class Turn:
    """The turn of a slot, as a context manager that gives it back.

    record: the slot's, as it was when the turn was taken. touched: CodeBuild may have been changed in this turn.
    overwrote: it surely was.
    """

    def __init__(self, record: Record, turn_id: str, *, until: float, run: Run, tools: Tools) -> None:
        """Keep what belongs to the turn."""
        self.record = record
        self.touched = False
        self.overwrote = False
        self._ids: tuple[str, ...] = (turn_id,)  # two while it is not known which one the table has
        self._until = until
        self._run = run
        self._table = tools.table
        self._tools = tools
        self._mark: Mark | None = None
        self._is_undoing = False
        self._is_over = False

    @property
    def suspect(self) -> bool:
        """Tell whether the credential in CodeBuild may be there because of a claim, or of a run that died."""
        return self.touched or self.record.in_codebuild or bool(self.record.marks)

    @property
    def spare(self) -> bool:
        """Tell whether CodeBuild may still hold a credential that nobody manages."""
        own = (self._mark,) if self._mark else ()
        return not self.overwrote and any(mark.spare for mark in (*self.record.marks, *own))

    @property
    def ways(self) -> list[tuple[Target, Owner]]:
        """Return how the slot may be reached to empty it, and on whose behalf: by its own mark, then by the others."""
        mark = self._mark
        if mark is None:
            message = "a slot is marked before CodeBuild is written to"
            raise ValueError(message)
        ways = dict.fromkeys((each.role_arn, each.owner) for each in (mark, *self.record.marks))
        return [(Target(slot=self.record.slot, role_arn=role_arn), owner) for role_arn, owner in ways]

    @property
    def as_it_was(self) -> Record:
        """Return the record as it was, with the mark of this turn if that has a reason."""
        own = {self._mark} if self._mark and self.touched else set()
        return replace(self.record, marks=self.record.marks | own)

    def mark(self, mark: Mark, begun: Change | None = None) -> None:
        """Note, once in a turn, that CodeBuild is about to be written to.

        begun: what changes of the resource of the mark's owner. Raises ServiceInternalError when the turn is lost,
        OutOfTime when its time is up, and what the table raises.
        """
        if self._mark is None:
            self.check_time()
            top = self.record.top
            is_found = top is not None and top.followed_secret == mark.followed
            self._write_mark(replace(mark, followed=None) if is_found else mark, begun)

    def undo(self, mark: Mark) -> None:
        """Go on to undo what was begun, also when the run is out of time. mark: if the turn is not marked yet.

        The turn gets another id, so that an earlier write of this turn that is still on its way comes to nothing.
        Raises what `mark` raises.
        """
        self._is_undoing = True
        self._write_mark(self._mark or mark)

    def check_time(self) -> None:
        """Check that CodeBuild may still be written to in this turn. Raises OutOfTime."""
        if self._run.is_out_of_time and not self._is_undoing:
            raise out_of_time()
        if self._tools.clock() + CALL_SECONDS > self._until:
            raise OutOfTime(
                f"Slot {self.record.slot}",
                "could not be brought in order within the time for it, because AWS answered so slowly",
                "Deploy again in a few minutes.",
            )

    def give_back(self, record: Record, ending: Ending | None = None) -> None:
        """Write what is known of the slot now, and how a request ended, and give the turn back.

        Of the marks, those that the record no longer has are cleared. Raises ServiceInternalError when the turn is lost
        or the request has been answered by another run, and what the table raises: then nothing was written.
        """
        if ending is not None and ending.answer.succeeded and self._run.is_out_of_time:
            raise out_of_time()
        own = {self._mark} if self._mark else set()
        cleared = frozenset((self.record.marks | own) - record.marks)
        try:
            self._table.give_back(record, turn_ids=self._ids, cleared=cleared, ending=ending)
        except (Conflict, *PASSING) as error:
            if not self._was_given_back(ending):
                raise _lost(record.slot) if isinstance(error, Conflict) else error from None
        self._is_over = True

    def _was_given_back(self, ending: Ending | None) -> bool:
        """Find out whether an attempt had its effect of which the answer was lost."""
        if ending is None:
            return self._table.was_given_back(self.record.slot, self._ids)
        return self._tools.answers.recall(ending.request).turn_id in self._ids

    def _write_mark(self, mark: Mark, begun: Change | None = None) -> None:
        next_id = uuid4().hex
        try:
            self._table.mark(self.record.slot, mark, turn_ids=self._ids, next_turn_id=next_id, begun=begun)
        except Conflict:
            self._is_over = True
            self._leave_marked()
            raise _lost(self.record.slot) from None
        except SourceCredentialError:
            self._mark, self._ids = mark, (*self._ids, next_id)  # it may have been written all the same
            raise
        self._mark, self._ids = mark, (next_id,)

    def _leave_marked(self) -> None:
        """Let whoever is at the slot by now know that a call of this turn may have come too late."""
        if self._mark is not None and self.touched:
            self._table.set_mark(self.record.slot, self._mark)

    def __enter__(self) -> Self:
        """Return the turn."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the turn back, unless that was done; the record is as it was, and the mark stays if it has a reason.

        A process that is being ended gives nothing back: its turn ends by itself.
        """
        if self._is_over or (error is not None and not isinstance(error, Exception)):
            return
        try:
            self.give_back(self.as_it_was)
        except SourceCredentialError as failure:
            slot = self.record.slot
            self._tools.warn(f"The turn of slot {slot} could not be given back, and ends by itself: {failure}")
            self._leave_marked()


def _lost(slot: Slot) -> SourceCredentialError:
    return ServiceInternalError(
        f"Slot {slot}",
        "was taken by another request while this one was at work, or this one was answered meanwhile",
        "Deploy again.",
    )
