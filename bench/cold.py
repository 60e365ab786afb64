"""Cold starts: as whole processes, and as Lambda's Runtime Interface Emulator reports them."""

import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import urllib3

from bench.contenders import Contender
from bench.spread import Spread
from local.emulator import Function
from local.programs import DidNotStart, until
from local.pythons import FUNCTION_ENVIRONMENT

_INIT: Final = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
_START_SECONDS: Final = 30


@dataclass(frozen=True)
class ColdStart:
    """Seconds of a contender's cold start: of the whole process, and of Lambda's init phase."""

    process: Spread
    init: Spread


def cold_starts(contenders: Sequence[Contender], python: Path, runs: int) -> dict[str, ColdStart]:
    """Return the cold start of each, by title. A run starts all of them; a first, which fills caches, is left out."""
    process = _interleaved(contenders, runs, lambda contender: _process_seconds(contender, python))
    init = _interleaved(contenders, runs, lambda contender: _init_seconds(contender, python))
    return {contender.title: ColdStart(process[contender.title], init[contender.title]) for contender in contenders}


def _interleaved(
    contenders: Sequence[Contender], runs: int, measure: Callable[[Contender], float]
) -> dict[str, Spread]:
    samples: dict[str, list[float]] = {contender.title: [] for contender in contenders}
    for run in range(runs + 1):
        first = run % len(contenders)  # so that nobody always follows the same one
        for contender in [*contenders[first:], *contenders[:first]]:
            seconds = measure(contender)
            if run:
                samples[contender.title].append(seconds)
    return {title: Spread.of(seconds) for title, seconds in samples.items()}


def _process_seconds(contender: Contender, python: Path) -> float:
    """Return how long a process takes, start to end, that loads the handler's module, which makes its clients."""
    module = contender.handler.rpartition(".")[0]
    environment = {**FUNCTION_ENVIRONMENT, "PYTHONPATH": str(contender.folder), "HOME": str(contender.folder)}
    begin = time.perf_counter()
    subprocess.run([str(python), "-c", f"import {module}"], env=environment, cwd=contender.folder, check=True)
    return time.perf_counter() - begin


def _init_seconds(contender: Contender, python: Path) -> float:
    """Return how long Lambda's init phase takes: the runtime client, the handler's module. Raises DidNotStart."""
    with Function(contender.folder, {}, handler=contender.handler, python=python) as function:
        # The first event starts it. What comes of the event does not matter: one of them tries for ever to answer it.
        threading.Thread(target=_invoke, args=(function,), daemon=True).start()
        found = until(lambda: _INIT.search(function.log()), _START_SECONDS, every=0.02)
        if not found:
            raise DidNotStart(f"{contender.title} did not start:\n{function.log()}")
        return float(found[1]) / 1000


def _invoke(function: Function) -> None:
    with suppress(urllib3.exceptions.HTTPError):
        function.invoke({})
