"""Figures and tables as the page has them."""

from collections.abc import Iterable, Mapping, Sequence

from bench.spread import Spread


def seconds(spread: Spread) -> str:
    """Return seconds: the median, the lowest and the highest."""
    return f"{spread.median:.3f} ({spread.low:.3f}-{spread.high:.3f})"


def plain(spread: Spread) -> str:
    """Return a figure that is not below one: the median, the lowest and the highest."""
    return f"{spread.median:.1f} ({spread.low:.1f}-{spread.high:.1f})"


def calls(counted: Mapping[str, int]) -> str:
    """Return how often each operation was called."""
    return ", ".join(f"{count:,} {name}" for name, count in counted.items())


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)).replace("|  |", "| |") + " |" for line in lines)
