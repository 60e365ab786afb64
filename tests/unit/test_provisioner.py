"""What Create, Update and Delete do to the slots."""

import hashlib
import json

import pytest

from source_credential.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    NotStabilized,
    ServiceInternalError,
    SourceCredentialError,
)
from source_credential.model import AuthType, Credential, Provisioned, ServerType, Specification
from source_credential.provisioner import Provisioner
from tests.fakes import (
    VERSION_ID,
    FakeConnections,
    FakeSecrets,
    FakeSourceCredentials,
    credential_arn,
    secret_arn,
)

TOKEN = "ghp_0123456789abcdef"
CONNECTION_ARN = "arn:aws:codeconnections:us-east-1:000000000000:connection/aaaa-bbbb"
GITHUB = Specification(
    server_type=ServerType.GITHUB, auth_type=AuthType.PERSONAL_ACCESS_TOKEN, secret_id="codebuild/github"
)
KEEP = Specification(
    server_type=ServerType.GITHUB,
    auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
    secret_id="codebuild/github",
    should_overwrite=False,
)


class World:
    """A provisioner and all it can touch."""

    def __init__(self) -> None:
        """Start with one secret and empty slots."""
        self.codebuild = FakeSourceCredentials()
        self.secrets = FakeSecrets({"codebuild/github": f"{TOKEN}\n"})
        self.connections = FakeConnections()
        self.provisioner = Provisioner(
            source_credentials=self.codebuild, secrets=self.secrets, connections=self.connections
        )

    def occupy(self, server_type: str) -> str:
        """Fill a slot with somebody else's credential and return its ARN."""
        arn = credential_arn(server_type)
        self.codebuild.slots[server_type] = Credential(arn=arn, server_type=server_type, auth_type="OAUTH")
        return arn


@pytest.fixture
def world() -> World:
    """Return a world of its own for each test."""
    return World()


def sha256(text: str) -> str:
    """Return the fingerprint the fake keeps of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_create_imports_the_token_and_says_where_it_came_from(world: World) -> None:
    """The ARN is CodeBuild's; the secret's ARN and version are Secrets Manager's."""
    assert world.provisioner.create(GITHUB) == Provisioned(
        arn=credential_arn("GITHUB"),
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        secret_arn=secret_arn("codebuild/github"),
        secret_version_id=VERSION_ID,
    )
    assert world.codebuild.imported["GITHUB"] == (sha256(TOKEN), None)
    assert world.secrets.reads == [("codebuild/github", None, None)]


def test_create_reads_the_version_that_is_asked_for(world: World) -> None:
    """A label or an id goes to Secrets Manager as it stands."""
    for stage, version in (("AWSPREVIOUS", None), (None, VERSION_ID)):
        world.provisioner.create(
            Specification(
                server_type=ServerType.GITHUB,
                auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
                secret_id="codebuild/github",
                secret_version_stage=stage,
                secret_version_id=version,
            )
        )
        assert world.secrets.reads[-1] == ("codebuild/github", stage, version)


@pytest.mark.parametrize(("username", "warned"), [("someone", 1), ("someone@example.com", 0)])
def test_a_bitbucket_user_name_that_is_no_address_is_worth_a_warning(world: World, username: str, warned: int) -> None:
    """It is imported all the same: the provider cannot know better."""
    provisioned = world.provisioner.create(
        Specification(
            server_type=ServerType.BITBUCKET,
            auth_type=AuthType.BASIC_AUTH,
            secret_id="codebuild/github",
            username=username,
        )
    )
    assert world.codebuild.imported["BITBUCKET"] == (sha256(TOKEN), username)
    assert len(provisioned.warnings) == warned


def test_secrets_manager_imports_the_arn_of_the_secret(world: World) -> None:
    """A name is resolved to the ARN, the token itself is not imported, no version is answered."""
    world.secrets.texts["codebuild/github"] = json.dumps(
        {"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": TOKEN}
    )
    specification = Specification(
        server_type=ServerType.GITHUB, auth_type=AuthType.SECRETS_MANAGER, secret_id="codebuild/github"
    )
    provisioned = world.provisioner.create(specification)
    assert world.codebuild.imported["GITHUB"] == (sha256(secret_arn("codebuild/github")), None)
    assert (provisioned.secret_arn, provisioned.secret_version_id) == (secret_arn("codebuild/github"), None)


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
def test_an_available_connection_is_imported(world: World, server_type: ServerType, provider_type: str) -> None:
    """All five server types go through connections, each with its own provider type."""
    world.connections.connections[CONNECTION_ARN] = ("AVAILABLE", provider_type)
    provisioned = world.provisioner.create(connection(server_type))
    assert provisioned == Provisioned(
        arn=credential_arn(server_type), server_type=server_type, auth_type=AuthType.CODECONNECTIONS
    )
    assert world.codebuild.imported[server_type] == (sha256(CONNECTION_ARN), None)


@pytest.mark.parametrize(
    ("status", "provider_type", "kind", "text"),
    [
        ("PENDING", "GitLab", NotStabilized, "choose Update pending connection"),
        ("ERROR", "GitLab", NotStabilized, "is ERROR, not AVAILABLE"),
        ("AVAILABLE", "GitHub", InvalidRequest, "leads to GitHub, but ServerType GITLAB needs GitLab"),
    ],
)
def test_a_connection_that_would_not_work_is_refused(
    world: World, status: str, provider_type: str, kind: type[SourceCredentialError], text: str
) -> None:
    """Nothing is imported, and the reason says what to do with the connection."""
    world.connections.connections[CONNECTION_ARN] = (status, provider_type)
    with pytest.raises(kind, match=text):
        world.provisioner.create(connection())
    assert world.codebuild.calls == []


