"""What the chapters share: the account, the names, what is there, and where findings go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from acceptance.account import Account
from acceptance.facts import Fact, Findings
from acceptance.journal import Journal
from acceptance.masking import TOKEN, Mask
from acceptance.names import Names, throwaway_token
from acceptance.slots import Slots
from acceptance.stacks import Stacks
from acceptance.waiting import Waiting

# What does not come is waited for only so long, where it is known not to come.
_KNOWN_NOT_TO_COME_SECONDS: Final = 1.0


class NotPossible(Exception):
    """Why a chapter's facts cannot be tried."""


@dataclass(kw_only=True)
class Scene:
    """One run."""

    account: Account
    names: Names
    journal: Journal
    waiting: Waiting
    mask: Mask
    findings: Findings
    slots: Slots
    stacks: Stacks
    server_types: tuple[str, ...]
    connection_arn: str
    build: str
    say: Callable[[str], None]
    provider: dict[str, str] = field(default_factory=dict)  # the outputs of its stack, once it is deployed
    recorder: dict[str, str] = field(default_factory=dict)  # the same of the recorder's stack
    recorded: list[dict[str, Any]] = field(default_factory=list)  # the events as they came

    def token(self, server_type: str, auth_type: str) -> str:
        """Return a throwaway token, which is masked from now on."""
        token = throwaway_token(server_type, auth_type)
        self.mask.know(token, TOKEN)
        return token

    def secret(self, name: str, value: str) -> str:
        """Create a secret, and return its ARN."""
        self.journal.note("secret", name=self.names.secret(name))
        created = self.account.client("secretsmanager").create_secret(
            Name=self.names.secret(name), SecretString=value, Tags=self.names.tags
        )
        return str(created["ARN"])

    def require_provider(self) -> None:
        """Go on only where the provider is deployed. Raises NotPossible."""
        if not self.provider:
            raise NotPossible("the provider is not there")

    def seconds_for(self, fact: Fact, seconds: float) -> float:
        """Return how long a fact is waited for."""
        return _KNOWN_NOT_TO_COME_SECONDS if self.findings.is_known_to_differ(fact) else seconds
