"""What the provider accepts, and may surprise whoever deploys it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from source_credential_lint._consumers import Consumer, parameter
from source_credential_lint._properties import Possible, Way
from source_credential_lint._values import Path, mentioned

# What names a secret is none: whoever hides it may be about to put the token itself there.
_NAME_A_SECRET: Final = ("SecretId", "SecretKey")


def no_service_timeout(consumer: Consumer, ways: Sequence[Way]) -> Iterator[tuple[Path, str]]:
    """Yield the resource where CloudFormation would wait for an hour if no answer came."""
    if any(way.is_whole and None in found.get("ServiceTimeout", [None]) for way in ways for found in way.found):
        yield (
            consumer.path,
            (
                "ServiceTimeout: is missing: CloudFormation waits for an hour where no answer comes. "
                "Set it to 300, which leaves room for a run that timed out and the next one."
            ),
        )


def follows_pinned(consumer: Consumer, ways: Sequence[Way]) -> Iterator[tuple[Path, str]]:
    """Yield FollowRotation where it is true, and a version is pinned, which is never followed."""
    if any(all(map(_is_pinned_and_followed, way.found)) for way in ways):
        yield (
            (*consumer.path, "FollowRotation"),
            (
                "FollowRotation: is true, but SecretVersionId pins one version, which is never followed. "
                "Remove SecretVersionId to follow the secret, or FollowRotation to stay with that version."
            ),
        )


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


def _is_pinned_and_followed(found: Possible) -> bool:
    pinned, followed = found.get("SecretVersionId", [None]), found.get("FollowRotation", [None])
    return None not in pinned and all(each and each.is_known and str(each.value).lower() == "true" for each in followed)
