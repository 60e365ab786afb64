"""The one way in which matplotlib draws the pictures."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib.figure import Figure

from pictures.theme import Theme


def use(theme: Theme) -> None:
    """Let matplotlib draw in these colours, text as text, and the same bytes for the same picture."""
    mpl.rcParams.update(
        {
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans", "Verdana", "Helvetica", "Arial", "sans-serif"],
            "font.size": 9,
            "text.parse_math": False,
            "svg.fonttype": "none",
            "svg.hashsalt": "source-credential",
            "text.color": theme.text,
            "axes.edgecolor": theme.frame,
            "axes.facecolor": theme.paper,
            "axes.labelcolor": theme.faint,
            "axes.titlecolor": theme.text,
            "figure.facecolor": theme.paper,
            "grid.color": theme.frame,
            "xtick.color": theme.faint,
            "ytick.color": theme.faint,
            "legend.labelcolor": theme.text,
        }
    )


def save(figure: Figure, path: Path, **metadata: str) -> None:
    """Write a figure as SVG, without a date. metadata: by the names of Dublin Core, as matplotlib has them."""
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None, **metadata})
