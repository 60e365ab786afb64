"""Looks at CodeBuild all the time, so that a moment without a credential does not go unseen."""

import threading
from itertools import groupby
from typing import Self

from local.embedded_aws import EmbeddedAws

_SECONDS = 0.002

# What the slots hold: the SHA-256 of each one's token, by region and server type.
Slots = dict[tuple[str, str], str]


def held(aws: EmbeddedAws) -> Slots:
    """Return what the slots hold now."""
    return {(each.region, each.server_type): each.token_sha256 for each in aws.codebuild.credentials()}


class Watch:
    """A look at all slots every two milliseconds, in a thread of its own, as long as the context lasts.

    `seen` has what the slots held, each change once; `looks` how often that was looked at; `calls` what CodeBuild was
    asked.
    """

    def __init__(self, aws: EmbeddedAws) -> None:
        """Keep what is looked at."""
        self._aws = aws
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self.seen: list[Slots] = []
        self.looks = 0
        self.calls = list[str]()

    def __enter__(self) -> Self:
        """Begin to look."""
        self._aws.codebuild.calls.clear()
        self._look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look once more, and end."""
        self._ended.set()
        self._thread.join()
        self._look()
        self.calls = list(self._aws.codebuild.calls)

    def tokens(self, slot: tuple[str, str]) -> list[str | None]:
        """Return what one slot held, each change once; None where it was empty."""
        return [token for token, _ in groupby(slots.get(slot) for slots in self.seen)]

    def _look_on(self) -> None:
        while not self._ended.wait(_SECONDS):
            self._look()

    def _look(self) -> None:
        now = held(self._aws)
        self.looks += 1
        if not self.seen or now != self.seen[-1]:
            self.seen.append(now)
