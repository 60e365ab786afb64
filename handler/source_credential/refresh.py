"""Lambda's entry for the queue's messages."""

from collections.abc import Mapping
from typing import Any

from source_credential.lambda_context import LambdaContext
from source_credential.start import loading

with loading():
    from source_credential import messages


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, object]:
    """Handle a batch of messages; return those that failed, which come again.

    event: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return messages.handle(event, context)
