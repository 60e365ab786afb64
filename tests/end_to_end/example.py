"""An example as its reader deploys it: by the commands that its header has, in their order."""

import argparse
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local import provider
from local.codebuild_server import ACCOUNT_ID
from local.ministack import PROJECT
from tests.end_to_end.conftest import Cloud

EXAMPLES: Final = sorted((PROJECT / "examples").glob("*.yaml"))
_ON_THE_PAGE: Final = "111122223333"
_DEPLOY: Final = "aws cloudformation deploy "


@dataclass(frozen=True)
class Deployment:
    """What one `aws cloudformation deploy` asks for."""

    stack: str
    template: Path
    parameters: Mapping[str, str]
    capabilities: list[str]


def header_commands(path: Path) -> list[str]:
    """Return the commands in the header of an example: what is indented there by three spaces, each one whole."""
    header = path.read_text(encoding="utf-8").partition("\n\n")[0]
    lines = [line.removeprefix("#") for line in header.splitlines()]
    indented = "\n".join(line if line.startswith("   ") else "" for line in lines)
    return [block.strip() for block in indented.replace("\\\n", " ").split("\n") if block.strip()]


def deployment_of(command: str) -> Deployment:
    """Return what a command deploys. Raises SystemExit for an option that the AWS CLI does not have, or not here."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--stack-name", required=True)
    parser.add_argument("--template-file", required=True)
    parser.add_argument("--parameter-overrides", nargs="+", default=[])
    parser.add_argument("--capabilities", nargs="+", default=[])
    options = parser.parse_args(shlex.split(command.removeprefix(_DEPLOY)))
    given = dict(override.split("=", 1) for override in options.parameter_overrides)
    return Deployment(options.stack_name, PROJECT / options.template_file, given, options.capabilities)


def follow(cloud: Cloud, path: Path, *, typed: str = "", **otherwise: str) -> Deployment:
    """Do what the header of an example says, and return its last deployment.

    typed: what its reader types where a command waits for that. otherwise: parameters that are not as in the header.
    """
    deployment = None
    for command in header_commands(path):
        if command.startswith(_DEPLOY):
            deployment = deployment_of(command.replace(_ON_THE_PAGE, ACCOUNT_ID))
            parameters = {**deployment.parameters, **otherwise}
            deployment = Deployment(deployment.stack, deployment.template, parameters, deployment.capabilities)
            status = deploy(cloud, deployment)
            assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, cloud.reasons(deployment.stack)
        else:
            environment = provider.command_environment(cloud.aws)
            run = ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", command]
            subprocess.run(run, env=environment, input=f"{typed}\n", text=True, check=True, capture_output=True)
    assert deployment is not None
    return deployment


def deploy(cloud: Cloud, deployment: Deployment, **otherwise: str) -> str | None:
    """Create or update the stack, as `aws cloudformation deploy` does, and return its status in the end.

    None when there is nothing to change. otherwise: parameters that are other ones; those not named keep their values.
    (The AWS CLI makes a change set, and looks every half minute if the stack is ready. MiniStack's change sets do not
    see what a condition adds or takes away.)
    """
    cloudformation, stack = cloud.client("cloudformation"), deployment.stack
    given = {**deployment.parameters, **otherwise}
    kept = set(cloud.parameters(stack)) - given.keys() if cloud.exists(stack) else set()
    change = cloudformation.update_stack if cloud.exists(stack) else cloudformation.create_stack
    try:
        change(
            StackName=stack,
            TemplateBody=deployment.template.read_text(encoding="utf-8"),
            Parameters=[
                *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
                *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
            ],
            Capabilities=deployment.capabilities,
        )
    except cloudformation.exceptions.ClientError as error:
        if "No updates are to be performed" in str(error):
            return None
        raise
    return cloud.status(stack)
