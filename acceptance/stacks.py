"""Stacks of CloudFormation's, with bounded waits; each is noted before it is created."""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from acceptance.account import Account
from acceptance.journal import Journal
from acceptance.names import Names
from acceptance.waiting import Waiting

_SECONDS: Final = 900  # a stack of ours takes a minute or two
GONE: Final = "DELETE_COMPLETE"
RECORDER: Final = "recorder"  # its stack serves several chapters

Template = dict[str, Any]


class UpdateRefused(Exception):
    """CloudFormation did not begin; code and text are its own."""

    def __init__(self, error: ClientError) -> None:
        """Keep the two."""
        super().__init__(error.response["Error"].get("Message", ""))
        self.code = str(error.response["Error"].get("Code", ""))


def status_at_rest(stack: Mapping[str, Any]) -> str | None:
    """Return the status of a stack as CloudFormation describes it; None while something goes on.

    A change set that nobody has executed is nothing that goes on.
    """
    status = str(stack["StackStatus"])
    return None if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS" else status


class Stacks:
    """The stacks of one run. A stack is called by its short name, as in `Names.stack`."""

    def __init__(self, account: Account, names: Names, journal: Journal, waiting: Waiting) -> None:
        """Have none yet."""
        self._cloudformation = account.client("cloudformation")
        self._names = names
        self._journal = journal
        self._waiting = waiting
        self._consumers: list[str] = []
        self._poll_seconds = account.poll_seconds

    def create(self, name: str, template: Template | str, **parameters: str) -> str:
        """Create a stack, wait for its end, and return its status."""
        self._journal.note("stack", name=self._names.stack(name))
        self._consumers.append(name)
        self._cloudformation.create_stack(**self._request(name, template, parameters), Tags=self._names.tags)
        return self.settled(name)

    def update(self, name: str, template: Template, **parameters: str) -> str:
        """Update a stack, wait for its end, and return its status. Raises UpdateRefused."""
        try:
            self._cloudformation.update_stack(**self._request(name, template, parameters), Tags=self._names.tags)
        except ClientError as error:
            raise UpdateRefused(error) from None
        return self.settled(name)

    def delete(self, name: str) -> str:
        """Delete a stack, wait for its end, and return its status. Raises UpdateRefused."""
        stack_id = self._describe(self._names.stack(name))["StackId"]
        try:
            self._cloudformation.delete_stack(StackName=stack_id)
        except ClientError as error:
            raise UpdateRefused(error) from None
        status = self.settled(name, stack_id)
        if status == GONE and name in self._consumers:
            self._consumers.remove(name)
        return status

    def consumers(self) -> list[str]:
        """Return the stacks that were created here and not deleted, the latest first; the recorder is none."""
        return [name for name in reversed(self._consumers) if name != RECORDER]

    def settled(self, name: str, stack_id: str = "") -> str:
        """Wait until nothing goes on at a stack, and return its status."""

        def status() -> str | None:
            return status_at_rest(self._describe(stack_id or self._names.stack(name)))

        return self._waiting.until(status, f"The end of stack {name}", seconds=_SECONDS, every=self._poll_seconds)

    def outputs(self, name: str) -> dict[str, str]:
        """Return a stack's outputs."""
        outputs = self._describe(self._names.stack(name)).get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return a stack's events, oldest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._names.stack(name))
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def reasons(self, name: str, status: str) -> list[str]:
        """Return what a stack's events of one status say."""
        return [
            event.get("ResourceStatusReason", "") for event in self.events(name) if event["ResourceStatus"] == status
        ]

    def _describe(self, name_or_id: str) -> dict[str, Any]:
        [stack] = self._cloudformation.describe_stacks(StackName=name_or_id)["Stacks"]
        return dict(stack)

    def _request(self, name: str, template: Template | str, parameters: dict[str, str]) -> dict[str, Any]:
        return {
            "StackName": self._names.stack(name),
            "TemplateBody": template if isinstance(template, str) else json.dumps(template),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Capabilities": ["CAPABILITY_IAM"],
        }
