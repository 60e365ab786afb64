"""Lambda's entry: to what is done about an event, or, where that cannot be loaded, to an answer that says so."""

import importlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from source_credential import custom_resource, handlers
from source_credential.cloudformation.life_cycle import CustomResource
from tests.invocation import Context, request
from tests.receiver import Receiver


@pytest.fixture
def _broken_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Load the entry anew where what it needs cannot be loaded."""
    monkeypatch.setitem(sys.modules, "source_credential.handlers", None)
    importlib.reload(custom_resource)
    yield
    monkeypatch.undo()
    importlib.reload(custom_resource)


def test_an_event_goes_to_the_resource(receiver: Receiver) -> None:
    """Which answers it."""
    assert custom_resource.resource is handlers.resource
    assert isinstance(custom_resource.resource, CustomResource)
    event = request(receiver, "Update", ResourceProperties={"ServerType": "GITEA"})
    with pytest.MonkeyPatch.context() as without_table:
        without_table.delenv("SLOTS_TABLE", raising=False)
        custom_resource.lambda_handler(event, Context())
    assert receiver.answer(event)["Status"] == "FAILED"


@pytest.mark.usefixtures("_broken_start")
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_start_that_fails_is_answered(receiver: Receiver, kind: str) -> None:
    """CloudFormation hears of it at once, not after its hour."""
    event = request(receiver, kind)
    custom_resource.lambda_handler(event, Context())
    assert "the function could not start (ModuleNotFoundError" in receiver.answer(event)["Reason"]


def test_what_answers_a_failed_start_needs_nothing_but_the_standard_library() -> None:
    """No library is loaded before what may fail is tried, and so none can keep the answer from being given."""
    code = """
import sys
sys.modules["source_credential.handlers"] = None
import source_credential.custom_resource
print(*sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"__main__"}))
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": "handler"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "source_credential"
