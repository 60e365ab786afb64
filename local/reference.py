"""Writes the property tables of docs/reference.md from the contract: python -m local.reference."""

import json
import re
from typing import Any, Final

from local.ministack import PROJECT

PAGE: Final = PROJECT / "docs/reference.md"
_SCHEMA: Final = PROJECT / "handler/source_credential/contract/source_credential.schema.json"
_BEGIN, _END = "<!-- made from the schema: begin -->", "<!-- made from the schema: end -->"


def made(page: str) -> str:
    """Return the page with the part between its markers made anew."""
    schema: dict[str, Any] = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    rows = [_row(name, definition, schema) for name, definition in schema["properties"].items()]
    table = "\n".join(["| property | needed | meaning | CLI |", "|---|---|---|---|", *rows])
    return re.sub(f"{_BEGIN}.*{_END}", lambda _: f"{_BEGIN}\n{table}\n{_END}", page, flags=re.DOTALL)


def _row(name: str, definition: dict[str, Any], schema: dict[str, Any]) -> str:
    option = definition.get("x-cli-option", "")
    values = f" One of {', '.join(f'`{value}`' for value in definition['enum'])}." if "enum" in definition else ""
    meaning = f"{definition['description']}{values}"
    return f"| `{name}` | {_needed(name, schema)} | {meaning} | {f'`{option}`' if option else ''} |"


def _needed(name: str, schema: dict[str, Any]) -> str:
    """Return when a property is needed: always, with some auth types, or not."""
    if name in schema["required"] or name == "ServiceToken":
        return "yes"
    if schema["properties"][name].get("not") == {}:
        return "refused"
    auth_types = [
        f"`{rule['if']['properties']['AuthType']['const']}`"
        for rule in schema["allOf"]
        if "then" in rule
        and name in rule["then"].get("required", [])
        and "AuthType" in rule["if"].get("properties", {})
    ]
    return f"with {', '.join(auth_types)}" if auth_types else "no"


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
