"""What slows calls down for the benchmarks: the wire takes its time, and the CodeBuild server lets so many through."""

import time

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.retries.bucket import Clock

from local.codebuild_server import CodeBuildServer
from local.wire import Wire


def test_a_call_takes_as_long_as_it_is_told_to() -> None:
    """Measured where it is made, and told where it is slowed; its name is the operation's, or the path's."""
    with CodeBuildServer(seconds=0.02) as server, Wire(server.url, seconds=0.05) as wire:
        begin = time.monotonic()
        answer = urllib3.request("PUT", f"{wire.url}/_local/answers/one", body=b"{}", retries=False)
        assert time.monotonic() - begin >= 0.05
    assert answer.status == 200
    assert server.answers == {"one": {}}
    [call] = wire.answered
    assert call.name == "/_local/answers/one"
    assert call.seconds >= 0.05


def test_calls_above_the_rate_are_throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a second brings is let through at once, and never more, however long nobody called."""
    now = 0.0
    monkeypatch.setattr(Clock, "current_time", lambda _clock: now)
    with CodeBuildServer(rate=2) as server:
        now = 100.0
        assert [_is_throttled(server) for _ in range(3)] == [False, False, True]
        now += 0.5
        assert [_is_throttled(server) for _ in range(2)] == [False, True]
    assert server.throttled == 2


def _is_throttled(server: CodeBuildServer) -> bool:
    codebuild = boto3.client(
        "codebuild", endpoint_url=server.url, config=Config(retries={"total_max_attempts": 1, "mode": "standard"})
    )
    try:
        codebuild.list_source_credentials()
    except ClientError as error:
        return error.response["Error"]["Code"] == "ThrottlingException"
    return False
