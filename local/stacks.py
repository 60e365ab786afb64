"""The stacks of a region of the embedded AWS, and the slots in the table of its provider."""

from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from local import provider
from local.embedded_aws import EmbeddedAws
from local.ministack import REGION
from local.programs import until
from local.provider_table import items

_SECONDS: Final = 60


@dataclass
class Stacks:
    """A region's stacks. CloudFormation is asked often, so that nobody waits for longer than it takes."""

    aws: EmbeddedAws
    region: str = REGION

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a client of a service in the region."""
        return self.aws.client(service, region=self.region)

    def description(self, stack: str) -> dict[str, Any]:
        """Return what CloudFormation tells of a stack. Raises ClientError when there is none."""
        [description] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return dict(description)

    def outputs(self, stack: str) -> dict[str, str]:
        """Return a stack's outputs."""
        return {output["OutputKey"]: output["OutputValue"] for output in self.description(stack).get("Outputs", [])}

    def parameters(self, stack: str) -> dict[str, str]:
        """Return a stack's parameters."""
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.description(stack).get("Parameters", [])}

    def exists(self, stack: str) -> bool:
        """Tell whether a stack is there."""
        try:
            return bool(self.description(stack)["StackStatus"] != "DELETE_COMPLETE")
        except ClientError:
            return False

    def status(self, stack: str) -> str:
        """Return a stack's status, when what goes on with it has ended. Raises TimeoutError."""

        def ended() -> str | None:
            status = str(self.description(stack)["StackStatus"])
            return None if status.endswith("_IN_PROGRESS") else status

        if (status := until(ended, _SECONDS)) is None:
            raise TimeoutError(f"{stack} has not ended after {_SECONDS} s: {self.reasons(stack)}")
        return status

    def delete(self, stack: str) -> None:
        """Delete a stack, and wait until it is gone. Raises TimeoutError."""
        self.client("cloudformation").delete_stack(StackName=stack)
        self.await_gone(stack)

    def await_gone(self, stack: str) -> None:
        """Wait until a stack that is being deleted is gone. Raises TimeoutError."""
        if not until(lambda: not self.exists(stack), _SECONDS):
            raise TimeoutError(f"{stack} is not gone after {_SECONDS} s: {self.reasons(stack)}")

    def reasons(self, stack: str) -> str:
        """Return what the stack's events say, newest first."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def put_secret(self, name: str, value: str) -> None:
        """Create the secret, or give it a new version."""
        secrets = self.client("secretsmanager")
        try:
            secrets.create_secret(Name=name, SecretString=value)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=value)

    def table(self) -> Any:  # noqa: ANN401 - boto3 makes the type as it runs
        """Return the table of the region's provider, as boto3's resource: of plain values, and written in batches."""
        session = boto3.Session("test", "test", region_name=self.region)
        dynamodb = session.resource("dynamodb", endpoint_url=self.aws.ministack.url)
        return dynamodb.Table(self.outputs(provider.STACK_NAME)["TableName"])

    def items(self) -> list[dict[str, Any]]:
        """Return all that is in that table."""
        table = self.table()
        return items(table.meta.client, table.name)

    def slot_item(self) -> dict[str, Any]:
        """Return the item of the one slot there is."""
        [item] = [item for item in self.items() if item["What"] == "slot"]
        return item

    def multiply_slot(self, times: int) -> None:
        """Copy the one slot there is to other accounts' slots, so that there are so many."""
        slot = self.slot_item()
        with self.table().batch_writer() as batch:
            for number in range(1, times):
                batch.put_item(Item={**slot, "Subject": f"{number:012d}/{self.region}/GITHUB"})
