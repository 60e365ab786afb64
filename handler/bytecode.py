"""The artifact's bytecode, by a Python of the runtime's own series, which is looked for: no other's is of use there.

`python bytecode.py ARTIFACT` is what that Python runs.
"""

from __future__ import annotations

import os
import platform
import py_compile
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HANDLER = Path(__file__).resolve().parent
_LAMBDA = "/var/task/"  # where the code is when it runs, which tracebacks tell
_IMAGE = "public.ecr.aws/lambda/python:{}"
_ANSWER_SECONDS = 10  # within which a program that works has answered
_PULL_SECONDS = float(os.environ.get("BYTECODE_PULL_SECONDS") or 60)  # 0: what is not here is not pulled
_COMPILE_SECONDS = 120


def made(artifact: Path, series: str) -> bool:
    """Compile the artifact by the first Python that can, and tell if there was one, and which."""
    for command in _commands(artifact, series):
        compiled_by = _output(command, _COMPILE_SECONDS)
        if compiled_by is not None:
            print(f"Bytecode by Python {compiled_by}", flush=True)
            return True
    print(
        f"No bytecode, so a cold start takes nearly twice as long: no Python {series} was found on the path, by uv or "
        f"in a container engine. Install one (uv python install {series}) and build again.",
        flush=True,
    )
    return False


def _commands(artifact: Path, series: str) -> Iterator[list[str]]:
    """Yield what may compile: the Pythons of this machine, then Lambda's image."""
    script = [str(_HANDLER / "bytecode.py"), str(artifact)]
    for python in _pythons(series):
        if _output([python, "-c", "import sys; print(*sys.version_info[:2], sep='.')"]) == series:
            yield [python, "-s", "-S", "-B", *script]
    for engine in ("docker", "podman"):
        if shutil.which(engine) and _has_image(engine, _IMAGE.format(series)):
            yield _in_container(engine, _IMAGE.format(series), artifact)


def _pythons(series: str) -> Iterator[str]:
    """Yield what may be such a Python. The first on the path may be pyenv's that fails, so each one there is tried."""
    yield sys.executable
    for folder in os.get_exec_path():
        found = shutil.which(f"python{series}", path=folder)
        if found:
            yield found
    if shutil.which("uv"):
        found = _output(
            ["uv", "python", "find", series], UV_PYTHON_DOWNLOADS="never", UV_PYTHON_PREFERENCE="only-managed"
        )
        if found:
            yield found


def _has_image(engine: str, image: str) -> bool:
    """Tell whether the engine runs and has the image, which it gets a minute to pull."""
    if _output([engine, "version"]) is None:
        return False
    if _output([engine, "image", "inspect", image]) is not None:
        return True
    if not _PULL_SECONDS:
        return False
    print(f"Pulling {image} for its Python, for {_PULL_SECONDS:.0f} seconds at most", flush=True)
    return _output([engine, "pull", "--quiet", image], _PULL_SECONDS) is not None


def _in_container(engine: str, image: str, artifact: Path) -> list[str]:
    """Return the command that compiles in a container. podman's root is who runs it; docker's is root."""
    user = ["--user", f"{os.getuid()}:{os.getgid()}"] if engine == "docker" else []
    return [
        *(engine, "run", "--rm", "--network", "none", "--security-opt", "label=disable", *user),
        *("--env", "PYTHONHASHSEED=0", "--volume", f"{_HANDLER}:/handler:ro", "--volume", f"{artifact}:/artifact"),
        *("--entrypoint", "python3", image, "-s", "-S", "-B", "/handler/bytecode.py", "/artifact"),
    ]


def _output(command: Sequence[str], seconds: float = _ANSWER_SECONDS, **variables: str) -> str | None:
    """Return what a program prints; None where it fails, or takes longer. Then it ends with all that it has started."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryFile() as output:  # a pipe would be waited for as long as a child of its has it
        try:
            process = subprocess.Popen(
                command,
                env={**inherited, "PYTHONHASHSEED": "0", **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return None
        try:
            failed = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        output.seek(0)
        return None if failed else output.read().decode(errors="replace").strip()


def remove(artifact: Path) -> None:
    """Remove all bytecode."""
    for folder in sorted(artifact.rglob("__pycache__")):
        shutil.rmtree(folder)


def compile_all(artifact: Path) -> None:
    """Compile every module, by its name in Lambda. It is never compared with its source, whose time stamps vary."""
    for source in sorted(artifact.rglob("*.py")):
        py_compile.compile(
            str(source),
            dfile=_LAMBDA + source.relative_to(artifact).as_posix(),
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    if sys.version_info >= (3, 10):
        import build

        if not build.validator(Path(sys.argv[1])).exists():
            build.generate(Path(sys.argv[1]))
    compile_all(Path(sys.argv[1]))
    print(platform.python_version())  # who builds the same bytes again needs to know it
