"""What GitHub reads of .github: right as it is, and what is wrong in it is found by `make check`."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.ministack import PROJECT

GITHUB = PROJECT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
# A file, what is written in it instead of what, and how the finding is called.
WRONG = [
    ("ISSUE_TEMPLATE/bug.yml", "type: dropdown", "type: dropdow", "dropdow' is not one of"),
    ("ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: false", "blank_issues_enabled: 7", "is not of type 'boolean'"),
    ("dependabot.yml", "interval: weekly", "interval: sometimes", "sometimes' is not one of"),
    ("workflows/ci.yml", CHECKOUT, "actions/checkout@v7 # v7.0.1", "unpinned-uses"),
    ("workflows/ci.yml", "persist-credentials: false", "fetch-depth: 1", "artipacked"),
    (
        "workflows/ci.yml",
        "permissions:\n      contents: read # to check out",
        "permissions: write-all",
        "excessive-permissions",
    ),
    ("workflows/ci.yml", "run: .ci/run", "run: cd $1 && .ci/run ${{ github.head_ref }}", "potentially untrusted"),
    ("workflows/ci.yml", ".ci/run $", ".ci/run $UNQUOTED $", "shellcheck reported issue"),
    ("workflows/ci.yml", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.40", "is unknown"),
    ("workflows/ci.yml", "matrix.python }}", "matrix.pithon }}", "is not defined in object type"),
    ("workflows/release.yml", "needs: build", "needs: built", "does not exist"),
]


def check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Check a folder as `make check` does."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *options, "workflows", f"GITHUB={folder}"]
    return subprocess.run(command, cwd=PROJECT, env=inherited, capture_output=True, text=True, check=False)


def copy(folder: Path) -> Path:
    """Return a copy of .github in a folder."""
    return shutil.copytree(GITHUB, folder / ".github")


def test_what_is_there_is_right(tmp_path: Path) -> None:
    """Nothing is found in a copy, so what is found below is what was changed."""
    done = check(copy(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what is said of a copy in which everything is wrong at once; no tool that fails keeps the next from it."""
    folder = copy(tmp_path_factory.mktemp("wrong"))
    for name, right, wrong, _ in WRONG:
        text = (folder / name).read_text(encoding="utf-8")
        assert right in text
        (folder / name).write_text(text.replace(right, wrong), encoding="utf-8")
    done = check(folder, "--ignore-errors")
    return done.stdout + done.stderr


@pytest.mark.parametrize(("name", "finding"), [(row[0], row[3]) for row in WRONG], ids=[row[2] for row in WRONG])
def test_what_is_wrong_is_found(found: str, name: str, finding: str) -> None:
    """By one of the tools."""
    assert re.search(finding, found), found
    assert Path(name).name in found


def test_each_tool_that_finds_something_fails_the_check(found: str) -> None:
    """actionlint, zizmor, and the schema of each kind of file."""
    assert len(re.findall(r"Error [0-9]+ \(ignored\)", found)) == 5, found


def _jobs() -> list[tuple[str, dict[str, Any]]]:
    """Return the jobs of all workflows, by file and name."""
    return [
        (f"{path.name}: {name}", job)
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_by_hash_and_says_its_version(path: Path) -> None:
    """So that a reader, and Dependabot, know what the hash is."""
    used = re.findall(r"uses: (?!\$/)(.+)", path.read_text(encoding="utf-8"))
    assert used
    assert [
        action for action in used if not re.match(r"actions/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+", action)
    ] == []


def test_nothing_is_allowed_but_where_it_is_needed() -> None:
    """Each workflow begins with no permission; the job that writes runs no code of the project's."""
    tops = [yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] for path in WORKFLOWS]
    assert tops == [{}] * len(WORKFLOWS)
    writing = {name: job for name, job in _jobs() if "write" in job["permissions"].values()}
    assert list(writing) == ["release.yml: publish"]
    scripts = [step["run"] for job in writing.values() for step in job["steps"] if "run" in step]
    assert [script for script in scripts if re.search(r"\b(make|python|pip)\b|\.ci/", script)] == []


def test_the_workflows_call_what_there_is() -> None:
    """Targets of the Makefile, and .ci/run; each with a limit of time, on the Pythons that the code runs on."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    scripts = [step["run"] for _, job in _jobs() for step in job.get("steps", []) if "run" in step]
    targets = re.findall(r"\bmake ([a-z]+)", "\n".join(scripts))
    assert targets == ["dist"]
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert [
        script for script in scripts if re.search(r"\bmake\b.*\$", script)
    ] == []  # make would expand its value again
    assert ".ci/run" in scripts
    assert os.access(PROJECT / ".ci/run", os.X_OK)
    jobs = dict(_jobs())
    assert jobs["ci.yml: check-and-test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert [name for name, job in jobs.items() if "steps" in job and "timeout-minutes" not in job] == []


TOKENS = [
    *("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "ATATT3x", "ATCTT3x", "ATBB"),
    "0123456789abcdef0123456789abcdef01234567",
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_the_forms_warn_of_tokens_with_a_command_that_finds_them(form: Path, tmp_path: Path) -> None:
    """In the middle of a line, whatever their provider; and it finds nothing in an ordinary line of the log."""
    [pattern] = re.findall(r"grep -nE '([^']+)'", form.read_text(encoding="utf-8"))
    assert "Paste no token" in form.read_text(encoding="utf-8")
    pasted = tmp_path / "what-i-paste.txt"
    for token in TOKENS:
        pasted.write_text(f'a line\n{{"reason": "see {token}xxxx"}}\n', encoding="utf-8")
        found = subprocess.run(["grep", "-nE", pattern, str(pasted)], capture_output=True, text=True, check=False)  # noqa: S607 - the machine's own
        assert found.stdout.startswith("2:"), token
    pasted.write_text(
        '{"slot":"111111111111/eu-west-1/GITHUB","message":"Refreshed, in a single turn"}\n', encoding="utf-8"
    )
    assert subprocess.run(["grep", "-nE", pattern, str(pasted)], check=False).returncode == 1  # noqa: S607 - as above
