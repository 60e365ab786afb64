"""What several unit tests stand on."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from source_credential.observability import logger
from tests.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of answers."""
    with Receiver() as running:
        yield running


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return all that goes to the log, of the provider and of every library it uses, at the levels they have set."""
    seen = io.StringIO()
    own = logger.registered_handler
    assert isinstance(own, logging.StreamHandler)
    everybodys = logging.StreamHandler(seen)
    before = own.setStream(seen)
    root = logging.getLogger()
    level = root.level
    root.addHandler(everybodys)
    yield seen
    root.removeHandler(everybodys)
    root.setLevel(level)
    own.setStream(before)


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


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str]) -> Emitted:
    """Return the metrics of the test."""
    return Emitted(capsys)
