"""Many slots of one secret, on an embedded AWS with the provider deployed; and what its functions use of memory."""

import json
import re
from pathlib import Path
from typing import Final

from local.embedded_aws import EmbeddedAws
from local.stacks import Stacks

_SECRET: Final = "codebuild/github"  # noqa: S105 - its name
_STACK: Final = "one-of-many"
_PROPERTIES: Final = {
    "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
    "ServerType": "GITHUB",
    "AuthType": "PERSONAL_ACCESS_TOKEN",
    "SecretId": _SECRET,
}
_PEAK: Final = re.compile(r"VmHWM:\s+(\d+) kB")


class SlotsOfOneSecret:
    """One slot that a stack made, and copies of it under other accounts."""

    def __init__(self, aws: EmbeddedAws) -> None:
        """Keep the embedded AWS."""
        self._aws = aws

    def make(self, count: int) -> None:
        """Make so many slots. Raises RuntimeError when the stack fails."""
        self._aws.client("secretsmanager").create_secret(Name=_SECRET, SecretString=f"ghp_{'a' * 36}")
        resource = {"Type": "Custom::SourceCredential", "Properties": _PROPERTIES}
        body = json.dumps({"Resources": {"GitHub": resource}})
        self._aws.client("cloudformation").create_stack(StackName=_STACK, TemplateBody=body)
        stacks = Stacks(self._aws)
        if stacks.status(_STACK) != "CREATE_COMPLETE":
            raise RuntimeError(f"the stack failed: {stacks.reasons(_STACK)}")
        stacks.multiply_slot(count)

    def rotate(self) -> None:
        """Give the secret a new version."""
        self._aws.client("secretsmanager").put_secret_value(SecretId=_SECRET, SecretString=f"ghp_{'b' * 36}")

    def peak_mib(self) -> float:
        """Return the most memory that a process of the refresh function has had, of those that run."""
        peaks = [0.0]
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
                status = (process / "status").read_text(encoding="utf-8")
            except OSError:  # it is gone, or somebody else's
                continue
            found = _PEAK.search(status)
            if (
                found
                and b"-RefreshFunction-" in environment
                and str(self._aws.ministack.folder).encode() in environment
            ):
                peaks.append(int(found[1]) / 1024)
        return max(peaks)
