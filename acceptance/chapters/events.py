"""What CloudFormation sends a provider, as it came, while all goes well: the recorder keeps each event."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from acceptance.facts import Chapter, Fact
from acceptance.recorder_stack import Event, Recordings, deploy, template_of
from acceptance.scene import Scene
from acceptance.stacks import Template, UpdateRefused

CHAPTER: Final = Chapter("What CloudFormation sends")

_REFERENCE: Final = "docs/reference.md"
_MOVING: Final = "docs/moving.md"
_STACK: Final = "events"
_ANY: Final = 100

_SCALARS: Final = CHAPTER.fact(
    "A number, a truth value, and those in a list, as they arrive",
    _REFERENCE,
    "CloudFormation delivers every scalar as a string",
    '"7", "true", ["1", "false"]',
)
_TIMEOUT: Final = CHAPTER.fact(
    "ServiceTimeout among the properties that arrive",
    "handler/source_credential/contract/source_credential.schema.json",
    "CloudFormation reads it; the provider does not.",
    '"120"',
)
_SECRET: Final = CHAPTER.fact(
    "A dynamic reference to a secret, as it arrives",
    "docs/decisions/0007-input.md",
    "**CloudFormation does not resolve references to secrets in custom resources**",
    "as it stands in the template",
    embedded="MiniStack resolves it",
)
_PARAMETER: Final = CHAPTER.fact(
    "A dynamic reference to a plain parameter, as it arrives",
    _REFERENCE,
    "CloudFormation does resolve a reference to a plain parameter (`{{resolve:ssm:...}}`)",
    "the parameter's value",
)
_CREATE: Final = CHAPTER.fact(
    "What a Create consists of",
    "events/README.md",
    "An event of CloudFormation's is known by its `RequestId`.",
    "LogicalResourceId, RequestId, RequestType, ResourceProperties, ResourceType, ResponseURL, ServiceToken, StackId",
    embedded="MiniStack leaves ServiceToken out of the event",
)
_POLICY_ALONE: Final = CHAPTER.fact(
    "A template in which only a DeletionPolicy has come",
    _MOVING,
    "CloudFormation may take a `DeletionPolicy` alone for no change (*not tried*).",
    "No updates are to be performed.",
    embedded="MiniStack takes it for a change",
)
_FORGOTTEN: Final = CHAPTER.fact(
    "A template that refers to a logical id that is gone",
    _MOVING,
    "CloudFormation refuses a template in which one is forgotten (*not tried*).",
    "refused: ValidationError",
    embedded="MiniStack takes references to what is not there",
)
_SERVICE_TOKEN: Final = CHAPTER.fact(
    "Another ServiceToken for the same logical id",
    _MOVING,
    "CloudFormation [changes no `ServiceToken`]",
    "UPDATE_ROLLBACK_COMPLETE: Modifying service token is not allowed.",
    embedded="MiniStack sends the Update to the other function",
)
_RENAMED: Final = CHAPTER.fact(
    "Another logical id for the same resource",
    _MOVING,
    "CloudFormation creates the new resource first, through the new provider. Then it deletes the old one",
    "Create Renamed, then Delete Plain with the old id and the old properties",
)
_REPLACED: Final = CHAPTER.fact(
    "Another physical id from an Update",
    _REFERENCE,
    "is a replacement: the new credential is imported, then the old one is deleted.",
    "Update with the old id, then Delete with the old id and the old properties",
)


def walk(scene: Scene) -> None:
    """Take one stack of the recorder's through its life."""
    deploy(scene)
    recordings = Recordings(scene)
    properties = _see_create(scene, recordings)
    _see_refused(scene, properties)
    _see_service_token(scene, properties)
    _see_rename_and_replacement(scene, recordings, properties)
    scene.stacks.delete(_STACK)
    recordings.of(_STACK, 1)
    _see_secret(scene, recordings)


def _see_create(scene: Scene, recordings: Recordings) -> dict[str, Any]:
    """Create the stack, and return its resource's properties."""
    properties = {
        "ServiceTimeout": 120,
        "Number": 7,
        "Truth": True,
        "List": [1, False],
        "Parameter": f"{{{{resolve:ssm:/{scene.names.prefix}/plain}}}}",
    }
    scene.stacks.create(_STACK, template_of(scene, {"Plain": properties}))
    [event] = recordings.of(_STACK, 1)
    seen = event["ResourceProperties"]
    scene.findings.see(_SCALARS, f"{_quoted(seen['Number'])}, {_quoted(seen['Truth'])}, {_quoted(seen['List'])}")
    scene.findings.see(_TIMEOUT, _quoted(seen.get("ServiceTimeout", "absent")))
    is_resolved = seen["Parameter"] == "the-plain-value"
    scene.findings.see(_PARAMETER, "the parameter's value" if is_resolved else "as it stands in the template")
    scene.findings.see(_CREATE, ", ".join(sorted(event)))
    return properties


