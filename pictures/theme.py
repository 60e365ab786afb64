"""The colours of the pictures, light and dark, and where a picture is kept for each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Theme:
    """Colours, as `#rrggbb`. What is written, and lines that say something, have a contrast of 4.5 at least to `paper`.

    https://www.w3.org/TR/WCAG22/#contrast-minimum
    """

    paper: str
    box: str
    frame: str
    text: str
    faint: str
    line: str
    ok: str
    alarm: str


# The papers are those of GitHub's two themes, so that a picture has no edge there.
LIGHT: Final = Theme("#ffffff", "#f6f8fa", "#d0d7de", "#1f2328", "#59636e", "#0969da", "#1a7f37", "#cf222e")
DARK: Final = Theme("#0d1117", "#151b23", "#3d444d", "#f0f6fc", "#9198a1", "#4493f8", "#3fb950", "#f85149")
THEMES: Final = {"light": LIGHT, "dark": DARK}


def file(folder: Path, name: str, theme: str) -> Path:
    """Return where a picture is kept for a theme."""
    return folder / f"{name}-{theme}.svg"
