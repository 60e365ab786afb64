"""The words of the provider keep what must not be seen unseen."""

import copy
import json
import pickle

import pytest

from source_credential.model import Secret, Token

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
