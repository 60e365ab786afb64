"""What a specification imports, where to, and what is refused before anything is changed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from source_credential.errors import (
    InvalidRequest,
    NotFound,
    NotStabilized,
    SourceCredentialError,
    TokenRefused,
)
from source_credential.model import (
    AuthType,
    ServerType,
    Slot,
    Specification,
    Target,
    Token,
    TokenFacts,
)
from source_credential.records import Claim
from source_credential.tokens.preparation import Preparation, Prepared
from tests.fakes import (
    ACCOUNT,
    CONNECTION_ARN,
    REGION,
    VERSION_ID,
    FakeConnections,
    FakeSecrets,
    FakeSourceCredentials,
    FakeTokenCheck,
    credential_arn,
    secret_arn,
)
from tests.slots.sent import owner
from tests.slots.world import SLOT, FakeTargets, go_on, stepping

TOKEN = "ghp_0123456789abcdef"
SECRET = "codebuild/github"
OWNER = owner("a")
ELSEWHERE, THERE = "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ELSEWHERE}:role/target"
GITHUB = Specification(server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id=SECRET)
REFERENCE = replace(GITHUB, auth_type=AuthType.SECRETS_MANAGER)
BITBUCKET = replace(GITHUB, server_type=ServerType.BITBUCKET, auth_type=AuthType.BASIC_AUTH)
API_TOKEN = "ATATT3xFfGF0_made-up=1A2B3C4D"


class Place:
    """A preparation and all it can touch."""

    def __init__(self) -> None:
        """Start with one secret."""
        self.codebuild = FakeSourceCredentials()
        self.secrets = FakeSecrets({SECRET: f"{TOKEN}\n"})
        self.connections = FakeConnections()
        self.token_check = FakeTokenCheck()
        places = {(ACCOUNT, REGION): self.codebuild}
        self.preparation = Preparation(
            targets=FakeTargets(stepping(go_on), places, self.connections, set()),
            secrets=self.secrets,
            token_check=lambda: self.token_check,
        )

    def prepare(self, specification: Specification) -> Prepared:
        """Prepare an import where the specification says."""
        return self.preparation.prepare(specification, OWNER, self.preparation.target(specification))

    def prepare_again(self, claim: Claim, **how: bool) -> Prepared:
        """Prepare once more what was imported for a claim."""
        return self.preparation.prepare_again(claim, self.preparation.target(claim.specification), **how)


@pytest.fixture
def place() -> Place:
    """Return a place of its own for each test."""
    return Place()


def test_a_secrets_token_is_imported_and_where_it_came_from_is_known(place: Place) -> None:
    """The token, without the newline it was pasted with; ARN and version are Secrets Manager's; nothing is changed."""
    assert place.prepare(GITHUB) == Prepared(
        specification=GITHUB,
        target=Target(slot=SLOT),
        owner=OWNER,
        token=Token(TOKEN),
        secret_arn=secret_arn(SECRET),
        secret_version_id=VERSION_ID,
    )
    assert place.codebuild.calls == []


@pytest.mark.parametrize(("stage", "version"), [(None, None), ("AWSPREVIOUS", None), (None, VERSION_ID)])
def test_the_version_that_is_asked_for_is_read(place: Place, stage: str | None, version: str | None) -> None:
    """A label or an id goes to Secrets Manager as it stands, and neither where neither is given."""
    place.prepare(replace(GITHUB, secret_version_stage=stage, secret_version_id=version))
    assert place.secrets.reads == [(SECRET, stage, version)]


def claim(version_id: str | None, specification: Specification = GITHUB) -> Claim:
    """Return a claim whose import was of that version."""
    return Claim(
        owner=OWNER,
        specification=specification,
        fingerprint="0a1b",
        request_id="request",
        since="2026-01-01T00:00:00+00:00",
        arn=credential_arn("GITHUB"),
        secret_version_id=version_id,
    )


UNFOLLOWED = replace(GITHUB, follow_rotation=False)
PINNED = replace(GITHUB, secret_version_id="older")


