"""Text on its way to PostgreSQL, which cannot hold the character NUL: in columns U+2400 stands for it.

What people see comes from the JSON beside the columns, which keeps it (escaped). Looking for a text replaces it in the
same way, so both databases find the same rows. Decides nothing else.
"""

from __future__ import annotations

from typing import Any

from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown

STAND_IN = "\u2400"


class TextDumper(StrDumperUnknown):
    """How texts are sent."""

    def dump(self, obj: str) -> Buffer | None:
        """The text, without NUL."""
        return super().dump(obj.replace("\0", STAND_IN) if "\0" in obj else obj)


def teach(connection: Any) -> None:
    """Have a connection send its texts so."""
    connection.adapters.register_dumper(str, TextDumper)
