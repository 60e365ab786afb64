"""Lambda's entry for CloudFormation's events. It starts with the standard library alone.

Whatever keeps the rest from being loaded, a library that is missing, a setting that stops one, is told to
CloudFormation, which would otherwise wait for an hour.
"""

from collections.abc import Callable
from typing import Any

from source_credential.cloudformation.start_failure import StartFailure
from source_credential.lambda_context import LambdaContext
from source_credential.start import loading

resource: Callable[[object, LambdaContext], None]
try:
    with loading():
        from source_credential.handlers import resource as started
except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
    resource = StartFailure(error)
else:
    resource = started


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Handle a Create, Update or Delete of Custom::SourceCredential; the answer goes to the event's ResponseURL.

    event: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
    Raises what `CustomResource.__call__` or `StartFailure.__call__` raises.
    """
    resource(event, context)
