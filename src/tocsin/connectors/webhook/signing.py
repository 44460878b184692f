"""Standard Webhooks signatures: webhook-id, webhook-timestamp, webhook-signature (v1, HMAC-SHA256). Never sends.

Signed is `id.timestamp.body`, over the exact bytes that travel. Several secrets give several signatures, so that a
receiver can change to a new secret without missing a message.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from tocsin.kernel.time import SECOND, Moment, Span

PREFIX = "whsec_"
TOLERANCE: Span = 300 * SECOND
"""How far a receiver should let the timestamp be from its own clock."""


def secret_keys(secrets: str) -> tuple[bytes, ...]:
    """The keys in secrets separated by blanks: `whsec_` and base64, or any text. Raises ValueError."""
    return tuple(_key(secret) for secret in secrets.split())


def sign(keys: tuple[bytes, ...], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the webhook-signature header; `timestamp` in whole seconds since the epoch."""
    return " ".join("v1," + _mac(key, message_id, timestamp, body) for key in keys)


def verify(keys: tuple[bytes, ...], message_id: str, timestamp: str, signature: str, body: bytes, now: Moment) -> bool:
    """Whether one of the signatures is by one of the keys and the timestamp is within `TOLERANCE` of `now`."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    seconds = int(timestamp)
    if abs(now - seconds * SECOND) > TOLERANCE:
        return False
    given = [part[3:].encode() for part in signature.split() if part.startswith("v1,")]
    expected = [_mac(key, message_id, seconds, body).encode() for key in keys]
    return any(hmac.compare_digest(one, other) for one in given for other in expected)


def _mac(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()  # a secret from another system: used as it is written
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the signing secret is not base64 after its prefix") from None
