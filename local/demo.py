"""`make demo`: a credential's whole life on the embedded AWS, step by step. It says only what it has seen.

Nothing is left running or lying about.
"""

import hashlib
import json
import secrets as random_secrets
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from local import provider
from local.codebuild_server import ACCOUNT_ID
from local.embedded_aws import EmbeddedAws
from local.git_provider import github_user
from local.ministack import PROJECT, REGION
from local.programs import DidNotStart, until
from local.stacks import Stacks
from local.story import Story
from local.watching import Watch

SECRET: Final = "codebuild/github"  # noqa: S105 - a secret's name
STACK: Final = "my-credential"
OTHER_STACK: Final = "somebody-elses"
_SECONDS: Final = 120
_SLOT: Final = f"{ACCOUNT_ID}/{REGION}/GITHUB"


class NotAsPromised(Exception):
    """A step ended otherwise than the story says. The text tells what was expected and what was seen."""


class Demo:
    """The story's cast: the embedded AWS, and the commands a user would type."""

    def __init__(self, aws: EmbeddedAws, story: Story, folder: Path) -> None:
        """Keep them; `folder` takes all files."""
        self._aws = aws
        self._story = story
        self._folder = folder
        self._renamed = folder / "github-renamed.yaml"
        self._environment = provider.command_environment(aws)
        self._stacks = Stacks(aws)

    def tell(self) -> None:
        """Tell it all. Raises NotAsPromised or CommandFailed at the first step that is not as it should be."""
        first, second, third = (f"ghp_{random_secrets.token_hex(18)}" for _ in range(3))
        self._deploy_provider()
        with self._story.step("A GitHub token, made up here, is put into a secret."):
            self._put_secret("create-secret", first)
            self._story.show(f"the token's SHA-256 begins with {_fingerprint(first)}")
        with self._story.step("A stack asks for it: the provider imports the token into CodeBuild."):
            self._deploy_example()
            self._expect_imported(first)
        with self._story.step("What CodeBuild lists, and what the stack answers: the same ARN."):
            listed = self._aws_cli("codebuild", "list-source-credentials", "--output", "json")
            self._story.show(listed)
            outputs = self._stacks.outputs(STACK)
            self._story.show("\n".join(f"{name}: {value}" for name, value in outputs.items()))
            [arn] = [info["arn"] for info in json.loads(listed)["sourceCredentialsInfos"]] or [""]
            _expect(arn, outputs.get("CredentialArn"), "the stack's output and CodeBuild's list have the same ARN")
        with self._story.step("The secret rotates, and nobody deploys: CodeBuild has the new token."):
            begin = time.monotonic()
            self._put_secret("put-secret-value", second)
            self._wait_until(lambda: self._held() == [_sha256(second)], "the new token")
            self._story.show(f"at most {time.monotonic() - begin:.1f} s after the secret changed:")
            self._expect_imported(second)
        self._tell_of_a_dead_token(second, third)
        with self._story.step("The secret becomes JSON, and the template says where the token is in it."):
            self._put_secret("put-secret-value", json.dumps({"token": second}))
            self._deploy_example("--parameter-overrides", "SecretKey=token")
            self._expect_imported(second)
            self._expect_arn(arn)
        with self._story.step("A mistake on purpose, a member that is not there: the stack rolls back and says why."):
            self._expect_failed(STACK, "UPDATE", "has no member tokn", "--parameter-overrides", "SecretKey=tokn")
            self._expect_imported(second)
        with self._story.step("Another stack wants the same slot: it is refused, and told who holds it."):
            self._expect_failed(
                OTHER_STACK,
                "CREATE",
                f"belongs to stack {STACK}, logical id GitHub",
                *("--parameter-overrides", "SecretKey=token"),
            )
            self._expect_imported(second)
        self._tell_of_a_rename(second, arn)
        with self._story.step(
            "The stacks are deleted: the refused one has no credential to take along, the other one has."
        ):
            self._delete(OTHER_STACK)
            self._expect_imported(second)
            self._delete(STACK)
            self._story.show(self._aws_cli("codebuild", "list-source-credentials", "--output", "json"))
            _expect(self._held(), [], "CodeBuild holds nothing")

    def _tell_of_a_dead_token(self, living: str, dead: str) -> None:
        """Let a token come that the Git provider, here a local one, refuses: the one that works stays."""
        github = self._aws.git_provider
        github.replies[f"Bearer {living}"] = github_user(scopes="repo", expiration="2099-12-31 23:59:59 UTC")
        with self._story.step("From now on GitHub is asked before an import: whose token it is, and when it ends."):
            self._deploy_example("--parameter-overrides", "VerifyToken=true")
            if not github.requests:
                _not_as_promised("a question to the local server that plays GitHub", "none")
            self._story.show(f"The local server that plays GitHub was asked {len(github.requests)} time(s). The claim:")
            self._story.show(told := self._aws_cli(*self._claim_of_holder()))
            _expect(json.loads(told), {"login": "octocat", "expires": "2099-12-31T23:59:59Z"}, "the claim has both")
            self._expect_imported(living)
        with self._story.step("A token that GitHub refuses is put into the secret: the one that works stays."):
            self._put_secret("put-secret-value", dead)
            self._wait_until(lambda: bool(self._log("GitHub refuses it")), "a line in the log")
            self._story.show(f"The log: {self._log('GitHub refuses it')[0]['reason']}")
            self._expect_imported(living)
        with self._story.step("It was counted, and the alarm for failed refreshes rings."):
            self._ring()
        with self._story.step("The token that works is put into the secret again."):
            self._put_secret("put-secret-value", living)
            self._expect_imported(living)

    def _ring(self) -> None:
        """See that the metric line in the log is what the alarm looks at, and what the alarm makes of its number.

        CloudWatch takes metrics out of such lines itself; MiniStack does not, so the number is handed over by hand.
        """
        self._wait_until(lambda: bool(self._log("RefreshFailures")), "a metric line in the log")
        line = self._log("RefreshFailures")[0]
        self._story.show(f"The log: {json.dumps(line)}")
        [metrics] = line["_aws"]["CloudWatchMetrics"]
        [metric] = [metric for metric in metrics["Metrics"] if metric["Name"] == "RefreshFailures"]
        [[dimension]] = metrics["Dimensions"]
        name = f"{provider.STACK_NAME}-RefreshFailedAlarm"
        [alarm] = self._aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=name)["MetricAlarms"]
        looks_at = (alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"])
        dimensions = [{"Name": dimension, "Value": line[dimension]}]
        _expect(looks_at, (metrics["Namespace"], metric["Name"], dimensions), "the alarm looks at this metric")
        self._story.show("The alarm looks at this metric. CloudWatch takes the number out of the line;")
        self._story.show("the embedded AWS does not, so it is handed over here:")
        self._aws_cli(
            *("cloudwatch", "put-metric-data", "--namespace", metrics["Namespace"], "--metric-name", metric["Name"]),
            *("--dimensions", f"{dimension}={line[dimension]}", "--unit", metric["Unit"]),
            *("--value", str(line[metric["Name"]][0])),
        )
        query = "MetricAlarms[].{name:AlarmName,state:StateValue,reason:StateReason}"
        asked = ("cloudwatch", "describe-alarms", "--alarm-name-prefix", name, "--query", query, "--output", "json")
        self._story.show(shown := self._aws_cli(*asked))
        _expect([found["state"] for found in json.loads(shown)], ["ALARM"], "the alarm rings")

    def _tell_of_a_rename(self, token: str, arn: str) -> None:
        """Give the resource another logical id, and look at CodeBuild all the while."""
        with self._story.step("The logical id is renamed: one Create, one Delete of the same ARN, and no gap."):
            before = len(self._log("Answered"))
            self._rename()
            with Watch(self._aws) as watch:
                self._deploy_example("--parameter-overrides", "SecretKey=token", template=self._renamed)
            self._wait_until(lambda: len(self._log("Answered")) >= before + 2, "two answers in the log")
            answered = [
                (line["request_type"], line["LogicalResourceId"], line["status"], line["physical_resource_id"])
                for line in self._log("Answered")[before:]
            ]
            self._story.show("The log: " + "; ".join(" ".join(words) for words in answered))
            expected = [("Create", "GitHubToken", "SUCCESS", arn), ("Delete", "GitHub", "SUCCESS", arn)]
            _expect(answered, expected, "one Create and one Delete of the same ARN")
            _expect(watch.seen, [{(REGION, "GITHUB"): _sha256(token)}], "the token was in CodeBuild all the time")
            self._story.show(f"CodeBuild was looked at {watch.looks} times meanwhile, and held this token each time:")
            self._expect_imported(token)
            self._expect_arn(arn)

    def _rename(self) -> None:
        """Write the example anew with another logical id."""
        example = (PROJECT / "examples/github.yaml").read_text(encoding="utf-8")
        renamed = example.replace("  GitHub:\n", "  GitHubToken:\n").replace("!GetAtt GitHub.", "!GetAtt GitHubToken.")
        self._renamed.write_text(renamed, encoding="utf-8")

    def _expect_failed(self, stack: str, operation: str, promised: str, *options: str) -> None:
        """Deploy the example, see that it is rolled back, and that the reason in the events says what was promised."""
        try:
            self._deploy_example(*options, stack=stack)
        except provider.CommandFailed:
            self._story.show("sam deploy failed, as it should.")
        else:
            _not_as_promised("a deployment that fails", "one that succeeds")
        reason = self._reason(stack, f"{operation}_FAILED")
        self._story.show(reason)
        if promised not in reason:
            _not_as_promised(f"a reason with the words: {promised}", reason)
        rolled_back = "UPDATE_ROLLBACK_COMPLETE" if operation == "UPDATE" else "ROLLBACK_COMPLETE"
        _expect(self._stacks.status(stack), rolled_back, "the stack is rolled back")
        self._story.show(f"The stack is {rolled_back}.")

    def _deploy_provider(self) -> None:
        with self._story.step("Build the provider."):
            provider.build(self._folder / "build", self._environment, self._run)
        with self._story.step("Deploy the provider: template.yaml, as it goes to AWS."):
            provider.deploy(self._aws, self._folder / "build", run=self._run)
            self._story.show(f"{provider.STACK_NAME} is {self._stacks.status(provider.STACK_NAME)}.")

    def _deploy_example(
        self, *options: str, stack: str = STACK, template: Path = PROJECT / "examples/github.yaml"
    ) -> None:
        """Deploy the consumer. Raises CommandFailed."""
        shown = template.relative_to(PROJECT) if template.is_relative_to(PROJECT) else template.name
        command = ("sam", "deploy", "--stack-name", stack, "--template-file")
        self._story.command((*command, str(shown), *options))
        provider.run_quietly((*command, str(template), *options), self._environment)

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a command quietly, shown without the options that only the demo needs."""
        named = ("--stack-name", provider.STACK_NAME, "--capabilities", "CAPABILITY_IAM")
        self._story.command(["sam", "build"] if "build" in command else ["sam", "deploy", *named])
        provider.run_quietly(command, environment)

    def _aws_cli(self, *arguments: str, text: str = "") -> str:
        """Run the AWS CLI, shown; return what it printed. `text` is its standard input. Raises CommandFailed."""
        command = ("aws", *arguments)
        self._story.command(command)
        return provider.run_quietly(command, self._environment, text)

    def _put_secret(self, operation: str, value: str) -> None:
        """Write the secret: the value goes through standard input, since a command line can be seen by others."""
        name = "--name" if operation == "create-secret" else "--secret-id"
        self._aws_cli("secretsmanager", operation, name, SECRET, "--secret-string", "file:///dev/stdin", text=value)

    def _held(self) -> list[str]:
        return [credential.token_sha256 for credential in self._aws.codebuild.credentials()]

    def _expect_imported(self, token: str) -> None:
        _expect(self._held(), [_sha256(token)], "CodeBuild holds one credential, with this token")
        self._story.show(f"CodeBuild holds the token whose SHA-256 begins with {_fingerprint(token)}")

    def _expect_arn(self, arn: str) -> None:
        _expect(self._stacks.outputs(STACK).get("CredentialArn"), arn, "the ARN is still the same")
        self._story.show("The ARN is still the same.")

    def _delete(self, stack: str) -> None:
        """Delete a stack, and wait until it is gone."""
        self._aws_cli("cloudformation", "delete-stack", "--stack-name", stack)
        self._wait_until(lambda: not self._stacks.exists(stack), f"{stack} is gone")

    def _claim_of_holder(self) -> Sequence[str]:
        """Return the command that shows what the holder's claim says of the token."""
        return (
            *("dynamodb", "get-item", "--table-name", self._stacks.outputs(provider.STACK_NAME)["TableName"]),
            *("--key", json.dumps({"Subject": {"S": _SLOT}, "What": {"S": "slot"}})),
            *("--query", "Item.Claims.L[-1].M.{login:TokenLogin.S,expires:TokenExpiresAt.S}", "--output", "json"),
        )

    def _log(self, words: str) -> list[dict[str, Any]]:
        """Return the lines of the functions' log that have the words, oldest first."""
        pages = self._aws.client("logs").get_paginator("filter_log_events")
        group = self._stacks.outputs(provider.STACK_NAME)["LogGroupName"]
        found = [
            event for page in pages.paginate(logGroupName=group, filterPattern=f'"{words}"') for event in page["events"]
        ]
        return [json.loads(event["message"]) for event in sorted(found, key=lambda event: event["timestamp"])]

    def _reason(self, stack: str, status: str) -> str:
        """Return the reason of the resource that failed, as the stack's events have it."""
        arguments = ("cloudformation", "describe-stack-events", "--stack-name", stack, "--output", "json")
        events: list[dict[str, Any]] = json.loads(self._aws_cli(*arguments))["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"] == status]
        return str(failed[0].get("ResourceStatusReason", "")) if failed else ""

    def _wait_until(self, reached: Callable[[], bool], promised: str) -> None:
        if not until(reached, _SECONDS, every=0.1):
            _not_as_promised(promised, f"none after {_SECONDS} s")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _fingerprint(token: str) -> str:
    return _sha256(token)[:12]


