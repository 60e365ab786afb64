"""What the servers of this machine share: a thread of their own, an address of this machine only, and no log."""

import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self


class InThread(socketserver.BaseServer):
    """A server that is served, as a context manager, by a thread of its own."""

    poll_seconds: ClassVar[float] = 0.05  # how long stopping may take

    def __enter__(self) -> Self:
        """Start to serve."""
        threading.Thread(target=self.serve_forever, args=(self.poll_seconds,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and give the port back."""
        self.shutdown()
        self.server_close()


class HttpServer(InThread, ThreadingHTTPServer):
    """An HTTP server on 127.0.0.1."""

    scheme: ClassVar[str] = "http"

    def __init__(self, handler: type[BaseHTTPRequestHandler], *, port: int = 0) -> None:
        """Bind the port; 0 takes a free one."""
        super().__init__(("127.0.0.1", port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's types
        """Say nothing of a client that has gone, as a function does that is killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self.server_port

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


class Handler(BaseHTTPRequestHandler):
    """Handles a request without a word on the standard error."""

    disable_nagle_algorithm = True  # head and body are two packets; on a kept connection the second would wait 40 ms

    def body(self) -> bytes:
        """Return the request's body."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Say nothing."""
