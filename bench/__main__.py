"""One run of all benchmarks: prints the page, and writes docs/benchmarks.md and docs/benchmarks.svg.

python -m bench --runs 7 --rotation 10000
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from bench import picture
from bench.artifact import size_of
from bench.cold import cold_starts
from bench.contenders import CFN_HANDLER, CFNRESPONSE, CRHELPER, LIBRARIES, OURS, Contender, contenders
from bench.deletes import InBackground, delete_seconds
from bench.found import Build, Found
from bench.machine import this_machine
from bench.page import page
from bench.rotation import SIZES, rotations
from bench.warm import bare_call_cpu, warm_requests
from local.ministack import PROJECT
from local.pythons import runtime_python

_PAGE: Final = PROJECT / "docs/benchmarks.md"
_PICTURE: Final = PROJECT / "docs/benchmarks.svg"
_EMBEDDED: Final = PROJECT / ".tools/ministack/bin/python"
_VERSIONS: Final = ("boto3", "crhelper", "cfn-handler", "aws-lambda-powertools")
_UNTIL_IT_SLEEPS: Final = 5  # seconds until crhelper does nothing but wait
_BEGIN: Final = time.monotonic()


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description="Measure the provider beside what people use.")
    parser.add_argument("--runs", type=int, default=7, help="how often what is repeated is repeated")
    parser.add_argument("--rotation", type=int, action="append", default=[], help="one more number of slots to rotate")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="source-credential-bench-") as folder:
        found = measure(Path(folder), arguments.runs, [*SIZES, *arguments.rotation])
    picture.draw(found, _PICTURE)
    text = page(found)
    _PAGE.write_text(text, encoding="utf-8")
    print(text)
    _say("docs/benchmarks.md and docs/benchmarks.svg are written")


def measure(folder: Path, runs: int, sizes: list[int]) -> Found:
    """Return what a run finds. Nothing else of it runs while cold starts are timed."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # this machine's own settings of AWS
    python = runtime_python()
    machine = this_machine(python, _EMBEDDED)
    _say("Building everything")
    built = contenders(folder, python)
    by_title = {contender.title: contender for contender in built}
    _say("Timing cold starts")
    cold = cold_starts(built, python, runs)
    waiting = InBackground(by_title[CRHELPER], python)
    waiting.start()
    time.sleep(_UNTIL_IT_SLEEPS)
    _say("Timing warm requests")
    warm = warm_requests(by_title[OURS], python, runs)
    bare = bare_call_cpu(by_title[LIBRARIES], python)
    _say("Timing Deletes")
    deletes = {title: delete_seconds(by_title[title], python, runs) for title in (OURS, CFN_HANDLER, CFNRESPONSE)}
    _say(f"Rotating {' and '.join(map(str, sizes))} slots")
    rotated = rotations(folder / "sam", sizes)
    return Found(
        machine=machine,
        runs=runs,
        builds={contender.title: _build(contender) for contender in built},
        cold=cold,
        warm=warm,
        bare_call_cpu=bare,
        deletes={**deletes, CRHELPER: waiting.result()},
        rotations=rotated,
        versions=_versions(),
    )


def _build(contender: Contender) -> Build:
    return Build(bytecode=contender.bytecode, why=contender.why, size=size_of(contender.folder))


def _versions() -> dict[str, str]:
    locks = [PROJECT / "requirements/bench.txt", PROJECT / "handler/requirements.txt"]
    text = "\n".join(lock.read_text(encoding="utf-8") for lock in locks)
    found = {name: re.search(rf"^{name}==(\S+)", text, re.MULTILINE) for name in _VERSIONS}
    return {name: version[1] for name, version in found.items() if version}


def _say(what: str) -> None:
    print(f"{time.monotonic() - _BEGIN:4.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
