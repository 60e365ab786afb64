"""What can be chosen when the template is deployed, and what other stacks find."""

import re
import tomllib

import pytest

from local.cloudformation_template import Stack
from local.ministack import PROJECT
from tests.template.stack import CONNECTION, KMS_KEY, SECRET, TARGET_ROLE, TEMPLATE, TOPIC


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
        ("ExistingTableName", ["", "source-credential-Slots-1A2B3C", "a.b_c"], ["x", "a/b", SECRET, "a" * 256]),
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


def test_samconfig_belongs_to_no_account() -> None:
    """samconfig.toml deploys with the capability the template needs, and holds no account, region or profile."""
    text = (PROJECT / "samconfig.toml").read_text(encoding="utf-8")
    deploy = tomllib.loads(text)["default"]["deploy"]["parameters"]
    assert deploy["capabilities"] == "CAPABILITY_IAM"
    assert not deploy.keys() & {"region", "profile", "s3_bucket"}
    assert not re.search(r"\d{12}", text)
