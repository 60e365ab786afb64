"""CodeBuild's source credentials.

https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ImportSourceCredentials.html
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from source_credential.aws.errors import Translation, call
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

_OWN_ROLE_REMEDY = "Deploy the provider's own stack again: its template allows this action."


class CodeBuildSourceCredentials:
    """The port SourceCredentials, over a CodeBuild client: its region and account are those worked on."""

    def __init__(self, client: "CodeBuildClient", *, role_arn: str | None = None) -> None:
        """Keep the client. role_arn: the role it was assumed for, when it is not the provider's own."""
        self._client = client
        self._denied_remedy = (
            f"Allow it in the policy of {role_arn}; examples/target-account-role.yaml has all that role needs."
            if role_arn
            else _OWN_ROLE_REMEDY
        )

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

        def invalid_input(message: str) -> SourceCredentialError:
            # Seen from CodeBuild in place of ResourceAlreadyExistsException; the text is all that tells them apart.
            if "already exists" in message:
                return already_exists(message)
            if "denied to connection" in message:  # as CreateWebhook words it: github.com/aws/aws-cdk/issues/31726
                return AccessDenied(
                    what,
                    "CodeBuild was denied access to the connection",
                    "Name a connection of the credential's own region and account, or one that is shared with it.",
                    aws_code="InvalidInputException",
                )
            return InvalidRequest(
                what,
                f"CodeBuild refused to import the credential with AuthType {auth_type}",
                "Check that the server type, the auth type and the token, secret or connection go together.",
                aws_code="InvalidInputException",
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
            denied_remedy=self._denied_remedy,
            known={
                "ResourceAlreadyExistsException": already_exists,
                "AccountLimitExceededException": limit_exceeded,
                "InvalidInputException": invalid_input,
                **self._not_enabled(),
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
                denied_remedy=self._denied_remedy,
                known={
                    "ResourceNotFoundException": lambda _message: NotFound(what, "is gone", "Nothing is left to do."),
                    **self._not_enabled(),
                },
            )

    def list_credentials(self) -> list[Credential]:
        """Return every credential of the account and region. Raises what `errors.call` raises."""
        answer = call(
            self._client.list_source_credentials,
            what="CodeBuild",
            action="codebuild:ListSourceCredentials",
            denied_remedy=self._denied_remedy,
            known=self._not_enabled(),
        )
        return [
            Credential(arn=info["arn"], server_type=info["serverType"], auth_type=info["authType"])
            for info in answer.get("sourceCredentialsInfos", [])
        ]

    def _not_enabled(self) -> dict[str, Translation]:
        """Return what AWS's answer to valid credentials means in a region that the account has not enabled.

        https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
        """

        def not_enabled(_message: str) -> SourceCredentialError:
            return AccessDenied(
                f"Region {self._client.meta.region_name}",
                "the account's credentials are not valid there: the region is not enabled for the account",
                "Enable it (aws account enable-region), or name another Region.",
                aws_code="UnrecognizedClientException",
            )

        return {"UnrecognizedClientException": not_enabled}
