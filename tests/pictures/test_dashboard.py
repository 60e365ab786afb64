"""The picture of the dashboard is of the template's body, with numbers as CloudWatch makes them of what was written."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws
from pictures.__main__ import FOLDER
from pictures.dashboard import body, picture
from pictures.dashboard import source as source_of
from pictures.log_query import UnknownQuery, rows
from pictures.numbers import Number, Queues, hand_over, of_functions, own
from pictures.series import NoNumbers, metric, series, state
from pictures.theme import DARK, LIGHT, THEMES, file
from tests.pictures.svg import draw, source, words
from tests.template.stack import TEMPLATE

WIDGETS = body(TEMPLATE)["widgets"]
SERVICE = (("service", "source-credential-provider"),)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Return an embedded AWS, for its CloudWatch."""
    with EmbeddedAws() as started:
        yield started


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


def _alarm(**properties: Any) -> dict[str, Any]:
    return {
        "AlarmDescription": "Something is wrong.",
        "Namespace": "Tests",
        "Dimensions": [{"Name": "service", "Value": "source-credential-provider"}],
        "Statistic": "Sum",
        "Period": 3600,
        "EvaluationPeriods": 26,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "TreatMissingData": "notBreaching",
        **properties,
    }


def test_an_alarm_rings_for_what_is_in_its_window_at_the_weeks_end(aws: EmbeddedAws) -> None:
    """A number beyond the threshold counts for so many hours, each a second of the run, and for its metric only."""
    begin = int(time.time()) - 3600
    hand_over(
        aws, [Number("Tests", "Early", SERVICE, begin + 100, 1), Number("Tests", "Late", SERVICE, begin + 150, 1)]
    )
    hand_over(
        aws, [Number("Tests", "Days", SERVICE, begin + 150, 13), Number("Tests", "Of", (("a", "b"),), begin + 150, 1)]
    )
    states = [state(_alarm(MetricName=name), aws, begin) for name in ("Early", "Late", "Of", "Never")]
    assert states == ["OK", "ALARM", "OK", "OK"]
    fewer = {"MetricName": "Days", "Statistic": "Minimum", "ComparisonOperator": "LessThanThreshold"}
    assert [state(_alarm(**fewer, Threshold=days), aws, begin) for days in ("13", "14")] == ["OK", "ALARM"]
    with pytest.raises(NotImplementedError, match="Something is wrong"):
        state(_alarm(MetricName="Late", DatapointsToAlarm=2), aws, begin)


def test_a_line_has_the_statistic_of_each_period(aws: EmbeddedAws) -> None:
    """As the row says; periods without a number have none. A row of which nothing was written is told of."""
    begin = int(time.time()) - 3600
    values = [(10.1, 1.0), (10.4, 3.0), (12.2, 5.0)]
    hand_over(aws, [Number("Tests", "Seconds", SERVICE, begin + second, value) for second, value in values])
    row = [
        "Tests",
        "Seconds",
        "service",
        "source-credential-provider",
        {"stat": "Maximum", "label": "All", "color": "#000000"},
    ]
    [line] = series(row, {"period": 3600}, aws, begin)
    assert line == {
        "label": "All",
        "color": "#000000",
        "axis": "left",
        "period": 1,
        "points": [(10.0, 3.0), (12.0, 5.0)],
    }
    row[-1] = {"stat": "p50", "label": "Half", "yAxis": "right"}
    [line] = series(row, {"period": 3600}, aws, begin)
    assert (line["axis"], line["points"]) == ("right", [(10.0, 2.0), (12.0, 5.0)])
    with pytest.raises(NoNumbers, match="the dashboard names Tests Nothing"):
        series(["Tests", "Nothing", {"stat": "Sum", "label": "None"}], {}, aws, begin)


def test_a_search_finds_a_line_for_each_server_type(aws: EmbeddedAws) -> None:
    """Of this provider's, and not the number of all server types."""
    begin = int(time.time()) - 3600
    name = "DaysUntilExpiry"
    found = [("GITHUB", 30.0), ("BITBUCKET", 20.0)]
    numbers = [
        Number("SourceCredential", name, (("ServerType", kind), *SERVICE), begin + 5, days) for kind, days in found
    ]
    other = (("ServerType", "GITHUB"), ("service", "another"))
    hand_over(aws, [*numbers, *(Number("SourceCredential", name, each, begin + 5, 1.0) for each in (SERVICE, other))])
    [row] = next(each["properties"]["metrics"] for each in WIDGETS if "annotations" in each["properties"])
    assert metric(row) == ("SourceCredential", name, ("ServerType", "service"))
    lines = series(row, {}, aws, begin)
    assert [(line["label"], [value for _, value in line["points"]]) for line in lines] == [
        ("BITBUCKET", [20.0]),
        ("GITHUB", [30.0]),
    ]
    with pytest.raises(NotImplementedError, match="no such expression: METRICS"):
        metric([{"id": "other", "expression": "METRICS()"}])


