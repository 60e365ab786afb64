"""The provider's log: one JSON line per decision, and nothing that is a secret.

The presigned ResponseURL is one, and so is the text of any exception that is not ours: botocore repeats parameters.
"""

import logging
import traceback
from typing import Final

from aws_lambda_powertools import Logger

logger: Final = Logger(service="source-credential")

# Below these levels libraries print secrets: botocore the request with the token, urllib3 the presigned URL's path and
# query, crhelper the whole event. No setting of Lambda's or Powertools' reaches below them.
_FLOORS: Final = {
    "botocore": logging.WARNING,
    "boto3": logging.WARNING,
    "urllib3": logging.WARNING,
    "crhelper": logging.CRITICAL,
}


def raise_log_levels() -> None:
    """Raise the libraries' log levels to where they print no secret."""
    for name, level in _FLOORS.items():
        logging.getLogger(name).setLevel(level)


def log_unexpected(message: str, error: BaseException) -> None:
    """Log an exception that is not ours by its type and its frames, without its text."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error(message, error_type=type(error).__name__, frames=frames, stacklevel=3)


raise_log_levels()
