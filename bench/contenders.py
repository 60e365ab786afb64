"""What is measured side by side, each in a folder of its own: the provider as `sam build` makes it, what people use."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local import provider
from local.emulator import HANDLER
from local.ministack import PROJECT

OURS: Final = "this provider"
OURS_SLOW: Final = "this provider, its bytecode removed"
CRHELPER: Final = "plain crhelper"
CFN_HANDLER: Final = "plain cfn-handler"
CFNRESPONSE: Final = "bare handler, as cfnresponse"
LIBRARIES: Final = "the libraries alone"
BOTOCORE: Final = "bare botocore"

_PEERS: Final = PROJECT / "bench/peers"


@dataclass(frozen=True)
class Contender:
    """A folder as it is deployed, its handler, and whether compiled modules are in it."""

    name: str
    folder: Path
    handler: str
    bytecode: bool
    why: str  # there is bytecode, or none

    @property
    def title(self) -> str:
        """Return its name and whether it has bytecode, where it is there both with and without."""
        return f"{self.name}, compiled" if self.bytecode and self.name in _BOTH else self.name


_BOTH: Final = (CRHELPER, CFN_HANDLER, CFNRESPONSE)
_AS_SAM: Final = "`sam build` unpacks wheels and compiles nothing"
_AS_PIP: Final = "`pip install --target` compiles"


def contenders(folder: Path, python: Path) -> list[Contender]:
    """Build all of them under `folder`, for `python`. Raises CommandFailed, CalledProcessError."""
    ours, slow = folder / "ours", folder / "ours-without-bytecode"
    environment = provider.build_environment()
    path = f"{python.parent}{os.pathsep}{environment['PATH']}"  # where the build finds the Python to compile with
    provider.build(folder / "sam", {**environment, "PATH": path})
    shutil.copytree(folder / "sam/SourceCredentialFunction", ours)
    shutil.copytree(ours, slow, ignore=shutil.ignore_patterns("__pycache__"))
    why = "`sam build` leaves it"
    if not _has_bytecode(ours, python):
        _compile(ours, python)
        why = "compiled for this run: the build left none for this Python"
    found = [
        Contender(OURS, ours, HANDLER, bytecode=True, why=why),
        Contender(OURS_SLOW, slow, HANDLER, bytecode=False, why="removed from a copy"),
    ]
    for name, peer in ((CRHELPER, "crhelper"), (CFN_HANDLER, "cfn_handler"), (CFNRESPONSE, "cfnresponse")):
        plain, compiled = folder / peer, folder / f"{peer}-compiled"
        _install(peer, plain)
        shutil.copytree(plain, compiled)
        _compile(compiled, python)
        found += [
            Contender(name, plain, "handler.handler", bytecode=False, why=_AS_SAM),
            Contender(name, compiled, "handler.handler", bytecode=True, why=_AS_PIP),
        ]
    for name, peer in ((LIBRARIES, "libraries"), (BOTOCORE, "botocore")):
        _install(peer, folder / peer)
        _compile(folder / peer, python)
        found.append(Contender(name, folder / peer, "handler.handler", bytecode=True, why="compiled for this run"))
    return found


def _install(peer: str, folder: Path) -> None:
    """Install a peer as its README says, locked: the libraries that ship by their own lock, the others by bench's."""
    lock = PROJECT / "handler/requirements.txt"
    if (_PEERS / peer / "requirements.txt").exists():
        lock = folder.with_suffix(".txt")
        lock.write_text(_locked(_PEERS / peer / "requirements.txt"), encoding="utf-8")
    options = ("--quiet", "--no-deps", "--require-hashes", "--python", str(provider.UV / "python"))
    provider.run_quietly(
        [str(provider.UV / "uv"), "pip", "install", *options, "--target", str(folder), "--requirement", str(lock)],
        os.environ,
    )
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / ".lock").unlink(missing_ok=True)  # uv's own
    for module in (_PEERS / peer).glob("*.py"):
        shutil.copy(module, folder)


def _locked(names: Path) -> str:
    """Return the entries of bench's lock for the packages that a file names."""
    wanted = [line for line in names.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    entries = re.split(r"\n(?=\S)", (PROJECT / "requirements/bench.txt").read_text(encoding="utf-8"))
    return "\n".join(entry for entry in entries if entry.partition("==")[0] in wanted) + "\n"


def _compile(folder: Path, python: Path) -> None:
    command = [str(python), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _has_bytecode(folder: Path, python: Path) -> bool:
    """Tell whether the entry's module is there as bytecode that this Python reads."""
    asked = [str(python), "-c", "import sys; print(sys.implementation.cache_tag)"]
    tag = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return (folder / f"source_credential/__pycache__/custom_resource.{tag}.pyc").exists()
