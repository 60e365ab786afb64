"""Asks the Git provider, before a token is imported, whether it lives, whose it is, what it may do and when it ends.

CodeBuild's import does not: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ImportSourceCredentials.html
A provider that does not answer makes a warning, which tells no exception's text: it might hold the token.
"""

import socket
import ssl
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from http.client import HTTPException
from importlib import resources
from typing import Final

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError

from source_credential.errors import InvalidRequest
from source_credential.git_providers.questions import (
    API_TOKEN_GIT_USERNAME,
    API_URLS,
    Answer,
    Question,
    bitbucket_question,
    enterprise_question,
    github_question,
    read_bitbucket,
    read_github,
)
from source_credential.git_providers.server_url import Server, check_address, parse_server_url
from source_credential.model import ServerType, Token, TokenFacts

_MOST_BYTES: Final = 64 * 1024  # no answer that is expected is longer


class ProviderTokenCheck:
    """GitHub, GitHub Enterprise and Bitbucket over HTTPS: certificates verified, redirects not followed."""

    def __init__(
        self,
        *,
        allow_private_addresses: bool = False,
        server_url_hosts: Collection[str] = (),
        base_urls: Mapping[ServerType, str] | None = None,
        ca_certs: str | None = None,
        seconds: float = 4.0,
    ) -> None:
        """Keep the settings. Raises InvalidRequest when a base URL is not one.

        allow_private_addresses: ServerUrl may lead into a private network. server_url_hosts: the only hosts that it may
        name, in lower case; any, when empty. base_urls: servers to ask in place of
        GitHub's and Bitbucket's own, for tests. ca_certs: a file with the only authorities to trust, in place of the
        platform's. seconds: how long one check may take, all in all.
        """
        self._allow_private_addresses = allow_private_addresses
        self._server_url_hosts = frozenset(server_url_hosts)
        self._servers = {key: parse_server_url(url) for key, url in {**API_URLS, **(base_urls or {})}.items()}
        self._ca_certs = ca_certs
        self._seconds = seconds

    def check(
        self, *, server_type: ServerType, token: Token, username: str | None, server_url: str | None
    ) -> TokenFacts:
        """Return what the provider tells of the token, or a warning where it cannot be asked.

        username: goes with the token for BASIC_AUTH. server_url: the property ServerUrl, for GITHUB_ENTERPRISE. The
        GitLab server types know only connections, so there is nothing to ask. Raises TokenRefused, and InvalidRequest
        when ServerUrl is not one or leads where it must not.
        """
        if server_type is ServerType.GITHUB_ENTERPRISE:
            if server_url is None:
                return _not_asked("GitHub Enterprise", "ServerUrl is not set")
            return self._ask(enterprise_question(self._allowed(server_url), token), read_github, token)
        if server_type is ServerType.GITHUB:
            return self._ask(github_question(self._servers[server_type], token), read_github, token)
        if server_type is ServerType.BITBUCKET:
            if username == API_TOKEN_GIT_USERNAME:
                problem = f"the Username {username} is for Git alone. Set it to the account's e-mail address"
                return _not_asked("Bitbucket", problem)
            return self._ask(bitbucket_question(self._servers[server_type], token, username), read_bitbucket, token)
        return TokenFacts()

    def _allowed(self, server_url: str) -> Server:
        """Return the server of a ServerUrl. Raises InvalidRequest when it is none, or not one of those allowed."""
        server = parse_server_url(server_url)
        if self._server_url_hosts and server.host not in self._server_url_hosts:
            raise InvalidRequest(
                "ServerUrl",
                f"names the host {server.host}, which this provider may not ask",
                "Add it to the parameter ServerUrlHosts of the provider's stack, or leave out VerifyToken.",
            )
        return server

    def _ask(
        self, question: Question, read: Callable[[Question, Answer, Token], TokenFacts], token: Token
    ) -> TokenFacts:
        """Return what `read` makes of the answer. What prevents one is told by its exception's type alone."""
        exchange = _Exchange(
            question,
            context=self._context,
            seconds=self._seconds,
            allow_private_addresses=self._allow_private_addresses,
        )
        try:
            answer = exchange.result()
        except ssl.SSLCertVerificationError as error:
            problem = f"its certificate is not valid, or its authority is not trusted here ({type(error).__name__})"
        except socket.gaierror as error:
            problem = f"its name has no address ({type(error).__name__})"
        except TimeoutError as error:
            problem = f"it did not answer within {self._seconds:g} seconds ({type(error).__name__})"
        # ValueError is what http.client raises for a header that it will not send.
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            problem = f"it did not answer ({type(error).__name__})"
        else:
            return read(question, answer, token)
        return _not_asked(question.provider, problem)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Return the TLS settings: the default ones, with botocore's authorities where the platform has none."""
        context = ssl.create_default_context(cafile=self._ca_certs)
        if not context.cert_store_stats()["x509_ca"]:
            context.load_verify_locations(cadata=resources.files("botocore").joinpath("cacert.pem").read_text("ascii"))
        return context


