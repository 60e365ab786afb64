"""CONTRIBUTING's tour of the code: each step is there, and is entered in this order."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded_aws import EXAMPLE_SECRETS, EmbeddedAws
from local.emulator import environment
from local.ministack import PROJECT
from tests.receiver import Receiver

PAGE = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CODE = PROJECT / "handler/source_credential"
STEP = re.compile(r"^[0-9]+\. \[([\w/]+\.py)\]\(handler/source_credential/([\w/]+\.py)\), `([\w.]+)`: ", re.MULTILINE)

# Runs an event in a process of its own, and prints each function of ours as it is entered.
WALK = """
import importlib, json, sys

class Context:
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:provider"
    log_group_name = log_stream_name = aws_request_id = "tour"

    def get_remaining_time_in_millis(self):
        return 60000

def note(frame, kind, _):
    code = frame.f_code
    if kind == "call" and code.co_filename.startswith(folder):
        print("ENTERED", code.co_filename.removeprefix(folder), code.co_qualname, flush=True)

folder, entry, event = sys.argv[1:]
module = importlib.import_module(f"source_credential.{entry}")
sys.setprofile(note)
module.lambda_handler(json.loads(event), Context())
sys.setprofile(None)
"""


def walks() -> list[list[tuple[str, str]]]:
    """Return the tour's steps, file and function: those of the Create, those of the rotation."""
    tour = PAGE.partition("## A tour")[2].partition("## How\n")[0]
    assert len(re.findall(r"^[0-9]+\. ", tour, re.MULTILINE)) == len(STEP.findall(tour))
    assert [shown for shown, linked, _ in STEP.findall(tour) if shown != linked] == []
    create, _, rotation = tour.partition("\nWeeks later")
    return [[(file, name) for file, _, name in STEP.findall(part)] for part in (create, rotation)]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """Start an embedded AWS that holds what the events speak of."""
    with EmbeddedAws() as running:
        for name, value in EXAMPLE_SECRETS.items():
            running.client("secretsmanager").create_secret(Name=name, SecretString=value)
        running.create_table_and_queue()
        yield running


def entered(aws: EmbeddedAws, entry: str, event: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the functions that an event enters, in their order."""
    done = subprocess.run(
        [sys.executable, "-c", WALK, f"{CODE}/", entry, json.dumps(event)],
        env={**os.environ, **environment(aws), "PYTHONPATH": str(CODE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("ENTERED ")]
    return [(file, name) for _, file, name in lines]


def missing(tour: list[tuple[str, str]], walk: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the steps of the tour that the walk does not come by after the step before."""
    left = iter(walk)
    return [step for step in tour if step not in left]


def test_both_walks_go_where_the_tour_says(aws: EmbeddedAws) -> None:
    """A Create, answered with success; then a new version of its secret, which is imported."""
    create, rotation = walks()
    assert (len(create), len(rotation)) == (22, 13)
    created = json.loads((PROJECT / "events/cloudformation/create-personal-access-token.json").read_text())
    with Receiver() as receiver:
        created["ResponseURL"] = f"{receiver.url}/answer"
        assert missing(create, entered(aws, "custom_resource", created)) == []
        assert receiver.answer(created)["Status"] == "SUCCESS"
    version = aws.client("secretsmanager").put_secret_value(SecretId="codebuild/github", SecretString=f"ghp_{'1' * 36}")
    told = json.loads((PROJECT / "events/rotation/secret-label-updated.json").read_text())
    [record] = told["Records"]
    record["body"] = json.dumps({**json.loads(record["body"]), "resources": [version["ARN"]]})
    before = aws.codebuild.credentials()
    assert missing(rotation, entered(aws, "refresh", told)) == []
    assert aws.codebuild.credentials() != before


def test_a_tour_that_is_out_of_order_is_found() -> None:
    """So that the test above can fail."""
    walk = [("a.py", "one"), ("a.py", "two"), ("b.py", "three"), ("a.py", "two")]
    assert missing([("a.py", "one"), ("b.py", "three"), ("a.py", "two")], walk) == []
    assert missing([("b.py", "three"), ("a.py", "one")], walk) == [("a.py", "one")]
    assert missing([("a.py", "gone")], walk) == [("a.py", "gone")]


@pytest.mark.parametrize(("file", "name"), sorted({step for walk in walks() for step in walk}))
def test_each_step_is_there(file: str, name: str) -> None:
    """The file, and in it the function, or the class and its method."""
    text = (CODE / file).read_text(encoding="utf-8")
    for part in name.split("."):
        assert re.search(rf"^ *(def|class) {part}\b", text, re.MULTILINE)
