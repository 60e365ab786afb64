"""A repository to release from, with the provider in it."""

import os
import shutil
from pathlib import Path

import pytest

from local.ministack import PROJECT
from release.repository import Repository
from release.version import CHANGELOG, Version, set_in_template

CHANGES = """# Changelog

## [Unreleased]

### Added

- One thing, in two
  lines.

### Fixed

- Another.

## [0.1.0] - 2026-01-02

### Added

- What there was.
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository that has released 0.1.0, and may release a greater version: changes are noted."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("template.yaml", "samconfig.toml", "LICENSE", "README.md", ".gitignore"):
        shutil.copy(PROJECT / name, folder)
    set_in_template(folder, Version.parse("0.1.0"))
    (folder / CHANGELOG).write_text(CHANGES, encoding="utf-8")
    made = Repository(folder)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.git("config", "user.name", "Somebody")
    made.git("config", "user.email", "somebody@example.com")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "What there was")
    made.git("tag", "v0.1.0")
    return made
