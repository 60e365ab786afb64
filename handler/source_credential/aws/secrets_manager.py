"""Secrets Manager.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from source_credential.aws.errors import call
from source_credential.errors import (
    AccessDenied,
    InvalidRequest,
    NotFound,
    NotStabilized,
    SourceCredentialError,
    VersionNotFound,
)
from source_credential.model import Secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import GetSecretValueRequestTypeDef

_REGION_OF_ARN = re.compile(r"arn:[\w-]+:secretsmanager:([a-z0-9-]+):")

_DENIED_REMEDY = (
    "Add the secret to the parameter SecretArns of the provider's stack; a secret of another account also needs a "
    "resource policy that lets the provider's role read it."
)


class SecretsManagerSecrets:
    """The port Secrets, over a Secrets Manager client."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        client_in: "Callable[[str], SecretsManagerClient] | None" = None,
    ) -> None:
        """Keep the client of the provider's own region, and what returns one of another region."""
        self._client = client
        self._client_in = client_in

    def read(self, secret_id: str, *, version_stage: str | None = None, version_id: str | None = None) -> Secret:
        """Return one version of a secret: AWSCURRENT when neither a label nor an id is given. Binary is read as UTF-8.

        Raises NotFound, AccessDenied, NotStabilized, InvalidRequest and what `errors.call` raises.
        """
        what = f"Secret {secret_id}"
        parameters: GetSecretValueRequestTypeDef = {"SecretId": secret_id}
        if version_stage is not None:
            parameters["VersionStage"] = version_stage
        if version_id is not None:
            parameters["VersionId"] = version_id
        refusals = _Refusals(what, version_stage=version_stage, version_id=version_id)
        answer = call(
            lambda: self._client_for(secret_id).get_secret_value(**parameters),
            what=what,
            action="secretsmanager:GetSecretValue",
            denied_remedy=_DENIED_REMEDY,
            known={
                "ResourceNotFoundException": refusals.not_found,
                "AccessDeniedException": refusals.access_denied,
                "DecryptionFailure": refusals.decryption_failure,
                "InvalidRequestException": refusals.invalid_request,
            },
        )
        return Secret(
            arn=answer["ARN"],
            version_id=answer["VersionId"],
            text=_text(answer, what),
        )

    def _client_for(self, secret_id: str) -> "SecretsManagerClient":
        """Return the client of the region a whole ARN names: each region's endpoint knows its own secrets only."""
        region = _REGION_OF_ARN.match(secret_id)
        if region is None or self._client_in is None or region[1] == self._client.meta.region_name:
            return self._client
        return self._client_in(region[1])


class _Refusals:
    """GetSecretValue's errors, told apart by AWS's messages where one code covers several cases."""

    def __init__(self, what: str, *, version_stage: str | None, version_id: str | None) -> None:
        self._what = what
        self._by_arn = _REGION_OF_ARN.match(what.removeprefix("Secret ")) is not None
        self._version = (
            f"version {version_id}" if version_id else f"version with the label {version_stage or 'AWSCURRENT'}"
        )

    def not_found(self, message: str) -> SourceCredentialError:
        code = "ResourceNotFoundException"
        if "secret value for" in message:
            return VersionNotFound(
                self._what,
                f"has no {self._version}",
                "Put a value into the secret, or correct SecretVersionStage or SecretVersionId.",
                aws_code=code,
            )
        return NotFound(
            self._what,
            "does not exist" if self._by_arn else "does not exist in the provider's account and region",
            "Correct SecretId, or create the secret; a secret of another account or region is named by its whole ARN.",
            aws_code=code,
        )

    def access_denied(self, message: str) -> SourceCredentialError:
        if "Access to KMS" in message or "kms:Decrypt" in message:
            return self._kms("AccessDeniedException")
        return AccessDenied(
            self._what,
            "the provider's role may not use secretsmanager:GetSecretValue on it",
            _DENIED_REMEDY,
            aws_code="AccessDeniedException",
        )

    def decryption_failure(self, _message: str) -> SourceCredentialError:
        return self._kms("DecryptionFailure")

    def invalid_request(self, message: str) -> SourceCredentialError:
        code = "InvalidRequestException"
        if "deletion" in message or "deleted" in message:
            return NotStabilized(
                self._what,
                "is scheduled for deletion",
                "Restore it (aws secretsmanager restore-secret --secret-id ...), or name another secret.",
                aws_code=code,
            )
        if "different AWS account" in message or "default KMS" in message:
            return AccessDenied(
                self._what,
                "belongs to another account and is encrypted with that account's default key, which cannot be shared",
                "Encrypt it with a customer managed key that the provider's role may use (parameter KmsKeyArns).",
                aws_code=code,
            )
        return InvalidRequest(
            self._what,
            f"Secrets Manager refused to read its {self._version}",
            "Check that the secret has a value.",
            aws_code=code,
        )

    def _kms(self, code: str) -> SourceCredentialError:
        return AccessDenied(
            self._what,
            "the provider's role may not decrypt with the secret's KMS key (kms:Decrypt)",
            "Add the key to the parameter KmsKeyArns of the provider's stack, check that the key policy lets the role "
            "use it, and that the key is enabled.",
            aws_code=code,
        )


def _text(answer: Mapping[str, object], what: str) -> str:
    """Return the string or, as text, the binary: a secret has one of the two."""
    if "SecretString" in answer:
        return str(answer["SecretString"])
    try:
        return cast("bytes", answer["SecretBinary"]).decode("utf-8")
    except UnicodeDecodeError:
        pass  # raised below, where the decoder's exception, which holds the bytes, is no longer attached
    raise InvalidRequest(what, "is binary and not UTF-8 text", "Store the token as text.")
