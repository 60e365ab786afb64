"""One embedded AWS with the provider deployed, for all stacks of the session."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import provider
from local.embedded_aws import EmbeddedAws

# What `SecretArns` allows; everything else is really denied.
SECRETS = "arn:aws:secretsmanager:us-east-1:000000000000:secret:codebuild/*"
_SECONDS = 60


@dataclass
class Cloud:
    """The embedded AWS, as a test uses it."""

    aws: EmbeddedAws

    def put_secret(self, name: str, value: str) -> None:
        """Create the secret, or give it a new version."""
        secrets = self.aws.client("secretsmanager")
        try:
            secrets.create_secret(Name=name, SecretString=value)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=value)

    def deploy(self, stack: str, resources: dict[str, dict[str, Any]], *, delete_policy: str = "Delete") -> str:
        """Create or update a stack of source credentials, wait for its end, and return its status."""
        cloudformation = self.aws.client("cloudformation")
        template = {
            "Resources": {
                logical_id: {
                    "Type": "Custom::SourceCredential",
                    "DeletionPolicy": delete_policy,
                    "Properties": {"ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"}, **properties},
                }
                for logical_id, properties in resources.items()
            },
            "Outputs": {logical_id: {"Value": {"Fn::GetAtt": [logical_id, "Arn"]}} for logical_id in resources},
        }
        body = json.dumps(template)
        if self._exists(stack):
            cloudformation.update_stack(StackName=stack, TemplateBody=body)
        else:
            cloudformation.create_stack(StackName=stack, TemplateBody=body)
        return self._wait(stack)

    def delete(self, stack: str) -> None:
        """Delete a stack and wait until it is gone."""
        self.aws.client("cloudformation").delete_stack(StackName=stack)
        end = time.monotonic() + _SECONDS
        while self._exists(stack):
            assert time.monotonic() < end, f"{stack} is not gone after {_SECONDS} s: {self.reasons(stack)}"
            time.sleep(0.1)

    def outputs(self, stack: str) -> dict[str, str]:
        """Return a stack's outputs."""
        [description] = self.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}

    def reasons(self, stack: str) -> str:
        """Return what the stack's events say, newest first."""
        events = self.aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def slots(self) -> dict[str, str]:
        """Return the SHA-256 of each slot's token, by server type."""
        return {credential.server_type: credential.token_sha256 for credential in self.aws.codebuild.credentials()}

    def _exists(self, stack: str) -> bool:
        cloudformation = self.aws.client("cloudformation")
        try:
            [description] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except cloudformation.exceptions.ClientError:
            return False
        return bool(description["StackStatus"] != "DELETE_COMPLETE")

    def _wait(self, stack: str) -> str:
        end = time.monotonic() + _SECONDS
        while True:
            [description] = self.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
            status = str(description["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            assert time.monotonic() < end, f"{stack} is still {status} after {_SECONDS} s"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """Build and deploy the provider, once."""
    folder: Path = tmp_path_factory.mktemp("build")
    with EmbeddedAws() as aws:
        provider.build(folder, provider.command_environment(aws))
        provider.deploy(aws, folder, parameters={"SecretArns": SECRETS})
        yield aws


@pytest.fixture
def cloud(deployed: EmbeddedAws) -> Iterator[Cloud]:
    """Return the cloud with empty slots, and leave them empty."""
    yield Cloud(deployed)
    for credential in deployed.codebuild.credentials():
        deployed.codebuild.slots.delete_source_credentials(credential.region, {"arn": credential.arn})
