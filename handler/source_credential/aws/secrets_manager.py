"""Secrets Manager.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, cast

from source_credential.aws.denials import LET_READ, OF_THE_PROVIDER, Caller, denied
from source_credential.aws.errors import call
from source_credential.errors import (
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

# What Secrets Manager says of a key whose state keeps it from being used; KMS's own texts are behind it.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_KEY_IN_A_WRONG_STATE: Final = re.compile(
    r"\b(kms|key)\b.*(pending|for deletion|disabled|unavailable|invalid state)", re.IGNORECASE | re.DOTALL
)
_DELETED: Final = re.compile(r"marked (for deletion|deleted)|scheduled for deletion", re.IGNORECASE)
# A parameter of Systems Manager may have such a name, and so may a secret.
_PARAMETER_STORE: Final = " A parameter of Systems Manager's Parameter Store is not read."


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
        region = self._other_region(secret_id)
        refusals = _Refusals(secret_id, region, version_stage=version_stage, version_id=version_id)
        answer = call(
            lambda: self._client_for(region).get_secret_value(**parameters),
            what=what,
            action="secretsmanager:GetSecretValue",
            caller=refusals.caller,
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
            labels=tuple(answer.get("VersionStages", ())),
            text=_text(answer, what),
        )

    def _other_region(self, secret_id: str) -> str | None:
        """Return the region that a whole ARN names; None where it is the provider's own, as it is for a name."""
        region = _REGION_OF_ARN.match(secret_id)
        return None if region is None or region[1] == self._client.meta.region_name else region[1]

    def _client_for(self, other_region: str | None) -> "SecretsManagerClient":
        """Return the client of a region: each region's endpoint knows its own secrets only."""
        if other_region is None or self._client_in is None:
            return self._client
        return self._client_in(other_region)


class _Refusals:
    """GetSecretValue's errors, told apart by AWS's messages where one code covers several cases."""

    def __init__(
        self, secret_id: str, region: str | None, *, version_stage: str | None, version_id: str | None
    ) -> None:
        self._what = f"Secret {secret_id}"
        self._by_arn = _REGION_OF_ARN.match(secret_id) is not None
        self._hint = _PARAMETER_STORE if secret_id.startswith("/") else ""
        remedy = f"{LET_READ}{self._hint}"
        remedies = {**OF_THE_PROVIDER, "secretsmanager": remedy}
        self.caller = Caller(remedy=remedy, remedies=remedies, region=region)
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
            "Correct SecretId, or create the secret; a secret of another account or region is named by its whole ARN."
            + self._hint,
            aws_code=code,
        )

    def access_denied(self, message: str) -> SourceCredentialError:
        code = "AccessDeniedException"
        if "Access to KMS" in message or _KEY_IN_A_WRONG_STATE.search(message):
            return self._kms(code, message)
        return denied(self._what, "secretsmanager:GetSecretValue", self.caller, code=code, message=message)

    def decryption_failure(self, message: str) -> SourceCredentialError:
        return self._kms("DecryptionFailure", message)

    def invalid_request(self, message: str) -> SourceCredentialError:
        code = "InvalidRequestException"
        if "different AWS account" in message:
            return InvalidRequest(
                self._what,
                "belongs to another account and is encrypted with that account's default key, which cannot be shared",
                "Encrypt it with a customer managed key that the provider's role may use (parameter KmsKeyArns).",
                aws_code=code,
            )
        if _KEY_IN_A_WRONG_STATE.search(message):
            return self._kms(code, message)
        if _DELETED.search(message):
            return NotStabilized(
                self._what,
                "is scheduled for deletion",
                "Restore it (aws secretsmanager restore-secret --secret-id ...), or name another secret.",
                aws_code=code,
            )
        return InvalidRequest(
            self._what,
            f"Secrets Manager refused to read its {self._version}",
            "Check that the secret has a value.",
            aws_code=code,
        )

    def _kms(self, code: str, message: str) -> SourceCredentialError:
        if _KEY_IN_A_WRONG_STATE.search(message):
            return NotStabilized(
                self._what,
                "is encrypted with a KMS key that is disabled, or about to be deleted",
                "Enable it again (aws kms cancel-key-deletion, aws kms enable-key): until then it decrypts nothing.",
                aws_code=code,
            )
        return denied(self._what, "kms:Decrypt", self.caller, code=code, message="")


def _text(answer: Mapping[str, object], what: str) -> str:
    """Return the string or, as text, the binary: a secret has one of the two."""
    if "SecretString" in answer:
        return str(answer["SecretString"])
    try:
        return cast("bytes", answer["SecretBinary"]).decode("utf-8")
    except UnicodeDecodeError:
        pass  # raised below, where the decoder's exception, which holds the bytes, is no longer attached
    raise InvalidRequest(what, "is binary and not UTF-8 text", "Store the token as text.")