@pytest.mark.parametrize("stage", [None, "BLUE"])
def test_what_follows_its_secret_is_imported_again_at_the_version_that_has_the_label(
    place: Place, stage: str | None
) -> None:
    """A slot that comes back to its holder has what has come since, for its rotations were not to be missed."""
    place.secrets.add(SECRET, "newer", "ghp_newer-token", stage or "AWSCURRENT")
    prepared = place.prepare_again(claim("older", replace(GITHUB, secret_version_stage=stage)))
    assert (prepared.secret_version_id, prepared.token, prepared.owner) == ("newer", Token("ghp_newer-token"), OWNER)
    assert place.secrets.reads == [(SECRET, stage, None)]


@pytest.mark.parametrize("specification", [UNFOLLOWED, PINNED, replace(UNFOLLOWED, secret_version_stage="BLUE")])
def test_what_does_not_follow_its_secret_is_imported_again_at_the_very_version(
    place: Place, specification: Specification
) -> None:
    """A slot that comes back to its holder holds what it held, not what has come since."""
    place.secrets.add(SECRET, "newer", "ghp_newer-token", "BLUE")
    prepared = place.prepare_again(claim("older", specification))
    assert (prepared.secret_version_id, prepared.token) == ("older", Token(TOKEN))
    assert place.secrets.reads == [(SECRET, None, "older")]


def test_a_version_that_is_gone_gives_way_to_the_newest(place: Place) -> None:
    """Secrets Manager drops versions without a label, and a newer token is better than none."""
    place.secrets.gone_versions.add("older")
    prepared = place.prepare_again(claim("older", replace(UNFOLLOWED, secret_version_stage="AWSPREVIOUS")))
    assert prepared.secret_version_id == VERSION_ID
    assert place.secrets.reads == [(SECRET, None, "older"), (SECRET, "AWSPREVIOUS", None)]


def test_a_version_that_is_gone_is_said_to_be_where_no_newer_one_is_wanted(place: Place) -> None:
    """Where nothing is wrong, what does not follow its secret stays as it is."""
    place.secrets.gone_versions.add("older")
    with pytest.raises(NotFound, match="has no version older"):
        place.prepare_again(claim("older", UNFOLLOWED), or_newer=False)
    assert place.secrets.reads == [(SECRET, None, "older")]
    assert place.prepare_again(claim(VERSION_ID, UNFOLLOWED), or_newer=False).secret_version_id == VERSION_ID


@pytest.mark.parametrize("specification", [GITHUB, UNFOLLOWED, PINNED])
def test_a_secret_that_is_gone_is_said_to_be(place: Place, specification: Specification) -> None:
    """No version of it will do, so the refusal is Secrets Manager's."""
    place.secrets.texts.clear()
    with pytest.raises(NotFound, match=f"Secret {SECRET}: does not exist"):
        place.prepare_again(claim("older", specification))


def test_a_version_that_is_gone_is_told_from_a_secret_that_is_gone(place: Place) -> None:
    """There is no newer version of a secret that is gone, so it is looked for once."""
    place.secrets.texts.clear()
    with pytest.raises(NotFound, match="does not exist"):
        place.prepare_again(claim("older", UNFOLLOWED))
    assert place.secrets.reads == [(SECRET, None, "older")]


@pytest.mark.parametrize("verify_token", [False, True])
def test_what_was_prepared_is_read_once_more(place: Place, *, verify_token: bool) -> None:
    """Where the label names the same version still it is left as it is, and the Git provider is not asked again."""
    prepared = place.prepare(replace(GITHUB, verify_token=verify_token))
    assert place.preparation.reread(prepared) is prepared
    assert len(place.token_check.asked) == int(verify_token)
    place.secrets.add(SECRET, "newer", "ghp_newer-token")
    newer = place.preparation.reread(prepared)
    assert (newer.secret_version_id, newer.token, newer.target) == ("newer", Token("ghp_newer-token"), prepared.target)
    assert len(place.token_check.asked) == 2 * int(verify_token)


