"""Reads and writes the edge's tables: small statements, each one transaction, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, inspect, select, update
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from tocsin.kernel.time import Moment
from tocsin.storage import postgres, sqlite
from tocsin.storage.database import Database
from tocsin.storage.edge.tables import (
    attempts,
    begun,
    browsers,
    events,
    feeds,
    links,
    marks,
    metadata,
    provider_sessions,
    sessions,
    uses,
)

ONCE = "once:"
"""How keys of marks begin that are needed until their moment only."""

EDGE_FILE = "edge.sqlite"
"""The edge's file in the data folder."""

_SCHEMA_LOCK = "SELECT pg_advisory_xact_lock(7308324466)"
"""Two edges that start at once on an empty PostgreSQL would trip over each other's CREATE TABLE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A signed-in browser. `id` names it to its owner and is no secret."""

    digest: str
    id: str
    user_id: str
    standing: str
    opened_at: Moment
    seen_at: Moment
    ends_at: Moment
    address: str
    agent: str
    how: str
    confirmed_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A one-time sign-in link."""

    digest: str
    user_id: str
    ends_at: Moment
    used_at: Moment | None
    printed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Something that happened around a person's ways to sign in. `user_id` "" = nobody's who is known."""

    id: str
    at: Moment
    user_id: str
    kind: str
    address: str
    agent: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which security events: None and empty = any. [since, until) is about `at`; `past`: older than this (at, id)."""

    user_id: str | None = None
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    past: tuple[Moment, str] | None = None
    since: Moment | None = None
    until: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """A session that the identity provider vouched for."""

    session_digest: str
    subject: str
    sid: str
    id_token: str
    ends_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A calendar feed that was fetched. `content`: a digest of what it showed, `changed_at`: since when it shows that.

    `agent`: what the program that fetched it last calls itself.
    """

    id: str
    content: str
    changed_at: Moment
    fetched_at: Moment
    agent: str


