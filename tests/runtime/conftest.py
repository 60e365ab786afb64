"""The built artifact under Lambda's own runtime client and its emulator, with nothing else beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.embedded_aws import EmbeddedAws
from local.emulator import REFRESH_HANDLER, Function, environment


@pytest.fixture(scope="session")
def artifact(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the function as `sam build` makes it, in a folder of this process's own: bytecode of who runs it comes."""
    return shutil.copytree(built / "SourceCredentialFunction", tmp_path_factory.mktemp("artifact") / "function")


@pytest.fixture(scope="session")
def aws() -> Iterator[EmbeddedAws]:
    """Start an embedded AWS that holds what the events speak of."""
    with EmbeddedAws() as running:
        running.create_examples()
        yield running


@pytest.fixture(scope="module")
def refresh(artifact: Path, aws: EmbeddedAws) -> Iterator[Function]:
    """Return the function that keeps credentials fresh, running against the embedded AWS."""
    with Function(artifact, environment(aws), handler=REFRESH_HANDLER) as running:
        yield running


@pytest.fixture(scope="module")
def function(artifact: Path, aws: EmbeddedAws) -> Iterator[Function]:
    """Return the function, running against the embedded AWS."""
    with Function(artifact, environment(aws)) as running:
        yield running
