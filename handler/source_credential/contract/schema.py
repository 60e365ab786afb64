"""The contract, as `source_credential.schema.json` has it. The lint reads it too, on Python 3.10 and newer."""

import json
from importlib.resources import files
from typing import Any, Final

SCHEMA: Final[dict[str, Any]] = json.loads(
    (files("source_credential.contract") / "source_credential.schema.json").read_text(encoding="utf-8")
)
