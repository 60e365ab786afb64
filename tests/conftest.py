"""No test reaches an AWS account: the credentials are nobody's, and set before anything of the product is imported."""

import fcntl
import io
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_SAM_LOCAL", "AWS_ENDPOINT_URL", "POWERTOOLS_LOG_LEVEL"):
    os.environ.pop(name, None)

from local import cdk_app, provider  # noqa: E402 - the environment goes first
from local.ministack import PROJECT, Ministack  # noqa: E402 - the same
from local.provider_table import create_table  # noqa: E402 - the same
from source_credential import wiring  # noqa: E402 - the same
from source_credential.observability import logger  # noqa: E402 - the same
from tests.invocation import Emitted  # noqa: E402 - the same
from tests.receiver import Receiver  # noqa: E402 - the same
from tests.slots.world import World  # noqa: E402 - the same

TABLE = "slots"

# Ended from outside, a test run ends the servers that it started, as it does when interrupted.
signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[Any]:
    """Return a client of a DynamoDB that has the provider's tables: MiniStack's, as the template has them."""
    with Ministack() as running:
        client = running.client("dynamodb", Config(max_pool_connections=20))
        create_table(client, TABLE)
        yield client


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `sam build` makes of the provider: made once for all of a run's processes, so nobody changes it."""
    own = tmp_path_factory.getbasetemp()
    of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (of_all / "build.lock").open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if not lock.read():  # not moved when it is done: its template has paths that begin at its folder
            provider.build(of_all / "build", provider.build_environment())
            lock.write("done\n")
    return of_all / "build"


@pytest.fixture(scope="session")
def app_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the templates that the example app of the CDK synthesises, by the names of their stacks."""
    folder = tmp_path_factory.mktemp("cdk.out")
    done = cdk_app.synthesise(PROJECT / "examples/cdk", folder)
    assert done.returncode == 0, done.stdout
    suffix = ".template.json"
    return {path.name.removesuffix(suffix): path for path in sorted(folder.glob(f"*{suffix}"))}


@pytest.fixture
def world() -> World:
    """Return a world in which nothing has happened."""
    return World()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of answers."""
    with Receiver() as running:
        yield running


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return all that goes to the log, of the provider and of every library it uses, at the levels they have set."""
    seen = io.StringIO()
    own = logger.registered_handler
    assert isinstance(own, logging.StreamHandler)
    everybodys = logging.StreamHandler(seen)
    before = own.setStream(seen)
    root = logging.getLogger()
    level = root.level
    root.addHandler(everybodys)
    yield seen
    root.removeHandler(everybodys)
    root.setLevel(level)
    own.setStream(before)


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str]) -> Emitted:
    """Return the metrics of the test."""
    return Emitted(capsys)


@pytest.fixture
def new_clients() -> Iterator[None]:
    """Make the clients, and the logic over them, anew for the test."""
    made = (
        wiring.logic,
        wiring.refresh_queue,
        wiring._token_check,
        wiring._own_client,
        wiring._regions,
        wiring._session,
    )
    for each in made:
        each.cache_clear()
    yield
    for each in made:
        each.cache_clear()
