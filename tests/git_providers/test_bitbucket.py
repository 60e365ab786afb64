"""What Bitbucket's answers say of a token."""

from pathlib import Path

import pytest

from local.git_provider import GitProvider, Reply, basic, bitbucket_error, bitbucket_user
from source_credential.errors import TokenRefused
from source_credential.git_providers.token_check import ProviderTokenCheck
from source_credential.model import ServerType, Token, TokenFacts
from tests.git_providers.asking import BEARER, EMAIL, TOKEN, ask, bitbucket

RED_TAPE = "This API is not accessible by this authentication mechanism"


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
