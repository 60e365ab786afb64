"""The provider's stack is deleted: what stays is the table, and nothing else."""

from typing import Final

from botocore.exceptions import ClientError

from acceptance import provider_stack
from acceptance.facts import Chapter
from acceptance.scene import Scene

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
    logs, sqs = scene.account.client("logs"), scene.account.client("sqs")
    stack = scene.names.stack(provider_stack.STACK)
    groups = logs.describe_log_groups(logGroupNamePrefix=stack)["logGroups"]
    queues = sqs.list_queues(QueueNamePrefix=stack).get("QueueUrls", [])
    left = [f"{len(groups)} log groups"] * bool(groups) + [f"{len(queues)} queues"] * bool(queues)
    scene.findings.see(_REST, ", ".join(left) or "none")
    scene.provider = {}


def _is_there(scene: Scene, table: str) -> bool:
    try:
        scene.account.client("dynamodb").describe_table(TableName=table)
    except ClientError:
        return False
    return True
