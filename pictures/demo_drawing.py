"""Draws what was printed on a terminal as an SVG that plays, in the environment that has rich.

    .tools/pictures/bin/python -m pictures.demo_drawing docs/pictures < lines.json

JSON: `command`, which was typed; `lines`, each of its seconds and its text; `before`, words of a line: where nothing
moves, the picture is the screen just before it. rich draws all lines, one below the other; the window shows some of
them, and CSS moves it along as they came. Idle time is cut.
"""

import json
import sys
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from pictures.theme import THEMES, Theme, file

_COLUMNS: Final = 100
_ROWS: Final = 30
_LONGEST_WAIT: Final = 1.0  # seconds
_SHORTEST_WAIT: Final = 0.04
_FIRST_SECONDS: Final = 2.5  # for the first screen to be read
_LAST_SECONDS: Final = 6.0
_ROW_HEIGHT: Final = 24.4  # rich's, of a font of 20 px
_BAR: Final = 34
_MARGIN: Final = 14

# What stands in {} is for rich to fill in; see rich.console.CONSOLE_SVG_FORMAT.
_FORMAT: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} %(height)s" role="img">
<title>%(title)s</title>
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
  font-size: {char_height}px;
}}
.title {{ font: 15px system-ui, sans-serif; fill: %(faint)s; text-anchor: middle; }}
{styles}
.roll {{ transform: translateY(%(still)spx); animation: roll %(seconds)ss step-end infinite; }}
@keyframes roll {{ %(frames)s }}
@media (prefers-reduced-motion: reduce) {{ .roll {{ animation: none; }} }}
</style>
<defs>
<clipPath id="{unique_id}-window"><rect y="2" width="{width}" height="%(window)s"/></clipPath>
{lines}
</defs>
<rect x="0.5" y="0.5" width="%(width)s" height="%(inner)s" rx="8" fill="%(paper)s" stroke="%(frame)s"/>
<g fill="%(frame)s"><circle cx="22" cy="18" r="6"/><circle cx="42" cy="18" r="6"/><circle cx="62" cy="18" r="6"/></g>
<text class="title" x="%(middle)s" y="23">%(title)s</text>
<g transform="translate(%(margin)s, %(bar)s)" clip-path="url(#{unique_id}-window)">
<g class="roll">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</g>
</svg>
"""


def draw(recording: dict[str, Any], theme: Theme) -> str:
    """Return the SVG of a recording. Raises ValueError when no line has the words `before`."""
    console = Console(width=_COLUMNS, record=True, file=StringIO(), color_system="truecolor", force_terminal=True)
    rows: list[tuple[float, int]] = []  # when a line was there, and how many rows there were then
    still = 0
    for seconds, text in [(0.0, f"$ {recording['command']}"), *recording["lines"]]:
        shown = Text.from_ansi(text).wrap(console, _COLUMNS, overflow="fold") or [Text()]
        for row in shown:
            console.print(row, no_wrap=True, overflow="crop", highlight=False)
        above = rows[-1][1] if rows else 0
        if recording["before"] in text:
            still = above - 1  # without the empty line between the steps
        rows.append((seconds, above + len(shown)))
    if not still:
        raise ValueError(f"no line of the recording has the words: {recording['before']}")
    seconds, frames = _frames(rows)
    window = _ROWS * _ROW_HEIGHT + 2
    values = {
        "title": recording["command"],
        "height": f"{window + _BAR + _MARGIN:g}",
        "inner": f"{window + _BAR + _MARGIN - 1:g}",
        "window": f"{window:g}",
        "width": f"{_COLUMNS * 12.2 + 17:g}",
        "middle": f"{_COLUMNS * 6.1 + 9:g}",
        "margin": 9,
        "bar": _BAR,
        "still": f"{-max(0, still - _ROWS) * _ROW_HEIGHT:g}",
        "seconds": f"{seconds:.1f}",
        "frames": frames,
        **vars(theme),
    }
    return console.export_svg(theme=_terminal_theme(theme), code_format=_FORMAT % values, unique_id="demo")


def _frames(rows: list[tuple[float, int]]) -> tuple[float, str]:
    """Return how long it plays, and the keyframes: for each moment how far the window has moved."""
    moment, moves = _FIRST_SECONDS, [(0.0, 0)]
    later = [row for row in rows if row[1] >= _ROWS] or rows[-1:]
    for (before, _), (seconds, count) in pairwise(later):
        moment += min(_LONGEST_WAIT, max(_SHORTEST_WAIT, seconds - before))
        moves.append((moment, max(0, count - _ROWS)))
    whole = moment + _LAST_SECONDS
    last = (whole, moves[-1][1])
    return whole, " ".join(
        f"{100 * seconds / whole:.2f}% {{{{ transform: translateY({-count * _ROW_HEIGHT:g}px); }}}}"
        for seconds, count in [*moves, last]
    )


def _terminal_theme(theme: Theme) -> TerminalTheme:
    """Return the sixteen colours of a terminal: what the demo does not use is the text's."""
    text = _rgb(theme.text)
    eight = [text, text, _rgb(theme.ok), text, text, text, _rgb(theme.line), text]
    return TerminalTheme(_rgb(theme.paper), text, eight, eight)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


if __name__ == "__main__":
    read = json.load(sys.stdin)
    for name, colours in THEMES.items():
        file(Path(sys.argv[1]), "demo", name).write_text(draw(read, colours), encoding="utf-8")
