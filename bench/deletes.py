"""How long a warm Delete takes under a limit of five minutes, with the answer going to a server of HTTPS, as to S3."""

import json
import ssl
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from bench.cold import ENVIRONMENT
from bench.contenders import Contender
from bench.events import event
from bench.spread import Spread
from local.codebuild_server import CodeBuildServer
from local.embedded_aws import EXAMPLE_SECRETS, EmbeddedAws
from local.emulator import Function, environment
from local.git_provider import make_certificate
from local.servers import Handler, HttpServer

LIMIT_SECONDS: Final = 300


class AnswerServer(HttpServer):
    """It takes every answer. crhelper sends none but over HTTPS."""

    scheme = "https"

    def __init__(self, certificate: Path) -> None:
        """Keep the status of each answer."""
        self.statuses: list[str] = []
        server = self

        class TakingHandler(Handler):
            def do_PUT(self) -> None:
                server.statuses.append(json.loads(self.body())["Status"])
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

        super().__init__(TakingHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


def delete_seconds(contender: Contender, python: Path, runs: int) -> Spread:
    """Return how long a Delete takes, from the event to the end of the run; a Create goes before each."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws(codebuild=CodeBuildServer()) as aws:
        certificate = make_certificate(Path(folder))
        secrets = aws.client("secretsmanager")
        secrets.create_secret(Name="codebuild/github", SecretString=EXAMPLE_SECRETS["codebuild/github"])
        aws.create_table_and_queue()
        settings = {**ENVIRONMENT, **environment(aws), "SSL_CERT_FILE": str(certificate)}
        with (
            AnswerServer(certificate) as answers,
            Function(contender.folder, settings, LIMIT_SECONDS, contender.handler, python) as function,
        ):
            for run in range(1, runs + 1):
                function.invoke(event("Create", f"{answers.url}/create"))
                begin = time.monotonic()
                function.invoke(event("Delete", f"{answers.url}/delete"))
                seconds.append(time.monotonic() - begin)
                if answers.statuses != ["SUCCESS"] * 2 * run or aws.codebuild.credentials():
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
