"""What must be so before a run creates anything: slots that are empty, and no other run."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from acceptance.account import Account, Refused
from acceptance.journal import Journal, open_journals
from acceptance.names import FAMILY, Names, is_prefix, prefix_of
from acceptance.slots import AUTH_TYPES, SERVER_TYPES
from acceptance.stacks import GONE

DEFAULT_SLOTS: Final = ("GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET")


def refuse_unknown(given: Iterable[str], known: Iterable[str], variable: str) -> None:
    """See that a variable names what there is. Raises Refused."""
    unknown = [name for name in given if name not in known]
    if unknown:
        raise Refused(f"{variable} has {', '.join(unknown)}, and may have {', '.join(known)}, comma separated.")


def refuse_connection_elsewhere(account: Account, arn: str) -> None:
    """See that a connection, if one is named, is of the account and the region. Raises Refused."""
    here = rf"arn:[\w-]+:(codeconnections|codestar-connections):{account.region}:{account.id}:connection/[\w-]+"
    if arn and not re.fullmatch(here, arn):
        raise Refused("CONNECTION_ARN is no ARN of a connection in that account and region.")


def refuse_to_be_in_the_way(account: Account, server_types: Sequence[str], root: Path) -> None:
    """See that a run with these slots would be in nobody's way. root: where journals are. Raises Refused."""
    refuse_unknown(server_types, SERVER_TYPES, "SLOTS")
    if server_types[0] not in DEFAULT_SLOTS:
        raise Refused(f"SLOTS must begin with one that takes a token: {', '.join(DEFAULT_SLOTS)}.")
    earlier = [journal.folder.name for journal in open_journals(account.id, account.region, root)]
    if earlier:
        raise Refused(
            f"An earlier run has left something here, or still goes on ({', '.join(earlier)}). If it has ended: "
            "make acceptance-clean ACCOUNT=... REGION=..."
        )
    stacks = _stacks(account)
    if stacks:
        raise Refused(
            f"There are stacks of a run whose journal is not here ({', '.join(stacks)}). Let it end or, if it was "
            f"killed, remove it: make acceptance-clean ... PREFIX={prefix_of(stacks[0])}"
        )
    infos = account.client("codebuild").list_source_credentials()["sourceCredentialsInfos"]
    taken = sorted({info["serverType"] for info in infos} & set(server_types))
    if taken:
        free = [name for name in server_types if name not in taken]
        instead = f", or only the empty ones: SLOTS={','.join(free)}" if free else ""
        raise Refused(
            f"CodeBuild holds a credential for {', '.join(taken)} in {account.region}, and nobody's credential is "
            f"touched. Name a region in which these slots are empty{instead}."
        )


def take_up(account: Account, prefix: str, root: Path) -> None:
    """Begin a journal of what there is of a run that was started elsewhere. Raises Refused."""
    if not is_prefix(prefix):
        raise Refused(f"PREFIX is none of a run's: these are {FAMILY} and ten of 0-9 and a-f.")
    if (root / prefix).exists():
        raise Refused(f"The journal of {prefix} is here. Leave PREFIX away.")
    journal = Journal.begin(prefix, account_id=account.id, region=account.region, root=root)
    names = Names(prefix)
    journal.note("bucket", name=names.bucket)
    journal.note("role", name=names.stack("connection"))
    # Which slots it has used, nobody knows here: what any of them holds is asked about.
    for server_type in SERVER_TYPES:
        for auth_type in AUTH_TYPES:
            journal.note("credential", server_type=server_type, auth_type=auth_type)
    for stack in _stacks(account):
        if stack.startswith(prefix):
            journal.note("stack", name=stack)


def _stacks(account: Account) -> list[str]:
    """Return the names of the stacks that runs have left, the oldest first: these are used by the others."""
    pages = account.client("cloudformation").get_paginator("list_stacks").paginate()
    stacks = [stack for page in pages for stack in page["StackSummaries"] if stack["StackStatus"] != GONE]
    stacks.sort(key=lambda stack: str(stack["CreationTime"]))
    return [stack["StackName"] for stack in stacks if prefix_of(stack["StackName"])]
