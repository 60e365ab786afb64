"""The built artifact under Lambda's own runtime client and its emulator, with nothing else beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import provider
from local.embedded_aws import EmbeddedAws
from local.emulator import REFRESH_HANDLER, Function, environment


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the function as `sam build` does and return its folder."""
    folder = tmp_path_factory.mktemp("artifact")
    provider.build(folder, provider.build_environment())
    return folder / "SourceCredentialFunction"


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
