"""The metrics, the alarms and the dashboard."""

import ast
import json
import re
from typing import Any

import pytest

from local.cloudformation_template import Stack
from local.ministack import PROJECT
from source_credential import observability
from tests.template.stack import ROLES, TEMPLATE, TOPIC

ALARMS = [name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == "AWS::CloudWatch::Alarm"]


def _written_metrics() -> set[str]:
    """Return the names of all metrics in the source of the handler."""
    names = set()
    for path in (PROJECT / "handler/source_credential").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in {"count", "measure_seconds"}:
                    name = node.args[0]
                    chosen = [name.body, name.orelse] if isinstance(name, ast.IfExp) else [name]
                    names |= {one.value for one in chosen if isinstance(one, ast.Constant)}
                elif node.func.id == "measure_expiry":
                    names.add("DaysUntilExpiry")
    return {str(name) for name in names}


def test_metrics_are_where_the_alarms_and_the_dashboard_look(capsys: pytest.CaptureFixture[str]) -> None:
    """The namespace and dimensions are those the code writes, in CloudWatch's embedded metric format."""
    observability.count("Refreshes")
    observability.measure_seconds("SecondsToImport", 1.5)
    observability.measure_expiry(12.0, "GITHUB")
    observability.metrics.flush_metrics()
    written = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                for dimensions in directive["Dimensions"]:
                    written.add((directive["Namespace"], metric["Name"], *sorted(f"{d}={line[d]}" for d in dimensions)))
    service = "service=source-credential"
    assert written == {
        ("SourceCredential", "Refreshes", service),
        ("SourceCredential", "SecondsToImport", service),
        ("SourceCredential", "DaysUntilExpiry", service),
        ("SourceCredential", "DaysUntilExpiry", "ServerType=GITHUB", service),
    }


def _queue_metrics() -> set[str]:
    """Return SQS's metrics that are used here.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    }


def _function_metrics() -> set[str]:
    """Return Lambda's metrics that are used here.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    return {"ConcurrentExecutions", "Duration", "Errors", "Throttles"}


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_a_metric_that_exists(name: str) -> None:
    """Its metric is written by the code, or is one of a queue or function of the stack; and its silence is good."""
    alarm = Stack(TEMPLATE).properties(name)
    ((dimension,), known) = (alarm["Dimensions"], set())
    match alarm["Namespace"]:
        case "AWS/SQS":
            known = _queue_metrics()
            assert re.fullmatch(r"<\w+Queue\.QueueName>", dimension["Value"])
            assert dimension["Name"] == "QueueName"
        case "AWS/Lambda":
            known = _function_metrics()
            assert (dimension["Name"], dimension["Value"].strip("<>") in ROLES) == ("FunctionName", True)
        case "SourceCredential":
            known = _written_metrics()
            assert dimension == {"Name": "service", "Value": "source-credential"}
    assert alarm["MetricName"] in known
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_happened_and_where_it_is_written_what_to_do(name: str) -> None:
    """Its description is a sentence and a section of operations.md, which says what every section of an alarm says."""
    sentence, page = Stack(TEMPLATE).properties(name)["AlarmDescription"].rsplit(" ", 1)
    assert re.fullmatch(r"[A-Z].+\.", sentence)
    assert page == f"docs/operations.md#{name.lower()}"
    operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    section = operations.partition(f"\n### {name}\n")[2].partition("\n##")[0]
    assert re.findall(r"^\*\*(What it means|Look at|Do)\b", section, re.MULTILINE) == ["What it means", "Look at", "Do"]


def test_the_pages_know_what_the_alarms_cost() -> None:
    """CloudWatch's price is for each metric that an alarm watches, and each of these watches one."""
    number, price = {10: ("ten", "1.00")}[len(ALARMS)]
    operations = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    assert re.findall(r"\| (\w+) alarms \| \$0\.10 each .+ \| \$(\S+) \|", operations) == [(number, price)]
    assert f"Standing: {number} alarms and a dashboard" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_alarms_watch_what_goes_wrong() -> None:
    """Each metric with its statistic and threshold, and which queues; requests that failed are the deployer's."""
    stack = Stack(TEMPLATE, {"ExpiryWarningDays": "30"})
    watched = {
        (
            alarm["MetricName"],
            alarm["Statistic"],
            alarm["ComparisonOperator"].removesuffix("ThanThreshold"),
            str(alarm["Threshold"]),
            alarm["Dimensions"][0]["Value"],
        )
        for alarm in map(stack.properties, ALARMS)
    }
    visible, service = "ApproximateNumberOfMessagesVisible", "source-credential"
    assert watched == {
        ("RefreshFailures", "Sum", "Greater", "0", service),
        ("Unhealed", "Sum", "Greater", "0", service),
        ("DaysUntilExpiry", "Minimum", "Less", "30", service),
        (visible, "Maximum", "Greater", "0", "<DeadLetterQueue.QueueName>"),
        (visible, "Maximum", "Greater", "0", "<RefreshDeadLetterQueue.QueueName>"),
        ("ApproximateAgeOfOldestMessage", "Maximum", "Greater", "1800", "<RefreshQueue.QueueName>"),
        *((metric, "Sum", "Greater", "0", f"<{name}>") for metric in ("Errors", "Throttles") for name in ROLES),
    }


