"""Integration keys: how a dialect learns whose event it reads.

Decides who owns a key; never what an integration may do, and never prints a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from tocsin.kernel.time import Moment


class IntegrationRef(NamedTuple):
    """A monitor's entrance: its id, the service behind it ("" = rules find it), and the key in its address.

    `until`: when the key ceases to open it, because another has replaced it; 0 = it stays.
    """

    id: str
    service_id: str
    key: str
    until: Moment = 0

    def __repr__(self) -> str:
        """Without the key: it is a secret, and reprs end up in logs."""
        return f"IntegrationRef(id={self.id!r}, service_id={self.service_id!r})"


class Keys(Protocol):
    """The integration keys that are valid now."""

    def integration(self, key: str, /) -> IntegrationRef | None:
        """Whose key this is; None if nobody's. Fast, in memory.

        Raises kernel.errors.Unavailable while the keys are not known yet: a sender must then be told to come again,
        never that its key is wrong.
        """


class KeyTable:
    """Keys in a dictionary, replaced as a whole when the directory changes."""

    def __init__(self, integrations: Iterable[IntegrationRef] = ()) -> None:
        self._by_key: dict[str, IntegrationRef] = {}
        self.replace(integrations)

    def replace(self, integrations: Iterable[IntegrationRef]) -> None:
        """From now on these keys and no others."""
        self._by_key = {ref.key: ref for ref in integrations}

    def integration(self, key: str, /) -> IntegrationRef | None:
        """Whose key this is; None if nobody's."""
        return self._by_key.get(key)