@pytest.mark.parametrize(("username", "warned"), [("someone", 1), ("someone@example.com", 0)])
def test_a_bitbucket_user_name_that_is_no_address_is_worth_a_warning(place: Place, username: str, warned: int) -> None:
    """It is imported all the same: the provider cannot know better."""
    place.secrets.texts[SECRET] = API_TOKEN
    prepared = place.prepare(replace(BITBUCKET, username=username))
    assert len(prepared.warnings) == warned
    assert all("has no @" in warning for warning in prepared.warnings)
    assert (prepared.token, prepared.username) == (Token(API_TOKEN), username)


def test_what_is_unusual_about_a_token_is_warned_of_with_the_import(place: Place) -> None:
    """Also where CodeBuild reads it itself."""
    place.secrets.texts[SECRET] = "ghs_0123456789abcdef"
    [warning] = place.prepare(GITHUB).warnings
    assert "lives for hours only" in warning
    place.secrets.texts[SECRET] = codebuilds().replace("ghp_", "ghs_")
    assert place.prepare(REFERENCE).warnings == (warning,)


def codebuilds(server_type: str = "GITHUB") -> str:
    """Return a secret's text in CodeBuild's own format."""
    return json.dumps({"ServerType": server_type, "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": TOKEN})


def test_for_secrets_manager_the_secrets_arn_is_imported(place: Place) -> None:
    """A name is resolved to the ARN; the token itself is not sent, and no version is kept: builds read the current."""
    place.secrets.texts[SECRET] = codebuilds()
    prepared = place.prepare(REFERENCE)
    assert (prepared.secret_arn, prepared.secret_version_id) == (secret_arn(SECRET), None)
    assert (prepared.token, prepared.username) == (Token(secret_arn(SECRET)), None)


@pytest.mark.parametrize("more", [{"region": THERE}, {"role_arn": ROLE}, {"region": THERE, "role_arn": ROLE}])
def test_a_secret_that_builds_could_not_read_is_refused(place: Place, more: dict[str, Any]) -> None:
    """CodeBuild reads it where the builds run; the reason names that account and region, and the other way."""
    place.secrets.texts[SECRET] = codebuilds()
    expected = (
        f"is not in region {more.get('region', REGION)} of account {ELSEWHERE if 'role_arn' in more else ACCOUNT}"
    )
    with pytest.raises(InvalidRequest, match=expected) as caught:
        place.prepare(replace(REFERENCE, **more))
    assert "or import the token instead" in str(caught.value)


@pytest.mark.parametrize("text", [TOKEN, codebuilds("BITBUCKET")])
def test_a_secret_in_another_shape_than_codebuilds_is_refused(place: Place, text: str) -> None:
    """Builds would fail on it, one by one, long after the deployment."""
    place.secrets.texts[SECRET] = text
    with pytest.raises(InvalidRequest, match=f"Secret {SECRET}") as caught:
        place.prepare(REFERENCE)
    assert TOKEN not in str(caught.value)


VERIFIED = replace(GITHUB, verify_token=True)
EXPIRY = "2027-01-01T00:00:00+00:00"


def test_with_verify_token_the_provider_is_asked_before_anything_is_changed(place: Place) -> None:
    """What it tells goes with the import, and what it warns of comes after the other warnings."""
    facts = TokenFacts(login="octocat", expires_at=EXPIRY, warnings=("It expires soon.",))
    place.token_check.facts = facts
    place.secrets.texts[SECRET] = API_TOKEN
    prepared = place.prepare(replace(BITBUCKET, username="someone", verify_token=True))
    assert prepared.facts == facts
    assert [warning[:21] for warning in prepared.warnings] == ["The Bitbucket user na", "It expires soon."]
    assert place.token_check.asked == [(ServerType.BITBUCKET, Token(API_TOKEN), "someone", None)]
    assert place.codebuild.calls == []


