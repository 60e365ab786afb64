"""Servers that do not answer, or not as they should: nobody waits for them, and nothing of theirs is shown."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.git_provider import GitProvider, Reply, github_user
from source_credential.errors import TokenRefused
from source_credential.git_providers.token_check import ProviderTokenCheck
from source_credential.model import ServerType, Token, TokenFacts
from tests.git_providers.asking import BEARER, TOKEN, ask, bitbucket, github
from tests.git_providers.conftest import Resolve


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("provider", [github, bitbucket])
def test_nothing_a_provider_wrote_is_shown(
    certificate: Path, provider: Callable[[Path, Reply], TokenFacts], status: int
) -> None:
    """Neither facts and warnings nor a refusal repeat text that is not in the form expected."""
    text = "<b>rate limit</b>"
    headers = (
        "Location",
        "Retry-After",
        "X-OAuth-Scopes",
        "X-Credential-Type",
        "GitHub-Authentication-Token-Expiration",
    )
    reply = Reply(status, {"login": text, "username": text, "message": text}, dict.fromkeys(headers, text))
    try:
        told = repr(provider(certificate, reply))
    except TokenRefused as refusal:
        told = str(refusal)
    assert "<b>" not in told


def test_port_that_nobody_listens_on_is_a_warning(certificate: Path) -> None:
    """A refused connection is told by its exception's type."""
    with GitProvider(certificate, {}) as provider:
        port = provider.port
    facts = ask(certificate, ServerType.GITHUB, f"https://localhost:{port}")
    assert facts.warnings == (
        "GitHub could not be asked whether the token is valid: it did not answer (NewConnectionError).",
    )


def test_name_without_address_is_a_warning(certificate: Path) -> None:
    """So is a name that does not resolve."""
    facts = ask(certificate, ServerType.GITHUB_ENTERPRISE, "https://nowhere.example.com")
    assert "its name has no address (gaierror)" in facts.warnings[0]


@pytest.mark.parametrize("case", ["another authority", "another name"])
def test_bad_certificate_is_a_warning_and_nothing_is_sent(certificate: Path, resolve: Resolve, case: str) -> None:
    """A certificate that is not the server's, or whose authority is not trusted, keeps the token here."""
    resolve("other.example.com", ["127.0.0.1"])
    host = "localhost" if case == "another authority" else "other.example.com"
    with GitProvider(certificate, {BEARER: github_user()}) as provider:
        check = ProviderTokenCheck(
            base_urls={ServerType.GITHUB: f"https://{host}:{provider.port}"},
            ca_certs=None if case == "another authority" else str(certificate),
        )
        facts = check.check(server_type=ServerType.GITHUB, token=Token(TOKEN), username=None, server_url=None)
        assert not provider.requests
    [warning] = facts.warnings
    assert "its certificate is not valid, or its authority is not trusted here (SSLCertVerificationError)" in warning


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"login": "octocat"}, pauses=(0.1,) * 15),
        Reply(200, {"login": "octocat"}, pause_in_headers=0.1),
        Reply(200, {"login": "octocat"}, pauses=(1.0,)),
    ],
)
def test_slow_server_does_not_hold_us(certificate: Path, reply: Reply) -> None:
    """A server that drips its headers or its body, or stops in the middle, is given up when the time is up."""
    started = time.monotonic()
    facts = github(certificate, reply, seconds=0.3)
    assert time.monotonic() - started < 0.9
    assert facts.warnings == (
        "GitHub could not be asked whether the token is valid: it did not answer within 0.3 seconds (TimeoutError).",
    )


def test_server_that_never_speaks_does_not_hold_us(certificate: Path) -> None:
    """Nor does one that does not even begin with TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}"
        facts = ask(certificate, ServerType.GITHUB, url, seconds=0.2)
    assert "it did not answer within 0.2 seconds (TimeoutError)" in facts.warnings[0]


def test_slow_dns_does_not_hold_us(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does DNS; and once we have gone on without the answer, the token is not sent any more."""
    real = socket.getaddrinfo
    resolved = threading.Event()

    def getaddrinfo(*args: Any, **kwargs: Any) -> Any:
        if not resolved.is_set():
            time.sleep(0.3)
            resolved.set()
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with GitProvider(certificate, {BEARER: github_user()}) as provider:
        facts = ask(certificate, ServerType.GITHUB, f"https://localhost:{provider.port}", seconds=0.1)
        assert not resolved.is_set()
        resolved.wait(1)
        time.sleep(0.1)
        assert not provider.requests
    assert "it did not answer within 0.1 seconds (TimeoutError)" in facts.warnings[0]


def test_answer_that_breaks_off_is_a_warning(certificate: Path) -> None:
    """An answer shorter than it says is none."""
    facts = github(certificate, Reply(200, b"{}", {"Content-Length": "100"}))
    assert "it did not answer (" in facts.warnings[0]


def test_compressed_body_is_not_unpacked(certificate: Path) -> None:
    """Nobody asked for one, and a small one might hold a very long text."""
    facts = github(certificate, Reply(200, b"\x1f\x8b not really", {"Content-Encoding": "gzip"}))
    assert "not with a user" in facts.warnings[0]


def test_authorities_of_botocore_are_trusted_where_the_platform_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a container without certificates the check still has somebody to trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    context = ProviderTokenCheck()._context
    assert context.cert_store_stats()["x509_ca"] > 50
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
