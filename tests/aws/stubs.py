"""Clients that answer only what a test tells them to, by botocore's own service models, and what they are asked for."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
from botocore.stub import Stubber

from source_credential import wiring
from source_credential.aws.codebuild import CodeBuildSourceCredentials
from source_credential.aws.denials import Caller
from source_credential.model import AuthType, ServerType, Target, Token
from tests.fakes import REGION, credential_arn, secret_arn
from tests.slots.sent import owner
from tests.slots.world import SLOT

TOKEN = "ghp_0123456789abcdef"
ARN = credential_arn("GITHUB")
SECRET_ARN = secret_arn("codebuild/github")
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/000000000000/refresh"
ELSEWHERE, THERE = "222222222222", "eu-west-1"
ROLE = f"arn:aws:iam::{ELSEWHERE}:role/source-credential"
EXTERNAL_ID = "source-credential"
OWNER = owner("consumer")
HERE = Target(slot=SLOT)
FAR = Target(slot=replace(SLOT, account_id=ELSEWHERE, region=THERE), role_arn=ROLE)


def stubbed(service: str) -> tuple[Any, Stubber]:
    """Return a client of the service that answers only what a test tells it to."""
    client = boto3.client(service)  # type: ignore[call-overload]
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


def credentials_over(client: Any) -> CodeBuildSourceCredentials:
    """Return CodeBuild's source credentials over a client of the provider's own role."""
    return CodeBuildSourceCredentials(client, Caller(remedy="Allow it.", region=client.meta.region_name))


def import_github(
    credentials: CodeBuildSourceCredentials, *, username: str | None = None, should_overwrite: bool = True
) -> str:
    """Import through the adapter."""
    return credentials.import_credential(
        server_type=ServerType.GITHUB,
        auth_type=AuthType.PERSONAL_ACCESS_TOKEN,
        token=Token(TOKEN),
        username=username,
        should_overwrite=should_overwrite,
    )


def sts() -> Stubber:
    """Return the stub of the client with which roles are assumed."""
    stubber = Stubber(wiring._own_client("sts", REGION))
    stubber.activate()
    return stubber


class Body(io.BytesIO):
    """A response's body, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """Return it in one piece."""
        yield self.read()
