"""The functions: what they run on, what they know, and where their tables and logs are."""

import re

import pytest

from local.cloudformation_template import Stack
from local.ministack import PROJECT
from tests.template.stack import PERMISSIONS, REFRESH_PERMISSIONS, ROLES, TEMPLATE, statements


def test_the_table_of_owners_outlives_the_stack() -> None:
    """On demand, with point-in-time recovery, retained; two indexes with keys only; what is forgotten is another's."""
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        assert TEMPLATE["Resources"]["Bindings"][policy] == "Retain"
    table = Stack(TEMPLATE).properties("Bindings")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {"ByOwner", "BySecret"}
    assert Stack(TEMPLATE).properties("Requests")["TimeToLiveSpecification"] == {
        "AttributeName": "ExpiresAt",
        "Enabled": True,
    }


def test_the_function_knows_its_tables_and_its_external_id() -> None:
    """The names in its environment are those of the stack's own resources."""
    variables = Stack(TEMPLATE).properties("SourceCredentialFunction")["Environment"]["Variables"]
    assert (variables["BINDINGS_TABLE"], variables["REQUESTS_TABLE"]) == ("<Bindings>", "<Requests>")
    assert variables["EXTERNAL_ID"] == "source-credential"
    found = statements()
    assert found["RecordOwners"]["Resource"] == "<Bindings.Arn>"
    assert found["FindSlotsByOwner"]["Resource"] == "<Bindings.Arn>/index/ByOwner"
    assert found["RememberRequests"]["Resource"] == "<Requests.Arn>"
    others = statements("RefreshRole")
    assert others["KeepBindings"]["Resource"] == "<Bindings.Arn>"
    assert others["FindFollowers"]["Resource"] == "<Bindings.Arn>/index/BySecret"


def test_the_functions_differ_in_what_they_know_by_the_queue_and_whether_to_heal() -> None:
    """Both have the same environment, but for what only the one that refreshes needs."""
    stack = Stack(TEMPLATE, {"Heal": "false"})
    one, other = (stack.properties(name)["Environment"]["Variables"] for name in ROLES)
    assert other == {**one, "REFRESH_QUEUE_URL": "<RefreshQueue>", "HEAL": "false"}


def test_logs_and_dead_letters_go_to_the_stacks_own_resources() -> None:
    """The function writes to its own log group and its own dead-letter queue, the ones it is configured with."""
    found = statements()
    function = Stack(TEMPLATE).properties("SourceCredentialFunction")
    assert found["WriteLog"]["Resource"] == "<LogGroup.Arn>"
    assert function["LoggingConfig"]["LogGroup"] == "<LogGroup>"
    assert found["KeepUndeliveredAnswers"]["Resource"] == "<DeadLetterQueue.Arn>"
    assert function["DeadLetterQueue"]["TargetArn"] == "<DeadLetterQueue.Arn>"
    assert statements("RefreshRole")["WriteLog"]["Resource"] == "<LogGroup.Arn>"
    assert Stack(TEMPLATE).properties("RefreshFunction")["LoggingConfig"]["LogGroup"] == "<LogGroup>"


@pytest.mark.parametrize("name", ROLES)
def test_a_function_runs_python_3_13_on_arm64_unless_told_otherwise(name: str) -> None:
    """The runtime is python3.13 on arm64, and the parameter Architecture moves it to x86_64."""
    function = Stack(TEMPLATE).properties(name)
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    moved = Stack(TEMPLATE, {"Architecture": "x86_64"}).properties(name)
    assert moved["Architectures"] == ["x86_64"]


def test_the_artifact_carries_the_model_of_every_service_a_role_may_call() -> None:
    """handler/Makefile drops botocore's models except those of the services the function calls."""
    makefile = (PROJECT / "handler" / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert found
    others = {"WriteLog", "KeepUndeliveredAnswers", "DecryptSecrets"}  # what Lambda itself and Secrets Manager do
    both = (PERMISSIONS | REFRESH_PERMISSIONS).items()
    called = {sid: actions for sid, actions in both if sid not in others}
    assert set(found[1].split()) == {action.split(":")[0] for actions in called.values() for action in actions}
