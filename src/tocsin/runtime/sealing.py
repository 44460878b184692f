"""Secrets that we must be able to read again, encrypted where they are kept: AES-256-GCM under the installation's key.

The key is TOCSIN_SECRETS_KEY, or one that the installation made for itself. Decides the form of what is sealed; a value
sealed for one purpose opens for no other.
"""

from __future__ import annotations

import base64
import hashlib
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.kernel.errors import Unavailable
from tocsin.kernel.ids import IdSource

_NONCE_BYTES: Final = 12
_FORM: Final = "s1"


class Sealer:
    """Seals and opens. `keys` gives the secrets that may have sealed; the first one seals."""

    def __init__(self, keys: Callable[[], Sequence[str]], ids: IdSource) -> None:
        self._keys = keys
        self._ids = ids

    def seal(self, text: str, about: str) -> str:
        """The sealed form, `s1.KEY.BASE64`. `about`: what it is, and whose; the same is needed to open it."""
        name, key = self._named()[0]
        nonce = bytes.fromhex(self._ids.token())[:_NONCE_BYTES]
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), about.encode())
        return f"{_FORM}.{name}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, about: str) -> str:
        """What was sealed. Raises Unavailable, saying why, when none of our keys opens it."""
        form, _, rest = sealed.partition(".")
        name, _, body = rest.partition(".")
        key = dict(self._named()).get(name)
        if form == _FORM and key is not None:
            try:
                raw = base64.b64decode(body, altchars=b"-_", validate=True)
                return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode()).decode()
            except (InvalidTag, NotBase64, ValueError):
                pass
        raise Unavailable(
            "A secret can't be read: it was sealed with another TOCSIN_SECRETS_KEY. Whoever runs the server has to "
            "add the key of then.",
            reason="sealed",
        )

    def _named(self) -> list[tuple[str, bytes]]:
        made = [hashlib.sha256(b"tocsin seals with\n" + secret.encode()).digest() for secret in self._keys()]
        return [(hashlib.sha256(key).hexdigest()[:8], key) for key in made]
