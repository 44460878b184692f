"""Where we may connect when somebody other than the operator names the address (SSRF defence).

Decides which URLs are acceptable and which resolved addresses may be reached; the network access in `dial` asks it for
every address at the moment of connecting, so a name can't be checked as one address and used as another.
Provider addresses from the installation's own settings are the operator's choice and do not pass through here.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import quote, urlsplit

import idna

from tocsin.connectors._kit.contract import Reason
from tocsin.connectors._kit.failures import ExchangeFailed, refused
from tocsin.connectors._kit.resolve import IPAddress
from tocsin.directory.urls import host_problem, url_problem

Network: TypeAlias = IPv4Network | IPv6Network

_NEVER_PUBLIC: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "100.64.0.0/10",  # carrier-grade NAT
        "169.254.0.0/16",  # link-local; 169.254.169.254 hands out cloud credentials
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarking
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/96",  # unspecified, loopback, the old IPv4-compatible form
        "64:ff9b:1::/48",  # NAT64 into a private network
        "100::/64",  # discard
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4 wraps an IPv4 address
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # private
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, withdrawn but routed in places
        "ff00::/8",  # multicast
    )
)
"""On top of what `is_global` refuses: the standard library's answer has changed between patch releases."""

MACHINERY: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, where clouds hand out credentials
        "fe80::/10",
        "fd00:ec2::/32",  # the same by IPv6 at Amazon,
        "fd20:ce::/32",  # at Google,
        "100.100.100.200/32",  # at Alibaba,
        "168.63.129.16/32",  # at Azure, in the middle of the public Internet,
        "192.0.0.192/32",  # at Oracle
        "224.0.0.0/4",
        "240.0.0.0/4",
        "ff00::/8",
    )
)
"""What is no company's server, wherever it runs: `deny` it where somebody types addresses on a page."""

_INSIDE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # also what meshes of companies use
        "127.0.0.0/8",
        "::1/128",
        "fc00::/7",
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
_USUAL_PORTS = frozenset({80, 443, 8080, 8443})
_UNPRIVILEGED = 1024


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What may be reached besides the public Internet over https. The operator sets it, never a team."""

    allow: tuple[Network, ...] = ()  # internal networks that are legitimate targets, by http too and on any port
    deny: tuple[Network, ...] = ()  # never, whatever else is said: the database, our own addresses
    plain_http: bool = False  # public targets without encryption

    def is_denied(self, address: IPAddress) -> bool:
        """Whether it may never be reached, however it is written."""
        return _within(_effective(address), self.deny)

    def is_allowed(self, address: IPAddress) -> bool:
        """Whether it lies in a network that the operator named, and in none that is never reached."""
        return _within(_effective(address), self.allow) and not self.is_denied(address)

    def refusal(self, address: IPAddress, port: int, *, encrypted: bool) -> str:
        """Why this address may not be connected to; "" = it may."""
        address = _effective(address)
        if _within(address, self.deny):
            return "this address is blocked by a setting"
        if _within(address, self.allow):
            return ""
        if not is_public(address):
            return "the name leads to an internal address"
        if not encrypted and not self.plain_http:
            return "public addresses need https"
        if port not in _USUAL_PORTS and port < _UNPRIVILEGED:
            return f"port {port} is not for HTTP"
        return ""


def is_public(address: IPAddress) -> bool:
    """Whether it is an address of the public Internet."""
    address = _effective(address)
    return address.is_global and not _within(address, _NEVER_PUBLIC)


def is_inside(address: IPAddress) -> bool:
    """Whether it is this machine, or one of a company's own networks."""
    return _within(_effective(address), _INSIDE)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that has been read once: nothing downstream parses it again."""

    scheme: str  # "http" or "https"
    host: str  # lower-case ASCII, no trailing dot, IPv6 without brackets
    port: int
    path: str  # with query, percent-encoded, begins with "/"

    @property
    def encrypted(self) -> bool:
        """Whether TLS is used."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as in a Host header; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _default_port(self.scheme) else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Read a URL strictly. Raises ExchangeFailed (REFUSED, EGRESS) with a sentence that says what is wrong."""
    problem = url_problem(url)
    if problem:
        raise _bad(problem)
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=-._~?") if parts.query else ""
    return Target(parts.scheme, _host(parts.hostname or ""), parts.port or _default_port(parts.scheme), path + query)


def _host(name: str) -> str:
    """The host in its one canonical form. Raises ExchangeFailed for anything that resolvers might read differently."""
    if ":" in name:
        return str(IPv6Address(name))
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise _bad("its host is not a valid international name") from None
    name = name.lower().removesuffix(".")
    problem = host_problem(name)  # of the ASCII form, which an international name has only now
    if problem:
        raise _bad(problem)
    return name


def _effective(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 one, where the network would unwrap it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            inner = ip_address(int(address) & 0xFFFFFFFF)
            return inner if isinstance(inner, IPv4Address) else address
    return address


def _within(address: IPAddress, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _bad(why: str) -> ExchangeFailed:
    return refused(Reason.EGRESS, f"the URL is not acceptable: {why}")
