"""A function that cannot start still answers: with the standard library alone, and one FAILED that says so."""

import json
import socket
import time
from typing import Any

import pytest

from source_credential.cloudformation.request import NotACustomResourceEvent
from source_credential.cloudformation.start_failure import StartFailure, Unanswerable
from tests.cloudformation.handlers import SECRET
from tests.fakes import raising
from tests.invocation import Context, request
from tests.receiver import Receiver


def failed() -> StartFailure:
    """Return what stands in for a function whose start raised something that says too much."""
    with pytest.raises(ImportError) as caught:
        raising(ImportError(SECRET))(None, None)
    return StartFailure(caught.value)


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_every_request_is_answered_with_its_own_ids(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """At once, and without the exception's text, neither in the answer nor in the log."""
    event = request(receiver, kind)
    failed()(event, Context())
    reason = receiver.answer(event)["Reason"]
    assert reason.startswith("Provider: the function could not start (ImportError). Its log says where.")
    started, answered = map(json.loads, capsys.readouterr().out.splitlines())
    assert (started["level"], started["error_type"]) == ("ERROR", "ImportError")
    assert started["frames"][-1].endswith(" fail")
    assert (answered["RequestId"], answered["status"]) == (event["RequestId"], "FAILED")
    assert SECRET not in json.dumps([reason, started, answered])
    assert "presigned" not in json.dumps([reason, started, answered])


def test_of_a_library_that_is_missing_the_name_is_told() -> None:
    """That is what the reader needs, and it is no secret."""
    error = ModuleNotFoundError("No module named 'crhelper'", name="crhelper")
    assert "could not start (ModuleNotFoundError: crhelper)" in StartFailure(error).reason
    assert "could not start (ModuleNotFoundError)" in StartFailure(ModuleNotFoundError()).reason


def test_an_answer_that_is_refused_is_delivered_in_the_end(receiver: Receiver) -> None:
    """An error status, a redirect and a connection that breaks off are tried again."""
    receiver.statuses = [503, 0, 307, 403]
    event = request(receiver)
    failed()(event, Context())
    assert receiver.answer(event)["Status"] == "FAILED"
    assert set(receiver.paths) == {"/answer?Signature=presigned"}


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (None, "status 403"),
        ("http://127.0.0.1:1/answer?Signature=presigned", "ConnectionRefusedError"),
        ("https://127.0.0.1:1", "ConnectionRefusedError"),
        ("http://[presigned", "ValueError"),
        ("https:presigned", "rror"),
    ],
)
def test_an_answer_nobody_takes_makes_lambda_run_the_event_again(
    receiver: Receiver, url: str | None, problem: str
) -> None:
    """The exception that leaves the function says so, and holds no URL."""
    receiver.statuses = [403] * 50
    event = {**request(receiver), **({"ResponseURL": url} if url else {})}
    with pytest.raises(Unanswerable, match=problem) as caught:
        failed()(event, Context(1.2))
    assert "presigned" not in repr(caught.value)


def test_an_endpoint_that_does_not_answer_is_given_up_before_the_time_is_up() -> None:
    """So that the function ends by itself, and Lambda runs the event again."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/answer"
        event = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l", "ResponseURL": url}
        begin = time.monotonic()
        with pytest.raises(Unanswerable, match="TimeoutError"):
            failed()(event, Context(2.5))
        assert time.monotonic() - begin < 2.5


def test_a_url_is_asked_for_as_it_stands(receiver: Receiver) -> None:
    """Without a query, too: nothing is put behind it."""
    failed()({**request(receiver), "ResponseURL": f"{receiver.url}/answer"}, Context())
    assert receiver.paths == ["/answer"]


@pytest.mark.parametrize("strange", [None, [], "text", {}, {"ResponseURL": "http://127.0.0.1:1"}])
def test_an_event_that_is_not_cloudformations_has_nobody_to_answer(strange: Any) -> None:
    """As with a function that has started."""
    with pytest.raises(NotACustomResourceEvent):
        failed()(strange, Context())
