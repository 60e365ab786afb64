"""The pictures as the tests read them."""

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from local.ministack import PROJECT
from pictures.__main__ import FOLDER
from pictures.theme import THEMES, file

FILES = [file(FOLDER, name, theme) for name in ("architecture", "dashboard", "demo") for theme in THEMES]


def words(path: Path) -> str:
    """Return what is written in an SVG, a space between its texts, white space as one space."""
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - the project's own files
    written = [text for element in root.iter("{http://www.w3.org/2000/svg}text") for text in element.itertext()]
    return " ".join(" ".join(written).split())


def source(path: Path) -> str:
    """Return the digest of what an SVG was made of."""
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - the project's own files
    [identifier] = root.iter("{http://purl.org/dc/elements/1.1/}identifier")
    return identifier.text or ""


def draw(name: str, picture: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a drawing as `make pictures` does, into a folder."""
    python = PROJECT / ".tools/pictures/bin/python"
    command = [str(python), "-m", f"pictures.{name}_drawing", str(folder)]
    return subprocess.run(
        command, input=json.dumps(picture), cwd=PROJECT, text=True, check=False, capture_output=True, timeout=120
    )
