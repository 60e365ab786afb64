"""The commands of docs/operations.md that let dead letters run again, as they stand there."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from local import provider
from local.ministack import PROJECT
from local.wire import Wire
from tests.end_to_end.conftest import Cloud
from tests.end_to_end.test_rotation import until
from tests.end_to_end.test_stacks import ARN, FIRST, GITHUB, sha256

PAGE = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
# The AWS CLI of this folder, version 1, knows SQS by an endpoint of its own, whatever the environment says.
TO_SQS = 'aws() { if [ "$1" = sqs ]; then command aws --endpoint-url "$SQS" "$@"; else command aws "$@"; fi; }\n'
NAMES, *_ = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)  # what all commands of the page take the names from


def commands(section: str) -> str:
    """Return the shell commands of a section, which is to have one block of them."""
    text = PAGE.partition(f"\n### {section}\n")[2].partition("\n##")[0]
    [block] = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return str(block)


@pytest.fixture
def wire(cloud: Cloud) -> Iterator[Wire]:
    """Return the way to SQS, with the calls that MiniStack lacks.

    Without a destination a message goes back to the queue that it came from, and these were put in by hand, as
    EventBridge does it: they have none, and stay.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
    """
    sqs: Any = cloud.aws.client("sqs")

    def url(arn: str) -> str:
        return str(sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])

    def start(asked: dict[str, str]) -> object:
        source = url(asked["SourceArn"])
        while "DestinationArn" in asked and (found := sqs.receive_message(QueueUrl=source).get("Messages")):
            sqs.send_message(QueueUrl=url(asked["DestinationArn"]), MessageBody=found[0]["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=found[0]["ReceiptHandle"])
        return {"TaskHandle": "1"}

    def list_tasks(_asked: dict[str, str]) -> object:
        return {"Results": [{"Status": "COMPLETED"}]}

    answers = {"StartMessageMoveTask": start, "ListMessageMoveTasks": list_tasks}
    with Wire(cloud.aws.ministack.url, answers) as running:
        yield running


def test_what_eventbridge_itself_put_among_the_dead_letters_runs_again(cloud: Cloud, wire: Wire) -> None:
    """A message that has never been in another queue goes to the queue of the refresh function, and is handled."""
    cloud.put_secret("codebuild/github", FIRST)
    assert cloud.deploy("redriven", {"GitHub": GITHUB}) == "CREATE_COMPLETE"
    cloud.aws.codebuild.slots.delete_source_credentials("us-east-1", {"arn": f"{ARN}github"})
    cloud.aws.client("sqs").send_message(
        QueueUrl=cloud.outputs(provider.STACK_NAME)["RefreshDeadLetterQueueUrl"],
        MessageBody=json.dumps({"check": {"slot": "000000000000/us-east-1/GITHUB"}}),
    )
    done = subprocess.run(
        ["/bin/sh", "-euc", TO_SQS + NAMES + commands("RefreshDeadLettersAlarm")],
        env={**provider.command_environment(cloud.aws), "SQS": wire.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert wire.calls.count("StartMessageMoveTask") == 1
    assert "COMPLETED" in done.stdout
    until(lambda: cloud.slots() == {"GITHUB": sha256(FIRST)})
    cloud.delete("redriven")
