"""A secret rotates: what is in CodeBuild stays what the secret says."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from source_credential.errors import AccessDenied, InvalidRequest, NotFound, Throttling, TokenRefused, Unanswered
from source_credential.model import Secret, ServerType, TokenFacts
from source_credential.records import Claim
from source_credential.slots.freshen import SecretChange
from tests.fakes import ARN, CONNECTION_ARN, V2, V3, VERSION_ID, secret_arn
from tests.slots.interleaving import finish, go_until, start
from tests.slots.sent import (
    BUSY,
    CHECKED,
    LEFT_ALONE,
    REFRESHED,
    UNCHANGED,
    Answer,
    Check,
    Event,
    Refresh,
    Stack,
    github,
    owner,
    run,
)
from tests.slots.world import SLOT, World

SECRET = "a-GitHub"
ROTATED = Refresh(SECRET)


def top(world: World) -> Claim:
    """Return the holder's claim."""
    claim = world.record().top
    assert claim is not None
    return claim


def refresh(world: World) -> None:
    """Refresh the slot, with what that raises."""
    world.logic().freshener.refresh(SLOT, world.run(3), SecretChange(secret_arn(SECRET), "AWSCURRENT", "2026-01-01"))


@pytest.fixture
def a(world: World) -> Stack:
    """Return a stack that has the slot, whose secret has been rotated since."""
    stack = Stack(world, "a")
    rotated(world, stack)
    return stack


def rotated(world: World, stack: Stack, **properties: str) -> None:
    """Create a resource that has the slot, forget which calls that took, and rotate its secret."""
    assert stack.create(**properties).status == "SUCCESS"
    world.rotate(f"{stack.name}-GitHub", V2)
    world.codebuild.calls.clear()
    world.secrets.reads.clear()


@pytest.mark.usefixtures("a")
def test_a_rotation_imports_the_new_version_and_notes_it(world: World) -> None:
    """The claim has the new version, and is otherwise as it was."""
    before = top(world)
    assert (world.version(), before.secret_version_id) == (VERSION_ID, VERSION_ID)
    assert run(world, ROTATED) == REFRESHED
    assert top(world) == replace(before, secret_version_id=V2)
    assert world.codebuild.calls == ["import"]
    world.agree()


@pytest.mark.usefixtures("a")
def test_a_duplicate_imports_nothing(world: World) -> None:
    """One import per version, however often the queue tells of it."""
    assert [run(world, ROTATED) for _ in range(3)] == [REFRESHED, UNCHANGED, UNCHANGED]
    assert world.codebuild.calls == ["import"]


@pytest.mark.usefixtures("a")
def test_events_in_another_order_converge(world: World) -> None:
    """Both read what is current by now, so the one that comes first imports it, and the other one nothing."""
    world.rotate(SECRET, V3)
    assert [run(world, ROTATED) for _ in range(2)] == [REFRESHED, UNCHANGED]
    assert (world.version(), world.codebuild.calls) == (V3, ["import"])
    world.agree()


@pytest.mark.usefixtures("a")
def test_a_rotation_that_is_taken_back_is_followed_back(world: World) -> None:
    """AWSCURRENT on the older version again is a change like any other."""
    assert run(world, ROTATED) == REFRESHED
    world.secrets.labels[SECRET, "AWSCURRENT"] = VERSION_ID
    assert run(world, ROTATED) == REFRESHED
    assert world.version() == VERSION_ID
    world.agree()


def test_a_label_of_ones_own_is_followed(world: World) -> None:
    """By SecretVersionStage; what AWSCURRENT does is then nobody's business."""
    rotated(world, Stack(world, "a"), SecretVersionStage="BLUE")
    assert run(world, ROTATED) == LEFT_ALONE
    world.rotate(SECRET, V3, "BLUE")
    assert run(world, Refresh(SECRET, "BLUE")) == REFRESHED
    assert world.version() == V3
    world.agree()


