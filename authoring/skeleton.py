"""A resource with every property, explained from the contract, for a choice of server type and auth type.

What the choice needs is set. Everything else is a comment, and says whether it applies.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from authoring.template import Line, setting, template, wrapped
from reference.contract import Contract, Property, holds
from reference.properties import in_words
from source_credential.contract.properties import parse

# What the ready secrets and the connection of the embedded AWS are (local/embedded_aws.py).
_READ_BY_CODEBUILD: Final = "-for-codebuild"
_SERVER_TYPE_OF_THE_CONNECTION: Final = "GITLAB"

# Needed in addition to what the contract says: the ready secret of BASIC_AUTH is JSON, and a wait of an hour is long.
_ALSO_SET: Final = {"BASIC_AUTH": ("SecretKey", "UsernameKey")}
_ALWAYS_SET: Final = ("ServiceTimeout",)


class NoSuchChoice(Exception):
    """A server type or auth type that there is not; the text says which there are."""


class Skeleton:
    """The skeleton for one choice."""

    def __init__(self, server_type: str | None = None, auth_type: str | None = None) -> None:
        """Choose; what is not given is what goes with the other, or the contract's own example.

        Raises NoSuchChoice, and InvalidRequest when the two do not go together.
        """
        self._contract = Contract()
        if auth_type is None:
            auth_type = next(each for each in self._choices("AuthType") if self._go_together(server_type, each))
        if server_type is None:
            server_type = (
                _SERVER_TYPE_OF_THE_CONNECTION
                if auth_type == "CODECONNECTIONS"
                else next(iter(self._contract.server_types(self._known("AuthType", auth_type))))
            )
        self._chosen = {
            "ServerType": self._known("ServerType", server_type),
            "AuthType": self._known("AuthType", auth_type),
        }
        check(self.properties)

    @property
    def properties(self) -> dict[str, object]:
        """Return the properties that are set."""
        return {each.name: self._value(each) for each in self._contract.usable if self._is_set(each)}

    def as_yaml(self) -> str:
        """Return the template."""
        head = wrapped(
            f"A Custom::SourceCredential for ServerType {self._chosen['ServerType']} and AuthType "
            f"{self._chosen['AuthType']}, with every property. A property that is commented out begins with # alone: "
            "remove that to set it. docs/reference.md says more of each.",
        )
        return template(head, self._lines())

    def _lines(self) -> Iterator[Line]:
        for each in self._contract.usable:
            line = setting(each.name, self._value(each))
            yield (line if self._is_set(each) else f"#{line}"), wrapped(*self._explanation(each))

    def _explanation(self, own: Property) -> Iterator[str]:
        yield own.description
        if own.allowed_values:
            yield f"Allowed values: {', '.join(own.allowed_values)}."
        yield f"{self._need(own)} Update requires: {own.update[0].lower()}{own.update[1:]}."

    def _need(self, own: Property) -> str:
        """Return whether the property is needed, beside what was chosen."""
        if self._contract.is_needed(own.name, self._chosen):
            return "Required."
        refused = [name for condition in own.refused_when if holds(condition, self._chosen) for name in condition]
        if refused:
            return f"Does not go with {refused[0]} {self._chosen[refused[0]]}."
        said = "Optional"
        if own.needed_when:
            said = f"Required when {', or when '.join(in_words(own.needed_when))}".replace("`", "")
        beside = [name for condition in own.refused_when for name, values in condition.items() if not values]
        said += f", instead of {beside[0]}." if beside else "."
        return said if own.default is None else f"{said} Default: {_shown(own.default)}."

    def _is_set(self, own: Property) -> bool:
        also = (*_ALWAYS_SET, *_ALSO_SET.get(self._chosen["AuthType"], ()))
        return own.name in also or self._contract.is_needed(own.name, self._chosen)

    def _value(self, own: Property) -> object:
        if own.name == "SecretId":
            return secret_name(self._chosen["ServerType"], self._chosen["AuthType"])
        return self._chosen.get(own.name, own.example)

    def _choices(self, name: str) -> tuple[str, ...]:
        return self._contract.properties[name].allowed_values

    def _go_together(self, server_type: str | None, auth_type: str) -> bool:
        return server_type is None or self._known("ServerType", server_type) in self._contract.server_types(auth_type)

    def _known(self, name: str, value: str) -> str:
        """Return a value as the contract has it. Raises NoSuchChoice."""
        choices = self._choices(name)
        if value.upper() not in choices:
            [nearest] = get_close_matches(value.upper(), choices, n=1, cutoff=0)
            remedy = self._contract.properties[name].remedy
            raise NoSuchChoice(
                f"{name}: must be one of {', '.join(choices)}. The nearest is {nearest}. {remedy}".strip()
            )
        return value.upper()


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def check(properties: Mapping[str, object]) -> None:
    """Check that the contract takes a template's properties. Raises InvalidRequest."""
    parse({**properties, "ServiceToken": "what CloudFormation makes of !ImportValue"})


def secret_name(server_type: str, auth_type: str) -> str:
    """Return the usual name of a secret; the provider may read what begins with codebuild/, unless told otherwise."""
    name = f"codebuild/{server_type.lower().replace('_', '-')}"
    return f"{name}{_READ_BY_CODEBUILD}" if auth_type == "SECRETS_MANAGER" else name
