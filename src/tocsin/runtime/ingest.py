"""Accepting: the contract between a dialect's reader and the hot path that answers only after the commit.

Decides what a reader is given and what it returns. A reader is a pure function: it validates, finds the integration,
renders the vendor's answer, and names the log entries that must be durable before that answer may be sent. It never
waits, reads a clock, or touches a database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import Moment
from tocsin.storage.log import Entry, NewEntry

JSON_HEADERS: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


class Headers(Protocol):
    """The request's headers; names are lower case. Of a repeated header `get` gives the first value."""

    def get(self, key: str, default: None = None) -> str | None:
        """The header's value, None if there is none."""


class Posted(NamedTuple):
    """One POST, its body admitted: whole, inside the limits, decompressed, not nested too deep, not yet parsed."""

    path: str
    """The path as sent, percent-escapes decoded, without the query."""
    query: str
    """The raw query string, "" if there is none."""
    headers: Headers
    body: bytes
    now: Moment
    client: str
    """The peer's address without its port."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of a POST: entries to keep, and the answer to send once they are durable (at once if none).

    An answer of 2xx with no entries means that nothing was asked to be kept (an empty batch, say).
    """

    status: int
    body: bytes
    entries: tuple[NewEntry, ...] = ()
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS
    key_unknown: bool = False
    """The answer to a key that nobody has, as far as this process knows: where it can look again, it does first."""


class HotRoute(Protocol):
    """A dialect's side of a hot address. All methods are pure and fast.

    `read` is called in a thread of the server's, one request at a time: its speed is the speed of accepting.
    """

    body_limit: int
    """Bytes after decompression; see kernel.limits."""

    def turn_away(self, posted: Posted) -> Reading | None:
        """The answer to nobody's key, as far as path and headers tell: a stranger's body is not worth unpacking.

        The body is not there yet (b""). None: read on. Raises Unavailable.
        """

    def read(self, posted: Posted) -> Reading:
        """Entries and answer. Refusals are readings too (status 4xx, no entries); anything raised answers 500."""

    def refuse(self, error: TocsinError) -> Reading:
        """The vendor's envelope for a request that got no further; no entries.

        A `BodyRefused` (its `status` is one of 400, 408, 413, 415), TooMany (429; the caller adds Retry-After),
        Unavailable (503).
        """


@dataclass(frozen=True, slots=True)
class HotPath:
    """Which POST paths a route serves: exactly `prefix`, or, with `below`, what begins with it and ends with `suffix`.

    Such a prefix has exactly one path segment (`/hooks/`), which no other route may begin with.
    """

    prefix: str
    route: HotRoute
    below: bool = False
    suffix: str = ""


# Dialects have no business in storage; what they hand over and get back they take from here.
__all__ = ["JSON_HEADERS", "Entry", "Headers", "HotPath", "HotRoute", "NewEntry", "Posted", "Reading"]
