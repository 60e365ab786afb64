"""The build, and its tools, on a machine whose settings of pip are made for something else."""

import configparser
import os
import shutil
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest

from local.ministack import PROJECT
from local.servers import Handler, HttpServer

# Where packages go, or whether they do: each of these stops a build that takes no care, or leads it astray.
# https://pip.pypa.io/en/stable/topics/configuration/
SETTINGS = {
    "user": "true",
    "require-virtualenv": "true",
    "dry-run": "true",
    "no-deps": "false",
    "prefix": "{elsewhere}/prefix",
    "target": "{elsewhere}/target",
    "root": "{elsewhere}/root",
    "constraint": "{elsewhere}-constraints.txt",
    "requirement": "{elsewhere}-requirements.txt",
}
# Of these nobody would have a file.
VARIABLES_ONLY = {"python": "{elsewhere}/python", "editable": "."}


def as_variables(settings: dict[str, str]) -> dict[str, str]:
    """Return the environment variables that say the same to pip."""
    return {f"PIP_{name.upper().replace('-', '_')}": value for name, value in settings.items()}


def as_file(settings: dict[str, str], path: Path) -> dict[str, str]:
    """Return the environment with a configuration file that says the same, beside what the machine's own one says."""
    config = configparser.RawConfigParser()
    config.read(os.environ.get("PIP_CONFIG_FILE", ""))
    if not config.has_section("install"):
        config.add_section("install")
    config["install"].update(settings)
    with path.open("w", encoding="utf-8") as file:
        config.write(file)
    return {"PIP_CONFIG_FILE": str(path)}


def make(folder: Path, *arguments: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run make with a Python that has pip and is in no virtual environment, and return how it ended."""
    python = folder / "python"
    [packages] = (PROJECT / ".tools/uv/lib").glob("python3*/site-packages")
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys._base_executable}" "$@"\n', encoding="utf-8")  # type: ignore[attr-defined]
    python.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", f"PYTHON={python}", *arguments],  # noqa: S607 - the machine's own
        env={**inherited, "BYTECODE_PULL_SECONDS": "0", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(params=["variables", "a file"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Return an environment in which pip is to put everything elsewhere, or nowhere."""
    elsewhere = str(tmp_path / "elsewhere")
    (tmp_path / "elsewhere-constraints.txt").write_text("boto3==1.0\nuv==0.1\n", encoding="utf-8")
    settings = SETTINGS if request.param == "a file" else SETTINGS | VARIABLES_ONLY
    told = {name: value.format(elsewhere=elsewhere) for name, value in settings.items()}
    return as_file(told, tmp_path / "pip.conf") if request.param == "a file" else as_variables(told)


def files(folder: Path) -> set[Path]:
    """Return the files of a folder but for bytecode."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_the_artifact_is_the_same_whatever_the_machine_tells_pip(
    artifact: Path, hostile: dict[str, str], tmp_path: Path
) -> None:
    """The same files (bytecode is another matter: that of who has run the artifact is there too), none elsewhere."""
    built = tmp_path / "built"
    built.mkdir()
    arguments = ("-C", str(PROJECT / "handler"), "build-RefreshFunction", f"ARTIFACTS_DIR={built}")
    done = make(tmp_path, *arguments, settings=hostile)
    assert done.returncode == 0, done.stderr
    assert files(built) == files(artifact)
    assert not (tmp_path / "elsewhere").exists()


def test_the_tools_are_installed_where_they_belong_whatever_the_machine_tells_pip(
    hostile: dict[str, str], tmp_path: Path
) -> None:
    """By pip, which installs uv, and by uv, which installs the rest."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    shutil.copytree(PROJECT / "requirements", tmp_path / "requirements")
    (tmp_path / "handler").mkdir()
    shutil.copy(PROJECT / "handler/pip.mk", tmp_path / "handler")
    done = make(tmp_path, "-C", str(tmp_path), ".tools/runtime/.stamp", settings=hostile)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / ".tools/runtime/lib").glob("python3*/site-packages/awslambdaric"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["variables", "a file"])
def test_where_packages_come_from_is_the_machines_own_affair(kind: str, tmp_path: Path) -> None:
    """An index that it has set is asked; here it has nothing."""
    asked: list[str] = []

    class Empty(Handler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(HTTPStatus.NOT_FOUND)

    with HttpServer(Empty) as index:
        told = {"index-url": f"{index.url}/simple", "retries": "0"}
        settings = as_variables(told) if kind == "variables" else as_file(told, tmp_path / "pip.conf")
        arguments = ("-C", str(PROJECT / "handler"), "build-RefreshFunction", f"ARTIFACTS_DIR={tmp_path / 'built'}")
        make(tmp_path, *arguments, settings={"no_proxy": "127.0.0.1", **settings})
    assert asked
    assert all(path.startswith("/simple/") for path in asked)
