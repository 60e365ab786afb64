"""Two stacks that want one slot: the second is refused, takes over, and outlives the first."""

from typing import Final

from acceptance import provider_stack
from acceptance.consumer import personal, template_of
from acceptance.facts import Chapter
from acceptance.provider_log import held_version
from acceptance.scene import Scene
from acceptance.stacks import GONE, UpdateRefused

CHAPTER: Final = Chapter("Who holds a slot")

_REFERENCE: Final = "docs/reference.md"
_PERSONAL: Final = "PERSONAL_ACCESS_TOKEN"

_REFUSED: Final = CHAPTER.fact(
    "A second stack that wants the slot",
    _REFERENCE,
    "refused, naming the stack",
    "ROLLBACK_COMPLETE, naming the first stack; the credential is still there",
)
_TAKEN_OVER: Final = CHAPTER.fact(
    "The second stack with ShouldOverwrite true",
    _REFERENCE,
    "The slot is taken in one call: there is no moment without a credential.",
    "CREATE_COMPLETE, the same ARN, the second stack's secret",
)
_COVERED: Final = CHAPTER.fact(
    "The first stack's Delete after that",
    _REFERENCE,
    "Its claim is covered, so its Delete changes nothing in CodeBuild.",
    "DELETE_COMPLETE, and the credential is still there",
)
_PROTECTED: Final = CHAPTER.fact(
    "The provider's Delete while a consumer imports its export",
    "docs/moving.md",
    "CloudFormation refuses that while a stack imports the export.",
    "refused",
)


def walk(scene: Scene) -> None:
    """Have two stacks meet at one slot."""
    scene.require_provider()
    server_type = scene.server_types[0]
    for name in ("first", "second"):
        scene.secret(name, scene.token(server_type, _PERSONAL))
    scene.slots.note(server_type, _PERSONAL)
    first = personal(scene, server_type, "first", ShouldOverwrite="false")
    scene.stacks.create("first", template_of(scene, {"First": first}))
    arn = scene.stacks.outputs("first")["First"]
    second = personal(scene, server_type, "second")
    status = scene.stacks.create("refused", template_of(scene, {"Second": second}))
    told = " ".join(scene.stacks.reasons("refused", "CREATE_FAILED"))
    naming = "naming the first stack" if scene.names.stack("first") in told else "not naming the first stack"
    scene.findings.see(_REFUSED, f"{status}, {naming}; the credential is {_there(scene, server_type)}")
    scene.stacks.delete("refused")
    before = held_version(scene, server_type)
    status = scene.stacks.create("second", template_of(scene, {"Second": {**second, "ShouldOverwrite": "true"}}))
    same = "the same ARN" if scene.stacks.outputs("second").get("Second") == arn else "another ARN"
    whose = "the first" if held_version(scene, server_type) == before else "the second"
    scene.findings.see(_TAKEN_OVER, f"{status}, {same}, {whose} stack's secret")
    status = scene.stacks.delete("first")
    scene.findings.see(_COVERED, f"{status}, and the credential is {_there(scene, server_type)}")
    _see_protected(scene)
    scene.stacks.delete("second")


def _there(scene: Scene, server_type: str) -> str:
    return "still there" if server_type in scene.slots.listed() else "gone"


def _see_protected(scene: Scene) -> None:
    """Ask for the provider's Delete, which CloudFormation refuses, or begins and gives up."""
    try:
        status = scene.stacks.delete(provider_stack.STACK)
    except UpdateRefused:
        scene.findings.see(_PROTECTED, "refused")
        return
    scene.findings.see(_PROTECTED, status if status == GONE else "refused")
    if status == GONE:
        scene.provider = {}
