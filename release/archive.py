"""Archives whose bytes say nothing of the place and the time they were made at."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip can tell
_UNIX: Final = 3  # the system that made it, so that the modes hold: section 4.4.2 of PKWARE's APPNOTE.TXT
_FILE_MODE: Final = 0o100644 << 16


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, by their names in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip file of these files, by name and content: the same files, the same bytes, with the same zlib."""
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = _UNIX, _FILE_MODE
            archive.writestr(entry, files[name], ZIP_DEFLATED, 9)
