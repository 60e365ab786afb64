"""The CPU time that another process has used, all its threads together, to the nanosecond."""

import ctypes
import os
import time

_LIBC = ctypes.CDLL(None, use_errno=True)


def cpu_seconds(process_id: int) -> float:
    """Return what a process has used so far: clock_getcpuclockid(3). Raises OSError when it is gone."""
    clock = ctypes.c_int()
    error = _LIBC.clock_getcpuclockid(process_id, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)
