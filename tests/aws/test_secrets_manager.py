"""The adapter of Secrets Manager."""

from typing import Any

import pytest

from source_credential.aws.secrets_manager import SecretsManagerSecrets
from source_credential.errors import (
    AccessDenied,
    InvalidRequest,
    NotFound,
    NotStabilized,
    SourceCredentialError,
    Throttling,
)
from source_credential.model import Secret
from tests.aws.stubs import SECRET_ARN, TOKEN, stubbed
from tests.fakes import REGION, VERSION_ID


@pytest.mark.parametrize("stored", [{"SecretString": TOKEN}, {"SecretBinary": TOKEN.encode()}])
@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, {}),
        ({"version_stage": "AWSPREVIOUS"}, {"VersionStage": "AWSPREVIOUS"}),
        ({"version_id": VERSION_ID}, {"VersionId": VERSION_ID}),
    ],
)
def test_a_secret_is_read_as_text_at_the_version_asked_for(
    asked: dict[str, str], sent: dict[str, str], stored: dict[str, object]
) -> None:
    """String and binary come out the same."""
    client, stubber = stubbed("secretsmanager")
    answer = {"ARN": SECRET_ARN, "Name": "codebuild/github", "VersionId": VERSION_ID, **stored}
    answer["VersionStages"] = ["AWSCURRENT"]
    stubber.add_response("get_secret_value", answer, {"SecretId": "codebuild/github", **sent})
    secret = SecretsManagerSecrets(client).read("codebuild/github", **asked)
    assert secret == Secret(arn=SECRET_ARN, version_id=VERSION_ID, labels=("AWSCURRENT",), text=TOKEN)


def test_binary_that_is_not_text_is_refused_without_its_bytes() -> None:
    """The decoder's exception, which holds the bytes, is not attached."""
    client, stubber = stubbed("secretsmanager")
    answer = {"ARN": SECRET_ARN, "Name": "codebuild/github", "VersionId": VERSION_ID, "SecretBinary": b"\xff\xfe"}
    stubber.add_response("get_secret_value", answer)
    with pytest.raises(InvalidRequest, match="not UTF-8 text") as caught:
        SecretsManagerSecrets(client).read("codebuild/github")
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("secret_id", "region"),
    [
        ("codebuild/github", REGION),
        (SECRET_ARN, REGION),
        (SECRET_ARN.replace(REGION, "eu-west-1"), "eu-west-1"),
        (SECRET_ARN.replace(REGION, "cn-north-1").replace("aws", "aws-cn"), "cn-north-1"),
        ("arn:aws:ssm:eu-west-1:000000000000:secret:a", REGION),
    ],
)
def test_a_secret_is_asked_for_in_the_region_its_arn_names(secret_id: str, region: str) -> None:
    """An endpoint knows the secrets of its own region only; a name is one of the provider's region."""
    answer = {"ARN": SECRET_ARN, "Name": "codebuild/github", "VersionId": VERSION_ID, "SecretString": TOKEN}
    client, stubber = stubbed("secretsmanager")
    others: list[str] = []

    def client_in(other: str) -> Any:
        others.append(other)
        return client

    stubber.add_response("get_secret_value", answer, {"SecretId": secret_id})
    SecretsManagerSecrets(client, client_in).read(secret_id)
    assert others == ([] if region == REGION else [region])
    stubber.add_response("get_secret_value", answer, {"SecretId": secret_id})
    SecretsManagerSecrets(client).read(secret_id)
    stubber.assert_no_pending_responses()


