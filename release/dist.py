"""What is downloaded of a release, made of a commit into dist/: `python -m release.dist [TAG]`.

- source-credential-VERSION.zip: what `sam deploy`, `sam package` and `sam publish` need, without a build
- sbom.cdx.json: the packages that ship
- SHA256SUMS: of these, for `sha256sum --check`
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.ministack import PROJECT
from local.provider import TOOLS, build_environment
from local.pythons import SERIES
from release import archive
from release.repository import Repository
from release.version import TEMPLATE, Refused, in_template

DIST: Final = "dist"
SUMS: Final = "SHA256SUMS"
SBOM: Final = "sbom.cdx.json"

_FUNCTION: Final = "function.zip"  # of both functions: they are the same code, with two entries
_CODE_URI: Final = "CodeUri: handler/\n"
_FUNCTIONS: Final = 2
_BESIDE: Final = ("LICENSE", "README.md")  # what the template's metadata names


def build(tree: Path, folder: Path) -> Path:
    """Build the provider of a tree into a folder, by this project's tools, and return its artifact.

    Raises Refused when the build fails, and when it has no bytecode of the runtime's own Python.
    """
    pull = os.environ.get("BYTECODE_PULL_SECONDS", "300")  # a release waits for Lambda's image, if that has the Python
    environment = {**build_environment(), "BYTECODE_PULL_SECONDS": pull}
    command = [str(TOOLS / "sam"), "build", "--template-file", str(tree / TEMPLATE), "--build-dir", str(folder)]
    if subprocess.run(command, cwd=tree, env=environment, stdout=sys.stderr, check=False).returncode:
        raise Refused("sam build failed, as it says above. Nothing has been released.")
    artifact = folder / "SourceCredentialFunction"
    _check_bytecode(artifact)
    return artifact


def _check_bytecode(artifact: Path) -> None:
    tag = f"cpython-{SERIES.replace('.', '')}"
    without = [
        path for path in artifact.rglob("*.py") if not (path.parent / f"__pycache__/{path.stem}.{tag}.pyc").exists()
    ]
    if without:
        raise Refused(
            f"The artifact has no bytecode of Python {SERIES}, which a release ships. Install one (uv python install "
            f"{SERIES}), or put one on the path, and try again."
        )


def assemble(tree: Path, artifact: Path, dist: Path) -> None:
    """Write the files of a release of a tree and its artifact into `dist`, a new folder. Raises Refused."""
    template = (tree / TEMPLATE).read_text(encoding="utf-8")
    if template.count(_CODE_URI) != _FUNCTIONS:
        raise Refused(f"{TEMPLATE} does not have {_FUNCTIONS} functions of {_CODE_URI.strip()}: see release/dist.py.")
    dist.mkdir(parents=True)
    archive.write(dist / _FUNCTION, archive.files_of(artifact))
    sbom(artifact, dist / SBOM)
    archive.write(
        dist / f"source-credential-{in_template(tree)}.zip",
        {
            TEMPLATE: template.replace(_CODE_URI, f"CodeUri: {_FUNCTION}\n").encode(),
            _FUNCTION: (dist / _FUNCTION).read_bytes(),
            SBOM: (dist / SBOM).read_bytes(),
            **{name: (tree / name).read_bytes() for name in _BESIDE},
        },
    )
    (dist / _FUNCTION).unlink()
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(dist.iterdir())]
    (dist / SUMS).write_text("".join(sums), encoding="utf-8")


def sbom(artifact: Path, path: Path) -> None:
    """List the packages of the artifact, as `make build` does. Raises Refused."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--silent", "sbom", f"ARTIFACT={artifact}", f"SBOM={path}"]
    if subprocess.run(command, cwd=PROJECT, env=inherited, stdout=sys.stderr, check=False).returncode:
        raise Refused("make sbom failed, as it says above.")


def main(arguments: list[str]) -> None:
    """Build the files of what is checked out into dist/; with a tag, of that tag only. Raises Refused."""
    repository = Repository(PROJECT)
    for tag in arguments:
        repository.check_tag(tag)
    with tempfile.TemporaryDirectory(dir=scratch(PROJECT)) as name, repository.copy(Path(name, "tree")) as tree:
        assemble(tree.folder, build(tree.folder, Path(name, "build")), Path(name, DIST))
        with put(Path(name, DIST), PROJECT / DIST):
            pass
    print((PROJECT / DIST / SUMS).read_text(encoding="utf-8"), end="")


def scratch(project: Path) -> Path:
    """Return a folder, on the project's own disk and unknown to git, in which folders are made."""
    folder = project / ".local"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def put(made: Path, place: Path) -> Iterator[None]:
    """Move a folder to where another one may be; where the block fails, that one is put back."""
    before = made.with_suffix(".before")
    if place.exists():
        place.rename(before)
    try:
        made.rename(place)
        yield
    except BaseException:
        if place.exists():
            shutil.rmtree(place)
        if before.exists():
            before.rename(place)
        raise


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Refused as refused:
        sys.exit(str(refused))
