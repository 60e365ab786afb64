"""Lines of the functions' log, made up."""

import json
from typing import Any


def event(stream: str, seconds: float, message: object) -> dict[str, Any]:
    """Return a line of a stream, as CloudWatch Logs has it; `seconds` since the epoch."""
    text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
    return {"logStreamName": stream, "timestamp": int(seconds * 1000), "message": text}
