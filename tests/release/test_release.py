"""A release: what it makes, when it is refused, and that one that fails has changed nothing."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.ministack import PROJECT
from release import __main__ as release
from release import dist
from release.repository import Repository
from release.version import CHANGELOG, TEMPLATE, Refused, Version, in_template

NEXT = Version.parse("0.2.0")


@pytest.fixture(autouse=True)
def _quick_sbom(monkeypatch: pytest.MonkeyPatch) -> None:
    """List nothing, for there is nothing; test_dist.py has the real list."""
    monkeypatch.setattr(dist, "sbom", lambda _artifact, path: path.write_text("{}\n", encoding="utf-8"))


def build(tree: Path, folder: Path) -> Path:
    """Build, for a test that looks at the rest."""
    artifact = folder / "SourceCredentialFunction"
    artifact.mkdir(parents=True)
    (artifact / "version.py").write_text(f"VERSION = {str(in_template(tree))!r}\n", encoding="utf-8")
    return artifact


def state(repository: Repository) -> tuple[str, ...]:
    """Return all that a release could change."""
    files = sorted(path for path in (repository.folder / dist.DIST).glob("*") if path.is_file())
    return (
        repository.git("rev-parse", "HEAD"),
        repository.git("for-each-ref"),
        repository.git("status", "--porcelain"),
        repository.git("worktree", "list"),
        *(path.name for path in (repository.folder / ".local").glob("*")),
        *(f"{path.name} {path.read_bytes()!r}" for path in files),
    )


def test_a_release_is_a_commit_a_tag_and_files(repository: Repository) -> None:
    """The commit changes the changelog and one line of the template; the tag has what the changelog says."""
    before = repository.git("rev-parse", "HEAD")
    release.make(repository, NEXT, build)
    assert repository.git("log", "--format=%s", f"{before}..main") == "Release 0.2.0"
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("diff", "--numstat", before).split() == ["2", "0", CHANGELOG, "1", "1", TEMPLATE]
    assert in_template(repository.folder) == NEXT
    today = datetime.now(UTC).astimezone().date()
    changed = (repository.folder / CHANGELOG).read_text(encoding="utf-8")
    assert f"## [Unreleased]\n\n## [0.2.0] - {today}\n\n### Added\n\n- One thing, in two\n  lines.\n" in changed
    assert repository.git("rev-parse", "v0.2.0^{commit}") == repository.git("rev-parse", "main")
    assert repository.git("cat-file", "-t", "v0.2.0") == "tag"
    told = repository.git("tag", "--list", "--format=%(contents)", "v0.2.0")
    assert told.startswith("Release 0.2.0\n\n### Added\n- One thing, in two\n  lines.\n### Fixed\n- Another.")
    assert "What there was" not in told
    repository.check_tag("v0.2.0")
    assert len(repository.git("worktree", "list").splitlines()) == 1


def test_its_files_are_those_of_its_commit_with_their_checksums(repository: Repository) -> None:
    """And nothing else is in dist/, whatever was there before."""
    (repository.folder / dist.DIST).mkdir()
    (repository.folder / dist.DIST / "old.zip").touch()
    release.make(repository, NEXT, build)
    made = repository.folder / dist.DIST
    assert {path.name for path in made.iterdir()} == {"source-credential-0.2.0.zip", dist.SBOM, dist.SUMS}
    assert (made / dist.SUMS).read_text(encoding="utf-8").splitlines() == [
        f"{hashlib.sha256((made / name).read_bytes()).hexdigest()}  {name}"
        for name in (dist.SBOM, "source-credential-0.2.0.zip")
    ]


def not_committed(repository: Repository) -> None:
    """Change a file."""
    (repository.folder / "README.md").write_text("changed", encoding="utf-8")


def not_known(repository: Repository) -> None:
    """Add a file that git does not know."""
    (repository.folder / "new.py").touch()


def on_a_branch(repository: Repository) -> None:
    """Go to another branch."""
    repository.git("checkout", "--quiet", "-b", "feature")


def on_no_branch(repository: Repository) -> None:
    """Check out a commit."""
    repository.git("checkout", "--quiet", "--detach")


def with_tag(repository: Repository) -> None:
    """Tag the next version."""
    repository.git("tag", "v0.2.0")


def with_greater_tag(repository: Repository) -> None:
    """Tag a later version, and something that is no version."""
    repository.git("tag", "v0.10.0")
    repository.git("tag", "vacation")


def with_greater_template(repository: Repository) -> None:
    """Let the template say a later version."""
    path = repository.folder / TEMPLATE
    path.write_text(path.read_text().replace("SemanticVersion: 0.1.0", "SemanticVersion: 1.0.0"), encoding="utf-8")
    repository.commit("A later version")


def without_changes(repository: Repository) -> None:
    """Leave of Unreleased its headings only."""
    text = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n## [0.1.0] - 2026-01-02\n\n- All there is.\n"
    (repository.folder / CHANGELOG).write_text(text, encoding="utf-8")
    repository.commit("Nothing to tell")


def without_version(repository: Repository) -> None:
    """Take the version out of the template."""
    path = repository.folder / TEMPLATE
    path.write_text(path.read_text().replace("    SemanticVersion: 0.1.0\n", ""), encoding="utf-8")
    repository.commit("No version")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (not_committed, "Not everything is committed. Commit it or put it away:\n M README.md"),
        (not_known, "?? new.py"),
        (on_a_branch, "A release is made of main, and this is feature"),
        (on_no_branch, "this is no branch"),
        (with_tag, "The tag v0.2.0 is there already"),
        (with_greater_tag, "0.2.0 is not greater than 0.10.0"),
        (with_greater_template, "0.2.0 is less than 1.0.0, which template.yaml says"),
        (without_changes, "CHANGELOG.md has nothing under Unreleased"),
        (without_version, "template.yaml has 0 lines of SemanticVersion"),
    ],
)
def test_what_may_not_be_released_is_refused(
    repository: Repository, spoil: Callable[[Repository], None], reason: str
) -> None:
    """With the reason and what to do; nothing is built, and nothing changes."""
    spoil(repository)
    before = state(repository)
    with pytest.raises(Refused) as refused:
        release.make(repository, NEXT, lambda _tree, _folder: pytest.fail("it was built"))
    assert reason in str(refused.value)
    assert state(repository) == before


def test_all_that_stands_against_it_is_said_at_once(repository: Repository) -> None:
    """Nobody mends one thing to be told of the next."""
    for spoil in (without_changes, on_a_branch, with_tag, not_known):
        spoil(repository)
    with pytest.raises(Refused) as refused:
        release.make(repository, NEXT, build)
    assert len(str(refused.value).splitlines()) == 5  # the file that git does not know has a line of its own


@pytest.mark.parametrize("text", ["", "1", "1.2", "v1.2.3", "1.2.3-rc.1", "01.2.3", "1.2.3.4", "latest", "1.2.3\n"])
def test_only_three_numbers_are_a_version(text: str) -> None:
    """As https://semver.org has them; pre-releases are not made."""
    with pytest.raises(Refused, match="is not a version of three numbers"):
        Version.parse(text)


