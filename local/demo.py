"""`make demo`: a credential's whole life on the embedded AWS, step by step. Nothing is left running or lying about."""

import hashlib
import json
import os
import secrets as random_secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from local import provider
from local.embedded_aws import EmbeddedAws
from local.git_provider import github_user
from local.ministack import PROJECT, DidNotStart

SECRET: Final = "codebuild/github"  # noqa: S105 - a secret's name
STACK: Final = "my-credential"
OTHER_STACK: Final = "somebody-elses"
_SECONDS: Final = 120
_REFUSED: Final = "GitHub refuses it"


class NotAsPromised(Exception):
    """A step ended otherwise than the story says. The text tells what was expected and what was seen."""


class Story:
    """Prints the steps: plain words, the command a user would type, progress on a terminal, the time each took."""

    def __init__(self) -> None:
        """Use colours and a moving line on a terminal only, and colours only where NO_COLOR does not forbid them."""
        self._terminal = sys.stdout.isatty()
        self._colour = self._terminal and "NO_COLOR" not in os.environ
        self._number = 0

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Tell one step, show that it goes on, and say how long it took."""
        self._number += 1
        self.say(f"\n{self._paint('1', f'{self._number}. {words}')}")
        begin = time.monotonic()
        done = threading.Event()
        progress = threading.Thread(target=self._progress, args=(begin, done), daemon=True)
        progress.start()
        try:
            yield
        finally:
            done.set()
            progress.join()
        self.say(self._paint("32", f"   done in {time.monotonic() - begin:.1f} s"))

    def command(self, command: Sequence[str]) -> None:
        """Show a command as it would be typed."""
        self.say(self._paint("36", f"   $ {shlex.join(command)}"))

    def show(self, text: str) -> None:
        """Show what came back, set in."""
        for line in text.strip().splitlines():
            self.say(f"     {line}")

    def say(self, text: str) -> None:
        """Print one line, over the progress if it stands there."""
        print(f"\r\x1b[K{text}" if self._terminal else text, flush=True)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _progress(self, begin: float, done: threading.Event) -> None:
        while not done.wait(0.2 if self._terminal else 10):
            waited = f"   ... {time.monotonic() - begin:.0f} s"
            print(f"\r\x1b[K{waited}" if self._terminal else waited, end="" if self._terminal else "\n", flush=True)


class Demo:
    """The story's cast: the embedded AWS, and the commands a user would type."""

    def __init__(self, aws: EmbeddedAws, story: Story, folder: Path) -> None:
        """Keep them; `folder` takes all files."""
        self._aws = aws
        self._story = story
        self._folder = folder
        self._renamed = folder / "github-renamed.yaml"
        self._environment = provider.command_environment(aws)

    def tell(self) -> None:
        """Tell it all. Raises NotAsPromised or CommandFailed at the first step that is not as it should be."""
        first, second, third = (f"ghp_{random_secrets.token_hex(18)}" for _ in range(3))
        self._deploy_provider()
        with self._story.step("A GitHub token goes into a secret; no template will ever hold it."):
            self._put_secret("create-secret", first)
            self._story.show(f"the token's SHA-256 begins with {_fingerprint(first)}")
        with self._story.step("A stack asks for it: the provider imports the token into CodeBuild."):
            self._deploy_example()
            self._expect_imported(first)
        with self._story.step("What CodeBuild lists, and what the stack answers."):
            listed = self._aws_cli("codebuild", "list-source-credentials", "--output", "json")
            self._story.show(listed)
            outputs = self._outputs()
            self._story.show("\n".join(f"{name}: {value}" for name, value in outputs.items()))
            [arn] = [info["arn"] for info in json.loads(listed)["sourceCredentialsInfos"]] or [""]
            _expect(arn, outputs.get("CredentialArn"), "the stack's output and CodeBuild's list have the same ARN")
        with self._story.step("The secret rotates: CodeBuild has the new token within seconds, and nobody deploys."):
            self._put_secret("put-secret-value", second)
            self._await_imported(second)
        self._tell_of_a_dead_token(second, third)
        with self._story.step("The secret becomes JSON, which the template has to know; the update is in place."):
            self._put_secret("put-secret-value", json.dumps({"token": second}))
            self._deploy_example("--parameter-overrides", "SecretKey=token")
            self._expect_imported(second)
            _expect(self._outputs().get("CredentialArn"), arn, "the ARN is still the same")
        with self._story.step("A mistake on purpose, a member that is not there: the stack rolls back and says why."):
            self._expect_failed(STACK, "UPDATE_FAILED", "has no member tokn", "--parameter-overrides", "SecretKey=tokn")
            self._expect_imported(second)
            self._story.show("CodeBuild still has the token that works.")
        with self._story.step("Another stack wants the same slot: it is refused, and told who holds it."):
            self._expect_failed(
                OTHER_STACK,
                "CREATE_FAILED",
                f"belongs to stack {STACK}, logical id GitHub",
                *("--parameter-overrides", "SecretKey=token"),
            )
            self._expect_imported(second)
        with self._story.step("The logical id is renamed: one create, one delete of the same ARN, and no gap."):
            self._rename()
            self._deploy_example("--parameter-overrides", "SecretKey=token", template=self._renamed)
            self._expect_imported(second)
            _expect(self._outputs().get("CredentialArn"), arn, "the ARN is still the same")
        with self._story.step("The stacks are deleted, and the credential with the one that holds it."):
            self._aws_cli("cloudformation", "delete-stack", "--stack-name", OTHER_STACK)
            self._aws_cli("cloudformation", "delete-stack", "--stack-name", STACK)
            self._wait_until(lambda: not self._aws.codebuild.credentials(), "an empty list of credentials")
            self._story.show(self._aws_cli("codebuild", "list-source-credentials", "--output", "json"))

    def _tell_of_a_dead_token(self, living: str, dead: str) -> None:
        """Let a token come that the Git provider, here a local one, refuses: the one that works stays."""
        provider_of_git = self._aws.git_provider
        provider_of_git.replies[f"Bearer {living}"] = github_user(scopes="repo", expiration="2099-12-31 23:59:59 UTC")
        with self._story.step("From now on GitHub is asked before an import: whose token it is, and when it ends."):
            self._deploy_example("--parameter-overrides", "VerifyToken=true")
            self._story.show(f"GitHub, played by a local server, was asked {len(provider_of_git.requests)} time(s).")
            self._expect_imported(living)
        with self._story.step("A token that GitHub refuses is put into the secret: the one that works stays."):
            asked = len(provider_of_git.requests)
            self._put_secret("put-secret-value", dead)
            self._wait_until(lambda: len(provider_of_git.requests) > asked, "a question to the Git provider")
            self._wait_until(lambda: _REFUSED in self._aws.ministack.log.read_text(errors="replace"), "a log line")
            self._story.show(f"The log says: ... {_REFUSED} ... and the alarm for failed refreshes rings.")
            self._expect_imported(living)
            self._put_secret("put-secret-value", living)

    def _await_imported(self, token: str) -> None:
        begin = time.monotonic()
        expected = [hashlib.sha256(token.encode()).hexdigest()]
        self._wait_until(
            lambda: [held.token_sha256 for held in self._aws.codebuild.credentials()] == expected, "the new token"
        )
        self._story.show(f"{time.monotonic() - begin:.1f} s after the secret changed:")
        self._expect_imported(token)

    def _rename(self) -> None:
        """Write the example anew with another logical id."""
        example = (PROJECT / "examples/github.yaml").read_text(encoding="utf-8")
        renamed = example.replace("  GitHub:\n", "  GitHubToken:\n").replace("!GetAtt GitHub.", "!GetAtt GitHubToken.")
        self._renamed.write_text(renamed, encoding="utf-8")

    def _expect_failed(self, stack: str, status: str, promised: str, *options: str) -> None:
        """Deploy the example, see that it fails, and that the reason a user would read says what was promised."""
        try:
            self._deploy_example(*options, stack=stack)
        except provider.CommandFailed:
            self._story.show("sam deploy failed, as it should.")
        else:
            _not_as_promised("a deployment that fails", "one that succeeds")
        reason = self._reason(stack, status)
        self._story.show(reason)
        if promised not in reason:
            _not_as_promised(f"a reason with the words: {promised}", reason)

    def _deploy_provider(self) -> None:
        with self._story.step("Build the provider: any Python will do, and no container engine is needed."):
            provider.build(self._folder / "build", self._environment, self._run)
        with self._story.step("Deploy the provider: the same template.yaml that goes to AWS."):
            provider.deploy(self._aws, self._folder / "build", run=self._run)

    def _deploy_example(
        self, *options: str, stack: str = STACK, template: Path = PROJECT / "examples/github.yaml"
    ) -> None:
        """Deploy the consumer. Raises CommandFailed."""
        shown = template.relative_to(PROJECT) if template.is_relative_to(PROJECT) else template.name
        command = ("sam", "deploy", "--stack-name", stack, "--template-file")
        self._story.command((*command, str(shown), *options))
        provider.run_quietly((*command, str(template), *options), self._environment)

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a command quietly, shown as a user would type it, without the options that only the demo needs."""
        self._story.command(["sam", "build"] if "build" in command else ["sam", "deploy", "--guided"])
        provider.run_quietly(command, environment)

    def _aws_cli(self, *arguments: str, text: str | None = None) -> str:
        """Run the AWS CLI, shown; return what it printed. `text` is its standard input. Raises CommandFailed."""
        self._story.command(["aws", *arguments])
        done = subprocess.run(
            [str(provider.TOOLS / "aws"), *arguments],
            env=self._environment,
            cwd=PROJECT,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise provider.CommandFailed(f"aws {shlex.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _put_secret(self, operation: str, value: str) -> None:
        """Write the secret: the value goes through standard input, since a command line can be seen by others."""
        name = "--name" if operation == "create-secret" else "--secret-id"
        self._aws_cli("secretsmanager", operation, name, SECRET, "--secret-string", "file:///dev/stdin", text=value)

    def _expect_imported(self, token: str) -> None:
        held = [credential.token_sha256 for credential in self._aws.codebuild.credentials()]
        _expect(held, [hashlib.sha256(token.encode()).hexdigest()], "CodeBuild holds one credential, with this token")
        self._story.show(f"CodeBuild holds the token whose SHA-256 begins with {_fingerprint(token)}")

    def _outputs(self) -> dict[str, str]:
        [stack] = self._aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _reason(self, stack: str, status: str) -> str:
        """Return the reason of the resource that failed, as the stack's events have it."""
        arguments = ("cloudformation", "describe-stack-events", "--stack-name", stack, "--output", "json")
        events: list[dict[str, Any]] = json.loads(self._aws_cli(*arguments))["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"] == status]
        return str(failed[0].get("ResourceStatusReason", "")) if failed else ""

    def _wait_until(self, reached: Callable[[], bool], promised: str) -> None:
        end = time.monotonic() + _SECONDS
        while not reached():
            if time.monotonic() > end:
                _not_as_promised(promised, f"none after {_SECONDS} s")
            time.sleep(0.1)


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def _expect(seen: object, expected: object, promised: str) -> None:
    if seen != expected:
        _not_as_promised(f"{promised}: {expected}", str(seen))


def _not_as_promised(expected: str, seen: str) -> NoReturn:
    raise NotAsPromised(f"expected {expected}\nseen     {seen}")


def main() -> int:
    """Tell the story; return 0 when every step was as promised, else 1, or 130 when interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: everything is cleaned up
    story = Story()
    begin = time.monotonic()
    try:
        story.say("A source credential's whole life, on an AWS that runs inside this folder.")
        with tempfile.TemporaryDirectory(prefix="source-credential-demo-") as folder, EmbeddedAws() as aws:
            Demo(aws, story, Path(folder)).tell()
    except KeyboardInterrupt:
        story.say("\nInterrupted. Nothing is left running.")
        return 130
    except (NotAsPromised, provider.CommandFailed, DidNotStart) as error:
        story.say(f"\nNot as promised:\n{error}")
        return 1
    story.say(f"\nAll as promised, in {time.monotonic() - begin:.0f} s. Nothing is left running.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
