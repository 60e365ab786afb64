"""How GitHub, GitHub Enterprise and Bitbucket are asked whether a token lives, and what their answers say of it.

Only a clear no makes a failure, every other doubt makes a warning. No warning and no exception holds the token, nor
anything the provider wrote. A login and scopes are told only where they look like one, and do not repeat the token.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, NamedTuple

from source_credential.errors import TokenRefused
from source_credential.git_providers.server_url import Server
from source_credential.model import ServerType, Token, TokenFacts

API_URLS: Final = {ServerType.GITHUB: "https://api.github.com", ServerType.BITBUCKET: "https://api.bitbucket.org"}

# Bitbucket's user names for Git, the same for everybody: of API tokens, and of access tokens.
API_TOKEN_GIT_USERNAME: Final = "x-bitbucket-api-token-auth"  # noqa: S105 - a user name
_ACCESS_TOKEN_GIT_USERNAME: Final = "x-token-auth"  # noqa: S105 - a user name

# Bitbucket's kinds of tokens that belong to no user.
_OF_NO_USER: Final = frozenset(("repo_access_token", "project_access_token", "workspace_access_token"))

# Of Bitbucket's scopes, those which let a token read a repository, by themselves or because they imply it:
# https://developer.atlassian.com/cloud/bitbucket/bitbucket-cloud-rest-api-scopes/
_BITBUCKET_READ_SCOPES: Final = frozenset(
    ("repository", "repository:write", "pullrequest", "pullrequest:write", "read:repository:bitbucket")
)

# The offset is a name or a number, both were seen: https://github.com/google/go-github/pull/2650
_EXPIRY_HEADER: Final = "github-authentication-token-expiration"
_EXPIRY_FORMAT: Final = "%Y-%m-%d %H:%M:%S %z"

_SCOPE = re.compile(r"[A-Za-z][A-Za-z_]*(?::[A-Za-z_]+){0,3}")
_LOGIN = re.compile(r"\w[\w .@+'\[\]-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and of whom. The headers hold the token, so they are left out of the repr.

    provider: how a person calls it. remedy: what to do when it refuses the token. by_user: a template named the
    server, so its addresses are checked.
    """

    provider: str
    server: Server
    path: str
    headers: Mapping[str, str] = field(repr=False)
    remedy: str
    by_user: bool = False