# Messages as Secrets Manager words them; a version that is absent and a secret that is absent share one code.
@pytest.mark.parametrize(
    ("code", "message", "kind", "text"),
    [
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
            NotFound,
            "does not exist in",
        ),
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
            NotFound,
            "has no version with the label AWSCURRENT",
        ),
        ("AccessDeniedException", "User is not authorized on kms-token", AccessDenied, "the parameter SecretArns"),
        ("AccessDeniedException", "Access to KMS is not allowed", AccessDenied, "the parameter KmsKeyArns"),
        (
            "AccessDeniedException",
            "User: x is not authorized to perform: kms:Decrypt on resource: y because no resource-based policy allows",
            AccessDenied,
            "may not use kms:Decrypt: no resource-based policy allows it",
        ),
        (
            "AccessDeniedException",
            "User: x is not authorized to perform: kms:Decrypt on the resource",
            AccessDenied,
            "the parameter KmsKeyArns",
        ),
        (
            "AccessDeniedException",
            "not authorized to perform: secretsmanager:GetSecretValue with an explicit deny in a resource-based policy",
            AccessDenied,
            "Change the policy of the resource itself",
        ),
        ("DecryptionFailure", "", AccessDenied, "kms:Decrypt"),
        ("DecryptionFailure", "arn:aws:kms:x:1:key/y is pending deletion.", NotStabilized, "cancel-key-deletion"),
        (
            "InvalidRequestException",
            "KMS key arn:... is pending deletion.",
            NotStabilized,
            "a KMS key that is disabled",
        ),
        ("AccessDeniedException", "The KMS key is disabled", NotStabilized, "a KMS key that is disabled"),
        ("InvalidRequestException", "The KMS key was marked for deletion", NotStabilized, "a KMS key that is disabled"),
        ("InvalidRequestException", "key x is pending replica deletion", NotStabilized, "a KMS key that is disabled"),
        ("InvalidRequestException", "secret is scheduled for deletion", NotStabilized, "restore-secret"),
        ("InvalidRequestException", "The version was deleted", InvalidRequest, "refused to read its version"),
        ("InvalidRequestException", "because it was marked for deletion.", NotStabilized, "is scheduled for deletion"),
        (
            "InvalidRequestException",
            "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS key",
            InvalidRequest,
            "customer managed key",
        ),
        ("InvalidRequestException", "no", InvalidRequest, "refused to read its version with the label AWSCURRENT"),
        ("TooManyRequestsException", "", Throttling, "secretsmanager:GetSecretValue"),
    ],
)
def test_a_refused_read_is_told_in_our_words(
    code: str, message: str, kind: type[SourceCredentialError], text: str
) -> None:
    """Each case of one error code has its own problem and its own remedy."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error("get_secret_value", code, message)
    with pytest.raises(kind) as caught:
        SecretsManagerSecrets(client).read("codebuild/github")
    assert text in str(caught.value)
    assert f"({code})" in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"version_stage": "AWSPENDING"}, "has no version with the label AWSPENDING"),
        ({"version_id": VERSION_ID}, f"has no version {VERSION_ID}"),
    ],
)
def test_an_absent_version_is_named(asked: dict[str, str], text: str) -> None:
    """The label or id that was asked for is in the reason."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error(
        "get_secret_value", "ResourceNotFoundException", "can't find the specified secret value for x"
    )
    with pytest.raises(NotFound, match=text):
        SecretsManagerSecrets(client).read("codebuild/github", **asked)


@pytest.mark.parametrize(("secret_id", "is_path"), [("/codebuild/github", True), ("codebuild/github", False)])
def test_a_name_as_parameter_store_has_them_may_be_a_parameters(secret_id: str, *, is_path: bool) -> None:
    """A secret may have such a name, too, so it is told only when there is none."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error("get_secret_value", "ResourceNotFoundException", "can't find the specified secret.")
    stubber.add_client_error("get_secret_value", "AccessDeniedException", "not authorized to perform: a:B")
    stubber.add_client_error("get_secret_value", "AccessDeniedException")
    for kind in (NotFound, AccessDenied, AccessDenied):
        with pytest.raises(kind) as caught:
            SecretsManagerSecrets(client).read(secret_id)
        assert ("Parameter Store is not read" in str(caught.value)) is is_path


def test_a_secret_of_a_region_that_is_not_enabled_is_told_as_that() -> None:
    """The region is in its ARN."""
    client, stubber = stubbed("secretsmanager")
    stubber.add_client_error("get_secret_value", "UnrecognizedClientException")
    with pytest.raises(NotStabilized, match="Region ap-east-1: is not enabled"):
        SecretsManagerSecrets(client).read(SECRET_ARN.replace(REGION, "ap-east-1"))
