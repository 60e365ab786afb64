"""Makes a release of what is on main: `python -m release VERSION`, by `make release VERSION=1.2.3`.

All of it is made in a copy; the branch, the tag and dist/ come last, when nothing is left that can fail for long. So a
release that fails, whenever it does, leaves the repository as it was; and when the branch goes on, it is too late for
Ctrl-C. Nothing is pushed.
"""

import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local.ministack import PROJECT
from release import dist
from release.repository import BRANCH, Repository
from release.version import CHANGELOG, Refused, Version, notes, release_changes, set_in_template

# Builds a tree into a folder, and returns the artifact.
Build = Callable[[Path, Path], Path]


def make(repository: Repository, version: Version, build: Build = dist.build) -> None:
    """Release a version: changelog, template, commit, tag, and dist/. Raises Refused, and nothing has changed."""
    repository.check(version)
    before = repository.git("rev-parse", "HEAD")
    with (
        ExitStack() as to_the_end,
        tempfile.TemporaryDirectory(dir=dist.scratch(repository.folder)) as name,
        repository.copy(Path(name, "tree")) as copy,
    ):
        release_changes(copy.folder, version)
        set_in_template(copy.folder, version)
        commit = copy.commit(f"Release {version}")
        dist.assemble(copy.folder, build(copy.folder, Path(name, "build")), Path(name, dist.DIST))
        if repository.git("rev-parse", "HEAD") != before:
            raise Refused(f"{BRANCH} has gone on while the release was built. Try again.")
        with (
            repository.tagged(version, commit, notes(copy.folder, version)),
            dist.put(Path(name, dist.DIST), repository.folder / dist.DIST),
        ):
            to_the_end.enter_context(_uninterrupted())
            repository.take(commit)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore what would end this process and the programs that it starts: a branch that has gone on has its tag."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: list[str]) -> None:
    """Make the release, and say what comes next. Raises Refused."""
    version = Version.parse(arguments[0] if arguments else "")
    make(Repository(PROJECT), version)
    print(
        f"{version} is released here: {CHANGELOG} and template.yaml, a commit, the tag {version.tag}, and in dist/:\n\n"
        f"{(PROJECT / dist.DIST / dist.SUMS).read_text(encoding='utf-8')}\n"
        f"Nothing was pushed. Look at it, and then: git push --atomic origin {BRANCH} {version.tag}\n"
        f"To take it back before: git tag --delete {version.tag} && git reset --hard HEAD~1"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it tidies up too
    try:
        main(sys.argv[1:])
    except Refused as refused:
        sys.exit(f"{refused}\nNothing was changed.")
    except KeyboardInterrupt:
        sys.exit("Interrupted. Nothing was changed.")
