"""What a specification imports, where to, and what is refused before anything is changed."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from source_credential.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    NotStabilized,
    SourceCredentialError,
    TokenRefused,
)
from source_credential.model import (
    AuthType,
    Binding,
    BindingState,
    Credential,
    ServerType,
    Slot,
    Specification,
    Target,
    Token,
    TokenFacts,
)
from source_credential.tokens.importing import Import, Importer
from tests.fakes import (
    ACCOUNT,
    REGION,
    VERSION_ID,
    FakeConnections,
    FakeSecrets,
    FakeSourceCredentials,
    FakeTokenCheck,
    credential_arn,
    secret_arn,
)
from tests.ownership.world import SLOT, FakeTargets, go_on, owner

TOKEN = "ghp_0123456789abcdef"
SECRET = "codebuild/github"
CONNECTION_ARN = "arn:aws:codeconnections:us-east-1:000000000000:connection/aaaa-bbbb"
OWNER = owner("a")
ELSEWHERE, THERE = "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ELSEWHERE}:role/target"
GITHUB = Specification(server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id=SECRET)
REFERENCE = replace(GITHUB, auth_type=AuthType.SECRETS_MANAGER)


class Place:
    """An importer and all it can touch."""

    def __init__(self) -> None:
        """Start with one secret and empty slots."""
        self.codebuild = FakeSourceCredentials()
        self.there = FakeSourceCredentials(region=THERE, account_id=ELSEWHERE)
        self.secrets = FakeSecrets({SECRET: f"{TOKEN}\n"})
        self.connections = FakeConnections()
        places = {(ACCOUNT, REGION): self.codebuild, (ELSEWHERE, THERE): self.there}
        self.token_check = FakeTokenCheck()
        self.importer = Importer(
            targets=FakeTargets(go_on, places, self.connections, set()),
            secrets=self.secrets,
            token_check=self.token_check,
        )

    def prepare(self, specification: Specification) -> Import:
        """Prepare an import where the specification says."""
        return self.importer.prepare(specification, OWNER, self.importer.target(specification))


@pytest.fixture
def place() -> Place:
    """Return a place of its own for each test."""
    return Place()


def digest(text: str) -> str:
    """Return what the fake keeps of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_secrets_token_is_imported_and_where_it_came_from_is_known(place: Place) -> None:
    """The token goes to CodeBuild, without the newline it was pasted with; ARN and version are Secrets Manager's."""
    prepared = place.prepare(GITHUB)
    assert prepared == Import(
        specification=GITHUB,
        target=Target(slot=SLOT),
        owner=OWNER,
        token=Token(TOKEN),
        secret_arn=secret_arn(SECRET),
        secret_version_id=VERSION_ID,
    )
    assert place.codebuild.calls == []
    assert place.importer.make(prepared) == credential_arn("GITHUB")
    assert place.codebuild.imported["GITHUB"] == (digest(TOKEN), None)


@pytest.mark.parametrize(("stage", "version"), [(None, None), ("AWSPREVIOUS", None), (None, VERSION_ID)])
def test_the_version_that_is_asked_for_is_read(place: Place, stage: str | None, version: str | None) -> None:
    """A label or an id goes to Secrets Manager as it stands, and neither where neither is given."""
    place.prepare(replace(GITHUB, secret_version_stage=stage, secret_version_id=version))
    assert place.secrets.reads == [(SECRET, stage, version)]


def bound(version_id: str | None, specification: Specification = GITHUB) -> Binding:
    """Return a binding whose import was of that version."""
    return Binding(
        slot=SLOT,
        owner=OWNER,
        request_id="request",
        revision="1",
        state=BindingState.ACTIVE,
        since="2026-01-01T00:00:00+00:00",
        specification=specification,
        arn=credential_arn("GITHUB"),
        secret_version_id=version_id,
    )


def test_what_stood_there_is_imported_again_at_the_very_version(place: Place) -> None:
    """A slot that goes back to its holder holds what it held, not what has come since."""
    prepared = place.importer.prepare_again(bound("older"))
    assert (prepared.secret_version_id, prepared.owner) == ("older", OWNER)
    assert place.secrets.reads == [(SECRET, None, "older")]


def test_a_version_that_is_gone_gives_way_to_the_newest(place: Place) -> None:
    """Secrets Manager drops versions without a label, and a newer token is better than none."""
    place.secrets.gone_versions.add("older")
    labelled = replace(GITHUB, secret_version_stage="AWSPREVIOUS")
    prepared = place.importer.prepare_again(bound("older", labelled))
    assert prepared.secret_version_id == VERSION_ID
    assert place.secrets.reads == [(SECRET, None, "older"), (SECRET, "AWSPREVIOUS", None)]


def test_a_secret_that_is_gone_is_said_to_be(place: Place) -> None:
    """No version of it will do, so the refusal is Secrets Manager's."""
    place.secrets.texts.clear()
    with pytest.raises(NotFound, match=f"Secret {SECRET}: does not exist"):
        place.importer.prepare_again(bound("older"))


@pytest.mark.parametrize(("username", "warned"), [("someone", 1), ("someone@example.com", 0)])
def test_a_bitbucket_user_name_that_is_no_address_is_worth_a_warning(place: Place, username: str, warned: int) -> None:
    """It is imported all the same: the provider cannot know better."""
    bitbucket = replace(GITHUB, server_type=ServerType.BITBUCKET, auth_type=AuthType.BASIC_AUTH, username=username)
    prepared = place.prepare(bitbucket)
    assert len(prepared.warnings) == warned
    assert all("has no @" in warning for warning in prepared.warnings)
    place.importer.make(prepared)
    assert place.codebuild.imported["BITBUCKET"] == (digest(TOKEN), username)