def _expect(seen: object, expected: object, promised: str) -> None:
    if seen != expected:
        _not_as_promised(f"{promised}: {expected}", str(seen))


def _not_as_promised(expected: str, seen: str) -> NoReturn:
    raise NotAsPromised(f"expected {expected}\nseen     {seen}")


def _left(aws: EmbeddedAws, folder: Path) -> list[str]:
    """Return what is still there of the servers and the files."""
    servers = {"MiniStack": aws.ministack.port, "CodeBuild": aws.codebuild.port, "GitHub": aws.git_provider.port}
    running = [f"{name} answers at port {port}" for name, port in servers.items() if _answers(port)]
    return running + [f"{path} is there" for path in (folder, aws.ministack.folder) if path.exists()]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> int:
    """Tell the story; return 0 when every step was as promised, else 1, or 130 when interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: everything is cleaned up
    story = Story()
    begin = time.monotonic()
    left: Callable[[], list[str]] = list
    try:
        story.say("A source credential's whole life, on an AWS on this machine: MiniStack, and beside it")
        story.say("servers of this project that play CodeBuild's source credentials and GitHub.")
        with tempfile.TemporaryDirectory(prefix="source-credential-demo-") as name, EmbeddedAws() as aws:
            folder = Path(name)
            left = lambda: _left(aws, folder)  # noqa: E731 - asked when they are gone
            Demo(aws, story, folder).tell()
    except KeyboardInterrupt:
        story.say("\nInterrupted.")
        result = 130
    except (NotAsPromised, provider.CommandFailed, DidNotStart) as error:
        story.say(f"\nNot as promised:\n{error}")
        result = 1
    else:
        story.say(f"\nAll as promised, in {time.monotonic() - begin:.0f} s.")
        result = 0
    story.say("; ".join(left()) or "The servers have stopped, and their files are gone.")
    return result or int(bool(left()))


if __name__ == "__main__":
    sys.exit(main())
