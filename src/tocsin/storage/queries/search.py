"""Incidents by words of their title, the newest of them: a bounded look, so that an old installation stays quick."""

from __future__ import annotations

from sqlalchemy import Connection, select

from tocsin.incidents.model import Incident
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries.listing import Sight, has_words, within

LOOKED_AT = 5_000
"""The newest incidents whose titles are looked at."""

_T = tables.incidents.c


def by_title(connection: Connection, letters: str, sight: Sight | None, limit: int) -> tuple[Incident, ...]:
    """The newest incidents with all of these words in their title, large or small, of those in sight."""
    newest = select(_T.number, _T.words).order_by(_T.number.desc()).limit(LOOKED_AT)
    if sight is not None:
        newest = newest.where(within(sight, _T.id))
    rows = newest.subquery().c
    found = select(rows.number).where(has_words(rows.words, letters)).order_by(rows.number.desc()).limit(limit)
    statement = select(_T.data).where(_T.number.in_(found)).order_by(_T.number.desc())
    return tuple(load(Incident, data) for (data,) in connection.execute(statement))
