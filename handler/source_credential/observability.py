"""The provider's log and metrics: one JSON line per decision, and nothing that is a secret.

The presigned ResponseURL is one, and so is the text of any exception that is not ours: botocore repeats parameters.
"""

import logging
import os
import traceback
from typing import Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

# The provider's stack, so that two providers in one region have metrics of their own.
_SERVICE: Final = os.environ.get("POWERTOOLS_SERVICE_NAME", "source-credential")
_NAMESPACE: Final = "SourceCredential"

logger: Final = Logger(service=_SERVICE)
metrics: Final = Metrics(namespace=_NAMESPACE, service=_SERVICE)

# Below these levels libraries print secrets: botocore the request with the token, urllib3 the presigned URL's path and
# query, crhelper the whole event. No setting of Lambda's or Powertools' reaches below them.
_FLOORS: Final = {
    "botocore": logging.WARNING,
    "boto3": logging.WARNING,
    "urllib3": logging.WARNING,
    "crhelper": logging.CRITICAL,
    "aws_lambda_powertools": logging.WARNING,
}


def raise_log_levels() -> None:
    """Raise the libraries' log levels to where they print no secret."""
    for name, level in _FLOORS.items():
        logging.getLogger(name).setLevel(level)


def flush_metrics() -> None:
    """Write the metrics of this run to the log, from where CloudWatch takes them; nothing when there are none.

    Metrics are no reason to fail: what was done is done, and answered.
    """
    if not metrics.metric_set:
        return
    try:
        metrics.flush_metrics()
    except Exception as error:  # noqa: BLE001 - a setting of Powertools' that it does not understand, for one
        log_unexpected("The metrics could not be written", error)
        metrics.clear_metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a metric that counts; it is written with the others of this run by `flush_metrics`."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def measure_seconds(name: str, value: float) -> None:
    """Note a duration."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=value)


def measure_expiry(days: float, server_type: str) -> None:
    """Note in how many days a token expires: for all, and for its server type."""
    name = "DaysUntilExpiry"
    metrics.add_metric(name=name, unit=MetricUnit.NoUnit, value=days)
    with single_metric(name=name, unit=MetricUnit.NoUnit, value=days, namespace=_NAMESPACE) as metric:
        metric.add_dimension(name="service", value=_SERVICE)
        metric.add_dimension(name="ServerType", value=server_type)


def log_unexpected(message: str, error: BaseException) -> None:
    """Log an exception that is not ours by its type and its frames, without its text."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error(message, error_type=type(error).__name__, frames=frames, stacklevel=3)


raise_log_levels()
