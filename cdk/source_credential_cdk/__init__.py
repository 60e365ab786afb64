"""`Custom::SourceCredential` in an AWS CDK app: a construct, in Python only, and how it finds its provider."""

from source_credential_cdk.imported import ISourceCredential
from source_credential_cdk.provider import SourceCredentialProvider
from source_credential_cdk.source_credential import SourceCredential
from source_credential_cdk.types import AuthType, ServerType

__all__ = ["AuthType", "ISourceCredential", "ServerType", "SourceCredential", "SourceCredentialProvider"]
