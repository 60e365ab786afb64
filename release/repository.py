"""The git repository that is released: what may be released, a copy to work in, and the commit with its tag."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from release.version import CHANGELOG, TEMPLATE, Refused, Version, has_changes, in_template, of_tag

BRANCH: Final = "main"


@dataclass(frozen=True)
class Repository:
    """A clone, or a working tree of one."""

    folder: Path

    def git(self, *arguments: str, given: str | None = None) -> str:
        """Return what git prints. given: its standard input. Raises Refused with what it said when it fails."""
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - the machine's own
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Refused(f"git {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout.rstrip()

    def check(self, version: Version) -> None:
        """Check that the version may be released. Raises Refused with everything that stands against it."""
        problems = [*self._of_the_tree(), *self._of_the_version(version)]
        if problems:
            raise Refused("\n".join(problems))

    def check_tag(self, tag: str) -> None:
        """Check that what is checked out is what the tag says. Raises Refused."""
        said, version = self.git("tag", "--points-at", "HEAD").splitlines(), in_template(self.folder)
        if tag not in said:
            raise Refused(f"The tag {tag} does not point at what is checked out. Check it out: git checkout {tag}")
        if tag != version.tag:
            raise Refused(
                f"The tag {tag} is not that of {TEMPLATE}, which says {version}. Tags are made by make release."
            )

    def _of_the_tree(self) -> Iterator[str]:
        changed = self.git("status", "--porcelain")
        if changed:
            yield f"Not everything is committed. Commit it or put it away:\n{changed}"
        branch = self.git("branch", "--show-current")
        if branch != BRANCH:
            yield f"A release is made of {BRANCH}, and this is {branch or 'no branch'}: git checkout {BRANCH}"
        if not has_changes(self.folder):
            yield f"{CHANGELOG} has nothing under Unreleased. Say there what has changed, and commit it."

    def _of_the_version(self, version: Version) -> Iterator[str]:
        tags = self.git("tag", "--list").splitlines()
        if version.tag in tags:
            yield f"The tag {version.tag} is there already. What was released is not changed: take a greater version."
            return
        latest = max((found for tag in tags if (found := of_tag(tag))), default=None)
        if latest and version <= latest:
            yield f"{version} is not greater than {latest}, which was released. Take a greater one."
        elif version < in_template(self.folder):
            yield f"{version} is less than {in_template(self.folder)}, which {TEMPLATE} says. Take a greater one."

    @contextmanager
    def copy(self, folder: Path) -> Iterator["Repository"]:
        """Check HEAD out into a new folder, without anything that git does not know, and remove it in the end."""
        self.git("worktree", "add", "--detach", "--quiet", str(folder), "HEAD")
        try:
            yield Repository(folder)
        finally:
            self.git("worktree", "remove", "--force", str(folder))

    def commit(self, message: str) -> str:
        """Commit what has changed, and return the commit. Raises Refused."""
        self.git("commit", "--quiet", "--all", "--message", message)
        return self.git("rev-parse", "HEAD")

    @contextmanager
    def tagged(self, version: Version, commit: str, text: str) -> Iterator[None]:
        """Tag a commit, with a text whose lines of # are kept; take the tag away again where the block fails."""
        title = f"Release {version}"
        self.git(
            "tag", "--annotate", "--cleanup=whitespace", "--file=-", version.tag, commit, given=f"{title}\n\n{text}"
        )
        try:
            yield
        except BaseException:
            self.git("tag", "--delete", version.tag)
            raise

    def take(self, commit: str) -> None:
        """Let the branch go on to a commit that was made of it. Raises Refused when it has gone elsewhere since."""
        self.git("merge", "--quiet", "--ff-only", commit)
