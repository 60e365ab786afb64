"""Removes what a run has noted, the latest first, whatever state a failure, Ctrl-C or a kill has left it in.

What cannot be removed does not keep the rest from being removed; it is told in the end.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.account import Account
from acceptance.journal import Journal
from acceptance.remains import Remains
from acceptance.waiting import TookTooLong, Waiting

_STACK_SECONDS: Final = 1200
_LISTED_SECONDS: Final = 180
# What AWS says of what is not there.
_GONE: Final = ("NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException")
_STACK_IS_GONE: Final = "does not exist"  # under the code ValidationError, which says many things


class StillThere(Exception):
    """Something could not be removed; the text says what and why."""


@dataclass(frozen=True)
class Release:
    """Which slots may be emptied.

    A token in a slot that a run has used cannot be told from one that somebody has imported since the run was killed.
    released: the server types whose slots hold nobody's, None for all that the run has used. kept: those that hold
    somebody's.
    """

    released: tuple[str, ...] | None
    kept: tuple[str, ...] = ()


class Removal:
    """The removal of what one run has made."""

    def __init__(
        self, account: Account, journal: Journal, waiting: Waiting, release: Release, say: Callable[[str], None]
    ) -> None:
        """Remove nothing yet."""
        self._account = account
        self._journal = journal
        self._waiting = waiting
        self._release = release
        self._say = say
        self._notes = journal.notes()
        self._prefix = str(self._notes[0]["prefix"])
        self._remains = Remains(account, self._prefix)

    def run(self) -> list[str]:
        """Remove everything, and return what is left, a line each."""
        problems: list[str] = []
        if self._foreign():
            self._try(self._remains.forget_claims, problems)  # else a Delete by the provider would take it away
        names: set[tuple[str, str]] = set()
        for note in reversed(self._notes):
            remove, key = self._removers().get(note["kind"]), (note["kind"], note.get("name", ""))
            if remove is not None and key not in names:
                names.add(key)
                self._try(partial(remove, key[1]), problems)
        for info in self._occupied():
            if self._is_own(info):  # its slot was found empty before it was used
                self._try(partial(self._remove_credential, info["arn"]), problems)
        self._try(self._remains.remove, problems)
        problems += [
            f"The slot {server_type} holds a credential that this run may have imported, or somebody since. If it is "
            f"nobody's: make acceptance-clean ... RELEASE={server_type}. If it is to stay: ... KEEP={server_type}"
            for server_type in self._undecided()
        ]
        self._try(lambda: problems.extend(self._left()), problems)
        self._try(self._tell_tagged, problems)
        if not problems:
            self._journal.note("removed")
        return problems

    def _left(self) -> list[str]:
        """Return what is left after a while: what is deleted is listed for up to a minute or two."""
        every = self._account.poll_seconds * 3
        with suppress(TookTooLong):
            self._waiting.until(lambda: not self._remains.left() or None, "", seconds=_LISTED_SECONDS, every=every)
        return self._remains.left()

    def _tell_tagged(self) -> None:
        for arn in self._remains.tagged():
            self._say(f"The tagging API still lists {arn}; it does so for some minutes after a removal.")

    def _removers(self) -> dict[str, Callable[[str], None]]:
        return {
            "stack": self._remove_stack,
            "secret": self._remove_secret,
            "bucket": self._remove_bucket,
            "role": self._remove_role,
        }

    def _try(self, remove: Callable[[], Any], problems: list[str]) -> None:
        try:
            remove()
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code not in _GONE and not (code == "ValidationError" and _STACK_IS_GONE in message):
                problems.append(f"{error.operation_name}: {code}: {message}")
        except (BotoCoreError, StillThere, TookTooLong) as error:
            problems.append(str(error))

    def _remove_stack(self, name: str) -> None:
        """Delete a stack; if that fails, delete it without the resources that failed, which `Remains` then finds."""
        cloudformation = self._account.client("cloudformation")
        stack_id = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self._say(f"Removing the stack {name}")
        self._settled(stack_id)
        cloudformation.delete_stack(StackName=stack_id)
        if self._settled(stack_id) == "DELETE_COMPLETE":
            return
        resources = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
        failed = [each["LogicalResourceId"] for each in resources if each["ResourceStatus"] == "DELETE_FAILED"]
        cloudformation.delete_stack(StackName=stack_id, RetainResources=failed)
        status = self._settled(stack_id)
        if status != "DELETE_COMPLETE":
            raise StillThere(f"The stack {name} is {status}.")

    def _settled(self, stack_id: str) -> str:
        cloudformation = self._account.client("cloudformation")

        def status() -> str | None:
            found = str(cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])
            goes_on = found.endswith("_IN_PROGRESS") and found != "REVIEW_IN_PROGRESS"
            return None if goes_on else found

        every = self._account.poll_seconds
        return self._waiting.until(status, "The end of a stack", seconds=_STACK_SECONDS, every=every)

    def _remove_secret(self, name: str) -> None:
        self._account.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    def _remove_role(self, name: str) -> None:
        iam = self._account.client("iam")
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)

    def _remove_bucket(self, name: str) -> None:
        s3 = self._account.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if versions:
                objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
                s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
            s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
        s3.delete_bucket(Bucket=name)

    def _remove_credential(self, arn: str) -> None:
        self._account.client("codebuild").delete_source_credentials(arn=arn)

    def _foreign(self) -> list[str]:
        """Return the slots, of those that the run has used, that hold what may be somebody else's by now."""
        return sorted(info["serverType"] for info in self._occupied() if not self._is_own(info))

    def _undecided(self) -> list[str]:
        """Return those of them of which the owner has not said whose they are."""
        return sorted(set(self._foreign()) - set(self._release.kept))

    def _is_own(self, info: dict[str, Any]) -> bool:
        """Tell whether a credential is surely the run's."""
        if info["serverType"] in self._release.kept:
            return False
        if f":secret:{self._prefix}/" in info.get("resource", ""):
            return True
        return self._release.released is None or info["serverType"] in self._release.released

    def _occupied(self) -> list[dict[str, Any]]:
        """Return what the slots hold that the run has used, where it is of an auth type that the run has used there."""
        used = {(note["server_type"], note["auth_type"]) for note in self._notes if note["kind"] == "credential"}
        infos = self._account.client("codebuild").list_source_credentials()["sourceCredentialsInfos"]
        return [dict(info) for info in infos if (info["serverType"], info["authType"]) in used]
