"""The list of the example templates, each with its own description."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from local.ministack import PROJECT

EXAMPLES: Final = PROJECT / "examples"


def listed(folder: Path = EXAMPLES) -> str:
    """Return a list of links to the templates of a folder and of those in it, by name."""
    return "\n".join(_lines(folder))


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.yaml")):
        name, described = path.relative_to(folder), _description(path)
        yield f"- [{name}](../{folder.name}/{name}){': ' if described else ''}{described}"


def _description(path: Path) -> str:
    """Return the Description of a template, in one line. Its nodes are read, not its values: it has tags of AWS's."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    members = {key.value: value.value for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    return " ".join(str(members.get("Description", "")).split())
