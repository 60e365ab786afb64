"""What slows calls down for the benchmarks: the wire takes its time, and the CodeBuild server lets so many through."""

import time

import pytest
import urllib3

from local.codebuild_server import Bucket, CodeBuildServer
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


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_a_bucket_lets_the_rate_through_after_what_it_holds(rate: float) -> None:
    """It begins with what a second brings, and never holds more."""
    now = 0.0
    bucket = Bucket(rate, lambda: now)
    assert [bucket.take() for _ in range(int(rate) + 1)] == [*[True] * int(rate), False]
    now += 1 / rate
    assert [bucket.take(), bucket.take()] == [True, False]
    now += 100
    assert [bucket.take() for _ in range(int(rate) + 1)] == [*[True] * int(rate), False]