def test_a_secret_that_is_missing_leaves_no_trace(world: World) -> None:
    """The secret is read before anything is changed."""
    world.secrets.texts.clear()
    with pytest.raises(NotFound):
        world.provisioner.create(GITHUB)
    assert world.codebuild.calls == []


def test_create_takes_the_slot_unless_told_not_to(world: World) -> None:
    """ShouldOverwrite is true when absent, like the API's; false leaves what is there."""
    world.occupy("GITHUB")
    with pytest.raises(AlreadyExists):
        world.provisioner.create(KEEP)
    assert world.codebuild.slots["GITHUB"].auth_type == "OAUTH"
    world.provisioner.create(GITHUB)
    assert world.codebuild.slots["GITHUB"].auth_type == "PERSONAL_ACCESS_TOKEN"


def test_update_in_place_keeps_the_arn_and_brings_the_new_token(world: World) -> None:
    """The same server type is the same slot."""
    arn = world.provisioner.create(GITHUB).arn
    world.secrets.texts["codebuild/github"] = "ghp_new"
    assert world.provisioner.update(GITHUB, physical_resource_id=arn).arn == arn
    assert world.codebuild.imported["GITHUB"] == (sha256("ghp_new"), None)


def test_update_may_overwrite_its_own_credential_only(world: World) -> None:
    """ShouldOverwrite false does not lock a resource out of the slot that it filled itself."""
    arn = world.provisioner.create(KEEP).arn
    assert world.provisioner.update(KEEP, physical_resource_id=arn).arn == arn
    with pytest.raises(AlreadyExists):
        world.provisioner.update(KEEP, physical_resource_id=credential_arn("BITBUCKET"))


def test_update_to_another_server_type_is_a_replacement(world: World) -> None:
    """Another slot gives another ARN; the old one stays until CloudFormation deletes it."""
    old = world.occupy("BITBUCKET")
    assert world.provisioner.update(GITHUB, physical_resource_id=old).arn == credential_arn("GITHUB")
    assert set(world.codebuild.slots) == {"BITBUCKET", "GITHUB"}


def test_update_heals_a_credential_that_was_removed(world: World) -> None:
    """A credential deleted in the console comes back with the next update."""
    arn = world.provisioner.create(GITHUB).arn
    world.codebuild.slots.clear()
    assert world.provisioner.update(GITHUB, physical_resource_id=arn).arn == arn
    assert "GITHUB" in world.codebuild.slots


def test_delete_removes_the_credential_of_that_arn(world: World) -> None:
    """And of no other."""
    world.occupy("BITBUCKET")
    arn = world.provisioner.create(GITHUB).arn
    world.provisioner.delete(physical_resource_id=arn, server_type="GITHUB")
    assert set(world.codebuild.slots) == {"BITBUCKET"}


@pytest.mark.parametrize(
    ("physical_resource_id", "server_type"),
    [
        ("source-credential:create-failed:11111111-2222-3333-4444-555555555555", "GITHUB"),
        ("2026/11/24/[$LATEST]0123456789abcdef", "GITHUB"),
        ("arn:aws:codebuild:us-east-1:111111111111:token/github", "GITHUB"),
        ("arn:aws:codebuild:eu-west-1:000000000000:token/github", "GITHUB"),
        (credential_arn("GITHUB"), "BITBUCKET"),
        (credential_arn("GITHUB_ENTERPRISE"), None),
        ("", None),
    ],
)
def test_delete_leaves_what_is_not_its_own(world: World, physical_resource_id: str, server_type: str | None) -> None:
    """Markers, foreign ids, other accounts and regions, an unfit server type: success, and nothing is touched."""
    world.occupy("GITHUB")
    world.provisioner.delete(physical_resource_id=physical_resource_id, server_type=server_type)
    assert "delete" not in world.codebuild.calls
    assert "GITHUB" in world.codebuild.slots


def test_delete_works_without_a_server_type(world: World) -> None:
    """A Delete with broken properties still removes its credential."""
    arn = world.provisioner.create(GITHUB).arn
    world.provisioner.delete(physical_resource_id=arn, server_type=None)
    assert world.codebuild.slots == {}


def test_a_failed_import_is_passed_on(world: World) -> None:
    """The provisioner does not hide or dress what CodeBuild's adapter says."""
    world.codebuild.failure = ServiceInternalError("CodeBuild", "failed", "Try again.")
    with pytest.raises(ServiceInternalError):
        world.provisioner.create(GITHUB)


@pytest.mark.parametrize("auth_type", [AuthType.PERSONAL_ACCESS_TOKEN, AuthType.CODECONNECTIONS])
def test_a_specification_that_went_around_the_contract_is_a_bug(world: World, auth_type: AuthType) -> None:
    """What properties.parse makes sure of is not checked a second time in other words."""
    with pytest.raises(ValueError, match=r"properties\.parse"):
        world.provisioner.create(Specification(server_type=ServerType.GITHUB, auth_type=auth_type))
