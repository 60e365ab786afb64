"""What CloudFormation sends, as far as it must be well-formed to be answered. Standard library only.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
"""

from collections.abc import Mapping
from typing import Any, Final

from source_credential.cloudformation.response import FAILED, MAX_PHYSICAL_RESOURCE_ID, DoesNotFit, Response
from source_credential.model import failed_create_id

IDS: Final = ("StackId", "RequestId", "LogicalResourceId")


class NotACustomResourceEvent(ValueError):
    """The event is not CloudFormation's, so there is nobody to answer."""


def read(event: object) -> dict[str, Any]:
    """Return the request without what crhelper's polling would put into it. Raises NotACustomResourceEvent."""
    if not isinstance(event, Mapping):
        raise NotACustomResourceEvent("the event is not a JSON object")
    request = {name: value for name, value in event.items() if not str(name).startswith("CrHelper")}
    for name in (*IDS, "ResponseURL"):
        if not isinstance(request.get(name), str) or not request[name]:
            raise NotACustomResourceEvent(f"the event has no {name}: it is not from CloudFormation")
    request["RequestType"] = str(request.get("RequestType"))
    try:
        answer_to(request, FAILED, "").encode()
    except DoesNotFit as error:
        raise NotACustomResourceEvent(str(error)) from None
    return request


def answer_to(request: Mapping[str, Any], status: str, reason: str) -> Response:
    """Return an answer that names the resource as the request did, or by the marker when the request could not."""
    given = request.get("PhysicalResourceId")
    known = isinstance(given, str) and 0 < len(given) <= MAX_PHYSICAL_RESOURCE_ID and request["RequestType"] != "Create"
    return Response(
        status=status,
        reason=reason,
        physical_resource_id=str(given) if known else failed_create_id(request["RequestId"])[:MAX_PHYSICAL_RESOURCE_ID],
        stack_id=request["StackId"],
        request_id=request["RequestId"],
        logical_resource_id=request["LogicalResourceId"],
    )
