"""The fingerprint: what tells one set of properties from another, without keeping them."""

import re
from typing import Any

import pytest

from source_credential.contract.properties import fingerprint
from source_credential.contract.schema import SCHEMA

GITHUB = {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "SecretId": "codebuild/github"}


def test_the_same_properties_have_the_same_fingerprint_in_any_order() -> None:
    """Of fixed length, and without a word of what it is of."""
    told = fingerprint(GITHUB)
    assert told == fingerprint(dict(reversed(GITHUB.items())))
    assert re.fullmatch("[0-9a-f]{64}", told)


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"].keys() - {"ServiceToken", "ServiceTimeout", "Token"}))
def test_every_property_of_the_credential_counts(name: str) -> None:
    """That it is there, and what it says."""
    given = [{**GITHUB, name: "one"}, {**GITHUB, name: "another"}, {n: v for n, v in GITHUB.items() if n != name}]
    assert len(set(map(fingerprint, given))) == 3


@pytest.mark.parametrize("name", ["ServiceToken", "ServiceTimeout"])
def test_what_is_cloudformations_own_does_not_count(name: str) -> None:
    """The provider may move, and the wait be another, without anything to import."""
    assert fingerprint({**GITHUB, name: "x"}) == fingerprint(GITHUB)


@pytest.mark.parametrize("name", ["Token", "Other"])
def test_of_what_is_not_in_the_contract_only_the_name_counts(name: str) -> None:
    """A literal token leaves no trace, not even one to try tokens against."""
    assert fingerprint({**GITHUB, name: "one"}) == fingerprint({**GITHUB, name: "another"}) != fingerprint(GITHUB)


@pytest.mark.parametrize("given", [None, "text", [], ["ServerType"], 5])
def test_what_are_no_properties_has_a_fingerprint_too(given: Any) -> None:
    """All of them the same, and another one than no properties have."""
    assert fingerprint(given) == fingerprint(None) != fingerprint({})
