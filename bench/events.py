"""CloudFormation's events as the measurements send them, each of a request that was never made before."""

import json
import uuid
from typing import Any, Final

from local.ministack import PROJECT

ARN: Final = "arn:aws:codebuild:us-east-1:000000000000:token/github"
_CREATE: Final = PROJECT / "events/cloudformation/create-personal-access-token.json"


def event(kind: str, answer_url: str) -> dict[str, Any]:
    """Return a Create, Update or Delete of the same resource, to be answered at a URL. An Update changes a property."""
    loaded: dict[str, Any] = json.loads(_CREATE.read_text(encoding="utf-8"))
    properties = loaded["ResourceProperties"]
    changed = {**properties, "ShouldOverwrite": "true"}
    more: dict[str, dict[str, Any]] = {
        "Create": {},
        "Update": {"PhysicalResourceId": ARN, "ResourceProperties": changed, "OldResourceProperties": properties},
        "Delete": {"PhysicalResourceId": ARN, "ResourceProperties": changed},
    }
    return {
        **loaded,
        "RequestType": kind,
        "RequestId": str(uuid.uuid4()),
        "ResponseURL": answer_url,
        **more[kind],
    }
