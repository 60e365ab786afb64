"""The provider's stack, and the life of a consumer: Create, Update, the way back, rename, replacement, Delete."""

from typing import Final

from acceptance import provider_stack
from acceptance.consumer import personal, template_of
from acceptance.facts import Chapter
from acceptance.provider_log import Line, ProviderLog
from acceptance.scene import Scene
from acceptance.stacks import UpdateRefused
from acceptance.waiting import TookTooLong

CHAPTER: Final = Chapter("The life of a credential")

_REFERENCE: Final = "docs/reference.md"
_SCHEMA: Final = "handler/source_credential/contract/source_credential.schema.json"
_PERSONAL: Final = "PERSONAL_ACCESS_TOKEN"
_STACK: Final = "consumer"
_BROKEN: Final = "broken"

_DEPLOYED: Final = CHAPTER.fact(
    "sam build and sam deploy of the provider",
    "docs/decisions/0004-build.md",
    "As every dependency is pure Python, that is the same artifact everywhere",
    "CREATE_COMPLETE",
)
_CREATED: Final = CHAPTER.fact(
    "A consumer's Create",
    _REFERENCE,
    "the credential's ARN, as CodeBuild returned it",
    "CREATE_COMPLETE; the output is the ARN that CodeBuild lists",
)
_NO_UPDATE: Final = CHAPTER.fact(
    "The same template again",
    _SCHEMA,
    "where it changes, and nothing else does, CloudFormation sends an Update",
    "No updates are to be performed.",
)
_TRIGGERED: Final = CHAPTER.fact(
    "Another Trigger",
    _SCHEMA,
    "where it changes, and nothing else does, CloudFormation sends an Update, and the credential is imported anew.",
    "UPDATE_COMPLETE, the same ARN",
)
_WAY_BACK: Final = CHAPTER.fact(
    "An Update to a secret that is not there",
    _REFERENCE,
    "So the way back from a failed Update does not fail where nothing was changed.",
    "UPDATE_ROLLBACK_COMPLETE, and the credential is still there",
)
_REASON: Final = CHAPTER.fact(
    "The reason in the stack's events",
    "docs/decisions/0001-crhelper.md",
    "cuts it at the end, and only as far as the body needs",
    "names the secret, and ResourceNotFoundException",
)
_FAILED_CREATE: Final = CHAPTER.fact(
    "A Create that fails, and the Delete after it, in the provider's log",
    "docs/decisions/0001-crhelper.md",
    "the marker `source-credential:create-failed:<RequestId>`, or the id that came in",
    "ROLLBACK_COMPLETE; the Delete names the marker",
    embedded="MiniStack sends no Delete after a failed Create",
)
_RENAMED: Final = CHAPTER.fact(
    "Another logical id for the credential",
    _REFERENCE,
    "**Renaming a logical id** keeps the credential",
    "UPDATE_COMPLETE, the same ARN, still in CodeBuild",
)
_REPLACED: Final = CHAPTER.fact(
    "Another ServerType",
    _REFERENCE,
    "is a replacement: the new credential is imported, then the old one is deleted.",
    "UPDATE_COMPLETE; the new slot is occupied, the old one empty",
)
_DELETED: Final = CHAPTER.fact(
    "A consumer's Delete",
    _REFERENCE,
    "**A Delete takes away what its own logical resource has claimed**",
    "DELETE_COMPLETE, and the slot is empty",
)


def walk(scene: Scene) -> None:
    """Deploy the provider, and take one consumer through its life."""
    provider_stack.deploy(scene)
    scene.findings.see(_DEPLOYED, scene.stacks.settled(provider_stack.STACK))
    server_type = scene.server_types[0]
    scene.secret("github", scene.token(server_type, _PERSONAL))
    _see_failed_create(scene, server_type)
    _see_create_and_updates(scene, server_type)
    _see_way_back(scene, server_type)
    _see_rename(scene, server_type)
    last = _see_replacement(scene, server_type)
    status = scene.stacks.delete(_STACK)
    left = scene.slots.listed().keys() & {server_type, last}
    scene.findings.see(_DELETED, f"{status}, and the slot is {'occupied' if left else 'empty'}")


