"""Draws the picture, in the environment that has matplotlib: JSON from standard input, an SVG to the file named.

    .tools/pictures/bin/python -m bench.drawing docs/benchmarks.svg < bars.json

JSON: panels of the same names; each has `title`, `unit` and `bars`; a bar has `name`, `value`, `low`, `high`, `ours`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt

from pictures.style import save, use
from pictures.theme import LIGHT

_OURS, _PEER = LIGHT.ok, "#9aa5b1"


def draw(panels: list[dict[str, Any]], path: Path) -> None:
    """Draw a panel of bars beside each other, with a line from the lowest to the highest."""
    use(LIGHT)
    figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 4.2), layout="constrained", sharey=True)
    for axis, panel in zip(axes, panels, strict=True):
        bars = panel["bars"][::-1]
        values = [bar["value"] for bar in bars]
        spread = [
            [bar["value"] - bar["low"] for bar in bars],
            [bar["high"] - bar["value"] for bar in bars],
        ]
        drawn = axis.barh(
            [bar["name"] for bar in bars],
            values,
            color=[_OURS if bar["ours"] else _PEER for bar in bars],
            xerr=spread,
            error_kw={"elinewidth": 1, "capsize": 2},
        )
        axis.bar_label(drawn, fmt="%.2f", padding=4)
        axis.margins(x=0.15)
        axis.set_title(panel["title"])
        axis.set_xlabel(panel["unit"])
        axis.spines[["top", "right"]].set_visible(False)
    save(figure, path, Title="Benchmarks of Source Credential")


if __name__ == "__main__":
    draw(json.load(sys.stdin), Path(sys.argv[1]))
