"""What the functions run on: a Python of Lambda's own series where this machine has one, and its environment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.ministack import PROJECT, REGION

SERIES: Final = "3.13"

# Lambda's disk cannot be written to, so what is not compiled is compiled at each start. The credentials are in the
# environment, as they are on Lambda.
FUNCTION_ENVIRONMENT: Final = {
    "PATH": os.environ["PATH"],
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "SLOTS_TABLE": "slots",
}

_UV: Final = PROJECT / ".tools/uv/bin/uv"
_ENVIRONMENT: Final = PROJECT / ".tools/bench-runtime"
_LOCK: Final = PROJECT / "requirements/runtime.txt"


def runtime_python() -> Path:
    """Return a Python with Lambda's runtime client and nothing else beside it; it is made where it is not there yet."""
    python, stamp = _ENVIRONMENT / "bin/python", _ENVIRONMENT / ".stamp"
    base = next(filter(_is_of_the_series, _candidates()), Path(sys.executable))
    wanted = f"{version_of(base)}\n{_LOCK.read_text(encoding='utf-8')}"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        _run("venv", "--clear", "--python", str(base), str(_ENVIRONMENT))
        _run("pip", "sync", "--require-hashes", "--python", str(python), str(_LOCK))
        stamp.write_text(wanted, encoding="utf-8")
    return python


def version_of(python: Path) -> str:
    """Return the version of a Python. Raises OSError and CalledProcessError when it does not run."""
    asked = [str(python), "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _candidates() -> Iterator[Path]:
    """Yield where one may be: on the path, with uv, with pyenv."""
    for folder in os.get_exec_path():
        found = shutil.which(f"python{SERIES}", path=folder)
        if found:
            yield Path(found)
    known = subprocess.run([str(_UV), "python", "find", SERIES], capture_output=True, text=True, check=False)
    if known.returncode == 0:
        yield Path(known.stdout.strip())
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from sorted(versions.glob(f"{SERIES}*/bin/python{SERIES}"))


def _is_of_the_series(python: Path) -> bool:
    try:
        return version_of(python).startswith(f"{SERIES}.")
    except (OSError, subprocess.CalledProcessError):  # a stand-in of a version manager that has no such version
        return False


def _run(*arguments: str) -> None:
    subprocess.run([str(_UV), *arguments, "--quiet"], check=True)
