"""boto3's clients, and the logic over them. Those of the own role are made once; a role is assumed for each use."""

import json
import os
import re
from difflib import get_close_matches
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from source_credential.aws.bindings import DynamoBindings
from source_credential.aws.codebuild import CodeBuildSourceCredentials
from source_credential.aws.connections import CodeConnections
from source_credential.aws.errors import call
from source_credential.aws.request_records import DynamoRequests
from source_credential.aws.secrets_manager import SecretsManagerSecrets
from source_credential.aws.sqs import SqsQueue
from source_credential.errors import AccessDenied, InvalidRequest, SourceCredentialError
from source_credential.git_providers.token_check import ProviderTokenCheck
from source_credential.model import Owner, ServerType, Target
from source_credential.observability import logger
from source_credential.slots.provisioner import Provisioner
from source_credential.slots.refresher import Refresher
from source_credential.tokens.importing import Importer

if TYPE_CHECKING:
    from source_credential.aws.connections import ConnectionsClient

# Four attempts with backoff ride out a burst of throttling; the timeouts let a dead endpoint be told within 40 seconds,
# half of the function's time limit, rather than after botocore's default minute per attempt.
_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=6,
    retries={"mode": "standard", "total_max_attempts": 4},
)

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_NOT_IN_SESSION_NAME: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)
_SESSION_NAME_LENGTH: Final = 64


class AwsTargets:
    """The port Targets: the accounts and regions to import into."""

    def __init__(self, session: boto3.Session, *, account_id: str, external_id: str) -> None:
        """Keep the provider's own session and account, and the external id it assumes roles with; empty for none."""
        self._session = session
        self._external_id = external_id
        self.account_id = account_id
        self.region = session.region_name

    def source_credentials(self, target: Target, owner: Owner) -> CodeBuildSourceCredentials:
        """Return CodeBuild's source credentials at the target; `owner` names the session of a role.

        Raises InvalidRequest for a region that does not exist, and what assuming the role raises.
        """
        client = self._client("codebuild", target.slot.region, target.role_arn, owner)
        return CodeBuildSourceCredentials(client, role_arn=target.role_arn)

    def connections(self, target: Target, owner: Owner) -> CodeConnections:
        """Return CodeConnections, asked as the role that imports, in the region each connection is in."""

        def client(service: str, region: str) -> "ConnectionsClient":
            made: ConnectionsClient = self._client(service, region, target.role_arn, owner)
            return made

        return CodeConnections(client)

    @cached_property
    def _regions(self) -> list[str]:
        partition = self._session.get_partition_for_region(self.region)
        return self._session.get_available_regions("codebuild", partition_name=partition)

    def _client(self, service: str, region: str, role_arn: str | None, owner: Owner) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        if region != self.region and region not in self._regions:
            [nearest] = get_close_matches(region, self._regions, n=1, cutoff=0)
            raise InvalidRequest(
                "Region",
                f"{region} is no region in which the provider knows CodeBuild",
                f"The nearest name is {nearest}. A region that is newer than the provider needs a newer provider.",
            )
        if role_arn is None:
            return _own_client(service, region)
        return self._assume(role_arn, owner).client(service, region_name=region, config=_CONFIG)  # type: ignore[call-overload]

    def _assume(self, role_arn: str, owner: Owner) -> boto3.Session:
        """Return a session of the role. Raises AccessDenied and what `aws_errors.call` raises."""
        what = f"RoleArn {role_arn}"

        def denied(_message: str) -> SourceCredentialError:
            return AccessDenied(
                what,
                "the provider may not assume it",
                "Add it to the parameter TargetRoleArns of the provider's stack, and let the role's trust policy name "
                "the provider's role and its external id; examples/target-account-role.yaml makes such a role.",
                aws_code="AccessDenied",
            )

        parameters: dict[str, str] = {"ExternalId": self._external_id} if self._external_id else {}
        client: Any = _own_client("sts", self.region)
        answer = call(
            lambda: client.assume_role(RoleArn=role_arn, RoleSessionName=_session_name(owner), **parameters),
            what=what,
            action="sts:AssumeRole",
            denied_remedy="",
            known={"AccessDenied": denied, "AccessDeniedException": denied},
        )
        credentials = answer["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=self.region,
        )


def _session_name(owner: Owner) -> str:
    """Return the session's name, which the target account's CloudTrail shows: the stack's."""
    stack = owner.stack_id.split("/")[1] if "/" in owner.stack_id else owner.stack_id
    return _NOT_IN_SESSION_NAME.sub("-", f"source-credential-{stack}")[:_SESSION_NAME_LENGTH]


def warm_up() -> None:
    """Make the clients that every request needs while the function starts, which is quicker than later."""
    region = _region()
    for service in ("codebuild", "dynamodb", "secretsmanager"):
        _own_client(service, region)


@cache
def provisioner(account_id: str) -> Provisioner:
    """Return the provisioner of the function's own region and the given account, its own.

    Raises KeyError when the function's environment lacks what the template sets.
    """
    requests = DynamoRequests(_own_client("dynamodb", _region()), table=os.environ["REQUESTS_TABLE"])
    return Provisioner(importer=_importer(account_id), bindings=bindings(), requests=requests, warn=logger.warning)


@cache
def refresher(account_id: str) -> Refresher:
    """Return the refresher of the function's own region and account. Raises KeyError as `provisioner` does."""
    return Refresher(importer=_importer(account_id), bindings=bindings(), secrets=_secrets(), warn=logger.warning)


@cache
def refresh_queue() -> SqsQueue:
    """Return the queue of slots to look at. Raises KeyError as `provisioner` does."""
    return SqsQueue(_own_client("sqs", _region()), url=os.environ["REFRESH_QUEUE_URL"])


def _region() -> str:
    return boto3.Session().region_name


def _importer(account_id: str) -> Importer:
    targets = AwsTargets(boto3.Session(), account_id=account_id, external_id=os.environ.get("EXTERNAL_ID", ""))
    return Importer(targets=targets, secrets=_secrets(), token_check=_token_check())


def _secrets() -> SecretsManagerSecrets:
    return SecretsManagerSecrets(
        _own_client("secretsmanager", _region()), lambda region: _own_client("secretsmanager", region)
    )


@cache
def bindings() -> DynamoBindings:
    """Return the table of bindings. Raises KeyError as `provisioner` does."""
    return DynamoBindings(
        _own_client("dynamodb", _region()),
        table=os.environ["BINDINGS_TABLE"],
        requests_table=os.environ["REQUESTS_TABLE"],
    )


def _token_check() -> ProviderTokenCheck:
    """Return what asks the Git providers. PROVIDER_URLS is for tests: JSON, a base URL by server type."""
    base_urls = json.loads(os.environ.get("PROVIDER_URLS") or "{}")
    return ProviderTokenCheck(
        allow_private_addresses=os.environ.get("ALLOW_PRIVATE_SERVER_URLS") == "true",
        server_url_hosts=[
            host.strip().lower() for host in os.environ.get("SERVER_URL_HOSTS", "").split(",") if host.strip()
        ],
        base_urls={ServerType(name): url for name, url in base_urls.items()},
        ca_certs=os.environ.get("PROVIDER_CA_CERTS") or None,
    )


@cache
def _own_client(service: str, region: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """Return a client of the function's own role."""
    return boto3.client(service, region_name=region, config=_CONFIG)  # type: ignore[call-overload]
