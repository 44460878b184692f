"""Events of the log, read again for a page as the engine read them. Accepts, decides and stores nothing.

Decides the bounds: so many bytes of bodies at once, so that looking at recent events costs little whatever their size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Final

from tocsin.app.installation import Installation
from tocsin.dialects._kit.decode import Decoder
from tocsin.dialects._kit.parse import UNREADABLE
from tocsin.dialects.alertmanager.decode import DECODERS as ALERTMANAGER
from tocsin.dialects.pagerduty_events.decode import DECODERS as PAGERDUTY_EVENTS
from tocsin.events.model import Event
from tocsin.storage.log import LogError

DECODERS: Final[Mapping[str, Decoder]] = {**PAGERDUTY_EVENTS, **ALERTMANAGER}
"""Of monitors only: what people and providers sent stands in the log too, and is no event."""

BYTES: Final = 4 * 1024 * 1024
"""Of bodies together; what is beyond is left out."""


def stored_events(place: Installation) -> Callable[[Iterable[int]], Mapping[int, Event]]:
    """What reads events by their number: those that are still there, and can be read."""

    def read(seqs: Iterable[int]) -> Mapping[int, Event]:
        found: dict[int, Event] = {}
        left = BYTES
        try:
            with closing(place.log_reader()) as reader:
                for seq in seqs:
                    entry = reader.get(seq)
                    decode = DECODERS.get(entry.source) if entry is not None else None
                    if entry is None or decode is None or len(entry.body) > left:
                        continue
                    left -= len(entry.body)
                    try:
                        found[seq] = decode(entry)
                    except (*UNREADABLE, ValueError, TypeError, KeyError):
                        continue  # the engine could not read it either: it is quarantined
        except LogError:
            pass
        return found

    return read
