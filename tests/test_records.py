"""What the table remembers, and what is told from it."""

from dataclasses import replace
from typing import Any

import pytest

from source_credential.model import AuthType, Owner, ServerType, Slot, Specification
from source_credential.records import Begun, Claim, Mark, Record, begun_of, lasting_name
from tests.fakes import ACCOUNT, REGION, VERSION_ID, credential_arn, secret_arn

OWNER = Owner(stack_id="stack", logical_resource_id="GitHub")
SLOT = Slot(account_id=ACCOUNT, region=REGION, server_type=ServerType.GITHUB)
CLAIM = Claim(
    owner=OWNER,
    specification=Specification(
        server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id="codebuild/github"
    ),
    fingerprint="0a1b",
    request_id="request",
    since="2026-01-01T00:00:00+00:00",
    arn=credential_arn("GITHUB"),
    secret_arn=secret_arn("codebuild/github"),
    secret_version_id=VERSION_ID,
)
ATTRIBUTES = {
    "Arn": CLAIM.arn,
    "ServerType": "GITHUB",
    "AuthType": "PERSONAL_ACCESS_TOKEN",
    "SecretArn": secret_arn("codebuild/github"),
    "SecretVersionId": VERSION_ID,
    "TokenLogin": "",
    "TokenExpiresAt": "",
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {}),
        ({"secret_version_id": None}, {"SecretVersionId": ""}),
        ({"secret_arn": None, "secret_version_id": None}, {"SecretArn": "", "SecretVersionId": ""}),
        ({"token_login": "octocat", "token_expires_at": "2027-01-01T00:00:00+00:00"}, {}),
    ],
)
def test_the_attributes_are_always_the_same_ones(more: dict[str, Any], expected: dict[str, str]) -> None:
    """Empty rather than absent, since a template that asks for an absent one fails.

    What the provider told of a token is not told of one about which it was not to be asked.
    """
    assert replace(CLAIM, **more).attributes == {**ATTRIBUTES, **expected}


@pytest.mark.parametrize(
    ("login", "expires_at"), [("octocat", "2027-01-01T00:00:00+00:00"), ("octocat", None), (None, None)]
)
def test_with_verify_token_the_attributes_tell_what_the_provider_knows(
    login: str | None, expires_at: str | None
) -> None:
    """Empty where it did not tell."""
    specification = replace(CLAIM.specification, verify_token=True)
    claim = replace(CLAIM, specification=specification, token_login=login, token_expires_at=expires_at)
    assert claim.attributes == {**ATTRIBUTES, "TokenLogin": login or "", "TokenExpiresAt": expires_at or ""}


def test_a_secrets_lasting_name_is_that_of_the_one_which_is_made_anew() -> None:
    """Its ARN without the hyphen and the six characters at its end."""
    arn = secret_arn("codebuild/github")
    assert lasting_name(arn) == lasting_name(f"{arn[:-6]}uVwXyZ") == arn.rpartition("-")[0]


@pytest.mark.parametrize(
    ("claim", "is_following"),
    [
        (CLAIM, True),
        (replace(CLAIM, secret_arn=None), False),
        (replace(CLAIM, specification=replace(CLAIM.specification, follow_rotation=False)), False),
        (replace(CLAIM, specification=replace(CLAIM.specification, secret_version_id=VERSION_ID)), False),
        (replace(CLAIM, specification=replace(CLAIM.specification, auth_type=AuthType.SECRETS_MANAGER)), True),
        (replace(CLAIM, specification=replace(CLAIM.specification, secret_id=None)), False),
    ],
)
def test_a_claim_follows_its_secret(*, claim: Claim, is_following: bool) -> None:
    """Also one that CodeBuild reads itself, unless it is pinned or asked not to; a connection has none."""
    assert claim.followed_secret == (lasting_name(secret_arn("codebuild/github")) if is_following else None)


def test_a_slots_holder_is_on_top_and_known_while_nobody_is_unsure() -> None:
    """Held and without a mark; an empty slot has no holder."""
    assert Record(slot=SLOT).top is None
    other = replace(CLAIM, request_id="later")
    record = Record(slot=SLOT, claims=(CLAIM, other), in_codebuild=True)
    assert (record.top, record.known) == (other, True)
    assert not replace(record, marks=frozenset({Mark(owner=OWNER)})).known
    assert not replace(record, in_codebuild=False).known


def test_every_mark_is_another_one() -> None:
    """Two of the same owner are cleared each by itself; how the table has it is not what it is known by."""
    mark = Mark(owner=OWNER)
    assert mark != Mark(owner=OWNER)
    assert mark == replace(mark, text="as the table has it")


def test_a_request_that_has_begun_leads_back_to_the_request() -> None:
    """To its owner's, by type, RequestId and the id that was given."""
    begun = Begun("Delete", "request", "an id")
    request = begun.request(OWNER)
    assert (request.owner, begun_of(request)) == (OWNER, begun)