def test_the_user_name_is_read_anew_with_the_token(world: World) -> None:
    """A rotation may change both."""
    world.secrets.texts["login"] = '{"user": "old@example.com", "pat": "ATATT-of-login"}'
    properties = {"ServerType": "BITBUCKET", "AuthType": "BASIC_AUTH", "SecretId": "login", "SecretKey": "pat"}
    Stack(world, "a").create(**properties, UsernameKey="user")
    world.secrets.add("login", V2, '{"user": "new@example.com", "pat": "ATATT-another"}')
    assert run(world, Refresh("login", slot=replace(SLOT, server_type=ServerType.BITBUCKET))) == REFRESHED
    assert world.codebuild.imported["BITBUCKET"][1] == "new@example.com"


REMADE = secret_arn(SECRET)[:-6] + "Second"


def test_a_secret_that_was_made_anew_under_its_name_is_followed(world: World, a: Stack) -> None:
    """It has another ARN, which is noted, and by which it is known from then on; also the first one's event counts."""
    world.secrets.arns[SECRET] = REMADE
    assert list(world.table.followers(REMADE)) == [SLOT]
    assert run(world, Refresh(SECRET, arn=REMADE)) == REFRESHED
    assert (top(world).secret_arn, world.version()) == (REMADE, V2)
    assert run(world, Refresh(SECRET, arn=REMADE)) == UNCHANGED
    assert a.delete().status == "SUCCESS"


def test_a_secret_named_by_its_arn_is_that_one_and_no_other(world: World) -> None:
    """One that was made anew has another ARN, which the template does not name."""
    world.secrets.texts[secret_arn(SECRET)] = "token"
    world.secrets.arns[secret_arn(SECRET)] = secret_arn(SECRET)
    Stack(world, "a").create(SecretId=secret_arn(SECRET))
    assert run(world, Refresh(SECRET, arn=REMADE)) == LEFT_ALONE
    assert run(world, Refresh(SECRET)) == UNCHANGED


LEFT: dict[str, dict[str, str]] = {
    "FollowRotation false": {"FollowRotation": "false"},
    "pinned": {"SecretVersionId": VERSION_ID},
    "another label": {"SecretVersionStage": "BLUE"},
    "read by CodeBuild": {"AuthType": "SECRETS_MANAGER", "FollowRotation": "false"},
    "another secret": {"SecretId": "another"},
    "a connection": {"AuthType": "CODECONNECTIONS", "ConnectionArn": CONNECTION_ARN},
}


@pytest.mark.parametrize("name", LEFT)
def test_what_follows_nothing_is_left_alone(world: World, name: str) -> None:
    """No secret is read, nothing is asked of CodeBuild, and the record is as it was."""
    world.secrets.texts["another"] = "token-of-another"
    if name == "read by CodeBuild":
        world.secrets.texts[SECRET] = '{"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": "x"}'
    world.connections.connections[CONNECTION_ARN] = ("AVAILABLE", "GitHub")
    given = github(world.secret(SECRET)) | LEFT[name]
    if name == "a connection":
        del given["SecretId"]
    assert run(world, Event("Create", owner("a"), "create", given)).status == "SUCCESS"
    world.rotate(SECRET, V2)
    before = world.record()
    world.codebuild.calls.clear()
    world.secrets.reads.clear()
    assert run(world, ROTATED) == LEFT_ALONE
    assert (world.secrets.reads, world.codebuild.calls, world.record()) == ([], [], before)
    expected = [SLOT] if name == "another label" else []
    assert list(world.table.followers(secret_arn(SECRET))) == expected


def test_a_secret_that_codebuild_reads_is_imported_again_only_when_it_is_another_one(world: World) -> None:
    """CodeBuild reads its new versions itself; one that was made anew under its name has another ARN."""
    text = '{"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": "ghp_x"}'
    world.secrets.texts[SECRET] = text
    assert Stack(world, "a").create(AuthType="SECRETS_MANAGER").status == "SUCCESS"
    world.codebuild.calls.clear()
    world.secrets.add(SECRET, V2, text)
    assert run(world, replace(ROTATED, version=V2)) == UNCHANGED
    assert world.codebuild.calls == []
    world.secrets.arns[SECRET] = REMADE
    assert list(world.table.followers(REMADE)) == [SLOT]
    assert run(world, Refresh(SECRET, arn=REMADE)) == REFRESHED
    assert (world.codebuild.slots["GITHUB"].resource, top(world).secret_arn) == (REMADE, REMADE)
    world.secrets.add(SECRET, V3, "no JSON any more")
    answer = run(world, Refresh(SECRET, arn=REMADE))
    assert (answer.status, "reads only its own JSON format" in answer.reason) == ("FAILED", True)


