"""What `make skeleton` prints is deployed as it is."""

from pathlib import Path

import pytest

from authoring.skeleton import Skeleton
from local.embedded_aws import EXAMPLE_CONNECTION, EXAMPLE_SECRETS
from tests.end_to_end.conftest import Cloud


@pytest.mark.parametrize("auth_type", ["BASIC_AUTH", "CODECONNECTIONS", "PERSONAL_ACCESS_TOKEN", "SECRETS_MANAGER"])
def test_a_skeleton_deploys(cloud: Cloud, tmp_path: Path, auth_type: str) -> None:
    """The credential of its server type is there while the stack is."""
    for name, value in EXAMPLE_SECRETS.items():
        cloud.put_secret(name, value)
    cloud.aws.codebuild.connect(EXAMPLE_CONNECTION, provider_type="GitLab")
    skeleton = Skeleton(auth_type=auth_type)
    template = tmp_path / f"skeleton-{auth_type.lower().replace('_', '-')}.yaml"
    template.write_text(skeleton.as_yaml())
    cloud.deploy_example(template)
    server_type = str(skeleton.properties["ServerType"])
    assert cloud.outputs(template.stem)["CredentialArn"].endswith(f":token/{server_type.lower()}")
    assert set(cloud.slots()) == {server_type}
    cloud.delete(template.stem)
    assert cloud.slots() == {}
