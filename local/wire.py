"""What stands between a client and the embedded AWS to count the calls that arrive, one by one, and to slow them."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3

from local.servers import Handler, HttpServer

# What belongs to a connection, not to a message, and what is counted anew.
_NOT_PASSED_ON = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


@dataclass(frozen=True)
class Call:
    """A call that was answered: its operation, or its path, and the seconds it took."""

    name: str
    seconds: float


class Wire(HttpServer):
    """A proxy of an endpoint. Signatures stay right, for the header Host is passed on as it is."""

    def __init__(
        self, endpoint: str, answers: Mapping[str, Callable[[Any], object]] | None = None, *, seconds: float = 0
    ) -> None:
        """Pass everything on to the endpoint.

        answers: what answers a call here instead, from JSON to JSON. seconds: how long a call takes at least.
        """
        self.calls: list[str] = []
        self.answered: list[Call] = []
        wire, pool = self, urllib3.PoolManager(retries=False)

        class PassingOn(Handler):
            protocol_version = "HTTP/1.1"  # a connection is kept, as AWS keeps it

            def do_POST(self) -> None:
                begin = time.monotonic()
                name = self.headers.get("x-amz-target", self.path).rpartition(".")[2]
                wire.calls.append(name)
                if answers and name in answers:
                    body = json.dumps(answers[name](json.loads(self.body()))).encode()
                    status, headers = int(HTTPStatus.OK), {"content-type": "application/x-amz-json-1.0"}
                else:
                    status, headers, body = self._passed_on()
                time.sleep(max(0.0, seconds - (time.monotonic() - begin)))
                wire.answered.append(Call(name, time.monotonic() - begin))
                self.send_response(status)
                for header, value in headers.items():
                    self.send_header(header, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self) -> None:
                self.do_POST()

            def _passed_on(self) -> tuple[int, dict[str, str], bytes]:
                url = f"{endpoint}{self.path}"
                answer = pool.request(self.command, url, body=self.body(), headers=dict(self.headers))
                headers = {name: text for name, text in answer.headers.items() if name.lower() not in _NOT_PASSED_ON}
                return answer.status, headers, answer.data

        super().__init__(PassingOn)
