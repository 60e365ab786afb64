"""Patience with permissions: a role or a policy that was made a moment ago is denied for some seconds.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html ("Changes that I make are not always immediately
visible"): a stack that makes a role, and the credential that needs it, must not fail for that.
"""

import random
from collections.abc import Callable
from typing import Final, TypeVar

from source_credential.errors import AccessDenied
from source_credential.slots.turn import Run, Tools

_PATIENCE_SECONDS: Final = 20.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 5.0

# Of a run's time, what is left for an attempt when it has waited as long as it could.
_LEFT_FOR_WORK_SECONDS: Final = 20.0

Result = TypeVar("Result")


def with_patience(attempt: Callable[[], Result], run: Run, tools: Tools) -> Result:
    """Return what an attempt returns; make it again, for twenty seconds, while something in it is denied.

    attempt: leaves nothing behind when it raises. Raises what it raises.
    """
    end: float | None = None
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            return attempt()
        except AccessDenied as denied:
            now = tools.clock()
            end = now + _PATIENCE_SECONDS if end is None else end
            left = end - now
            # The last attempt is made when the time is up.
            wait = random.uniform(pause / 2, pause) if pause < left else left  # noqa: S311 - jitter, no secret
            has_time = not run.is_out_of_time and run.seconds_left() - wait > _LEFT_FOR_WORK_SECONDS
            if wait <= 0 or not has_time:
                raise
            tools.warn(f"Denied, and tried again in a moment, for permissions take some seconds to reach: {denied}")
        tools.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
