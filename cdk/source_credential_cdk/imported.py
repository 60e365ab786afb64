"""A credential as others see it, and one that something else has made."""

import re
from typing import Final, Protocol

from aws_cdk import IResource, Resource, Token
from constructs import Construct

_ARN: Final = re.compile(r"arn:[\w-]+:codebuild:[a-z0-9-]+:[0-9]{12}:token/\S+")


class ISourceCredential(IResource, Protocol):
    """A source credential of CodeBuild's, made by this app or by something else."""

    @property
    def source_credential_arn(self) -> str:
        """The credential's ARN."""


class ImportedSourceCredential(Resource):
    """A credential that this app does not make."""

    def __init__(self, scope: Construct, construct_id: str, arn: str) -> None:
        """Take its ARN. Raises ValueError, without it, when it cannot be a credential's."""
        if not Token.is_unresolved(arn) and not _ARN.fullmatch(arn):
            raise ValueError(
                "source_credential_arn: must be the ARN of a source credential. "
                "It looks like arn:aws:codebuild:REGION:ACCOUNT:token/github."
            )
        super().__init__(scope, construct_id, environment_from_arn=arn)
        self._arn = arn

    @property
    def source_credential_arn(self) -> str:
        """The credential's ARN."""
        return self._arn
