"""What GitHub's answers say of a token."""

from pathlib import Path
from typing import Any

import pytest

from local.git_provider import GitProvider, Reply, github_error, github_user
from source_credential.errors import SourceCredentialError, TokenRefused
from source_credential.model import ServerType, TokenFacts
from tests.git_providers.asking import BEARER, TOKEN, ask, github


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
