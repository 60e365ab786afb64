"""boto3's clients and the provisioner over them, made once per execution environment."""

from functools import cache
from typing import TYPE_CHECKING, cast

import boto3
from botocore.config import Config

from source_credential.codebuild import CodeBuildSourceCredentials
from source_credential.connections import CodeConnections
from source_credential.provisioner import Provisioner
from source_credential.secrets_manager import SecretsManagerSecrets

if TYPE_CHECKING:
    from source_credential.connections import ConnectionsClient

# Five attempts with backoff ride out a burst of throttling; the timeouts let a dead endpoint be told in seconds, well
# inside the function's time limit, rather than after botocore's default minute per attempt.
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=8,
    retries={"mode": "standard", "total_max_attempts": 5},
)


@cache
def provisioner() -> Provisioner:
    """Return the provisioner of the function's own region and account."""
    session = boto3.Session()
    return Provisioner(
        source_credentials=CodeBuildSourceCredentials(session.client("codebuild", config=_CONFIG)),
        secrets=SecretsManagerSecrets(session.client("secretsmanager", config=_CONFIG)),
        connections=CodeConnections(_connections_client),
    )


@cache
def _connections_client(service: str) -> "ConnectionsClient":
    """Return a client of `codeconnections` or `codestar-connections`; most stacks never need one."""
    if service == "codeconnections":
        return boto3.client("codeconnections", config=_CONFIG)
    return cast("ConnectionsClient", boto3.client("codestar-connections", config=_CONFIG))