@pytest.mark.parametrize(
    "name", [name for name in ALARMS if Stack(TEMPLATE).properties(name)["Namespace"] == "AWS/Lambda"]
)
def test_a_function_that_cannot_run_rings_within_five_minutes_and_until_it_could_have_run_again(name: str) -> None:
    """It writes no metric of its own then. Its message is hidden until the queue's own time is up.

    An error counts in the minute in which its run began, so it may be in CloudWatch as late as the run is long.
    """
    stack = Stack(TEMPLATE)
    alarm, timeout = stack.properties(name), stack.properties("RefreshFunction")["Timeout"]
    assert alarm["DatapointsToAlarm"] == 1
    assert alarm["Period"] + timeout + 60 <= 300
    window = alarm["Period"] * alarm["EvaluationPeriods"]
    assert window > stack.properties("RefreshQueue")["VisibilityTimeout"] + timeout + 60


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_lasts_until_the_next_measurement(name: str) -> None:
    """What is measured once a day alarms for longer than a day, so that it does not go out in between.

    CloudWatch looks back over seven days at the most, and over one day where a period is shorter than an hour.
    """
    alarm = Stack(TEMPLATE).properties(name)
    window = alarm["Period"] * alarm["EvaluationPeriods"]
    assert window <= (604_800 if alarm["Period"] >= 3600 else 86_400)
    if alarm["MetricName"] in {"Unhealed", "DaysUntilExpiry"}:
        assert window >= 86_400 + 900 + 3600  # a check is spread over 900 seconds, and windows begin at no exact time
        assert alarm["DatapointsToAlarm"] == 1


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_tell_the_topic_if_there_is_one(name: str) -> None:
    """Left empty, AlarmTopicArn leaves alarms that only show; given, they tell it when they begin and when they end."""
    assert not {"AlarmActions", "OKActions"} & Stack(TEMPLATE).properties(name).keys()
    alarm = Stack(TEMPLATE, {"AlarmTopicArn": TOPIC}).properties(name)
    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([TOPIC], [TOPIC])


def _dashboard(**parameters: str) -> list[dict[str, Any]]:
    dashboard = json.loads(Stack(TEMPLATE, parameters).properties("Dashboard")["DashboardBody"])
    widgets = dashboard["widgets"]
    assert isinstance(widgets, list)
    return widgets


def test_the_dashboard_shows_only_metrics_that_exist() -> None:
    """Each metric is written by the code, with its dimension, or is one of a queue or function of the stack."""
    shown = [
        row for widget in _dashboard() for row in widget["properties"].get("metrics", []) if isinstance(row[0], str)
    ]
    functions = {f"<{name}>" for name in ROLES}
    for namespace, metric, dimension, value, options in shown:
        match namespace:
            case "SourceCredential":
                assert metric in _written_metrics()
                assert (dimension, value) == ("service", "source-credential")
            case "AWS/SQS":
                assert metric in _queue_metrics()
                assert re.fullmatch(r"<(Refresh)?(DeadLetter)?Queue\.QueueName>", value)
            case _:
                assert (namespace, metric in _function_metrics(), value in functions) == ("AWS/Lambda", True, True)
        assert options["label"]
        assert options["stat"]
    of_code = {row[1] for row in shown if row[0] == "SourceCredential"}
    assert of_code == _written_metrics() - {"DaysUntilExpiry"}  # which a search finds


def test_the_dashboard_shows_days_until_expiry_by_server_type_against_the_alarm() -> None:
    """One line for each server type there is, and the parameter as a line across."""
    widget = next(w for w in _dashboard(ExpiryWarningDays="30") if "annotations" in w["properties"])
    assert widget["properties"]["annotations"]["horizontal"][0]["value"] == 30
    (((search,),),) = (widget["properties"]["metrics"],)
    assert search["expression"] == (
        'SEARCH(\'{SourceCredential,service,ServerType} MetricName="DaysUntilExpiry" '
        "service=\"source-credential\"', 'Minimum', 86400)"
    )


def test_the_dashboard_shows_every_alarm_and_the_last_failures() -> None:
    """The alarms' states are at the top; the log's query reads the stack's own group, and what Lambda says there."""
    widgets = {widget["type"]: widget["properties"] for widget in _dashboard()}
    assert widgets["alarm"]["alarms"] == [f"<{name}.Arn>" for name in ALARMS]
    assert widgets["log"]["query"].startswith("SOURCE '<LogGroup>' | fields @timestamp, ")
    said_by_lambda = ("'Task timed out'", "'[ERROR]'", "'Runtime exited'")
    assert [words for words in said_by_lambda if f"@message like {words}" not in widgets["log"]["query"]] == []


def test_the_dashboard_has_no_gaps_and_no_overlaps() -> None:
    """The widgets fill the 24 columns, row by row."""
    cells = [
        (x, y)
        for widget in _dashboard()
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert set(cells) == {(x, y) for x in range(24) for y in range(max(y for _, y in cells) + 1)}


def test_the_dashboard_has_a_name_of_its_own_in_the_account() -> None:
    """Names are unique in all regions of an account, so it has the region."""
    assert Stack(TEMPLATE).properties("Dashboard")["DashboardName"] == "source-credential-eu-west-1"


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("aws-eusc", "eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
        ("aws-iso", "us-iso-east-1", None),
        ("aws-new", "new-east-1", None),
    ],
)
def test_an_output_leads_to_the_dashboard(partition: str, region: str, console: str | None) -> None:
    """In the console of its partition; where the console's address is not public, there is no output to lead astray."""
    url = Stack(TEMPLATE, where={"AWS::Partition": partition, "AWS::Region": region}).output("DashboardUrl")
    page = f"cloudwatch/home?region={region}#dashboards/dashboard/<Dashboard>"
    assert url == (f"https://{console}/{page}" if console else None)
