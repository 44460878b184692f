"""Ids: how things are named. Draws from injected entropy, so that a run can be repeated from its seed."""

from __future__ import annotations

from typing import Protocol

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Entropy(Protocol):
    """A source of random integers; `random.Random` and `random.SystemRandom` both are one."""

    def getrandbits(self, k: int, /) -> int:
        """A uniformly random integer of `k` bits."""


class IdSource:
    """Makes ids. Short ids are `P` + 6 and long ones `Q` + 13 characters, the forms that existing clients expect."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def short(self) -> str:
        """An id for configuration: `P` and 6 of A-Z0-9 (36^6 names; the directory retries on a clash)."""
        return "P" + self._text(_UPPER, 6)

    def long(self) -> str:
        """An id for things that are many (incidents, alerts, pages): `Q` and 13 of A-Z0-9."""
        return "Q" + self._text(_UPPER, 13)

    def key(self) -> str:
        """A secret of 128 bits as 32 lower-case hexadecimal digits (integration keys, dedup keys)."""
        return f"{self._entropy.getrandbits(128):032x}"

    def token(self) -> str:
        """A secret of 160 bits for API keys and links, 40 hexadecimal digits."""
        return f"{self._entropy.getrandbits(160):040x}"

    def below(self, limit: int) -> int:
        """A random integer in [0, limit)."""
        return self._entropy.getrandbits(64) % limit

    def _text(self, alphabet: str, length: int) -> str:
        number = self._entropy.getrandbits(length * 8)
        letters = []
        for _ in range(length):
            number, index = divmod(number, len(alphabet))
            letters.append(alphabet[index])
        return "".join(letters)
