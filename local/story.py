"""How the demo tells its story on a terminal, or into a file."""

import os
import shlex
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Story:
    """Prints the steps: plain words, the command a user would type, progress on a terminal, the time each took."""

    def __init__(self) -> None:
        """Use colours and a moving line on a terminal only, and colours only where NO_COLOR does not forbid them."""
        self._terminal = sys.stdout.isatty()
        self._colour = self._terminal and "NO_COLOR" not in os.environ
        self._number = 0

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Tell one step, show that it goes on, and say how long it took."""
        self._number += 1
        self.say(f"\n{self._paint('1', f'{self._number}. {words}')}")
        begin = time.monotonic()
        done = threading.Event()
        progress = threading.Thread(target=self._progress, args=(begin, done), daemon=True)
        progress.start()
        try:
            yield
        finally:
            done.set()
            progress.join()
        self.say(self._paint("32", f"   done in {time.monotonic() - begin:.1f} s"))

    def command(self, command: Sequence[str]) -> None:
        """Show a command as it would be typed."""
        self.say(self._paint("36", f"   $ {shlex.join(command)}"))

    def show(self, text: str) -> None:
        """Show what came back, set in."""
        for line in text.strip().splitlines():
            self.say(f"     {line}")

    def say(self, text: str) -> None:
        """Print one line, over the progress if it stands there."""
        print(f"\r\x1b[K{text}" if self._terminal else text, flush=True)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _progress(self, begin: float, done: threading.Event) -> None:
        while not done.wait(0.2 if self._terminal else 10):
            waited = f"   ... {time.monotonic() - begin:.0f} s"
            print(f"\r\x1b[K{waited}" if self._terminal else waited, end="" if self._terminal else "\n", flush=True)
