"""The provider on the embedded AWS, built and deployed as a user would: with the SAM CLI."""

import json
import os
import shlex
import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from local.embedded_aws import EmbeddedAws
from local.ministack import PROJECT, REGION

TOOLS: Final = PROJECT / ".tools/sam/bin"
UV: Final = PROJECT / ".tools/uv/bin"
STACK_NAME: Final = "source-credential-provider"

# How a command is run: tests run it quietly, the demo shows it.
Run = Callable[[Sequence[str], Mapping[str, str]], object]


class Clients(Protocol):
    """What makes clients of MiniStack's services, with the right to do everything."""

    def client(self, service: str, *, region: str = ...) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a client of a service in a region."""


class CommandFailed(RuntimeError):
    """A command ended with an error; the text has what it printed."""


def command_environment(aws: EmbeddedAws, *, region: str = REGION) -> dict[str, str]:
    """Return the environment for the SAM CLI and the AWS CLI, on the embedded AWS and without long waits."""
    return {**build_environment(), **aws.environment(), "AWS_DEFAULT_REGION": region}


def build_environment() -> dict[str, str]:
    """Return the environment for the SAM CLI, on no AWS at all."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PATH": os.pathsep.join([str(TOOLS), os.environ["PATH"], str(UV)]),  # handler/bytecode.py asks uv
        "PYTHON": str(UV / "python"),  # one that has pip, for handler/Makefile
        "BYTECODE_PULL_SECONDS": "0",  # no image is pulled for a start that is a little faster
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "1",
        "AWS_PAGER": "",
    }


def run_quietly(command: Sequence[str], environment: Mapping[str, str], given: str = "") -> str:
    """Run a command in the project's folder, and return its output. given: its input. Raises CommandFailed."""
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandFailed(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(folder: Path, environment: Mapping[str, str], run: Run = run_quietly) -> None:
    """Build the provider into `folder`. Raises what `run` raises."""
    run(["sam", "build", "--build-dir", str(folder)], environment)


def deploy(  # noqa: PLR0913 - the options of `sam deploy`
    aws: EmbeddedAws,
    folder: Path,
    *,
    stack_name: str = STACK_NAME,
    parameters: Mapping[str, str] | None = None,
    region: str = REGION,
    run: Run = run_quietly,
) -> None:
    """Deploy what was built into `folder`. Raises what `run` raises."""
    bucket = make_bucket(aws, region=region)
    overrides = [f"{name}={value}" for name, value in (parameters or {}).items()]
    run(
        [
            *("sam", "deploy", "--template-file", str(folder / "template.yaml"), "--stack-name", stack_name),
            *("--s3-bucket", bucket, "--capabilities", "CAPABILITY_IAM"),
            *(["--parameter-overrides", *overrides] if overrides else []),
        ],
        command_environment(aws, region=region),
    )
    make_up_for_ministack(aws, stack_name, region=region)


def make_bucket(aws: Clients, *, name: str = "", region: str = REGION) -> str:
    """Return a new bucket for what `sam deploy` uploads: resolving a bucket of its own takes it 15 seconds.

    name: a random one where none is given.
    """
    bucket = name or f"sam-{uuid.uuid4().hex[:12]}"
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 must not be named
    elsewhere = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    aws.client("s3", region=region).create_bucket(Bucket=bucket, **elsewhere)
    return bucket


def make_up_for_ministack(aws: Clients, stack_name: str, *, region: str = REGION) -> None:
    """Mend two things that MiniStack 1.5.33 does otherwise than AWS, after each deployment of a provider.

    It keeps a template's number as text, which stops the poller of a queue; and it wants the batch calls of SQS allowed
    by names of their own, where AWS counts them as the single ones:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    functions = aws.client("lambda", region=region)
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=mapping["ScalingConfig"])
    iam = aws.client("iam")
    [stack] = aws.client("cloudformation", region=region).describe_stacks(StackName=stack_name)["Stacks"]
    [role_arn] = [output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == "RefreshRoleArn"]
    role = {"RoleName": role_arn.rpartition("/")[2], "PolicyName": "RefreshSourceCredentials"}
    policy = iam.get_role_policy(**role)["PolicyDocument"]
    for statement in policy["Statement"]:
        if "sqs:SendMessage" in statement["Action"]:
            statement["Action"].append("sqs:SendMessageBatch")
    iam.put_role_policy(**role, PolicyDocument=json.dumps(policy))
