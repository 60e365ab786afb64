"""The walk: one chapter after the other. One that fails does not keep the others from being tried."""

from collections.abc import Callable, Collection
from functools import partial
from types import ModuleType
from typing import Final

from acceptance.chapters import connections, ending, events, failures, imports, life, owners, refusals, rotation
from acceptance.facts import Chapter
from acceptance.scene import NotPossible, Scene
from acceptance.slots import SlotTaken
from acceptance.waiting import Interrupted, OutOfTime

# CodeBuild itself first: then its slots are empty for the provider.
WALKS: Final[dict[str, ModuleType]] = {
    module.__name__.rpartition(".")[2]: module
    for module in (imports, refusals, connections, events, failures, life, owners, rotation, ending)
}
CHAPTERS: Final[tuple[Chapter, ...]] = tuple(module.CHAPTER for module in WALKS.values())


def walk(scene: Scene, chapters: Collection[str] = ()) -> bool:
    """Try every fact, or those of some chapters; return whether all went to the end. Raises Interrupted, OutOfTime."""
    unbroken = True
    for name, module in WALKS.items():
        if chapters and name not in chapters:
            scene.findings.leave(module.CHAPTER, "the chapter was not asked for (CHAPTERS)")
            continue
        scene.waiting.checkpoint()
        scene.say(f"\n{module.CHAPTER.title}")
        try:
            module.walk(scene)
        except (NotPossible, SlotTaken) as reason:
            scene.say(f"   not tried: {reason}")
            scene.findings.leave(module.CHAPTER, str(reason))
        except (Interrupted, OutOfTime):
            raise
        except Exception as error:  # noqa: BLE001 - AWS may do what nobody has thought of
            unbroken = False
            told = f"{type(error).__name__}: {error}"
            scene.say(f"   broken off: {told}")
            scene.findings.leave(module.CHAPTER, f"the chapter was broken off ({told})")
        _tidy(scene)
    return unbroken


def _tidy(scene: Scene) -> None:
    """Empty the slots for the next chapter, as far as that goes; the removal does the rest in the end."""
    steps: list[Callable[[], object]] = [
        *(partial(scene.stacks.delete, name) for name in scene.stacks.consumers()),
        scene.slots.empty_own,
    ]
    for step in steps:
        try:
            step()
        except (Interrupted, OutOfTime):
            raise
        except Exception as error:  # noqa: BLE001 - the same
            scene.say(f"   left for later: {error}")
