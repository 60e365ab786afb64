"""The daily check: every slot is compared with the world, and imported anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from source_credential.errors import InvalidRequest, Throttling, Unanswered
from source_credential.model import Credential, TokenFacts
from source_credential.slots.freshen import Finding
from tests.fakes import ARN, CONNECTION_ARN, V2, V3, VERSION_ID, secret_arn
from tests.slots.interleaving import die, finish, go_until, start
from tests.slots.sent import BUSY, CHECKED, HEALED, Check, Event, Stack, create, owner, run
from tests.slots.test_rotation import SECRET, rotated
from tests.slots.world import SLOT, World


def check(world: World, calls: list[str] | None = None, *, heal: bool = True) -> Finding:
    """Check the slot."""
    logic = world.logic((calls if calls is not None else []).append)
    return logic.freshener.check(SLOT, world.run(3), heal=heal)


@pytest.fixture
def a(world: World) -> Stack:
    """Return a stack that has the slot, whose secret has been rotated since."""
    stack = Stack(world, "a")
    rotated(world, stack)
    return stack


def test_a_healthy_slot_is_imported_anew_and_counts_as_checked(world: World) -> None:
    """CodeBuild never shows a token, so comparing cannot find a wrong one; writing can."""
    Stack(world, "a").create()
    world.codebuild.imported["GITHUB"] = ("somebody's by hand", None)
    calls: list[str] = []
    assert check(world, calls) == Finding()
    assert calls == ["take_turn", "list_credentials", "read", "mark", "import_credential", "give_back"]
    world.agree()


@pytest.mark.usefixtures("a")
def test_what_is_stale_is_found_and_healed(world: World) -> None:
    """A rotation of which nobody told."""
    assert check(world) == Finding(stale=True, healed=True)
    assert world.version() == V2
    world.agree()
    assert check(world) == Finding()


@pytest.mark.usefixtures("a")
def test_a_check_that_is_not_to_heal_only_looks(world: World) -> None:
    """However often its message comes, nothing is written; not even what a dead run has left is put in order."""
    for failure in (None, Unanswered("CodeBuild", "got no answer", "Again.")):
        world.codebuild.failure = failure
        if failure:
            run(world, Check())
            world.codebuild.failure = None
        before, there = world.record(), world.codebuild.slots
        world.codebuild.calls.clear()
        for slots, missing in ((there, False), ({}, True)):
            world.codebuild.slots = slots
            assert check(world, heal=False) == Finding(missing=missing, stale=True)
        assert world.codebuild.calls == ["list", "list"]
        assert world.record() == before
        world.codebuild.slots = there


@pytest.mark.parametrize("auth_type", [None, "OAUTH"])
def test_a_credential_that_is_missing_or_another_one_is_imported_again(world: World, auth_type: str | None) -> None:
    """Somebody has deleted it, or connected with another account in the console."""
    Stack(world, "a").create()
    world.codebuild.slots.clear()
    world.codebuild.imported.clear()
    if auth_type:
        world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type=auth_type)
    assert check(world) == Finding(missing=True, healed=True)
    world.agree()


@pytest.mark.parametrize("pinned", [True, False])
def test_what_follows_nothing_stays_at_its_version(world: World, *, pinned: bool) -> None:
    """It is never stale; when Secrets Manager has dropped that, what is in CodeBuild stays, as long as it does."""
    stack = Stack(world, "a")
    rotated(world, stack, **({"SecretVersionId": VERSION_ID} if pinned else {"FollowRotation": "false"}))
    assert check(world) == Finding()
    assert (world.version(), world.codebuild.calls) == (VERSION_ID, ["list", "import"])
    world.secrets.gone_versions.add(VERSION_ID)
    assert check(world) == Finding()
    assert world.codebuild.calls == ["list", "import", "list"]
    world.codebuild.slots.clear()
    found = check(world)
    assert (found.missing, found.healed, found.failure is None) == (True, not pinned, not pinned)
    assert world.version() == (None if pinned else V2)


def test_a_secret_that_is_gone_is_told_whatever_follows_it(world: World) -> None:
    """Not only its version: somebody has to do something."""
    Stack(world, "a").create(FollowRotation="false")
    del world.secrets.texts[SECRET]
    found = check(world)
    assert (found.stale, found.healed, str(found.failure)) == (
        True,
        False,
        "Secret a-GitHub: does not exist. Create it.",
    )


def test_a_connection_is_looked_after(world: World) -> None:
    """It has no secret to compare; one that is missing is imported again, one that is gone is told."""
    world.connections.connections[CONNECTION_ARN] = ("AVAILABLE", "GitHub")
    given = {"ServerType": "GITHUB", "AuthType": "CODECONNECTIONS", "ConnectionArn": CONNECTION_ARN}
    run(world, Event("Create", owner("a"), "create", given))
    assert check(world) == Finding()
    world.codebuild.slots.clear()
    assert check(world) == Finding(missing=True, healed=True)
    assert set(world.codebuild.slots) == {"GITHUB"}
    for status, told in (("ERROR", "is ERROR"), ("PENDING", "is PENDING"), (None, "does not exist")):
        world.connections.connections.clear()
        if status:
            world.connections.connections[CONNECTION_ARN] = (status, "GitHub")
        found = check(world)
        assert (found.missing, found.stale, found.healed) == (False, True, False)
        assert told in str(found.failure)


READ_BY_CODEBUILD = '{"ServerType": "GITHUB", "AuthType": "PERSONAL_ACCESS_TOKEN", "Token": "ghp_x"}'


def test_a_credential_that_leads_elsewhere_is_stale_and_led_back(world: World) -> None:
    """Somebody has connected it with another connection in the console; a service's old name is the same one."""
    world.connections.connections[CONNECTION_ARN] = ("AVAILABLE", "GitHub")
    given = {"ServerType": "GITHUB", "AuthType": "CODECONNECTIONS", "ConnectionArn": CONNECTION_ARN}
    run(world, Event("Create", owner("a"), "create", given))
    for resource, stale in (
        (CONNECTION_ARN.replace("codeconnections", "codestar-connections"), False),
        (None, False),
        (CONNECTION_ARN.replace("aaaa", "cccc"), True),
        (CONNECTION_ARN.replace("us-east-1", "eu-west-1"), True),
    ):
        there = world.codebuild.slots["GITHUB"]
        world.codebuild.slots["GITHUB"] = replace(there, resource=resource)
        assert check(world) == Finding(stale=stale, healed=stale)
        assert world.codebuild.slots["GITHUB"].resource == CONNECTION_ARN