class EdgeStore:
    """The edge's memory. Safe to use from many threads; on SQLite they take turns on its one connection."""

    def __init__(self, database: Database) -> None:
        """The tables are made when first used: an edge starts without its database. `close` closes `database`."""
        self._database = database
        self._lock = threading.Lock()
        self._is_made = False
        self._own: Connection | None = None if database.is_postgres else database.engine.connect()

    def _make(self, connection: Connection) -> None:
        with self._transaction(connection):
            if self._database.is_postgres:
                connection.exec_driver_sql(_SCHEMA_LOCK)
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                _add_columns(connection, table)
                for index in sorted(table.indexes, key=lambda one: str(one.name)):
                    connection.execute(CreateIndex(index, if_not_exists=True))
        self._is_made = True

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._own is not None:
                self._own.close()
        self._database.close()

    # -- sessions

    def add_session(self, row: SessionRow) -> None:
        """Keep a new session."""
        with self._writing() as connection:
            connection.execute(insert(sessions).values(**asdict(row)))

    def session(self, digest: str) -> SessionRow | None:
        """The session with this token's digest."""
        return next(iter(self.sessions([digest])), None)

    def sessions(self, digests: Collection[str]) -> Sequence[SessionRow]:
        """Those sessions with these tokens' digests that there are."""
        with self._reading() as connection:
            found = connection.execute(select(sessions).where(sessions.c.digest.in_(digests))).mappings()
            return [SessionRow(**row) for row in found]

    def sessions_of(self, user_id: str) -> Sequence[SessionRow]:
        """A person's sessions, the one seen last first."""
        statement = select(sessions).where(sessions.c.user_id == user_id).order_by(sessions.c.seen_at.desc())
        with self._reading() as connection:
            return [SessionRow(**row) for row in connection.execute(statement).mappings()]

    def touch_session(self, digest: str, seen_at: Moment) -> None:
        """It was used just now."""
        with self._writing() as connection:
            connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=seen_at))

    def confirm_session(self, digest: str, at: Moment) -> None:
        """The person has proved again who they are."""
        with self._writing() as connection:
            connection.execute(update(sessions).where(sessions.c.digest == digest).values(confirmed_at=at))

    def end_session(self, digest: str) -> None:
        """Forget one session."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest))
            connection.execute(delete(provider_sessions).where(provider_sessions.c.session_digest == digest))

    def end_sessions_of(self, user_id: str, *, session_id: str = "", keep_digest: str = "") -> int:
        """Forget a person's sessions: the one named, or all but the one kept. Returns how many."""
        statement = delete(sessions).where(sessions.c.user_id == user_id, sessions.c.digest != keep_digest)
        if session_id:
            statement = statement.where(sessions.c.id == session_id)
        with self._writing() as connection:
            return connection.execute(statement).rowcount

    # -- the identity provider's sessions

    def add_provider_session(self, row: ProviderRow) -> None:
        """Keep what the provider calls a session that has just begun."""
        with self._writing() as connection:
            connection.execute(insert(provider_sessions).values(**asdict(row)))

    def provider_session(self, digest: str) -> ProviderRow | None:
        """What the provider calls this session; None if it did not come from there."""
        statement = select(provider_sessions).where(provider_sessions.c.session_digest == digest)
        with self._reading() as connection:
            row = connection.execute(statement).mappings().first()
        return None if row is None else ProviderRow(**row)

    def end_provider_sessions(self, subject: str, sid: str) -> int:
        """Forget the sessions that the provider has ended: that of `sid`, or all of `subject`. Returns how many."""
        named = provider_sessions.c.sid == sid if sid else provider_sessions.c.subject == subject
        found = select(provider_sessions.c.session_digest).where(named)
        if sid and subject:
            found = found.where(provider_sessions.c.subject == subject)
        with self._writing() as connection:
            digests = list(connection.execute(found).scalars())
            ended = connection.execute(delete(sessions).where(sessions.c.digest.in_(digests))).rowcount
            connection.execute(delete(provider_sessions).where(provider_sessions.c.session_digest.in_(digests)))
        return ended

    # -- what was begun

    def begin(self, digest: str, purpose: str, data: str, ends_at: Moment) -> None:
        """Keep what a browser has begun."""
        row = {"digest": digest, "purpose": purpose, "data": data, "tries": 0, "ends_at": ends_at}
        with self._writing() as connection:
            connection.execute(insert(begun).values(**row))

    def begun(self, digest: str, purpose: str, now: Moment) -> str | None:
        """What was begun for this purpose, None when it is unknown or too old."""
        statement = select(begun.c.data).where(*_begun(digest, purpose, now))
        with self._reading() as connection:
            return connection.execute(statement).scalar()

    def try_begun(self, digest: str, purpose: str, now: Moment, most: int) -> str | None:
        """The same, counting a try; None also when there were `most` already: then it is forgotten."""
        wanted = _begun(digest, purpose, now)
        with self._writing() as connection:
            counted = update(begun).where(*wanted, begun.c.tries < most).values(tries=begun.c.tries + 1)
            found = connection.execute(counted.returning(begun.c.data)).scalar()
            if found is None:
                connection.execute(delete(begun).where(begun.c.digest == digest))
            return found

    def end_begun(self, digest: str, purpose: str, now: Moment) -> str | None:
        """Take it, once: of two at once one gets it."""
        with self._writing() as connection:
            taken = delete(begun).where(*_begun(digest, purpose, now)).returning(begun.c.data)
            return connection.execute(taken).scalar()

    # -- marks

    def raise_mark(self, key: str, value: int, at: Moment) -> bool:
        """Set a mark to a higher value. False, and nothing changed, unless it is higher; of two at once one is."""
        higher = update(marks).where(marks.c.key == key, marks.c.value < value).values(value=value, at=at)
        with self._writing() as connection:
            if connection.execute(higher).rowcount == 1:
                return True
            row = {"key": key, "value": value, "at": at}
            # A driver may not count what an INSERT did: the row itself says it.
            new = self._database.insert_if_absent(marks).returning(marks.c.key)
            return connection.execute(new, row).first() is not None

    def mark(self, key: str) -> tuple[int, Moment] | None:
        """A mark and when it was set."""
        with self._reading() as connection:
            row = connection.execute(select(marks.c.value, marks.c.at).where(marks.c.key == key)).first()
        return None if row is None else (int(row[0]), int(row[1]))

    # -- browsers that are known

    def see_browser(self, digest: str, user_id: str, at: Moment) -> None:
        """This person has signed in with this browser."""
        mine = (browsers.c.digest == digest, browsers.c.user_id == user_id)
        with self._writing() as connection:
            if connection.execute(update(browsers).where(*mine).values(seen_at=at)).rowcount == 0:
                row = {"digest": digest, "user_id": user_id, "seen_at": at}
                connection.execute(self._database.insert_if_absent(browsers), row)

    def knows_browser(self, digest: str, user_id: str) -> bool:
        """Whether this person has signed in with this browser before."""
        statement = select(browsers.c.seen_at).where(browsers.c.digest == digest, browsers.c.user_id == user_id)
        with self._reading() as connection:
            return connection.execute(statement).first() is not None

    def has_browsers(self, user_id: str) -> bool:
        """Whether the person has signed in with any browser that is remembered."""
        with self._reading() as connection:
            statement = select(browsers.c.digest).where(browsers.c.user_id == user_id).limit(1)
            return connection.execute(statement).first() is not None

    def forget_browsers(self, user_id: str) -> None:
        """No browser of this person is known any more."""
        with self._writing() as connection:
            connection.execute(delete(browsers).where(browsers.c.user_id == user_id))

    # -- security events

    def add_event(self, row: EventRow) -> None:
        """Keep what happened."""
        with self._writing() as connection:
            connection.execute(insert(events).values(**asdict(row)))

    def events(self, wanted: EventFilter, limit: int) -> Sequence[EventRow]:
        """What happened, newest first."""
        statement = select(events).order_by(events.c.at.desc(), events.c.id.desc()).limit(limit)
        if wanted.user_id is not None:
            statement = statement.where(events.c.user_id == wanted.user_id)
        if wanted.kinds:
            statement = statement.where(events.c.kind.in_(wanted.kinds))
        if wanted.without:
            statement = statement.where(events.c.kind.not_in(wanted.without))
        if wanted.past is not None:
            at, last = wanted.past
            statement = statement.where((events.c.at < at) | ((events.c.at == at) & (events.c.id < last)))
        if wanted.since is not None:
            statement = statement.where(events.c.at >= wanted.since)
        if wanted.until is not None:
            statement = statement.where(events.c.at < wanted.until)
        with self._reading() as connection:
            return [EventRow(**row) for row in connection.execute(statement).mappings()]

    # -- links

    def add_link(self, digest: str, user_id: str, ends_at: Moment) -> None:
        """Keep a new link."""
        with self._writing() as connection:
            connection.execute(insert(links).values(digest=digest, user_id=user_id, ends_at=ends_at))

    def keep_link(self, digest: str, user_id: str, ends_at: Moment) -> None:
        """Keep a link that the command line printed, unless it is known already (used or not)."""
        with self._writing() as connection:
            statement = self._database.insert_if_absent(links)
            connection.execute(statement, {"digest": digest, "user_id": user_id, "ends_at": ends_at, "printed": 1})

    def link(self, digest: str) -> LinkRow | None:
        """The link with this token's digest, used or not."""
        with self._reading() as connection:
            row = connection.execute(select(links).where(links.c.digest == digest)).mappings().first()
        return None if row is None else LinkRow(**row)

    def use_link(self, digest: str, now: Moment) -> bool:
        """Use a link up. False when it was used before or has ended; of two at once exactly one gets True."""
        unused = (links.c.digest == digest, links.c.used_at.is_(None), links.c.ends_at > now)
        with self._writing() as connection:
            return connection.execute(update(links).where(*unused).values(used_at=now)).rowcount == 1

    # -- attempts

    def add_attempts(self, keys: Sequence[str], at: Moment) -> None:
        """Count one attempt for each key."""
        with self._writing() as connection:
            connection.execute(insert(attempts), [{"key": key, "at": at} for key in keys])

    def attempts(self, key: str, since: Moment) -> tuple[int, Moment]:
        """How many attempts were counted after `since`, and when the oldest of them was (0 if none)."""
        statement = select(func.count(), func.min(attempts.c.at)).where(attempts.c.key == key, attempts.c.at > since)
        with self._reading() as connection:
            count, oldest = connection.execute(statement).one()
        return int(count), int(oldest or 0)

    def forget_attempts(self, key: str, at: Moment | None = None) -> None:
        """Start counting anew, or take back the attempt counted at one moment."""
        statement = delete(attempts).where(attempts.c.key == key)
        if at is not None:
            statement = statement.where(attempts.c.at == at)
        with self._writing() as connection:
            connection.execute(statement)

    # -- who was here when

    def note_uses(self, moments: Mapping[str, Moment]) -> None:
        """Each of these (`user:ID`, `key:ID`) was here then, unless a later moment is known."""
        with self._writing() as connection:
            for who, at in moments.items():
                connection.execute(self._database.insert_if_absent(uses), {"who": who, "at": at})
                connection.execute(update(uses).where(uses.c.who == who, uses.c.at < at).values(at=at))

    def uses(self, kind: str) -> Mapping[str, Moment]:
        """When each `user` or `key` that ever was here was here last, by id."""
        statement = select(uses.c.who, uses.c.at).where(uses.c.who.startswith(f"{kind}:", autoescape=True))
        with self._reading() as connection:
            return {who.partition(":")[2]: at for who, at in connection.execute(statement)}

    # -- calendar feeds

    def feed_rows(self, ids: Sequence[str]) -> dict[str, FeedRow]:
        """What is known of these feeds, by id; those that were never fetched are missing."""
        with self._reading() as connection:
            rows = connection.execute(select(feeds).where(feeds.c.id.in_(ids))).mappings()
            return {row["id"]: FeedRow(**row) for row in rows}

    def keep_feed(self, row: FeedRow) -> None:
        """A feed was fetched."""
        values = asdict(row)
        with self._writing() as connection:
            known = connection.execute(update(feeds).where(feeds.c.id == row.id).values(**values)).rowcount
            if not known:
                connection.execute(self._database.insert_if_absent(feeds), values)

    def forget_feeds(self, unfetched_since: Moment) -> None:
        """Drop what is known of feeds that nobody has fetched for so long."""
        with self._writing() as connection:
            connection.execute(delete(feeds).where(feeds.c.fetched_at <= unfetched_since))

    def sweep(self, now: Moment, *, idle_since: Moment, attempts_since: Moment, traces_since: Moment = 0) -> None:
        """Drop what has ended: sessions past their end or idle for too long, links past theirs, old attempts.

        `traces_since`: security events and known browsers are kept from then on.
        """
        with self._writing() as connection:
            connection.execute(delete(sessions).where((sessions.c.ends_at <= now) | (sessions.c.seen_at <= idle_since)))
            connection.execute(delete(links).where(links.c.ends_at <= now))
            connection.execute(delete(attempts).where(attempts.c.at <= attempts_since))
            connection.execute(delete(begun).where(begun.c.ends_at <= now))
            connection.execute(delete(provider_sessions).where(provider_sessions.c.ends_at <= now))
            connection.execute(delete(marks).where(marks.c.key.startswith(ONCE), marks.c.at <= now))
            connection.execute(delete(events).where(events.c.at <= traces_since))
            connection.execute(delete(browsers).where(browsers.c.seen_at <= traces_since))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._own is None:
            with self._database.engine.connect() as connection:
                if not self._is_made:
                    self._make(connection)
                yield connection
        else:
            with self._lock:
                if not self._is_made:
                    self._make(self._own)
                yield self._own

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._reading() as connection, self._transaction(connection):
            yield connection

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql(self._database.begin_statement)
        try:
            yield
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def _begun(digest: str, purpose: str, now: Moment) -> tuple[Any, ...]:
    return begun.c.digest == digest, begun.c.purpose == purpose, begun.c.ends_at > now


def _add_columns(connection: Connection, table: Table) -> None:
    """Columns that came after the table was made."""
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            words = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {words}")


def open_edge_store(data: Path, url: str | None) -> EdgeStore:
    """The edge's memory: at `url` (postgresql://...) if given, else a file in the data folder."""
    engine: Any = (
        postgres.open_engine(url, read_only=False) if url else sqlite.open_engine(data / EDGE_FILE, read_only=False)
    )
    return EdgeStore(Database(engine, is_postgres=bool(url)))
