"""What CloudFormation sends a provider when something has failed, and how often Lambda tries."""

import json
import re
import time
from typing import Final

from acceptance.facts import Chapter
from acceptance.recorder_stack import Event, Recordings, template_of
from acceptance.scene import NotPossible, Scene

CHAPTER: Final = Chapter("What CloudFormation sends when something has failed")

_OWNERSHIP: Final = "docs/decisions/0005-ownership.md"
_TIMEOUT: Final = 10  # seconds; of a request that is not answered
_TRIES_SECONDS: Final = 240

_CREATE_FAILED: Final = CHAPTER.fact(
    "A Create that fails",
    "events/README.md",
    "the marker id of a Create that failed: nothing is deleted",
    "Create, then Delete with the id that the Create was answered with",
    embedded="MiniStack sends no Delete after a failed Create",
)
_SILENT: Final = CHAPTER.fact(
    "A Create that is not answered within its ServiceTimeout",
    _OWNERSHIP,
    "what CloudFormation makes up is of letters, digits and hyphens",
    "Create, then Delete with an id of letters, digits and hyphens",
    embedded="MiniStack sends no Delete after a failed Create",
)
_UPDATE_FAILED: Final = CHAPTER.fact(
    "An Update that fails",
    _OWNERSHIP,
    "The way back from an Update that failed asks for what the claim says already.",
    "Update 1 to 2, then Update 2 to 1",
)
_CLEANUP_FAILED: Final = CHAPTER.fact(
    "A Delete that fails in an update's clean-up",
    "docs/moving.md",
    "CloudFormation [tries three times]",
    "3 Deletes, then UPDATE_COMPLETE",
    embedded="MiniStack tries once",
)
_LAMBDA_TRIES: Final = CHAPTER.fact(
    "An event whose run fails",
    "docs/operations.md",
    "Lambda runs the event twice more, after about one and two minutes.",
    "3 runs",
)


def walk(scene: Scene) -> None:
    """Have the recorder fail, or say nothing, in stacks of their own."""
    if not scene.recorder:
        raise NotPossible("the recorder is not there")
    recordings = Recordings(scene)
    begun = _crash(scene)
    _see_failed_creates(scene, recordings)
    _see_failed_update(scene, recordings)
    _see_failed_cleanup(scene, recordings)
    _see_tries(scene, recordings, begun)


def _see_failed_creates(scene: Scene, recordings: Recordings) -> None:
    name = "create-failed"
    scene.stacks.create(name, template_of(scene, {"Broken": {"Fails": "Create", "ServiceTimeout": 120}}))
    came = recordings.of(name, 2, seconds=scene.seconds_for(_CREATE_FAILED, 60))
    seen = _order(came)
    if seen == "Create, then Delete":
        is_known = came[1]["PhysicalResourceId"] == f"recorder:create-failed:{came[0]['RequestId']}"
        seen += " with the id that the Create was answered with" if is_known else " with another id"
    scene.findings.see(_CREATE_FAILED, seen)
    scene.stacks.delete(name)
    name = "create-silent"
    scene.stacks.create(name, template_of(scene, {"Silent": {"Silent": "Create", "ServiceTimeout": _TIMEOUT}}))
    came = recordings.of(name, 2, seconds=scene.seconds_for(_SILENT, 60))
    seen = _order(came)
    if seen == "Create, then Delete":
        is_plain = re.fullmatch(r"[A-Za-z0-9-]+", came[1]["PhysicalResourceId"]) is not None
        seen += " with an id of letters, digits and hyphens" if is_plain else " with another id"
    scene.findings.see(_SILENT, seen)
    scene.stacks.delete(name)


def _see_failed_update(scene: Scene, recordings: Recordings) -> None:
    name = "update-failed"
    scene.stacks.create(name, template_of(scene, {"Plain": {"Number": 1, "ServiceTimeout": 120}}))
    recordings.of(name, 1)
    failing = {"Number": 2, "Fails": "Update", "ServiceTimeout": 120}
    scene.stacks.update(name, template_of(scene, {"Plain": failing}))
    came = recordings.of(name, 2)
    moves = [
        f"{event['RequestType']} {event['OldResourceProperties']['Number']} to {event['ResourceProperties']['Number']}"
        for event in came
    ]
    scene.findings.see(_UPDATE_FAILED, ", then ".join(moves))
    scene.stacks.delete(name)


def _see_failed_cleanup(scene: Scene, recordings: Recordings) -> None:
    name = "cleanup-failed"
    stays = {"Stays": {"ServiceTimeout": 120}}
    goes = {"Goes": {"Fails": "Delete", "ServiceTimeout": 120}}
    scene.stacks.create(name, template_of(scene, {**stays, **goes}))
    recordings.of(name, 2)
    status = scene.stacks.update(name, template_of(scene, stays))
    came = recordings.of(name, 4, seconds=scene.seconds_for(_CLEANUP_FAILED, 10))
    scene.findings.see(_CLEANUP_FAILED, f"{len(came)} Deletes, then {status}")
    scene.stacks.delete(name)


def _crash(scene: Scene) -> float:
    """Give the function an event on which it fails, and go on; return when that was."""
    payload = json.dumps({"StackId": f":stack/{scene.names.stack('crash')}/"})
    function = scene.recorder["FunctionName"]
    scene.account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    return time.monotonic()


def _see_tries(scene: Scene, recordings: Recordings, begun: float) -> None:
    rest = max(1.0, _TRIES_SECONDS - (time.monotonic() - begun))
    came = recordings.of("crash", 3, seconds=scene.seconds_for(_LAMBDA_TRIES, rest))
    scene.findings.see(_LAMBDA_TRIES, f"{len(came)} runs")


def _order(came: list[Event]) -> str:
    return ", then ".join(event["RequestType"] for event in came)