def test_versions_are_in_the_order_of_their_numbers() -> None:
    """Not of their text."""
    told = ["0.9.0", "0.10.0", "0.10.1", "1.0.0", "10.0.0"]
    assert [str(version) for version in sorted(Version.parse(text) for text in reversed(told))] == told


@pytest.mark.parametrize("error", [Refused("sam build failed"), OSError("no space"), KeyboardInterrupt()])
def test_a_build_that_fails_leaves_everything_as_it_was(repository: Repository, error: BaseException) -> None:
    """Also dist/ of the release before, and also on Ctrl-C."""
    release.make(repository, NEXT, build)
    (repository.folder / CHANGELOG).write_text(CHANGELOG_OF_MORE, encoding="utf-8")
    repository.commit("More")
    before = state(repository)

    def fail(_tree: Path, _folder: Path) -> Path:
        raise error

    with pytest.raises(type(error)):
        release.make(repository, Version.parse("0.3.0"), fail)
    assert state(repository) == before


CHANGELOG_OF_MORE = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- More.\n"


def edited(repository: Repository) -> None:
    """Edit what the release is about to change."""
    (repository.folder / CHANGELOG).write_text("edited", encoding="utf-8")


def gone_on(repository: Repository) -> None:
    """Commit something else."""
    not_known(repository)
    repository.git("add", "--all")
    repository.commit("Something else")


