"""Makes the pictures: each light and dark, in docs/pictures, from the template as it is and from runs of its own.

python -m pictures                 makes all of them, in six minutes
python -m pictures architecture    makes this one
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.cloudformation_template import load
from local.ministack import PROJECT
from local.programs import DidNotStart
from local.provider import CommandFailed
from pictures import architecture, dashboard
from pictures.log_query import UnknownQuery
from pictures.recording import RecordingFailed, record
from pictures.series import NoNumbers

FOLDER: Final = PROJECT / "docs/pictures"
_PYTHON: Final = PROJECT / ".tools/pictures/bin/python"  # has matplotlib and rich
_BEFORE: Final = "From now on GitHub is asked"  # the step before: the secret has rotated, and nobody deployed


def demo() -> dict[str, Any]:
    """Return the recording of `make demo`, as the drawing takes it. Raises RecordingFailed."""
    lines = record([sys.executable, "-m", "local.demo"])
    return {"command": "make demo", "lines": lines, "before": _BEFORE}


_MAKES: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "architecture": lambda: architecture.picture(load(PROJECT / "template.yaml")),
    "demo": demo,
    "dashboard": lambda: dashboard.live(load(PROJECT / "template.yaml")),
}
_TELLS: Final = (
    *(architecture.Untrue, NoNumbers, UnknownQuery, NotImplementedError),
    *(RecordingFailed, CommandFailed, DidNotStart, subprocess.CalledProcessError),
)


def main() -> int:
    """Make the pictures that are asked for; return 0, or 1 when one could not be made."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description="Make the pictures of docs/pictures anew.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(_MAKES)}; all, if none is named")
    names = parser.parse_args().names or list(_MAKES)
    if unknown := [name for name in names if name not in _MAKES]:
        parser.error(f"there is no picture {unknown[0]}; there are {', '.join(_MAKES)}")
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        print(f"Making {name}", file=sys.stderr, flush=True)
        try:
            _draw(name, _MAKES[name]())
        except _TELLS as error:
            print(f"{name} could not be made: {error}", file=sys.stderr)
            return 1
    print("They are in docs/pictures. Look at them before you commit them.", file=sys.stderr)
    return 0


def _draw(name: str, picture: dict[str, Any]) -> None:
    """Draw a picture, light and dark. Raises CalledProcessError."""
    command = [str(_PYTHON), "-m", f"pictures.{name}_drawing", str(FOLDER)]
    subprocess.run(command, input=json.dumps(picture), cwd=PROJECT, text=True, check=True)


if __name__ == "__main__":
    sys.exit(main())
