"""One embedded AWS with the provider deployed, for all stacks of the session."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import provider
from local.embedded_aws import EmbeddedAws
from local.ministack import REGION

_SECONDS = 60
_NO_PROPERTIES = ("DependsOn", "DeletionPolicy")

TARGET_ROLE = "arn:aws:iam::000000000000:role/source-credential-target"


@dataclass
class Cloud:
    """A region of the embedded AWS, as a test uses it."""

    aws: EmbeddedAws
    region: str = REGION

    def client(self, service: str) -> Any:
        """Return a client of a service in the region."""
        return self.aws.client(service, region=self.region)

    def put_secret(self, name: str, value: str) -> None:
        """Create the secret, or give it a new version."""
        secrets = self.client("secretsmanager")
        try:
            secrets.create_secret(Name=name, SecretString=value)
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=value)

    def deploy(
        self,
        stack: str,
        resources: dict[str, dict[str, Any]],
        *,
        outputs: Sequence[str] = (),
    ) -> str:
        """Create or update a stack of source credentials, wait for its end, and return its status.

        resources: their properties, with DependsOn and DeletionPolicy among them. outputs: attributes of the last
        resource to have as outputs of the stack, beside the ARN of each.
        """
        cloudformation = self.client("cloudformation")
        template = {
            "Resources": {
                logical_id: {
                    "Type": "Custom::SourceCredential",
                    **{name: value for name, value in properties.items() if name in _NO_PROPERTIES},
                    "Properties": {
                        "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
                        **{name: value for name, value in properties.items() if name not in _NO_PROPERTIES},
                    },
                }
                for logical_id, properties in resources.items()
            },
            "Outputs": {
                **{logical_id: {"Value": {"Fn::GetAtt": [logical_id, "Arn"]}} for logical_id in resources},
                **{name: {"Value": {"Fn::GetAtt": [list(resources)[-1], name]}} for name in outputs},
            },
        }
        body = json.dumps(template)
        if self.exists(stack):
            cloudformation.update_stack(StackName=stack, TemplateBody=body)
        else:
            cloudformation.create_stack(StackName=stack, TemplateBody=body)
        return self.status(stack)

    def deploy_example(self, path: Path, **parameters: str) -> None:
        """Create a stack of a template file under the file's name."""
        cloudformation = self.client("cloudformation")
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloudformation.create_stack(
            StackName=path.stem,
            TemplateBody=path.read_text(),
            Parameters=given,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        assert self.status(path.stem) == "CREATE_COMPLETE", self.reasons(path.stem)

    def provider_roles(self) -> str:
        """Return the ARNs of the provider's roles, as a list parameter has them."""
        outputs = self.outputs(provider.STACK_NAME)
        return f"{outputs['RoleArn']},{outputs['RefreshRoleArn']}"

    def log(self) -> str:
        """Return all that the embedded AWS and the functions on it have logged."""
        return self.aws.ministack.log.read_text(encoding="utf-8", errors="replace")

    def multiply_slot(self, times: int) -> None:
        """Copy the one slot there is to other accounts' slots, so that there are so many."""
        slot = self.slot_item()
        subjects = [{"S": f"{number:012d}/us-east-1/GITHUB"} for number in range(1, times)]
        self.write([{"PutRequest": {"Item": {**slot, "Subject": subject}}} for subject in subjects])

    def slot_item(self) -> dict[str, Any]:
        """Return the item of the one slot there is."""
        [item] = [item for item in self.items() if item["What"] == {"S": "slot"}]
        return item

    def items(self) -> list[dict[str, Any]]:
        """Return all that is in the provider's table."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self._table())
        return [item for page in pages for item in page["Items"]]

    def write(self, writes: Sequence[dict[str, Any]]) -> None:
        """Put items into the provider's table, or delete them, 25 in a call."""
        dynamodb, table = self.client("dynamodb"), self._table()
        for begin in range(0, len(writes), 25):
            answer = dynamodb.batch_write_item(RequestItems={table: writes[begin : begin + 25]})
            assert not answer["UnprocessedItems"]

    def begin_anew(self) -> None:
        """Empty the slots and the provider's table."""
        for credential in self.aws.codebuild.credentials():
            self.aws.codebuild.slots.delete_source_credentials(credential.region, {"arn": credential.arn})
        keys = [{name: item[name] for name in ("Subject", "What")} for item in self.items()]
        self.write([{"DeleteRequest": {"Key": key}} for key in keys])

    def _table(self) -> str:
        return self.outputs(provider.STACK_NAME)["TableName"]

    def delete(self, stack: str) -> None:
        """Delete a stack and wait until it is gone."""
        self.client("cloudformation").delete_stack(StackName=stack)
        self.await_gone(stack)

    def await_gone(self, stack: str) -> None:
        """Wait until a stack that is being deleted is gone."""
        end = time.monotonic() + _SECONDS
        while self.exists(stack):
            assert time.monotonic() < end, f"{stack} is not gone after {_SECONDS} s: {self.reasons(stack)}"
            time.sleep(0.1)

    def outputs(self, stack: str) -> dict[str, str]:
        """Return a stack's outputs."""
        [description] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}

    def reasons(self, stack: str) -> str:
        """Return what the stack's events say, newest first."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def slots(self) -> dict[str, str]:
        """Return the SHA-256 of each slot's token, by server type."""
        return {credential.server_type: credential.token_sha256 for credential in self.aws.codebuild.credentials()}

    def exists(self, stack: str) -> bool:
        """Tell whether a stack is there."""
        cloudformation = self.client("cloudformation")
        try:
            [description] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        except cloudformation.exceptions.ClientError:
            return False
        return bool(description["StackStatus"] != "DELETE_COMPLETE")

    def status(self, stack: str) -> str:
        """Return a stack's status, when what goes on with it has ended."""
        end = time.monotonic() + _SECONDS
        while True:
            [description] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
            status = str(description["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            assert time.monotonic() < end, f"{stack} is still {status} after {_SECONDS} s"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the provider, once, and return the folder."""
    folder = tmp_path_factory.mktemp("build")
    provider.build(folder, provider.build_environment())
    return folder


@pytest.fixture(scope="session")
def deployed(build: Path) -> Iterator[EmbeddedAws]:
    """Deploy the provider, once."""
    with EmbeddedAws() as aws:
        # Everything else is as by default: the secrets under codebuild/ may be read, and no others.
        provider.deploy(aws, build, parameters={"TargetRoleArns": TARGET_ROLE})
        yield aws


@pytest.fixture
def cloud(deployed: EmbeddedAws) -> Iterator[Cloud]:
    """Return the cloud with empty slots that are nobody's, and leave them so."""
    found = Cloud(deployed)
    yield found
    found.begin_anew()
