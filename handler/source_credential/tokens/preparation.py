"""What a specification imports: reads its secret or connection, and checks it. Changes nothing anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from source_credential.errors import InvalidRequest, NotStabilized, VersionNotFound
from source_credential.model import (
    AuthType,
    Connection,
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
from source_credential.records import Claim
from source_credential.tokens.secret_content import Login, read_login, read_login_of_codebuild

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
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

    def is_what_was_imported_for(self, claim: Claim) -> bool:
        """Tell whether the claim's last import was of the same version of the same secret."""
        return (self.secret_arn, self.secret_version_id) == (claim.secret_arn, claim.secret_version_id)

    @property
    def resource(self) -> str | None:
        """Return the ARN of what CodeBuild is to be led to, as it lists it then; None for a token."""
        return self.token.reveal() if self.specification.leads else None


class Preparation:
    """Prepares imports."""

    def __init__(self, *, targets: Targets, secrets: Secrets, token_check: Callable[[], TokenCheck]) -> None:
        """Keep the ports. token_check: returns the one that it is asked for only where a token is to be verified."""
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

    def prepare(self, specification: Specification, owner: Owner, target: Target) -> Prepared:
        """Read what is to be imported, check it, and with VerifyToken ask the Git provider about it.

        Raises SourceCredentialError.
        """
        if specification.auth_type is AuthType.CODECONNECTIONS:
            return self._prepare_connection(specification, owner, target)
        secret = self._read(specification)
        prepared, login = self._prepare_secret(specification, owner, target, secret)
        if not specification.verify_token:
            return prepared
        facts = self._token_check().check(
            server_type=specification.server_type,
            token=login.token,
            username=login.username,
            server_url=specification.server_url,
        )
        return replace(prepared, facts=facts, warnings=(*prepared.warnings, *facts.warnings))

    def reread(self, prepared: Prepared) -> Prepared:
        """Return what was prepared, at the version that the secret has by now. Raises SourceCredentialError."""
        specification = prepared.specification
        secret = self._read(specification)
        version_id = None if specification.auth_type is AuthType.SECRETS_MANAGER else secret.version_id
        if (secret.arn, version_id) == (prepared.secret_arn, prepared.secret_version_id):
            return prepared
        return self.prepare(specification, prepared.owner, prepared.target)

    def may_have_label(self, specification: Specification, version_id: str) -> bool:
        """Tell whether a version of the secret has the followed label, or is not even known to Secrets Manager yet.

        Raises SourceCredentialError.
        """
        exact = replace(specification, secret_version_stage=None, secret_version_id=version_id)
        try:
            return specification.followed_label in self._read(exact).labels
        except VersionNotFound:
            return True

    def prepare_again(self, claim: Claim, target: Target, *, or_newer: bool = True, verify: bool = False) -> Prepared:
        """Read once more what is to be in CodeBuild for a claim.

        What follows its secret has the version that has the label by now, and what does not the version it had.
        or_newer: when that one is gone, since Secrets Manager drops versions without a label, the newest one is taken.
        verify: the Git provider is asked, where the claim says so. Raises SourceCredentialError.
        """
        specification = claim.specification if verify else replace(claim.specification, verify_token=False)
        if claim.secret_version_id is None or specification.followed_label is not None:
            return self.prepare(specification, claim.owner, target)
        exact = replace(specification, secret_version_stage=None, secret_version_id=claim.secret_version_id)
        try:
            return self.prepare(exact, claim.owner, target)
        except VersionNotFound:
            if not or_newer:
                raise
        return self.prepare(specification, claim.owner, target)

    def _read(self, specification: Specification) -> Secret:
        return self._secrets.read(
            _required(specification.secret_id),
            version_stage=specification.secret_version_stage,
            version_id=specification.secret_version_id,
        )

    def _prepare_secret(
        self, specification: Specification, owner: Owner, target: Target, secret: Secret
    ) -> tuple[Prepared, Login]:
        """Return the import, and what is in the secret. SECRETS_MANAGER imports the ARN, which has no version."""
        if specification.auth_type is AuthType.SECRETS_MANAGER:
            login = read_login_of_codebuild(secret, specification)
            _check_place(secret, specification, target.slot)
            imported = Prepared(
                specification=specification,
                target=target,
                owner=owner,
                token=Token(secret.arn),
                secret_arn=secret.arn,
                warnings=login.warnings,
            )
            return imported, login
        login = read_login(secret, specification)
        imported = Prepared(
            specification=specification,
            target=target,
            owner=owner,
            token=login.token,
            username=login.username,
            secret_arn=secret.arn,
            secret_version_id=secret.version_id,
            warnings=(
                *login.warnings,
                *((_NO_EMAIL_WARNING,) if login.username and "@" not in login.username else ()),
            ),
        )
        return imported, login

    def _prepare_connection(self, specification: Specification, owner: Owner, target: Target) -> Prepared:
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
        return Prepared(
            specification=specification,
            target=target,
            owner=owner,
            token=Token(connection.arn),
            warnings=_check_provider_type(connection, specification.server_type, what),
        )


def _check_provider_type(connection: Connection, server_type: ServerType, what: str) -> tuple[str, ...]:
    """Check that the connection does not lead to another provider; return a warning if it leads to an unknown one.

    Raises InvalidRequest.
    """
    expected, found = _PROVIDER_TYPES[server_type], connection.provider_type
    if found == expected:
        return ()
    if found in _PROVIDER_TYPES.values():
        raise InvalidRequest(
            what,
            f"leads to {found}, but ServerType {server_type} needs {expected}",
            "Name the connection that belongs to this server type.",
        )
    return (f"{what} leads to {found}, of which it is not known here whether it goes with ServerType {server_type}.",)


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
