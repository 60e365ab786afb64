"""The provider's own stack: built and deployed with the SAM CLI, as its users do."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from acceptance.scene import Scene
from acceptance.waiting import Waiting
from local import provider
from local.ministack import PROJECT

STACK: Final = "provider"
_SECONDS: Final = 900


class CommandFailed(Exception):
    """A command ended with an error. The text has its last words, and where the rest is."""


def deploy(scene: Scene) -> None:
    """Build and deploy the provider, so that it reads the run's own secrets only; keep its outputs in the scene."""
    with tempfile.TemporaryDirectory(dir=scene.journal.folder) as folder:
        build = Path(scene.build) if scene.build else Path(folder) / "build"
        environment = provider.build_environment()
        if not scene.build:
            _run(["sam", "build", "--build-dir", str(build)], environment, scene.waiting, scene.journal.folder)
        _make_bucket(scene)
        _deploy(scene, build, {**environment, **scene.account.environment()})
    if scene.account.is_embedded:
        provider.make_up_for_ministack(scene.account, scene.names.stack(STACK), region=scene.account.region)
    scene.provider = scene.stacks.outputs(STACK)


def _deploy(scene: Scene, build: Path, environment: Mapping[str, str]) -> None:
    scene.journal.note("stack", name=scene.names.stack(STACK))
    overrides = [f"{name}={value}" for name, value in _parameters(scene).items()]
    [tag] = scene.names.tags
    command = [
        *("sam", "deploy", "--template-file", str(build / "template.yaml"), "--stack-name", scene.names.stack(STACK)),
        *("--s3-bucket", scene.names.bucket, "--region", scene.account.region, "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--tags", f"{tag['Key']}={tag['Value']}", "--parameter-overrides", *overrides),
    ]
    _run(command, environment, scene.waiting, scene.journal.folder)


def _parameters(scene: Scene) -> dict[str, str]:
    account = scene.account
    own = f"arn:{account.partition}:secretsmanager:{account.region}:{account.id}:secret:{scene.names.secret('*')}"
    return {
        "ExportName": scene.names.export,
        "ProviderArnParameterName": scene.names.parameter,
        "SecretArns": own,
        "LogRetentionInDays": "1",
    }


def _make_bucket(scene: Scene) -> None:
    """Make the bucket that `sam deploy` uploads to, so that it leaves none of its own behind."""
    bucket = scene.names.bucket
    scene.journal.note("bucket", name=bucket)
    provider.make_bucket(scene.account, name=bucket, region=scene.account.region)
    scene.account.client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": scene.names.tags})


def _run(command: Sequence[str], environment: Mapping[str, str], waiting: Waiting, folder: Path) -> None:
    """Run a command in the project's folder, tied to this process. Raises CommandFailed, and what `until` raises.

    What it prints is the owner's alone: SAM's tables break ids and names over lines, where no mask knows them.
    """
    what = " ".join([Path(command[0]).name, command[1]])
    path = folder / f"{what.replace(' ', '-')}.log"
    with path.open("w+", encoding="utf-8", errors="replace") as printed:
        tied = subprocess.Popen(
            [sys.executable, "-m", "acceptance.tied", *command],
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a terminal's Ctrl-C reaches it through us only
        )
        with tied:  # which closes its standard input, and waits for its end
            status = waiting.until(tied.poll, what, seconds=_SECONDS, every=0.2)
        if status:
            printed.seek(0)
            last = [line for line in printed.read().splitlines() if line.startswith("Error: ")]
            raise CommandFailed(f"{what} failed. {' '.join(last[-1:])} The rest is in {path.name}.")
