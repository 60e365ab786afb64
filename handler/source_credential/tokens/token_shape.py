"""What tokens look like, and what surely is none: told from the text alone, of which nothing is ever repeated.

What is surely wrong is refused before it replaces a token that works; what is only unusual is warned of. Whether a
token lives, only its provider knows.
"""

import re
from typing import Final, NamedTuple

from source_credential.errors import InvalidRequest
from source_credential.model import ServerType

# What may stand in an HTTP header as a bearer token: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
_TOKEN: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9._~+/-]+=*")  # an ellipsis is a token that somebody has shortened

_STORE_THE_TOKEN: Final = "Store the token alone, as its provider showed it."  # noqa: S105 - no token, a remedy


class _Mistake(NamedTuple):
    """Something that is stored in a token's place: how it begins, and what it is."""

    beginning: re.Pattern[str]
    name: str


_MISTAKES: Final = tuple(
    _Mistake(re.compile(beginning, re.IGNORECASE | re.DOTALL), name)
    for beginning, name in (
        (r"arn:|\{\{resolve:|\$\{|!\w+\s|Fn::|AWS::|ssm(-secure)?:|/aws/reference/", "a reference of AWS's"),
        (r"(AKIA|ASIA)[A-Z0-9]{16}$", "the id of an AWS access key"),  # API_GetAccessKeyInfo of STS
        (r"[a-z][a-z0-9+.-]*://", "a URL"),
        (r"-----BEGIN ", "a key or a certificate"),
        (r"(proxy-)?authorization\s*:|(bearer|token|basic)\s+[^\s=]", "a header"),
        (r"[^\"'{\[]*=+\s*[^\s=]", "an assignment, NAME=value,"),
        (r"([\"']).*\1$", "a text in quotation marks"),
        (r"[\[{\"]|(-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?|true|false|null|none|undefined)$", "JSON that is not an object"),
        (r".*[^\x00-\x7f]", "characters that are not printable ASCII"),  # curly quotes, the bullets of a masked value
        (r"[^\s:]*:", "a user name and a token, joined by a colon,"),
        (r"[^\s@]+@[^\s@]+\.[^\s@]+$", "an e-mail address"),
        (r"(\S)\1+$", "a mask"),
        (r".*[\s\x00-\x1f\x7f]", "white space or control characters inside"),
        (r"", "something that no token looks like"),
    )
)


class _Family(NamedTuple):
    """The tokens with a beginning that their provider documents.

    rest: what follows it. server_types, auth_types: what they are for. remedy: how to use what is for this server type
    by another auth type. warning: what a stack's owner should know all the same.
    """

    beginning: re.Pattern[str]
    rest: re.Pattern[str]
    name: str
    server_types: tuple[ServerType, ...] = ()
    auth_types: tuple[str, ...] = ()
    remedy: str = ""
    warning: str = ""


# Of what follows a beginning the providers say that it may change.
_REST: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9._-]+")
_ATLASSIANS_REST: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9._=+/-]+")  # a checksum follows =
_GITHUB: Final = (ServerType.GITHUB, ServerType.GITHUB_ENTERPRISE)
_BITBUCKET: Final = (ServerType.BITBUCKET,)
# What a secret that CodeBuild reads itself may say, too: the console makes such secrets.
_BEARER: Final = ("PERSONAL_ACCESS_TOKEN", "OAUTH")
_GITHUB_LOGIN: Final = "Use AuthType PERSONAL_ACCESS_TOKEN."

