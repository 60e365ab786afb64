"""`make pictures`, when something is wrong: it says what, and makes nothing."""

from pathlib import Path
from typing import Any

import pytest

from pictures import __main__ as making
from pictures.series import NoNumbers


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder into which pictures are made instead of docs/pictures."""
    monkeypatch.setattr(making, "FOLDER", tmp_path)
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, *names: str) -> int:
    monkeypatch.setattr("sys.argv", ["pictures", *names])
    return making.main()


def test_one_picture_is_made_light_and_dark(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is asked for, and no other; the architecture needs no run."""
    assert _run(monkeypatch, "architecture") == 0
    assert sorted(path.name for path in folder.iterdir()) == ["architecture-dark.svg", "architecture-light.svg"]


def test_a_picture_that_there_is_not_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With those that there are, before anything is made."""
    with pytest.raises(SystemExit) as ended:
        _run(monkeypatch, "architecture", "architektur")
    assert ended.value.code == 2
    assert "there is no picture architektur; there are architecture, demo, dashboard" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_run_that_goes_wrong_is_told_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In words, with the picture's name, and the command has failed."""

    def without_numbers() -> dict[str, Any]:
        raise NoNumbers("the run has written no number of it")

    monkeypatch.setattr(making, "_MAKES", {"dashboard": without_numbers})
    assert _run(monkeypatch) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "dashboard could not be made: the run has written no number of it"
    )
    assert list(folder.iterdir()) == []
