"""Which server is asked about a token, and which must not be."""

import socket
from pathlib import Path
from typing import Any

import pytest

from local.git_provider import GitProvider, Reply, github_error, github_user
from source_credential.errors import InvalidRequest, TokenRefused
from source_credential.git_providers.token_check import ProviderTokenCheck
from source_credential.model import ServerType, Token, TokenFacts
from tests.git_providers.asking import BEARER, TOKEN, ask
from tests.git_providers.conftest import Resolve


def test_redirect_is_not_followed(certificate: Path) -> None:
    """A redirect gets no second request, wherever it points to, and is not repeated."""
    with GitProvider(certificate, {}) as other:
        location = f"https://localhost:{other.port}/user"
        reply = Reply(302, headers={"Location": location})
        with GitProvider(certificate, {BEARER: reply}) as provider:
            facts = ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://localhost:{provider.port}")
            assert len(provider.requests) == 1
        assert not other.requests
    [warning] = facts.warnings
    assert "ServerUrl answers with a redirect: set it to the final address" in warning
    assert location not in warning


@pytest.mark.parametrize(
    ("host", "asked", "path"),
    [
        ("localhost", "localhost", "/api/v3/user"),
        ("127.0.0.1", "127.0.0.1", "/api/v3/user"),
        ("GIT.example.com", "git.example.com", "/api/v3/user"),
        ("octocorp.ghe.com", "api.octocorp.ghe.com", "/user"),
        ("api.octocorp.ghe.com", "api.octocorp.ghe.com", "/user"),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_enterprise_is_asked_at_server_url(
    certificate: Path, resolve: Resolve, host: str, asked: str, path: str, slash: str
) -> None:
    """A server has its API below /api/v3, GHE.com at a host of its own; certificate and Host are for the name."""
    resolve("git.example.com", ["127.0.0.1"])
    resolve("api.octocorp.ghe.com", ["127.0.0.1"])
    with GitProvider(certificate, {BEARER: github_user()}) as provider:
        facts = ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://{host}:{provider.port}{slash}")
        [(asked_path, headers)] = provider.requests
    assert facts == TokenFacts(login="octocat")
    assert (asked_path, headers["host"]) == (path, f"{asked}:{provider.port}")


def test_enterprise_refuses_too(certificate: Path) -> None:
    """The refusal names the GitHub that gave it."""
    with (
        GitProvider(certificate, {}) as provider,
        pytest.raises(
            TokenRefused, match=r"^Token: GitHub Enterprise refuses it .* at the GitHub that ServerUrl names"
        ),
    ):
        ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://localhost:{provider.port}")


def test_server_without_the_api_is_a_warning(certificate: Path) -> None:
    """A server that is no GitHub is told by its 404."""
    with GitProvider(certificate, {BEARER: github_error(404, "Not Found")}) as provider:
        facts = ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://localhost:{provider.port}")
    assert "status 404 (there is no API of GitHub's at ServerUrl)" in facts.warnings[0]


def test_enterprise_without_server_url_is_a_warning() -> None:
    """Without ServerUrl there is nobody to ask."""
    facts = ProviderTokenCheck().check(
        server_type=ServerType.GITHUB_ENTERPRISE, token=Token(TOKEN), username=None, server_url=None
    )
    assert facts.warnings == ("GitHub Enterprise could not be asked whether the token is valid: ServerUrl is not set.",)


@pytest.mark.parametrize("server_type", [ServerType.GITLAB, ServerType.GITLAB_SELF_MANAGED])
def test_gitlab_is_not_asked(server_type: ServerType) -> None:
    """GitLab goes through connections: there is no token to check."""
    facts = ProviderTokenCheck().check(server_type=server_type, token=Token(TOKEN), username=None, server_url=None)
    assert facts == TokenFacts()


@pytest.mark.parametrize("url", ["http://localhost", "https://user:password@localhost"])
def test_bad_server_url_is_refused(url: str) -> None:
    """What is no plain https URL is a failure, whoever would answer there."""
    with pytest.raises(InvalidRequest, match=r"^ServerUrl: is not the plain https URL of a server\.") as refusal:
        ProviderTokenCheck().check(
            server_type=ServerType.GITHUB_ENTERPRISE, token=Token(TOKEN), username=None, server_url=url
        )
    assert "password" not in str(refusal.value)


def test_base_url_must_be_https_as_well() -> None:
    """The test setting opens no way around TLS."""
    with pytest.raises(InvalidRequest):
        ProviderTokenCheck(base_urls={ServerType.GITHUB: "http://localhost"})


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"]])
def test_server_url_into_a_private_network_is_refused(
    certificate: Path, resolve: Resolve, addresses: list[str]
) -> None:
    """One private address among a name's is enough, and nobody is asked."""
    resolve("git.example.com", addresses)
    with GitProvider(certificate, {BEARER: github_user()}) as provider:
        with pytest.raises(InvalidRequest, match="AllowPrivateServerUrls"):
            ask(
                certificate,
                ServerType.GITHUB_ENTERPRISE,
                f"https://git.example.com:{provider.port}",
                allow_private_addresses=False,
            )
        assert not provider.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_server_url_with_an_address_is_refused_in_every_spelling(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """What counts is where the platform's resolver leads."""
    monkeypatch.undo()
    with pytest.raises(InvalidRequest, match="leads to a private address"):
        ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://{host}", allow_private_addresses=False)


def test_name_is_resolved_once(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one that is asked, whatever the name leads to a moment later."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with GitProvider(certificate, {BEARER: github_user()}) as provider:
        facts = ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://git.example.com:{provider.port}")
    assert facts.login == "octocat"
    assert asked.count("git.example.com") == 1


def test_next_address_is_asked_when_one_takes_no_connection(certificate: Path, resolve: Resolve) -> None:
    """Of several addresses, one that answers is enough."""
    resolve("git.example.com", ["127.0.0.2", "127.0.0.1"])
    with GitProvider(certificate, {BEARER: github_user()}) as provider:
        facts = ask(certificate, ServerType.GITHUB_ENTERPRISE, f"https://git.example.com:{provider.port}")
    assert facts == TokenFacts(login="octocat")


def test_a_server_url_that_is_not_on_the_list_is_refused_and_not_asked(certificate: Path) -> None:
    """With a list, only its hosts may be named; the reason names the parameter."""
    check = ProviderTokenCheck(server_url_hosts=["git.example.com"], ca_certs=str(certificate))

    def asked(server_url: str) -> TokenFacts:
        return check.check(
            server_type=ServerType.GITHUB_ENTERPRISE, token=Token(TOKEN), username=None, server_url=server_url
        )

    with pytest.raises(InvalidRequest, match="the parameter ServerUrlHosts") as caught:
        asked("https://elsewhere.example.com")
    assert TOKEN not in str(caught.value)
    facts = asked("https://GIT.example.com")
    assert len(facts.warnings) == 1, "it may be asked, though here it has no address"
