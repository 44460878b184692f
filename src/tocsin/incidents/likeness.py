"""Which incidents of one service are alike: their titles say the same but for numbers. No more is guessed.

Decides the measure only; who looks decides how far back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tocsin.incidents.model import Incident

SAME_KEY: Final = 100.0
_MOST_BY_TITLE: Final = 90
_LEAST_SHARE: Final = 0.5


def gist(title: str) -> str:
    """A title without what differs from time to time."""
    return re.sub(r"\d+", "#", title.casefold()).strip()


def likeness(one: Incident, other: Incident) -> float:
    """How alike two incidents of one service are, 0 (not alike) to 100 (the same key)."""
    if one.incident_key and one.incident_key == other.incident_key:
        return SAME_KEY
    mine, theirs = (set(gist(title).split()) for title in (one.title, other.title))
    share = len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0
    return round(share * _MOST_BY_TITLE, 1) if share >= _LEAST_SHARE else 0.0


def most_alike(incident: Incident, others: Iterable[Incident]) -> list[tuple[Incident, float]]:
    """Those that are alike at all, with how much: the most alike first, then the newest."""
    scored = [(one, likeness(one, incident)) for one in others]
    return sorted((pair for pair in scored if pair[1] > 0), key=lambda pair: (-pair[1], -pair[0].created_at))
