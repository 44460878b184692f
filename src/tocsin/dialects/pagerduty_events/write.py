"""The answers to an event that was taken. Decides wording only; what was refused is worded in errors.py."""

from __future__ import annotations

from typing import Final

import msgspec

ALERT_TAKEN: Final = b'{"status":"success","message":"Event processed","dedup_key":'
INCIDENT_TAKEN: Final = b'{"status":"success","message":"Event processed","incident_key":'
CHANGE_TAKEN: Final = b'{"status":"success","message":"Change event processed"}'

_encode = msgspec.json.Encoder().encode


def with_key(head: bytes, key: str) -> bytes:
    """One of the two answers that name the alert's key."""
    return head + _encode(key) + b"}"
