"""Which mail servers may be reached when an owner named the server on a page (decision 0035). Never resolves names.

A relay in the company's own network, or on this machine, is usual for mail: inside, the ports of mail may be reached.
The machinery of clouds never, and what the operator names in TOCSIN_EGRESS_ALLOW on any port.
"""

from __future__ import annotations

from tocsin.connectors._kit.dial import Guard
from tocsin.connectors._kit.egress import EgressPolicy, is_inside, is_public
from tocsin.connectors._kit.resolve import IPAddress

PORTS = frozenset({25, 465, 587, 2525})
"""On which mail servers listen."""

_UNPRIVILEGED = 1024


def relay_guard(policy: EgressPolicy, port: int) -> Guard:
    """The guard for connections to this port of a mail server that an owner named."""

    def refusal(address: IPAddress) -> str:
        if policy.is_denied(address):
            return "this address is never connected to"
        if policy.is_allowed(address):
            return ""
        if is_inside(address):
            return "" if port in PORTS else f"port {port} of an internal address (see TOCSIN_EGRESS_ALLOW)"
        if not is_public(address):
            return "the name leads to an address that is nobody's mail server"
        return "" if port in PORTS or port >= _UNPRIVILEGED else f"port {port} is not for mail"

    return refusal
