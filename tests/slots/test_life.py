"""Who has the slot in the end, case by case, one request after the other."""

from collections.abc import Callable

import pytest

from source_credential.errors import ServiceInternalError
from source_credential.model import Credential, ServerType, Slot
from tests.fakes import ACCOUNT, ARN, REGION, credential_arn
from tests.slots.sent import HEALED, Answer, Check, Stack, run
from tests.slots.world import SLOT, World

BITBUCKET = Slot(account_id=ACCOUNT, region=REGION, server_type=ServerType.BITBUCKET)


def test_a_credentials_whole_life(world: World) -> None:
    """Created, updated in place, deleted; the table and CodeBuild agree at every step."""
    a = Stack(world, "a")
    created = a.create()
    assert (created.status, created.physical_resource_id) == ("SUCCESS", ARN)
    assert dict(created.attributes)["Arn"] == ARN
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")
    assert a.update(SecretId=world.secret("renewed")).physical_resource_id == ARN
    assert (world.holder(), world.token()) == ("a/GitHub", "renewed")
    assert a.delete() == Answer("SUCCESS", ARN)
    assert (world.holder(), world.token()) == (None, None)


def test_a_bad_secret_leaves_no_trace(world: World) -> None:
    """What cannot be read is neither claimed nor imported, and the Delete that follows changes nothing."""
    a = Stack(world, "a")
    answer = a.create(SecretId="nothing")
    assert (answer.status, answer.reason) == ("FAILED", "Secret nothing: does not exist. Create it.")
    assert world.record().claims == ()
    assert world.codebuild.calls == []
    assert a.delete().status == "SUCCESS"
    assert world.codebuild.calls == []


def test_renaming_the_logical_id_keeps_the_credential(world: World) -> None:
    """The new name takes the slot; the Delete of the old one, with the same ARN, touches nothing."""
    a = Stack(world, "a")
    a.create("Old")
    a.create("New")
    assert a.delete("Old") == Answer("SUCCESS", ARN)
    assert (world.holder(), world.token()) == ("a/New", "a-New")
    a.delete("New")
    assert (world.holder(), world.token()) == (None, None)


def test_a_rename_that_is_rolled_back_gives_the_slot_back(world: World) -> None:
    """The old name, which was never deleted, has its own credential again."""
    a = Stack(world, "a")
    a.create("Old")
    a.create("New")
    a.delete("New")
    assert (world.holder(), world.token()) == ("a/Old", "a-Old")
    a.delete("Old")
    assert (world.holder(), world.token()) == (None, None)


def test_another_stack_is_refused_and_told_who_holds_the_slot(world: World) -> None:
    """Without ShouldOverwrite, and with false, the slot stays; the refusal names stack, logical id and since when."""
    Stack(world, "a").create()
    for given in ({}, {"ShouldOverwrite": "false"}):
        b = Stack(world, "b")
        answer = b.create(**given)
        assert answer.status == "FAILED"
        assert "belongs to stack a, logical id GitHub, since 20" in answer.reason
        assert "Set ShouldOverwrite to true to take the slot over" in answer.reason
        b.delete()
        assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_moving_to_another_stack_leaves_no_gap(world: World) -> None:
    """The new stack takes over; the old one's update is refused, its deletion leaves the credential alone."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    assert b.create(ShouldOverwrite="true").status == "SUCCESS"
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
    assert "belongs to stack b" in a.update(SecretId=world.secret("other")).reason
    assert a.roll_back(SecretId="other") == Answer("SUCCESS", ARN, attributes=a_attributes(world))
    a.delete()
    assert (world.holder(), world.token()) == ("b/GitHub", "b-GitHub")
    b.delete()
    assert (world.holder(), world.token()) == (None, None)


def a_attributes(world: World) -> tuple[tuple[str, str], ...]:
    """Return the attributes of stack a's credential, as the table remembers them of a former holder."""
    former, _ = world.record().claims
    return tuple(sorted(former.attributes.items()))


