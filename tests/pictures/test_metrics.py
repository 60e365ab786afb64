"""What the code counts is what the dashboard and the alarms look at, and the other way round."""

import ast
import inspect
import json
from collections.abc import Iterator

import pytest

from local.ministack import PROJECT
from pictures.dashboard import body, metrics
from source_credential import observability
from tests.template.stack import TEMPLATE

_WRITERS = {
    name: function
    for name, function in vars(observability).items()
    if inspect.isfunction(function) and name.startswith(("count", "measure_"))
}


def _calls() -> Iterator[tuple[str, list[object]]]:
    """Yield each call in the handler's code that writes a metric: the function, and its literal arguments."""
    for path in sorted((PROJECT / "handler/source_credential").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _WRITERS:
                yield (
                    node.func.id,
                    [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args],
                )


def _written(capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str, tuple[str, ...]]]:
    """Make each of these calls, and return what it writes for CloudWatch: namespace, name, names of the dimensions."""
    found = set()
    for name, arguments in _calls():
        parameters = list(inspect.signature(_WRITERS[name]).parameters)
        given = dict(zip(parameters, arguments, strict=False))
        if "name" in parameters:
            assert isinstance(given["name"], str), f"{name}: the metric's name is not written out where it is called"
        values = {"value": 1, "days": 1.0, "server_type": "GITHUB"}
        _WRITERS[name](**{each: given.get(each) or values[each] for each in parameters})
        observability.metrics.flush_metrics()
        for line in map(json.loads, capsys.readouterr().out.splitlines()):
            for directive in line["_aws"]["CloudWatchMetrics"]:
                found |= {
                    (directive["Namespace"], metric["Name"], tuple(sorted(dimensions)))
                    for metric in directive["Metrics"]
                    for dimensions in directive["Dimensions"]
                }
    return found


def test_every_metric_that_is_looked_at_is_written_and_every_one_that_is_written_is_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By namespace, name and dimensions: those of the dashboard and the alarms are those of the code."""
    alarms = {
        (
            resource["Properties"]["Namespace"],
            resource["Properties"]["MetricName"],
            tuple(sorted(each["Name"] for each in resource["Properties"]["Dimensions"])),
        )
        for resource in TEMPLATE["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    looked_at = {each for each in metrics(body(TEMPLATE)["widgets"]) | alarms if not each[0].startswith("AWS/")}
    assert looked_at == _written(capsys)


def test_the_dashboard_itself_shows_every_metric_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Also those that an alarm looks at: by name, for an alarm looks at the worst of all and the dashboard at each."""
    shown = {name for namespace, name, _ in metrics(body(TEMPLATE)["widgets"]) if namespace == "SourceCredential"}
    assert shown == {name for _, name, _ in _written(capsys)}
