"""Makes text that can be shared: account ids, tokens, names of people and random ids are not in it.

Everything a run prints or reports goes through one `Mask`. What it knows it replaces by a name; what only looks like
an account id, a token, a key or an address it replaces too; and `check` refuses what has such a thing all the same.
"""

import json
import re
from typing import Any, Final

from local.ministack import PROJECT

_SCHEMA: Final = PROJECT / "handler/source_credential/contract/source_credential.schema.json"
# The same rule by which the provider refuses a token in a template.
_TOKEN: Final = re.compile(json.loads(_SCHEMA.read_text(encoding="utf-8"))["definitions"]["notToken"]["not"]["pattern"])
_WORD: Final = re.compile(r"[^\s\"'`<>()\[\]{},;|]+")
TOKEN: Final = "TOKEN"  # noqa: S105 - the name that stands for one
_SHORTEST: Final = 4  # a user name of three letters would take them out of every other word

_ID: Final = re.compile(r"\b[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_SHAPES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Presigned URLs: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
        (r"(?i)\b(X-Amz-[A-Za-z-]+|Signature|AWSAccessKeyId)=[^&\s\"']+", "SIGNATURE"),
        (r"(?<=:secret:)([\w/+=.@!-]+)-[A-Za-z0-9]{6}\b", r"\1-SUFFIX"),
        (r"(arn:[\w-]+:(?:iam|sts)::[^:\s]*:(?:user|role|assumed-role|federated-user)/)(?!NAME)[^\s\"',]+", r"\1NAME"),
        (r"\b(A[KS]IA|AROA|AIDA)[A-Z0-9]{16,17}\b", "KEY"),
        (r"(?<![0-9])[0-9]{12}(?![0-9])", "ACCOUNT"),
        (r"[\w.+-]+@[\w-]+\.[\w.-]*\w", "ADDRESS"),
        # What CloudFormation adds to the names that it makes.
        (r"\b(PREFIX(?:-[A-Za-z]+)+)-(?=[A-Za-z]*[0-9])[A-Za-z0-9]{11,13}\b", r"\1-SUFFIX"),
    )
)


class NotShareable(ValueError):
    """A text would have told what must not be shared. It is not repeated."""


class Mask:
    """What one run knows that nobody else must."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[str, str] = {}
        self._ids: dict[str, str] = {}  # the same id has the same name wherever it stands

    def know(self, value: str, name: str) -> None:
        """Replace a value by a name from now on."""
        if len(value) >= _SHORTEST:
            self._known[value] = name

    def text(self, text: str) -> str:
        """Return a text that can be shared; where that cannot be made of it, what kind of thing was left in it."""
        for value in sorted(self._known, key=len, reverse=True):
            name, pattern = self._known[value], re.escape(value)
            # A name is one only where it stands alone; a token is one wherever it stands.
            pattern = pattern if name == TOKEN else rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
            text = re.sub(pattern, name, text)
        text = _WORD.sub(lambda word: TOKEN if _TOKEN.search(word[0]) else word[0], text)
        text = _ID.sub(lambda found: self._ids.setdefault(found[0], f"ID-{len(self._ids) + 1}"), text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        try:
            self.check(text)
        except NotShareable as left:
            return f"(withheld: {left})"
        return text

    def all(self, value: Any) -> Any:  # noqa: ANN401 - JSON, whatever it is
        """Return JSON with each of its texts masked, keys too. A number is none of what is masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.all(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.all(each) for each in value]
        return value

    def check(self, text: str) -> None:
        """Refuse a text that tells something. Raises NotShareable."""
        if any(value in text for value in self._known if self._known[value] == TOKEN):
            raise NotShareable("a token of this run")
        if any(_TOKEN.search(word) for word in _WORD.findall(text)):
            raise NotShareable("what looks like a token")
        if _ID.search(text):
            raise NotShareable("a random id")
        for shape, replacement in _SHAPES:
            if shape.sub(replacement, text) != text:
                raise NotShareable(f"what looks like this: {replacement}")
