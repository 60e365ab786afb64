"""The examples, and the role for another account among them."""

import re
from pathlib import Path

import pytest

from local.cloudformation_template import Stack, load
from local.ministack import PROJECT
from source_credential.contract.properties import parse
from tests.template.stack import BOTH, CONNECTION, TARGET_ROLE, TEMPLATE, actions, by_sid

TARGET_ROLE_TEMPLATE = load(PROJECT / "examples/target-account-role.yaml")
CONSUMERS = sorted(path for path in (PROJECT / "examples").glob("*.yaml") if path.name != "target-account-role.yaml")
PROVIDER_ROLES = [f"arn:aws:iam::111122223333:role/source-credential-{name}" for name in ("Role", "RefreshRole")]
TARGET_PERMISSIONS = {sid: BOTH[sid] for sid in ("PutAndRemoveCredentials", "HandConnectionsOver")}


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
    found = by_sid(Stack(TARGET_ROLE_TEMPLATE, {"ProviderRoleArns": PROVIDER_ROLES[0]}).properties("Role"))
    assert actions(found) == TARGET_PERMISSIONS
    assert found["PutAndRemoveCredentials"]["Resource"] == "*"
    assert found["HandConnectionsOver"]["Resource"] == [
        "arn:aws:codeconnections:*:111122223333:connection/*",
        "arn:aws:codestar-connections:*:111122223333:connection/*",
    ]
    parameters = {"ProviderRoleArns": PROVIDER_ROLES[0], "ConnectionArns": CONNECTION}
    bounded = by_sid(Stack(TARGET_ROLE_TEMPLATE, parameters).properties("Role"))
    assert bounded["HandConnectionsOver"]["Resource"] == [CONNECTION]


@pytest.mark.parametrize(
    ("parameter", "accepted", "refused"),
    [
        ("ProviderRoleArns", PROVIDER_ROLES, ["", "*", "arn:aws:iam::111122223333:root", "arn:aws:iam::*:role/any"]),
        ("ExternalId", ["source-credential"], ["", "x"]),
        ("RoleName", ["source-credential-target"], ["", "a/b", "a" * 65]),
        ("ConnectionArns", ["", CONNECTION], ["*", CONNECTION.replace("connection/", "host/")]),
    ],
)
def test_the_target_accounts_role_takes_good_values_and_refuses_bad_ones(
    parameter: str, accepted: list[str], refused: list[str]
) -> None:
    """Nobody is trusted by accident: not a whole account, and not without an external id."""
    pattern = TARGET_ROLE_TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in accepted if not re.search(pattern, value)] == []
    assert [value for value in refused if re.search(pattern, value)] == []
