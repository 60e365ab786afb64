"""The lint against every deployment of a template: each finding happens in one, and what always fails is found."""

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.cloudformation_template import Stack
from source_credential.contract.validation import problems
from tests.lint.linting import lint

CONNECTION: Final = "arn:aws:codeconnections:eu-central-1:111122223333:connection/aaaa-bbbb"
# What a property may be given, right and wrong; `None` is that it is not there.
CHOICES: Final[dict[str, list[str]]] = {
    "ServerType": ["GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB", "GITEA"],
    "AuthType": ["PERSONAL_ACCESS_TOKEN", "BASIC_AUTH", "SECRETS_MANAGER", "CODECONNECTIONS"],
    "SecretId": ["codebuild/github", "codebuild/github:token"],
    "ConnectionArn": [CONNECTION, "somewhere"],
    "Username": ["user"],
    "VerifyToken": ["true", "false"],
    "ServerUrl": ["https://github.example.com"],
}
NO_VALUE: Final = {"Ref": "AWS::NoValue"}


def conditions(parameters: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return conditions on what the parameters are, and on each other."""
    pairs = [(name, value) for name, each in parameters.items() for value in each["AllowedValues"]]
    equal = st.sampled_from(sorted(pairs)).map(lambda pair: {"Fn::Equals": [{"Ref": pair[0]}, pair[1]]})
    return st.fixed_dictionaries(
        {
            "A": equal,
            "B": equal | equal.map(lambda one: {"Fn::Not": [one]}),
            "C": st.sampled_from(
                [{"Fn::Not": [{"Condition": "A"}]}, {"Fn::Or": [{"Condition": "A"}, {"Condition": "B"}]}]
            ),
        }
    )


def values(name: str, parameters: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a template may say: a word, a parameter, a text with one in it, or a choice of those."""
    plain = st.sampled_from(CHOICES[name])
    taken = plain | st.just({"Ref": name}) | st.just({"Fn::Sub": f"${{{name}}}"}) if name in parameters else plain
    chosen = st.tuples(st.sampled_from("ABC"), taken | st.just(NO_VALUE), taken | st.just(NO_VALUE))
    return taken | chosen.map(lambda each: {"Fn::If": list(each)})


@st.composite
def templates(draw: st.DrawFn) -> dict[str, Any]:
    """Return a template with one resource, whose parameters all say what they allow."""
    allowed = {name: st.lists(st.sampled_from(words), min_size=1, unique=True) for name, words in CHOICES.items()}
    some = st.fixed_dictionaries({"AuthType": allowed.pop("AuthType")}, optional={**allowed})
    parameters = {name: {"Type": "String", "AllowedValues": words} for name, words in draw(some).items()}
    said = {name: values(name, parameters) for name in CHOICES}
    needed = {name: said.pop(name) for name in ("ServerType", "AuthType")}
    properties = st.fixed_dictionaries(needed, optional={**said})
    resource = {"Type": "Custom::SourceCredential", "Properties": {"ServiceToken": "x", **draw(properties)}}
    return {"Parameters": parameters, "Conditions": draw(conditions(parameters)), "Resources": {"R": resource}}


def deployments(template: dict[str, Any]) -> Iterator[list[str]]:
    """Yield what the provider has against each deployment there can be."""
    names = list(template["Parameters"])
    for chosen in product(*(template["Parameters"][name]["AllowedValues"] for name in names)):
        yield list(map(str, problems(Stack(template, dict(zip(names, chosen, strict=True))).properties("R"))))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=templates())
def test_each_finding_happens_and_what_always_fails_is_found(template: dict[str, Any]) -> None:
    """No false alarm: some deployment fails in the words of each finding. And what can only fail is told."""
    added = re.compile(r" It is R that takes it from here\.| \(Where .*\)")
    findings = {added.sub("", each.message) for each in lint(json.dumps(template)) if each.rule.startswith("E")}
    refusals = list(deployments(template))
    assert findings <= {problem for refusal in refusals for problem in refusal}
    assert findings or not all(refusals)
