"""The queues, and the events that reach them."""

import json

import pytest

from local.cloudformation_template import Stack
from source_credential.aws import sqs
from source_credential.slots.turn import MARGIN_SECONDS, TERM_SECONDS
from tests.template.stack import TEMPLATE, statements


@pytest.mark.parametrize(
    "name", [name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == "AWS::SQS::Queue"]
)
def test_every_queue_is_encrypted(name: str) -> None:
    """Events hold a presigned URL, and changes the names of secrets, so the queues that keep them are encrypted."""
    assert Stack(TEMPLATE).properties(name)["SqsManagedSseEnabled"] is True


def test_secrets_manager_itself_tells_of_changes() -> None:
    """The rule takes the event that needs no CloudTrail, whatever the label, and hands it over as it is."""
    rule = Stack(TEMPLATE).properties("SecretChangedRule")
    assert rule["EventPattern"] == {"source": ["aws.secretsmanager"], "detail-type": ["Secret Label Updated"]}
    kept = {"Arn": "<RefreshDeadLetterQueue.Arn>"}
    assert rule["Targets"] == [{"Id": "RefreshQueue", "Arn": "<RefreshQueue.Arn>", "DeadLetterConfig": kept}]


def test_the_schedule_asks_for_a_check_of_all() -> None:
    """The rule sends, as often as the parameter says, the message that messages.py knows."""
    rule = Stack(TEMPLATE, {"CheckSchedule": "rate(6 hours)"}).properties("CheckRule")
    ((target,), schedule) = (rule["Targets"], rule["ScheduleExpression"])
    assert (target["Arn"], schedule) == ("<RefreshQueue.Arn>", "rate(6 hours)")
    assert json.loads(target["Input"]) == {"check": "all"}


@pytest.mark.parametrize("queue", ["RefreshQueue", "RefreshDeadLetterQueue"])
def test_only_the_two_rules_may_send_to_a_queue(queue: str) -> None:
    """The queue's policy lets EventBridge send, and only for these two rules; the provider's own queue has none."""
    policies = [name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == "AWS::SQS::QueuePolicy"]
    assert policies == ["RefreshQueuePolicy", "RefreshDeadLetterQueuePolicy"]
    policy = Stack(TEMPLATE).properties(f"{queue}Policy")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Queues"] == [f"<{queue}>"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
    assert (statement["Principal"], statement["Resource"]) == (
        {"Service": "events.amazonaws.com"},
        f"<{queue}.Arn>",
    )
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": ["<SecretChangedRule.Arn>", "<CheckRule.Arn>"]}}


def test_a_message_that_fails_comes_again_and_is_kept_in_the_end() -> None:
    """Hidden for six times the function's limit, as Lambda's guide has it; given up after ten attempts, kept longest.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    stack = Stack(TEMPLATE)
    queue, kept = stack.properties("RefreshQueue"), stack.properties("RefreshDeadLetterQueue")
    assert queue["VisibilityTimeout"] == 6 * stack.properties("RefreshFunction")["Timeout"]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "<RefreshDeadLetterQueue.Arn>", "maxReceiveCount": 10}
    assert queue["MessageRetentionPeriod"] < kept["MessageRetentionPeriod"]  # which counts from when it was sent
    assert statements("RefreshRole")["WorkTheQueue"]["Resource"] == "<RefreshQueue.Arn>"


def test_a_message_is_not_given_up_while_a_run_that_died_keeps_its_slot_busy() -> None:
    """The waits between its attempts, each at its shortest, outlast the turn that nobody gives back."""
    attempts = Stack(TEMPLATE).properties("RefreshQueue")["RedrivePolicy"]["maxReceiveCount"]
    shortest = sqs._BUSY_DELAY // 2
    assert shortest == 15
    assert (attempts - 1) * shortest > TERM_SECONDS + MARGIN_SECONDS


def test_the_queue_is_read_message_by_message() -> None:
    """One that waits for a dead endpoint uses up no other's tries. RefreshConcurrency bounds how many are in work.

    What failed is told, not raised: a message that is to wait is no error of the function.
    """
    (event,) = Stack(TEMPLATE, {"RefreshConcurrency": "7"}).properties("RefreshFunction")["Events"].values()
    source = event["Properties"]
    assert (event["Type"], source["Queue"], source["BatchSize"]) == ("SQS", "<RefreshQueue.Arn>", 1)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": "7"}
    smallest = TEMPLATE["Parameters"]["RefreshConcurrency"]["MinValue"]
    assert smallest == 2  # Lambda's own
