"""What stands between a client and the embedded AWS to count the calls that arrive: one by one, retries too."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import urllib3

from local.servers import Handler, HttpServer

# What belongs to a connection, not to a message, and what is counted anew.
_NOT_PASSED_ON = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class Wire(HttpServer):
    """A proxy of an endpoint. Signatures stay right, for the header Host is passed on as it is."""

    def __init__(self, endpoint: str, answers: Mapping[str, Callable[[Any], object]] | None = None) -> None:
        """Pass everything on to the endpoint. answers: what answers a call here instead, from JSON to JSON."""
        self.calls: list[str] = []
        wire, pool = self, urllib3.PoolManager(retries=False)

        class PassingOn(Handler):
            def do_POST(self) -> None:
                name = self.headers.get("x-amz-target", self.path).rpartition(".")[2]
                wire.calls.append(name)
                if answers and name in answers:
                    self._answer(json.dumps(answers[name](json.loads(self.body()))).encode())
                    return
                answer = pool.request("POST", f"{endpoint}{self.path}", body=self.body(), headers=dict(self.headers))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in _NOT_PASSED_ON:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(answer.data)))
                self.end_headers()
                self.wfile.write(answer.data)

            def _answer(self, body: bytes) -> None:
                self.send_response(HTTPStatus.OK)
                self.send_header("content-type", "application/x-amz-json-1.0")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        super().__init__(PassingOn)
