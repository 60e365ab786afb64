"""Taking the turn of a slot, and waiting for it."""

import random
from typing import Final
from uuid import uuid4

from source_credential.errors import ResourceConflict, SourceCredentialError, out_of_time
from source_credential.model import Slot
from source_credential.ports import Conflict
from source_credential.slots.turn import MARGIN_SECONDS, TERM_SECONDS, Run, Tools, Turn

# Of a run's time, what is left for the work itself when it has waited for a turn as long as it could.
_LEFT_FOR_WORK_SECONDS: Final = 20.0
_FIRST_POLL_SECONDS: Final = 0.1
_LONGEST_POLL_SECONDS: Final = 1.5


def take_turn(slot: Slot, run: Run, tools: Tools) -> Turn:
    """Take the turn of a slot; wait, as long as the run may, while somebody else has it.

    Raises ResourceConflict when it could not be had, and what the table raises.
    """
    begin = tools.clock()
    poll = _FIRST_POLL_SECONDS
    while True:
        now = tools.clock()
        # Each attempt is one of its own: an earlier one that comes late must not shorten the turn.
        turn_id, until = uuid4().hex, now + TERM_SECONDS
        try:
            record = tools.table.take_turn(slot, turn_id, until=until, free_if_ended_before=now - MARGIN_SECONDS)
        except Conflict:
            if run.is_out_of_time:
                raise out_of_time() from None
            if run.seconds_left() < _LEFT_FOR_WORK_SECONDS or not _has_patience(run, now - begin):
                raise _busy(slot) from None
        else:
            return Turn(record, turn_id, until=until, run=run, tools=tools)
        tools.sleep(random.uniform(poll / 2, poll))  # noqa: S311 - jitter, no secret
        poll = min(2 * poll, _LONGEST_POLL_SECONDS)


def _has_patience(run: Run, waited: float) -> bool:
    return run.patience is None or waited < run.patience


def _busy(slot: Slot) -> SourceCredentialError:
    return ResourceConflict(
        f"Slot {slot}",
        "is busy: other requests are at work at it, or one that died has not been given up yet",
        "Deploy again in a minute.",
    )
