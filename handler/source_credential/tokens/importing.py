"""What a specification imports, and its import. Reads secrets and connections; knows nothing of who owns what."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from source_credential.errors import InvalidRequest, NotFound, NotStabilized
from source_credential.model import (
    AuthType,
    Binding,
    Owner,
    Secret,
    ServerType,
    Slot,
    Specification,
    Target,
    Token,
    TokenFacts,
)
from source_credential.ports import Secrets, Targets, TokenCheck
from source_credential.tokens.secret_content import Login, read_login, read_login_of_codebuild

# https://docs.aws.amazon.com/codeconnections/latest/APIReference/API_Connection.html
_PROVIDER_TYPES: Final = {
    ServerType.GITHUB: "GitHub",
    ServerType.GITHUB_ENTERPRISE: "GitHubEnterpriseServer",
    ServerType.BITBUCKET: "Bitbucket",
    ServerType.GITLAB: "GitLab",
    ServerType.GITLAB_SELF_MANAGED: "GitLabSelfManaged",
}

_IMPORTABLE: Final = frozenset(auth_type.value for auth_type in AuthType)

_NO_EMAIL_WARNING: Final = (
    "The Bitbucket user name has no @. App passwords ended on 28 July 2026; an API token goes with the Atlassian "
    "account's e-mail address."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import, ready to be made: what is sent to CodeBuild, and where it came from."""

    specification: Specification
    target: Target
    owner: Owner
    token: Token
    username: str | None = None
    secret_arn: str | None = None
    secret_version_id: str | None = None
    facts: TokenFacts = field(default_factory=TokenFacts)
    warnings: tuple[str, ...] = ()


class Importer:
    """Prepares imports, which changes nothing, and makes them."""

    def __init__(self, *, targets: Targets, secrets: Secrets, token_check: TokenCheck) -> None:
        """Keep the ports."""
        self._targets = targets
        self._secrets = secrets
        self._token_check = token_check

    def target(self, specification: Specification) -> Target:
        """Return where the specification imports to; with a role, it is the role's account."""
        role_arn = specification.role_arn
        slot = Slot(
            account_id=role_arn.split(":")[4] if role_arn else self._targets.account_id,
            region=specification.region or self._targets.region,
            server_type=specification.server_type,
        )
        return Target(slot=slot, role_arn=role_arn)

    def prepare(self, specification: Specification, owner: Owner, target: Target) -> Import:
        """Read what is to be imported, check it, and with VerifyToken ask the Git provider about it.

        Raises SourceCredentialError.
        """
        if specification.auth_type is AuthType.CODECONNECTIONS:
            return self._prepare_connection(specification, owner, target)
        secret = self._secrets.read(
            _required(specification.secret_id),
            version_stage=specification.secret_version_stage,
            version_id=specification.secret_version_id,
        )
        prepared, login = self._prepare_secret(specification, owner, target, secret)
        if not specification.verify_token:
            return prepared
        facts = self._token_check.check(
            server_type=specification.server_type,
            token=login.token,
            username=login.username,
            server_url=specification.server_url,
        )
        return replace(prepared, facts=facts, warnings=(*prepared.warnings, *facts.warnings))

    def prepare_again(self, binding: Binding) -> Import:
        """Read once more what a binding says is to be in its slot, at the version it had. Raises SourceCredentialError.

        Secrets Manager drops versions without a label; the newest one is then the best there is.
        """
        specification = binding.specification
        if binding.secret_version_id is not None:
            with suppress(NotFound):
                secret = self._secrets.read(_required(specification.secret_id), version_id=binding.secret_version_id)
                return self._prepare_secret(specification, binding.owner, binding.target, secret)[0]
        return self.prepare(replace(specification, verify_token=False), binding.owner, binding.target)

    def make(self, prepared: Import, *, should_overwrite: bool = True) -> str:
        """Import, and return the ARN CodeBuild gave. Raises SourceCredentialError."""
        specification = prepared.specification
        return self._targets.source_credentials(prepared.target, prepared.owner).import_credential(
            server_type=specification.server_type,
            auth_type=specification.auth_type,
            token=prepared.token,
            username=prepared.username,
            should_overwrite=should_overwrite,
        )

    def auth_type_in(self, target: Target, owner: Owner) -> str | None:
        """Return the auth type of the credential in the slot; None when it is empty. Raises SourceCredentialError."""
        listed = self._targets.source_credentials(target, owner).list_credentials()
        return next((info.auth_type for info in listed if info.server_type == target.slot.server_type), None)

    def empty(self, target: Target, owner: Owner) -> None:
        """Delete the credential in the slot, unless it is visibly somebody's: OAUTH is made in the console only.

        Raises SourceCredentialError.
        """
        source_credentials = self._targets.source_credentials(target, owner)
        for credential in source_credentials.list_credentials():
            if credential.server_type == target.slot.server_type and credential.auth_type in _IMPORTABLE:
                source_credentials.delete(credential.arn)

    def _prepare_secret(
        self, specification: Specification, owner: Owner, target: Target, secret: Secret
    ) -> tuple[Import, Login]:
        """Return the import, and what is in the secret. SECRETS_MANAGER imports the ARN, which has no version."""
        if specification.auth_type is AuthType.SECRETS_MANAGER:
            login = read_login_of_codebuild(secret, specification)
            _check_place(secret, specification, target.slot)
            imported = Import(
                specification=specification,
                target=target,
                owner=owner,
                token=Token(secret.arn),
                secret_arn=secret.arn,
            )
            return imported, login
        login = read_login(secret, specification)
        imported = Import(
            specification=specification,
            target=target,
            owner=owner,
            token=login.token,
            username=login.username,
            secret_arn=secret.arn,
            secret_version_id=secret.version_id,
            warnings=(_NO_EMAIL_WARNING,) if login.username and "@" not in login.username else (),
        )
        return imported, login

    def _prepare_connection(self, specification: Specification, owner: Owner, target: Target) -> Import:
        arn = _required(specification.connection_arn)
        connection = self._targets.connections(target, owner).get(arn)
        what = f"Connection {arn}"
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
        return Import(specification=specification, target=target, owner=owner, token=Token(connection.arn))


def _check_place(secret: Secret, specification: Specification, slot: Slot) -> None:
    """Check that the secret is where CodeBuild is to read it. Raises InvalidRequest.

    https://docs.aws.amazon.com/codebuild/latest/userguide/asm-create-secret.html
    """
    if secret.arn.split(":")[3:5] != [slot.region, slot.account_id]:
        raise InvalidRequest(
            f"Secret {specification.secret_id}",
            f"is not in region {slot.region} of account {slot.account_id}, where CodeBuild is to read it",
            "With AuthType SECRETS_MANAGER the secret belongs where the builds run; or import the token instead.",
        )


def _required(value: str | None) -> str:
    """Return a value that the contract has made sure of. Raises ValueError when a caller went around the contract."""
    if value is None:
        message = "the specification was not made by properties.parse"
        raise ValueError(message)
    return value
