"""Who asks, and for which address, when reverse proxies stand in between: what of their word is believed.

Anybody can send X-Forwarded-For; only what a proxy of the operator's adds to it is true, and each adds at its end.
Everything that records or counts an address takes it from the request's `client`, which the bridge makes by this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network

HEADER: Final = "x-forwarded-for"
SCHEME: Final = "x-forwarded-proto"
HOST: Final = "x-forwarded-host"


def client_of(peer: str, forwarded: Iterable[str], trusted: Sequence[Network]) -> str:
    """The client's address: the peer's, unless that is a trusted proxy that says for whom it asks.

    `forwarded`: every X-Forwarded-For of the request in its order. Read from the right, past addresses that are
    trusted themselves; where all of them are, the first one asks. A value that is no address: the peer, for nothing
    to the left of it is known to be true either.
    """
    at = _address(peer)
    if at is None or not _within(at, trusted):
        return peer
    client = peer
    for text in reversed([part for line in forwarded for part in line.split(",")]):
        hop = _address(text.strip())
        if hop is None:
            return peer
        client = str(hop)
        if not _within(hop, trusted):
            break
    return client


def origin_of(peer: str, scheme: str, host: str, headers: Mapping[str, str], trusted: Sequence[Network]) -> str:
    """The address that the browser asked for, as the proxy that we talk to has it; "" where no trusted one asks.

    `headers`: X-Forwarded-Proto and X-Forwarded-Host of the request, where they are. Of several values the last one is
    that proxy's own.
    """
    at = _address(peer)
    if at is None or not _within(at, trusted):
        return ""
    told = headers.get(SCHEME, "").rpartition(",")[2].strip().lower() or scheme
    named = headers.get(HOST, "").rpartition(",")[2].strip() or host
    return f"{told}://{named}" if told in ("http", "https") and named else ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address; some proxies write the port with it: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
