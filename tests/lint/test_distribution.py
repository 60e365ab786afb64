"""What consumers install: the wheel, by pip and by pre-commit, and the rules as they run them."""

import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.cloudformation_template import load
from local.ministack import PROJECT

PACKAGING = PROJECT / ".tools/packaging/bin"
UV = PROJECT / ".tools/uv/bin/uv"
SOURCES = (
    *(".pre-commit-hooks.yaml", "LICENSE", "pyproject.toml", "template.yaml", "docs/lint.md"),
    *("cdk", "handler/source_credential", "lint"),
)
WRONG = PROJECT / "tests/lint/wrong/tokens.yaml"


def run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with nothing of this project on Python's path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "GIT_"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of what the distribution is made of."""
    folder = tmp_path_factory.mktemp("clone")
    for path in (PROJECT / name for name in SOURCES):
        if path.is_dir():
            shutil.copytree(path, folder / path.relative_to(PROJECT), ignore=shutil.ignore_patterns("__pycache__"))
        elif path.exists():
            (folder / path.relative_to(PROJECT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / path.relative_to(PROJECT))
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for arguments in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message=all"]):
        assert run("git", *arguments, folder=folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built by the backend that pyproject.toml names, which has it all without an index."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(PACKAGING / "python", "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=clone)
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return path


def test_the_backend_is_the_one_that_is_locked() -> None:
    """What is tested is what pip builds with."""
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = (PROJECT / "requirements/packaging.in").read_text(encoding="utf-8")
    assert all(requirement in locked.splitlines() for requirement in project["build-system"]["requires"])


def test_the_wheel_has_the_templates_version_and_no_more_than_it_should(wheel: Path) -> None:
    """Of the handler what the two read, which needs no library but those that their extras bring."""
    version = load(PROJECT / "template.yaml")["Metadata"]["AWS::ServerlessRepo::Application"]["SemanticVersion"]
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name == f"source_credential-{version}-py3-none-any.whl"
    shipped = {name for name in names if name.startswith("source_credential/")}
    assert {name.removeprefix("source_credential/") for name in shipped} == {
        "__init__.py",
        "contract/__init__.py",
        "contract/attributes.py",
        "contract/problems.py",
        "contract/schema.py",
        "contract/source_credential.schema.json",
        "contract/validation.py",
        "contract/written.py",
    }
    assert "source_credential_lint/_rules.py" in names
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} <= {
        "source_credential",
        "source_credential_cdk",
        "source_credential_lint",
    }


def test_the_wheel_lints_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """It is installed with its extra, which brings cfn-lint; then it takes the package's name."""
    assert run(UV, "venv", "--quiet", "--python", PACKAGING / "python", "fresh", folder=tmp_path).returncode == 0
    fresh = tmp_path / "fresh/bin"
    done = run(UV, "pip", "install", "--python", fresh / "python", f"{wheel}[lint]", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    shutil.copy(WRONG, tmp_path / "template.yaml")
    done = run(
        *(fresh / "cfn-lint", "template.yaml", "--format", "parseable", "--append-rules", "source_credential_lint"),
        folder=tmp_path,
    )
    assert len(re.findall(":E9502:", done.stdout)) == WRONG.read_text(encoding="utf-8").count("E9502")
    assert done.stderr == ""


def test_pre_commit_lints_with_one_line(clone: Path, tmp_path: Path) -> None:
    """From the hook's file, in an environment of pre-commit's; what is not named like a template is left alone."""
    consumer = tmp_path / "consumer"
    (consumer / "cloudformation").mkdir(parents=True)
    shutil.copy(WRONG, consumer / "cloudformation/github.yaml")
    (consumer / "other.yaml").write_text("no: template\n", encoding="utf-8")
    run("git", "init", "--quiet", folder=consumer)
    run("git", "add", "--all", folder=consumer)
    done = run(
        *(PACKAGING / "pre-commit", "try-repo", clone, "source-credential", "--all-files", "--color", "never"),
        folder=consumer,
        PRE_COMMIT_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Custom::SourceCredential" in done.stdout
    assert re.findall(r"^(E950\d) ", done.stdout, flags=re.MULTILINE).count("E9502") == 5
    assert "other.yaml" not in done.stdout


def test_the_hook_asks_for_what_the_extra_asks_for() -> None:
    """The same cfn-lint by pip and by pre-commit."""
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    [hook] = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["additional_dependencies"] == project["project"]["optional-dependencies"]["lint"]