def _not_asked(provider: str, problem: str) -> TokenFacts:
    return TokenFacts(warnings=(f"{provider} could not be asked whether the token is valid: {problem}.",))


class _Exchange:
    """One question put to one server, in a thread of its own, so that neither DNS nor a slow server holds us up."""

    def __init__(
        self, question: Question, *, context: ssl.SSLContext, seconds: float, allow_private_addresses: bool
    ) -> None:
        """Prepare; nothing is sent yet."""
        self._question = question
        self._context = context
        self._seconds = seconds
        self._allow_private_addresses = allow_private_addresses
        self._socket: socket.socket | None = None
        self._abandoned = False

    def result(self) -> Answer:
        """Return the answer.

        Raises TimeoutError when it is late, InvalidRequest for an address that must not be asked, and the exceptions
        of urllib3, http.client, socket and ssl.
        """
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="token-check")
        try:
            return executor.submit(self._run).result(timeout=self._seconds)
        finally:
            executor.shutdown(wait=False)
            self._abandon()

    def _abandon(self) -> None:
        """Make the thread end, if it still runs: it sends nothing more, and what it waits for ends at once."""
        self._abandoned = True
        if self._socket is not None:
            with suppress(OSError):  # it is closed, as it should be
                self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self) -> Answer:
        connection = self._connect()
        # http.client forgets the socket when the answer's headers say that it is the last one.
        self._socket = connection.sock
        try:
            if self._abandoned:
                raise TimeoutError
            own = {"Host": self._question.server.authority, "User-Agent": "source-credential"}
            headers = {**own, **self._question.headers}
            connection.request("GET", self._question.path, headers=headers, preload_content=False)
            # Neither a redirect is followed nor a compressed body unpacked.
            response = connection.getresponse()
            body = response.read(_MOST_BYTES + 1, decode_content=False)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, body if len(body) <= _MOST_BYTES else b"")
        finally:
            connection.close()

    def _connect(self) -> HTTPSConnection:
        """Return a connection to the first address that takes one, which is the address that was checked.

        The certificate must be for the server's name all the same. When no address takes one, raises what the first
        one raised.
        """
        failures: list[Exception] = []
        for address in self._addresses():
            connection = HTTPSConnection(
                address,
                port=self._question.server.port,
                timeout=self._seconds,
                ssl_context=self._context,
                server_hostname=self._question.server.host,
            )
            try:
                connection.connect()
            except (HTTPError, OSError) as error:
                connection.close()
                failures.append(error)
            else:
                return connection
        raise failures[0]

    def _addresses(self) -> list[str]:
        """Return the server's addresses. Raises InvalidRequest when any of them must not be asked."""
        server = self._question.server
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        addresses = [str(sockaddr[0]) for *_, sockaddr in found]
        if self._question.by_user:
            for address in addresses:
                check_address(address, allow_private=self._allow_private_addresses)
        return addresses
