"""Ids: how things are named. Draws from injected entropy, so that a run can be repeated from its seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from tocsin.kernel.time import MILLISECOND, Moment

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SORTED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_LONG = 13
_RANDOM = 36**5
"""The last five of the 13 places of a long id that follows time are random, the others milliseconds since `_EPOCH`."""

_EPOCH: Moment = 1_577_836_800_000_000
"""2020-01-01: eight places last until 2109."""


class Entropy(Protocol):
    """A source of random integers; `random.Random` and `random.SystemRandom` both are one."""

    def getrandbits(self, k: int, /) -> int:
        """A uniformly random integer of `k` bits."""


class IdSource:
    """Makes ids. Short ids are `P` + 6 and long ones `Q` + 13 characters, the forms that existing clients expect.

    With a clock, each long id sorts after those made before it: what is stored together then lies together in every
    index, and a commit writes a few pages of the disk instead of one for each id. Without one they are random.
    """

    def __init__(self, entropy: Entropy, clock: Callable[[], Moment] | None = None) -> None:
        self._entropy = entropy
        self._clock = clock
        self._last = 0

    def by(self, clock: Callable[[], Moment]) -> IdSource:
        """Another source of the same entropy, whose long ids follow this clock."""
        return IdSource(self._entropy, clock)

    def short(self) -> str:
        """An id for configuration: `P` and 6 of A-Z0-9 (36^6 names; the directory retries on a clash)."""
        return "P" + self._text(_UPPER, 6)

    def long(self) -> str:
        """An id for things that are many (incidents, alerts, pages): `Q` and 13 of A-Z0-9."""
        if self._clock is None:
            return "Q" + self._text(_UPPER, _LONG)
        passed = max(0, self._clock() - _EPOCH) // MILLISECOND
        number = passed * _RANDOM + self._entropy.getrandbits(32) % _RANDOM
        self._last = number = max(number, self._last + 1)
        letters = []
        for _ in range(_LONG):
            number, index = divmod(number, 36)
            letters.append(_SORTED[index])
        return "Q" + "".join(reversed(letters))

    def eight(self) -> str:
        """An id of 8 hexadecimal digits, for parts of a thing."""
        return f"{self._entropy.getrandbits(32):08x}"

    def sixteen(self) -> str:
        """An id of 16 of A-Z0-9, for what stands between two things."""
        return self._text(_UPPER, 16)

    def uuid(self) -> str:
        """A random UUID (version 4)."""
        return str(UUID(int=self._entropy.getrandbits(128), version=4))

    def orchestration_key(self) -> str:
        """A secret of 155 bits in the form that clients know orchestrations' keys by: `R0` and 30 of A-Z0-9."""
        return "R0" + self._text(_UPPER, 30)

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
