"""What the servers of this machine share: a thread of their own, an address of this machine only, and no log."""

import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

_POLL_SECONDS: Final = 0.005  # how long stopping may take


class InThread(socketserver.BaseServer):
    """A server that is served, as a context manager, by a thread of its own."""

    def __enter__(self) -> Self:
        """Start to serve."""
        threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and give the port back."""
        self.shutdown()
        self.server_close()


class HttpServer(InThread, ThreadingHTTPServer):
    """An HTTP server on 127.0.0.1."""

    def __init__(
        self, handler: type[BaseHTTPRequestHandler], *, port: int = 0, certificate: Path | None = None
    ) -> None:
        """Bind the port; 0 takes a free one. certificate: what to serve HTTPS with, from make_certificate."""
        super().__init__(("127.0.0.1", port), handler)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is left to the thread of each connection.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's types
        """Say nothing of a client that has gone, as a function does that is killed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self.server_port


class Handler(BaseHTTPRequestHandler):
    """Handles a request without a word on the standard error."""

    disable_nagle_algorithm = True  # head and body are two packets; on a kept connection the second would wait 40 ms

    def body(self) -> bytes:
        """Return the request's body."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Say nothing."""
