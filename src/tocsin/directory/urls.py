"""Which URLs can be called at all, told from how they are written: what a person types is refused while they look.

Decides syntax only, strictly, so that no two programs can read one URL differently. Whom a name leads to, and whether
an address inside may be reached, is known only where it is called (`connectors/_kit/egress`): names change, and what
is allowed is a setting of the process that sends. So `http://10.1.2.3/` passes here.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from tocsin.kernel.wording import phrase

URL_CHARS = 2048

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_HOST_CHARS = 253
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


def url_problem(url: str) -> str:
    """Why nothing can ever be sent to this URL, to follow a colon; "" while it may be possible."""
    if not url or len(url) > URL_CHARS or _FORBIDDEN.search(url):
        return phrase("empty, too long, or holds blanks or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return phrase("its host or port can't be read")
    if parts.scheme not in ("http", "https"):
        return phrase("it must begin with https:// or http://")
    if "@" in parts.netloc:
        return phrase("a user name or password may not be part of it")
    if "#" in url:
        return phrase("it may not have a fragment (#)")
    if port == 0:
        return phrase("port 0 does not exist")
    return _written_host_problem(parts)


def without_credentials(url: str) -> tuple[str, str]:
    """The URL without user name and password, and those as `user:password` as they are written ("" = none)."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    credentials, at, host = authority.rpartition("@")
    return (f"{scheme}{mark}{host}{slash}{path}", credentials) if at else (url, "")


def host_problem(name: str) -> str:
    """What is wrong with a host's name in lower-case ASCII, without a trailing dot; "" if nothing."""
    if len(name) > _HOST_CHARS or not _HOST.fullmatch(name):
        return phrase("its host is not a valid name")
    if _NUMBER_LABEL.fullmatch(name.rpartition(".")[2]):
        try:  # 127.1, 0x7f000001, 2130706433: the C library would accept them
            IPv4Address(name)
        except ValueError:
            return phrase("write an IPv4 address as four decimal numbers")
    return ""


def _written_host_problem(parts: SplitResult) -> str:
    name = parts.hostname or ""
    if "[" in parts.netloc and ":" not in name:
        return phrase("brackets are for IPv6 addresses")
    if ":" in name:
        return _ipv6_problem(name)
    if not name.isascii():
        return ""  # whether it has an ASCII form takes tables that are not ours to carry: it is seen when it is called
    return host_problem(name.lower().removesuffix("."))


def _ipv6_problem(name: str) -> str:
    try:
        address = IPv6Address(name)
    except ValueError:
        return phrase("its IPv6 address can't be read")
    return "" if address.scope_id is None else phrase("an IPv6 zone may not be part of it")
