"""Whom we trust over TLS: one context for all connectors, because loading the system's authorities takes 40 ms."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def trusted() -> ssl.SSLContext:
    """Certificates that the system's authorities vouch for, for the name that was asked for."""
    return ssl.create_default_context()


@functools.cache
def unverified() -> ssl.SSLContext:
    """Encryption with whoever answers: for mail relays where the operator has settled for that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
