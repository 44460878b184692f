"""What can be wrong with a condition, and what is only odd about it. Decides nothing: the parser finds the words."""

from __future__ import annotations

from typing import NamedTuple

from tocsin.kernel.errors import Invalid


class PclError(Invalid):
    """A text that is no condition. `message` says what was found and what to write, `column` where, counted from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message, reason="pcl")
        self.column = column


class Remark(NamedTuple):
    """A condition that is allowed but surely not what was meant, such as a comparison that can never be true."""

    message: str
    column: int
