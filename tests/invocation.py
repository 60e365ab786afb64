"""An invocation as a function sees it: Lambda's context, CloudFormation's event; and its log and metrics."""

import io
import json
import time
from typing import Any

import pytest

from tests.fakes import credential_arn
from tests.receiver import Receiver

ARN = credential_arn("GITHUB")


class Context:
    """Lambda's context, with a clock that runs."""

    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:provider"
    log_group_name = "/aws/lambda/provider"
    log_stream_name = "2026/11/24/stream"
    aws_request_id = "lambda-request"

    def __init__(self, seconds: float = 30) -> None:
        """Start with this much time left."""
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""
        return int(1000 * (self._end - time.monotonic()))


def request(receiver: Receiver, kind: str = "Create", **more: Any) -> dict[str, Any]:
    """Return an event of CloudFormation's."""
    event: dict[str, Any] = {
        "RequestType": kind,
        "ResponseURL": f"{receiver.url}/answer?Signature=presigned",
        "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/consumer/1",
        "RequestId": "11111111-2222-3333-4444-555555555555",
        "LogicalResourceId": "GitHub",
        "ResourceType": "Custom::SourceCredential",
        "ResourceProperties": {},
        **({} if kind == "Create" else {"PhysicalResourceId": ARN}),
    }
    return {**event, **more}


class Emitted:
    """The metrics that were written, as CloudWatch reads them from the log: Embedded Metric Format."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Look at standard output."""
        self._capsys = capsys
        self.text = ""

    def lines(self) -> list[dict[str, Any]]:
        """Return what was written since the last call, one object a line."""
        text = self._capsys.readouterr().out
        self.text += text
        return [line for line in map(json.loads, text.splitlines()) if "_aws" in line]

    def metrics(self) -> list[dict[str, list[float]]]:
        """Return the metrics of each line, by name, having checked that all are the provider's."""
        found = []
        for line in self.lines():
            [directive] = line["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "SourceCredential"
            assert line["service"] == "source-credential"
            found.append({metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]})
        return found


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """Return the provider's own lines of the log."""
    return [json.loads(line) for line in log.getvalue().splitlines() if line.startswith("{")]
