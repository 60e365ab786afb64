"""A week of a provider on the embedded AWS, in which a second stands for an hour. The dashboard shows what it wrote.

Three stacks are there from the day before; secrets rotate, a template has a mistake, somebody deletes a credential by
hand, secrets get tokens that are dead, and a check looks at all slots each day. Everything is done by the provider
itself; a Git provider that runs here tells when tokens expire.
"""

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from local import provider
from local.codebuild_server import ACCOUNT_ID
from local.embedded_aws import EmbeddedAws
from local.git_provider import github_user
from local.ministack import REGION
from local.stacks import Stacks

HOURS: Final = 7 * 24
_GITHUB: Final = "GITHUB"
_ENTERPRISE: Final = "GITHUB_ENTERPRISE"
_BITBUCKET: Final = "BITBUCKET"
_EXPIRES_IN_DAYS: Final = {_GITHUB: 32, _ENTERPRISE: 20}  # told on the day before
_CHECKED_AT: Final = 20  # o'clock
_DAY: Final = 24  # hours
_INTO_THE_HOUR: Final = 0.2  # seconds
_LAST_SECONDS: Final = 3  # for the last line to be in the log


class Week:
    """What happens in the week, and when."""

    def __init__(self, aws: EmbeddedAws) -> None:
        """Keep the embedded AWS, on which the provider is deployed."""
        self._aws = aws
        self._tokens = {_GITHUB: "ghp_" + "0" * 36, _ENTERPRISE: "ghp_" + "1" * 36, _BITBUCKET: "ATATT" + "2" * 40}
        self._day = 0

    def live(self, each_hour: Callable[[float], None]) -> float:
        """Let it pass, and the day before it; return when it began, in seconds since the epoch. Raises what went wrong.

        each_hour: is called once an hour, with the time it is then. What happens does not keep it waiting. The week
        begins at a multiple of a day, as CloudWatch's periods do; the day before is for the functions' slow first runs.
        """
        begin, plan = math.ceil(time.time() / _DAY + 1) * _DAY, self._plan()
        with ThreadPoolExecutor(max_workers=1) as things:  # one after the other
            happened = []
            for hour in range(-_DAY, HOURS):
                time.sleep(max(0.0, begin + hour + _INTO_THE_HOUR - time.time()))
                happened += [things.submit(happening) for happening in plan.get(hour, [])]
                each_hour(time.time())
        for happening in happened:
            happening.result()
        time.sleep(_LAST_SECONDS)
        return begin

    def _plan(self) -> dict[int, list[Callable[[], None]]]:
        plan: dict[int, list[Callable[[], None]]] = {
            -24: [lambda kind=kind: self._put(kind) for kind in self._tokens],  # type: ignore[misc]
            -20: [lambda: self._deploy(_GITHUB)],
            -16: [lambda: self._deploy(_ENTERPRISE)],
            -12: [lambda: self._deploy(_BITBUCKET)],
            9: [lambda: self._deploy(_GITHUB, Trigger="1")],
            32: [lambda: self._rotate(_GITHUB)],
            40: [lambda: self._rotate(_BITBUCKET)],
            57: [lambda: self._deploy(_GITHUB, SecretKey="tokn")],
            82: [lambda: self._rotate(_ENTERPRISE)],
            87: [self._delete_by_hand],
            106: [lambda: self._rotate(_GITHUB), lambda: self._rotate(_BITBUCKET), lambda: self._rotate(_ENTERPRISE)],
            128: [lambda: self._put_dead(_GITHUB)],
            136: [lambda: self._put(_GITHUB)],
            166: [lambda: self._put_dead(_ENTERPRISE)],
        }
        for day in range(-1, 7):
            plan.setdefault(24 * day, []).insert(0, self._begin_day)
            plan.setdefault(24 * day + _CHECKED_AT, []).append(self._check)
        return plan

    def _begin_day(self) -> None:
        """Let the Git provider tell, from now on, that each token expires a day earlier."""
        for kind, days in _EXPIRES_IN_DAYS.items():
            expires = datetime.now(UTC) + timedelta(days=days - self._day)
            user = github_user(scopes="repo", expiration=f"{expires:%Y-%m-%d %H:%M:%S} UTC")
            self._aws.git_provider.replies[f"Bearer {self._tokens[kind]}"] = user
        self._day += 1

    def _check(self) -> None:
        """Send what the schedule's message becomes, without the quarter of an hour over which it is spread."""
        for kind in self._tokens:
            self._send({"check": {"slot": f"{ACCOUNT_ID}/{REGION}/{kind}"}})

    def _send(self, message: object) -> None:
        url = Stacks(self._aws).outputs(provider.STACK_NAME)["RefreshQueueUrl"]
        self._aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(message))

    def _rotate(self, kind: str) -> None:
        """Put a token into the secret that lives as long as the one before it."""
        token = self._tokens[kind]
        self._tokens[kind] = token[:-1] + str((int(token[-1]) + 1) % 10)
        replies = self._aws.git_provider.replies
        if f"Bearer {token}" in replies:
            replies[f"Bearer {self._tokens[kind]}"] = replies[f"Bearer {token}"]
        self._put(kind)

    def _put_dead(self, kind: str) -> None:
        """Put a token into the secret that the Git provider refuses."""
        self._write(kind, "ghp_" + "d" * 36)

    def _put(self, kind: str) -> None:
        self._write(kind, self._tokens[kind])

    def _write(self, kind: str, token: str) -> None:
        value = json.dumps({"token": token, "email": "someone@example.com"})
        Stacks(self._aws).put_secret(f"codebuild/{kind.lower()}", value)

    def _delete_by_hand(self) -> None:
        [arn] = [held.arn for held in self._aws.codebuild.credentials() if held.server_type == _BITBUCKET]
        self._aws.codebuild.slots.delete_source_credentials(REGION, {"arn": arn})

    def _deploy(self, kind: str, **properties: str) -> None:
        """Begin to create the stack of a server type, or to update it; what comes of it is in the log."""
        of_kind: dict[str, dict[str, Any]] = {
            _GITHUB: {"AuthType": "PERSONAL_ACCESS_TOKEN", "VerifyToken": True},
            _ENTERPRISE: {
                "AuthType": "PERSONAL_ACCESS_TOKEN",
                "VerifyToken": True,
                "ServerUrl": self._aws.git_provider.url,
            },
            _BITBUCKET: {"AuthType": "BASIC_AUTH", "UsernameKey": "email"},
        }
        resource = {
            "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
            "ServerType": kind,
            "SecretId": f"codebuild/{kind.lower()}",
            "SecretKey": "token",
            **of_kind[kind],
            **properties,
        }
        template = {"Resources": {"Credential": {"Type": "Custom::SourceCredential", "Properties": resource}}}
        cloudformation = self._aws.client("cloudformation")
        change = cloudformation.update_stack if properties else cloudformation.create_stack
        change(StackName=kind.lower().replace("_", "-"), TemplateBody=json.dumps(template))


def log(aws: EmbeddedAws) -> list[dict[str, Any]]:
    """Return the functions' log, oldest first: events as CloudWatch Logs has them."""
    group = Stacks(aws).outputs(provider.STACK_NAME)["LogGroupName"]
    pages = aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return sorted((event for page in pages for event in page["events"]), key=lambda event: event["timestamp"])
