"""The slots that a run has used, and whose what they hold now is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acceptance.account import Account
from acceptance.journal import Note


@dataclass(frozen=True)
class Release:
    """Which slots may be emptied.

    A token in a slot that a run has used cannot be told from one that somebody has imported since the run was killed.
    released: the server types whose slots hold nobody's. kept: those that hold somebody's. is_running: whether this is
    the run itself, in which the provider's Deletes still take away what the provider has imported.
    """

    released: tuple[str, ...]
    kept: tuple[str, ...] = ()
    is_running: bool = False


class UsedSlots:
    """The slots that a run has noted, and has not seen empty since. It had found each one empty before it used it."""

    def __init__(self, account: Account, notes: Sequence[Note], prefix: str, release: Release) -> None:
        """Look at none yet. prefix: the run's."""
        self._codebuild = account.client("codebuild")
        self._used: dict[str, set[str]] = {}  # the auth types by server type
        for note in notes:
            if note["kind"] == "credential":
                self._used.setdefault(note["server_type"], set()).add(note["auth_type"])
            elif note["kind"] == "vacated":
                self._used.pop(note["server_type"], None)
        self._prefix = prefix
        self._release = release

    def foreign(self) -> list[str]:
        """Return the server types whose slots hold what may be somebody else's by now."""
        return sorted(info["serverType"] for info in self._occupied() if not self._is_own(info))

    def undecided(self) -> list[str]:
        """Return those of them that the run may have filled, and of which the owner has not said whose they are."""
        doubtful = {
            info["serverType"] for info in self._occupied() if not self._is_own(info) and self._may_be_own(info)
        }
        return sorted(doubtful - set(self._release.kept))

    def empty_own(self) -> None:
        """Delete what is surely the run's."""
        for info in self._occupied():
            if self._is_own(info):
                self._codebuild.delete_source_credentials(arn=info["arn"])

    def _is_own(self, info: dict[str, Any]) -> bool:
        if info["serverType"] in self._release.kept:
            return False
        if f":secret:{self._prefix}/" in info.get("resource", ""):
            return True
        return self._may_be_own(info) and info["serverType"] in self._release.released

    def _may_be_own(self, info: dict[str, Any]) -> bool:
        """Tell whether it is of an auth type that the run has used there; else it is surely somebody's."""
        return info["authType"] in self._used[info["serverType"]]

    def _occupied(self) -> list[dict[str, Any]]:
        """Return what the used slots hold, of whatever auth type: the provider's Delete asks for none, either."""
        infos = self._codebuild.list_source_credentials()["sourceCredentialsInfos"]
        return [dict(info) for info in infos if info["serverType"] in self._used]
