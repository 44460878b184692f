"""Commands to the events station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCache(Command):
    """A program writes what a cache variable holds (None = nothing any more). Raises NotFound, Invalid."""

    kind: ClassVar[str] = "cache.write"
    variable_id: str
    value: str | int | float | bool | None
