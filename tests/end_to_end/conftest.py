"""One embedded AWS with the provider deployed, for all stacks of the session."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from local import provider
from local.embedded_aws import EmbeddedAws
from local.provider_table import empty_table
from local.stacks import Stacks

_NO_PROPERTIES = ("DependsOn", "DeletionPolicy")

TARGET_ROLE = "arn:aws:iam::000000000000:role/source-credential-target"


class Cloud(Stacks):
    """A region of the embedded AWS, as a test uses it."""

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

    def begin_anew(self) -> None:
        """Empty the slots, the provider's table, and Secrets Manager."""
        self.aws.codebuild.slots.clear()
        secrets = self.client("secretsmanager")
        for secret in secrets.get_paginator("list_secrets").paginate().search("SecretList[]"):
            secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
        table = self.table()
        empty_table(table.meta.client, table.name)

    def slots(self) -> dict[str, str]:
        """Return the SHA-256 of each slot's token, by server type."""
        return {credential.server_type: credential.token_sha256 for credential in self.aws.codebuild.credentials()}


@pytest.fixture(scope="session")
def build(built: Path) -> Path:
    """Return the folder of the provider that was built."""
    return built


@pytest.fixture(scope="session")
def deployed(build: Path) -> Iterator[EmbeddedAws]:
    """Deploy the provider, once."""
    with EmbeddedAws() as aws:
        # Everything else is as by default: the secrets under codebuild/ may be read, and no others.
        provider.deploy(aws, build, parameters={"TargetRoleArns": TARGET_ROLE})
        yield aws


@pytest.fixture
def cloud(deployed: EmbeddedAws) -> Iterator[Cloud]:
    """Return the cloud with empty slots that are nobody's, and without secrets; leave it so."""
    found = Cloud(deployed)
    yield found
    found.begin_anew()
