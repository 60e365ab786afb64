"""What a Create, an Update and a Delete do to CodeBuild's source credential. Knows no AWS SDK and no Lambda."""

from typing import Final

from source_credential.errors import InvalidRequest, NotStabilized
from source_credential.model import AuthType, Provisioned, ServerType, Specification, Token
from source_credential.ports import Connections, Secrets, SourceCredentials
from source_credential.secret_content import check_readable_by_codebuild, read_login

# https://docs.aws.amazon.com/codeconnections/latest/APIReference/API_Connection.html
_PROVIDER_TYPES: Final = {
    ServerType.GITHUB: "GitHub",
    ServerType.GITHUB_ENTERPRISE: "GitHubEnterpriseServer",
    ServerType.BITBUCKET: "Bitbucket",
    ServerType.GITLAB: "GitLab",
    ServerType.GITLAB_SELF_MANAGED: "GitLabSelfManaged",
}

_NO_EMAIL_WARNING: Final = (
    "The Bitbucket user name has no @. App passwords ended on 28 July 2026; an API token goes with the Atlassian "
    "account's e-mail address."
)


class Provisioner:
    """The logic of the resource. Everything it needs of the world comes in through the ports."""

    def __init__(self, *, source_credentials: SourceCredentials, secrets: Secrets, connections: Connections) -> None:
        """Keep the ports."""
        self._source_credentials = source_credentials
        self._secrets = secrets
        self._connections = connections

    def create(self, specification: Specification) -> Provisioned:
        """Import the credential and return what came of it. Raises SourceCredentialError: nothing was imported."""
        return self._import(specification, should_overwrite=specification.should_overwrite is not False)

    def update(self, specification: Specification, *, physical_resource_id: str) -> Provisioned:
        """Import the credential anew and return what came of it; an ARN other than the id given is a replacement.

        ShouldOverwrite false protects other credentials, not the one this resource made itself.
        Raises SourceCredentialError, and then nothing was imported.
        """
        should_overwrite = specification.should_overwrite is not False or self._holds(
            physical_resource_id, specification.server_type
        )
        return self._import(specification, should_overwrite=should_overwrite)

    def delete(self, *, physical_resource_id: str, server_type: str | None) -> None:
        """Delete the credential whose ARN is `physical_resource_id`, if CodeBuild has it here.

        Anything else (a marker of a failed Create, somebody else's id, a credential that is gone) needs no deleting.
        server_type: the resource's ServerType property, which the credential must have too, when it is known.
        Raises SourceCredentialError.
        """
        if self._holds(physical_resource_id, server_type):
            self._source_credentials.delete(physical_resource_id)

    def _holds(self, arn: str, server_type: str | None) -> bool:
        """Tell whether CodeBuild lists a credential of that ARN and, where it is known, that server type."""
        return any(
            credential.arn == arn and server_type in (None, credential.server_type)
            for credential in self._source_credentials.list_credentials()
        )

    def _import(self, specification: Specification, *, should_overwrite: bool) -> Provisioned:
        if specification.auth_type is AuthType.CODECONNECTIONS:
            return self._import_connection(specification, should_overwrite=should_overwrite)
        if specification.auth_type is AuthType.SECRETS_MANAGER:
            return self._import_secret_reference(specification, should_overwrite=should_overwrite)
        return self._import_token(specification, should_overwrite=should_overwrite)

    def _import_token(self, specification: Specification, *, should_overwrite: bool) -> Provisioned:
        secret = self._secrets.read(
            _required(specification.secret_id),
            version_stage=specification.secret_version_stage,
            version_id=specification.secret_version_id,
        )
        login = read_login(secret, specification)
        arn = self._source_credentials.import_credential(
            server_type=specification.server_type,
            auth_type=specification.auth_type,
            token=login.token,
            username=login.username,
            should_overwrite=should_overwrite,
        )
        return Provisioned(
            arn=arn,
            server_type=specification.server_type,
            auth_type=specification.auth_type,
            secret_arn=secret.arn,
            secret_version_id=secret.version_id,
            warnings=(_NO_EMAIL_WARNING,) if login.username and "@" not in login.username else (),
        )

    def _import_secret_reference(self, specification: Specification, *, should_overwrite: bool) -> Provisioned:
        """Import the secret's ARN. No version is answered: CodeBuild reads the current one at each build."""
        secret = self._secrets.read(_required(specification.secret_id))
        check_readable_by_codebuild(secret, specification)
        arn = self._import_reference(specification, secret.arn, should_overwrite=should_overwrite)
        return Provisioned(
            arn=arn,
            server_type=specification.server_type,
            auth_type=specification.auth_type,
            secret_arn=secret.arn,
        )

    def _import_connection(self, specification: Specification, *, should_overwrite: bool) -> Provisioned:
        connection = self._connections.get(_required(specification.connection_arn))
        what = f"Connection {specification.connection_arn}"
        if connection.status == "PENDING":
            raise NotStabilized(
                what,
                "is PENDING: nobody has completed its handshake with the source provider",
                "Open Developer Tools > Settings > Connections in the AWS console, choose Update pending connection, "
                "and deploy again.",
            )
        if connection.status != "AVAILABLE":
            raise NotStabilized(
                what, f"is {connection.status}, not AVAILABLE", "Repair or recreate the connection, and deploy again."
            )
        expected = _PROVIDER_TYPES[specification.server_type]
        if connection.provider_type != expected:
            raise InvalidRequest(
                what,
                f"leads to {connection.provider_type}, but ServerType {specification.server_type} needs {expected}",
                "Name the connection that belongs to this server type.",
            )
        arn = self._import_reference(specification, connection.arn, should_overwrite=should_overwrite)
        return Provisioned(arn=arn, server_type=specification.server_type, auth_type=specification.auth_type)

    def _import_reference(self, specification: Specification, reference: str, *, should_overwrite: bool) -> str:
        return self._source_credentials.import_credential(
            server_type=specification.server_type,
            auth_type=specification.auth_type,
            token=Token(reference),
            username=None,
            should_overwrite=should_overwrite,
        )


def _required(value: str | None) -> str:
    """Return a value that the contract has made sure of. Raises ValueError when a caller went around the contract."""
    if value is None:
        message = "the specification was not made by properties.parse"
        raise ValueError(message)
    return value
