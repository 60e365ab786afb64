"""The AWS account that a run works in, and what keeps it from working in another one."""

import os
import re
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.codebuild_server import ACCOUNT_ID

# Every call is bounded: five attempts, each of at most a minute and ten seconds.
_BOUNDED: Final = Config(
    connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}, tcp_keepalive=True
)


class Refused(Exception):
    """Nothing was done, and the text says why and what to do."""


class Account:
    """One account and region."""

    def __init__(self, session: boto3.Session, account_id: str, caller_arn: str) -> None:
        """Keep them. caller_arn: who works here."""
        self._session = session
        self.id = account_id
        self.caller_arn = caller_arn
        self.region = str(session.region_name)
        self.partition = caller_arn.split(":")[1]
        # No account of AWS's own has this id; an endpoint in the environment may be a proxy's, before AWS itself.
        self.is_embedded = account_id == ACCOUNT_ID
        self.poll_seconds = 0.3 if self.is_embedded else 3.0  # between two looks: an account's rates are for all in it
        self._made: dict[tuple[str, str], Any] = {}

    def client(self, service: str, *, region: str = "") -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a client of a service, in the run's region unless another one is named."""
        key = (service, region or self.region)
        if key not in self._made:
            self._made[key] = self._session.client(service, region_name=key[1], config=_BOUNDED)  # type: ignore[call-overload]
        return self._made[key]

    def plain(self, text: str) -> str:
        """Return a text in which the partition and the region of ARNs are named, so that it is the same everywhere."""
        return text.replace(f"arn:{self.partition}:", "arn:PARTITION:").replace(f":{self.region}:", ":REGION:")

    def environment(self) -> dict[str, str]:
        """Return what commands need in their environment to work in the region, as who works here.

        They are given the credentials themselves: a command has no terminal to ask for a code of a second factor on.
        """
        mine = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        mine |= {"AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}
        found = self._session.get_credentials()
        if found is not None:
            given = found.get_frozen_credentials()
            mine |= {"AWS_ACCESS_KEY_ID": str(given.access_key), "AWS_SECRET_ACCESS_KEY": str(given.secret_key)}
            mine.pop("AWS_SESSION_TOKEN", None)
            mine |= {"AWS_SESSION_TOKEN": given.token} if given.token else {}
        return mine

    def session_of(self, credentials: dict[str, str]) -> boto3.Session:
        """Return a session in the region with what AssumeRole has given."""
        return boto3.Session(
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            region_name=self.region,
        )


def open_account(account_id: str, region: str) -> Account:
    """Return the account, when the credentials of the environment are of it and of no other one. Raises Refused."""
    if not re.fullmatch(r"[0-9]{12}", account_id):
        raise Refused("ACCOUNT is no account's id: an id has 12 digits. `aws sts get-caller-identity` shows it.")
    if not re.fullmatch(r"[a-z]{2,6}(-[a-z]+)+-[0-9]+", region):
        raise Refused("REGION is no region's name. Name one as AWS does, such as eu-north-1.")
    try:
        session = boto3.Session(region_name=region)
        identity = session.client("sts", config=_BOUNDED).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise Refused(
            f"AWS does not say whose credentials these are ({_code(error)}). Sign in, or name your profile in "
            "AWS_PROFILE, and see that the region exists and is enabled for the account."
        ) from None
    if identity["Account"] != account_id:
        raise Refused(
            "The credentials are of another account than ACCOUNT names. Name the account you mean, and sign in to it: "
            "AWS_PROFILE=... make acceptance ACCOUNT=... REGION=..."
        )
    return Account(session, account_id, identity["Arn"])


def _code(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__