class Answer(NamedTuple):
    """A provider's answer. The headers' names are in lower case; the body is empty when it was too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# --- Questions ---------------------------------------------------------------------------------------------------


def github_question(server: Server, token: Token) -> Question:
    """Return the question for GitHub. It rejects a request without User-Agent.

    https://docs.github.com/en/rest/users/users#get-the-authenticated-user
    https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#user-agent-required
    """
    return Question(
        provider="GitHub",
        server=server,
        path="/user",
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": _bearer(token),
            "X-GitHub-Api-Version": "2022-11-28",
        },
        remedy="Create a new token at GitHub and store it in the secret.",
    )


def enterprise_question(server: Server, token: Token) -> Question:
    """Return the question for the GitHub at ServerUrl.

    A GitHub Enterprise Server has its API below /api/v3, GitHub Enterprise Cloud with data residency at a host of its
    own, api.SUBDOMAIN.ghe.com.

    https://docs.github.com/en/enterprise-server@latest/rest/users/users#get-the-authenticated-user
    https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/about-github-enterprise-cloud-with-data-residency#api-access
    """
    path = "/api/v3/user"
    if server.host.endswith(".ghe.com"):
        server = server._replace(host=f"api.{server.host.removeprefix('api.')}")
        path = "/user"
    return replace(
        github_question(server, token),
        provider="GitHub Enterprise",
        path=path,
        remedy="Create a new token at the GitHub that ServerUrl names and store it in the secret.",
        by_user=True,
    )


def bitbucket_question(server: Server, token: Token, username: str | None) -> Question:
    """Return the question for Bitbucket Cloud.

    An API token goes with the Atlassian account's e-mail address, as a password. The access token of a repository, a
    project or a workspace goes alone; with Git its user name is x-token-auth, which the API does not take.

    https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get
    https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
    https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/
    """
    if username is None or username == _ACCESS_TOKEN_GIT_USERNAME:
        authorization = _bearer(token)
        remedy = (
            "Create a new access token and store it in the secret. An Atlassian API token needs AuthType BASIC_AUTH "
            "and the account's e-mail address as Username."
        )
    else:
        authorization = "Basic " + base64.b64encode(f"{username}:{token.reveal()}".encode()).decode("ascii")
        remedy = (
            "Check that Username is the Atlassian account's e-mail address and that the API token has Bitbucket's "
            "scopes, or create a new one and store it in the secret. App passwords are no longer valid."
        )
    return Question(
        provider="Bitbucket",
        server=server,
        path="/2.0/user",
        headers={"Accept": "application/json", "Authorization": authorization},
        remedy=remedy,
    )


def _bearer(token: Token) -> str:
    """Return the value of the Authorization header. Its bytes are UTF-8, given as the Latin-1 that is sent."""
    return f"Bearer {token.reveal()}".encode().decode("latin-1")


# --- Answers -----------------------------------------------------------------------------------------------------


def read_github(question: Question, answer: Answer, token: Token) -> TokenFacts:
    """Return what GitHub told. Raises TokenRefused for status 401, and for a token that has expired.

    Status 403 refuses no token: GitHub has it for rate limits, for too many bad logins of the same user, for single
    sign-on, for tokens of apps. CodeBuild needs the scope repo of a classic token, which includes the repositories'
    webhooks; a fine-grained token tells no scopes.

    https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    https://docs.aws.amazon.com/codebuild/latest/userguide/access-tokens-github.html
    https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/
    """
    _check_not_refused(question, answer)
    if not _tells_of_token(answer):
        return TokenFacts(warnings=(_doubt(question, answer),))
    expiry = _expiry(answer)
    expires_at = expiry.strftime("%Y-%m-%dT%H:%M:%SZ") if expiry else None
    if expiry and expiry <= datetime.now(UTC):
        raise TokenRefused("Token", f"expired on {expires_at}, as {question.provider} says", question.remedy)
    scopes = _scopes(answer, token)
    login = _login(answer, token, "login")
    warnings = []
    if scopes is not None and "repo" not in scopes:
        warnings.append(
            "The token lacks the scope repo, which CodeBuild needs for private repositories, webhooks and commit "
            "statuses."
        )
    if login is None:
        warnings.append(_doubt(question, answer))
    return TokenFacts(login=login, expires_at=expires_at, scopes=scopes, warnings=tuple(warnings))


def read_bitbucket(question: Question, answer: Answer, token: Token) -> TokenFacts:
    """Return what Bitbucket told. Raises TokenRefused for status 401.

    The access token of a repository, a project or a workspace lives although it may not ask for its user: Bitbucket
    says so, with status 403, and tells its scopes. CodeBuild needs to read repositories.

    https://support.atlassian.com/bitbucket-cloud/kb/this-api-is-not-accessible-by-this-authentication-mechanism/
    https://support.atlassian.com/bitbucket-cloud/kb/how-to-fetch-the-scope-of-a-token-via-command-line/
    https://docs.aws.amazon.com/codebuild/latest/userguide/access-tokens-bitbucket.html
    """
    of_no_user = _is_token_of_no_user(answer)
    if not of_no_user:
        _check_not_refused(question, answer)
        if not _tells_of_token(answer):
            return TokenFacts(warnings=(_doubt(question, answer),))
    scopes = _scopes(answer, token)
    # Which of these a user has depends on the user's settings; display_name is the one that is documented.
    login = _login(answer, token, "username", "nickname", "display_name")
    warnings = []
    if scopes is not None and not _BITBUCKET_READ_SCOPES.intersection(scopes):
        warnings.append("The token has no scope to read repositories, which CodeBuild needs.")
    if login is None and not of_no_user:
        warnings.append(_doubt(question, answer))
    return TokenFacts(login=login, scopes=scopes, warnings=tuple(warnings))


def _check_not_refused(question: Question, answer: Answer) -> None:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise TokenRefused(
            "Token", f"{question.provider} refuses it (status 401): it is wrong, expired or revoked", question.remedy
        )


def _tells_of_token(answer: Answer) -> bool:
    """Tell whether the answer's headers are about the token, as they are with status 403 too."""
    return answer.status in {HTTPStatus.OK, HTTPStatus.FORBIDDEN} and not _is_rate_limited(answer)


