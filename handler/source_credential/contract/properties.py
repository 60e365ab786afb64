"""ResourceProperties -> Specification, by the contract in `source_credential.schema.json`."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from source_credential.contract.problems import CORRECT_IT, Problem
from source_credential.contract.schema import SCHEMA
from source_credential.contract.validation import problems
from source_credential.errors import InvalidRequest
from source_credential.model import AuthType, ServerType, Specification

# A stack event is read in a narrow column: what is beyond a dozen problems is counted, not listed.
_PROBLEMS_SHOWN = 12

# What CloudFormation itself puts among the properties says nothing of the credential.
_CLOUDFORMATIONS_OWN: Final = frozenset({"ServiceToken", "ServiceTimeout"})
_OF_THE_CREDENTIAL: Final = SCHEMA["properties"].keys() - {"Token"}


def parse(properties: object) -> Specification:
    """Return what the properties ask for, with defaults filled in.

    properties: ResourceProperties as CloudFormation delivers them, every scalar a string.
    Raises InvalidRequest, which names every problem at once and repeats no value.
    """
    if not isinstance(properties, dict):
        raise InvalidRequest("ResourceProperties", "must be an object", "Check who sent the event.")
    found = problems(properties)
    if found:
        raise _refusal(found)
    text = {name: str(value) for name, value in properties.items()}
    return Specification(
        server_type=ServerType(text["ServerType"]),
        auth_type=AuthType(text["AuthType"]),
        secret_id=text.get("SecretId"),
        secret_key=text.get("SecretKey"),
        secret_version_stage=text.get("SecretVersionStage"),
        secret_version_id=text.get("SecretVersionId"),
        username=text.get("Username"),
        username_key=text.get("UsernameKey"),
        connection_arn=text.get("ConnectionArn"),
        should_overwrite=_boolean(properties, "ShouldOverwrite", default=None),
        region=text.get("Region"),
        role_arn=text.get("RoleArn"),
        follow_rotation=_boolean(properties, "FollowRotation", default=True) is not False,
        verify_token=_boolean(properties, "VerifyToken", default=False) is True,
        server_url=text.get("ServerUrl"),
    )


def fingerprint(properties: object) -> str:
    """Return what tells one set of properties from another, without keeping them.

    Of what is not in the contract, a literal token above all, only the name is taken.
    """
    told: object = None
    if isinstance(properties, Mapping):
        told = {
            str(name): value if name in _OF_THE_CREDENTIAL else None
            for name, value in properties.items()
            if name not in _CLOUDFORMATIONS_OWN
        }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _boolean(properties: Mapping[str, object], name: str, *, default: bool | None) -> bool | None:
    """Return a property that is true or false, in whatever case: CloudFormation delivers a string."""
    return str(properties[name]).lower() == "true" if name in properties else default


def _refusal(found: list[Problem]) -> InvalidRequest:
    """Return the exception that tells of one problem plainly, and of several as a numbered list."""
    if len(found) == 1:
        [only] = found
        return InvalidRequest(only.name, only.problem, only.remedy or CORRECT_IT)
    shown = [
        f"({number}) {name}: {problem}.{' ' if remedy else ''}{remedy}"
        for number, (name, problem, remedy) in enumerate(found[:_PROBLEMS_SHOWN], start=1)
    ]
    unshown = len(found) - len(shown)
    rest = [f"And {unshown} more."] if unshown else []
    return InvalidRequest("Properties", f"{len(found)} problems", " ".join([*shown, *rest]))
