"""The syntax of the resource in JSON and YAML, as AWS's resource pages have it: names and types, not values."""

from reference.contract import Contract

_INDENT = "  "


def as_json(contract: Contract) -> str:
    """Return the syntax in JSON, in a fence. No JSON itself, since types stand where values do."""
    rows = [f'{_INDENT * 2}"{each.name}" : {each.type}' for each in contract.usable]
    lines = ["{", f'{_INDENT}"Type" : "Custom::SourceCredential",', f'{_INDENT}"Properties" : {{']
    return _fenced("text", [*lines, ",\n".join(rows), f"{_INDENT}}}", "}"])


def as_yaml(contract: Contract) -> str:
    """Return the syntax in YAML, in a fence."""
    rows = [f"{_INDENT}{each.name}: {each.type}" for each in contract.usable]
    return _fenced("yaml", ["Type: Custom::SourceCredential", "Properties:", *rows])


def _fenced(language: str, lines: list[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])