def test_a_stack_that_took_over_and_is_rolled_back_gives_the_slot_back(world: World) -> None:
    """A Create that succeeds in a stack that then fails: what stood there before stands again."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    b.delete()
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_the_slot_goes_back_through_several_hands(world: World) -> None:
    """Each deletion gives back to the last holder that is still there, and not to the one that gives up."""
    a, b, c = (Stack(world, name) for name in "abc")
    a.create()
    b.create(ShouldOverwrite="true")
    c.create(ShouldOverwrite="true")
    assert b.update(SecretId=world.secret("renewed")).status == "SUCCESS"
    assert world.holder() == "b/GitHub"
    c.delete()
    b.delete()
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_a_former_holder_whose_secret_is_gone_does_not_keep_a_stack_from_going(world: World) -> None:
    """The slot is emptied instead, an operator is told, and the check puts the holder's token there when it can."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    b.create(ShouldOverwrite="true")
    del world.secrets.texts["a-GitHub"]
    assert b.delete().status == "SUCCESS"
    assert (world.holder(), world.token(), world.record().in_codebuild) == ("a/GitHub", None, False)
    assert run(world, Check()).status == "FAILED"
    world.secret("a-GitHub")
    assert run(world, Check()) == HEALED
    world.agree()
    assert any("not in CodeBuild for stack a, logical id GitHub" in told for told in world.warnings)


def test_an_unmanaged_credential_is_adopted_unless_that_is_forbidden(world: World) -> None:
    """False refuses, and names its auth type and what to set; absent and true take it."""
    unmanaged = Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH")
    world.codebuild.slots["GITHUB"] = unmanaged
    a = Stack(world, "a")
    answer = a.create(ShouldOverwrite="false")
    assert "AuthType OAUTH that no stack manages" in answer.reason
    assert "Set ShouldOverwrite to true" in answer.reason
    a.delete()
    assert world.codebuild.slots["GITHUB"] == unmanaged
    assert a.create().status == "SUCCESS"
    assert world.token() == "a-GitHub"


def test_false_keeps_its_own_slot(world: World) -> None:
    """ShouldOverwrite false protects others' credentials, not this stack's from its own updates and renames."""
    a = Stack(world, "a")
    assert a.create(ShouldOverwrite="false").status == "SUCCESS"
    assert a.update(SecretId=world.secret("other")).status == "SUCCESS"
    assert a.create("New", ShouldOverwrite="false").status == "SUCCESS"
    assert world.holder() == "a/New"


def test_two_resources_for_one_slot_in_one_stack(world: World) -> None:
    """The later one holds it; the earlier one's Delete is a no-op."""
    a = Stack(world, "a")
    a.create("First")
    a.create("Second")
    a.delete("First")
    assert (world.holder(), world.token()) == ("a/Second", "a-Second")


@pytest.mark.parametrize("auth_type", [None, "OAUTH"])
def test_an_import_that_is_refused_is_undone(world: World, auth_type: str | None) -> None:
    """The table is as it was, and what is in CodeBuild was not touched."""
    if auth_type:
        world.codebuild.slots["GITHUB"] = Credential(arn=ARN, server_type="GITHUB", auth_type=auth_type)
    before = dict(world.codebuild.slots)
    world.codebuild.failure = Refused()
    a = Stack(world, "a")
    assert a.create().status == "FAILED"
    assert world.record().claims == ()
    assert world.codebuild.slots == before
    world.codebuild.failure = None
    a.delete()
    assert world.codebuild.slots == before


class Refused(ServiceInternalError):
    """An import that AWS refused, for sure."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("CodeBuild", "failed", "Deploy again.")


def test_a_failed_takeover_leaves_the_holder_exactly_as_it_was(world: World) -> None:
    """The other stack's claim stands again, to the letter, and its token is in CodeBuild."""
    a, b = Stack(world, "a"), Stack(world, "b")
    a.create()
    before = world.record()
    world.codebuild.failure = Refused()
    assert b.create(ShouldOverwrite="true").status == "FAILED"
    world.codebuild.failure = None
    assert world.record() == before
    b.delete()
    assert (world.record(), world.token()) == (before, "a-GitHub")