def behind(world: World, told: str, age: float = 0.0) -> Answer:
    """Return what comes of an event that names a version, while the label is read at the one that is there."""
    return run(world, replace(ROTATED, version=told, age=age))


def test_an_event_that_is_faster_than_secrets_manager_comes_again(world: World, a: Stack) -> None:
    """What is read is what is in already, or older than what was told; until Secrets Manager shows what it told of."""
    assert a.resources
    world.secrets.gone_versions.add(V3)
    assert behind(world, V3) == Answer("REFRESHED, AND BEHIND")
    assert behind(world, V3) == Answer("UNCHANGED, AND BEHIND")
    world.secrets.gone_versions.clear()
    world.rotate(SECRET, V3)
    assert behind(world, V3) == REFRESHED
    assert world.version() == V3
    world.agree()


def test_a_version_that_cannot_be_asked_about_is_no_failure(world: World, a: Stack) -> None:
    """What has the label is in; a resource policy may let nothing else be read."""
    assert a.resources
    read = world.secrets.read

    def denying(secret_id: str, *, version_stage: str | None = None, version_id: str | None = None) -> Secret:
        if version_id is not None:
            raise AccessDenied("Secret", "may not be read", "Allow it.")
        return read(secret_id, version_stage=version_stage)

    world.secrets.read = denying  # type: ignore[method-assign]
    assert behind(world, V3) == REFRESHED
    assert "could not be read: Secret: may not be read" in world.warnings[-1]


def test_an_old_event_ends(world: World, a: Stack) -> None:
    """That of a version which has lost the label since, and any that is some minutes old."""
    assert a.resources
    world.rotate(SECRET, V3)
    assert behind(world, V2) == REFRESHED
    assert behind(world, V2) == UNCHANGED
    unheard_of = "00000000-0000-4000-8000-000000000000"
    world.secrets.gone_versions.add(unheard_of)
    assert behind(world, unheard_of) == Answer("UNCHANGED, AND BEHIND")
    assert behind(world, unheard_of, age=119) == Answer("UNCHANGED, AND BEHIND")
    assert behind(world, unheard_of, age=120) == UNCHANGED


def test_a_slot_that_another_stack_has_taken_is_left_alone(world: World, a: Stack) -> None:
    """The former holder's secret is not its business any more."""
    assert Stack(world, "b").create(ShouldOverwrite="true").status == "SUCCESS"
    world.secrets.reads.clear()
    assert run(world, ROTATED) == LEFT_ALONE
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
    assert a.delete().status == "SUCCESS"
    assert world.secrets.reads == []
    world.agree()


def test_a_slot_that_was_deleted_is_left_alone(world: World, a: Stack) -> None:
    """Nothing is imported for a resource that is gone."""
    assert a.delete().status == "SUCCESS"
    world.codebuild.calls.clear()
    assert run(world, ROTATED) == LEFT_ALONE
    assert (world.secrets.reads, world.codebuild.calls, world.codebuild.slots) == ([], [], {})


def test_a_slot_that_goes_back_to_its_former_holder_has_the_version_of_by_now(world: World, a: Stack) -> None:
    """What follows its secret has missed nothing; what does not follow has the very version it had."""
    b = Stack(world, "b")
    b.create(ShouldOverwrite="true")
    assert run(world, ROTATED) == LEFT_ALONE
    b.delete()
    assert (world.holder(), world.version()) == ("a/GitHub", V2)
    world.agree()
    a.update(FollowRotation="false")
    b.create(ShouldOverwrite="true")
    world.rotate(SECRET, V3)
    b.delete()
    assert (world.holder(), world.version()) == ("a/GitHub", V2)
    world.agree()