def test_a_secret_that_codebuild_reads_is_looked_after(world: World) -> None:
    """One that was made anew under its name is imported; one that CodeBuild could not use is told, and is stale."""
    world.secrets.texts[SECRET] = READ_BY_CODEBUILD
    assert Stack(world, "a").create(AuthType="SECRETS_MANAGER").status == "SUCCESS"
    assert check(world) == Finding()
    anew = secret_arn(SECRET)[:-6] + "Second"
    world.secrets.arns[SECRET] = anew
    assert check(world) == Finding(stale=True, healed=True)
    assert world.codebuild.slots["GITHUB"].resource == anew
    world.secrets.texts[SECRET] = "ghp_x"
    found = check(world)
    assert (found.stale, found.healed, "is not JSON" in str(found.failure)) == (True, False, True)


def test_what_cannot_be_looked_at_is_not_called_stale(world: World) -> None:
    """A role that may not list says nothing of the credential."""
    world.secrets.texts[SECRET] = READ_BY_CODEBUILD
    role = "arn:aws:iam::222222222222:role/target"
    world.secrets.arns[SECRET] = secret_arn(SECRET).replace("000000000000", "222222222222")
    assert Stack(world, "a").create(AuthType="SECRETS_MANAGER", RoleArn=role).status == "SUCCESS"
    world.refused_roles.add(role)
    slot = replace(SLOT, account_id="222222222222")
    found = world.logic().freshener.check(slot, world.run(3), heal=True)
    assert (found.missing, found.stale, found.healed) == (False, False, False)
    assert "may not assume it" in str(found.failure)