def test_a_replacement_moves_from_slot_to_slot(world: World) -> None:
    """Another ServerType: another ARN; the Delete of the old one empties the old slot only."""
    a = Stack(world, "a")
    a.create()
    answer = a.update(ServerType="BITBUCKET")
    assert answer.physical_resource_id == credential_arn("BITBUCKET")
    assert (world.holder(), world.holder(BITBUCKET)) == ("a/GitHub", "a/GitHub")
    a.delete(physical_resource_id=ARN)
    assert (world.token(), world.token(BITBUCKET)) == (None, "a-GitHub")
    a.delete()
    assert world.token(BITBUCKET) is None


def test_a_replacement_that_is_rolled_back(world: World) -> None:
    """The old slot keeps its credential, and the new one's is deleted."""
    a = Stack(world, "a")
    a.create()
    a.update(ServerType="BITBUCKET")
    assert a.update(ServerType="GITHUB").physical_resource_id == ARN
    a.delete(physical_resource_id=credential_arn("BITBUCKET"))
    assert (world.token(), world.token(BITBUCKET)) == ("a-GitHub", None)


def test_another_region_and_account(world: World) -> None:
    """Region and RoleArn name another slot, whose ARN is another; each Delete finds its own."""
    a = Stack(world, "a")
    a.create()
    role = "arn:aws:iam::222222222222:role/target"
    there = Slot(account_id="222222222222", region="eu-west-1", server_type=ServerType.GITHUB)
    answer = a.update(Region="eu-west-1", RoleArn=role)
    assert answer.physical_resource_id == credential_arn("GITHUB", region="eu-west-1", account_id="222222222222")
    a.delete(physical_resource_id=ARN)
    assert (world.token(), world.token(there)) == (None, "a-GitHub")
    a.delete()
    assert (world.holder(there), world.token(there)) == (None, None)


def test_a_role_that_cannot_be_assumed_changes_nothing(world: World) -> None:
    """The reason names the role; the Update's rollback succeeds."""
    role = "arn:aws:iam::222222222222:role/target"
    world.refused_roles.add(role)
    a = Stack(world, "a")
    a.create()
    assert a.update(RoleArn=role).reason.startswith(f"RoleArn {role}: the provider may not assume it")
    assert a.roll_back(RoleArn=role).status == "SUCCESS"
    assert world.token() == "a-GitHub"
    assert world.holder() == "a/GitHub"


def test_the_way_back_from_a_failed_update_never_fails(world: World) -> None:
    """The old secret is gone by then, but what it was imported from before stands, and so do its attributes."""
    a = Stack(world, "a")
    created = a.create()
    assert a.update(SecretId="nothing").status == "FAILED"
    del world.secrets.texts["a-GitHub"]
    answer = a.roll_back(SecretId="nothing")
    assert (answer.status, answer.physical_resource_id) == ("SUCCESS", ARN)
    assert answer.attributes == created.attributes
    assert world.holder() == "a/GitHub"
    assert a.update(SecretId="nothing2").status == "FAILED"
    assert a.update(SecretId="nothing3").status == "FAILED", "another Update than the way back is not waved through"


def test_a_credential_deleted_in_the_console_is_no_obstacle(world: World) -> None:
    """The next update brings it back; the Delete of what is gone is a success."""
    a = Stack(world, "a")
    a.create()
    world.codebuild.slots.clear()
    assert a.update(SecretId=world.secret("other")).status == "SUCCESS"
    assert world.token() == "other"
    world.codebuild.slots.clear()
    assert a.delete().status == "SUCCESS"
    assert world.record().claims == ()


def test_a_connection_made_in_the_console_over_ours_is_left_by_a_delete(world: World) -> None:
    """OAUTH cannot be imported, so it is visibly somebody's, and nobody could bring it back."""
    a = Stack(world, "a")
    a.create()
    made = Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH")
    world.codebuild.slots["GITHUB"] = made
    assert a.delete().status == "SUCCESS"
    assert (world.record().claims, world.codebuild.slots["GITHUB"]) == ((), made)


def test_without_its_item_a_credential_is_nobodys(world: World) -> None:
    """A Delete leaves what the table does not know, and an operator is told; an Update takes it in again."""
    a = Stack(world, "a")
    a.create()
    world.lose_table()
    assert a.delete().status == "SUCCESS"
    assert world.token() == "a-GitHub"
    assert any("nothing was deleted" in told for told in world.warnings)
    world.lose_table()
    assert a.update(SecretId=world.secret("other")).status == "SUCCESS"
    assert world.holder() == "a/GitHub"
    a.delete()
    assert world.token() is None


