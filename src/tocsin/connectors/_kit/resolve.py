"""Names to addresses, within a time limit that the system's resolver does not keep. Never caches, never judges."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from queue import Empty, SimpleQueue
from typing import TypeAlias

IPAddress: TypeAlias = IPv4Address | IPv6Address
Lookup: TypeAlias = Callable[[str], Sequence[str]]
"""A host name to its addresses as text. Raises OSError when there are none."""


class NameFailed(OSError):
    """The name has no address, or nobody told us in time."""


def system_lookup(host: str) -> Sequence[str]:
    """All IPv4 and IPv6 addresses that the operating system knows, in its order of preference."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Resolver:
    """At most `at_once` look-ups run together, each in a thread of its own that nobody waits for longer than asked.

    A resolver that hangs (30 s is usual) thus costs one caller its time limit and never the whole program.
    """

    def __init__(self, lookup: Lookup = system_lookup, at_once: int = 16) -> None:
        self._lookup = lookup
        self._slots = threading.BoundedSemaphore(at_once)

    def resolve(self, host: str, seconds: float) -> tuple[IPAddress, ...]:
        """Every address of the host; an address written as text is its own answer. Raises NameFailed."""
        literal = _literal(host)
        if literal is not None:
            return (literal,)
        if not self._slots.acquire(blocking=False):
            raise NameFailed("too many name look-ups are waiting")
        answer: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()
        threading.Thread(target=self._ask, args=(host, answer), name="resolve", daemon=True).start()
        try:
            found = answer.get(timeout=seconds)
        except Empty:
            raise NameFailed("name look-up took too long") from None
        if isinstance(found, OSError):
            raise NameFailed("name not found") from found
        return tuple(ip_address(text) for text in found)

    def _ask(self, host: str, answer: SimpleQueue[Sequence[str] | OSError]) -> None:
        try:
            answer.put(self._lookup(host))
        except OSError as error:
            answer.put(error)
        except UnicodeError as error:  # a label that IDNA can't hold
            answer.put(OSError(str(error)))
        finally:
            self._slots.release()


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
