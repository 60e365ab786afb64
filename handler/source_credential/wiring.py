"""What is made of what, once: boto3's clients, the adapters over them, and the logic over these."""

import json
import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boto3
from botocore.config import Config

from source_credential.aws.answers import DynamoAnswers
from source_credential.aws.regions import Regions
from source_credential.aws.secrets_manager import SecretsManagerSecrets
from source_credential.aws.services import CODEBUILD, DYNAMODB, SECRETS_MANAGER, SQS
from source_credential.aws.table import DynamoSlots
from source_credential.aws.targets import AwsTargets
from source_credential.cloudformation.memory import Memory
from source_credential.model import ServerType
from source_credential.observability import logger
from source_credential.ports import SlotTable
from source_credential.slots.delete import Deleter
from source_credential.slots.freshen import Freshener
from source_credential.slots.provision import Provisioner
from source_credential.slots.reconcile import Reconciler
from source_credential.slots.turn import Tools
from source_credential.tokens.preparation import Preparation

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from source_credential.aws.sqs import SqsQueue
    from source_credential.git_providers.token_check import ProviderTokenCheck

# Four attempts with backoff ride out a burst of throttling; the timeouts let a dead endpoint be told within 40 seconds,
# rather than after botocore's default minute per attempt.
_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=6,
    retries={"mode": "standard", "total_max_attempts": 4},
)
# The table answers within milliseconds, and turns are short.
_TABLE_CONFIG: Final = _CONFIG.merge(Config(connect_timeout=1, read_timeout=3))
# slots/reconcile.py tries an import again, and remembers that an attempt may have had its effect. How long one attempt
# takes is what CALL_SECONDS of slots/turn.py relies on.
_CODEBUILD_CONFIG: Final = _CONFIG.merge(
    Config(connect_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})
)


class Logic(NamedTuple):
    """All of the logic, over AWS."""

    preparation: Preparation
    provisioner: Provisioner
    deleter: Deleter
    freshener: Freshener
    memory: Memory
    table: SlotTable


def warm_up() -> None:
    """Make the clients that every request needs while the function starts, which is quicker than later."""
    region = _region()
    for service in (CODEBUILD, DYNAMODB, SECRETS_MANAGER):
        _own_client(service, region)


@cache
def logic(account_id: str) -> Logic:
    """Return the logic of the function's own region and the given account, its own.

    Raises KeyError when the function's environment lacks what the template sets.
    """
    client, name = _own_client(DYNAMODB, _region()), os.environ["SLOTS_TABLE"]
    answers = DynamoAnswers(client, table=name, clock=time.time)
    table = DynamoSlots(client, table=name, answers=answers)
    tools = Tools(table=table, answers=answers, clock=time.time, sleep=time.sleep, warn=logger.warning)
    targets = AwsTargets(
        _regions(),
        account_id=account_id,
        external_id=os.environ.get("EXTERNAL_ID", ""),
        own_client=_own_client,
        configs=_config,
    )
    preparation = Preparation(targets=targets, secrets=_secrets(), token_check=_token_check)
    reconciler = Reconciler(targets=targets, preparation=preparation, sleep=time.sleep, warn=logger.warning)
    return Logic(
        preparation=preparation,
        provisioner=Provisioner(preparation=preparation, reconciler=reconciler, tools=tools),
        deleter=Deleter(reconciler=reconciler, tools=tools),
        freshener=Freshener(preparation=preparation, reconciler=reconciler, tools=tools),
        memory=Memory(answers, sleep=time.sleep, warn=logger.warning),
        table=table,
    )


@cache
def refresh_queue() -> "SqsQueue":
    """Return the queue of slots to look at. Raises KeyError as `logic` does."""
    from source_credential.aws.sqs import SqsQueue  # of the two functions only one needs it

    return SqsQueue(_own_client(SQS, _region()), url=os.environ["REFRESH_QUEUE_URL"])


@cache
def _session() -> boto3.Session:
    """Return the function's session: to make one takes a tenth of a cold start's own time, so there is one."""
    return boto3.Session()


@cache
def _regions() -> Regions:
    return Regions(_session())


def _region() -> str:
    return _session().region_name


def _secrets() -> SecretsManagerSecrets:
    def client_in(region: str) -> "SecretsManagerClient":
        _regions().check(region, "SecretId")
        client: SecretsManagerClient = _own_client(SECRETS_MANAGER, region)
        return client

    return SecretsManagerSecrets(_own_client(SECRETS_MANAGER, _region()), client_in)


@cache
def _token_check() -> "ProviderTokenCheck":
    """Return what asks the Git providers. PROVIDER_URLS is for tests: JSON, a base URL by server type."""
    from source_credential.git_providers.token_check import ProviderTokenCheck  # few resources set VerifyToken

    base_urls = json.loads(os.environ.get("PROVIDER_URLS") or "{}")
    return ProviderTokenCheck(
        allow_private_addresses=os.environ.get("ALLOW_PRIVATE_SERVER_URLS") == "true",
        server_url_hosts=[
            host.strip().lower() for host in os.environ.get("SERVER_URL_HOSTS", "").split(",") if host.strip()
        ],
        base_urls={ServerType(name): url for name, url in base_urls.items()},
        ca_certs=os.environ.get("PROVIDER_CA_CERTS") or None,
    )


@cache
def _own_client(service: str, region: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """Return a client of the function's own role."""
    return _session().client(service, region_name=region, config=_config(service))  # type: ignore[call-overload]


def _config(service: str) -> Config:
    return {CODEBUILD: _CODEBUILD_CONFIG, DYNAMODB: _TABLE_CONFIG}.get(service, _CONFIG)
