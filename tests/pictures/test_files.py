"""The pictures as they lie in docs/pictures, and the pages that show them."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from local.ministack import PROJECT
from pictures.theme import THEMES, Theme
from tests.pictures.svg import FILES

# What an SVG may name without asking anybody for it: the names of XML vocabularies.
_NAMESPACE = re.compile(
    r'(xmlns(:\w+)?|rdf:resource)="http://[^"]+"|<!DOCTYPE[^>]+>|<\?xml[^>]+>|xlink:href="#[^"]*"|\bid="[^"]*"'
)
PAGES = sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_picture_asks_nobody_for_anything(path: Path) -> None:
    """No script, no font, no address of another host, nothing of the machine it was made on; and it is small."""
    text = _NAMESPACE.sub("", path.read_text(encoding="utf-8"))
    found = [word for word in ("<script", "@font-face", "url(http", "http://", "https://", "@import") if word in text]
    assert found == []
    assert re.findall(r"/tmp/\S*|/home/\S*|/Users/\S*|/root\S*|127\.0\.0\.1\S*|localhost\S*", text) == []  # noqa: S108
    assert re.findall(r"\d\d:\d\d:\d\d(?!Z)|[0-9a-f]{8}-[0-9a-f]{4}-", text) == []
    assert path.stat().st_size < 160_000


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_page_shows_a_picture_light_and_dark_and_says_what_is_in_it(path: Path) -> None:
    """Each picture that a page shows is there for both themes, and has words for who cannot see it."""
    text = path.read_text(encoding="utf-8")
    shown = re.findall(
        r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)-dark\.svg">\s*'
        r'<img alt="([^"]{40,})" src="([^"]+)-light\.svg"[^>]*>\s*</picture>',
        text,
    )
    assert len(shown) == len(re.findall(r"<picture>\n", text)) == len(re.findall(r'src="[^"]*pictures/', text))
    for dark, _, light in shown:
        assert dark == light
        assert all((path.parent / f"{light}-{theme}.svg").is_file() for theme in THEMES)


@pytest.mark.parametrize("theme", list(THEMES))
def test_what_is_written_can_be_read(theme: str) -> None:
    """Its contrast to the paper, and to the filled boxes, is 4.5 at least, as WCAG 2.2 has it in 1.4.3."""
    colours: Theme = THEMES[theme]
    written = {name: getattr(colours, name) for name in ("text", "faint", "line", "ok", "alarm")}
    papers = (colours.paper, colours.box)
    faint = [name for name, colour in written.items() if min(_contrast(colour, paper) for paper in papers) < 4.5]
    assert faint == []


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [byte / 255 for byte in bytes.fromhex(colour[1:])]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_recording_plays_forward_and_can_stand_still() -> None:
    """Its window moves down only, ends at the end, and does not move for who wants less motion."""
    for path in FILES:
        if not path.name.startswith("demo"):
            continue
        text = path.read_text(encoding="utf-8")
        frames = re.findall(r"([\d.]+)% \{ transform: translateY\((-?[\d.]+)px\)", text)
        assert all(float(a[0]) <= float(b[0]) and float(a[1]) >= float(b[1]) for a, b in pairwise(frames))
        assert (frames[0][0], frames[-1][0]) == ("0.00", "100.00")
        assert "@media (prefers-reduced-motion: reduce) { .roll { animation: none; } }" in text
