"""What stands between a function and the embedded AWS to count the calls that arrive: one by one, retries too."""

import urllib3

from local.servers import Handler, HttpServer

# What belongs to a connection, not to a message, and what is counted anew.
_NOT_PASSED_ON = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}


class Wire(HttpServer):
    """A proxy of an endpoint. Signatures stay right, for the header Host is passed on as it is."""

    def __init__(self, endpoint: str) -> None:
        """Pass everything on to the endpoint."""
        self.calls: list[str] = []
        wire, pool = self, urllib3.PoolManager(retries=False)

        class PassingOn(Handler):
            def do_POST(self) -> None:
                wire.calls.append(self.headers.get("x-amz-target", self.path).rpartition(".")[2])
                answer = pool.request("POST", f"{endpoint}{self.path}", body=self.body(), headers=dict(self.headers))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in _NOT_PASSED_ON:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(answer.data)))
                self.end_headers()
                self.wfile.write(answer.data)

        super().__init__(PassingOn)
