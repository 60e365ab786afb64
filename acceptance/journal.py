"""What a run is about to create, noted in a file before it is created, so that whoever is killed leaves a list."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from acceptance.names import is_prefix
from local.ministack import PROJECT

FOLDER: Final = PROJECT / ".local/acceptance"
_FILE: Final = "journal.jsonl"

# kind: run, stack, secret, bucket, role, credential, imported, vacated, removed. The rest depends on the kind.
Note = dict[str, Any]


class Journal:
    """The journal of one run. It holds names and ARNs, never a token; it is for its owner's eyes."""

    def __init__(self, folder: Path) -> None:
        """Open it, or begin it."""
        self.folder = folder
        self._file = folder / _FILE

    @classmethod
    def begin(cls, prefix: str, *, account_id: str, region: str, root: Path = FOLDER) -> Self:
        """Begin the journal of a run."""
        folder = root / prefix
        folder.mkdir(parents=True, mode=0o700)
        journal = cls(folder)
        journal.note("run", prefix=prefix, account_id=account_id, region=region)
        return journal

    def note(self, kind: str, **more: str) -> None:
        """Note something. It is on the disk when this returns."""
        line = json.dumps({"kind": kind, "at": time.time(), **more})
        with open(self._file, "a", encoding="utf-8", opener=_private) as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())

    def notes(self) -> list[Note]:
        """Return what is noted, oldest first. A last line that a kill has cut off is none: nothing was created yet."""
        notes = []
        for line in self._file.read_text(encoding="utf-8").splitlines():
            try:
                notes.append(json.loads(line))
            except ValueError:
                continue
        return notes

    @property
    def is_open(self) -> bool:
        """Tell whether anything of the run may still be there."""
        return not any(note["kind"] == "removed" for note in self.notes())


def open_journals(account_id: str, region: str, root: Path = FOLDER) -> Iterator[Journal]:
    """Yield the journals of runs in this account and region of which something may be left, oldest first."""
    found = []
    for folder in root.glob("*") if root.is_dir() else ():
        if not is_prefix(folder.name) or not (folder / _FILE).is_file():
            continue
        journal = Journal(folder)
        begin = next(iter(journal.notes()), None)
        if begin and (begin["account_id"], begin["region"]) == (account_id, region) and journal.is_open:
            found.append((begin["at"], journal))
    yield from (journal for _, journal in sorted(found, key=lambda each: each[0]))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