@pytest.mark.parametrize(
    "given",
    ["source-credential:create-failed:elsewhere", "arn:aws:codebuild:us-east-1:111111111111:token/github", ARN + "x"],
)
def test_a_delete_by_a_marker_or_a_foreign_arn_touches_nothing(world: World, given: str) -> None:
    """What this resource has is what CloudFormation knows by its ARN."""
    a = Stack(world, "a")
    a.create()
    assert a.delete(physical_resource_id=given) == Answer("SUCCESS", given)
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_a_retained_credential_survives_a_failed_create_of_the_same_name(world: World) -> None:
    """The Create's marker names what that Create left, which is nothing, and not what was retained."""
    a = Stack(world, "a")
    a.create()
    answer = a.create(SecretId="nothing")
    assert a.delete(physical_resource_id=answer.physical_resource_id).status == "SUCCESS"
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


def test_by_an_id_that_was_never_given_all_that_is_owned_goes(world: World) -> None:
    """CloudFormation makes an id up when it has given up waiting for a Create."""
    a = Stack(world, "a")
    a.create()
    assert a.delete(physical_resource_id="a-GitHub-1ABCDEF") == Answer("SUCCESS", "a-GitHub-1ABCDEF")
    assert (world.holder(), world.token()) == (None, None)
    assert a.create().status == "SUCCESS", "the Create was known, so no other one is expected"


def test_a_create_that_comes_after_its_delete_leaves_nothing(world: World) -> None:
    """The first Create to come is the one that was given up; the one after is wanted."""
    a = Stack(world, "a")
    a.resources["GitHub"] = ("a-GitHub-1ABCDEF", {})
    assert a.delete().status == "SUCCESS"
    late = a.create()
    assert late.status == "FAILED"
    assert "CloudFormation has sent a later request" in late.reason
    assert (world.holder(), world.token()) == (None, None)
    assert a.again() == late
    assert a.create().status == "SUCCESS"


def test_an_update_that_comes_after_its_delete_leaves_nothing(world: World) -> None:
    """Its id is deleted: there is nothing to update. A resource created anew is updated as ever."""
    a = Stack(world, "a")
    a.create()
    a.delete()
    assert a.update(SecretId=world.secret("other")).status == "FAILED"
    assert (world.holder(), world.token()) == (None, None)
    a.create()
    assert a.update(SecretId="other").status == "SUCCESS"


def test_a_delete_that_comes_again_does_not_hit_what_was_created_since(world: World) -> None:
    """Days later, out of the dead-letter queue: the same answer, and the new credential stays."""
    a = Stack(world, "a")
    a.create()
    answer = a.delete()
    old = a.last
    a.create()
    assert old is not None
    assert run(world, old) == answer
    assert (world.holder(), world.token()) == ("a/GitHub", "a-GitHub")


@pytest.mark.parametrize("times", [1, 3])
def test_a_duplicate_has_the_same_answer_and_no_effect(world: World, times: int) -> None:
    """Whatever has happened since, nothing is imported or deleted a second time."""
    a = Stack(world, "a")
    acts: list[Callable[[], Answer]] = [
        a.create,
        lambda: a.update(SecretId=world.secret("x")),
        lambda: a.update(SecretId="none"),
        a.delete,
    ]
    answers = [(act(), a.last) for act in acts]
    calls = len(world.codebuild.calls)
    for answer, event in answers * times:
        assert event is not None
        assert run(world, event) == answer
    assert len(world.codebuild.calls) == calls


def test_a_delete_that_fails_can_be_sent_again(world: World) -> None:
    """The claim and a mark stay, and the next Delete takes both away."""
    a = Stack(world, "a")
    a.create()
    world.codebuild.delete_failure = Refused()
    assert a.delete().status == "FAILED"
    assert world.record(SLOT).marks
    world.codebuild.delete_failure = None
    assert a.delete().status == "SUCCESS"
    assert (world.holder(), world.token()) == (None, None)
