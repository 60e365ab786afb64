"""Draws the dashboard as CloudWatch lays it out, in the environment that has matplotlib: an SVG a theme.

    .tools/pictures/bin/python -m pictures.dashboard_drawing docs/pictures < picture.json

JSON: what pictures/dashboard.py's `picture` returns. Lengths are in units of the dashboard's own grid, 24 columns wide.
"""

import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from pictures.graph import CHARACTER_INCHES, COLUMN_INCHES, SMALL, Widget, draw_graph
from pictures.style import save, use
from pictures.theme import THEMES, Theme, file

_ROW_INCHES: Final = 0.31
_SIZE: Final = 7.0  # of text, in points
_LONGEST_CELL: Final = 38  # characters


def draw(picture: dict[str, Any], theme: Theme, path: Path) -> None:
    """Draw it into a file."""
    use(theme)
    widgets = picture["widgets"]
    columns = max(widget["x"] + widget["width"] for widget in widgets)
    rows = max(widget["y"] + widget["height"] for widget in widgets)
    figure = Figure(figsize=(columns * COLUMN_INCHES, rows * _ROW_INCHES))
    drawn: dict[str, Callable[[Axes, Widget, Theme, int], None]] = {
        "text": _text,
        "alarm": _alarms,
        "metric": draw_graph,
        "log": _log,
    }
    for widget in widgets:
        frame = figure.add_axes(
            (
                widget["x"] / columns,
                1 - (widget["y"] + widget["height"]) / rows,
                widget["width"] / columns,
                widget["height"] / rows,
            )
        )
        frame.set(xlim=(0, widget["width"]), ylim=(widget["height"], 0))
        frame.axis("off")
        frame.add_patch(
            FancyBboxPatch(
                (0.12, 0.12),
                widget["width"] - 0.24,
                widget["height"] - 0.24,
                boxstyle="round,pad=0,rounding_size=0.15",
                facecolor="none",
                edgecolor=theme.frame,
                linewidth=0.8,
            )
        )
        frame.text(0.4, 0.68, widget.get("title", ""), size=_SIZE + 1.5, weight="bold", va="center")
        drawn[widget["type"]](frame, widget, theme, picture["hours"])
    save(figure, path, Title="The dashboard of Source Credential", Identifier=picture["source"])


def _text(frame: Axes, widget: Widget, _theme: Theme, _hours: int) -> None:
    """Write a heading and what follows it: as much of Markdown as the dashboard has."""
    heading, _, text = widget["markdown"].partition("\n")
    frame.text(0.4, 0.85, heading.removeprefix("# "), size=_SIZE + 5, weight="bold", va="center")
    width = int((widget["width"] - 0.8) * COLUMN_INCHES / (CHARACTER_INCHES * 1.2))
    frame.text(0.4, 1.5, "\n".join(textwrap.wrap(text, width)), size=_SIZE + 0.5, va="top", linespacing=1.5)


def _alarms(frame: Axes, widget: Widget, theme: Theme, _hours: int) -> None:
    """Draw each alarm with its state, two beside each other."""
    rows = (len(widget["alarms"]) + 1) // 2
    height, width = (widget["height"] - 1.4) / rows, (widget["width"] - 0.8) / 2
    for number, (name, state) in enumerate(widget["alarms"]):
        x, y = 0.4 + number // rows * width, 1.1 + number % rows * height
        colour = theme.alarm if state == "ALARM" else theme.ok
        frame.add_patch(
            FancyBboxPatch(
                (x, y),
                width - 0.2,
                height - 0.12,
                boxstyle="round,pad=0,rounding_size=0.1",
                facecolor=theme.box,
                edgecolor=colour,
                linewidth=0.9,
            )
        )
        middle = y + (height - 0.12) / 2
        frame.text(x + 0.15, middle, name, size=SMALL, va="center")
        frame.text(x + width - 0.35, middle, state, size=SMALL, color=colour, weight="bold", va="center", ha="right")


def _log(frame: Axes, widget: Widget, theme: Theme, _hours: int) -> None:
    """Write the rows that the query found, each cell as far as it has room."""
    columns, rows = widget["columns"], widget["rows"]
    wanted = [min(_LONGEST_CELL, 2 + max(len(row[at]) for row in [columns, *rows])) for at in range(len(columns))]
    width = (widget["width"] - 0.8) / sum(wanted)
    for number, row in enumerate([columns, *rows]):
        y, x = 1.5 + 0.62 * number, 0.4
        if y > widget["height"] - 0.5:
            break
        for text, share in zip(row, wanted, strict=True):
            room = int(share * width * COLUMN_INCHES / CHARACTER_INCHES) - 1
            shown = text if len(text) <= room else text[: room - 1] + "…"
            frame.text(x, y, shown, size=SMALL, color=theme.text if number else theme.faint, va="center")
            x += share * width
        frame.plot([0.4, widget["width"] - 0.4], [y + 0.31] * 2, color=theme.frame, linewidth=0.5)


if __name__ == "__main__":
    read = json.load(sys.stdin)
    for name, colours in THEMES.items():
        draw(read, colours, file(Path(sys.argv[1]), "dashboard", name))
