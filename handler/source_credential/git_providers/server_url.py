"""Where a ServerUrl may lead: it names a server and nothing else, and its addresses are checked before it is asked."""

import ipaddress
import re
from typing import Final, NamedTuple

from source_credential.errors import InvalidRequest

# Scheme and host, perhaps a port, and nothing else: no credentials, path, query or fragment.
_SERVER_URL = re.compile(
    r"(?i:https)://(?:\[(?P<address>[0-9A-Fa-f:.]{2,45})]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)
_HTTPS_PORT: Final = 443
_HIGHEST_PORT: Final = 65535

# What a template may reach when private addresses are allowed: private use, shared address space, loopback. Never
# link-local ones, where the instance metadata services are, nor their counterparts in fd00:ec2::/32.
# https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
# https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry.xhtml
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
_PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7", "::1")
)
_AWS_LINK_SERVICES: Final = ipaddress.ip_network("fd00:ec2::/32")

# IPv6 addresses that lead anywhere are of this block; of it, 6to4 leads to an IPv4 address that would need a check.
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_SIX_TO_FOUR: Final = ipaddress.ip_network("2002::/16")

# A network's NAT64 leads to the IPv4 address in the last four bytes: https://www.rfc-editor.org/rfc/rfc6052
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Server(NamedTuple):
    """Where a provider answers: a host's name or its address, without brackets, and a port."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTPS_PORT else f"{host}:{self.port}"


def parse_server_url(url: str) -> Server:
    """Return the server that an https URL without credentials, path, query and fragment names.

    Raises InvalidRequest, which does not repeat the URL: it might hold a password.
    """
    match = _SERVER_URL.fullmatch(url)
    port = int(match["port"] or _HTTPS_PORT) if match else 0
    if match is None or not 0 < port <= _HIGHEST_PORT:
        raise InvalidRequest(
            "ServerUrl",
            "is not the plain https URL of a server",
            "Give scheme and host only, and a port where it is not 443: https://github.example.com.",
        )
    return Server((match["address"] or match["name"]).lower(), port)


def check_address(text: str, *, allow_private: bool) -> None:
    """Check that an address which ServerUrl leads to may be asked. Raises InvalidRequest."""
    address = _destination(text)
    if _is_public(address):
        return
    if not any(address in network for network in _PRIVATE) or address in _AWS_LINK_SERVICES:
        raise InvalidRequest(
            "ServerUrl",
            "leads to a link-local, multicast or reserved address, where no server is ever asked",
            "Name a server of your own, or leave out VerifyToken.",
        )
    if not allow_private:
        raise InvalidRequest(
            "ServerUrl",
            "leads to a private address, and this provider asks public ones only",
            "Set the parameter AllowPrivateServerUrls of the provider's stack to true, or leave out VerifyToken.",
        )


def _destination(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address that packets end up at: the IPv4 one inside an IPv6 one, where there is one."""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    return isinstance(address, ipaddress.IPv4Address) or (address in _GLOBAL_UNICAST and address not in _SIX_TO_FOUR)
