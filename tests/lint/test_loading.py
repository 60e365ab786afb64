"""The rules as cfn-lint loads them: from a clone in which nothing is installed, and by the package's name."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.ministack import PROJECT
from source_credential_lint import __all__ as classes

WRONG = PROJECT / "tests/lint/wrong/attributes.yaml"
CFN_LINT = PROJECT / ".tools/sam/bin/cfn-lint"


def cfn_lint(*arguments: str, folder: Path, paths: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run cfn-lint of an environment that knows neither the handler nor its libraries."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.run(
        [str(CFN_LINT), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what of a fresh clone the lint needs."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("lint", "handler/source_credential/contract"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "handler/source_credential/__init__.py", folder / "handler/source_credential")
    shutil.copy(WRONG, folder / "template.yaml")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("template.yaml", "--append-rules", "lint/"),
        ("-a", "lint", "--", "template.yaml"),
        ("-t", "template.yaml", "-a", "./lint/"),
    ],
    ids=" ".join,
)
def test_a_clone_is_enough(clone: Path, arguments: tuple[str, ...]) -> None:
    """Whatever else is installed beside cfn-lint, each finding is there once."""
    done = cfn_lint("--format", "parseable", *arguments, folder=clone)
    assert (done.returncode, done.stderr) == (2, "")
    assert [line.split(":")[5] for line in done.stdout.splitlines()] == ["E9504"] * 3


def test_a_folder_elsewhere_is_enough(clone: Path, tmp_path: Path) -> None:
    """An editor runs it from the project that is being edited."""
    shutil.copy(WRONG, tmp_path / "other.yaml")
    done = cfn_lint("other.yaml", "-a", str(clone / "lint"), folder=tmp_path)
    assert done.stdout.count("E9504") == 3


@pytest.mark.parametrize("rules", ["lint", "source_credential_lint"])
def test_each_rule_is_there_once_in_both_forms(clone: Path, rules: str) -> None:
    """By the folder, as it is walked file by file, and by the package's name."""
    done = cfn_lint("-a", rules, "--list-rules", folder=clone, paths=(clone / "lint",))
    ids = re.findall(r"^([EWI]95\d\d): ", done.stdout, flags=re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(classes)
