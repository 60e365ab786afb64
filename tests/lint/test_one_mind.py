"""The lint and the provider are of one mind: the same properties, the same problems, in the same words."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from source_credential.contract.properties import parse
from source_credential.contract.schema import SCHEMA
from source_credential.contract.validation import problems
from source_credential.errors import InvalidRequest
from tests.contract.test_properties import test_a_refusal_says_what_is_wrong_and_what_to_do
from tests.lint.linting import lint

# Words that are right somewhere, and those that are wrong everywhere; every property may have every one of them.
WORDS: Final = sorted(
    {
        *SCHEMA["properties"]["ServerType"]["enum"],
        *SCHEMA["properties"]["AuthType"]["enum"],
        *("true", "FALSE", "yes", "", "x", "a b", "OAUTH", "github", "AWSCURRENT", "eu-central-1", "Frankfurt"),
        *("codebuild/github", "codebuild/github\n", "codebuild/github:token", "ssm:/github", "user@example.com"),
        *("arn:aws:secretsmanager:eu-central-1:111122223333:secret:github-AbCdEf", "https://github.example.com"),
        *("arn:aws:codeconnections:eu-central-1:111122223333:connection/aaaa-bbbb", "http://x", "https://x/\n"),
        *("arn:aws:iam::111122223333:role/target", "11111111-2222-3333-4444-555555555555", "x" * 257),
        *("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "0123456789abcdef0123456789abcdef01234567", "AWS::Region"),
        *(
            "{{resolve:secretsmanager:a}}",
            "x-{{ resolve:ssm:/y}}",
            "{{resolve:ssm-secure:/y:1}}",
            "id=glpat-abcdefghij0123456789",
        ),
    }
)
NAMES: Final = sorted(
    {*SCHEMA["properties"], "SecertId", "secretid", "UserName", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"}
)
USUAL: Final = {"ServiceToken": "x", "ServiceTimeout": "300", "SecretId": "codebuild/github"}


def linted(properties: Mapping[str, Any]) -> list[str]:
    """Return what the lint says, and what is only advice left out."""
    template = {"Resources": {"R": {"Type": "Custom::SourceCredential", "Properties": properties}}}
    return sorted({each.message for each in lint(json.dumps(template)) if each.rule.startswith("E")})


def refused(properties: Mapping[str, Any]) -> list[str]:
    """Return what the provider has against the properties, each as it says it of a single one."""
    return sorted(map(str, problems(properties)))


[_MARK] = getattr(test_a_refusal_says_what_is_wrong_and_what_to_do, "pytestmark")  # noqa: B009 - of pytest's, untyped
CASES: Final = [
    properties
    for properties, _ in _MARK.args[1]
    if isinstance(properties, dict) and {"Ref": "x"} not in properties.values()
]


@pytest.mark.parametrize("properties", CASES, ids=str)
def test_what_the_provider_is_known_to_refuse_the_lint_finds(properties: dict[str, Any]) -> None:
    """Each case of the contract's own tests, word for word."""
    assert linted(properties) == refused(properties) != []


def test_the_words_are_those_of_the_answer() -> None:
    """A reader who has seen the finding knows the stack's event, and the other way round."""
    properties = {**USUAL, "ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecertId": "x"}
    with pytest.raises(InvalidRequest) as caught:
        parse(properties)
    assert linted(properties) == [str(caught.value)]


@example(pair={"ServerType": "GITHUB", "AuthType": "FALSE"}, others={})
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pair=st.fixed_dictionaries(
        {
            "ServerType": st.sampled_from(SCHEMA["properties"]["ServerType"]["enum"]),
            "AuthType": st.sampled_from(SCHEMA["properties"]["AuthType"]["enum"]),
        }
    ),
    others=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(WORDS), max_size=6),
)
def test_whatever_the_properties_they_are_of_one_mind(pair: dict[str, str], others: dict[str, str]) -> None:
    """Right and wrong values in right and wrong places.

    "FALSE" is an auth type that cfn-lint's own comparison would take for any other.
    """
    properties = {**USUAL, **pair, **others}
    assert linted(properties) == refused(properties)
