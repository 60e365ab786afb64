"""What one run has found, all of it; the page, the picture and the targets are made of this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.artifact import Size
from bench.cold import ColdStart
from bench.machine import Machine
from bench.rotation import Rotation
from bench.spread import Spread
from bench.warm import Warm


@dataclass(frozen=True)
class Build:
    """A contender as it was built: its size, and why it has bytecode or none."""

    bytecode: bool
    why: str
    size: Size


@dataclass(frozen=True)
class Found:
    """A run. The mappings go by a contender's title, or by the kind of request; seconds throughout."""

    machine: Machine
    runs: int
    builds: Mapping[str, Build]
    cold: Mapping[str, ColdStart]
    warm: Mapping[str, Warm]
    bare_call_cpu: float
    deletes: Mapping[str, Spread]
    rotations: Sequence[Rotation]
    versions: Mapping[str, str]
