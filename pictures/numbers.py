"""What the run wrote, handed over to the embedded CloudWatch, and asked for again as a dashboard asks for it.

CloudWatch takes the functions' own metrics out of their log, and has those of Lambda and SQS from these services. The
embedded one has none of them (MiniStack 1.5.33), so they are put there: out of the log's metric lines, of the lines in
which Lambda reports each run, and of the queues' own counts. The names of functions and queues are those by which
`local.cloudformation_template.Stack` shows them.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from local import provider
from local.embedded_aws import EmbeddedAws
from local.stacks import Stacks
from pictures.week import HOURS

QUEUES: Final = ("RefreshQueue", "RefreshDeadLetterQueue", "DeadLetterQueue")
_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_REPORT: Final = re.compile(r"REPORT RequestId: \S+\tDuration: ([\d.]+) ms")
_AT_ONCE: Final = 500  # numbers in a call; AWS takes 1,000


class Number(NamedTuple):
    """One number of a metric; `seconds` since the epoch."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    seconds: float
    value: float


class Queues:
    """Counts what the queues hold, each time it is told to."""

    def __init__(self, aws: EmbeddedAws) -> None:
        """Find the queues by the outputs of the provider's stack."""
        named = Stacks(aws).outputs(provider.STACK_NAME)
        self._client = aws.client("sqs")
        self._urls = {name: named[f"{name}Url"] for name in QUEUES}
        self._held_since: dict[str, float] = {}
        self.numbers: list[Number] = []

    def count(self, seconds: float) -> None:
        """Note what they hold now. A message's age is that since when its queue has not been empty."""
        for name, url in self._urls.items():
            held = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
            visible, hidden = (int(held[count]) for count in _COUNTS)
            since = self._held_since.setdefault(name, seconds)
            if not visible + hidden:
                since = self._held_since[name] = seconds
            dimensions = (("QueueName", f"<{name}.QueueName>"),)
            self.numbers += [
                Number("AWS/SQS", "ApproximateNumberOfMessagesVisible", dimensions, seconds, visible),
                Number("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", dimensions, seconds, hidden),
                Number("AWS/SQS", "ApproximateAgeOfOldestMessage", dimensions, seconds, seconds - since),
            ]


def own(log: Sequence[Mapping[str, Any]]) -> Iterator[Number]:
    """Yield the metrics in the log's lines.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    for event in log:
        if not event["message"].startswith('{"_aws"'):
            continue
        line = json.loads(event["message"])
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple((name, line[name]) for name in sorted(names))
                for metric in directive["Metrics"]:
                    values = line[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        seconds = line["_aws"]["Timestamp"] / 1000
                        yield Number(directive["Namespace"], metric["Name"], dimensions, seconds, value)


def of_functions(log: Sequence[Mapping[str, Any]]) -> Iterator[Number]:
    """Yield Lambda's metrics of each run. A stream is one function's; the provider's has requests in it."""
    runs = defaultdict[str, list[tuple[float, float, bool]]](list)
    streams = defaultdict[str, list[Mapping[str, Any]]](list)
    for event in log:
        streams[event["logStreamName"]].append(event)
    for events in streams.values():
        is_provider = any('"request_type"' in event["message"] for event in events)
        failed = False
        for event in events:
            failed = failed or "[ERROR]" in event["message"] or "Task timed out" in event["message"]
            if report := _REPORT.match(event["message"]):
                end, milliseconds = event["timestamp"] / 1000, float(report[1])
                name = "SourceCredentialFunction" if is_provider else "RefreshFunction"
                runs[name].append((end - milliseconds / 1000, end, failed))
                failed = False
    for name, ended in runs.items():
        dimensions = (("FunctionName", f"<{name}>"),)
        for begin, end, failed in ended:
            at_once = sum(other < end and begin < until for other, until, _ in ended)
            yield Number("AWS/Lambda", "Errors", dimensions, begin, int(failed))
            yield Number("AWS/Lambda", "Throttles", dimensions, begin, 0)  # the embedded Lambda throttles nobody
            yield Number("AWS/Lambda", "Duration", dimensions, begin, 1000 * (end - begin))
            yield Number("AWS/Lambda", "ConcurrentExecutions", dimensions, begin, at_once)


def hand_over(aws: EmbeddedAws, numbers: Sequence[Number]) -> None:
    """Put numbers into the embedded CloudWatch."""
    client = aws.client("cloudwatch")
    by_namespace = defaultdict[str, list[dict[str, Any]]](list)
    for number in numbers:
        by_namespace[number.namespace].append(
            {
                "MetricName": number.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in number.dimensions],
                "Timestamp": datetime.fromtimestamp(number.seconds, UTC),
                "Value": number.value,
            }
        )
    for namespace, data in by_namespace.items():
        for begin in range(0, len(data), _AT_ONCE):
            client.put_metric_data(Namespace=namespace, MetricData=data[begin : begin + _AT_ONCE])


class Asked(NamedTuple):
    """What a dashboard or an alarm asks of CloudWatch; the period in seconds of the run."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str
    period: int


def points(aws: EmbeddedAws, asked: Asked, begin: float) -> list[tuple[float, float]]:
    """Return the statistic of each period of the week that has numbers: seconds from `begin`, and value."""
    metric = {
        "Namespace": asked.namespace,
        "MetricName": asked.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in asked.dimensions],
    }
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {"Id": "asked", "MetricStat": {"Metric": metric, "Period": asked.period, "Stat": asked.stat}}
        ],
        StartTime=datetime.fromtimestamp(begin, UTC),
        EndTime=datetime.fromtimestamp(begin + HOURS, UTC),
        ScanBy="TimestampAscending",
    )
    [found] = answer["MetricDataResults"]
    times = [moment.timestamp() - begin for moment in found["Timestamps"]]
    return sorted(zip(times, found["Values"], strict=True))


def dimensions_of(aws: EmbeddedAws, namespace: str, name: str, keys: set[str]) -> list[tuple[tuple[str, str], ...]]:
    """Return the dimensions of each metric that has exactly these keys, as a search of CloudWatch's finds them."""
    pages = aws.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=namespace, MetricName=name)
    found = [
        tuple((each["Name"], each["Value"]) for each in metric["Dimensions"])
        for page in pages
        for metric in page["Metrics"]
    ]
    return sorted(dimensions for dimensions in found if {key for key, _ in dimensions} == keys)