def _doubt(question: Question, answer: Answer) -> str:
    """Return a warning in place of the user that an answer does not tell."""
    if answer.status == HTTPStatus.OK:
        return f"{question.provider} answered, but not with a user, so it is not known whose the token is."
    if _is_rate_limited(answer):
        hint = "its rate limit is used up"
    elif HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        final = "ServerUrl answers with a redirect: set it to the final address"
        hint = final if question.by_user else "a redirect, which is not followed with a token"
    elif answer.status == HTTPStatus.FORBIDDEN:
        hint = "the token may not ask whose it is, or its user, organisation or network is kept out"
    elif answer.status == HTTPStatus.NOT_FOUND and question.by_user:
        hint = "there is no API of GitHub's at ServerUrl"
    else:
        hint = "it gave no reason that is known here"
    return f"{question.provider} did not say whether the token is valid: it answered status {answer.status} ({hint})."


def _is_rate_limited(answer: Answer) -> bool:
    """Tell whether a rate limit is why there is no answer.

    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#rate-limit-errors
    https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/
    """
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS or (
        answer.status == HTTPStatus.FORBIDDEN
        and (
            "retry-after" in answer.headers
            or answer.headers.get("x-ratelimit-remaining") == "0"
            or "rate limit" in _message(answer)
        )
    )


def _is_token_of_no_user(answer: Answer) -> bool:
    """Tell whether Bitbucket knows the token, as one that belongs to no user."""
    return answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and (
        "not accessible by this authentication mechanism" in _message(answer)
        or (answer.status == HTTPStatus.FORBIDDEN and answer.headers.get("x-credential-type") in _OF_NO_USER)
    )


def _document(answer: Answer) -> Mapping[str, object]:
    """Return the members of the body, none when it is no JSON object."""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _message(answer: Answer) -> str:
    """Return what an error says, to look for known words in: `message`, which Bitbucket has inside `error`."""
    document = _document(answer)
    error = document.get("error")
    return str((error if isinstance(error, dict) else document).get("message", "")).lower()


def _expiry(answer: Answer) -> datetime | None:
    text = answer.headers.get(_EXPIRY_HEADER, "").strip()
    try:
        return datetime.strptime(re.sub(r" (UTC|GMT)$", " +0000", text), _EXPIRY_FORMAT).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _scopes(answer: Answer, token: Token) -> tuple[str, ...] | None:
    """Return the scopes, None when none are told: an empty header says that the token has none."""
    header = answer.headers.get("x-oauth-scopes")
    if header is None:
        return None
    return tuple(scope for scope in map(str.strip, header.split(",")) if _is_fit(_SCOPE, scope, token))


def _login(answer: Answer, token: Token, *names: str) -> str | None:
    """Return whose the token is: of a user's members of those names, the first that is fit to be shown."""
    user = _document(answer) if answer.status == HTTPStatus.OK else {}
    return next((str(user[name]) for name in names if _is_fit(_LOGIN, user.get(name), token)), None)


def _is_fit(pattern: re.Pattern[str], value: object, token: Token) -> bool:
    """Tell whether a server's text may be shown: it has the form expected, and does not repeat the token."""
    return isinstance(value, str) and pattern.fullmatch(value) is not None and token.reveal() not in value