def test_github_enterprise_is_asked_where_it_is(place: Place) -> None:
    """ServerUrl goes to the check as it stands."""
    url = "https://github.example.com"
    place.prepare(replace(VERIFIED, server_type=ServerType.GITHUB_ENTERPRISE, server_url=url))
    assert place.token_check.asked == [(ServerType.GITHUB_ENTERPRISE, Token(TOKEN), None, url)]


def test_a_token_that_the_provider_refuses_is_not_imported(place: Place) -> None:
    """The refusal is the check's."""
    place.token_check.refused.add(TOKEN)
    with pytest.raises(TokenRefused):
        place.prepare(VERIFIED)
    place.prepare(GITHUB)
    assert place.token_check.asked == [(ServerType.GITHUB, Token(TOKEN), None, None)]


def test_what_codebuild_is_to_read_itself_is_verified_as_well(place: Place) -> None:
    """The token in the secret is asked about, though only the secret's ARN is imported."""
    place.secrets.texts[SECRET] = codebuilds()
    prepared = place.prepare(replace(REFERENCE, verify_token=True))
    assert prepared.token == Token(secret_arn(SECRET))
    assert place.token_check.asked == [(ServerType.GITHUB, Token(TOKEN), None, None)]


@pytest.mark.parametrize("specification", [GITHUB, UNFOLLOWED])
@pytest.mark.parametrize("version_id", [None, "older", "gone"])
def test_what_stood_there_is_put_back_without_asking_the_provider(
    place: Place, version_id: str | None, specification: Specification
) -> None:
    """It was asked when it was imported; a provider that is down must not keep a slot from being put in order."""
    place.token_check.refused.add(TOKEN)
    place.secrets.gone_versions.add("gone")
    verified = replace(specification, verify_token=True)
    prepared = place.prepare_again(claim(version_id, verified))
    assert prepared.token == Token(TOKEN)
    assert place.token_check.asked == []


@pytest.mark.parametrize(("verify_token", "asked"), [(True, 1), (False, 0)])
def test_the_daily_check_asks_the_provider_where_the_resource_says_so(
    place: Place, *, verify_token: bool, asked: int
) -> None:
    """What it tells goes with the import; a token that it refuses is found before builds fail."""
    place.token_check.facts = TokenFacts(login="octocat", expires_at=EXPIRY)
    one = claim(VERSION_ID, replace(GITHUB, verify_token=verify_token))
    assert place.prepare_again(one, verify=True).facts.login == ("octocat" if verify_token else None)
    assert len(place.token_check.asked) == asked
    place.token_check.refused.add(TOKEN)
    if verify_token:
        with pytest.raises(TokenRefused):
            place.prepare_again(one, verify=True)


def test_what_codebuild_reads_itself_is_imported_again_as_it_stands(place: Place) -> None:
    """A secret's or a connection's ARN has no version."""
    place.secrets.texts[SECRET] = codebuilds()
    place.connections.connections[CONNECTION_ARN] = ("AVAILABLE", "GitLab")
    assert place.prepare_again(claim(None, REFERENCE)).token == Token(secret_arn(SECRET))
    assert place.prepare_again(claim(None, connection())).token == Token(CONNECTION_ARN)


def connection(server_type: ServerType = ServerType.GITLAB) -> Specification:
    """Return a specification that goes through the connection."""
    return Specification(server_type=server_type, auth_type=AuthType.CODECONNECTIONS, connection_arn=CONNECTION_ARN)


@pytest.mark.parametrize(
    ("server_type", "provider_type"),
    [
        (ServerType.GITHUB, "GitHub"),
        (ServerType.GITHUB_ENTERPRISE, "GitHubEnterpriseServer"),
        (ServerType.BITBUCKET, "Bitbucket"),
        (ServerType.GITLAB, "GitLab"),
        (ServerType.GITLAB_SELF_MANAGED, "GitLabSelfManaged"),
    ],
)
def test_an_available_connection_is_imported(place: Place, server_type: ServerType, provider_type: str) -> None:
    """All five server types go through connections, each with its own provider type; there is no secret."""
    place.connections.connections[CONNECTION_ARN] = ("AVAILABLE", provider_type)
    prepared = place.prepare(connection(server_type))
    assert (prepared.secret_arn, prepared.secret_version_id) == (None, None)
    assert (prepared.token, prepared.username) == (Token(CONNECTION_ARN), None)


