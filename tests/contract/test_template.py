"""What template.yaml, the examples and samconfig.toml promise to those who deploy them."""

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from local.cloudformation_template import Stack, load
from source_credential import observability
from source_credential.contract.properties import parse

ROOT = Path(__file__).parents[2]
TEMPLATE = load(ROOT / "template.yaml")
TARGET_ROLE_TEMPLATE = load(ROOT / "examples/target-account-role.yaml")
CONSUMERS = sorted(path for path in (ROOT / "examples").glob("*.yaml") if path.name != "target-account-role.yaml")

SECRET = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:other-account-??????"
KMS_KEY = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/aEXAMPLE-8aad-4d5d-8878-dfcab0bc441f"

TARGET_ROLE = "arn:aws:iam::444455556666:role/source-credential-target"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"

PROVIDER_ROLES = [f"arn:aws:iam::111122223333:role/source-credential-{name}" for name in ("Role", "RefreshRole")]

# The functions, and each one's role and permissions by Sid.
ROLES = {"SourceCredentialFunction": "Role", "RefreshFunction": "RefreshRole"}

PERMISSIONS = {
    "PutAndRemoveCredentials": {
        "codebuild:DeleteSourceCredentials",
        "codebuild:ImportSourceCredentials",
        "codebuild:ListSourceCredentials",
    },
    "ReadSecrets": {"secretsmanager:GetSecretValue"},
    "DecryptSecrets": {"kms:Decrypt"},
    "LookAtConnections": {
        "codeconnections:GetConnection",
        "codestar-connections:GetConnection",
    },
    "RecordOwners": {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"},
    "FindSlotsByOwner": {"dynamodb:Query"},
    "RememberRequests": {
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
    },
    "AssumeTargetRoles": {"sts:AssumeRole"},
    "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "KeepUndeliveredAnswers": {"sqs:SendMessage"},
}


REFRESH_PERMISSIONS = {
    "PutAndRemoveCredentials": {
        "codebuild:DeleteSourceCredentials",
        "codebuild:ImportSourceCredentials",
        "codebuild:ListSourceCredentials",
    },
    "ReadSecrets": {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
    "DecryptSecrets": {"kms:Decrypt"},
    "LookAtConnections": {
        "codeconnections:GetConnection",
        "codestar-connections:GetConnection",
    },
    "KeepBindings": {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"},
    "FindFollowers": {"dynamodb:Query"},
    "WorkTheQueue": {
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    },
    "AssumeTargetRoles": {"sts:AssumeRole"},
    "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
}

TARGET_PERMISSIONS = {
    "PutAndRemoveCredentials": PERMISSIONS["PutAndRemoveCredentials"],
    "LookAtConnections": PERMISSIONS["LookAtConnections"],
}

ALARMS = [name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == "AWS::CloudWatch::Alarm"]

both_roles = pytest.mark.parametrize("role", ROLES.values())


def statements(role: str = "Role", **parameters: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a function's role by Sid, for these parameters of the template."""
    return _by_sid(Stack(TEMPLATE, parameters).properties(role))


def _by_sid(role: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (policy,) = role["Policies"]
    found = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    assert len(found) == len(policy["PolicyDocument"]["Statement"])
    return found


def _actions(found: dict[str, dict[str, Any]]) -> dict[str, set[str]]:
    assert {statement["Effect"] for statement in found.values()} == {"Allow"}
    return {sid: set(as_list(statement["Action"])) for sid, statement in found.items()}


def as_list(value: Any) -> list[str]:
    """Return what IAM lets be a string or a list as a list."""
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(("role", "permissions"), [("Role", PERMISSIONS), ("RefreshRole", REFRESH_PERMISSIONS)])
def test_a_role_allows_the_actions_that_are_needed_and_no_other(role: str, permissions: dict[str, set[str]]) -> None:
    """A function's role holds exactly the actions listed here, each allowed, and no managed policy."""
    assert _actions(statements(role, KmsKeyArns=KMS_KEY, TargetRoleArns=TARGET_ROLE)) == permissions
    assert "ManagedPolicyArns" not in Stack(TEMPLATE).properties(role)


@pytest.mark.parametrize(("function", "role"), ROLES.items())
def test_each_function_has_its_role_which_only_lambda_assumes(function: str, role: str) -> None:
    """Nobody but the Lambda service can take on a function's role."""
    assert Stack(TEMPLATE).properties(function)["Role"] == f"<{role}.Arn>"
    (statement,) = Stack(TEMPLATE).properties(role)["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_every_action_is_an_operation_of_its_service() -> None:
    """An action of a role is spelt as the operation of the API that it allows."""
    session = botocore.session.get_session()
    for action in set().union(*PERMISSIONS.values(), *REFRESH_PERMISSIONS.values()):
        service, operation = action.split(":")
        assert operation in session.get_service_model(service).operation_names, action


@both_roles
def test_only_codebuild_is_allowed_on_every_resource(role: str) -> None:
    """The one statement that names no resources is the one whose actions know none."""
    found = statements(role, KmsKeyArns=KMS_KEY, TargetRoleArns=TARGET_ROLE)
    assert [sid for sid, statement in found.items() if "*" in as_list(statement["Resource"])] == [
        "PutAndRemoveCredentials"
    ]


@both_roles
def test_the_parameters_open_the_same_for_both_roles(role: str) -> None:
    """What one function may read and assume, the other may too: what was imported can be imported again."""
    parameters = {
        "SecretArns": SECRET,
        "KmsKeyArns": KMS_KEY,
        "ConnectionArns": CONNECTION,
        "TargetRoleArns": TARGET_ROLE,
    }
    for given in ({}, parameters):
        opened = {
            sid: (statement["Resource"], statement.get("Condition"))
            for sid, statement in statements(role, **given).items()
            if sid in {"ReadSecrets", "DecryptSecrets", "LookAtConnections", "AssumeTargetRoles"}
        }
        assert opened == {
            sid: (statement["Resource"], statement.get("Condition"))
            for sid, statement in statements("Role", **given).items()
            if sid in opened
        }
        assert len(opened) == (4 if given else 2)


def test_by_default_secrets_under_codebuild_may_be_read() -> None:
    """Without parameters the provider reads the secrets under codebuild/ of its account and region, by no KMS key."""
    found = statements()
    assert as_list(found["ReadSecrets"]["Resource"]) == [
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:codebuild/*"
    ]
    assert "DecryptSecrets" not in found


def test_secret_arns_replace_the_default() -> None:
    """SecretArns names all the secrets that may be read, also those of another account."""
    second = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mine*"
    assert statements(SecretArns=f"{SECRET}, {second}")["ReadSecrets"]["Resource"] == [SECRET, second]


def test_kms_keys_are_used_through_secrets_manager_only() -> None:
    """KmsKeyArns lets the role decrypt with those keys, and only when Secrets Manager asks."""
    statement = statements(KmsKeyArns=KMS_KEY)["DecryptSecrets"]
    assert statement["Resource"] == [KMS_KEY]
    assert statement["Condition"] == {"StringLike": {"kms:ViaService": "secretsmanager.*.amazonaws.com*"}}


def test_by_default_no_role_may_be_assumed() -> None:
    """TargetRoleArns names the roles of other accounts; left empty there is no statement at all."""
    assert "AssumeTargetRoles" not in statements()
    assert statements(TargetRoleArns=TARGET_ROLE)["AssumeTargetRoles"]["Resource"] == [TARGET_ROLE]


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


def test_connections_default_to_those_of_the_account_and_region() -> None:
    """Without ConnectionArns every connection of the account and region may be used, by either name of the service."""
    assert statements()["LookAtConnections"]["Resource"] == [
        "arn:aws:codeconnections:eu-west-1:111122223333:connection/*",
        "arn:aws:codestar-connections:eu-west-1:111122223333:connection/*",
    ]
    assert statements(ConnectionArns=CONNECTION)["LookAtConnections"]["Resource"] == [CONNECTION]


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


@pytest.mark.parametrize(
    ("resource", "property_name", "parameter", "value"),
    [
        ("SourceCredentialFunction", "ReservedConcurrentExecutions", "ReservedConcurrency", "5"),
        (
            "Role",
            "PermissionsBoundary",
            "PermissionsBoundaryArn",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
        (
            "RefreshRole",
            "PermissionsBoundary",
            "PermissionsBoundaryArn",
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
        ("LogGroup", "KmsKeyId", "LogKmsKeyArn", KMS_KEY),
    ],
)
def test_an_optional_parameter_sets_its_property_or_leaves_it_out(
    resource: str, property_name: str, parameter: str, value: str
) -> None:
    """Left empty, an optional parameter leaves the property out; given, it becomes the property."""
    assert property_name not in Stack(TEMPLATE).properties(resource)
    assert Stack(TEMPLATE, {parameter: value}).properties(resource)[property_name] == value


@pytest.mark.parametrize("name", ROLES)
def test_a_function_runs_python_3_13_on_arm64_unless_told_otherwise(name: str) -> None:
    """The runtime is python3.13 on arm64, and the parameter Architecture moves it to x86_64."""
    function = Stack(TEMPLATE).properties(name)
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    moved = Stack(TEMPLATE, {"Architecture": "x86_64"}).properties(name)
    assert moved["Architectures"] == ["x86_64"]


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
    """The rule sends, as often as the parameter says, the message that refresh.py knows."""
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
    """Hidden for six times the function's limit, as Lambda's guide has it; given up after five attempts, kept longest.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    stack = Stack(TEMPLATE)
    queue, kept = stack.properties("RefreshQueue"), stack.properties("RefreshDeadLetterQueue")
    assert queue["VisibilityTimeout"] >= 6 * stack.properties("RefreshFunction")["Timeout"]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": "<RefreshDeadLetterQueue.Arn>", "maxReceiveCount": 5}
    assert queue["MessageRetentionPeriod"] < kept["MessageRetentionPeriod"]  # which counts from when it was sent
    assert statements("RefreshRole")["WorkTheQueue"]["Resource"] == "<RefreshQueue.Arn>"


def test_the_queue_is_read_in_batches_of_which_only_what_failed_comes_again() -> None:
    """The event source is the queue, and RefreshConcurrency bounds how many batches are worked at once."""
    (event,) = Stack(TEMPLATE, {"RefreshConcurrency": "7"}).properties("RefreshFunction")["Events"].values()
    source = event["Properties"]
    assert (event["Type"], source["Queue"]) == ("SQS", "<RefreshQueue.Arn>")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": "7"}
    smallest = TEMPLATE["Parameters"]["RefreshConcurrency"]["MinValue"]
    assert smallest == 2  # Lambda's own


def _written_metrics() -> set[str]:
    """Return the names of all metrics in the source of the handler."""
    names = set()
    for path in (ROOT / "handler/source_credential").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in {"count", "measure_seconds"}:
                    name = node.args[0]
                    chosen = [name.body, name.orelse] if isinstance(name, ast.IfExp) else [name]
                    names |= {one.value for one in chosen if isinstance(one, ast.Constant)}
                elif node.func.id == "measure_expiry":
                    names.add("DaysUntilExpiry")
    return {str(name) for name in names}


def test_metrics_are_where_the_alarms_and_the_dashboard_look(capsys: pytest.CaptureFixture[str]) -> None:
    """The namespace and dimensions are those the code writes, in CloudWatch's embedded metric format."""
    observability.count("Refreshes")
    observability.measure_seconds("SecondsToImport", 1.5)
    observability.measure_expiry(12.0, "GITHUB")
    observability.metrics.flush_metrics()
    written = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                for dimensions in directive["Dimensions"]:
                    written.add((directive["Namespace"], metric["Name"], *sorted(f"{d}={line[d]}" for d in dimensions)))
    service = "service=source-credential"
    assert written == {
        ("SourceCredential", "Refreshes", service),
        ("SourceCredential", "SecondsToImport", service),
        ("SourceCredential", "DaysUntilExpiry", service),
        ("SourceCredential", "DaysUntilExpiry", "ServerType=GITHUB", service),
    }


def _queue_metrics() -> set[str]:
    """Return SQS's metrics that are used here.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    }


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_a_metric_that_exists_and_says_what_happened(name: str) -> None:
    """Its metric is written, its silence is good, and its description is a sentence and a section of operations.md."""
    alarm = Stack(TEMPLATE).properties(name)
    if alarm["Namespace"] == "AWS/SQS":
        ((dimension,), known) = (alarm["Dimensions"], _queue_metrics())
        assert re.fullmatch(r"<\w+Queue\.QueueName>", dimension["Value"])
        assert dimension["Name"] == "QueueName"
    else:
        assert alarm["Namespace"] == "SourceCredential"
        assert alarm["Dimensions"] == [{"Name": "service", "Value": "source-credential"}]
        known = _written_metrics()
    assert alarm["MetricName"] in known
    assert alarm["TreatMissingData"] == "notBreaching"
    sentence, page = alarm["AlarmDescription"].rsplit(" ", 1)
    assert re.fullmatch(r"[A-Z].+\.", sentence)
    assert page == f"docs/operations.md#{name.lower()}"
    assert f"\n### {name}\n" in (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def test_the_alarms_watch_what_goes_wrong() -> None:
    """Each metric with its statistic and threshold, and which queues; requests that failed are the deployer's."""
    stack = Stack(TEMPLATE, {"ExpiryWarningDays": "30"})
    watched = {
        (
            alarm["MetricName"],
            alarm["Statistic"],
            alarm["ComparisonOperator"].removesuffix("ThanThreshold"),
            str(alarm["Threshold"]),
            alarm["Dimensions"][0]["Value"],
        )
        for alarm in map(stack.properties, ALARMS)
    }
    visible, service = "ApproximateNumberOfMessagesVisible", "source-credential"
    assert watched == {
        ("RefreshFailures", "Sum", "Greater", "0", service),
        ("Unhealed", "Sum", "Greater", "0", service),
        ("DaysUntilExpiry", "Minimum", "Less", "30", service),
        (visible, "Maximum", "Greater", "0", "<DeadLetterQueue.QueueName>"),
        (visible, "Maximum", "Greater", "0", "<RefreshDeadLetterQueue.QueueName>"),
        ("ApproximateAgeOfOldestMessage", "Maximum", "Greater", "1800", "<RefreshQueue.QueueName>"),
    }


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_lasts_until_the_next_measurement(name: str) -> None:
    """What is measured once a day alarms for longer than a day, so that it does not go out in between.

    CloudWatch looks back over seven days at the most, and over one day where a period is shorter than an hour.
    """
    alarm = Stack(TEMPLATE).properties(name)
    window = alarm["Period"] * alarm["EvaluationPeriods"]
    assert window <= (604_800 if alarm["Period"] >= 3600 else 86_400)
    if alarm["MetricName"] in {"Unhealed", "DaysUntilExpiry"}:
        assert window >= 86_400 + 900 + 3600  # a check is spread over 900 seconds, and windows begin at no exact time
        assert alarm["DatapointsToAlarm"] == 1


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_tell_the_topic_if_there_is_one(name: str) -> None:
    """Left empty, AlarmTopicArn leaves alarms that only show; given, they tell it when they begin and when they end."""
    assert not {"AlarmActions", "OKActions"} & Stack(TEMPLATE).properties(name).keys()
    alarm = Stack(TEMPLATE, {"AlarmTopicArn": TOPIC}).properties(name)
    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([TOPIC], [TOPIC])


def _dashboard(**parameters: str) -> list[dict[str, Any]]:
    dashboard = json.loads(Stack(TEMPLATE, parameters).properties("Dashboard")["DashboardBody"])
    widgets = dashboard["widgets"]
    assert isinstance(widgets, list)
    return widgets


def test_the_dashboard_shows_only_metrics_that_exist() -> None:
    """Each metric is written by the code, with its dimension, or is one of a queue or function of the stack."""
    shown = [
        row for widget in _dashboard() for row in widget["properties"].get("metrics", []) if isinstance(row[0], str)
    ]
    lambda_metrics = {"ConcurrentExecutions", "Duration", "Errors", "Throttles"}
    functions = {f"<{name}>" for name in ROLES}
    for namespace, metric, dimension, value, options in shown:
        match namespace:
            case "SourceCredential":
                assert metric in _written_metrics()
                assert (dimension, value) == ("service", "source-credential")
            case "AWS/SQS":
                assert metric in _queue_metrics()
                assert re.fullmatch(r"<(Refresh)?(DeadLetter)?Queue\.QueueName>", value)
            case _:
                assert (namespace, metric in lambda_metrics, value in functions) == ("AWS/Lambda", True, True)
        assert options["label"]
        assert options["stat"]
    of_code = {row[1] for row in shown if row[0] == "SourceCredential"}
    assert of_code == _written_metrics() - {"Requests", "DaysUntilExpiry"}


def test_the_dashboard_shows_days_until_expiry_by_server_type_against_the_alarm() -> None:
    """One line for each server type there is, and the parameter as a line across."""
    widget = next(w for w in _dashboard(ExpiryWarningDays="30") if "annotations" in w["properties"])
    assert widget["properties"]["annotations"]["horizontal"][0]["value"] == 30
    (((search,),),) = (widget["properties"]["metrics"],)
    assert search["expression"] == (
        'SEARCH(\'{SourceCredential,service,ServerType} MetricName="DaysUntilExpiry" '
        "service=\"source-credential\"', 'Minimum', 86400)"
    )


def test_the_dashboard_shows_every_alarm_and_the_last_failures() -> None:
    """The alarms' states are at the top; the log's query reads the stack's own group."""
    widgets = {widget["type"]: widget["properties"] for widget in _dashboard()}
    assert widgets["alarm"]["alarms"] == [f"<{name}.Arn>" for name in ALARMS]
    assert widgets["log"]["query"].startswith("SOURCE '<LogGroup>' | fields @timestamp, message, slot, ")


def test_the_dashboard_has_no_gaps_and_no_overlaps() -> None:
    """The widgets fill the 24 columns, row by row."""
    cells = [
        (x, y)
        for widget in _dashboard()
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert set(cells) == {(x, y) for x in range(24) for y in range(max(y for _, y in cells) + 1)}


def test_the_dashboard_is_found() -> None:
    """Its name has the region, because names are unique in all regions of an account; an output leads to it."""
    stack = Stack(TEMPLATE)
    assert stack.properties("Dashboard")["DashboardName"] == "source-credential-eu-west-1"
    url = stack.evaluate(TEMPLATE["Outputs"]["DashboardUrl"])["Value"]
    assert url.endswith("/cloudwatch/home?region=eu-west-1#dashboards/dashboard/<Dashboard>")


def test_other_stacks_find_the_function_by_export_and_by_ssm_parameter() -> None:
    """The export and the SSM parameter hold the function's ARN, under names the parameters choose."""
    stack = Stack(TEMPLATE, {"ExportName": "Mine", "ProviderArnParameterName": "/mine/arn"})
    export = stack.evaluate(TEMPLATE["Outputs"]["ServiceToken"])
    parameter = stack.properties("ProviderArnParameter")
    assert (export["Value"], export["Export"]["Name"]) == ("<SourceCredentialFunction.Arn>", "Mine")
    assert (parameter["Value"], parameter["Name"]) == ("<SourceCredentialFunction.Arn>", "/mine/arn")


def test_the_export_and_the_ssm_parameter_have_the_documented_names() -> None:
    """By default the export is SourceCredentialProvider and the SSM parameter /source-credential/provider-arn."""
    assert TEMPLATE["Parameters"]["ExportName"]["Default"] == "SourceCredentialProvider"
    assert TEMPLATE["Parameters"]["ProviderArnParameterName"]["Default"] == "/source-credential/provider-arn"


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_every_parameter_explains_itself(name: str) -> None:
    """Each parameter has a default, a description, a place in the console's form, and words for a refused value."""
    parameter = TEMPLATE["Parameters"][name]
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [member for group in groups for member in group["Parameters"]].count(name) == 1
    assert parameter["Description"]
    assert "Default" in parameter
    assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter)


@pytest.mark.parametrize(
    ("parameter", "accepted", "refused"),
    [
        ("SecretArns", ["", SECRET, SECRET.replace("aws", "aws-us-gov", 1)], ["*", "codebuild/github", KMS_KEY]),
        ("KmsKeyArns", ["", KMS_KEY], ["*", "alias/mine", SECRET]),
        ("ConnectionArns", ["", CONNECTION, CONNECTION.replace("codec", "codestar-c")], ["*", SECRET]),
        ("TargetRoleArns", ["", TARGET_ROLE, TARGET_ROLE.replace("target", "*")], ["*", "role/target", SECRET]),
        ("ServerUrlHosts", ["", "github.example.com", "10.0.0.1"], ["https://github.example.com", "a/b"]),
        ("ExternalId", ["", "source-credential", "a:b/c"], ["x", "with space"]),
        ("CheckSchedule", ["rate(1 day)", "cron(0 6 * * ? *)"], ["", "1 day", "at(2026-01-01T00:00:00)"]),
        ("AlarmTopicArn", ["", TOPIC, TOPIC.replace("aws", "aws-cn", 1)], ["*", "alarms", SECRET, f"{TOPIC}.fifo"]),
        ("ExportName", ["SourceCredentialProvider", "team-a:provider"], ["", "with space", "a" * 256]),
        ("ProviderArnParameterName", ["/source-credential/provider-arn"], ["", "relative", "/with space"]),
        ("PermissionsBoundaryArn", ["", "arn:aws:iam::111122223333:policy/team/boundary"], ["*", "boundary"]),
        ("LogKmsKeyArn", ["", KMS_KEY], ["*", "alias/mine"]),
    ],
)
def test_a_parameter_takes_good_values_and_refuses_bad_ones(
    parameter: str, accepted: list[str], refused: list[str]
) -> None:
    """Each pattern accepts what it describes and refuses what would deploy but not work, or allow too much."""
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in accepted if not re.search(pattern, value)] == []
    assert [value for value in refused if re.search(pattern, value)] == []


def test_a_token_is_warned_of_in_time() -> None:
    """ExpiryWarningDays is two weeks, and can be anything from a day to the year that the longest tokens live."""
    parameter = TEMPLATE["Parameters"]["ExpiryWarningDays"]
    assert (parameter["Type"], parameter["Default"]) == ("Number", 14)
    assert (parameter["MinValue"], parameter["MaxValue"]) == (1, 365)


def test_the_artifact_carries_the_model_of_every_service_a_role_may_call() -> None:
    """handler/Makefile drops botocore's models except those of the services the function calls."""
    makefile = (ROOT / "handler" / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert found
    others = {"WriteLog", "KeepUndeliveredAnswers", "DecryptSecrets"}  # what Lambda itself and Secrets Manager do
    both = (PERMISSIONS | REFRESH_PERMISSIONS).items()
    called = {sid: actions for sid, actions in both if sid not in others}
    assert set(found[1].split()) == {action.split(":")[0] for actions in called.values() for action in actions}


@pytest.mark.parametrize("path", CONSUMERS, ids=lambda path: path.stem)
def test_an_example_asks_for_what_the_provider_accepts(path: Path) -> None:
    """Each example imports the default export, bounds the wait above the function's time limit, and parses."""
    template = load(path)
    values = {"ConnectionArn": CONNECTION, "TargetRoleArn": TARGET_ROLE}
    needed = {name for name, definition in template["Parameters"].items() if "Default" not in definition}
    stack = Stack(template, {name: values[name] for name in needed})
    ((logical_id, resource),) = template["Resources"].items()
    properties = stack.properties(logical_id)
    assert resource["Type"] == "Custom::SourceCredential"
    assert properties["ServiceToken"] == "<import SourceCredentialProvider>"
    assert TEMPLATE["Resources"]["SourceCredentialFunction"]["Properties"]["Timeout"] < properties["ServiceTimeout"]
    assert template["Outputs"]["CredentialArn"]["Value"] in ({"Ref": logical_id}, {"Fn::GetAtt": [logical_id, "Arn"]})
    specification = parse({key: str(value) for key, value in properties.items()})
    assert specification.auth_type == properties["AuthType"]


def test_the_examples_show_every_auth_type() -> None:
    """Each of the four auth types has an example to copy."""
    shown = {resource["Properties"]["AuthType"] for path in CONSUMERS for resource in load(path)["Resources"].values()}
    assert shown == {"PERSONAL_ACCESS_TOKEN", "BASIC_AUTH", "SECRETS_MANAGER", "CODECONNECTIONS"}


def test_the_target_accounts_role_trusts_both_functions_with_the_external_id() -> None:
    """Only the provider's two roles assume it, and only with the external id, by default the provider's default."""
    role = Stack(TARGET_ROLE_TEMPLATE, {"ProviderRoleArns": ",".join(PROVIDER_ROLES)}).properties("Role")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
    assert statement["Principal"] == {"AWS": PROVIDER_ROLES}
    assert statement["Condition"] == {
        "StringEquals": {"sts:ExternalId": TEMPLATE["Parameters"]["ExternalId"]["Default"]}
    }


def test_the_target_accounts_role_allows_what_is_done_there_and_no_more() -> None:
    """CodeBuild's source credentials and a look at the account's own connections; secrets are read by the provider."""
    found = _by_sid(Stack(TARGET_ROLE_TEMPLATE, {"ProviderRoleArns": PROVIDER_ROLES[0]}).properties("Role"))
    assert _actions(found) == TARGET_PERMISSIONS
    assert found["PutAndRemoveCredentials"]["Resource"] == "*"
    assert found["LookAtConnections"]["Resource"] == [
        "arn:aws:codeconnections:*:111122223333:connection/*",
        "arn:aws:codestar-connections:*:111122223333:connection/*",
    ]


@pytest.mark.parametrize(
    ("parameter", "accepted", "refused"),
    [
        ("ProviderRoleArns", PROVIDER_ROLES, ["", "*", "arn:aws:iam::111122223333:root", "arn:aws:iam::*:role/any"]),
        ("ExternalId", ["source-credential"], ["", "x"]),
        ("RoleName", ["source-credential-target"], ["", "a/b", "a" * 65]),
    ],
)
def test_the_target_accounts_role_takes_good_values_and_refuses_bad_ones(
    parameter: str, accepted: list[str], refused: list[str]
) -> None:
    """Nobody is trusted by accident: not a whole account, and not without an external id."""
    pattern = TARGET_ROLE_TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in accepted if not re.search(pattern, value)] == []
    assert [value for value in refused if re.search(pattern, value)] == []


def test_samconfig_belongs_to_no_account() -> None:
    """samconfig.toml deploys with the capability the template needs, and holds no account, region or profile."""
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    deploy = tomllib.loads(text)["default"]["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert not deploy.keys() & {"region", "profile", "s3_bucket"}
    assert not re.search(r"\d{12}", text)
