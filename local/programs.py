"""Programs that serve on this machine: started, waited for until they answer, ended with all they have started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import urllib3

_STOP_SECONDS: Final = 10

Told = TypeVar("Told")


class DidNotStart(RuntimeError):
    """A server of the embedded AWS did not come up."""


def free_port() -> int:
    """Return a port on 127.0.0.1 that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(told: Callable[[], Told], seconds: float, *, every: float = 0.05) -> Told:
    """Ask until what is told is true, or the time is up; return what was told last. All times are seconds."""
    end = time.monotonic() + seconds
    while not (answer := told()) and time.monotonic() < end:
        time.sleep(every)
    return answer


@contextmanager
def running(  # noqa: PLR0913 - what there is to say of a program
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, url: str, seconds: float
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a folder, with this environment and no other, as long as the context lasts.

    log: a file for what it prints. url: where it answers, whatever that is, within so many seconds of its start. Raises
    DidNotStart, with the end of the log.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that what it starts ends with it
        )
    try:
        until(lambda: process.poll() is not None or _answers(url), seconds)
        if process.poll() is not None or not _answers(url):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise DidNotStart(f"{Path(command[0]).name} did not start at {url}:\n{tail}")
        yield process
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, sign)
                process.wait(timeout=_STOP_SECONDS)


def _answers(url: str) -> bool:
    with suppress(urllib3.exceptions.HTTPError):
        urllib3.request("GET", url, timeout=1, retries=False)
        return True
    return False
