"""What a dashboard's metrics and alarms come to, asked of the embedded CloudWatch at the end of a week."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from local.embedded_aws import EmbeddedAws
from pictures.numbers import Asked, dimensions_of, points
from pictures.week import HOURS

_HOUR: Final = 3600
_SEARCH: Final = re.compile(
    r"""SEARCH\('\{(?P<namespace>\w+),(?P<keys>[\w,]+)\} MetricName="(?P<name>\w+)" service="(?P<service>[\w-]+)"', """
    r"""'(?P<stat>\w+)', (?P<period>\d+)\)"""
)
_PERIOD: Final = 300  # of a widget that says none

# A metric: its namespace, its name, the names of its dimensions in order.
Metric = tuple[str, str, tuple[str, ...]]


class NoNumbers(ValueError):
    """The dashboard names a metric that the run has not written, or the run has written one that it does not name."""


def metric(row: Sequence[Any]) -> Metric:
    """Return the metric that a row of a widget names. Raises NotImplementedError for an expression not known here."""
    if isinstance(row[0], str):
        return row[0], row[1], tuple(sorted(row[2:-1:2]))
    search = _search(row[0]["expression"])
    return search["namespace"], search["name"], tuple(sorted(search["keys"].split(",")))


def series(row: Sequence[Any], properties: Mapping[str, Any], aws: EmbeddedAws, begin: float) -> list[dict[str, Any]]:
    """Return the lines of a row of a widget's metrics: one, or one for each metric that its search finds.

    properties: the widget's. begin: when the week began, in seconds since the epoch. Raises NoNumbers.
    """
    options, (namespace, name, keys) = row[-1], metric(row)
    if "expression" in options:
        search = _search(options["expression"])
        stat, period = search["stat"], int(search["period"])
        found = [
            dimensions
            for dimensions in dimensions_of(aws, namespace, name, set(keys))
            if dict(dimensions)["service"] == search["service"]
        ]
        asked = {dict(dimensions)["ServerType"]: dimensions for dimensions in found}
    else:
        stat, period = options["stat"], properties.get("period", _PERIOD)
        asked = {options["label"]: tuple(zip(row[2:-1:2], row[3:-1:2], strict=True))}
    lines = [
        {
            "label": label,
            "color": options.get("color"),
            "axis": options.get("yAxis", "left"),
            "period": _scaled(period),
            "points": points(aws, Asked(namespace, name, dimensions, stat, _scaled(period)), begin),
        }
        for label, dimensions in asked.items()
    ]
    if not lines or not all(line["points"] for line in lines):
        raise NoNumbers(f"the dashboard names {namespace} {name}, and the run has written no number of it: {row}")
    return lines


def state(alarm: Mapping[str, Any], aws: EmbeddedAws, begin: float) -> str:
    """Return an alarm's state at the week's end: ALARM when a number of its window is beyond the threshold, else OK.

    So much is true of alarms of which one datapoint is enough, and for which missing ones are good; for others it
    raises NotImplementedError. MiniStack's own states count metrics of all dimensions (1.5.33), so they are not used.
    """
    if alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) != 1 or alarm["TreatMissingData"] != "notBreaching":
        raise NotImplementedError(f"an alarm of several datapoints, or of missing ones: {alarm['AlarmDescription']}")
    dimensions = tuple((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    period = _scaled(alarm["Period"])
    asked = Asked(alarm["Namespace"], alarm["MetricName"], dimensions, alarm["Statistic"], period)
    window = alarm["Period"] * alarm["EvaluationPeriods"] / _HOUR
    values = [value for seconds, value in points(aws, asked, begin) if seconds >= HOURS - window - period]
    sign = {"GreaterThanThreshold": 1, "LessThanThreshold": -1}[alarm["ComparisonOperator"]]
    return "ALARM" if any(sign * value > sign * float(alarm["Threshold"]) for value in values) else "OK"


def _search(expression: str) -> re.Match[str]:
    found = _SEARCH.fullmatch(expression)
    if found is None:
        raise NotImplementedError(f"pictures/series.py knows no such expression: {expression}")
    return found


def _scaled(period: int) -> int:
    """Return a period of the dashboard, in seconds, as one of the run, in which a second stands for an hour."""
    return max(1, period // _HOUR)
