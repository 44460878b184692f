"""Whether TOCSIN_PUBLIC_URL is the address that people use: seen at the first request of somebody who is signed in.

Decides what counts as another address. What a request says of its own address is shown to people and used for nothing
else: no link, no cookie and no permission rests on it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from tocsin.kernel.time import Moment
from tocsin.web.guard import is_this_machine

SEEN: Final = "tocsin.seen_origin"
"""The key in a request's scope under which trusted proxies' word on the address stands, where there is any."""

_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9a-f:.]{2,45}\](:[0-9]{1,5})?")
_DEFAULT: Final = {"https": ":443", "http": ":80"}
_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """An address that somebody used and that is not the one that is set ("" = none is)."""

    origin: str
    setting: str
    user_id: str
    at: Moment


class Addresses:
    """The other addresses that were used since this process began, the first request of each."""

    def __init__(self, told: Callable[[Seen], None] = lambda _seen: None) -> None:
        """`told` hears of each once."""
        self._told = told
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}

    def note(self, seen: Seen) -> None:
        """Somebody came by this address."""
        with self._lock:
            if seen.origin in self._seen or len(self._seen) >= _KEPT:
                return
            self._seen[seen.origin] = seen
        self._told(seen)

    def others(self) -> tuple[Seen, ...]:
        """All that are kept, the first first."""
        with self._lock:
            return tuple(self._seen.values())


def normal(address: str) -> str:
    """Scheme and host of an address in one form: small letters, no port that goes without saying, no path."""
    try:
        parts = urlsplit(address.strip().lower())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme}://{host.removesuffix(_DEFAULT.get(parts.scheme, ' '))}" if host else ""


def origin_of(request: Request) -> str:
    """The address as the browser of this request has it, as far as we can know; "" for one that makes no sense.

    Behind a proxy that ends TLS and is not trusted, browsers still say that their line is safe: they send Sec-Fetch-*
    on https only, and to this machine.
    """
    told = request.scope.get(SEEN, "")
    if told:
        return normal(told) if _HOST.fullmatch(urlsplit(told).netloc.lower()) else ""
    host = request.headers.get("host", "").lower()
    if not _HOST.fullmatch(host):
        return ""
    scheme = request.url.scheme
    if scheme == "http" and "sec-fetch-site" in request.headers and not is_this_machine(_name(host)):
        scheme = "https"
    return normal(f"{scheme}://{host}")


def _name(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def other_origin(request: Request, public_url: str) -> str:
    """The address of this request where it is not the one that is set, "" where all is well.

    Whoever comes by this machine's own name tunnels, or tries it out: that says nothing about what people use.
    """
    seen = origin_of(request)
    if not seen or is_this_machine(_name(urlsplit(seen).netloc)):
        return ""
    return seen if seen != normal(public_url) else ""
