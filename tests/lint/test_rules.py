"""What the rules do beside finding: configuration, being left out, bounds, and templates that are not whole."""

import json
import re
from copy import deepcopy
from typing import Any, Final
from unittest.mock import Mock

import pytest
import yaml
from cfnlint.conditions import conditions
from cfnlint.decode import decode_str
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import source_credential_lint
from local.ministack import PROJECT
from source_credential.contract.attributes import Attributes
from source_credential.contract.schema import SCHEMA
from tests.lint.linting import lint, templates
from tests.test_records import CLAIM

GITHUB: Final = {
    "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
    "ServiceTimeout": 300,
    "ServerType": "GITHUB",
    "AuthType": "PERSONAL_ACCESS_TOKEN",
    "SecretId": "codebuild/github",
}
TOKEN: Final = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"


def of(properties: Any, kind: str = "Custom::SourceCredential", **others: Any) -> str:
    """Return a template with one resource."""
    return json.dumps({"Resources": {"R": {"Type": kind, "Properties": properties}}, **others})


def ids(template: str, *arguments: str) -> list[str]:
    """Return the ids of the rules that find something."""
    return [each.rule for each in lint(template, *arguments)]


def test_other_names_for_the_provider_can_be_configured() -> None:
    """A provider's stack can be deployed with another export and another parameter."""
    custom = "AWS::CloudFormation::CustomResource"
    by_export = of({"ServiceToken": {"Fn::ImportValue": "team-a-provider"}, "ServiceTimeout": 300}, custom)
    by_parameter = of({"ServiceToken": "{{resolve:ssm:/team-a/provider}}", "ServiceTimeout": 300}, custom)
    configured = ("--configure-rule", "E9501:exports=team-a-provider", "E9501:parameters=/team-a/provider")
    assert ids(by_export) == ids(by_parameter) == []
    assert ids(by_export, *configured) == ids(by_parameter, *configured) == ["E9501", "E9501"]


def test_a_rule_can_be_left_out_for_a_resource_and_for_all() -> None:
    """In the template's metadata, in the resource's, and on the command line; the others stay."""
    wrong = {**GITHUB, "SecretKey": TOKEN, "Region": "Frankfurt"}
    assert ids(of(wrong)) == ["E9501", "E9502"]
    assert ids(of(wrong), "--ignore-checks", "E9501") == ["E9502"]
    assert ids(of(wrong, Metadata={"cfn-lint": {"config": {"ignore_checks": ["E9502"]}}})) == ["E9501"]
    metadata = {"cfn-lint": {"config": {"ignore_checks": ["E9501"]}}}
    template = {"Resources": {"R": {"Type": "Custom::SourceCredential", "Properties": wrong, "Metadata": metadata}}}
    assert ids(json.dumps(template)) == ["E9502"]


def test_a_finding_leads_to_the_property_itself() -> None:
    """An editor underlines the line that is to be changed."""
    [found] = lint(of({**GITHUB, "VerifyToken": {"Fn::If": ["IsIt", "perhaps", True]}}))
    assert found.path[:4] == ("Resources", "R", "Properties", "VerifyToken")


@pytest.mark.parametrize("path", templates("wrong"), ids=lambda path: path.stem)
def test_no_token_is_repeated(path: Any) -> None:
    """A finding is shown in logs of pipelines."""
    text = path.read_text(encoding="utf-8")
    secrets = re.findall(r"ghp_\w+|github_pat_\w+|glpat-\w+|\b[0-9a-f]{40}\b", text)
    assert not [each for each in lint(text) if any(secret in each.message for secret in secrets)]


def test_as_many_combinations_as_there_are_they_end() -> None:
    """Nothing is said of what goes together where there are too many ways, and it does not take for ever."""
    names = [f"P{number}" for number in range(12)]
    parameters = {name: {"Type": "String", "AllowedValues": [f"{n}" for n in range(20)]} for name in names}
    others = {name: {"Ref": parameter} for name, parameter in zip(sorted(SCHEMA["properties"]), names, strict=False)}
    found = lint(of({**others, **GITHUB, "ServerType": "GITLAB"}, Parameters=parameters))
    assert found
    assert len(found) < 200