def _see_secret(scene: Scene, recordings: Recordings) -> None:
    """Refer to a secret in a stack of its own, since CloudFormation may refuse that as well."""
    scene.secret("referred-to", scene.token("GITHUB", "PERSONAL_ACCESS_TOKEN"))
    secret = f"{{{{resolve:secretsmanager:{scene.names.secret('referred-to')}}}}}"
    status = scene.stacks.create("refers", template_of(scene, {"Refers": {"Secret": secret, "ServiceTimeout": 120}}))
    came = recordings.of("refers", 1, seconds=20)
    if not came:
        scene.findings.see(_SECRET, f"{status}, and no event")
    else:
        same = came[0]["ResourceProperties"]["Secret"] == secret
        scene.findings.see(_SECRET, "as it stands in the template" if same else "resolved")
    scene.stacks.delete("refers")


def _see_refused(scene: Scene, properties: dict[str, Any]) -> None:
    same = template_of(scene, {"Plain": properties})
    retained = template_of(scene, {"Plain": properties}, retain=True)
    forgotten = {**same, "Outputs": {"Gone": {"Value": {"Ref": "Gone"}}}}
    _see_update(scene, _POLICY_ALONE, retained)
    with suppress(UpdateRefused):
        scene.stacks.update(_STACK, same)  # if it was a change, it is taken back
    try:
        seen = scene.stacks.update(_STACK, forgotten)
    except UpdateRefused as refused:
        seen = f"refused: {refused.code}"
    scene.findings.see(_FORGOTTEN, seen)


def _see_update(scene: Scene, fact: Fact, template: Template) -> None:
    try:
        seen = scene.stacks.update(_STACK, template)
    except UpdateRefused as refused:
        seen = str(refused)
    scene.findings.see(fact, seen)


def _see_service_token(scene: Scene, properties: dict[str, Any]) -> None:
    """Name the same function by another ARN, that of its newest version."""
    other = f"{scene.recorder['ServiceToken']}:$LATEST"
    status = scene.stacks.update(_STACK, template_of(scene, {"Plain": properties}, service_token=other))
    told = next(iter(scene.stacks.reasons(_STACK, "UPDATE_FAILED")), "")
    scene.findings.see(_SERVICE_TOKEN, f"{status}: {told}" if told else status)
    if status == "UPDATE_COMPLETE":
        scene.stacks.update(_STACK, template_of(scene, {"Plain": properties}))


def _see_rename_and_replacement(scene: Scene, recordings: Recordings, properties: dict[str, Any]) -> None:
    recordings.of(_STACK, _ANY, seconds=2)  # what came of the above
    scene.stacks.update(_STACK, template_of(scene, {"Renamed": {**properties, "Number": 8}}))
    came = recordings.of(_STACK, 2)
    scene.findings.see(_RENAMED, _order(came, [("Create", "Renamed", None, "8"), ("Delete", "Plain", "Plain", "7")]))
    again = {**properties, "Number": 9, "Id": "other"}
    scene.stacks.update(_STACK, template_of(scene, {"Renamed": again}))
    came = recordings.of(_STACK, 2)
    expected = [("Update", "Renamed", "Renamed", "9"), ("Delete", "Renamed", "Renamed", "8")]
    scene.findings.see(_REPLACED, _order(came, expected, _REPLACED.expected))


def _order(
    came: list[Event], expected: Sequence[tuple[str, str, str | None, str]], told: str = _RENAMED.expected
) -> str:
    """Return `told` where the events came as expected: request type, logical id, physical id, and Number."""
    seen = [
        (
            event["RequestType"],
            event["LogicalResourceId"],
            event["PhysicalResourceId"].removeprefix("recorder:") if "PhysicalResourceId" in event else None,
            event["ResourceProperties"]["Number"],
        )
        for event in came
    ]
    if seen == expected:
        return told
    return ", then ".join(f"{kind} {name} with id {given} and Number {number}" for kind, name, given, number in seen)


def _quoted(value: object) -> str:
    """Return JSON on one line, as a template has it."""
    if isinstance(value, list):
        return f"[{', '.join(_quoted(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
