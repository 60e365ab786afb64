"""What the provider accepts, and may surprise whoever deploys it."""

from collections.abc import Iterator, Mapping
from typing import Final

from source_credential_lint._consumers import Consumer, parameter
from source_credential_lint._properties import Possible, possible
from source_credential_lint._values import Path, mentioned

# What names a secret is none: whoever hides it may be about to put the token itself there.
_NAME_A_SECRET: Final = ("SecretId", "SecretKey")


def no_service_timeout(consumer: Consumer) -> Iterator[tuple[Path, str]]:
    """Yield the resource where CloudFormation would wait for an hour if no answer came."""
    for found, is_whole in _each(consumer):
        if is_whole and None in found.get("ServiceTimeout", [None]):
            yield (
                consumer.path,
                (
                    "ServiceTimeout: is missing: CloudFormation waits for an hour where no answer comes. "
                    "Set it to 300, which leaves room for a run that timed out and the next one."
                ),
            )
            return


def follows_pinned(consumer: Consumer) -> Iterator[tuple[Path, str]]:
    """Yield FollowRotation where it is true, and a version is pinned, which is never followed."""
    for scenario in consumer.scenarios():
        situations = [possible(consumer, each)[0] for each in consumer.situations(scenario)]
        if situations and all(map(_is_pinned_and_followed, situations)):
            yield (
                (*consumer.path, "FollowRotation"),
                (
                    "FollowRotation: is true, but SecretVersionId pins one version, which is never followed. "
                    "Remove SecretVersionId to follow the secret, or FollowRotation to stay with that version."
                ),
            )
            return


def secrets_by_no_echo(consumer: Consumer) -> Iterator[tuple[Path, str]]:
    """Yield properties that name a secret and take it from a parameter that hides what it is."""
    if not isinstance(consumer.properties, Mapping):
        return
    for name in _NAME_A_SECRET:
        for source in mentioned(consumer.properties.get(name)):
            if str(parameter(consumer.cfn, source).get("NoEcho")).lower() == "true":
                yield (
                    (*consumer.path, name),
                    (
                        f"{name}: comes from the parameter {source}, which is NoEcho, as if it were the token. "
                        "Put the token into a Secrets Manager secret and name that; its name need not be hidden."
                    ),
                )


def _each(consumer: Consumer) -> Iterator[tuple[Possible, bool]]:
    for scenario in consumer.scenarios():
        for situation in consumer.situations(scenario):
            yield possible(consumer, situation)


def _is_pinned_and_followed(found: Possible) -> bool:
    pinned, followed = found.get("SecretVersionId", [None]), found.get("FollowRotation", [None])
    return None not in pinned and all(each and each.is_known and str(each.value).lower() == "true" for each in followed)
