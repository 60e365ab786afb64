"""What an error says."""

import pytest

from source_credential.errors import NotFound, Refused, SourceCredentialError


def test_an_error_says_what_is_wrong_with_what_and_what_to_do() -> None:
    """The text has the thing, the problem, AWS's code and the remedy, in this order."""
    error = NotFound("Secret a", "does not exist", "Create it.", aws_code="ResourceNotFoundException")
    assert str(error) == "Secret a: does not exist (ResourceNotFoundException). Create it."


@pytest.mark.parametrize("code", [None, "", "two words", "x" * 65, "<script>"])
def test_what_does_not_look_like_an_error_code_is_not_shown(code: str | None) -> None:
    """Only letters, digits and dots pass for a code, so no text of AWS's can come in that way."""
    error = NotFound("Secret a", "does not exist", "Create it.", aws_code=code)
    assert str(error) == "Secret a: does not exist. Create it."
    assert error.aws_code is None


def test_a_failure_that_is_remembered_says_word_for_word_what_was_said_the_first_time() -> None:
    """A duplicate must not be answered with a reason of a reason; it is caught like any failure of ours."""
    first = str(NotFound("Secret a", "does not exist", "Create it.", aws_code="ResourceNotFoundException"))
    refused = Refused(first)
    assert str(refused) == first
    assert isinstance(refused, SourceCredentialError)
