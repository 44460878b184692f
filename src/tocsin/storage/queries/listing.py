"""One page out of a longer list, and whose eyes it is for. Decides nothing about order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, or_, select

from tocsin.storage import tables

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Some rows of a list. `more`: others follow; `total` counts all of them, None unless it was asked for."""

    items: tuple[T, ...]
    more: bool
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a limited reader may see: incidents of these teams, and those that `user_id` ("" = nobody) has now.

    `limited_to` (None = no limit): only what belongs to one of these teams as well; the two may be different teams.
    """

    team_ids: frozenset[str]
    user_id: str = ""
    limited_to: frozenset[str] | None = None


def cut(rows: Sequence[Any], limit: int, decode: Callable[[Any], T], total: int | None = None) -> Listing[T]:
    """The listing of `limit` + 1 rows that were asked for: the one too many says that others follow."""
    return Listing(tuple(decode(row) for row in rows[:limit]), len(rows) > limit, total)


def counted(connection: Connection, statement: Select[Any]) -> int:
    """How many rows the statement has without its order and window."""
    plain = statement.order_by(None).limit(None).offset(None)
    return int(connection.execute(select(func.count()).select_from(plain.subquery())).scalar() or 0)


def within(sight: Sight, incident_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the incident with the id in this column is in sight."""
    conditions: list[ColumnElement[bool]] = []
    if sight.team_ids:
        conditions.append(of_teams(incident_id, sorted(sight.team_ids)))
    if sight.user_id:
        conditions.append(of_people(incident_id, [sight.user_id]))
    seen = or_(*conditions) if conditions else false()
    return seen if sight.limited_to is None else and_(seen, of_teams(incident_id, sorted(sight.limited_to)))


def of_teams(incident_id: ColumnElement[str], team_ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether the incident belongs to one of these teams: asked of each incident, as a team has had very many."""
    teams = tables.incident_teams.c
    return exists(select(1).where(teams.incident_id == incident_id, teams.team_id.in_(team_ids)))


def of_people(incident_id: ColumnElement[str], user_ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether one of these people has the incident now."""
    people = tables.incident_people.c
    return incident_id.in_(select(people.incident_id).where(people.user_id.in_(user_ids)))


def has_words(words: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether the folded text in this column holds all of these words, in any order."""
    return and_(*(words.contains(word, autoescape=True) for word in text.casefold().replace("\0", " ").split()))
