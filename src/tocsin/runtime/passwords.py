"""Passwords: what is accepted as one, how it is hashed, and hashing in a pool with a bound.

Argon2id costs memory and time on purpose, so only a few run at once and few wait: a flood of sign-ins is refused
instead of taking the machine away from paging. Never stores or logs a password.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from tocsin.kernel.errors import Invalid, TooMany
from tocsin.kernel.wording import phrase

SHORTEST: Final = 12
LONGEST: Final = 200
"""Characters. Longer ones are refused instead of being cut."""

T = TypeVar("T")

_AT_ONCE: Final = 2
_WAITING: Final = 30
_FEW_LETTERS: Final = 5


def check_new_password(password: str, *, about: tuple[str, ...] = ()) -> None:
    """Raises Invalid, saying what to do, unless it may become a password. `about`: the person's names and addresses."""
    if len(password) < SHORTEST:
        raise Invalid(
            phrase("A password has at least %(shortest)s characters. Three or four words do well.", shortest=SHORTEST)
        )
    if len(password) > LONGEST:
        raise Invalid(phrase("A password has at most %(longest)s characters.", longest=LONGEST))
    if len(set(password)) < _FEW_LETTERS:
        raise Invalid("This password repeats a few characters only. Three or four words do well.")
    left = password.casefold()
    for word in sorted(about, key=len, reverse=True):
        left = left.replace(word.casefold(), "") if len(word) > 3 else left
    if len(left.strip("0123456789!?.-_@ ")) < _FEW_LETTERS:
        raise Invalid("A password must not be made of your own name or address.")


class Passwords:
    """Hashes and verifies in a small pool. The defaults lie above OWASP's minimum (19 MiB, 2 passes)."""

    def __init__(self, *, memory_kib: int = 46 * 1024, passes: int = 2) -> None:
        """Tests pass smaller costs."""
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._places = threading.BoundedSemaphore(_AT_ONCE + _WAITING)
        self._decoy = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash to store, in argon2's own text form. Raises TooMany when too many wait."""
        return self._within(self._hasher.hash, password)

    def verify(self, stored: str, password: str) -> bool:
        """Whether it is the password. With nothing stored it takes as long and is false. Raises TooMany."""
        known = bool(stored)
        right = self._within(self._matches, stored or self._decoy, password[: LONGEST + 1])
        return known and right

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _within(self, work: Callable[..., T], *arguments: str) -> T:
        if not self._places.acquire(blocking=False):
            raise TooMany("Many people sign in at this moment. Try again in a few seconds.", reason="busy")
        try:
            return self._pool.submit(work, *arguments).result()
        finally:
            self._places.release()

    def close(self) -> None:
        """Let what runs end."""
        self._pool.shutdown()
