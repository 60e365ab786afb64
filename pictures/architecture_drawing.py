"""Draws the architecture, in the environment that has matplotlib: JSON from standard input, an SVG a theme.

.tools/pictures/bin/python -m pictures.architecture_drawing docs/pictures < picture.json

JSON: what pictures/architecture.py's `picture` returns.
"""

import json
import sys
from pathlib import Path as File
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from pictures.style import save, use
from pictures.theme import THEMES, Theme, file

_INCHES: Final = 9.6  # the picture's width

Point = tuple[float, float]
Place = tuple[float, float, float, float]  # left, top, width, height


def draw(picture: dict[str, Any], theme: Theme, path: File) -> None:
    """Draw it into a file."""
    use(theme)
    width, height = picture["size"]
    figure = Figure(figsize=(_INCHES, _INCHES * height / width))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    places = {}
    for frame in picture["frames"]:
        left, top = frame["x"], frame["y"]
        places[frame["name"]] = (left, top, frame["width"], frame["height"])
        _rectangle(axes, places[frame["name"]], facecolor="none", edgecolor=theme.frame, linewidth=0.8)
    for box in picture["boxes"]:
        place = (box["x"] - box["width"] / 2, box["y"] - box["height"] / 2, box["width"], box["height"])
        places.setdefault(box["part"], place)
        _box(axes, box, place, theme)
    for line in picture["lines"]:
        _line(axes, line, places, theme)
    axes.text(*picture["legend"], size=7.5, color=theme.faint, va="center")
    save(figure, path, Title="The architecture of Source Credential", Identifier=picture["source"])


def _box(axes: Axes, box: dict[str, Any], place: Place, theme: Theme) -> None:
    """Draw a box: filled when the template makes it, dashed when it is there without it."""
    own = box["own"]
    _rectangle(
        axes,
        place,
        facecolor=theme.box if own else "none",
        edgecolor=theme.line if own else theme.faint,
        linewidth=1.2 if own else 0.9,
        linestyle="-" if own else (0, (4, 3)),
    )
    middle = {"ha": "center", "va": "center"}
    axes.text(box["x"], box["y"] - (1.25 if box["note"] else 0), box["title"], weight="bold", **middle)
    axes.text(box["x"], box["y"] + 1.55, box["note"], color=theme.faint, size=7.5, **middle)


def _rectangle(axes: Axes, place: Place, **style: Any) -> None:  # noqa: ANN401 - matplotlib's
    left, top, width, height = place
    axes.add_patch(FancyBboxPatch((left, top), width, height, boxstyle="round,pad=0,rounding_size=0.8", **style))


def _line(axes: Axes, line: dict[str, Any], places: dict[str, Place], theme: Theme) -> None:
    begin, end = line["sides"].split()
    source, target = places[line["source"]], places[line["target"]]
    via = [tuple(point) for point in line["via"]]
    first = _on(source, begin, towards=via[0] if via else _on(target, end), shift=line["shift"])
    last = _on(target, end, towards=via[-1] if via else first)
    axes.add_patch(
        FancyArrowPatch(
            path=Path([first, *via, last]),
            arrowstyle="-|>",
            mutation_scale=9,
            color=theme.faint,
            linewidth=1.1,
            joinstyle="round",
            shrinkA=0,
            shrinkB=0,
        )
    )
    if line["label"]:
        axes.text(*line["label_at"], line["label"], size=7.5, color=theme.faint, ha="center", va="center")


def _on(place: Place, side: str, *, towards: Point | None = None, shift: float = 0) -> Point:
    """Return a point on a side: across from `towards` if that can be, else in its middle; then moved by `shift`."""
    left, top, width, height = place
    x, y = left + width / 2, top + height / 2
    if side in ("left", "right"):
        if towards is not None and top < towards[1] < top + height:
            y = towards[1]
        return (left if side == "left" else left + width), y + shift
    if towards is not None and left < towards[0] < left + width:
        x = towards[0]
    return x + shift, (top if side == "top" else top + height)


if __name__ == "__main__":
    read = json.load(sys.stdin)
    for name, colours in THEMES.items():
        draw(read, colours, file(File(sys.argv[1]), "architecture", name))
