"""Incidents by letters of their title, the newest of them: a bounded look, so that an old installation stays quick."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Connection, cast, func, or_, select

from tocsin.incidents.model import Incident
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.queries.listing import Sight, within

LOOKED_AT = 5_000
"""The newest incidents whose titles are looked at."""

_T = tables.incidents.c


def by_title(connection: Connection, letters: str, sight: Sight | None, limit: int) -> tuple[Incident, ...]:
    """The newest incidents with these letters in their title, large or small, of those in sight."""
    newest = select(_T.number, _T.data).order_by(_T.number.desc()).limit(LOOKED_AT)
    if sight is not None:
        newest = newest.where(within(sight, _T.id))
    rows = newest.subquery().c
    title: Any
    if connection.dialect.name == "postgresql":
        title = cast(rows.data, JSON)["title"].as_string()
    else:
        title = func.json_extract(rows.data, "$.title")
    # SQLite knows small letters of ASCII only: what was typed is looked for as it is too.
    found = or_(func.lower(title).contains(letters.lower(), autoescape=True), title.contains(letters, autoescape=True))
    statement = select(rows.data).where(found).order_by(rows.number.desc()).limit(limit)
    return tuple(load(Incident, data) for (data,) in connection.execute(statement))
