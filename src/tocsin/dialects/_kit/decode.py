"""From the log back to an event: the shape of what each inbound dialect offers to the engine's side.

Decides nothing. A dialect exports `DECODERS: dict[str, Decoder]`, by the `source` of the entries that its readers
write; the composition root joins them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tocsin.events.model import Event
from tocsin.runtime.ingest import Entry

Decoder: TypeAlias = Callable[[Entry], Event]
"""Pure, about ten microseconds, and never raises on an entry that the same dialect's reader wrote."""
