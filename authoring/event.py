"""The event that CloudFormation would send for a resource, for `sam local invoke`."""

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from authoring.template import LOGICAL_ID
from local.ministack import PROJECT

# One of the ready events: what is not about the resource is as it is there.
_LIKE: Final = PROJECT / "events/cloudformation/create-personal-access-token.json"


def create_event(name: str, properties: Mapping[str, object]) -> str:
    """Return the event of a Create, as JSON. name: what the embedded AWS calls the answer.

    Each is a request of its own: one with the id of another would be its duplicate, and do nothing. Scalars are
    strings, as CloudFormation sends them, and the ServiceToken is the ready events' own.
    """
    event: dict[str, Any] = json.loads(_LIKE.read_text(encoding="utf-8"))
    event["ResponseURL"] = f"{event['ResponseURL'].rpartition('/')[0]}/{name}"
    event["RequestId"] = str(uuid.uuid4())
    event["LogicalResourceId"] = LOGICAL_ID
    given = {name: _sent(value) for name, value in properties.items()}
    event["ResourceProperties"] = {**given, "ServiceToken": event["ResourceProperties"]["ServiceToken"]}
    return json.dumps(event, indent=2)


def _sent(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
