"""What a ServerUrl may be, and which addresses it may lead to."""

import pytest

from source_credential.errors import InvalidRequest
from source_credential.git_providers.server_url import check_address, parse_server_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "http://localhost",
        "ftp://localhost",
        "https://",
        "https:///user",
        "https://user:password@localhost",
        "https://localhost@example.com",
        "https://localhost/api/v3",
        "https://localhost//",
        "https://localhost?x=1",
        "https://localhost#x",
        "https://localhost:",
        "https://localhost:0",
        "https://localhost:65536",
        "https://localhost\n",
        " https://localhost",
        "https://local host",
        "https://-localhost",
        "https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
        "https://[::1",
        "https://[localhost]",
    ],
)
def test_bad_server_url_is_refused(url: str) -> None:
    """Anything but scheme, host and port is refused, and not repeated: it might hold a password."""
    with pytest.raises(InvalidRequest, match=r"^ServerUrl: is not the plain https URL of a server\.") as refusal:
        parse_server_url(url)
    assert "password" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://git.example.com", "git.example.com"),
        ("HTTPS://git.example.com:443/", "git.example.com"),
        ("https://git.example.com:8443", "git.example.com:8443"),
        ("https://[2001:DB8::1]", "[2001:db8::1]"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_good_server_url_names_a_server(url: str, authority: str) -> None:
    """The Host header has the port where it is not 443, and an IPv6 address in brackets."""
    assert parse_server_url(url).authority == authority


PUBLIC = ["8.8.8.8", "140.82.121.6", "2606:50c0:8000::64", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.1.2.3",
    "::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
]
NEVER = [
    "169.254.169.254",
    "169.254.170.2",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "::",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "ff0e::1",
    "2001:db8::1",
    "2001::1",
    "2002:a00:1::",
    "2002:808:808::",
    "64:ff9b:1::1",
    "::10.0.0.1",
    "fec0::1",
]


@pytest.mark.parametrize("allow_private", [False, True])
@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE, *NEVER])
def test_address_policy(address: str, *, allow_private: bool) -> None:
    """Public addresses may be asked, private ones when that is allowed, link-local and reserved ones never."""
    if address in PUBLIC or (address in PRIVATE and allow_private):
        check_address(address, allow_private=allow_private)
        return
    problem = "private" if address in PRIVATE else "link-local, multicast or reserved"
    with pytest.raises(InvalidRequest, match=rf"^ServerUrl: leads to a {problem} address") as refusal:
        check_address(address, allow_private=allow_private)
    assert ("AllowPrivateServerUrls" in str(refusal.value)) == (address in PRIVATE)