def _see_failed_create(scene: Scene, server_type: str) -> None:
    scene.slots.note(server_type, _PERSONAL)
    broken = personal(scene, server_type, "nothing", ShouldOverwrite="false")
    status = scene.stacks.create(_BROKEN, template_of(scene, {"Broken": broken}))

    def is_delete(line: Line) -> bool:
        marked = str(line.get("physical_resource_id", "")).startswith("source-credential:create-failed:")
        return line.get("request_type") == "Delete" and marked

    seconds = scene.seconds_for(_FAILED_CREATE, 120)
    try:
        ProviderLog(scene).await_lines("Answered", is_delete, seconds=seconds)
    except TookTooLong:
        scene.findings.see(_FAILED_CREATE, f"{status}; no Delete came")
    else:
        scene.findings.see(_FAILED_CREATE, f"{status}; the Delete names the marker")
    told = " ".join(scene.stacks.reasons(_BROKEN, "CREATE_FAILED"))
    names_all = scene.names.secret("nothing") in told and "ResourceNotFoundException" in told
    scene.findings.see(_REASON, _REASON.expected if names_all else told)
    scene.stacks.delete(_BROKEN)


def _see_create_and_updates(scene: Scene, server_type: str) -> None:
    # ShouldOverwrite false: what somebody has imported since the last look is not written over.
    mine = personal(scene, server_type, "github", ShouldOverwrite="false")
    template = template_of(scene, {"Mine": mine})
    scene.slots.note(server_type, _PERSONAL)
    status = scene.stacks.create(_STACK, template)
    arn = scene.stacks.outputs(_STACK).get("Mine", "")
    listed = scene.slots.listed().get(server_type, {}).get("arn")
    same = "the output is the ARN that CodeBuild lists" if arn == listed else "the output is another text"
    scene.findings.see(_CREATED, f"{status}; {same}")
    try:
        seen = scene.stacks.update(_STACK, template)
    except UpdateRefused as refused:
        seen = str(refused)
    scene.findings.see(_NO_UPDATE, seen)
    status = scene.stacks.update(_STACK, template_of(scene, {"Mine": {**mine, "Trigger": "again"}}))
    same = "the same ARN" if scene.stacks.outputs(_STACK)["Mine"] == arn else "another ARN"
    scene.findings.see(_TRIGGERED, f"{status}, {same}")


def _see_way_back(scene: Scene, server_type: str) -> None:
    gone = personal(scene, server_type, "nothing", ShouldOverwrite="false", Trigger="again")
    status = scene.stacks.update(_STACK, template_of(scene, {"Mine": gone}))
    there = "still there" if server_type in scene.slots.listed() else "gone"
    scene.findings.see(_WAY_BACK, f"{status}, and the credential is {there}")


def _see_rename(scene: Scene, server_type: str) -> None:
    arn = scene.slots.listed()[server_type]["arn"]
    renamed = personal(scene, server_type, "github", ShouldOverwrite="false")
    status = scene.stacks.update(_STACK, template_of(scene, {"Renamed": renamed}))
    same = "the same ARN" if scene.stacks.outputs(_STACK).get("Renamed") == arn else "another ARN"
    there = "still in CodeBuild" if server_type in scene.slots.listed() else "not in CodeBuild any more"
    scene.findings.see(_RENAMED, f"{status}, {same}, {there}")


def _see_replacement(scene: Scene, server_type: str) -> str:
    """Return the server type that the consumer has in the end."""
    # A GitHub token is for GitHub Enterprise, too; Bitbucket has tokens of its own.
    others = {"GITHUB", "GITHUB_ENTERPRISE"} & set(scene.server_types) - {server_type}
    if server_type == "BITBUCKET" or not others:
        scene.findings.skip(_REPLACED, "GITHUB and GITHUB_ENTERPRISE are not both among the slots (SLOTS)")
        return server_type
    other = others.pop()
    scene.slots.note(other, _PERSONAL)
    taking = personal(scene, other, "github", ShouldOverwrite="false")
    status = scene.stacks.update(_STACK, template_of(scene, {"Renamed": taking}))
    listed = scene.slots.listed()
    new, old = ("occupied" if each in listed else "empty" for each in (other, server_type))
    scene.findings.see(_REPLACED, f"{status}; the new slot is {new}, the old one {old}")
    return other
