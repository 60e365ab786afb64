"""Shows what a cold start is made of: python -m local.profile ARTIFACT.

The import time of every module of the built artifact, by itself, and the time of each client, the least of several
runs, in milliseconds. For whoever wants to make it shorter.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.pythons import FUNCTION_ENVIRONMENT, runtime_python, version_of

_RUNS: Final = 7
_SHOWN: Final = 30
_LEAST_MILLISECONDS: Final = 0.05
_LINE: Final = re.compile(r"import time: +([0-9]+) \| +[0-9]+ \| +(\S+)")

# What the entry does, with a clock around each client that the wiring makes.
_PROGRAM: Final = """
import json, time
import boto3
taken, make = {}, boto3.Session.client
def client(self, service, *rest, **more):
    begin = time.perf_counter()
    made = make(self, service, *rest, **more)
    taken[service] = 1000 * (time.perf_counter() - begin)
    return made
boto3.Session.client = client
import source_credential.custom_resource
print(json.dumps(taken))
"""


def _run(python: Path, artifact: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program on the artifact as Lambda has it: nothing can be written. Raises CalledProcessError."""
    environment = {**FUNCTION_ENVIRONMENT, "PYTHONPATH": str(artifact)}
    return subprocess.run(
        [str(python), *arguments], cwd=artifact, env=environment, capture_output=True, text=True, check=True
    )


def imports(python: Path, artifact: Path) -> dict[str, float]:
    """Return the milliseconds that each module takes by itself. Raises CalledProcessError."""
    found: dict[str, float] = {}
    for _ in range(_RUNS):
        done = _run(python, artifact, "-X", "importtime", "-c", "import source_credential.custom_resource")
        for microseconds, name in _LINE.findall(done.stderr):
            found[name] = min(int(microseconds) / 1000, found.get(name, float("inf")))
    return found


def clients(python: Path, artifact: Path) -> dict[str, float]:
    """Return the milliseconds that each client takes. Raises CalledProcessError."""
    found: dict[str, float] = {}
    for _ in range(_RUNS):
        for service, milliseconds in json.loads(_run(python, artifact, "-c", _PROGRAM).stdout).items():
            found[service] = min(milliseconds, found.get(service, float("inf")))
    return found


def packages(modules: Mapping[str, float]) -> dict[str, float]:
    """Return the milliseconds of whole packages."""
    found: defaultdict[str, float] = defaultdict(float)
    for name, milliseconds in modules.items():
        found[name.partition(".")[0]] += milliseconds
    return dict(found)


def table(title: str, times: Mapping[str, float]) -> str:
    """Return times as a table, the longest first; what is too short to matter is left out."""
    longest = sorted(times.items(), key=lambda each: -each[1])[:_SHOWN]
    rows = [f"{milliseconds:8.1f}  {name}" for name, milliseconds in longest if milliseconds > _LEAST_MILLISECONDS]
    return "\n".join([title, *rows, ""])


def main(artifact: Path) -> None:
    """Print the tables. Raises CalledProcessError when the artifact does not load."""
    python = runtime_python()
    made, modules = clients(python, artifact), imports(python, artifact)
    # The entry makes the clients while it loads, which is no import.
    entry = "source_credential.handlers"
    modules[entry] = max(0.0, modules[entry] - sum(made.values()))
    total = sum(made.values()) + sum(modules.values())
    print(f"A cold start on Python {version_of(python)}, in milliseconds: {total:.0f}, besides Python's own start.\n")
    print(table("Clients", made))
    print(table("Packages", packages(modules)))
    print(table("Modules", modules))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
