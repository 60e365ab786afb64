"""What a run has written is read out of its log and its queues."""

from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws
from pictures.numbers import Number, Queues, of_functions, own
from tests.pictures.log import event


def _report(stream: str, seconds: float, milliseconds: int) -> dict[str, Any]:
    return event(
        stream, seconds, f"REPORT RequestId: id\tDuration: {milliseconds} ms\tBilled Duration: {milliseconds} ms"
    )


def test_the_functions_metrics_are_read_out_of_their_log() -> None:
    """Their own, in the embedded metric format; and Lambda's of each run, of whichever function it was."""
    directive = {"Namespace": "SourceCredential", "Dimensions": [["service"]], "Metrics": [{"Name": "Imports"}]}
    written = {"_aws": {"Timestamp": 2000, "CloudWatchMetrics": [directive]}, "service": "mine", "Imports": [1.0, 1.0]}
    log = [
        event("provider", 3, {"request_type": "Create"}),
        event("provider", 3, written),
        _report("provider", 3, 1500),
        event("provider", 9, "[ERROR] Runtime.ImportModuleError"),
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
    monkeypatch.setattr("local.stacks.Stacks.outputs", lambda *_: urls)
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
