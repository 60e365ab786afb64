"""A rotation of a secret that many slots follow, on the embedded AWS, with a CodeBuild that is slow and throttles."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.slots import SlotsOfOneSecret
from local import provider
from local.codebuild_server import CodeBuildServer
from local.embedded_aws import EmbeddedAws
from local.programs import free_port, until
from local.wire import Wire

SIZES: Final = (10, 100, 1000)
RATE: Final = 5.0  # imports a second that CodeBuild lets through; the embedded AWS itself can do some ten
CALL_SECONDS: Final = 0.02
_IMPORT: Final = "ImportSourceCredentials"
_MOST_TIMES_ALLOWED: Final = 5
_START_SECONDS: Final = 600  # a message that failed three times waits for five minutes


@dataclass(frozen=True)
class Rotation:
    """A rotation of so many slots: seconds, what the rate allows, calls that arrived, peak memory of a function.

    nearly: seconds until 99 of a hundred slots were imported. throttled: how many imports were.
    """

    slots: int
    seconds: float
    nearly: float
    allowed: float
    calls: dict[str, int]
    throttled: int
    peak_mib: float

    @property
    def ratio(self) -> float:
        """Return how many times longer it took than the rate allows."""
        return self.seconds / self.allowed


def rotations(build: Path, sizes: Sequence[int]) -> list[Rotation]:
    """Return a rotation of each size, each on a provider deployed anew, so that each begins with a cold start."""
    return [_rotation(build, size) for size in sizes]


def allowed_seconds(slots: int, rate: float = RATE) -> float:
    """Return the seconds in which the rate lets so many imports through, after what its bucket holds, and one call."""
    return max(0.0, slots - max(rate, 1.0)) / rate + CALL_SECONDS


def _rotation(build: Path, size: int) -> Rotation:
    codebuild = CodeBuildServer(seconds=CALL_SECONDS, rate=RATE)
    port = free_port()
    with Wire(f"http://127.0.0.1:{port}") as wire:
        counted = {"AWS_ENDPOINT_URL": wire.url}
        with EmbeddedAws(ministack_port=port, codebuild=codebuild, function_environment=counted) as aws:
            provider.deploy(aws, build)
            slots = SlotsOfOneSecret(aws)
            slots.make(size)
            time.sleep(1)  # the bucket is full again
            wire.calls.clear()
            codebuild.calls.clear()
            codebuild.throttled = 0
            begin = time.monotonic()
            slots.rotate()
            _await(codebuild, math.ceil(0.99 * size))
            nearly = time.monotonic() - begin
            _await(codebuild, size)
            seconds = time.monotonic() - begin
            peak = slots.peak_mib()
            time.sleep(1)  # the last run gives its slot back
            calls = Counter(wire.calls) + Counter(codebuild.calls)
    return Rotation(
        slots=size,
        seconds=seconds,
        nearly=nearly,
        allowed=allowed_seconds(size),
        calls=dict(calls),
        throttled=codebuild.throttled,
        peak_mib=peak,
    )


def _await(codebuild: CodeBuildServer, size: int) -> None:
    """Wait until so many slots were imported. Raises RuntimeError when that takes far too long."""
    seconds = _START_SECONDS + _MOST_TIMES_ALLOWED * allowed_seconds(size)
    if not until(lambda: codebuild.calls.count(_IMPORT) >= size, seconds, every=0.02):
        raise RuntimeError(f"{codebuild.calls.count(_IMPORT)} of {size} slots were imported")
