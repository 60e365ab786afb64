"""Draws the lines of one metric widget, as CloudWatch does: its axes, what it is annotated with, and the legend."""

from math import nan
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pictures.theme import Theme

COLUMN_INCHES: Final = 0.4
SMALL: Final = 6.5  # points
CHARACTER_INCHES: Final = 0.05  # the mean width of a small one
_FEW: Final = 3

Widget = dict[str, Any]


def draw_graph(frame: Axes, widget: Widget, theme: Theme, hours: int) -> None:
    """Draw a widget's lines over the week, the legend below."""
    series, width, height = widget["series"], widget["width"], widget["height"]
    longest = max(len(line["label"]) for line in series)
    legend_columns = max(1, int(width * COLUMN_INCHES / (CHARACTER_INCHES * (longest + 6))))
    right = any(line["axis"] == "right" for line in series)
    left, top, bottom = 1.5, 1.4, 1.1 + 0.45 * -(-len(series) // legend_columns)
    inner = (width - left - (1.5 if right else 0.6), height - top - bottom)
    axes = frame.inset_axes((left / width, bottom / height, inner[0] / width, inner[1] / height))
    both = {"left": axes, "right": axes.twinx() if right else axes}
    for number, line in enumerate(series):
        _line(both[line["axis"]], line, line["color"] or f"C{number}")
    for note in widget["annotations"]:
        axes.axhline(note["value"], color=note["color"], linewidth=0.9, linestyle="--")
        axes.text(1, note["value"], note["label"], size=SMALL, color=note["color"], va="bottom")
        if note.get("fill") == "below":
            axes.axhspan(min(0.0, axes.get_ylim()[0]), note["value"], color=note["color"], alpha=0.12, linewidth=0)
    for side, each in both.items():
        settings = widget["yAxis"].get(side, {})
        each.set_ylim(bottom=settings.get("min", 0), top=max(1.0, each.get_ylim()[1]))
        each.set_title(settings.get("label", ""), size=SMALL, color=theme.faint, loc=side, pad=3)
        whole = all(value == int(value) for line in series if both[line["axis"]] is each for _, value in line["points"])
        each.yaxis.set_major_locator(MaxNLocator(4, integer=whole))
        each.tick_params(labelsize=SMALL, length=2)
        each.spines[["top", "left", "right"]].set_visible(False)
    axes.set_xlim(0, hours)
    axes.set_xticks(range(0, hours, 24), [f"day {day + 1}" for day in range(hours // 24)], ha="left")
    axes.grid(axis="y", linewidth=0.5)
    frame.legend(
        handles=[handle for each in dict.fromkeys(both.values()) for handle in each.get_legend_handles_labels()[0]],
        loc="lower left",
        bbox_to_anchor=(0.2, height - 0.1),
        bbox_transform=frame.transData,
        ncols=legend_columns,
        fontsize=SMALL,
        frameon=False,
        handlelength=1.0,
        columnspacing=1.2,
        labelspacing=0.3,
    )


def _line(axes: Axes, line: dict[str, Any], colour: str) -> None:
    """Draw a line through the numbers of periods that follow each other, and a dot at each where these are few."""
    runs: list[list[list[float]]] = []
    for point in line["points"]:
        if not runs or point[0] - runs[-1][-1][0] > line["period"] * 1.01:
            runs.append([])
        runs[-1].append(point)
    few = [point for run in runs if len(run) <= _FEW for point in run]
    gap = [[nan, nan]]  # matplotlib leaves one there
    joined = [point for run in runs if len(run) > 1 for point in [*run, *gap]] or gap
    axes.plot(*zip(*joined, strict=True), color=colour, linewidth=1.1, label=line["label"], clip_on=False)
    axes.plot(*zip(*few or gap, strict=True), "o", color=colour, markersize=2.6, clip_on=False)
