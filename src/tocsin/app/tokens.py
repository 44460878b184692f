"""Signed tokens for links and callbacks: they name a message and are worth nothing changed or too late.

A token is `id.expiry.signature`; the signature is HMAC-SHA256 over purpose, id and expiry with the installation's
secret. Holding one allows exactly what its purpose says about that one message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from tocsin.kernel.errors import NotAllowed
from tocsin.kernel.time import DAY, MINUTE, SECOND, Moment, Span

LIFE: Span = DAY
"""How long a link in a message can be used."""

SIGN_IN_PURPOSE = "sign-in"
"""Tokens in the links that `tocsin setup` and `tocsin sign-in-link` print."""

SIGN_IN_LIFE: Span = 15 * MINUTE
"""How long a link of `tocsin sign-in-link` can be used."""


class Tokens:
    """Makes and checks tokens with one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def make(self, purpose: str, subject: str, now: Moment, life: Span = LIFE) -> str:
        """A token for `subject` (an id of letters and digits), good for `life`."""
        expiry = (now + life) // SECOND
        return f"{subject}.{expiry}.{self._sign(purpose, subject, expiry)}"

    def read(self, purpose: str, token: str, now: Moment) -> str:
        """The subject of a valid token. Raises NotAllowed for any other."""
        subject, _, rest = token.partition(".")
        expiry, _, signature = rest.partition(".")
        if not (expiry.isascii() and expiry.isdigit() and len(expiry) < 12):
            raise NotAllowed("This link is not valid.", reason="token")
        expected = self._sign(purpose, subject, int(expiry))
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise NotAllowed("This link is not valid.", reason="token")
        if int(expiry) * SECOND < now:
            raise NotAllowed("This link has expired.", reason="token_expired")
        return subject

    @staticmethod
    def ends_at(token: str) -> Moment:
        """Until when a token is good that `read` found valid."""
        return int(token.split(".")[1]) * SECOND

    def _sign(self, purpose: str, subject: str, expiry: int) -> str:
        digest = hmac.digest(self._secret, f"{purpose}\n{subject}\n{expiry}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:18]).decode()
