"""CodeBuild's source credentials.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ImportSourceCredentials.html
"""

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from source_credential.aws.denials import Caller
from source_credential.aws.errors import call
from source_credential.errors import (
    AccessDenied,
    AlreadyExists,
    InvalidRequest,
    NotFound,
    ServiceLimitExceeded,
    SourceCredentialError,
)
from source_credential.model import AuthType, Credential, ServerType, Token

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codebuild.type_defs import ImportSourceCredentialsInputTypeDef

# Seen from CodeBuild under codes that say no more than that the input is wrong.
_ALREADY_EXISTS: Final = re.compile(r"\b(tokens?|credentials?)\b.* already exists?\b", re.IGNORECASE)
# As CreateWebhook and CreateProject word it: github.com/aws/aws-cdk/issues/31726 and 38504
_CONNECTION_DENIED: Final = re.compile(r"denied to connection|not authorized to access connection", re.IGNORECASE)


class CodeBuildSourceCredentials:
    """The port SourceCredentials, over a CodeBuild client: its region and account are those worked on."""

    def __init__(self, client: "CodeBuildClient", caller: Caller) -> None:
        """Keep the client, and who calls with it."""
        self._client = client
        self._caller = caller

    def import_credential(
        self,
        *,
        server_type: ServerType,
        auth_type: AuthType,
        token: Token,
        username: str | None,
        should_overwrite: bool,
    ) -> str:
        """Import a credential and return its ARN.

        Raises AlreadyExists, ServiceLimitExceeded, InvalidRequest and what `errors.call` raises.
        """
        what = f"ServerType {server_type}"

        def already_exists(_message: str) -> SourceCredentialError:
            return AlreadyExists(
                what,
                "CodeBuild already holds a credential of this server type, and ShouldOverwrite is false",
                "Set ShouldOverwrite to true to replace it, or delete it first "
                "(aws codebuild list-source-credentials, aws codebuild delete-source-credentials).",
                aws_code="ResourceAlreadyExistsException",
            )

        def limit_exceeded(_message: str) -> SourceCredentialError:
            return ServiceLimitExceeded(
                what,
                "the account holds as many source credentials as CodeBuild allows",
                "Delete one that is not needed (aws codebuild list-source-credentials), or ask AWS for a higher quota.",
                aws_code="AccountLimitExceededException",
            )

        def connection_denied(code: str) -> SourceCredentialError:
            return AccessDenied(
                what,
                "CodeBuild was denied access to the connection",
                f"Name one of the credential's own account, or that is shared with it, and let {self._caller.who} use "
                "codeconnections:PassConnection and UseConnection on it.",
                aws_code=code,
            )

        def invalid_input(message: str, code: str = "InvalidInputException") -> SourceCredentialError:
            if _ALREADY_EXISTS.search(message):
                return already_exists(message)
            if _CONNECTION_DENIED.search(message):
                return connection_denied(code)
            return InvalidRequest(
                what,
                f"CodeBuild refused to import the credential with AuthType {auth_type}",
                "Check that the server type, the auth type and the token, secret or connection go together.",
                aws_code=code,
            )

        parameters: ImportSourceCredentialsInputTypeDef = {
            "serverType": server_type.value,
            "authType": auth_type.value,
            "token": token.reveal(),
            "shouldOverwrite": should_overwrite,
        }
        if username is not None:
            parameters["username"] = username
        answer = call(
            lambda: self._client.import_source_credentials(**parameters),
            what=what,
            action="codebuild:ImportSourceCredentials",
            caller=self._caller,
            known={
                "ResourceAlreadyExistsException": already_exists,
                "AccountLimitExceededException": limit_exceeded,
                "InvalidInputException": invalid_input,
                "OAuthProviderException": lambda message: invalid_input(message, "OAuthProviderException"),
            },
        )
        return answer["arn"]

    def delete(self, arn: str) -> None:
        """Delete the credential; one that is gone already is a success. Raises what `errors.call` raises."""
        what = f"Credential {arn}"
        with suppress(NotFound):
            call(
                lambda: self._client.delete_source_credentials(arn=arn),
                what=what,
                action="codebuild:DeleteSourceCredentials",
                caller=self._caller,
                known={
                    "ResourceNotFoundException": lambda _message: NotFound(what, "is gone", "Nothing is left to do.")
                },
            )

    def list_credentials(self) -> list[Credential]:
        """Return every credential of the account and region. Raises what `errors.call` raises."""
        answer = call(
            self._client.list_source_credentials,
            what="CodeBuild",
            action="codebuild:ListSourceCredentials",
            caller=self._caller,
        )
        return [
            Credential(
                arn=info["arn"],
                server_type=info["serverType"],
                auth_type=info["authType"],
                resource=info.get("resource"),
            )
            for info in answer.get("sourceCredentialsInfos", [])
        ]
