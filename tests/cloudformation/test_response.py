"""Every answer is well-formed and fits."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_credential.cloudformation.response import FAILED, MAX_BODY_BYTES, SUCCESS, DoesNotFit, Response

IDS: dict[str, Any] = {"stack_id": "stack", "request_id": "request", "logical_resource_id": "logical"}


@given(reason=st.text(st.characters(exclude_categories=()), max_size=6000), name=st.text(max_size=300))
def test_any_reason_fits_and_the_ids_are_whole(reason: str, name: str) -> None:
    """Whatever text, also emoji and broken surrogates: at most 4,096 bytes of UTF-8, ids as given."""
    response = Response(status=FAILED, reason=reason, physical_resource_id="id", **{**IDS, "stack_id": name})
    body = response.encode()
    assert len(body) <= MAX_BODY_BYTES
    answer = json.loads(body.decode("utf-8"))
    assert (answer["StackId"], answer["PhysicalResourceId"]) == (name, "id")
    assert reason.startswith(answer["Reason"].removesuffix(" ... (shortened)"))


@pytest.mark.parametrize("character", ["x", "é", "\U0001f511", '"', "\n"])
def test_a_reason_too_long_keeps_its_beginning_and_fills_the_room(character: str) -> None:
    """What is wrong stands at the beginning of a reason, so it is cut at the end, and no more than needed."""
    body = Response(status=FAILED, reason="Begin " + character * 9000, physical_resource_id="id", **IDS).encode()
    answer = json.loads(body)
    assert answer["Reason"].startswith("Begin ")
    assert answer["Reason"].endswith("... (shortened)")
    assert MAX_BODY_BYTES - 16 <= len(body) <= MAX_BODY_BYTES


@pytest.mark.parametrize("data", [{"Arn": "x" * 5000}, {"Arn": object()}])
def test_attributes_that_cannot_be_sent_are_a_failure_with_its_ids(data: dict[str, str]) -> None:
    """A stack does not go on without its attributes, and it is not left without an answer."""
    answer = json.loads(Response(status=SUCCESS, physical_resource_id="id", data=data, **IDS).encode())
    assert answer["Status"] == FAILED
    assert answer["Reason"] == "The attributes do not fit into an answer."
    assert (answer["StackId"], answer["RequestId"], answer["LogicalResourceId"]) == ("stack", "request", "logical")


def test_a_reason_with_no_room_at_all_is_left_out() -> None:
    """Ids that fill the answer leave a reason of nothing."""
    lengths = Response(status=FAILED, physical_resource_id="", **IDS).encode()
    answer = Response(
        status=FAILED, reason="why " * 10, physical_resource_id="i" * (MAX_BODY_BYTES - len(lengths) - 5), **IDS
    ).encode()
    assert json.loads(answer)["Reason"] == ""


def test_ids_that_do_not_fit_are_said_so() -> None:
    """There is no well-formed answer to such a request."""
    with pytest.raises(DoesNotFit):
        Response(status=FAILED, physical_resource_id="i" * 5000, **IDS).encode()
