"""The picture of the dashboard is of the template's body, and has all that it is given."""

from pathlib import Path
from typing import Any

import pytest

from pictures.__main__ import FOLDER
from pictures.dashboard import body
from pictures.dashboard import source as source_of
from pictures.theme import DARK, LIGHT, THEMES, file
from tests.pictures.svg import draw, source, words
from tests.template.stack import TEMPLATE

WIDGETS = body(TEMPLATE)["widgets"]


@pytest.mark.parametrize("theme", list(THEMES))
def test_the_picture_in_the_docs_is_of_this_dashboard(theme: str) -> None:
    """If not, `make pictures ONLY=dashboard` makes it anew. Every title, label and alarm of the body is in it."""
    path = file(FOLDER, "dashboard", theme)
    assert source(path) == source_of(TEMPLATE)
    written = words(path)
    properties = [widget["properties"] for widget in WIDGETS]
    titles = [each["title"] for each in properties if "title" in each]
    labels = [row[-1]["label"] for each in properties for row in each.get("metrics", []) if "label" in row[-1]]
    axes = [side["label"] for each in properties for side in each.get("yAxis", {}).values()]
    alarms = [arn.strip("<>").removesuffix(".Arn") for each in properties for arn in each.get("alarms", [])]
    assert (len(titles), len(alarms)) == (len(WIDGETS) - 1, 10)
    assert [word for word in [*titles, *labels, *axes, *alarms] if word not in written] == []


def _made_up() -> dict[str, Any]:
    """Return a picture with a widget of each type, of numbers that are made up."""
    place = {"x": 0, "width": 12, "height": 6}
    line = {"label": "Waits", "color": None, "axis": "left", "period": 1, "points": [[1, 2], [2, 3], [9, 1]]}
    axis = {"left": {"label": "Messages", "min": 0}, "right": {"label": "Seconds"}}
    return {
        "hours": 168,
        "source": "sha256:made-up",
        "widgets": [
            {**place, "y": 0, "type": "text", "markdown": "# Heading\nA text that says $5 and <b>."},
            {
                **place,
                "y": 6,
                "type": "alarm",
                "title": "Alarms",
                "alarms": [["OneAlarm", "OK"], ["OtherAlarm", "ALARM"]],
            },
            {
                **place,
                "y": 12,
                "type": "metric",
                "title": "Queue",
                "yAxis": axis,
                "annotations": [{"label": "Limit", "value": 2, "fill": "below", "color": "#d62728"}],
                "series": [line, {**line, "label": "Age", "axis": "right"}],
            },
            {**place, "y": 18, "type": "log", "title": "Log", "columns": ["what", "why"], "rows": [["it", "x" * 300]]},
        ],
    }


def test_a_drawing_has_what_it_is_given_light_and_dark_and_always_the_same(tmp_path: Path) -> None:
    """Every word, each state in its colour, and what is too long for its cell is cut."""
    drawn = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        done = draw("dashboard", _made_up(), tmp_path / name)
        assert (done.returncode, done.stderr) == (0, "")
        drawn.append({theme: file(tmp_path / name, "dashboard", theme).read_text(encoding="utf-8") for theme in THEMES})
    assert drawn[0] == drawn[1]
    written = words(file(tmp_path / "one", "dashboard", "light"))
    expected = ["Heading", "A text that says $5 and <b>.", "OneAlarm", "OtherAlarm", "Queue", "Waits", "Age", "Limit"]
    assert [word for word in [*expected, "Messages", "Seconds", "day 7", "Log", "why"] if word not in written] == []
    assert "x…" in written
    assert "x" * 200 not in written
    for theme, colours in (("light", LIGHT), ("dark", DARK)):
        assert all(colour in drawn[0][theme] for colour in (colours.paper, colours.ok, colours.alarm))
