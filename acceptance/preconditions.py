"""What must be so before a run creates anything: slots that are empty, and no other run."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from acceptance.account import Account, Refused
from acceptance.journal import open_journals
from acceptance.names import FAMILY, is_prefix
from acceptance.slots import SERVER_TYPES

DEFAULT_SLOTS: Final = ("GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET")


def refuse_unknown(given: Iterable[str], known: Iterable[str], variable: str) -> None:
    """See that a variable names what there is. Raises Refused."""
    unknown = [name for name in given if name not in known]
    if unknown:
        raise Refused(f"{variable} has {', '.join(unknown)}, and may have {', '.join(known)}, comma separated.")


def refuse_to_be_in_the_way(account: Account, server_types: Sequence[str], root: Path) -> None:
    """See that a run with these slots would be in nobody's way. root: where journals are. Raises Refused."""
    refuse_unknown(server_types, SERVER_TYPES, "SLOTS")
    if server_types[0] not in DEFAULT_SLOTS:
        raise Refused(f"SLOTS must begin with one that takes a token: {', '.join(DEFAULT_SLOTS)}.")
    earlier = [journal.folder.name for journal in open_journals(account.id, account.region, root)]
    pages = account.client("cloudformation").get_paginator("list_stacks").paginate()
    stacks = [stack for page in pages for stack in page["StackSummaries"] if stack["StackStatus"] != "DELETE_COMPLETE"]
    there = [stack["StackName"] for stack in stacks if is_prefix(stack["StackName"][: len(FAMILY) + 10])]
    if earlier or there:
        raise Refused(
            f"An earlier run has left something here ({', '.join(earlier + there)}). Remove it first: "
            "make acceptance-clean ACCOUNT=... REGION=..."
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
