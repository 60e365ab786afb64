"""What the measurements were made on. Neither a name of the machine nor a path of it is told."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local.pythons import version_of


@dataclass(frozen=True)
class Machine:
    """A machine, its Pythons, and the day."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    function_python: str
    embedded_python: str
    load: float
    day: str


def this_machine(function_python: Path, embedded_python: Path) -> Machine:
    """Return what there is to tell. The Pythons: of the functions measured, and of the embedded AWS."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=f"{platform.system()} {platform.machine()}",
        function_python=version_of(function_python),
        embedded_python=version_of(embedded_python),
        load=os.getloadavg()[0],
        day=datetime.now(UTC).date().isoformat(),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"
