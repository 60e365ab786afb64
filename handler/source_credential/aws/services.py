"""The AWS services that are called, by the names botocore has for them.

handler/build.py reads them here: the models of these, and of no other, are in the artifact.
"""

from typing import Final

CODEBUILD: Final = "codebuild"
DYNAMODB: Final = "dynamodb"
SECRETS_MANAGER: Final = "secretsmanager"
SQS: Final = "sqs"
STS: Final = "sts"

# A connection is asked of the service that its ARN names.
CODECONNECTIONS: Final = "codeconnections"
CODESTAR_CONNECTIONS: Final = "codestar-connections"