def codebuilds(server_type: str = "GITHUB") -> str:
    """Return a secret's text in CodeBuild's own format."""
    return json.dumps({"ServerType": server_type, "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": TOKEN})


def test_for_secrets_manager_the_secrets_arn_is_imported(place: Place) -> None:
    """A name is resolved to the ARN; the token itself is not sent, and no version is kept: builds read the current."""
    place.secrets.texts[SECRET] = codebuilds()
    prepared = place.prepare(REFERENCE)
    assert (prepared.secret_arn, prepared.secret_version_id) == (secret_arn(SECRET), None)
    place.importer.make(prepared)
    assert place.codebuild.imported["GITHUB"] == (digest(secret_arn(SECRET)), None)


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
    bitbucket = replace(VERIFIED, server_type=ServerType.BITBUCKET, auth_type=AuthType.BASIC_AUTH, username="someone")
    prepared = place.prepare(bitbucket)
    assert prepared.facts == facts
    assert [warning[:21] for warning in prepared.warnings] == ["The Bitbucket user na", "It expires soon."]
    assert place.token_check.asked == [(ServerType.BITBUCKET, Token(TOKEN), "someone", None)]
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


@pytest.mark.parametrize("version_id", [None, "older", "gone"])
def test_what_stood_there_is_put_back_without_asking_the_provider(place: Place, version_id: str | None) -> None:
    """It was asked when it was imported; a provider that is down must not keep a slot from being put in order."""
    place.token_check.refused.add(TOKEN)
    place.secrets.gone_versions.add("gone")
    prepared = place.importer.prepare_again(bound(version_id, VERIFIED))
    assert prepared.token == Token(TOKEN)
    assert place.token_check.asked == []


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
    assert place.importer.make(prepared) == credential_arn(server_type)
    assert place.codebuild.imported[server_type] == (digest(CONNECTION_ARN), None)


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
    target = place.importer.target(replace(GITHUB, **more))
    assert target == Target(slot=expected, role_arn=more.get("role_arn"))


def test_an_import_goes_where_its_target_is(place: Place) -> None:
    """With a role of another account and another region, the provider's own slots are not touched."""
    prepared = place.prepare(replace(GITHUB, region=THERE, role_arn=ROLE))
    assert place.importer.make(prepared) == credential_arn("GITHUB", region=THERE, account_id=ELSEWHERE)
    assert (set(place.codebuild.slots), set(place.there.slots)) == (set(), {"GITHUB"})


def occupy(slots: FakeSourceCredentials, *server_types: str, auth_type: str = "OAUTH") -> None:
    """Fill slots with somebody else's credentials."""
    for name in server_types:
        arn = credential_arn(name, region=slots.region, account_id=slots.account_id)
        slots.slots[name] = Credential(arn=arn, server_type=name, auth_type=auth_type)


def test_an_import_overwrites_unless_it_is_told_not_to(place: Place) -> None:
    """What is in the slot stays when overwriting is forbidden."""
    occupy(place.codebuild, "GITHUB")
    prepared = place.prepare(GITHUB)
    with pytest.raises(AlreadyExists):
        place.importer.make(prepared, should_overwrite=False)
    assert place.codebuild.slots["GITHUB"].auth_type == "OAUTH"
    place.importer.make(prepared)
    assert place.codebuild.slots["GITHUB"].auth_type == "PERSONAL_ACCESS_TOKEN"


def test_the_auth_type_in_a_slot_is_that_of_its_server_type(place: Place) -> None:
    """Credentials of other server types beside it do not count."""
    target = Target(slot=SLOT)
    assert place.importer.auth_type_in(target, OWNER) is None
    occupy(place.codebuild, "BITBUCKET")
    assert place.importer.auth_type_in(target, OWNER) is None
    occupy(place.codebuild, "GITHUB")
    assert place.importer.auth_type_in(target, OWNER) == "OAUTH"


def test_emptying_a_slot_deletes_the_credential_of_its_server_type_only(place: Place) -> None:
    """In the target's own account and region; an empty slot is left as it is."""
    for slots in (place.codebuild, place.there):
        occupy(slots, "GITHUB", "BITBUCKET", auth_type="PERSONAL_ACCESS_TOKEN")
    target = place.importer.target(replace(GITHUB, region=THERE, role_arn=ROLE))
    for _ in range(2):
        place.importer.empty(target, OWNER)
    assert set(place.codebuild.slots) == {"GITHUB", "BITBUCKET"}
    assert set(place.there.slots) == {"BITBUCKET"}
    assert place.there.calls.count("delete") == 1


@pytest.mark.parametrize("auth_type", [*AuthType, "OAUTH", "OF_THE_FUTURE"])
def test_what_no_import_can_have_made_is_not_deleted(place: Place, auth_type: str) -> None:
    """OAUTH is made in the console only, so it is visibly somebody's."""
    occupy(place.codebuild, "GITHUB", auth_type=auth_type)
    place.importer.empty(Target(slot=SLOT), OWNER)
    assert set(place.codebuild.slots) == (set() if auth_type in set(AuthType) else {"GITHUB"})
