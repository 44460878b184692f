"""Log entries' ids on the wire: `R` and the entry's number in thirteen digits of base 36. Decides nothing else."""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LENGTH = 13
_LARGEST = 2**63 - 1


def log_id(seq: int) -> str:
    """`R000000000001Z` for the entry with number 71."""
    digits = []
    for _ in range(_LENGTH):
        seq, digit = divmod(seq, 36)
        digits.append(_DIGITS[digit])
    return "R" + "".join(reversed(digits))


def log_seq(text: str) -> int | None:
    """The number in an id; None for a text that is none."""
    digits = text[1:]
    if len(text) != _LENGTH + 1 or text[0] != "R" or not set(digits) <= set(_DIGITS):
        return None
    seq = int(digits, 36)
    return seq if seq <= _LARGEST else None
