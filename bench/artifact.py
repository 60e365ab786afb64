"""How large an artifact is, and as what it is uploaded."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Size:
    """Bytes of an artifact: as uploaded, and as unpacked; how many files."""

    zipped: int
    unzipped: int
    files: int


def size_of(folder: Path) -> Size:
    """Return the size of what is in a folder, zipped as the SAM CLI does: deflated, at zlib's own level."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(folder))
    return Size(len(buffer.getvalue()), sum(path.stat().st_size for path in paths), len(paths))
