"""More ends that an earlier design came to, each with its name."""

import pytest

from source_credential.errors import AccessDenied, ServiceInternalError
from source_credential.model import Credential
from tests.fakes import ARN, V2, VERSION_ID, FakeSourceCredentials, credential_arn, raising
from tests.slots.interleaving import die, finish, go_until, start
from tests.slots.sent import BUSY, CHECKED, HEALED, Answer, Check, Event, Stack, create, owner, run
from tests.slots.world import Killed, World, kill_before


def test_9_a_holder_goes_though_the_former_holders_role_is_gone(world: World) -> None:
    """The slot is emptied by the role of the one that goes; the claim that is uncovered stays, for the check."""
    role = "arn:aws:iam::000000000000:role/former"
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create(RoleArn=role)
    b.create(ShouldOverwrite="true")
    world.refused_roles.add(role)
    assert b.delete().status == "SUCCESS"
    assert (world.holder(), world.token(), world.record().in_codebuild) == ("a/GitHub", None, False)
    world.refused_roles.clear()
    assert run(world, Check()) == HEALED
    world.agree()


def test_9_a_holder_goes_though_codebuild_refuses_the_former_holders_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    monkeypatch.setattr(FakeSourceCredentials, "refused", {"token-of-a-GitHub"})
    assert b.delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", None)
    assert a.delete().status == "SUCCESS"
    assert world.record().claims == ()


def test_9_a_failed_create_is_undone_while_another_stacks_secret_cannot_be_read(world: World) -> None:
    """Its token is not left in the other one's slot."""
    Stack(world, "a").create()
    world.secret("b-GitHub")
    event = create("b", ShouldOverwrite="true")
    taking = start(world, event)
    go_until(taking, "give_back")
    world.secrets.gone_versions.add(VERSION_ID)
    taking.go(raising(ServiceInternalError("Table", "failed", "Again.")))
    answer = finish(taking, world)
    assert (answer.status, world.token()) == ("FAILED", None)
    assert run(world, Event("Delete", owner("b"), "after", event.properties, answer.physical_resource_id)).status == (
        "SUCCESS"
    )
    world.secrets.gone_versions.clear()
    assert run(world, Check()) == HEALED
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_11_records_that_have_expired_cancel_nothing(world: World) -> None:
    """After a month the answers are forgotten; Updates, their ways back and Deletes are as ever."""
    a = Stack(world, "a")
    a.create()
    a.delete()
    a.create()
    world.pass_time(31 * 24 * 3600)
    assert a.update(SecretId=world.secret("new")).status == "SUCCESS"
    assert a.update(SecretId="nothing").status == "FAILED"
    world.pass_time(31 * 24 * 3600)
    assert a.roll_back(SecretId="nothing").status == "SUCCESS"
    assert a.delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)


def test_12_a_check_that_comes_again_while_another_one_takes_over_writes_nothing(world: World) -> None:
    """The slot is busy, however often it comes."""
    Stack(world, "a").create()
    world.secret("b-GitHub")
    taking = start(world, create("b", ShouldOverwrite="true"))
    go_until(taking, "import_credential")
    imports = world.codebuild.calls.count("import")
    assert [run(world, Check()) for _ in range(2)] == [BUSY, BUSY]
    assert world.codebuild.calls.count("import") == imports
    assert finish(taking, world).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")


def test_12_a_check_that_is_not_to_heal_writes_nothing_when_it_comes_again(world: World) -> None:
    """What its first run saw makes no difference."""
    Stack(world, "a").create()
    world.rotate("a-GitHub", V2)
    for nth in range(3):
        with pytest.raises(Killed):
            run(world, Check(heal=False), kill_before(nth))
        world.pass_time(60)
        assert run(world, Check(heal=False)) == CHECKED
    assert (world.version(), world.codebuild.calls.count("import")) == (VERSION_ID, 1)


@pytest.mark.parametrize("arn", ["arn:aws:codebuild:us-east-1:000000000000:token:github", ARN + "-6f1c", "arn:x"])
def test_13_an_id_of_another_shape_is_compared_and_not_parsed(
    world: World, monkeypatch: pytest.MonkeyPatch, arn: str
) -> None:
    """What CodeBuild gave is the id, whatever it looks like: its Delete takes that one away, and no other one."""
    real = FakeSourceCredentials.import_credential

    def otherwise(self: FakeSourceCredentials, **given: object) -> str:
        real(self, **given)  # type: ignore[arg-type]
        server_type = str(given["server_type"])
        if server_type == "GITHUB":
            self.slots["GITHUB"] = Credential(arn=arn, server_type="GITHUB", auth_type="PERSONAL_ACCESS_TOKEN")
            return arn
        return credential_arn(server_type)

    monkeypatch.setattr(FakeSourceCredentials, "import_credential", otherwise)
    a = Stack(world, "a")
    assert a.create().physical_resource_id == arn
    assert a.update(ServerType="BITBUCKET").physical_resource_id == credential_arn("BITBUCKET")
    assert a.delete(physical_resource_id=arn) == Answer("SUCCESS", arn)
    assert set(world.codebuild.slots) == {"BITBUCKET"}
    assert a.delete(physical_resource_id=arn) == Answer("SUCCESS", arn)
    assert set(world.codebuild.slots) == {"BITBUCKET"}


def test_14_a_denied_role_of_a_dead_run_is_told_and_left_to_the_next(world: World) -> None:
    """What a run by a role left in a slot that is nobody's is taken away by that role, once it may be assumed again."""
    role = "arn:aws:iam::000000000000:role/target"
    world.secret("a-GitHub")
    die(world, create("a", RoleArn=role), "give_back")
    world.refused_roles.add(role)
    assert run(world, Check()).reason.startswith(str(AccessDenied(f"RoleArn {role}", "the provider may not", ""))[:60])
    world.refused_roles.clear()
    assert run(world, Check()) == HEALED
    assert world.token() is None
