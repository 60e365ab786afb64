"""Removes what a run has noted, the latest first, whatever state a failure, Ctrl-C or a kill has left it in.

What cannot be removed does not keep the rest from being removed; it is told in the end.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from botocore.exceptions import ClientError

from acceptance.account import Account
from acceptance.journal import Journal
from acceptance.remains import Remains
from acceptance.stacks import GONE, status_at_rest
from acceptance.used_slots import Release, UsedSlots
from acceptance.waiting import TookTooLong, Waiting

_STACK_SECONDS: Final = 1200
_LISTED_SECONDS: Final = 180
# What AWS says of what is not there.
_GONE: Final = ("NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException")
_STACK_IS_GONE: Final = "does not exist"  # under the code ValidationError, which says many things


class StillThere(Exception):
    """Something could not be removed; the text says what and why."""


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
        prefix = str(self._notes[0]["prefix"])
        self._remains = Remains(account, prefix)
        self._slots = UsedSlots(account, self._notes, prefix, release)
        self._problems: list[str] = []

    def run(self) -> list[str]:
        """Remove everything, and return what is left, a line each."""
        if not self._try(self._protect_credentials):
            return self._problems
        for kind, name in dict.fromkeys((note["kind"], note.get("name", "")) for note in reversed(self._notes)):
            remove = self._removers().get(kind)
            if remove is not None:
                self._try(partial(remove, name))
        self._try(self._slots.empty_own)
        self._try(self._remove_remains)
        self._try(self._tell_undecided)
        self._try(self._tell_left)
        self._try(self._tell_tagged)
        if not self._problems:
            self._journal.note("removed")
        return self._problems

    def _protect_credentials(self) -> None:
        """Have the provider forget its claims where a Delete of its might take somebody's credential away.

        Without this nothing may be removed.
        """
        if not self._release.is_running and self._slots.foreign():
            self._remains.forget_claims()

    def _remove_remains(self) -> None:
        for remove in self._remains.removals():
            self._try(remove)

    def _tell_undecided(self) -> None:
        self._problems += [
            f"The slot {server_type} holds a credential that this run may have imported, or somebody since. If it is "
            f"nobody's: make acceptance-clean ... RELEASE={server_type}. If it is to stay: ... KEEP={server_type}"
            for server_type in self._slots.undecided()
        ]

    def _tell_left(self) -> None:
        """Tell what is left after a while: what is deleted is listed for up to a minute or two."""
        left: list[str] = []

        def is_gone() -> bool | None:
            left[:] = self._remains.left()
            return not left or None

        with suppress(TookTooLong):
            self._waiting.until(is_gone, "", seconds=_LISTED_SECONDS, every=self._account.poll_seconds * 3)
        self._problems += left

    def _tell_tagged(self) -> None:
        """Tell what a cross-check has; who may not ask for it has lost nothing."""
        with suppress(ClientError):
            for arn in self._remains.tagged():
                self._say(f"The tagging API still lists {arn}; it does so for some minutes after a removal.")

    def _removers(self) -> dict[str, Callable[[str], None]]:
        return {
            "stack": self._remove_stack,
            "secret": self._remove_secret,
            "bucket": self._remove_bucket,
            "role": self._remove_role,
        }

    def _try(self, step: Callable[[], object]) -> bool:
        """Take a step, and return whether it went well; what was gone already did."""
        try:
            step()
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if code in _GONE or (code == "ValidationError" and _STACK_IS_GONE in message):
                return True
            self._problems.append(f"{error.operation_name}: {code}: {message}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest has to be removed
            self._problems.append(f"{type(error).__name__}: {error}")
        else:
            return True
        return False

    def _remove_stack(self, name: str) -> None:
        """Delete a stack; if that fails, delete it without the resources that failed, which `Remains` then finds."""
        cloudformation = self._account.client("cloudformation")
        stack_id = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        self._say(f"Removing the stack {name}")
        self._settled(stack_id)
        cloudformation.delete_stack(StackName=stack_id)
        if self._settled(stack_id) == GONE:
            return
        resources = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
        failed = [each["LogicalResourceId"] for each in resources if each["ResourceStatus"] == "DELETE_FAILED"]
        cloudformation.delete_stack(StackName=stack_id, RetainResources=failed)
        status = self._settled(stack_id)
        if status != GONE:
            raise StillThere(f"The stack {name} is {status}.")

    def _settled(self, stack_id: str) -> str:
        cloudformation = self._account.client("cloudformation")

        def status() -> str | None:
            return status_at_rest(cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0])

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
