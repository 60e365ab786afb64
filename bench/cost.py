"""What it costs on paper: AWS's list prices of us-east-1, times what was counted. No free tier is taken off."""

from collections.abc import Mapping
from typing import Final

PRICES_OF: Final = "November 2026"
PAGES: Final = {
    "Lambda": "https://aws.amazon.com/lambda/pricing/",
    "DynamoDB": "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    "Secrets Manager": "https://aws.amazon.com/secrets-manager/pricing/",
    "SQS": "https://aws.amazon.com/sqs/pricing/",
    "CloudWatch": "https://aws.amazon.com/cloudwatch/pricing/",
}

_GB_SECOND: Final = 0.0000133334  # arm64
_INVOCATION: Final = 0.20e-6
_MEMORY_GB: Final = 0.5  # the template's
_VCPUS: Final = 512 / 1769  # what comes with it: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_READ: Final = 0.125e-6
_WRITE: Final = 0.625e-6
_SQS: Final = 0.40e-6
_LOG_GB: Final = 0.50
_LOG_BYTES: Final = 3_000  # of a run, Lambda's own lines among them

# An item is below 1 KB; a transaction counts each of its two items twice; a write is one of the index, too.
_CALLS: Final = {
    "GetSecretValue": 0.05 / 10_000,
    "GetItem": _READ,
    "Query": _READ,
    "TransactGetItems": 4 * _READ,
    "UpdateItem": 2 * _WRITE,
    "PutItem": 2 * _WRITE,
    "DeleteItem": 2 * _WRITE,
    "TransactWriteItems": 2 * 4 * _WRITE,
    "SendMessageBatch": _SQS,
    "ChangeMessageVisibility": _SQS,
    # CodeBuild's calls, and the answer, cost nothing.
    "ImportSourceCredentials": 0.0,
    "ListSourceCredentials": 0.0,
    "DeleteSourceCredentials": 0.0,
    "the answer": 0.0,
}
_MESSAGE: Final = 2 * _SQS  # Lambda receives it and deletes it

IDLE_MONTH: Final = {
    "ten alarms": 10 * 0.10,
    "the dashboard": 3.00,
    "Lambda's polling of the queue, some 650,000 empty receives": 650_000 * _SQS,
}


def of_calls(calls: Mapping[str, float]) -> float:
    """Return the dollars that calls of AWS cost. Raises KeyError for one without a price."""
    return sum(_CALLS[name] * count for name, count in calls.items())


def of_run(*, init: float, cpu: float, waiting: float) -> float:
    """Return the dollars of a run of a function, its log too; arguments in seconds of this machine.

    The init phase has a whole processor; what comes after has the share that comes with the memory.
    """
    seconds = init + cpu / _VCPUS + waiting
    return _INVOCATION + seconds * _MEMORY_GB * _GB_SECOND + _LOG_BYTES / 1e9 * _LOG_GB


def of_rotation(slots: int, calls: Mapping[str, float], *, init: float, cpu: float, waiting: float) -> float:
    """Return the dollars of a rotation: a run for the event and a message and a warm run for each slot.

    calls: those of the whole rotation. init: of the first run, and of the four others that start with it.
    """
    runs = of_run(init=init, cpu=cpu, waiting=waiting) * 5 + of_run(init=0, cpu=cpu, waiting=waiting) * (slots - 4)
    return of_calls(calls) + _MESSAGE * (slots + 1) + runs
