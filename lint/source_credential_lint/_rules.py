"""The rules, as cfn-lint has them: an id, a level by its first letter, and what is found.

Ids whose number begins with 9 are for rules that do not come with cfn-lint. One rule looks at the template and has the
configuration; the others are told by it, each under its own id, so that one can be left out alone.
"""

from collections.abc import Iterator
from typing import Any, Final

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from source_credential_lint import _attributes, _slots
from source_credential_lint._advice import follows_pinned, no_service_timeout, secrets_by_no_echo
from source_credential_lint._consumers import Consumer, consumers
from source_credential_lint._findings import default_refused, refused
from source_credential_lint._properties import Finding, ways
from source_credential_lint._values import Path

_TAGS: Final = ["resources", "codebuild", "custom-resource"]


class TokenInTemplate(CloudFormationLintRule):
    """A token where everyone who may read the stack can see it."""

    id = "E9502"
    shortdesc = "A token stands in the template"
    description = "A property holds a token, or takes it from the default or an allowed value of a parameter"
    tags = _TAGS


class DynamicReference(CloudFormationLintRule):
    """A reference that reaches the provider as it stands."""

    id = "E9503"
    shortdesc = "A dynamic reference is not resolved"
    description = "A property holds {{resolve:...}} to a secret, which CloudFormation does not resolve here"
    tags = _TAGS


class UnknownAttribute(CloudFormationLintRule):
    """An attribute that fails the deployment once it is asked for."""

    id = "E9504"
    shortdesc = "An attribute does not exist"
    description = "Fn::GetAtt or Fn::Sub asks the resource for an attribute that it does not have"
    tags = _TAGS


class FollowsPinnedVersion(CloudFormationLintRule):
    """A wish that is not fulfilled."""

    id = "W9505"
    shortdesc = "A pinned version is not followed"
    description = "FollowRotation is true, and SecretVersionId pins a version"
    tags = _TAGS


class SameSlot(CloudFormationLintRule):
    """Two resources that take turns in being the holder."""

    id = "W9506"
    shortdesc = "Two resources are for one slot"
    description = "Two resources that can be there together have the same ServerType, Region and RoleArn"
    tags = _TAGS


class DefaultRefused(CloudFormationLintRule):
    """A parameter that has to be given, and looks as if it had not."""

    id = "W9507"
    shortdesc = "The default of a parameter is refused"
    description = "A property takes a parameter whose default the provider refuses"
    tags = _TAGS


class SecretNamedByNoEcho(CloudFormationLintRule):
    """A parameter that asks for the token, where the name of a secret is wanted."""

    id = "W9508"
    shortdesc = "A secret is named by a NoEcho parameter"
    description = "SecretId or SecretKey comes from a NoEcho parameter, as if it were the token"
    tags = _TAGS


class NoServiceTimeout(CloudFormationLintRule):
    """An hour of waiting that need not be."""

    id = "I9509"
    shortdesc = "ServiceTimeout is missing"
    description = "CloudFormation waits for an hour where no answer comes"
    tags = _TAGS


_TOLD: Final[tuple[type[CloudFormationLintRule], ...]] = (
    TokenInTemplate,
    DynamicReference,
    UnknownAttribute,
    FollowsPinnedVersion,
    SameSlot,
    DefaultRefused,
    SecretNamedByNoEcho,
    NoServiceTimeout,
)


class Properties(CloudFormationLintRule):
    """What the provider refuses; and the rule that finds what the others tell."""

    id = "E9501"
    shortdesc = "The provider refuses the properties"
    description = "What Custom::SourceCredential would fail with when it is deployed, in the same words"
    tags = _TAGS

    def __init__(self) -> None:
        """Say what can be configured, and which rules are told by this one."""
        super().__init__()
        self.config_definition = {
            "exports": {"default": ["SourceCredentialProvider"], "type": "list", "itemtype": "string"},
            "parameters": {"default": ["/source-credential/provider-arn"], "type": "list", "itemtype": "string"},
        }
        self.child_rules = dict.fromkeys(rule.id for rule in _TOLD)
        self.configure()

    def match(self, cfn: Template) -> list[RuleMatch]:
        """Return what is found in a template, each under the id of its rule."""
        found = consumers(cfn, self.config["exports"], self.config["parameters"])
        return [
            match
            for rule_id, path, message in _all(cfn, found)
            if (match := self._match(rule_id, path, message)) is not None
        ]

    def _match(self, rule_id: str, path: Path, message: str) -> RuleMatch | None:
        """Return what cfn-lint shows; None where the rule is left out."""
        rule: Any = self if rule_id == self.id else self.child_rules.get(rule_id)
        return RuleMatch(list(path), message, rule=rule) if rule is not None else None


def _all(cfn: Template, found: list[Consumer]) -> Iterator[tuple[str, Path, str]]:
    """Yield what is found, with the id of its rule."""
    for consumer in found:
        all_ways = ways(consumer)
        refusals = list(refused(consumer, all_ways))
        for finding, message in refusals:
            yield _id(finding, Properties.id), finding.path, message
        for finding, message in default_refused(consumer, all_ways, [finding for finding, _ in refusals]):
            yield _id(finding, DefaultRefused.id), finding.path, message
        for path, message in follows_pinned(consumer, all_ways):
            yield FollowsPinnedVersion.id, path, message
        for path, message in no_service_timeout(consumer, all_ways):
            yield NoServiceTimeout.id, path, message
        for path, message in secrets_by_no_echo(consumer):
            yield SecretNamedByNoEcho.id, path, message
    for one, other in _slots.shared(found):
        yield SameSlot.id, (*other.path, "ServerType"), _slots.told(one, other)
    for path, message in _attributes.unknown(cfn.template, [consumer.logical_id for consumer in found]):
        yield UnknownAttribute.id, path, message


def _id(finding: Finding, otherwise: str) -> str:
    if finding.is_token:
        return TokenInTemplate.id
    return DynamicReference.id if finding.is_reference else otherwise
