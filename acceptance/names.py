"""What a run calls what it makes: everything begins with one random prefix, by which it is found again."""

import re
import secrets
import string
from dataclasses import dataclass
from typing import Final

TAG: Final = "source-credential-acceptance"
FAMILY: Final = "acceptance-"
_PREFIX: Final = re.compile(r"acceptance-[0-9a-f]{10}")

_LETTERS: Final = string.ascii_letters + string.digits
# How tokens begin that are for the server type and the auth type: handler/source_credential/tokens/token_shape.py.
_BEGINNINGS: Final = {
    ("BITBUCKET", "PERSONAL_ACCESS_TOKEN"): "ATCTT",
    ("BITBUCKET", "BASIC_AUTH"): "ATATT",
}
_GITHUBS: Final = "ghp_"


def is_prefix(text: str) -> bool:
    """Tell whether a text is a prefix as a run makes them."""
    return _PREFIX.fullmatch(text) is not None


def prefix_of(name: str) -> str:
    """Return the prefix that a name begins with; empty where it is none of a run's."""
    found = _PREFIX.match(name)
    return found[0] if found else ""


def throwaway_token(server_type: str, auth_type: str) -> str:
    """Return a random text that may be a token of this kind. It opens nothing."""
    beginning = _BEGINNINGS.get((server_type, auth_type), _GITHUBS)
    return beginning + "".join(secrets.choice(_LETTERS) for _ in range(36))


@dataclass(frozen=True)
class Names:
    """The names of one run."""

    prefix: str

    @classmethod
    def random(cls) -> "Names":
        """Return names that nothing has yet."""
        return cls(f"{FAMILY}{secrets.token_hex(5)}")

    def stack(self, name: str) -> str:
        """Return a stack's name. What CloudFormation makes for the stack begins with it, too."""
        return f"{self.prefix}-{name}"

    def secret(self, name: str) -> str:
        """Return a secret's name."""
        return f"{self.prefix}/{name}"

    @property
    def bucket(self) -> str:
        """Return the name of the bucket that `sam deploy` uploads to."""
        return self.prefix

    @property
    def export(self) -> str:
        """Return the name of the provider's export."""
        return f"{self.prefix}-provider"

    @property
    def parameter(self) -> str:
        """Return the name of the provider's SSM parameter."""
        return f"/{self.prefix}/provider-arn"

    @property
    def tags(self) -> list[dict[str, str]]:
        """Return the tag of all that can have one."""
        return [{"Key": TAG, "Value": self.prefix}]
