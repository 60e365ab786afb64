"""The accounts and regions to import into: the port Targets. A role is assumed anew for each use.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from source_credential.aws.codebuild import CodeBuildSourceCredentials
from source_credential.aws.connections import CodeConnections
from source_credential.aws.denials import OF_THE_TEMPLATE, Caller
from source_credential.aws.errors import call
from source_credential.aws.regions import Regions
from source_credential.aws.services import CODEBUILD, STS
from source_credential.model import Owner, Target

if TYPE_CHECKING:
    from source_credential.aws.connections import ConnectionsClient

_NOT_IN_SESSION_NAME: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)
_SESSION_NAME_LENGTH: Final = 64

# A client of the provider's own role, by service and region.
OwnClient = Callable[[str, str], Any]


class AwsTargets:
    """The port Targets: the accounts and regions to import into."""

    def __init__(
        self,
        regions: Regions,
        *,
        account_id: str,
        external_id: str,
        own_client: OwnClient,
        configs: Callable[[str], Config],
    ) -> None:
        """Keep what reaches the accounts.

        regions, account_id: the provider's own. external_id: what it assumes roles with; empty for none. own_client:
        returns a client of its own role. configs: returns the settings of a service's clients.
        """
        self._own_client = own_client
        self._configs = configs
        self._external_id = external_id
        self.account_id = account_id
        self.region = regions.own
        self._regions = regions

    def source_credentials(self, target: Target, owner: Owner) -> CodeBuildSourceCredentials:
        """Return CodeBuild's source credentials at the target; `owner` names the session of a role.

        Raises InvalidRequest for a region that does not exist, and what assuming the role raises.
        """
        client = self._client(CODEBUILD, target.slot.region, target.role_arn, owner)
        return CodeBuildSourceCredentials(client, self._caller(target.slot.region, target.role_arn))

    def connections(self, target: Target, owner: Owner) -> CodeConnections:
        """Return CodeConnections, asked as the role that imports, in the region each connection is in."""

        def client(service: str, region: str) -> "ConnectionsClient":
            made: ConnectionsClient = self._client(service, region, target.role_arn, owner)
            return made

        return CodeConnections(client, lambda region: self._caller(region, target.role_arn))

    def _caller(self, region: str, role_arn: str | None) -> Caller:
        """Return who calls, and what to do when it may not, or when nobody is there: a name may be misspelt."""
        if role_arn is None:
            # The provider runs in its own region, so that one is enabled.
            caller = Caller(remedy=OF_THE_TEMPLATE, region=None if region == self.region else region)
        else:
            remedy = "Allow it in its policy; examples/target-account-role.yaml has all that this role needs."
            caller = Caller(who=f"role {role_arn}", remedy=remedy, remedies={}, region=region)
        if self._regions.is_known(region):
            return caller
        return replace(caller, unreachable=f"Check the name of region {region}: {self._regions.nearest(region)}")

    def _client(self, service: str, region: str, role_arn: str | None, owner: Owner) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        self._regions.check(region, "Region" if service == CODEBUILD else "ConnectionArn")
        if role_arn is None:
            return self._own_client(service, region)
        return self._assume(role_arn, owner).client(service, region_name=region, config=self._configs(service))  # type: ignore[call-overload]

    def _assume(self, role_arn: str, owner: Owner) -> boto3.Session:
        """Return a session of the role. Raises AccessDenied and what `errors.call` raises."""
        self._regions.check_partition(role_arn, "RoleArn")
        caller = Caller(
            remedy="Add it to the parameter TargetRoleArns of the provider's stack, and let the role's trust policy "
            "name the provider's role and its external id; examples/target-account-role.yaml makes such a role.",
            region=self.region,
        )
        parameters: dict[str, str] = {"ExternalId": self._external_id} if self._external_id else {}
        client: Any = self._own_client(STS, self.region)
        answer = call(
            lambda: client.assume_role(RoleArn=role_arn, RoleSessionName=_session_name(owner), **parameters),
            what=f"RoleArn {role_arn}",
            action="sts:AssumeRole",
            caller=caller,
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
    return _NOT_IN_SESSION_NAME.sub("-", f"source-credential-{owner.stack_name}")[:_SESSION_NAME_LENGTH]
