"""What CloudWatch makes of the numbers of a week: the lines of a dashboard, and the states of alarms."""

import time
from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws
from pictures.dashboard import body, picture
from pictures.numbers import Number, hand_over
from pictures.series import NoNumbers, metric, series, state
from tests.template.stack import TEMPLATE

SERVICE = (("service", "source-credential-provider"),)


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
    [row] = next(
        each["properties"]["metrics"] for each in body(TEMPLATE)["widgets"] if "annotations" in each["properties"]
    )
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