def test_many_resources_with_many_conditions_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two resources only what says which slot they are for is looked at together, and only where that can meet."""
    asked = Mock(wraps=conditions.satisfiable)
    monkeypatch.setattr(conditions, "satisfiable", asked)
    names = [f"C{number}" for number in range(12)]
    resources = {
        f"R{number}": {
            "Type": "Custom::SourceCredential",
            "Condition": names[number % 12],
            "Properties": {
                **GITHUB,
                "SecretId": {"Fn::If": [names[(number + 1) % 12], "a", "b"]},
                "SecretKey": {"Fn::If": [names[(number + 2) % 12], "a", {"Ref": "AWS::NoValue"}]},
                "Region": {"Ref": f"P{number % 12}"},
            },
        }
        for number in range(24)
    }
    template = {
        "Parameters": {f"P{number}": {"Type": "String"} for number in range(12)},
        "Conditions": {name: {"Fn::Equals": [{"Ref": f"P{at}"}, "x"]} for at, name in enumerate(names)},
        "Resources": resources,
    }
    assert ids(json.dumps(template)) == ["W9506"] * 12
    assert asked.call_count < 1000


def test_a_right_combination_is_found_among_many_that_are_wrong() -> None:
    """Parameters that decide nothing do not stand in the way: the last auth type is the one that is right."""
    parameters = {
        "Auth": {"Type": "String", "AllowedValues": ["PERSONAL_ACCESS_TOKEN", "BASIC_AUTH", "CODECONNECTIONS"]},
        "Place": {"Type": "String", "AllowedValues": [f"eu-west-{number}" for number in range(60)]},
        "Time": {"Type": "String", "AllowedValues": [f"{number}" for number in range(60)]},
    }
    mapping = {f"row{number}": {"Type": "BITBUCKET"} for number in range(70)}
    right = {
        **{name: GITHUB[name] for name in ("ServiceToken", "ServiceTimeout")},
        "ServerType": "GITLAB",
        "AuthType": {"Ref": "Auth"},
        "Region": {"Ref": "Place"},
        "Trigger": {"Ref": "Time"},
        "ConnectionArn": "arn:aws:codeconnections:eu-central-1:111122223333:connection/aaaa-bbbb",
    }
    assert lint(of(right, Parameters=parameters)) == []
    wrong = {
        **right,
        "AuthType": "BASIC_AUTH",
        "ServerType": {"Fn::FindInMap": ["M", {"Ref": "AWS::StackName"}, "Type"]},
    }
    assert ids(of(wrong, Parameters=parameters, Mappings={"M": mapping})) == ["E9501", "E9501"]


def test_a_key_that_is_known_in_part_leads_to_some_rows_only() -> None:
    """What no deployment can come to is not told."""
    rows = {"a-test": {"Id": "codebuild/a"}, "b-test": {"Id": "codebuild/b:token"}, "c-prod": {"Id": "arn:"}}
    secret = {"Fn::FindInMap": ["M", {"Fn::Sub": "${AWS::StackName}-test"}, "Id"]}
    [found] = lint(of({**GITHUB, "SecretId": secret}, Mappings={"M": rows}))
    assert found.path == ("Mappings", "M", "b-test", "Id")


def test_what_can_be_asked_for_is_what_is_answered() -> None:
    """The lint knows the attributes from where the answer is made."""
    assert list(Attributes._fields) == list(CLAIM.attributes)
    asked = {name: {"Value": {"Fn::GetAtt": ["R", name]}} for name in Attributes._fields}
    assert lint(of(GITHUB, Outputs=asked)) == []
    assert ids(of(GITHUB, Outputs={"O": {"Value": {"Fn::GetAtt": "R.arn"}}})) == ["E9504"]


def test_the_page_has_every_rule() -> None:
    """With its id, its level and what it finds, in the rules' own words."""
    page = (PROJECT / "docs/lint.md").read_text(encoding="utf-8")
    for name in source_credential_lint.__all__:
        rule = getattr(source_credential_lint, name)()
        assert f"| `{rule.id}` | {rule.severity} | {rule.description}" in page
    assert len(re.findall(r"^\| `[EWI]95\d\d` \|", page, flags=re.MULTILINE)) == len(source_credential_lint.__all__)


PLAIN: Final = [
    decode_str(path.read_text(encoding="utf-8"))[0]
    for path in [*templates("right"), *templates("wrong")]
    if "Transform" not in path.read_text(encoding="utf-8")
]
JUNK: Final[list[Any]] = [
    None,
    [],
    {},
    "",
    "x",
    5,
    True,
    [[]],
    {"Ref": "x"},
    {"Ref": []},
    {"Fn::If": ["a"]},
    {"Fn::Sub": [1, 2]},
]


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every node."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in _places(value, (*path, key)))]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), junk=st.sampled_from(JUNK))
def test_a_template_that_is_not_whole_stops_nothing(data: st.DataObject, junk: Any) -> None:
    """Somebody is typing it: our rules find what they can, and do not fail."""
    template = json.loads(json.dumps(data.draw(st.sampled_from(PLAIN)), default=str))
    sections = {name: template[name] for name in template if name != "AWSTemplateFormatVersion"}
    *way, last = data.draw(st.sampled_from(_places(sections)[1:]))
    node = template
    for key in way:
        node = node[key]
    node[last] = deepcopy(junk)
    assert "E0002" not in ids(yaml.safe_dump(template))


def test_a_parameter_whose_default_is_itself_stops_nothing() -> None:
    """Somebody has written a function where only a text may stand."""
    template = of(
        {**GITHUB, "ServiceToken": {"Ref": "P"}}, "Custom::Other", Parameters={"P": {"Default": {"Ref": "P"}}}
    )
    assert ids(template) == []
