"""What the picture of a run shows, as the drawing takes it."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

from bench.contenders import OURS, OURS_SLOW
from bench.found import Found
from bench.spread import Spread
from local.ministack import PROJECT

_PYTHON: Final = PROJECT / ".tools/pictures/bin/python"  # has matplotlib


def panels(found: Found) -> list[dict[str, Any]]:
    """Return three panels: the cold starts as processes, as init phases, and the zips."""
    process = {title: start.process for title, start in found.cold.items()}
    init = {title: start.init for title, start in found.cold.items()}
    zipped = {title: Spread.of([build.size.zipped / 1e6]) for title, build in found.builds.items()}
    return [
        {"title": "Cold start: whole process", "unit": "seconds", "bars": _bars(process)},
        {"title": "Cold start: Lambda's init phase", "unit": "seconds", "bars": _bars(init)},
        {"title": "Artifact, zipped", "unit": "MB", "bars": _bars(zipped)},
    ]


def draw(found: Found, path: Path) -> None:
    """Draw the picture into a file. Raises CalledProcessError."""
    command = [str(_PYTHON), "-m", "bench.drawing", str(path)]
    subprocess.run(command, input=json.dumps(panels(found)), cwd=PROJECT, text=True, check=True)


def _bars(spreads: dict[str, Spread]) -> list[dict[str, Any]]:
    return [
        {
            "name": title,
            "value": spread.median,
            "low": spread.low,
            "high": spread.high,
            "ours": title in (OURS, OURS_SLOW),
        }
        for title, spread in spreads.items()
    ]
