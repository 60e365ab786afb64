"""The provider's stack is deleted: what stays is the table, and nothing else."""

from typing import Final

from botocore.exceptions import ClientError

from acceptance import provider_stack
from acceptance.facts import Chapter
from acceptance.scene import Scene
from acceptance.waiting import TookTooLong

CHAPTER: Final = Chapter("The provider goes")

_TABLE: Final = CHAPTER.fact(
    "The provider's Delete",
    "docs/moving.md",
    "**What stays** is the table.",
    "DELETE_COMPLETE, and the table is still there",
)
_REST: Final = CHAPTER.fact(
    "The log and the queues after it",
    "docs/moving.md",
    "**What goes** with the stack is the rest of it, also the log, its alarms and its queues.",
    "none",
)


def walk(scene: Scene) -> None:
    """Delete the stack; the removal then takes the table, too."""
    scene.require_provider()
    status = scene.stacks.delete(provider_stack.STACK)
    there = "still there" if _is_there(scene, scene.provider["TableName"]) else "gone"
    scene.findings.see(_TABLE, f"{status}, and the table is {there}")
    try:
        nothing = lambda: None if _left(scene) else "none"  # noqa: E731 - what is deleted is listed for a minute
        seen = scene.waiting.until(nothing, "", seconds=120, every=scene.account.poll_seconds)
    except TookTooLong:
        seen = _left(scene)
    scene.findings.see(_REST, seen)
    scene.provider = {}


def _left(scene: Scene) -> str:
    """Return how many log groups and queues of the stack are listed, or nothing."""
    logs, sqs = scene.account.client("logs"), scene.account.client("sqs")
    stack = scene.names.stack(provider_stack.STACK)
    groups = logs.describe_log_groups(logGroupNamePrefix=stack)["logGroups"]
    queues = sqs.list_queues(QueueNamePrefix=stack).get("QueueUrls", [])
    return f"{len(groups)} log groups, {len(queues)} queues" if groups or queues else ""


def _is_there(scene: Scene, table: str) -> bool:
    try:
        scene.account.client("dynamodb").describe_table(TableName=table)
    except ClientError:
        return False
    return True
