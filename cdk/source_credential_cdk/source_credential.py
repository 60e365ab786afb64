"""The construct: one resource of the type Custom::SourceCredential, and what has to be there before it."""

from typing import Any, Final

from aws_cdk import CustomResource, Duration, RemovalPolicy, SecretValue, Stack
from aws_cdk.aws_codebuild import IProject
from aws_cdk.aws_iam import Grant, IRole
from aws_cdk.aws_secretsmanager import ISecret
from constructs import Construct, IDependable

from source_credential_cdk.contract_check import ContractCheck
from source_credential_cdk.imported import ImportedSourceCredential, ISourceCredential
from source_credential_cdk.provider import SourceCredentialProvider
from source_credential_cdk.types import AuthType, ServerType

# Room for a run of the provider that timed out, Lambda's minute before the next, and that one; without it, an hour.
_SERVICE_TIMEOUT: Final = 300


class SourceCredential(CustomResource):
    """A Git provider's credential in CodeBuild: one per account, region and server type, for all projects there."""

    def __init__(  # noqa: PLR0913 - one keyword per property
        self,
        scope: Construct,
        construct_id: str,
        *,
        server_type: ServerType,
        auth_type: AuthType,
        secret: ISecret | str | None = None,
        secret_key: str | None = None,
        secret_version_stage: str | None = None,
        secret_version_id: str | None = None,
        username: str | None = None,
        username_key: str | None = None,
        connection_arn: str | None = None,
        should_overwrite: bool | None = None,
        region: str | None = None,
        role: IRole | str | None = None,
        follow_rotation: bool | None = None,
        verify_token: bool | None = None,
        server_url: str | None = None,
        trigger: str | None = None,
        service_timeout: Duration | None = None,
        removal_policy: RemovalPolicy | None = None,
        provider: SourceCredentialProvider | None = None,
    ) -> None:
        """Ask for the credential. docs/reference.md says what each property means; what is None is left out.

        secret: where the token is (SecretId): a construct, which is then made first and which the provider's roles may
        read where they are known, or a name or ARN. role: to import as (RoleArn). service_timeout: 1 to 3600 seconds;
        300 when absent. provider: the one that exports the default name when absent.

        Raises TypeError where `secret` is a secret's value, and where a construct is of another kind. What the provider
        would refuse fails the synthesis.
        """
        if isinstance(secret, SecretValue):
            raise TypeError("secret: is the value of a secret. Pass the secret itself, its name or its ARN.")
        secret_id = _text(
            secret, "secret_arn", "secret: must be a secret (Secret, not CfnSecret), its name or its ARN."
        )
        role_arn = _text(role, "role_arn", "role: must be a role (Role, not CfnRole) or its ARN.")
        provider = provider or SourceCredentialProvider.from_export_name()
        if not isinstance(provider, SourceCredentialProvider):
            raise TypeError("provider: must be made by one of the methods of SourceCredentialProvider.")
        service_token = provider.service_token(scope)
        asked: dict[str, Any] = {
            # Where nobody checks types it may be text, which the contract looks at.
            "ServerType": getattr(server_type, "value", server_type),
            "AuthType": getattr(auth_type, "value", auth_type),
            "SecretId": secret_id,
            "SecretKey": secret_key,
            "SecretVersionStage": secret_version_stage,
            "SecretVersionId": secret_version_id,
            "Username": username,
            "UsernameKey": username_key,
            "ConnectionArn": connection_arn,
            "ShouldOverwrite": should_overwrite,
            "Region": region,
            "RoleArn": role_arn,
            "FollowRotation": follow_rotation,
            "VerifyToken": verify_token,
            "ServerUrl": server_url,
            "Trigger": trigger,
        }
        properties = {name: value for name, value in asked.items() if value is not None}
        super().__init__(
            scope,
            construct_id,
            resource_type="Custom::SourceCredential",
            service_token=service_token,
            service_timeout=service_timeout or Duration.seconds(_SERVICE_TIMEOUT),
            removal_policy=removal_policy,
            properties=properties,
        )
        self.node.add_validation(
            ContractCheck(lambda: Stack.of(self).resolve({"ServiceToken": service_token, **properties}))
        )
        self._properties = properties
        self._secret = None if isinstance(secret, str) else secret
        needed: list[IDependable] = [] if role is None or isinstance(role, str) else [role]
        if self._secret is not None:
            readers = provider.roles(self)
            for reader in readers:
                self._secret.grant_read(reader)
            needed += [self._secret, *readers]  # each with what belongs to it, its policies above all
        self.node.find_child("Default").node.add_dependency(*needed)

    @staticmethod
    def from_source_credential_arn(
        scope: Construct, construct_id: str, source_credential_arn: str
    ) -> ISourceCredential:
        """Return a credential that is there already, by its ARN. Raises ValueError when that cannot be one."""
        return ImportedSourceCredential(scope, construct_id, source_credential_arn)

    def used_by(self, project: IProject) -> None:
        """Make a project wait for the credential, and let its builds read what CodeBuild is led to.

        With SECRETS_MANAGER that is `secret`, where it is a construct, and with CODECONNECTIONS the connection.
        """
        if project.node.default_child is not None:
            project.node.default_child.node.add_dependency(self)
        auth_type = self._properties["AuthType"]
        if auth_type == AuthType.SECRETS_MANAGER.value and self._secret is not None:
            self._secret.grant_read(project)
        elif auth_type == AuthType.CODECONNECTIONS.value and "ConnectionArn" in self._properties:
            # https://docs.aws.amazon.com/codebuild/latest/userguide/connections-github-app.html; a connection's ARN has
            # the service's old name or its new one, and the action has to have the same.
            Grant.add_to_principal(
                grantee=project,
                actions=[
                    f"{service}:{action}"
                    for service in ("codeconnections", "codestar-connections")
                    for action in ("GetConnection", "GetConnectionToken")
                ],
                resource_arns=[self._properties["ConnectionArn"]],
            )

    @property
    def source_credential_arn(self) -> str:
        """The credential's ARN, which is what Ref gives."""
        return self.ref

    @property
    def attr_arn(self) -> str:
        """The credential's ARN."""
        return self.get_att_string("Arn")

    @property
    def attr_server_type(self) -> str:
        """The server type."""
        return self.get_att_string("ServerType")

    @property
    def attr_auth_type(self) -> str:
        """The auth type."""
        return self.get_att_string("AuthType")

    @property
    def attr_secret_arn(self) -> str:
        """The secret's ARN; empty for CODECONNECTIONS."""
        return self.get_att_string("SecretArn")

    @property
    def attr_secret_version_id(self) -> str:
        """The version that the last deployment imported; empty for CODECONNECTIONS and SECRETS_MANAGER."""
        return self.get_att_string("SecretVersionId")

    @property
    def attr_token_login(self) -> str:
        """Whose token it is; empty without `verify_token`, and where the Git provider does not tell."""
        return self.get_att_string("TokenLogin")

    @property
    def attr_token_expires_at(self) -> str:
        """When the token expires (ISO 8601, UTC); empty where `attr_token_login` is, and for tokens that do not."""
        return self.get_att_string("TokenExpiresAt")


def _text(given: object, attribute: str, otherwise: str) -> str | None:
    """Return a text, or the attribute of a construct that has one. Raises TypeError, which says otherwise."""
    if given is None or isinstance(given, str):
        return given
    if not hasattr(given, attribute):
        raise TypeError(otherwise)
    return str(getattr(given, attribute))
