"""Which alert is the same alert: Alertmanager's fingerprint of a label set. Decides identity, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

_OFFSET: Final = 0xCBF29CE484222325
_PRIME: Final = 0x100000001B3
_MASK: Final = 0xFFFFFFFFFFFFFFFF

REMEMBERED: Final = 8192
"""Label sets whose fingerprint is kept: a Prometheus repeats all of its alerts every minute."""

REMEMBERED_CHARS: Final = 2048
"""Larger label sets are computed anew, so that what is kept stays under about 50 MB whatever is sent."""

_Pairs: TypeAlias = tuple[tuple[str, str], ...]


def fingerprint(labels: Mapping[str, str]) -> str:
    """FNV-1a, 64 bits, over name, 0xFF, value, 0xFF of each label by name; 16 hexadecimal digits."""
    pairs = tuple(sorted(labels.items()))
    if sum(map(len, labels)) + sum(map(len, labels.values())) > REMEMBERED_CHARS:
        return _digest(pairs)
    return _remembered(pairs)


def _digest(pairs: _Pairs) -> str:
    data = b"".join(part for name, value in pairs for part in (name.encode(), b"\xff", value.encode(), b"\xff"))
    digest = _OFFSET
    for byte in data:
        digest = ((digest ^ byte) * _PRIME) & _MASK
    return f"{digest:016x}"


_remembered = lru_cache(maxsize=REMEMBERED)(_digest)
forget = _remembered.cache_clear
"""Drops what is kept; for measuring."""
