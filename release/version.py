"""The version, which stands in template.yaml, and the changelog, which says what is in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import keepachangelog

TEMPLATE: Final = "template.yaml"
CHANGELOG: Final = "CHANGELOG.md"

_NUMBERS: Final = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_SET_IN_TEMPLATE: Final = re.compile(r"^(    SemanticVersion: )(\S+)$", re.MULTILINE)


class Refused(Exception):
    """A release that is not made; the text says why, and what to do."""


@dataclass(frozen=True, order=True)
class Version:
    """A version, in the order of https://semver.org. Pre-releases are not made here."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the version that a text says. Raises Refused."""
        found = _NUMBERS.fullmatch(text)
        if not found:
            raise Refused(f"{text or 'Nothing'} is not a version of three numbers. Say one: make release VERSION=1.2.3")
        return cls(*(int(number) for number in found.groups()))

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def tag(self) -> str:
        """Return the name of its tag."""
        return f"v{self}"


def of_tag(tag: str) -> Version | None:
    """Return the version of a tag; None where the tag is no version's."""
    try:
        return Version.parse(tag.removeprefix("v")) if tag.startswith("v") else None
    except Refused:
        return None


def in_template(tree: Path) -> Version:
    """Return the version of a tree. Raises Refused when its template does not say one."""
    found = _SET_IN_TEMPLATE.findall((tree / TEMPLATE).read_text(encoding="utf-8"))
    if len(found) != 1:
        raise Refused(f"{TEMPLATE} has {len(found)} lines of SemanticVersion, where one is needed. Mend it.")
    return Version.parse(found[0][1])


def set_in_template(tree: Path, version: Version) -> None:
    """Write the version into the tree's template, and change nothing else in it."""
    path = tree / TEMPLATE
    path.write_text(_SET_IN_TEMPLATE.sub(rf"\g<1>{version}", path.read_text(encoding="utf-8")), encoding="utf-8")


def has_changes(tree: Path) -> bool:
    """Tell whether the changelog's part Unreleased has an entry."""
    changes = keepachangelog.to_dict(str(tree / CHANGELOG), show_unreleased=True).get("unreleased", {})
    return any(entries for kind, entries in changes.items() if kind != "metadata")


def release_changes(tree: Path, version: Version) -> None:
    """Let what was Unreleased in the changelog be the version's, of today."""
    keepachangelog.release(str(tree / CHANGELOG), str(version))


def notes(tree: Path, version: Version) -> str:
    """Return what the changelog says of a version. Raises Refused when it says nothing."""
    told = keepachangelog.to_raw_dict(str(tree / CHANGELOG)).get(str(version))
    if not told or not told.get("raw"):
        raise Refused(f"{CHANGELOG} says nothing of {version}. Release it by: make release VERSION={version}")
    return str(told["raw"])
