"""What the artifact weighs, loads at the start and asks of AWS stays within tests/runtime/budget.toml."""

import io
import subprocess
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local.emulator import PYTHON
from local.ministack import PROJECT
from tests.runtime.test_calls import numbers_told

BUDGET: dict[str, Any] = tomllib.loads((PROJECT / "tests/runtime/budget.toml").read_text(encoding="utf-8"))

# What only few paths need, so that it is loaded on them: asking a Git provider, sending messages, a nearest name.
NOT_AT_THE_START = ("source_credential.git_providers", "source_credential.aws.sqs", "difflib")
_LOADED = """
import sys
import source_credential.{entry}
files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
print(sum(file.startswith(sys.path[1]) for file in files), *sys.modules)
"""


def loaded(artifact: Path, entry: str) -> tuple[int, set[str]]:
    """Return how many of the artifact's modules an entry loads, and the names of all that are loaded."""
    environment = {"PYTHONPATH": str(artifact), "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [str(PYTHON), "-c", _LOADED.format(entry=entry)], env=environment, capture_output=True, text=True, check=True
    )
    number, *names = done.stdout.split()
    return int(number), set(names)


@pytest.mark.parametrize("entry", BUDGET["modules"])
def test_an_entry_loads_no_more_than_it_may(artifact: Path, entry: str) -> None:
    """Each module is cold start."""
    number, _ = loaded(artifact, entry)
    print(f"{entry}: {number} modules of the artifact")  # noqa: T201 - a measurement
    assert 0 < number <= BUDGET["modules"][entry]


def test_what_few_paths_need_is_not_loaded_at_the_start(artifact: Path) -> None:
    """It is imported on those."""
    _, names = loaded(artifact, "custom_resource")
    assert {name for name in names if name.startswith(NOT_AT_THE_START)} <= {"source_credential.git_providers"}


def zipped(artifact: Path, files: Sequence[Path]) -> int:
    """Return how many bytes files take in a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(artifact))
    return len(packed.getvalue())


def test_the_artifact_weighs_no_more_than_it_may(artifact: Path) -> None:
    """As Lambda gets it, with bytecode where there is some, and as it lies on Lambda's disk."""
    files = sorted(path for path in artifact.rglob("*") if path.is_file())
    sources = [path for path in files if path.suffix != ".pyc"]
    sizes = {
        "zipped": zipped(artifact, files),
        "zipped_without_bytecode": zipped(artifact, sources),
        "unzipped": sum(path.stat().st_size for path in files),
    }
    print(sizes)  # noqa: T201 - a measurement
    assert {name: size for name, size in sizes.items() if size > BUDGET["bytes"][name]} == {}


@pytest.mark.parametrize("operation", BUDGET["calls"])
def test_an_operation_asks_no_more_of_aws_than_it_may(operation: str) -> None:
    """Of what docs/calls.md says, which test_calls.py counts."""
    assert numbers_told()[operation] <= BUDGET["calls"][operation]
