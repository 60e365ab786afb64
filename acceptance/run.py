"""One run from its refusals to its report; and the removal of what a run that was killed has left."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from threading import Event
from typing import Final

from acceptance import report
from acceptance.account import Account, open_account
from acceptance.facts import Findings, Verdict
from acceptance.journal import FOLDER, Journal, open_journals
from acceptance.masking import Mask
from acceptance.names import Names
from acceptance.preconditions import (
    DEFAULT_SLOTS,
    refuse_connection_elsewhere,
    refuse_to_be_in_the_way,
    refuse_unknown,
    take_up,
)
from acceptance.removal import Removal
from acceptance.scene import Scene
from acceptance.slots import SERVER_TYPES, Slots
from acceptance.stacks import Stacks
from acceptance.used_slots import Release
from acceptance.waiting import Interrupted, OutOfTime, Waiting
from acceptance.walk import CHAPTERS, WALKS, walk
from local.ministack import PROJECT

WALK_SECONDS: Final = 5400
REMOVAL_SECONDS: Final = 2400


class Ended(IntEnum):
    """How a run has ended, as an exit status."""

    AS_DOCUMENTED = 0
    NOT_AS_DOCUMENTED = 1
    REFUSED = 2
    LEFT_BEHIND = 3
    INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the owner of the account asks for."""

    account_id: str
    region: str
    server_types: tuple[str, ...] = DEFAULT_SLOTS
    connection_arn: str = ""
    chapters: tuple[str, ...] = ()  # their names, as in `walk.WALKS`; all when empty
    build: str = ""  # a folder that `sam build` has filled; empty to build anew
    root: Path = FOLDER  # where journals and reports are kept


def run(wanted: Wanted, asked_to_stop: Event, say: Callable[[str], None]) -> Ended:
    """Walk, remove everything, report. Raises Refused, before anything was created."""
    refuse_unknown(wanted.chapters, WALKS, "CHAPTERS")
    account = open_account(wanted.account_id, wanted.region)
    refuse_connection_elsewhere(account, wanted.connection_arn)
    refuse_to_be_in_the_way(account, wanted.server_types, wanted.root)
    names, mask = Names.random(), Mask()
    journal = Journal.begin(names.prefix, account_id=account.id, region=account.region, root=wanted.root)
    _know(mask, account, names)

    def tell(text: str) -> None:
        """Say what may be copied into an issue."""
        say(mask.text(text))

    findings = Findings(CHAPTERS, is_embedded=account.is_embedded, mask=mask, say=tell)
    waiting = Waiting(WALK_SECONDS, asked_to_stop)
    scene = Scene(
        account=account,
        names=names,
        journal=journal,
        waiting=waiting,
        mask=mask,
        findings=findings,
        slots=Slots(account, journal),
        stacks=Stacks(account, names, journal, waiting),
        server_types=wanted.server_types,
        connection_arn=wanted.connection_arn,
        build=wanted.build,
        say=tell,
    )
    say(f"Everything this run makes begins with {names.prefix}; its journal is in {_shown(journal.folder)}.")
    begin, how, ended = time.monotonic(), "The walk came to its end.", Ended.AS_DOCUMENTED
    try:
        if not walk(scene, wanted.chapters):
            how, ended = "Some chapters were broken off.", Ended.NOT_AS_DOCUMENTED
    except Interrupted as reason:
        how, ended = str(reason), Ended.INTERRUPTED
    except OutOfTime as reason:
        how, ended = str(reason), Ended.NOT_AS_DOCUMENTED
    finally:
        tell("\nRemoving everything")
        left = _remove(account, journal, Release(scene.slots.own, is_running=True), say=tell)
        for line in left:
            tell(f"Left: {line}")
    how += f" It took {time.monotonic() - begin:.0f} seconds. "
    again = "Not everything could be removed: make acceptance-clean ACCOUNT=... REGION=... tries again."
    how += again if left else "Everything was removed."
    where = f"{'The embedded AWS' if account.is_embedded else 'AWS'}, {account.region}"
    text = report.content(findings, where=where, how_it_ended=how, events=scene.recorded, left=left)
    path = report.write(text, journal.folder, mask)
    say(f"{how}\nThe report, which can be shared: {_shown(path)}\n{report.counts(findings)}")
    if left:
        return Ended.LEFT_BEHIND
    differs = any(finding.verdict is Verdict.DIFFERS for finding in findings.all())
    return Ended.NOT_AS_DOCUMENTED if differs and ended is Ended.AS_DOCUMENTED else ended


def clean(wanted: Wanted, release: Release, say: Callable[[str], None], *, prefix: str = "") -> Ended:
    """Remove what killed runs have left in the account and region. prefix: of one whose journal is not here.

    Raises Refused.
    """
    for named, variable in ((release.released, "RELEASE"), (release.kept, "KEEP")):
        refuse_unknown(named, SERVER_TYPES, variable)
    account, mask = open_account(wanted.account_id, wanted.region), Mask()
    if prefix:
        take_up(account, prefix, wanted.root)
    ended = Ended.AS_DOCUMENTED
    found = list(open_journals(account.id, account.region, wanted.root))
    for journal in found:
        say(f"Removing what {journal.folder.name} has left")
        for line in _remove(account, journal, release, say=lambda text: say(mask.text(text))):
            say(f"Left: {mask.text(line)}")
            ended = Ended.LEFT_BEHIND
    if not found:
        say("No run has left anything here, as far as the journals in .local/acceptance tell.")
    elif ended is Ended.AS_DOCUMENTED:
        say("Everything is removed.")
    return ended


def _remove(account: Account, journal: Journal, release: Release, *, say: Callable[[str], None]) -> list[str]:
    """Remove all of a run. Nobody can ask this to stop: it has a limit of its own."""
    waiting = Waiting(REMOVAL_SECONDS, Event())
    return Removal(account, journal, waiting, release, say).run()


def _know(mask: Mask, account: Account, names: Names) -> None:
    mask.know(account.id, "ACCOUNT")
    mask.know(names.prefix, "PREFIX")
    mask.know(account.caller_arn, "CALLER")
    mask.know(account.caller_arn.rpartition("/")[2], "CALLER")


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path)
