"""The adapter of CodeBuild's source credentials."""

import traceback

import pytest

from source_credential.errors import (
    AccessDenied,
    AlreadyExists,
    GeneralServiceException,
    InvalidRequest,
    ServiceLimitExceeded,
    SourceCredentialError,
    Throttling,
)
from source_credential.model import Credential
from tests.aws.stubs import ARN, TOKEN, credentials_over, import_github, stubbed


@pytest.mark.parametrize("username", [None, "a@example.com"])
def test_import_sends_what_codebuild_expects(username: str | None) -> None:
    """The request fits the model; the ARN is the one CodeBuild answered."""
    client, stubber = stubbed("codebuild")
    expected = {"serverType": "GITHUB", "authType": "PERSONAL_ACCESS_TOKEN", "token": TOKEN, "shouldOverwrite": False}
    stubber.add_response(
        "import_source_credentials", {"arn": ARN}, {**expected, **({"username": username} if username else {})}
    )
    assert import_github(credentials_over(client), username=username, should_overwrite=False) == ARN


@pytest.mark.parametrize(
    ("code", "message", "kind", "text"),
    [
        ("ResourceAlreadyExistsException", "", AlreadyExists, "Set ShouldOverwrite to true"),
        (
            "InvalidInputException",
            "Access token with server type GITHUB already exists.",
            AlreadyExists,
            "ShouldOverwrite",
        ),
        (
            "InvalidInputException",
            "Access denied to connection arn:...",
            AccessDenied,
            "denied access to the connection",
        ),
        (
            "OAuthProviderException",
            "User is not authorized to access connection arn:...",
            AccessDenied,
            "let the provider's role use codeconnections:PassConnection and UseConnection on it",
        ),
        (
            "InvalidInputException",
            "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: codeconnections:PassConnection",
            AccessDenied,
            "may not use codeconnections:PassConnection",
        ),
        ("InvalidInputException", "A credential of this kind already exists", AlreadyExists, "ShouldOverwrite"),
        ("InvalidInputException", "A webhook already exists.", InvalidRequest, "refused to import the credential"),
        ("OAuthProviderException", "Bad credentials", InvalidRequest, "refused to import the credential"),
        ("InvalidInputException", "no", InvalidRequest, "refused to import the credential with AuthType PERSONAL_"),
        ("AccountLimitExceededException", "", ServiceLimitExceeded, "holds as many source credentials"),
        ("AccessDeniedException", "", AccessDenied, "may not use codebuild:ImportSourceCredentials"),
        ("ThrottlingException", "", Throttling, "throttling codebuild:ImportSourceCredentials"),
        ("SomethingElse", "", GeneralServiceException, "codebuild:ImportSourceCredentials failed (SomethingElse)"),
    ],
)
def test_a_refused_import_is_told_in_our_words_with_awss_code(
    code: str, message: str, kind: type[SourceCredentialError], text: str
) -> None:
    """AWS's code is shown, its text (which here holds the token) is not, and the SDK's exception stays behind."""
    client, stubber = stubbed("codebuild")
    stubber.add_client_error("import_source_credentials", code, f"{message} {TOKEN}")
    with pytest.raises(kind) as caught:
        import_github(credentials_over(client))
    assert text in str(caught.value)
    assert caught.value.aws_code in {code, "ResourceAlreadyExistsException"}
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_delete_sends_the_arn_and_takes_gone_for_done() -> None:
    """A credential that does not exist is deleted already."""
    client, stubber = stubbed("codebuild")
    stubber.add_response("delete_source_credentials", {"arn": ARN}, {"arn": ARN})
    stubber.add_client_error("delete_source_credentials", "ResourceNotFoundException")
    stubber.add_client_error("delete_source_credentials", "InvalidInputException")
    credentials = credentials_over(client)
    credentials.delete(ARN)
    credentials.delete(ARN)
    with pytest.raises(GeneralServiceException, match="InvalidInputException"):
        credentials.delete(ARN)
    stubber.assert_no_pending_responses()


def test_list_returns_every_credential_also_those_the_console_made() -> None:
    """OAUTH is listed though it cannot be imported; an empty list may be left out of the answer."""
    client, stubber = stubbed("codebuild")
    stubber.add_response(
        "list_source_credentials",
        {
            "sourceCredentialsInfos": [
                {"arn": ARN, "serverType": "GITHUB", "authType": "OAUTH"},
                {"arn": ARN, "serverType": "GITLAB", "authType": "CODECONNECTIONS", "resource": "arn:..."},
            ]
        },
        {},
    )
    stubber.add_response("list_source_credentials", {}, {})
    credentials = credentials_over(client)
    assert credentials.list_credentials() == [
        Credential(arn=ARN, server_type="GITHUB", auth_type="OAUTH"),
        Credential(arn=ARN, server_type="GITLAB", auth_type="CODECONNECTIONS", resource="arn:..."),
    ]
    assert credentials.list_credentials() == []
