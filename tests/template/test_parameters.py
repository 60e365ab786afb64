"""What can be chosen when the template is deployed, and what other stacks find."""

import re
import tomllib

import pytest

from local.cloudformation_template import Stack
from local.ministack import PROJECT
from tests.template.stack import CONNECTION, KMS_KEY, SECRET, TARGET_ROLE, TEMPLATE, TOPIC, statements


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
        ("KmsKeyArns", ["", KMS_KEY, KMS_KEY.replace("1234abcd", "mrk-")], ["*", "alias/mine", SECRET]),
        ("ConnectionArns", ["", CONNECTION, CONNECTION.replace("codec", "codestar-c")], ["*", SECRET]),
        (
            "TargetRoleArns",
            ["", TARGET_ROLE, TARGET_ROLE.replace("role/", "role/a/path/")],
            ["*", "role/target", SECRET],
        ),
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


ACCOUNT = "444455556666"
REGION_PART, ACCOUNT_PART = 3, 4  # of an ARN's, which are parted by colons


@pytest.mark.parametrize("parameter", ["SecretArns", "KmsKeyArns", "ConnectionArns"])
@pytest.mark.parametrize("wildcard", ["*", "?", "{}*", "*{}", "{}*{}", "{}?{}"])
def test_a_wildcard_may_stand_for_a_region_an_account_or_a_name(parameter: str, wildcard: str) -> None:
    """Or for a part of one, as each description promises. In another account its owner has to allow it as well."""
    pattern, description = (TEMPLATE["Parameters"][parameter][name] for name in ("AllowedPattern", "Description"))
    assert "with * or ? where a part" in description
    arn = {"SecretArns": SECRET, "KmsKeyArns": KMS_KEY, "ConnectionArns": CONNECTION}[parameter]
    parts = arn.split(":")
    for part in (REGION_PART, ACCOUNT_PART):
        half = len(parts[part]) // 2
        varied = [*parts]
        varied[part] = wildcard.format(parts[part][:half], parts[part][half:])
        assert re.search(pattern, ":".join(varied)), varied
    name = f"{parts[-1]}{wildcard.format('a', 'b')}"
    assert re.search(pattern, ":".join([*parts[:-1], name])), name


def test_the_whole_of_an_arn_may_be_left_open_but_not_the_service() -> None:
    """Whoever wants everything says so part by part: a lone * is more than it looks like."""
    everything = "arn:aws:secretsmanager:*:*:secret:*"
    pattern = TEMPLATE["Parameters"]["SecretArns"]["AllowedPattern"]
    assert re.search(pattern, everything)
    assert statements(SecretArns=everything)["ReadSecrets"]["Resource"] == [everything]
    for refused in (
        "*",
        "arn:aws:*",
        "arn:*:secretsmanager:*:*:secret:*",
        "arn:aws:*:*:*:secret:*",
        f"{everything}:x y",
    ):
        assert not re.search(pattern, refused), refused


@pytest.mark.parametrize("account", ["*", "44445555666?", "4444*", "????????????", ""])
def test_the_account_of_a_target_role_is_named(account: str) -> None:
    """A role of that name in an account that is not yours could trust the provider too. Its own name may vary."""
    pattern, description = (TEMPLATE["Parameters"]["TargetRoleArns"][key] for key in ("AllowedPattern", "Description"))
    assert not re.search(pattern, TARGET_ROLE.replace(ACCOUNT, account))
    for name in ("*", "source-credential-*", "team-?/target", "a/path/*"):
        assert re.search(pattern, f"arn:aws:iam::{ACCOUNT}:role/{name}"), name
    assert "Each names its account" in description


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
