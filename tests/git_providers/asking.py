"""How the tests ask a local server that answers as the Git providers document. Nothing leaves 127.0.0.1."""

import traceback
from pathlib import Path
from typing import Any

from local.git_provider import GitProvider, Reply, basic
from source_credential.errors import SourceCredentialError
from source_credential.git_providers.token_check import ProviderTokenCheck
from source_credential.model import ServerType, Token, TokenFacts

TOKEN = "ghp_0123456789abcdefABCDEF"
BEARER = f"Bearer {TOKEN}"
EMAIL = "someone@example.com"


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