@pytest.mark.usefixtures("a")
def test_a_label_that_is_gone_makes_stale_what_cannot_be_healed(world: World) -> None:
    """The failure is Secrets Manager's, and the token that is there stays."""
    world.secrets.labels[SECRET, "AWSCURRENT"] = None
    found = check(world)
    assert (found.stale, found.healed) == (True, False)
    assert "has no version" in str(found.failure)
    assert world.version() == VERSION_ID


@pytest.mark.usefixtures("a")
@pytest.mark.parametrize("failure", [Throttling, InvalidRequest])
def test_what_was_found_is_told_though_it_cannot_be_mended(world: World, failure: type[Throttling]) -> None:
    """The failure comes with it, and the token that is there stays."""
    world.codebuild.failure = failure("CodeBuild", "failed", "Again.")
    found = check(world)
    assert (found.stale, found.healed, found.failure) == (True, False, world.codebuild.failure)
    assert (world.version(), world.record().marks) == (VERSION_ID, frozenset())


def test_an_empty_slot_is_nothing_to_look_after(world: World) -> None:
    """What nobody manages there is let be."""
    world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH")
    assert check(world) == Finding()
    assert world.codebuild.calls == []


@pytest.mark.parametrize("adopts", [True, False])
def test_what_a_dead_run_left_in_a_slot_that_is_nobodys_is_removed(world: World, *, adopts: bool) -> None:
    """Unless it may be a credential that nobody manages; without healing it waits."""
    if adopts:
        world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type="BASIC_AUTH")
    world.secret("a-GitHub")
    die(world, create("a"), "give_back")
    assert check(world, heal=False) == Finding(stale=True)
    assert world.record().marks
    assert run(world, Check()) == HEALED
    assert world.token() == ("a-GitHub" if adopts else None)
    assert not world.record().marks


def test_an_import_under_way_is_let_be(world: World) -> None:
    """The slot is busy, and the check comes again."""
    Stack(world, "a").create()
    world.secret("b-GitHub")
    taking = start(world, create("b", ShouldOverwrite="true"))
    go_until(taking, "import_credential")
    before = world.record()
    assert run(world, Check()) == BUSY
    assert world.record() == before
    assert finish(taking, world).status == "SUCCESS"
    assert run(world, Check()) == CHECKED
    world.agree()


@pytest.mark.parametrize("days", [30, 0.5, -2])
def test_the_days_until_a_token_expires_are_told(world: World, days: float) -> None:
    """Fewer than none when it has expired; nothing where the provider has told nothing."""
    expires_at = (datetime.fromtimestamp(world.now, UTC) + timedelta(days=days)).isoformat()
    stack = Stack(world, "a")
    world.token_check.facts = TokenFacts(expires_at=expires_at)
    stack.create(VerifyToken="true")
    assert check(world).days_until_expiry == pytest.approx(days, abs=0.01)
    world.token_check.facts = TokenFacts()
    world.rotate(SECRET, V3)
    stack.update(VerifyToken="false")
    assert check(world).days_until_expiry is None


def test_a_former_holder_that_could_not_be_uncovered_is_tried_again(world: World) -> None:
    """Its secret was gone when the slot was given back to it; once it is there again, the check imports it."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    text = world.secrets.texts.pop("a-GitHub")
    assert b.delete().status == "SUCCESS"
    found = check(world)
    assert (found.missing, found.stale, found.healed, found.failure is None) == (True, True, False, False)
    world.secrets.texts["a-GitHub"] = text
    assert run(world, Check()) == HEALED
    world.agree()
