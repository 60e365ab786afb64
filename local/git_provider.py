"""A Git provider on a free loopback port, over HTTPS, that answers as GitHub and Bitbucket document."""

import base64
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from local.servers import Handler, HttpServer

# The certificate is for these. The tests decide where the names lead.
NAMES = ("localhost", "git.example.com", "api.octocorp.ghe.com")
ADDRESSES = ("127.0.0.1", "::1")


def make_certificate(folder: Path) -> Path:
    """Return a file with a key, its certificate and that of the authority which issued it."""
    authority = trustme.CA()
    issued = authority.issue_cert(*NAMES, *ADDRESSES)
    file = folder / "provider.pem"
    file.write_bytes(issued.private_key_and_cert_chain_pem.bytes() + authority.cert_pem.bytes())
    return file


@dataclass(frozen=True)
class Reply:
    """One answer. `body` is sent as JSON unless it is bytes; each of `pauses` comes before one more byte of it."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    pauses: tuple[float, ...] = ()
    pause_in_headers: float = 0


def github_user(*, login: object = "octocat", scopes: str | None = None, expiration: str | None = None) -> Reply:
    """Return what GitHub answers to a token that lives.

    https://docs.github.com/en/rest/users/users#get-the-authenticated-user (the body, shortened)
    https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps (X-OAuth-Scopes)
    https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/ (the expiration)
    """
    headers = {"X-RateLimit-Remaining": "4999"}
    if scopes is not None:
        headers["X-OAuth-Scopes"] = scopes
    if expiration is not None:
        headers["GitHub-Authentication-Token-Expiration"] = expiration
    return Reply(200, {"login": login, "id": 1, "type": "User", "site_admin": False}, headers)


def github_error(status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
    """Return an error of GitHub's: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api ."""
    return Reply(status, {"message": message, "documentation_url": "https://docs.github.com/rest"}, headers or {})


def bitbucket_user(*, scopes: str | None = None, **names: object) -> Reply:
    """Return what Bitbucket answers to a token of a user.

    https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get (the body, shortened)
    https://support.atlassian.com/bitbucket-cloud/kb/how-to-fetch-the-scope-of-a-token-via-command-line/ (the headers)
    """
    headers = {"x-credential-type": "api_token"} | ({"x-oauth-scopes": scopes} if scopes is not None else {})
    return Reply(200, {"type": "user", "uuid": "{1-2-3}", "links": {"avatar": {}}, **names}, headers)


def bitbucket_error(status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
    """Return an error of Bitbucket's.

    https://developer.atlassian.com/cloud/bitbucket/rest/intro/#standardized-error-responses
    https://support.atlassian.com/bitbucket-cloud/kb/this-api-is-not-accessible-by-this-authentication-mechanism/
    """
    return Reply(status, {"type": "error", "error": {"message": message}}, headers or {})


def basic(username: str, password: str) -> str:
    """Return the Authorization header of RFC 7617, with UTF-8."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class GitProvider(HttpServer):
    """An HTTPS server. It knows what to answer to which Authorization header, and refuses all others with 401."""

    def __init__(self, certificate: Path, replies: dict[str, Reply]) -> None:
        """Plan the replies by Authorization header; more may be added while it runs."""
        self.replies = replies
        self.requests: list[tuple[str, dict[str, str]]] = []
        provider = self

        class ProviderHandler(Handler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                provider.requests.append((self.path, headers))
                self.answer(provider.reply(self.path, headers, replies))

            def answer(self, reply: Reply) -> None:
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                if reply.pause_in_headers:
                    self.flush_headers()
                    for count in range(50):
                        time.sleep(reply.pause_in_headers)
                        self.wfile.write(f"x-drip-{count}: 0\r\n".encode())
                self.end_headers()
                for index, pause in enumerate(reply.pauses):
                    self.wfile.write(body[index : index + 1])
                    time.sleep(pause)
                self.wfile.write(body[len(reply.pauses) :])

        super().__init__(ProviderHandler, certificate=certificate)

    @staticmethod
    def reply(path: str, headers: dict[str, str], replies: dict[str, Reply]) -> Reply:
        """Return the reply to a request; both providers reject what they do not know, GitHub also without User-Agent.

        https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#user-agent-required
        """
        if not path.endswith("/user"):
            return Reply(404, {"message": "Not Found"})
        if not headers.get("user-agent"):
            return github_error(403, "Request forbidden by administrative rules.")
        if path.startswith("/2.0/"):
            refusal = bitbucket_error(401, "Token is invalid, expired, or not supported for this endpoint.")
        else:
            refusal = github_error(401, "Bad credentials")
        return replies.get(headers.get("authorization", ""), refusal)
