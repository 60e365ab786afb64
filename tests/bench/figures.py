"""A run of the benchmarks that never was: figures that reach every target, to be changed where a test wants."""

from dataclasses import replace

from bench.artifact import Size
from bench.cold import ColdStart
from bench.contenders import CFN_HANDLER, CRHELPER, LIBRARIES, OURS, OURS_SLOW
from bench.found import Build, Found
from bench.machine import Machine
from bench.rotation import Rotation, allowed_seconds
from bench.spread import Spread
from bench.warm import KINDS, Warm


def once(value: float) -> Spread:
    """Return what was measured once."""
    return Spread.of([value])


def cold(seconds: float) -> ColdStart:
    """Return a cold start that takes so long, either way."""
    return ColdStart(once(seconds), once(seconds))


def rotation(slots: int, *, seconds: float = 0, peak_mib: float = 50) -> Rotation:
    """Return a rotation, as fast as the rate allows unless seconds are given."""
    allowed = allowed_seconds(slots)
    calls = {"GetSecretValue": slots, "UpdateItem": 3 * slots, "ImportSourceCredentials": slots}
    return Rotation(slots, seconds or allowed, allowed, allowed, calls, throttled=7, peak_mib=peak_mib)


WARM = Warm(
    cpu=once(0.004),
    wall=once(0.042),
    calls_seconds=once(0.04),
    ratio=once(1.05),
    calls={"GetSecretValue": 1, "the answer": 1},
)
FOUND = Found(
    machine=Machine("A processor", 2, 4.0, "Linux x86_64", "3.13.0", "3.11.0", 0.1, "2026-11-26"),
    runs=1,
    builds={
        OURS: Build(bytecode=True, why="`sam build` leaves it", size=Size(3_000_000, 9_000_000, 900)),
        OURS_SLOW: Build(bytecode=False, why="removed", size=Size(2_000_000, 6_000_000, 600)),
        CRHELPER: Build(bytecode=False, why="none", size=Size(17_000_000, 24_000_000, 2_000)),
        CFN_HANDLER: Build(bytecode=False, why="none", size=Size(17_000_000, 24_000_000, 2_000)),
        LIBRARIES: Build(bytecode=True, why="compiled", size=Size(21_000_000, 33_000_000, 3_000)),
    },
    cold={OURS: cold(0.25), OURS_SLOW: cold(0.5), CRHELPER: cold(0.5), CFN_HANDLER: cold(0.5), LIBRARIES: cold(0.24)},
    warm=dict.fromkeys(KINDS, WARM),
    bare_call_cpu=0.001,
    deletes={OURS: once(0.02), CRHELPER: once(120.02)},
    rotations=[rotation(10), rotation(100), rotation(1000)],
    versions={"boto3": "1.0.0"},
)


def with_cold(**seconds: float) -> Found:
    """Return the run with other cold starts: ours, slow."""
    names = {"ours": OURS, "slow": OURS_SLOW}
    return replace(FOUND, cold={**FOUND.cold, **{names[name]: cold(value) for name, value in seconds.items()}})
