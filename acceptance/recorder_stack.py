"""The recorder's own stack, the templates of resources that it provides, and what it has recorded."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from acceptance.scene import NotPossible, Scene
from acceptance.stacks import RECORDER, Template

STACK: Final = RECORDER
_HERE: Final = Path(__file__).parent
_BATCH: Final = 10
Event = dict[str, Any]


def deploy(scene: Scene) -> None:
    """Create the recorder. Raises NotPossible."""
    template, code = ((_HERE / name).read_text(encoding="utf-8") for name in ("recorder.yaml", "recorder.py"))
    status = scene.stacks.create(STACK, template, Prefix=scene.names.prefix, Code=code)
    if status != "CREATE_COMPLETE":
        raise NotPossible(f"the recorder's stack is {status}: {scene.stacks.reasons(STACK, 'CREATE_FAILED')}")
    scene.recorder = scene.stacks.outputs(STACK)


def template_of(
    scene: Scene, resources: dict[str, dict[str, Any]], *, service_token: str = "", retain: bool = False
) -> Template:
    """Return a template of resources of the recorder's: their properties by logical id."""
    token = service_token or scene.recorder["ServiceToken"]
    kept: dict[str, Any] = {"DeletionPolicy": "Retain"} if retain else {}
    return {
        "Resources": {
            logical_id: {"Type": "Custom::Recorded", **kept, "Properties": {"ServiceToken": token, **properties}}
            for logical_id, properties in resources.items()
        }
    }


class Recordings:
    """What CloudFormation has sent the recorder and nobody has looked at yet."""

    def __init__(self, scene: Scene) -> None:
        """Begin with what is there."""
        self._scene = scene
        self._queue = Queue(scene, scene.recorder["EventsUrl"])

    def of(self, name: str, count: int, *, seconds: float = 60) -> list[Event]:
        """Return the events of a stack, in the order in which they came: `count` of them, or those within the seconds.

        A stack that has settled has got its answers, so its events are in the queue, or about to be.
        """
        stack = f":stack/{self._scene.names.stack(name)}/"
        came = self._queue.take(lambda message: stack in message["event"]["StackId"], count, seconds)
        events = [message["event"] for message in sorted(came, key=lambda message: float(message["at"]))]
        self._scene.recorded += events
        return events


class Queue:
    """A queue of JSON."""

    def __init__(self, scene: Scene, url: str) -> None:
        """Begin with what is in it."""
        self._waiting = scene.waiting
        self._sqs = scene.account.client("sqs")
        self._url = url
        self._messages: list[dict[str, Any]] = []

    def take(self, wanted: Callable[[dict[str, Any]], bool], count: int, seconds: float) -> list[dict[str, Any]]:
        """Return the messages that are wanted: `count` of them or more, or those within the seconds."""
        end = time.monotonic() + seconds
        while len([message for message in self._messages if wanted(message)]) < count and time.monotonic() < end:
            self._waiting.checkpoint()
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self._messages.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        taken = [message for message in self._messages if wanted(message)]
        self._messages = [message for message in self._messages if not wanted(message)]
        return taken