def verified(world: World) -> None:
    """Create a resource whose token is verified; then rotate its secret."""
    world.token_check.facts = TokenFacts(login="octocat", expires_at="2027-01-01T00:00:00+00:00")
    rotated(world, Stack(world, "a"), VerifyToken="true")


def test_a_token_that_the_provider_refuses_does_not_replace_the_one_that_works(world: World) -> None:
    """The refusal is raised, time and again, until the secret holds a better one."""
    verified(world)
    before = world.record()
    world.token_check.refused.add(f"token-of-{SECRET}-{V2}")
    for _ in range(3):
        with pytest.raises(TokenRefused):
            refresh(world)
        assert run(world, Check()).status == "FAILED"
    assert (world.record(), world.version(), world.codebuild.calls.count("import")) == (before, VERSION_ID, 0)
    world.rotate(SECRET, V3)
    assert run(world, ROTATED) == REFRESHED
    world.agree()


def test_what_the_provider_tells_of_the_new_token_is_noted(world: World) -> None:
    """What it told of the old one is true of that one only; of the same one it stays true when nothing is told."""
    verified(world)
    world.token_check.facts = TokenFacts(expires_at="2028-01-01T00:00:00+00:00", warnings=("It may do too much.",))
    assert run(world, ROTATED) == REFRESHED
    assert (top(world).token_login, top(world).token_expires_at) == (None, "2028-01-01T00:00:00+00:00")
    assert world.warnings == [f"Slot {SLOT}: It may do too much."]
    for told in (TokenFacts(login="hubot"), TokenFacts()):
        world.token_check.facts = told
        assert run(world, Check()) == CHECKED
        assert (top(world).token_login, top(world).token_expires_at) == ("hubot", "2028-01-01T00:00:00+00:00")
    world.rotate(SECRET, V3)
    assert run(world, ROTATED) == REFRESHED
    assert (top(world).token_login, top(world).token_expires_at) == (None, None)


@pytest.mark.usefixtures("a")
@pytest.mark.parametrize("failure", [Throttling, Unanswered, InvalidRequest])
def test_an_import_that_fails_is_raised_and_comes_again(world: World, failure: Callable[..., Exception]) -> None:
    """What was there is there still, and so says the table; where it may be otherwise, that is marked."""
    before = world.record()
    world.codebuild.failure = failure("CodeBuild", "failed", "Again.")  # type: ignore[assignment]
    assert run(world, ROTATED) == Answer("FAILED", reason="CodeBuild: failed. Again.")
    assert bool(world.record().marks) is (failure is Unanswered)
    assert (world.record().claims, world.version()) == (before.claims, VERSION_ID)
    world.codebuild.failure = None
    assert run(world, ROTATED) == REFRESHED
    assert world.version() == V2
    world.agree()


@pytest.mark.usefixtures("a")
def test_a_rotation_that_cannot_be_read_is_raised(world: World) -> None:
    """A label that is gone, or a secret that is: the token that works stays."""
    world.secrets.labels[SECRET, "AWSCURRENT"] = None
    with pytest.raises(NotFound):
        refresh(world)
    del world.secrets.texts[SECRET]
    with pytest.raises(NotFound):
        refresh(world)
    assert world.codebuild.calls == []


def test_a_slot_at_which_somebody_is_at_work_is_busy(world: World, a: Stack) -> None:
    """The message is not kept waiting for long, and when it comes again it imports what is current then."""
    updating = start(world, Event("Update", owner("a"), "update", github("a-GitHub", VerifyToken="true"), ARN))
    go_until(updating, "import_credential")
    began = world.now
    assert run(world, ROTATED) == BUSY
    assert world.now - began < 6
    world.rotate(SECRET, V3)
    assert finish(updating, world).status == "SUCCESS"
    assert run(world, ROTATED) == REFRESHED
    assert world.version() == V3
    world.agree()
    assert a.delete().status == "SUCCESS"
