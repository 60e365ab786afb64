"""What is downloaded: the same bytes each time, all that a deployment needs, bytecode of the runtime's own Python."""

import json
import time
import zipfile
from pathlib import Path

import pytest

from local.ministack import PROJECT
from release import archive, dist
from release.version import TEMPLATE, Refused, in_template


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Return what a build may have made: modules, bytecode, a package with its licence."""
    folder = tmp_path / "artifact"
    for name, content in (
        ("source_credential/model.py", b"SLOT = 1\n"),
        ("source_credential/__pycache__/model.cpython-313.pyc", bytes(range(256))),
        ("crhelper-2.0.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: crhelper\nVersion: 2.0.0\nLicense: MIT\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_the_files_are_the_same_byte_for_byte(artifact: Path, tmp_path: Path) -> None:
    """In another folder, at another time."""
    dist.assemble(PROJECT, artifact, tmp_path / "one")
    time.sleep(2.1)  # a zip tells the time by two seconds
    moved = artifact.rename(tmp_path / "moved")
    for path in sorted(moved.rglob("*"), reverse=True):
        path.touch()
    dist.assemble(PROJECT, moved, tmp_path / "another/place")
    assert archive.files_of(tmp_path / "one") == archive.files_of(tmp_path / "another/place")


def test_the_archive_has_all_that_a_deployment_needs(artifact: Path, tmp_path: Path) -> None:
    """The template as it is but for where its code is, the code as it was built, and what its metadata names."""
    dist.assemble(PROJECT, artifact, tmp_path / "dist")
    with zipfile.ZipFile(tmp_path / f"dist/source-credential-{in_template(PROJECT)}.zip") as opened:
        assert sorted(opened.namelist()) == ["LICENSE", "README.md", "function.zip", dist.SBOM, TEMPLATE]
        opened.extractall(tmp_path / "out")
    template = (PROJECT / TEMPLATE).read_text(encoding="utf-8")
    assert (tmp_path / "out" / TEMPLATE).read_text(encoding="utf-8").replace("function.zip", "handler/") == template
    with zipfile.ZipFile(tmp_path / "out/function.zip") as code:
        assert {oct(entry.external_attr >> 16) for entry in code.infolist()} == {"0o100644"}
        code.extractall(tmp_path / "code")
    assert archive.files_of(tmp_path / "code") == archive.files_of(artifact)
    [component] = json.loads((tmp_path / "dist" / dist.SBOM).read_text(encoding="utf-8"))["components"]
    assert (component["name"], component["version"]) == ("crhelper", "2.0.0")


def test_a_template_with_other_functions_is_not_guessed_at(artifact: Path, tmp_path: Path) -> None:
    """A third function would be shipped without its code."""
    for name in ("LICENSE", "README.md", TEMPLATE):
        (tmp_path / name).write_bytes((PROJECT / name).read_bytes())
    with (tmp_path / TEMPLATE).open("a", encoding="utf-8") as template:
        template.write("# CodeUri: handler/\n")
    with pytest.raises(Refused, match="does not have 2 functions"):
        dist.assemble(tmp_path, artifact, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_without_bytecode_nothing_is_released(tmp_path: Path) -> None:
    """One module that was not compiled is enough, and so is another Python's bytecode."""
    compiled = tmp_path / "package/__pycache__/module.cpython-313.pyc"
    compiled.parent.mkdir(parents=True)
    (tmp_path / "package/module.py").touch()
    for path, is_refused in ((compiled.with_name("module.cpython-312.pyc"), True), (compiled, False)):
        path.touch()
        if is_refused:
            with pytest.raises(Refused, match=r"no bytecode of Python 3\.13"):
                dist._check_bytecode(tmp_path)
        else:
            dist._check_bytecode(tmp_path)


def test_a_build_that_fails_is_said(tmp_path: Path) -> None:
    """By what built, and by us."""
    (tmp_path / TEMPLATE).write_text("Resources: [", encoding="utf-8")
    with pytest.raises(Refused, match="sam build failed"):
        dist.build(tmp_path, tmp_path / "build")


def test_what_is_moved_goes_back_where_the_rest_fails(tmp_path: Path) -> None:
    """The files of the release before stay."""
    made, place = tmp_path / "dist", tmp_path / "repository/dist"
    for folder, name in ((made, "new"), (place, "old")):
        folder.mkdir(parents=True)
        (folder / name).touch()

    def fail() -> None:
        with dist.put(made, place):
            assert [path.name for path in place.iterdir()] == ["new"]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [path.name for path in place.iterdir()] == ["old"]
