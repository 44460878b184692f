"""Where the phone provider calls us: one path per kind of callback, each naming its message by a signed token.

Decides addresses only; the routes that answer there are wired in `app`.
"""

from __future__ import annotations

from urllib.parse import quote

INBOUND_TEXT = "/twilio/sms"
"""Texts that people send us. To be entered at the provider, by hand, once."""

VOICE = "/twilio/voice/{token}"
"""What a call says: asked for when somebody picks up, and again (`?n=2`, `?n=3`) for each further round."""

DIGITS = "/twilio/voice/{token}/digits"
"""Keys pressed in a call."""

STATUS = "/twilio/status/{token}"
"""How a text or a call is getting on."""


def voice_url(public_url: str, token: str, turn: int = 1) -> str:
    """Where the call's words are, for its `turn`-th round."""
    return _at(public_url, VOICE, token) + (f"?n={turn}" if turn > 1 else "")


def digits_url(public_url: str, token: str, turn: int = 1) -> str:
    """Where a pressed key goes; `turn` says in which round it was pressed."""
    return _at(public_url, DIGITS, token) + (f"?n={turn}" if turn > 1 else "")


def status_url(public_url: str, token: str) -> str:
    """Where receipts go."""
    return _at(public_url, STATUS, token)


def _at(public_url: str, path: str, token: str) -> str:
    return public_url + path.format(token=quote(token, safe=""))
