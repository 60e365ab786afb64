"""The bytecode: what it is, and by which Python it is made; the Pythons and engines here are small scripts."""

import importlib.util
import marshal
import os
import shutil
import sys
import time
from pathlib import Path
from types import CodeType

import pytest

import bytecode

SERIES = "3.99"
IMAGE = f"public.ecr.aws/lambda/python:{SERIES}"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the path. The Python that runs the test is of another series."""
    folder = tmp_path / "path"
    folder.mkdir()
    for program in ("sh", "sleep"):
        found = shutil.which(program)
        assert found
        (folder / program).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Return an artifact that is compiled when it holds `by`, which says by what."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    return folder


def script(path: Path, text: str) -> None:
    """Write a program."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def python(path: Path, series: str = SERIES) -> None:
    """Write a Python of a series, which compiles by leaving its name."""
    script(path, f'case "$1" in -c) echo {series} ;; *) for last; do :; done; echo "$0" > "$last/by" ;; esac')


def compiled_by(artifact: Path) -> str:
    """Compile, and return what did it."""
    assert bytecode.made(artifact, SERIES)
    return (artifact / "by").read_text(encoding="utf-8").strip()


def test_a_python_of_the_series_is_taken_from_the_path(path: Path, artifact: Path) -> None:
    """The first one that works."""
    python(path / f"python{SERIES}")
    assert compiled_by(artifact) == str(path / f"python{SERIES}")


@pytest.mark.parametrize("broken", ["exit 127", "echo 3.12", "exec no-such-program"])
def test_one_that_does_not_work_is_passed_over(
    path: Path, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """As pyenv's, of a version that is installed and not chosen; the next one on the path is tried."""
    script(path / f"python{SERIES}", broken)
    python(tmp_path / "next" / f"python{SERIES}")
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{tmp_path / 'next'}")
    assert compiled_by(artifact) == str(tmp_path / "next" / f"python{SERIES}")


def test_uv_is_asked_next_and_downloads_nothing(path: Path, artifact: Path, tmp_path: Path) -> None:
    """It knows the Pythons that it has installed."""
    python(tmp_path / "of-uv" / "python")
    script(
        path / "uv",
        f'test "$*" = "python find {SERIES}" -a "$UV_PYTHON_DOWNLOADS" = never && echo {tmp_path}/of-uv/python',
    )
    assert compiled_by(artifact) == str(tmp_path / "of-uv/python")


@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.parametrize("has_image", [True, False])
def test_lambdas_image_is_the_last_resort(path: Path, artifact: Path, engine: str, *, has_image: bool) -> None:
    """It is pulled where the engine has it not, and runs without a network, on the artifact and the build alone."""
    script(
        path / engine,
        f"""case "$*" in
            version) ;;
            "image inspect {IMAGE}") exit {0 if has_image else 1} ;;
            "pull --quiet {IMAGE}") echo pulled > {artifact}/pulled ;;
            "run --rm --network none "*":/handler:ro --volume {artifact}:/artifact --entrypoint python3 {IMAGE} "*) \
                echo {engine} > {artifact}/by ;;
            *) exit 1 ;;
        esac""",
    )
    assert compiled_by(artifact) == engine
    assert (artifact / "pulled").exists() is not has_image


def test_an_engine_that_hangs_is_given_up(
    path: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what it has started; and it was said that it might take a while."""
    monkeypatch.setattr(bytecode, "_PULL_SECONDS", 0.2)
    script(
        path / "docker",
        f'case "$1" in version) ;; pull) sleep 60 & echo $! > {artifact}/child; wait ;; *) exit 1 ;; esac',
    )
    begin = time.monotonic()
    assert not bytecode.made(artifact, SERIES)
    assert time.monotonic() - begin < 20
    assert capsys.readouterr().out.startswith(f"Pulling {IMAGE} ")
    child = Path("/proc", (artifact / "child").read_text(encoding="utf-8").strip(), "stat")
    end = time.monotonic() + 10  # to be killed takes a moment
    while child.exists() and child.read_text(encoding="utf-8").split()[2] != "Z":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nothing_is_pulled_where_that_is_not_wanted(
    path: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that is there already is used all the same."""
    monkeypatch.setattr(bytecode, "_PULL_SECONDS", 0.0)
    script(path / "docker", f'case "$1" in version) ;; pull) echo > {artifact}/pulled ;; *) exit 1 ;; esac')
    assert not bytecode.made(artifact, SERIES)
    assert not (artifact / "pulled").exists()


@pytest.mark.usefixtures("path")
def test_where_there_is_none_one_line_says_what_it_would_gain_and_how(
    artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard output, which `sam build` shows."""
    assert not bytecode.made(artifact, SERIES)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "cold start" in said
    assert f"uv python install {SERIES}" in said


def test_bytecode_is_never_compared_with_its_source_and_tells_lambdas_paths(artifact: Path) -> None:
    """So that neither the time nor the place of the build matters, and a traceback names the file where it is."""
    source = artifact / "room/module.py"
    source.parent.mkdir()
    source.write_text("def answer():\n    assert True\n    return 42\n", encoding="utf-8")
    bytecode.compile_all(artifact)
    [compiled] = artifact.rglob("*.pyc")
    assert compiled.name == f"module.{sys.implementation.cache_tag}.pyc"
    content = compiled.read_bytes()
    assert content[4:8] == (0b01).to_bytes(4, "little")  # PEP 552: by a hash, unchecked
    assert content[8:16] == importlib.util.source_hash(source.read_bytes())
    code = marshal.loads(content[16:])  # noqa: S302 - made just now
    assert isinstance(code, CodeType)
    assert code.co_filename == "/var/task/room/module.py"
    bytecode.remove(artifact)
    assert not list(artifact.rglob("__pycache__"))
