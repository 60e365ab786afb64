"""The token check against a local server that answers as the Git providers document. Nothing leaves 127.0.0.1."""

import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.git_provider import (
    GitProvider,
    Reply,
    SilentServer,
    basic,
    bitbucket_error,
    bitbucket_user,
    github_error,
    github_user,
    make_certificate,
)
from source_credential.errors import InvalidRequest, SourceCredentialError, TokenRefused
from source_credential.git_providers.token_check import ProviderTokenCheck
from source_credential.model import ServerType, Token, TokenFacts

TOKEN = "ghp_0123456789abcdefABCDEF"
BEARER = f"Bearer {TOKEN}"
EMAIL = "someone@example.com"
RED_TAPE = "This API is not accessible by this authentication mechanism"

Resolve = Callable[[str, list[str]], None]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the server's key and certificate."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Resolve no name but localhost, and those a test gives addresses to, in the order given."""
    names = {"localhost": ["127.0.0.1"]}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host.replace(".", "").isdigit() or ":" in host:
            return real(host, port, *args, **kwargs)
        if host not in names:
            raise socket.gaierror(socket.EAI_NONAME, f"no address for {host}")
        return [entry for address in names[host] for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names.__setitem__


@pytest.fixture(autouse=True)
def _no_leak(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let no log hold the token, whatever the level, and no thread outlive its check for long."""
    caplog.set_level(logging.DEBUG)
    yield
    assert TOKEN not in caplog.text
    deadline = time.monotonic() + 1
    while any(thread.name.startswith("token-check") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a thread still runs"
        time.sleep(0.01)


def ask(  # the certificate is what every test has
    certificate: Path,
    server_type: ServerType,
    url: str,
    *,
    token: str = TOKEN,
    username: str | None = None,
    seconds: float = 2.0,
    allow_private_addresses: bool = True,
) -> TokenFacts:
    """Check the token at the server with that URL. Whatever comes of it must not hold the token."""
    check = ProviderTokenCheck(
        allow_private_addresses=allow_private_addresses,
        base_urls={} if server_type is ServerType.GITHUB_ENTERPRISE else {server_type: url},
        ca_certs=str(certificate),
        seconds=seconds,
    )
    told = ""
    try:
        facts = check.check(server_type=server_type, token=Token(token), username=username, server_url=url)
        told = repr(facts)
    except SourceCredentialError as error:
        told = "".join(traceback.format_exception(error))
        raise
    finally:
        assert token not in told
    return facts


def github(certificate: Path, reply: Reply, **settings: Any) -> TokenFacts:
    """Check the token at a GitHub that answers it so."""
    with GitProvider(certificate, {BEARER: reply}) as provider:
        return ask(certificate, ServerType.GITHUB, f"https://localhost:{provider.port}", **settings)


def bitbucket(certificate: Path, reply: Reply, *, username: str | None = None) -> TokenFacts:
    """Check the token at a Bitbucket that answers it so."""
    with GitProvider(certificate, {BEARER: reply, basic(EMAIL, TOKEN): reply}) as provider:
        return ask(certificate, ServerType.BITBUCKET, f"https://localhost:{provider.port}", username=username)


def test_github_tells_whose_the_token_is_its_scopes_and_when_it_ends(certificate: Path) -> None:
    """GET /user goes to GitHub with the headers it asks for, and everything it tells is returned."""
    reply = github_user(scopes="repo, admin:repo_hook", expiration="2126-12-31 23:59:59 UTC")
    with GitProvider(certificate, {BEARER: reply}) as provider:
        facts = ask(certificate, ServerType.GITHUB, f"https://localhost:{provider.port}")
        [(path, headers)] = provider.requests
    assert facts == TokenFacts(
        login="octocat", expires_at="2126-12-31T23:59:59Z", scopes=("repo", "admin:repo_hook"), warnings=()
    )
    assert path == "/user"
    assert headers == {
        "host": f"localhost:{provider.port}",
        "user-agent": "source-credential",
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "authorization": BEARER,
        "accept-encoding": "identity",
    }


@pytest.mark.parametrize(
    ("expiration", "expires_at"),
    [
        ("2126-12-31 23:59:59 UTC", "2126-12-31T23:59:59Z"),
        ("2126-12-31 23:59:59 +0100", "2126-12-31T22:59:59Z"),
        ("2126-12-31 23:59:59 -0800", "2127-01-01T07:59:59Z"),
        (" 2126-12-31 23:59:59 GMT ", "2126-12-31T23:59:59Z"),
        (None, None),
        ("", None),
        ("never", None),
        ("2126-12-31 23:59:59", None),
        ("2126-13-31 23:59:59 UTC", None),
        ("0001-01-01 00:00:00 +0100", None),
    ],
)
def test_expiration_is_read_in_every_form_seen(
    certificate: Path, expiration: str | None, expires_at: str | None
) -> None:
    """A named and a numeric offset become UTC; what cannot be read is not told, and no reason to warn."""
    facts = github(certificate, github_user(expiration=expiration))
    assert facts == TokenFacts(login="octocat", expires_at=expires_at)


@pytest.mark.parametrize("reply", [github_user(expiration="2026-01-31 12:00:00 UTC"), None])
def test_expired_token_is_refused(certificate: Path, reply: Reply | None) -> None:
    """A token that has expired is refused, with the day it did, even where GitHub still answers."""
    late = reply or github_error(
        403, "Forbidden", {"GitHub-Authentication-Token-Expiration": "2026-01-31 13:00:00 +0100"}
    )
    with pytest.raises(
        TokenRefused, match=r"^Token: expired on 2026-01-31T12:00:00Z, as GitHub says\. Create a new token"
    ):
        github(certificate, late)


def test_token_that_github_refuses_is_refused(certificate: Path) -> None:
    """Status 401 fails, with a reason that says so and what to do."""
    with GitProvider(certificate, {}) as provider, pytest.raises(TokenRefused) as refusal:
        ask(certificate, ServerType.GITHUB, f"https://localhost:{provider.port}")
    assert str(refusal.value) == (
        "Token: GitHub refuses it (status 401): it is wrong, expired or revoked. "
        "Create a new token at GitHub and store it in the secret."
    )
    assert isinstance(refusal.value, SourceCredentialError)


def test_token_outside_ascii_is_sent_as_utf_8(certificate: Path) -> None:
    """A token that no provider would make is refused by the provider, not by us with the token in an exception."""
    with GitProvider(certificate, {}) as provider:
        with pytest.raises(TokenRefused):
            ask(certificate, ServerType.GITHUB, f"https://localhost:{provider.port}", token="ghp_\N{SNOWMAN}")
        [(_, headers)] = provider.requests
    assert headers["authorization"].encode("latin-1").decode() == "Bearer ghp_\N{SNOWMAN}"


def test_token_that_no_header_can_hold_is_a_warning(certificate: Path) -> None:
    """The exception of http.client repeats the header, so only its type is told."""
    with GitProvider(certificate, {}) as provider:
        facts = ask(certificate, ServerType.GITHUB, f"https://localhost:{provider.port}", token="ghp_0\nX-Other: 1")
        assert not provider.requests
    assert facts.warnings == ("GitHub could not be asked whether the token is valid: it did not answer (ValueError).",)


@pytest.mark.parametrize(
    ("scopes", "told", "warns"),
    [
        (None, None, False),
        ("", (), True),
        ("repo", ("repo",), False),
        ("public_repo, repo:status", ("public_repo", "repo:status"), True),
        (f"repo, {TOKEN}, <b>, a b, ghp_lower", ("repo", "ghp_lower"), False),
    ],
)
def test_scopes_of_a_classic_token(
    certificate: Path, scopes: str | None, told: tuple[str, ...] | None, *, warns: bool
) -> None:
    """Scopes are returned where they are told and look like scopes; without repo, CodeBuild will miss it."""
    facts = github(certificate, github_user(scopes=scopes))
    assert facts.scopes == told
    assert [warning for warning in facts.warnings if "lacks the scope repo" in warning] == list(facts.warnings)
    assert bool(facts.warnings) == warns


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome</html>",
        b"\xff",
        b"[" * 60_000,
        b'{"login": "octocat"}' + b" " * 64 * 1024,
        ["octocat"],
        {},
        {"login": 1},
        {"login": ""},
        {"login": "octocat\n"},
        {"login": "<b>octocat</b>"},
        {"login": "o" * 101},
        {"login": f"it is {TOKEN}"},
    ],
)
def test_answer_without_a_user_is_a_warning(certificate: Path, body: Any) -> None:
    """What is no JSON object, is too long, or names nobody in a form fit to be shown leaves the login untold."""
    assert github(certificate, Reply(200, body)) == TokenFacts(
        warnings=("GitHub answered, but not with a user, so it is not known whose the token is.",)
    )


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (github_error(403, "Forbidden", {"X-RateLimit-Remaining": "0"}), "status 403 (its rate limit is used up)"),
        (github_error(403, "You have exceeded a secondary rate limit"), "status 403 (its rate limit is used up)"),
        (github_error(403, "Wait", {"Retry-After": "60", "X-OAuth-Scopes": ""}), "status 403 (its rate limit is used"),
        (github_error(429, "Slow down"), "status 429 (its rate limit is used up)"),
        (github_error(403, "Resource not accessible by integration"), "status 403 (the token may not ask whose it is"),
        (Reply(403, b"Forbidden"), "status 403 (the token may not ask whose it is"),
        (github_error(404, "Not Found"), "status 404 (it gave no reason"),
        (github_error(500, "Server Error"), "status 500 (it gave no reason"),
        (Reply(503, b"<html>"), "status 503 (it gave no reason"),
        (Reply(204), "status 204 (it gave no reason"),
        (Reply(301, headers={"Location": "https://localhost/user"}), "status 301 (a redirect, which is not followed"),
    ],
)
def test_answer_that_does_not_say_is_a_warning(certificate: Path, reply: Reply, hint: str) -> None:
    """Only a clear no is a failure: rate limits, other 403s, redirects and troubles of GitHub's are warnings."""
    facts = github(certificate, reply)
    [warning] = facts.warnings
    assert warning.startswith("GitHub did not say whether the token is valid: it answered ")
    assert hint in warning
    assert facts == TokenFacts(warnings=(warning,))


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


def test_forbidden_token_still_tells_its_scopes_and_end(certificate: Path) -> None:
    """What the headers of a 403 tell is told, next to the warning."""
    facts = github(
        certificate,
        Reply(
            403,
            {"message": "Forbidden", "login": "octocat"},
            {"X-OAuth-Scopes": "repo", "GitHub-Authentication-Token-Expiration": "2126-01-31 12:00:00 UTC"},
        ),
    )
    assert (facts.login, facts.expires_at, facts.scopes) == (None, "2126-01-31T12:00:00Z", ("repo",))
    assert len(facts.warnings) == 1


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
    with SilentServer() as port:
        facts = ask(certificate, ServerType.GITHUB, f"https://localhost:{port}", seconds=0.2)
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


@pytest.mark.parametrize(
    ("names", "login"),
    [
        ({"username": "someone", "nickname": "Some", "display_name": "Some One"}, "someone"),
        ({"nickname": "Some", "display_name": "Some One"}, "Some"),
        (
            {"display_name": "Ren\N{LATIN SMALL LETTER E WITH ACUTE} O'Neil"},
            "Ren\N{LATIN SMALL LETTER E WITH ACUTE} O'Neil",
        ),
        ({"username": TOKEN, "display_name": "Some One"}, "Some One"),
        ({}, None),
    ],
)
def test_bitbucket_tells_whose_the_token_is(certificate: Path, names: dict[str, str], login: str | None) -> None:
    """The user's name is the first of those Bitbucket gives that is fit to be shown."""
    scopes = "read:repository:bitbucket, read:user:bitbucket"
    facts = bitbucket(certificate, bitbucket_user(scopes=scopes, **names), username=EMAIL)
    assert facts.login == login
    assert facts.scopes == ("read:repository:bitbucket", "read:user:bitbucket")
    assert facts.expires_at is None
    assert bool(facts.warnings) == (login is None)


@pytest.mark.parametrize(
    ("username", "authorization"),
    [
        (None, BEARER),
        ("x-token-auth", BEARER),
        (EMAIL, basic(EMAIL, TOKEN)),
        (
            "jos\N{LATIN SMALL LETTER E WITH ACUTE}@example.com",
            basic("jos\N{LATIN SMALL LETTER E WITH ACUTE}@example.com", TOKEN),
        ),
    ],
)
def test_bitbucket_is_asked_as_the_token_needs(certificate: Path, username: str | None, authorization: str) -> None:
    """A token with a user name goes as Basic, an access token as Bearer, also under the user name it has with Git."""
    with GitProvider(certificate, {authorization: bitbucket_user(username="someone")}) as provider:
        facts = ask(certificate, ServerType.BITBUCKET, f"https://localhost:{provider.port}", username=username)
        [(path, headers)] = provider.requests
    assert facts == TokenFacts(login="someone")
    assert path == "/2.0/user"
    assert headers["accept"] == "application/json"
    assert "x-github-api-version" not in headers


def test_bitbucket_is_not_asked_with_a_user_name_for_git_alone() -> None:
    """The static user name of API tokens is Git's: the API would refuse a token that lives."""
    facts = ProviderTokenCheck().check(
        server_type=ServerType.BITBUCKET,
        token=Token(TOKEN),
        username="x-bitbucket-api-token-auth",
        server_url=None,
    )
    assert "the Username x-bitbucket-api-token-auth is for Git alone" in facts.warnings[0]


@pytest.mark.parametrize(
    ("username", "remedy"),
    [(None, "needs AuthType BASIC_AUTH"), (EMAIL, "Check that Username is the Atlassian account's e-mail address")],
)
def test_token_that_bitbucket_refuses_is_refused(certificate: Path, username: str | None, remedy: str) -> None:
    """Status 401 fails, and the reason tells what is most often wrong with such a token."""
    with GitProvider(certificate, {}) as provider, pytest.raises(TokenRefused) as refusal:
        ask(certificate, ServerType.BITBUCKET, f"https://localhost:{provider.port}", username=username)
    assert str(refusal.value).startswith("Token: Bitbucket refuses it (status 401): it is wrong, expired or revoked.")
    assert remedy in str(refusal.value)


@pytest.mark.parametrize(
    "reply",
    [
        bitbucket_error(403, RED_TAPE, {"x-oauth-scopes": "repository:write"}),
        bitbucket_error(401, RED_TAPE, {"x-oauth-scopes": "repository:write"}),
        bitbucket_error(
            403, "Forbidden", {"x-oauth-scopes": "repository:write", "x-credential-type": "repo_access_token"}
        ),
    ],
)
def test_access_token_of_no_user_lives(certificate: Path, reply: Reply) -> None:
    """The token of a repository, project or workspace may not ask whose it is, which is no reason to warn."""
    assert bitbucket(certificate, reply) == TokenFacts(scopes=("repository:write",))


def test_refused_access_token_of_no_user_is_refused(certificate: Path) -> None:
    """That Bitbucket knows a token's kind does not make the token live."""
    with pytest.raises(TokenRefused):
        bitbucket(certificate, bitbucket_error(401, "Token expired", {"x-credential-type": "repo_access_token"}))


@pytest.mark.parametrize("scopes", ["", "account", "write:repository:bitbucket"])
def test_bitbucket_token_that_cannot_read_is_a_warning(certificate: Path, scopes: str) -> None:
    """CodeBuild has to read repositories."""
    facts = bitbucket(certificate, bitbucket_user(scopes=scopes, username="someone"), username=EMAIL)
    assert facts.warnings == ("The token has no scope to read repositories, which CodeBuild needs.",)


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (bitbucket_error(403, "Your credentials lack one or more required privilege scopes."), "status 403 (the token"),
        (bitbucket_error(403, "Rate limit for this resource has been exceeded"), "status 403 (its rate limit"),
        (bitbucket_error(429, "Rate limit for this resource has been exceeded"), "status 429 (its rate limit"),
        (bitbucket_error(404, "Not found"), "status 404 (it gave no reason"),
        (Reply(500, b""), "status 500 (it gave no reason"),
        (Reply(302, headers={"Location": "https://bitbucket.org/"}), "status 302 (a redirect, which is not followed"),
    ],
)
def test_bitbucket_that_does_not_say_is_a_warning(certificate: Path, reply: Reply, hint: str) -> None:
    """Missing scopes, rate limits, redirects and troubles of Bitbucket's are warnings."""
    [warning] = bitbucket(certificate, reply, username=EMAIL).warnings
    assert warning.startswith("Bitbucket did not say whether the token is valid: it answered ")
    assert hint in warning


def test_a_server_url_that_is_not_on_the_list_is_refused_and_not_asked(certificate: Path) -> None:
    """With a list, only its hosts may be named; the reason names the parameter."""
    check = ProviderTokenCheck(server_url_hosts=["git.example.com"], ca_certs=str(certificate))
    with pytest.raises(InvalidRequest, match="the parameter ServerUrlHosts") as caught:
        check.check(
            server_type=ServerType.GITHUB_ENTERPRISE,
            token=Token(TOKEN),
            username=None,
            server_url="https://elsewhere.example.com",
        )
    assert TOKEN not in str(caught.value)
    facts = check.check(
        server_type=ServerType.GITHUB_ENTERPRISE,
        token=Token(TOKEN),
        username=None,
        server_url="https://GIT.example.com",
    )
    assert len(facts.warnings) == 1, "it may be asked, though here it has no address"
