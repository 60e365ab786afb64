"""What the provider says of itself: its log, its claims, its metrics. CodeBuild tells neither token nor time."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from acceptance.scene import Scene

_SECONDS: Final = 120  # until what was logged can be read
Line = dict[str, Any]


class ProviderLog:
    """The provider's log, as it grows."""

    def __init__(self, scene: Scene) -> None:
        """Read nothing yet."""
        self._scene = scene
        self._logs = scene.account.client("logs")
        self._begin = int((time.time() - 60) * 1000)

    def lines(self, words: str, wanted: Callable[[Line], bool] = lambda _line: True) -> list[Line]:
        """Return the lines with some words that are wanted, oldest first; `at` is when each was logged, in seconds."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=self._scene.provider["LogGroupName"], filterPattern=f'"{words}"', startTime=self._begin
        )
        events = [event for page in pages for event in page["events"]]
        found = []
        for event in sorted(events, key=lambda event: int(event["timestamp"])):
            try:
                line = {**json.loads(event["message"]), "at": event["timestamp"] / 1000}
            except ValueError:
                continue  # Lambda's own lines
            if wanted(line):
                found.append(line)
        return found

    def await_lines(
        self, words: str, wanted: Callable[[Line], bool], *, count: int = 1, seconds: float = _SECONDS
    ) -> list[Line]:
        """Wait for so many lines, and return them. Raises TookTooLong."""

        def enough() -> list[Line] | None:
            lines = self.lines(words, wanted)
            return lines if len(lines) >= count else None

        every = self._scene.account.poll_seconds
        return self._scene.waiting.until(enough, f"A log line {words!r}", seconds=seconds, every=every)


def held_version(scene: Scene, server_type: str) -> str:
    """Return the version of the secret that the slot's holder has had imported; empty where nobody holds it."""
    slot = f"{scene.account.id}/{scene.account.region}/{server_type}"
    key = {"Subject": {"S": slot}, "What": {"S": "slot"}}
    table = scene.provider["TableName"]
    item = scene.account.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    claims = item.get("Claims", {}).get("L", [])
    return str(claims[-1]["M"].get("SecretVersionId", {}).get("S", "")) if claims else ""
