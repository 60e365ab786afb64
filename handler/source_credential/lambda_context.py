"""Lambda's context object, of which the entries use a little."""

from typing import Protocol


class LambdaContext(Protocol):
    """What is used of Lambda's context object."""

    invoked_function_arn: str
    log_group_name: str
    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
        ...