@pytest.mark.parametrize(
    ("meanwhile", "reason"), [(edited, "git merge failed"), (gone_on, "main has gone on while the release was built")]
)
def test_what_happens_while_it_is_built_is_not_lost(
    repository: Repository, meanwhile: Callable[[Repository], None], reason: str
) -> None:
    """The release is refused, and there is no tag of it and no dist/."""
    before: list[tuple[str, ...]] = []

    def build_meanwhile(tree: Path, folder: Path) -> Path:
        meanwhile(repository)
        before.append(state(repository))
        return build(tree, folder)

    with pytest.raises(Refused, match=reason):
        release.make(repository, NEXT, build_meanwhile)
    now = state(repository)
    assert now[:3] == before[0][:3]
    assert "v0.2.0" not in repository.git("tag", "--list")
    assert not (repository.folder / dist.DIST).exists()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"core.hooksPath": "{hooks}"}, "git commit failed: this is not to be committed"),
        ({"tag.gpgSign": "true", "gpg.program": "false"}, "git tag failed"),
    ],
)
def test_what_git_refuses_is_not_half_done(
    repository: Repository, tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    """A hook that says no, a signature that cannot be made."""
    hook = tmp_path / "pre-commit"
    hook.write_text("#!/bin/sh\necho this is not to be committed >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    for name, value in settings.items():
        repository.git("config", name, value.format(hooks=tmp_path))
    before = state(repository)
    with pytest.raises(Refused, match=reason):
        release.make(repository, NEXT, build)
    assert state(repository) == before


def test_what_comes_when_the_branch_has_gone_on_is_too_late(repository: Repository, tmp_path: Path) -> None:
    """Ctrl-C, in the moment between the branch and the end: the release is whole, and not a commit without its tag."""
    hook = tmp_path / "post-merge"
    hook.write_text(f"#!/bin/sh\nkill -INT {os.getpid()}\nsleep 0.5\n", encoding="utf-8")
    hook.chmod(0o755)
    repository.git("config", "core.hooksPath", str(tmp_path))
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        release.make(repository, NEXT, build)
    except KeyboardInterrupt:
        pytest.fail(f"interrupted, with {repository.git('log', '--format=%s %d', '-1')}")
    repository.check_tag("v0.2.0")
    assert repository.git("status", "--porcelain") == ""
    assert len(repository.git("worktree", "list").splitlines()) == 1
    assert (repository.folder / dist.DIST / dist.SUMS).exists()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_tag_is_checked_before_its_files_are_built(repository: Repository) -> None:
    """Its commit has to be checked out, and its version that of the template."""
    repository.git("tag", "v9.9.9")
    with pytest.raises(Refused, match=r"v9\.9\.9 is not that of template\.yaml, which says 0\.1\.0"):
        repository.check_tag("v9.9.9")
    gone_on(repository)
    with pytest.raises(Refused, match=r"v0\.1\.0 does not point at what is checked out"):
        repository.check_tag("v0.1.0")
    with pytest.raises(Refused, match=r"v0\.7\.0 does not point"):
        repository.check_tag("v0.7.0")


def test_a_wrong_call_ends_with_its_reason() -> None:
    """And with a status that make sees."""
    done = subprocess.run(
        [sys.executable, "-m", "release", "soon"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "soon is not a version of three numbers. Say one: make release VERSION=1.2.3\nNothing was changed.\n"
    )
