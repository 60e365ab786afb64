"""What `Fn::GetAtt` gives: the one list of its names, for the answer and for the lint."""

from typing import NamedTuple


class Attributes(NamedTuple):
    """The attributes of a resource, by the names that templates use; empty where there is nothing to tell."""

    Arn: str
    ServerType: str
    AuthType: str
    SecretArn: str
    SecretVersionId: str
    TokenExpiresAt: str
    TokenLogin: str
