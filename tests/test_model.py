"""The words of the provider keep what must not be seen unseen."""

import copy
import json
import pickle

import pytest

from source_credential.model import Owner, Secret, ServerType, Slot, Token, failed_create_id, failed_create_of
from tests.fakes import ACCOUNT, REGION, credential_arn

TEXT = "ghp_thisIsOnlyATest"


def test_a_token_shows_a_mask_however_it_is_printed() -> None:
    """Neither repr, str, format nor a container's repr shows the text."""
    token = Token(TEXT)
    assert {repr(token), str(token), f"{token}", f"{token!r}"} == {"Token(***)"}
    assert TEXT not in repr([token])


def test_a_token_gives_its_text_only_on_request() -> None:
    """reveal() is the one way to the text."""
    assert Token(TEXT).reveal() == TEXT
    with pytest.raises(AttributeError):
        vars(Token(TEXT))["_text"] if hasattr(Token(TEXT), "__dict__") else Token(TEXT).text  # type: ignore[attr-defined]


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_token_cannot_be_serialised(write: object) -> None:
    """Pickling, copying and JSON refuse, and their refusal does not hold the text."""
    with pytest.raises(TypeError) as refusal:
        write(Token(TEXT))  # type: ignore[operator]
    assert TEXT not in str(refusal.value)


def test_tokens_are_equal_by_text() -> None:
    """Two tokens of the same text are the same; anything else is not."""
    assert Token(TEXT) == Token(TEXT)
    assert hash(Token(TEXT)) == hash(Token(TEXT))
    assert Token(TEXT) != Token("other")
    assert Token(TEXT) != TEXT


def test_a_secret_does_not_show_its_text() -> None:
    """The repr of a secret has its ARN and version only."""
    assert TEXT not in repr(Secret(arn="arn", version_id="v", text=TEXT))


@pytest.mark.parametrize(
    ("stack_id", "name"),
    [
        ("arn:aws:cloudformation:us-east-1:000000000000:stack/consumer/0a1b2c3d", "consumer"),
        ("arn:aws:cloudformation:us-east-1:000000000000:stack/consumer", "consumer"),
        ("no-arn", "no-arn"),
    ],
)
def test_an_owner_is_told_by_the_stacks_name(stack_id: str, name: str) -> None:
    """As a person speaks of it; an id that is no stack's ARN is shown whole."""
    owner = Owner(stack_id=stack_id, logical_resource_id="GitHub")
    assert owner.stack_name == name
    assert str(owner) == f"stack {name}, logical id GitHub"


HERE, NEAR, FAR, NOWHERE = (
    Owner(stack_id=stack_id, logical_resource_id="GitHub")
    for stack_id in (
        "arn:aws:cloudformation:us-east-1:000000000000:stack/here/0a1b",
        "arn:aws:cloudformation:eu-west-1:000000000000:stack/near/0a1b",
        "arn:aws:cloudformation:us-east-1:222222222222:stack/far/0a1b",
        "nowhere",
    )
)


@pytest.mark.parametrize(
    ("told", "reader", "place"),
    [
        (HERE, HERE, ""),
        (NEAR, HERE, ", in region eu-west-1 of account 000000000000"),
        (FAR, HERE, ", in region us-east-1 of account 222222222222"),
        (HERE, NOWHERE, ", in region us-east-1 of account 000000000000"),
        (NOWHERE, HERE, ""),
    ],
)
def test_an_owner_elsewhere_is_told_with_its_place(told: Owner, reader: Owner, place: str) -> None:
    """Where it is another one than the reader's; an id that is no ARN tells none."""
    assert told.as_seen_by(reader) == f"{told}{place}"
    assert [owner.account_id for owner in (FAR, NOWHERE)] == ["222222222222", None]


@pytest.mark.parametrize("server_type", ServerType)
def test_a_slots_text_leads_back_to_the_slot(server_type: ServerType) -> None:
    """The text is the table's key, and two slots never share one."""
    slot = Slot(account_id=ACCOUNT, region=REGION, server_type=server_type)
    assert Slot.parse(str(slot)) == slot
    assert len({str(slot), str(Slot(account_id=ACCOUNT, region="eu-west-1", server_type=server_type))}) == 2


@pytest.mark.parametrize("text", ["", "000000000000/us-east-1", "000000000000/us-east-1/GITEA", "a/b/GITHUB/d"])
def test_what_is_no_slot_is_not_read_as_one(text: str) -> None:
    """A table that somebody has written to by hand is not guessed at."""
    with pytest.raises(ValueError, match=r"."):
        Slot.parse(text)


def test_the_marker_of_a_failed_create_leads_back_to_its_request() -> None:
    """It is an id that nothing else has, and the same for the same request."""
    assert failed_create_id("0a1b") == "source-credential:create-failed:0a1b"
    assert failed_create_of(failed_create_id("0a1b")) == "0a1b"


@pytest.mark.parametrize(
    "given", ["", credential_arn("GITHUB"), "consumer-GitHub-1A2B", f"x{failed_create_id('0a1b')}"]
)
def test_any_other_id_is_no_marker(given: str) -> None:
    """Neither an ARN, nor what CloudFormation makes up, nor what has a marker in it."""
    assert failed_create_of(given) is None