# GitHub: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
# and, for the lifetimes, .../token-expiration-and-revocation; before April 2021 tokens were 40 hexadecimal digits:
# https://github.blog/changelog/2021-03-31-authentication-token-format-updates-are-generally-available
# GitLab, whose instances may put a beginning of their own before it: https://docs.gitlab.com/security/tokens/
# Atlassian, of which people of Atlassian name the first four letters: https://community.atlassian.com,
# "Can we confirm BitBucket's token prefixes", qaq-p/3093481. Which auth type takes which:
# https://docs.aws.amazon.com/codebuild/latest/userguide/access-tokens-bitbucket.html
_FAMILIES: Final = (
    _Family(re.compile(r"gh[po]_|github_pat_"), _REST, "a GitHub token", _GITHUB, _BEARER, _GITHUB_LOGIN),
    _Family(
        re.compile(r"gh[su]_"),
        _REST,
        "a GitHub App's token",
        _GITHUB,
        _BEARER,
        _GITHUB_LOGIN,
        "The token is a GitHub App's, which lives for hours only: builds fail when it has expired. A connection "
        "(AuthType CODECONNECTIONS) does not expire.",
    ),
    _Family(re.compile(r"ghr_"), _REST, "a GitHub refresh token, which opens nothing"),
    _Family(
        re.compile(r"(?=[0-9a-f]{40}$)"),
        _REST,
        "a token of GitHub's old form",
        tuple(ServerType),
        (*_BEARER, "BASIC_AUTH"),
        warning="The token has the form that GitHub's had before April 2021; of a new one more could be told.",
    ),
    _Family(
        re.compile(r"([\w.-]+-)?gl(pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|wt|soat|ffct)-|GR1348941|_gitlab_session="),
        _REST,
        "a GitLab token, and GitLab goes through a connection (AuthType CODECONNECTIONS)",
    ),
    _Family(
        re.compile(r"ATAT"),
        _ATLASSIANS_REST,
        "an Atlassian API token",
        _BITBUCKET,
        ("BASIC_AUTH",),
        "Use AuthType BASIC_AUTH, with the Atlassian account's e-mail address as Username.",
    ),
    _Family(
        re.compile(r"ATBB"),
        _ATLASSIANS_REST,
        "a Bitbucket app password",
        _BITBUCKET,
        ("BASIC_AUTH",),
        "App passwords ended on 28 July 2026: make an API token, and use AuthType BASIC_AUTH with the Atlassian "
        "account's e-mail address as Username.",
        "The token is a Bitbucket app password, and these ended on 28 July 2026: make an API token.",
    ),
    _Family(re.compile(r"ATCT"), _ATLASSIANS_REST, "a Bitbucket access token", _BITBUCKET, (*_BEARER, "BASIC_AUTH")),
)


def begins_like_token(text: str) -> bool:
    """Tell whether a text begins as a provider documents it for its tokens."""
    return _family_of(text) is not None


def check_shape(text: str, what: str, *, server_type: ServerType, auth_type: str) -> tuple[str, ...]:
    """Check that a text may be a token of the server type and auth type; return warnings, whole sentences.

    text: without white space around it. what: the secret it stands in. auth_type: also one that a secret for CodeBuild
    itself may say. Raises InvalidRequest, which names the kind of mistake and repeats nothing of the text.
    """
    family = _family_of(text)
    mistake = next(mistake for mistake in _MISTAKES if mistake.beginning.match(text))
    if family is None:
        is_possible = _TOKEN.fullmatch(text) is not None and mistake is _MISTAKES[-1]
    else:
        is_possible = family.rest.fullmatch(family.beginning.sub("", text, count=1)) is not None
    if not is_possible:
        raise InvalidRequest(what, f"holds {mistake.name} where a token should be", _STORE_THE_TOKEN)
    if family is None:
        return (f"The token begins like none that is documented for ServerType {server_type}.",)
    if server_type not in family.server_types:
        raise InvalidRequest(
            what,
            f"holds {family.name}, where ServerType {server_type} needs another one",
            "Name the secret that belongs to this server type, or store its token.",
        )
    if auth_type not in family.auth_types:
        raise InvalidRequest(what, f"holds {family.name}, which is not for AuthType {auth_type}", family.remedy)
    return (family.warning,) if family.warning else ()


def _family_of(text: str) -> _Family | None:
    return next((family for family in _FAMILIES if family.beginning.match(text)), None)
