"""The examples as they are written, and the role for another account among them.

tests/end_to_end/test_examples.py deploys them.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.cloudformation_template import Stack, load
from local.ministack import PROJECT
from source_credential.contract.properties import parse
from tests.template.stack import BOTH, CONNECTION, TARGET_ROLE, TEMPLATE, actions, by_sid

EXAMPLES = sorted((PROJECT / "examples").glob("*.yaml"))
TARGET_ROLE_TEMPLATE = load(PROJECT / "examples/target-account-role.yaml")
PROVIDER_ROLES = [f"arn:aws:iam::111122223333:role/source-credential-{name}" for name in ("Role", "RefreshRole")]
TARGET_PERMISSIONS = {sid: BOTH[sid] for sid in ("PutAndRemoveCredentials", "HandConnectionsOver")}
LOOP = "Fn::ForEach::"

OWN_SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:codebuild/project-github-AbCdEf"

# What the parameters without a default are given, and every further choice that an example has.
NEEDED = {
    "ConnectionArn": CONNECTION,
    "RepositoryUrl": "https://github.com/example/repository.git",
    "ServerUrl": "https://github.example.com",
    "TargetRoleArn": TARGET_ROLE,
}
CHOICES: Mapping[str, list[dict[str, str]]] = {
    "conditional": [{}, {"ConnectionArn": CONNECTION}],
    "github": [{}, {"SecretKey": "token"}, {"VerifyToken": "true"}],
    "project": [{"TokenIsStored": "true"}],
}
CHOSEN = [
    pytest.param(path, choice, id=f"{path.stem}-{number}")
    for path in EXAMPLES
    if "Custom::SourceCredential\n" in path.read_text(encoding="utf-8")
    for number, choice in enumerate(CHOICES.get(path.stem, [{}]))
]


def credentials(path: Path, choice: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the source credentials of an example, and each one's properties for a choice of parameters.

    Of a loop it is the body, with one region of those it goes through.
    """
    template = load(path)
    resources: dict[str, Any] = {}
    for name, definition in template["Resources"].items():
        resources |= definition[2] if name.startswith(LOOP) else {name: definition}
    parameters = template["Parameters"].items()
    needed = {name: NEEDED[name] for name, each in parameters if "Default" not in each and name in NEEDED}
    where = {"TargetRegion": "eu-central-1", "Secret": OWN_SECRET}
    for name, definition in resources.items():
        if definition["Type"] == "Custom::SourceCredential":
            stack = Stack({**template, "Resources": resources}, {**needed, **choice}, where=where)
            assert stack.makes(name)
            yield name, stack.properties(name)


@pytest.mark.parametrize(("path", "choice"), CHOSEN)
def test_an_example_asks_for_what_the_provider_accepts(path: Path, choice: dict[str, str]) -> None:
    """Each credential imports the default export, bounds the wait above the function's time limit, and parses."""
    slots = []
    for _, properties in credentials(path, choice):
        assert properties["ServiceToken"] == "<import SourceCredentialProvider>"
        assert properties["ServiceTimeout"] == 300
        assert TEMPLATE["Resources"]["SourceCredentialFunction"]["Properties"]["Timeout"] < properties["ServiceTimeout"]
        specification = parse({key: str(value) for key, value in properties.items()})
        assert specification.auth_type == properties["AuthType"]
        slots.append((specification.role_arn, specification.region, specification.server_type))
    assert len(set(slots)) == len(slots), "a slot is there twice"


def test_the_examples_show_every_auth_type() -> None:
    """Each of the four auth types has an example to copy, and each Git provider with properties of its own."""
    found = [each for path in EXAMPLES for _, each in credentials(path, CHOICES.get(path.stem, [{}])[-1])]
    assert {each["AuthType"] for each in found} == {
        *("PERSONAL_ACCESS_TOKEN", "BASIC_AUTH", "SECRETS_MANAGER", "CODECONNECTIONS")
    }
    assert {each["ServerType"] for each in found} == {"GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_what_it_needs_and_how_to_deploy_it(path: Path) -> None:
    """Its header has both, its parameters and outputs say what they are, and it has outputs."""
    header, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
    assert all(line.startswith("#") for line in header.splitlines())
    assert "Needs " in header
    assert f"examples/{path.name}" in header
    assert "aws cloudformation deploy --stack-name" in header
    template = load(path)
    assert template["Description"]
    outputs = template["Outputs"]
    assert all(each["Description"] for each in [*template["Parameters"].values(), *outputs.values()])


def test_the_list_of_examples_has_each_one_and_no_other() -> None:
    """Who looks into the folder finds in one line what to take."""
    listed = re.findall(r"\]\(([\w-]+\.yaml)\)", (PROJECT / "examples/README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in EXAMPLES]


def test_the_secret_of_the_project_has_no_value_in_its_template() -> None:
    """A value there would be written over a rotated token by a later deployment; and no parameter takes a token."""
    template = load(PROJECT / "examples/project.yaml")
    assert set(template["Resources"]["Secret"]["Properties"]) == {"Name", "Description"}
    assert not [name for name, each in template["Parameters"].items() if "NoEcho" in each]
    assert template["Resources"]["Project"]["DependsOn"] == "GitHub"
    assert template["Resources"]["GitHub"]["Properties"]["SecretId"] == {"Ref": "Secret"}


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
