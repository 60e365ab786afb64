"""The answer CloudFormation is given, and its limits.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

SUCCESS: Final = "SUCCESS"
FAILED: Final = "FAILED"

MAX_BODY_BYTES: Final = 4096
MAX_PHYSICAL_RESOURCE_ID: Final = 1024

# What the presigned URL answers with this status, or a higher one, is no delivery.
FIRST_STATUS_NOT_DELIVERED: Final = 300

_CUT: Final = " ... (shortened)"


class DoesNotFit(ValueError):
    """The ids alone are larger than an answer may be, so no well-formed answer exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer to one request. `data` are the attributes Fn::GetAtt reads; no secret is ever among them."""

    status: str
    physical_resource_id: str
    stack_id: str
    request_id: str
    logical_resource_id: str
    reason: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the body: JSON of at most 4,096 bytes.

        A Reason that does not fit is cut at its end, since it begins with what matters. Attributes that do not fit, or
        cannot be written as JSON, make the answer FAILED: a template must not go on with attributes that are missing.
        Raises DoesNotFit when even the ids do not fit.
        """
        try:
            room = MAX_BODY_BYTES - len(_serialise(replace(self, reason="")))
        except (TypeError, ValueError):
            room = -1
        if room < 0:
            if not self.data:
                raise DoesNotFit("the ids of the request are larger than an answer may be")
            return replace(self, status=FAILED, data={}, reason="The attributes do not fit into an answer.").encode()
        reason = self.reason
        if _size(reason) > room:
            # A cut of n characters frees at least n bytes, so this ends; it is a few steps even for escaped text.
            while reason and _size(reason + _CUT) > room:
                reason = reason[: -max(1, (_size(reason + _CUT) - room) // 12)]
            reason = reason + _CUT if reason else ""
        return _serialise(replace(self, reason=reason))


def _serialise(response: Response) -> bytes:
    # ASCII with escapes: valid UTF-8 whatever the ids hold, even halves of surrogate pairs.
    body: dict[str, Any] = {
        "Status": response.status,
        "Reason": response.reason,
        "PhysicalResourceId": response.physical_resource_id,
        "StackId": response.stack_id,
        "RequestId": response.request_id,
        "LogicalResourceId": response.logical_resource_id,
        "NoEcho": False,
        "Data": dict(response.data),
    }
    return json.dumps(body, ensure_ascii=True).encode("ascii")


def _size(text: str) -> int:
    """Return how many bytes the text takes inside JSON, without its quotation marks."""
    return len(json.dumps(text, ensure_ascii=True)) - 2
