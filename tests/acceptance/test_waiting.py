"""Nothing is waited for without an end, and a request to stop is heard at once, but cuts nothing off."""

import subprocess
import sys
import threading
import time

import pytest

from acceptance.waiting import Interrupted, OutOfTime, TookTooLong, Waiting
from local.ministack import PROJECT


def test_what_does_not_come_is_given_up() -> None:
    """By its own time, or by that of the whole run."""
    waiting = Waiting(60, threading.Event())
    assert waiting.until(lambda: "seen", "It", seconds=1) == "seen"
    with pytest.raises(TookTooLong, match="It did not come within 0 seconds"):
        waiting.until(lambda: None, "It", seconds=0.1, every=0.02)
    with pytest.raises(OutOfTime):
        Waiting(-1, threading.Event()).until(lambda: None, "It", seconds=60)


def test_a_request_to_stop_ends_a_pause() -> None:
    """Whoever sleeps wakes up."""
    asked = threading.Event()
    waiting = Waiting(60, asked)
    threading.Timer(0.1, asked.set).start()
    begin = time.monotonic()
    with pytest.raises(Interrupted):
        waiting.pause(30)
    assert time.monotonic() - begin < 10


def test_a_command_ends_with_who_started_it() -> None:
    """Its standard input is the tie: it ends for whatever reason the other did."""
    command = [sys.executable, "-m", "acceptance.tied", sys.executable, "-c", "import time; time.sleep(60)"]
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE) as tied:
        assert tied.stdin
        tied.stdin.close()
        assert tied.wait(30) != 0
    assert time.monotonic() - begin < 40


def test_a_command_has_its_own_status() -> None:
    """When it ends by itself."""
    command = [sys.executable, "-m", "acceptance.tied", sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE) as tied:
        assert tied.wait(30) == 7