@pytest.mark.parametrize(
    ("status", "provider_type", "kind", "text"),
    [
        ("PENDING", "GitLab", NotStabilized, "choose Update pending connection"),
        ("ERROR", "GitLab", NotStabilized, "is ERROR, not AVAILABLE"),
        ("AVAILABLE", "GitHub", InvalidRequest, "leads to GitHub, but ServerType GITLAB needs GitLab"),
    ],
)
def test_a_connection_that_would_not_work_is_refused(
    place: Place, status: str, provider_type: str, kind: type[SourceCredentialError], text: str
) -> None:
    """The reason names the connection and says what to do with it."""
    place.connections.connections[CONNECTION_ARN] = (status, provider_type)
    with pytest.raises(kind, match=text) as caught:
        place.prepare(connection())
    assert str(caught.value).startswith(f"Connection {CONNECTION_ARN}: ")
    assert place.codebuild.calls == []


@pytest.mark.parametrize("auth_type", AuthType)
def test_a_specification_that_went_around_the_contract_is_a_bug(place: Place, auth_type: AuthType) -> None:
    """What properties.parse makes sure of is not checked a second time in other words."""
    with pytest.raises(ValueError, match=r"properties\.parse"):
        place.prepare(Specification(server_type=ServerType.BITBUCKET, auth_type=auth_type))


@pytest.mark.parametrize(
    ("more", "account_id", "region"),
    [
        ({}, ACCOUNT, REGION),
        ({"region": THERE}, ACCOUNT, THERE),
        ({"role_arn": ROLE}, ELSEWHERE, REGION),
        ({"region": THERE, "role_arn": ROLE}, ELSEWHERE, THERE),
    ],
)
def test_region_and_role_say_where(place: Place, more: dict[str, Any], account_id: str, region: str) -> None:
    """The role's account, and the provider's own account and region where nothing is said."""
    expected = Slot(account_id=account_id, region=region, server_type=ServerType.GITHUB)
    target = place.preparation.target(replace(GITHUB, **more))
    assert target == Target(slot=expected, role_arn=more.get("role_arn"))


@pytest.mark.parametrize(
    ("stage", "version_id", "may"),
    [
        (None, "newer", True),
        (None, VERSION_ID, False),
        ("BLUE", VERSION_ID, True),
        ("BLUE", "newer", False),
        (None, "unheard of", True),
    ],
)
def test_whether_a_version_may_have_the_label_is_asked_of_the_version(
    place: Place, stage: str | None, version_id: str, *, may: bool
) -> None:
    """It tells its labels itself; of one that Secrets Manager does not know yet nothing is known."""
    place.secrets.add(SECRET, "newer", "ghp_newer")
    place.secrets.add(SECRET, VERSION_ID, TOKEN, "BLUE")
    place.secrets.gone_versions.add("unheard of")
    assert place.preparation.may_have_label(replace(GITHUB, secret_version_stage=stage), version_id) is may


@pytest.mark.parametrize("provider_type", ["GitHubEnterpriseCloudDataResidency", "AzureDevOps", "an unknown provider"])
def test_a_connection_to_a_provider_that_is_not_known_here_is_warned_of(place: Place, provider_type: str) -> None:
    """CodeBuild may know it; only a pair that is surely wrong is refused."""
    place.connections.connections[CONNECTION_ARN] = ("AVAILABLE", provider_type)
    specification = Specification(
        server_type=ServerType.GITHUB, auth_type=AuthType.CODECONNECTIONS, connection_arn=CONNECTION_ARN
    )
    prepared = place.prepare(specification)
    [warning] = prepared.warnings
    assert f"leads to {provider_type}" in warning
    assert prepared.resource == CONNECTION_ARN
