"""What template.yaml, the examples and samconfig.toml promise to those who deploy them."""

import re
import tomllib
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from source_credential.properties import parse
from tests.contract.cloudformation_template import Stack, load

ROOT = Path(__file__).parents[2]
TEMPLATE = load(ROOT / "template.yaml")
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

SECRET = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:other-account-??????"
KMS_KEY = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONNECTION = "arn:aws:codeconnections:eu-west-1:111122223333:connection/aEXAMPLE-8aad-4d5d-8878-dfcab0bc441f"

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
    "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "KeepUndeliveredAnswers": {"sqs:SendMessage"},
}


def statements(**parameters: str) -> dict[str, dict[str, Any]]:
    """Return the statements of the function's role by Sid, for these parameters of the template."""
    (policy,) = Stack(TEMPLATE, parameters).properties("Role")["Policies"]
    found = {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}
    assert len(found) == len(policy["PolicyDocument"]["Statement"])
    return found


def as_list(value: Any) -> list[str]:
    """Return what IAM lets be a string or a list as a list."""
    return value if isinstance(value, list) else [value]


def test_the_role_allows_the_actions_that_are_needed_and_no_other() -> None:
    """The function's role holds exactly the actions listed here, each allowed, and no managed policy."""
    role = Stack(TEMPLATE).properties("Role")
    found = statements(KmsKeyArns=KMS_KEY)
    assert {sid: set(as_list(statement["Action"])) for sid, statement in found.items()} == PERMISSIONS
    assert {statement["Effect"] for statement in found.values()} == {"Allow"}
    assert "ManagedPolicyArns" not in role


def test_only_lambda_assumes_the_role() -> None:
    """Nobody but the Lambda service can take on the function's role."""
    (statement,) = Stack(TEMPLATE).properties("Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_every_action_is_an_operation_of_its_service() -> None:
    """An action of the role is spelt as the operation of the API that it allows."""
    session = botocore.session.get_session()
    for action in set().union(*PERMISSIONS.values()):
        service, operation = action.split(":")
        assert operation in session.get_service_model(service).operation_names, action


def test_only_codebuild_is_allowed_on_every_resource() -> None:
    """The one statement that names no resources is the one whose actions know none."""
    found = statements(KmsKeyArns=KMS_KEY)
    assert [sid for sid, statement in found.items() if "*" in as_list(statement["Resource"])] == [
        "PutAndRemoveCredentials"
    ]


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
        ("LogGroup", "KmsKeyId", "LogKmsKeyArn", KMS_KEY),
    ],
)
def test_an_optional_parameter_sets_its_property_or_leaves_it_out(
    resource: str, property_name: str, parameter: str, value: str
) -> None:
    """Left empty, an optional parameter leaves the property out; given, it becomes the property."""
    assert property_name not in Stack(TEMPLATE).properties(resource)
    assert Stack(TEMPLATE, {parameter: value}).properties(resource)[property_name] == value


def test_the_function_runs_python_3_13_on_arm64_unless_told_otherwise() -> None:
    """The runtime is python3.13 on arm64, and the parameter Architecture moves it to x86_64."""
    function = Stack(TEMPLATE).properties("SourceCredentialFunction")
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    moved = Stack(TEMPLATE, {"Architecture": "x86_64"}).properties("SourceCredentialFunction")
    assert moved["Architectures"] == ["x86_64"]


def test_the_dead_letter_queue_is_encrypted() -> None:
    """Events hold a presigned URL, so the queue that keeps them is encrypted."""
    assert Stack(TEMPLATE).properties("DeadLetterQueue")["SqsManagedSseEnabled"] is True


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


def test_the_artifact_carries_the_model_of_every_service_the_role_may_call() -> None:
    """handler/Makefile drops botocore's models except those of the services the function calls."""
    makefile = (ROOT / "handler" / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert found
    called = ("PutAndRemoveCredentials", "ReadSecrets", "LookAtConnections")
    assert set(found[1].split()) == {
        action.split(":")[0] for sid in called for action in as_list(statements()[sid]["Action"])
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_asks_for_what_the_provider_accepts(path: Path) -> None:
    """Each example imports the default export, bounds the wait above the function's time limit, and parses."""
    template = load(path)
    needed = {name: CONNECTION for name, definition in template["Parameters"].items() if "Default" not in definition}
    stack = Stack(template, needed)
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
    shown = {resource["Properties"]["AuthType"] for path in EXAMPLES for resource in load(path)["Resources"].values()}
    assert shown == {"PERSONAL_ACCESS_TOKEN", "BASIC_AUTH", "SECRETS_MANAGER", "CODECONNECTIONS"}


def test_samconfig_belongs_to_no_account() -> None:
    """samconfig.toml deploys with the capability the template needs, and holds no account, region or profile."""
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    deploy = tomllib.loads(text)["default"]["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert not deploy.keys() & {"region", "profile", "s3_bucket"}
    assert not re.search(r"\d{12}", text)
