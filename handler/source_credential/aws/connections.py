"""AWS CodeConnections.

https://docs.aws.amazon.com/codeconnections/latest/APIReference/API_GetConnection.html
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from source_credential.aws.denials import Caller
from source_credential.aws.errors import call
from source_credential.errors import NotFound, SourceCredentialError
from source_credential.model import Connection

if TYPE_CHECKING:
    from mypy_boto3_codeconnections import CodeConnectionsClient
    from mypy_boto3_codestar_connections import CodeStarconnectionsClient

    ConnectionsClient = CodeConnectionsClient | CodeStarconnectionsClient


class CodeConnections:
    """The port Connections. The service was renamed: an ARN of either name is asked of the API of that name."""

    def __init__(self, client: "Callable[[str, str], ConnectionsClient]", caller: Callable[[str], Caller]) -> None:
        """Keep `client`, which returns the client of a service, by its name in ARNs, in a region; and who asks."""
        self._client = client
        self._caller = caller

    def get(self, connection_arn: str) -> Connection:
        """Return the connection. Raises NotFound and what `errors.call` raises."""
        service, region = connection_arn.split(":")[2:4]
        what = f"Connection {connection_arn}"

        def not_found(_message: str) -> SourceCredentialError:
            return NotFound(
                what,
                "does not exist",
                "Correct ConnectionArn, or create the connection.",
                aws_code="ResourceNotFoundException",
            )

        answer = call(
            lambda: self._client(service, region).get_connection(ConnectionArn=connection_arn),
            what=what,
            action=f"{service}:GetConnection",
            caller=self._caller(region),
            known={"ResourceNotFoundException": not_found},
        )
        connection = answer["Connection"]
        return Connection(
            arn=connection_arn,
            status=connection.get("ConnectionStatus", "of unknown status"),
            provider_type=connection.get("ProviderType", "an unknown provider"),
        )
