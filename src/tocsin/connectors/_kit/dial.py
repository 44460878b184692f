"""The one place where connectors open a TCP connection: resolve, ask the guard about every address, connect.

Never resolves a second time: the address that was vetted is the address that is connected to.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import TypeAlias

from tocsin.connectors._kit.contract import Reason
from tocsin.connectors._kit.deadline import Deadline, DeadlinePassed
from tocsin.connectors._kit.failures import not_sent, refused
from tocsin.connectors._kit.resolve import IPAddress, NameFailed, Resolver

Guard: TypeAlias = Callable[[IPAddress], str]
"""Why an address may not be connected to; "" = it may."""


def operator_chosen(_address: IPAddress) -> str:
    """The guard for hosts that stand in the installation's own settings: everything is allowed."""
    return ""


def dial(host: str, port: int, *, resolver: Resolver, guard: Guard, deadline: Deadline) -> socket.socket:
    """A connected socket. Raises ExchangeFailed: RETRY when the network fails, REFUSED when the guard says no.

    One forbidden address among several refuses them all: an honest name has no reason to mix.
    """
    addresses = _resolve(host, resolver, deadline)
    for address in addresses:
        why = guard(address)
        if why:
            raise refused(Reason.EGRESS, f"not connected: {why}")
    return _connect(addresses, port, deadline)


def _resolve(host: str, resolver: Resolver, deadline: Deadline) -> Sequence[IPAddress]:
    try:
        step = deadline.step()
        if _search_list_applies(host):
            # Rooted first: then the resolver's search list can't turn an outside name into an inside one.
            try:
                return resolver.resolve(host + ".", step.remaining())
            except NameFailed:
                pass  # names from /etc/hosts have no rooted form
        return resolver.resolve(host, step.remaining())
    except (NameFailed, DeadlinePassed) as error:
        raise not_sent(Reason.NETWORK, f"no connection: {error}") from None


def _search_list_applies(host: str) -> bool:
    return "." in host and not host.rpartition(".")[2].isdigit()


def _connect(addresses: Sequence[IPAddress], port: int, deadline: Deadline) -> socket.socket:
    trouble = "no address"
    try:
        step = deadline.step()
        for tried, address in enumerate(addresses):
            seconds = step.remaining() / (len(addresses) - tried)  # each address gets a fair share of what is left
            connection, trouble = _try(address, port, seconds)
            if connection is not None:
                return connection
    except DeadlinePassed as error:
        trouble = str(error)
    raise not_sent(Reason.NETWORK, f"no connection: {trouble}")


def _try(address: IPAddress, port: int, seconds: float) -> tuple[socket.socket | None, str]:
    try:
        connection = socket.create_connection((str(address), port), timeout=seconds)
    except TimeoutError:
        return None, "took too long"
    except OSError as error:
        return None, (error.strerror or "failed").lower()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection, ""