def test_a_dashboard_without_numbers_is_not_drawn(aws: EmbeddedAws) -> None:
    """A picture of a metric that nobody writes would show what there is not."""
    with pytest.raises(NoNumbers, match="the run has written no number of it"):
        picture(TEMPLATE, aws, time.time(), [])


def _event(stream: str, seconds: float, message: object) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
    return {"logStreamName": stream, "timestamp": int(seconds * 1000), "message": text}


def _report(stream: str, seconds: float, milliseconds: int) -> dict[str, Any]:
    return _event(
        stream, seconds, f"REPORT RequestId: id\tDuration: {milliseconds} ms\tBilled Duration: {milliseconds} ms"
    )


def test_the_functions_metrics_are_read_out_of_their_log() -> None:
    """Their own, in the embedded metric format; and Lambda's of each run, of whichever function it was."""
    directive = {"Namespace": "SourceCredential", "Dimensions": [["service"]], "Metrics": [{"Name": "Imports"}]}
    written = {"_aws": {"Timestamp": 2000, "CloudWatchMetrics": [directive]}, "service": "mine", "Imports": [1.0, 1.0]}
    log = [
        _event("provider", 3, {"request_type": "Create"}),
        _event("provider", 3, written),
        _report("provider", 3, 1500),
        _event("provider", 9, "[ERROR] Runtime.ImportModuleError"),
        _report("provider", 9, 500),
        _report("refresh", 3, 2000),
        _report("another refresh", 2, 500),
    ]
    assert list(own(log)) == [Number("SourceCredential", "Imports", (("service", "mine"),), 2.0, 1.0)] * 2
    found = [(dict(each.dimensions)["FunctionName"], each.name, each.seconds, each.value) for each in of_functions(log)]
    provider = [each[1:] for each in found if each[0] == "<SourceCredentialFunction>" and each[1] != "Throttles"]
    assert provider == [
        *(("Errors", 1.5, 0), ("Duration", 1.5, 1500.0), ("ConcurrentExecutions", 1.5, 1)),
        *(("Errors", 8.5, 1), ("Duration", 8.5, 500.0), ("ConcurrentExecutions", 8.5, 1)),
    ]
    assert [each[1:] for each in found if each[:2] == ("<RefreshFunction>", "ConcurrentExecutions")] == [
        ("ConcurrentExecutions", 1.0, 2),
        ("ConcurrentExecutions", 1.5, 2),
    ]


def test_a_queue_is_as_old_as_it_has_not_been_empty(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits and what is hidden is counted, each time it is looked at."""
    sqs = aws.client("sqs")
    names = ("RefreshQueue", "RefreshDeadLetterQueue", "DeadLetterQueue")
    urls = {f"{name}Url": sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
    monkeypatch.setattr("pictures.numbers.outputs", lambda _: urls)
    queues = Queues(aws)
    queues.count(1.0)
    sqs.send_message(QueueUrl=urls["RefreshQueueUrl"], MessageBody="{}")
    queues.count(2.0)
    queues.count(4.0)
    sqs.purge_queue(QueueUrl=urls["RefreshQueueUrl"])
    queues.count(5.0)
    of_refresh = [each for each in queues.numbers if each.dimensions == (("QueueName", "<RefreshQueue.QueueName>"),)]
    visible = [each.value for each in of_refresh if each.name == "ApproximateNumberOfMessagesVisible"]
    age = [each.value for each in of_refresh if each.name == "ApproximateAgeOfOldestMessage"]
    assert (visible, age) == ([0, 1, 1, 0], [0.0, 1.0, 3.0, 0.0])


def test_the_query_of_the_log_finds_the_failures() -> None:
    """The dashboard's own query, over lines of the code's and of Lambda's: the newest first."""
    query = next(widget["properties"]["query"] for widget in WIDGETS if widget["type"] == "log")
    log = [
        _event("a", 1000 - 1, {"level": "ERROR", "message": "The day before"}),
        _event("a", 1000 + 3, {"level": "INFO", "message": "Checked"}),
        _event("a", 1000 + 30, {"level": "INFO", "message": "Answered", "status": "FAILED", "reason": "why"}),
        _event("a", 1000 + 31, {"level": "ERROR", "message": "Failed", "slot": "1/2/GITHUB", "error_type": "KeyError"}),
        _event("a", 1000 + 32, "2026 Task timed out after 130.00 seconds"),
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
