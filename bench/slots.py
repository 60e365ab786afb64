"""Many slots of one secret, on an embedded AWS with the provider deployed; and what its functions use of memory."""

import json
import re
import time
from pathlib import Path
from typing import Any, Final

from local import provider
from local.embedded_aws import EmbeddedAws

_SECRET: Final = "codebuild/github"  # noqa: S105 - its name
_STACK: Final = "one-of-many"
_PROPERTIES: Final = {
    "ServiceToken": {"Fn::ImportValue": "SourceCredentialProvider"},
    "ServerType": "GITHUB",
    "AuthType": "PERSONAL_ACCESS_TOKEN",
    "SecretId": _SECRET,
}
_IN_A_CALL: Final = 25
_SECONDS: Final = 60
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
        cloudformation = self._aws.client("cloudformation")
        cloudformation.create_stack(StackName=_STACK, TemplateBody=json.dumps({"Resources": {"GitHub": resource}}))
        end = time.monotonic() + _SECONDS
        while (status := self._stack(_STACK)["StackStatus"]) != "CREATE_COMPLETE":
            if time.monotonic() > end:
                raise RuntimeError(f"the stack is {status}")
            time.sleep(0.1)
        self._copy(count)

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

    def _copy(self, count: int) -> None:
        dynamodb, table = self._aws.client("dynamodb"), self._table()
        [slot] = [item for item in dynamodb.scan(TableName=table)["Items"] if item["What"] == {"S": "slot"}]
        copies = [{**slot, "Subject": {"S": f"{number:012d}/us-east-1/GITHUB"}} for number in range(1, count)]
        for begin in range(0, len(copies), _IN_A_CALL):
            writes = [{"PutRequest": {"Item": item}} for item in copies[begin : begin + _IN_A_CALL]]
            if dynamodb.batch_write_item(RequestItems={table: writes})["UnprocessedItems"]:
                raise RuntimeError("the table did not take all slots")

    def _table(self) -> str:
        outputs = self._stack(provider.STACK_NAME)["Outputs"]
        [name] = [output["OutputValue"] for output in outputs if output["OutputKey"] == "TableName"]
        return str(name)

    def _stack(self, name: str) -> dict[str, Any]:
        [stack] = self._aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return dict(stack)
