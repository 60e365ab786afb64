"""What a command prints on a terminal, line by line, and when."""

import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from local.ministack import PROJECT

# What AWS makes up anew at each run: ids of versions, the ends of names, times. A picture does not change for them.
_MADE_UP: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<=-)[0-9A-F]{13}\b"
    r"|(?<=since )[0-9T:+-]{25}"
    r'|(?<="Timestamp": )\d{13}'
)


class RecordingFailed(RuntimeError):
    """The command did not end well; the text is what it printed."""


class Line(NamedTuple):
    """A line as it stood there in the end, with the codes of its colours; and after how many seconds it did."""

    seconds: float
    text: str


def record(command: Sequence[str], environment: Mapping[str, str] | None = None) -> list[Line]:
    """Run a command in the project's folder on a terminal of its own; return its lines. Raises RecordingFailed."""
    ours, its = pty.openpty()
    begin = time.monotonic()
    process = subprocess.Popen(
        list(command),
        cwd=PROJECT,
        env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    try:
        lines = [Line(time.monotonic() - begin, without_made_up(_as_it_stayed(text))) for text in _lines(ours)]
    finally:
        os.close(ours)
        if process.wait():
            raise RecordingFailed(f"{' '.join(command)} ended with {process.returncode}; run it by itself to see why")
    return lines


def without_made_up(text: str) -> str:
    """Return the text with `…` for what AWS makes up anew at each run."""
    return _MADE_UP.sub("…", text)


def _as_it_stayed(text: str) -> str:
    """Return what stands in a line in the end: what came after the last return to its begin, and wiped out the rest."""
    return text.rpartition("\r")[2].removeprefix("\x1b[K")


def _lines(terminal: int) -> Iterator[str]:
    """Yield each line when it has ended, until the last program that holds the terminal has gone."""
    rest = b""
    while chunk := _read(terminal):
        *ended, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace").rstrip("\r") for line in ended)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when nobody holds the other end any more; others give no bytes
        return b""
