"""The dashboard's query of the log finds what it is meant to find."""

import pytest

from pictures.dashboard import body
from pictures.log_query import UnknownQuery, rows
from tests.pictures.log import event
from tests.template.stack import TEMPLATE


def test_the_query_of_the_log_finds_the_failures() -> None:
    """The dashboard's own query, over lines of the code's and of Lambda's: the newest first."""
    query = next(widget["properties"]["query"] for widget in body(TEMPLATE)["widgets"] if widget["type"] == "log")
    log = [
        event("a", 1000 - 1, {"level": "ERROR", "message": "The day before"}),
        event("a", 1000 + 3, {"level": "INFO", "message": "Checked"}),
        event("a", 1000 + 30, {"level": "INFO", "message": "Answered", "status": "FAILED", "reason": "why"}),
        event("a", 1000 + 31, {"level": "ERROR", "message": "Failed", "slot": "1/2/GITHUB", "error_type": "KeyError"}),
        event("a", 1000 + 32, "2026 Task timed out after 130.00 seconds"),
    ]
    columns, found = rows(query, log, 1000)
    assert columns == ["@timestamp", "what", "slot", "StackId", "LogicalResourceId", "reason", "error_type"]
    assert found == [
        ["day 2, 08:00", "2026 Task timed out after 130.00 seconds", "", "", "", "", ""],
        ["day 2, 07:00", "Failed", "1/2/GITHUB", "", "", "", "KeyError"],
        ["day 2, 06:00", "Answered", "", "", "", "why", ""],
    ]


@pytest.mark.parametrize(
    "query",
    [
        "SOURCE 'log' | fields @message | limit 1",
        "SOURCE 'log' | fields upper(a) | filter a = 'b' | sort @timestamp desc | limit 1",
        "SOURCE 'log' | fields a | filter a > 3 | sort @timestamp desc | limit 1",
    ],
)
def test_a_query_that_is_not_known_is_told_of(query: str) -> None:
    """Rather than drawing something that it does not ask for."""
    with pytest.raises(UnknownQuery, match="not"):
        rows(query, [], 0)
