"""The functions: what they run on, what they know, and where their tables and logs are."""

import pytest

import build
from local.cloudformation_template import Stack
from local.ministack import PROJECT
from source_credential.cloudformation import life_cycle
from source_credential.slots import delete, turns
from source_credential.slots.turn import MARGIN_SECONDS, TERM_SECONDS
from tests.template.stack import PERMISSIONS, REFRESH_PERMISSIONS, ROLES, TEMPLATE, statements


def test_the_table_outlives_the_stack_but_not_a_first_deployment_that_fails() -> None:
    """Without it every credential belongs to nobody; one that was never used would only be in the way."""
    assert TEMPLATE["Resources"]["Slots"]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert TEMPLATE["Resources"]["Slots"]["UpdateReplacePolicy"] == "Retain"


def test_the_table_has_what_the_adapters_ask_of_it() -> None:
    """On demand, with point-in-time recovery; its index is sparse, with keys only; what has ExpiresAt is forgotten."""
    table = Stack(TEMPLATE).properties("Slots")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ExpiresAt", "Enabled": True}
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
        ("Subject", "HASH"),
        ("What", "RANGE"),
    ]
    [index] = table["GlobalSecondaryIndexes"]
    assert index == {
        "IndexName": "BySecret",
        "KeySchema": [{"AttributeName": "FollowedSecret", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


EXISTING = "the-table_that.was"


@pytest.mark.parametrize(
    ("parameters", "name", "arn"),
    [
        ({}, "<Slots>", "<Slots.Arn>"),
        (
            {"ExistingTableName": EXISTING},
            EXISTING,
            f"arn:aws:dynamodb:eu-west-1:111122223333:table/{EXISTING}",
        ),
    ],
    ids=["its own", "an existing one"],
)
def test_both_functions_work_on_the_stacks_table_or_on_an_existing_one(
    parameters: dict[str, str], name: str, arn: str
) -> None:
    """The name in the environment, what the roles allow, and what the stack's output tells, go together."""
    stack = Stack(TEMPLATE, parameters)
    for function, role in ROLES.items():
        assert stack.properties(function)["Environment"]["Variables"]["SLOTS_TABLE"] == name
        assert statements(role, **parameters)["KeepTheTable"]["Resource"] == arn
    assert statements("RefreshRole", **parameters)["FindFollowers"]["Resource"] == f"{arn}/index/BySecret"
    assert stack.evaluate(TEMPLATE["Outputs"]["TableName"])["Value"] == name
    assert stack.makes("Slots") is not bool(parameters)


def test_a_stack_that_makes_no_table_speaks_of_none() -> None:
    """CloudFormation refuses a reference to what is not made. Whatever else the template has is in every stack."""
    stack = Stack(TEMPLATE, {"ExistingTableName": EXISTING})
    made = [stack.properties(name) for name in TEMPLATE["Resources"] if stack.makes(name)]
    assert "<Slots" not in str((made, stack.evaluate(TEMPLATE["Outputs"])))
    conditional = {name for name, resource in TEMPLATE["Resources"].items() if "Condition" in resource}
    assert conditional == {"Slots"}
    assert all(Stack(TEMPLATE).makes(name) for name in TEMPLATE["Resources"])


def test_the_function_knows_its_external_id() -> None:
    """It is the parameter's, by default one that the target accounts' role knows."""
    for external_id, parameters in (("source-credential", {}), ("mine", {"ExternalId": "mine"})):
        variables = Stack(TEMPLATE, parameters).properties("SourceCredentialFunction")["Environment"]["Variables"]
        assert variables["EXTERNAL_ID"] == external_id


def test_a_create_is_expected_for_as_long_as_lambda_keeps_its_event() -> None:
    """A Delete that was faster ends it; what comes later is another Create."""
    kept = Stack(TEMPLATE).properties("SourceCredentialFunction")["EventInvokeConfig"]
    assert kept["MaximumEventAgeInSeconds"] == delete._EVENT_AGE_SECONDS == 3600


@pytest.mark.parametrize("name", ROLES)
def test_who_waits_for_a_turn_outlives_a_holder_that_died(name: str) -> None:
    """The time limit is longer than two turns: one that is waited for, and one to work in."""
    timeout = Stack(TEMPLATE).properties(name)["Timeout"]
    assert timeout == 130
    assert timeout > 2 * (TERM_SECONDS + MARGIN_SECONDS)
    assert timeout - (TERM_SECONDS + MARGIN_SECONDS) - life_cycle._RESERVE_SECONDS > turns._LEFT_FOR_WORK_SECONDS


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
    """The runtime is python3.13 on arm64, as the build has it; the parameter Architecture moves it to x86_64."""
    function = Stack(TEMPLATE).properties(name)
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    assert "\nRUNTIME := 3.13\n" in (PROJECT / "handler/Makefile").read_text(encoding="utf-8")
    moved = Stack(TEMPLATE, {"Architecture": "x86_64"}).properties(name)
    assert moved["Architectures"] == ["x86_64"]


def test_the_artifact_carries_the_model_of_every_service_a_role_may_call() -> None:
    """The services that the code names are those of the policies; tests/runtime holds that their models ship."""
    others = {"WriteLog", "KeepUndeliveredAnswers", "DecryptSecrets"}  # what Lambda itself and Secrets Manager do
    both = (PERMISSIONS | REFRESH_PERMISSIONS).items()
    called = {sid: actions for sid, actions in both if sid not in others}
    assert set(build.services_called()) == {action.split(":")[0] for actions in called.values() for action in actions}
