"""How long a warm Delete takes under a limit of five minutes, with the answer going to a server of HTTPS, as to S3."""

import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from bench.contenders import Contender
from bench.events import event
from bench.spread import Spread
from local.codebuild_server import CodeBuildServer
from local.embedded_aws import EmbeddedAws
from local.emulator import Function, environment
from local.git_provider import make_certificate

LIMIT_SECONDS: Final = 300


def delete_seconds(contender: Contender, python: Path, runs: int) -> Spread:
    """Return how long a Delete takes, from the event to the end of the run; a Create goes before each."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws(codebuild=CodeBuildServer()) as aws:
        certificate = make_certificate(Path(folder))
        aws.create_examples()
        settings = {**environment(aws), "SSL_CERT_FILE": str(certificate)}
        with (
            CodeBuildServer(certificate=certificate) as https,  # crhelper answers over nothing else
            Function(contender.folder, settings, LIMIT_SECONDS, contender.handler, python) as function,
        ):
            for run in range(1, runs + 1):
                function.invoke(event("Create", f"{https.url}/_local/answers/create-{run}"))
                begin = time.monotonic()
                function.invoke(event("Delete", f"{https.url}/_local/answers/delete-{run}"))
                seconds.append(time.monotonic() - begin)
                statuses = [answer["Status"] for answer in https.answers.values()]
                if statuses != ["SUCCESS"] * 2 * run or aws.codebuild.credentials():
                    raise RuntimeError(f"{contender.title} did not do its work:\n{function.log()}")
    return Spread.of(seconds)


class InBackground(threading.Thread):
    """One Delete that takes minutes, measured while something else is."""

    def __init__(self, contender: Contender, python: Path) -> None:
        """Keep what to measure."""
        super().__init__(daemon=True)
        self._asked = (contender, python)
        self._found: Spread | None = None

    def run(self) -> None:
        """Measure."""
        self._found = delete_seconds(*self._asked, runs=1)

    def result(self) -> Spread:
        """Wait for it, and return it. Raises RuntimeError when it failed."""
        self.join()
        if self._found is None:
            raise RuntimeError("the Delete in the background failed, as is told above")
        return self._found
