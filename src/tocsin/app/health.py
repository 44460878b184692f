"""Is the pager itself well? `/healthz`, `/readyz` and `/metrics`, and the limits that the heartbeat obeys.

Healthy means: an engine is there, the oldest overdue timer, undecided event and unsent message and the backlog are
inside their limits, the log takes events, and sending is not fenced off. Every look is one query or a number in memory,
remembered for a second, so that asking often costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import anyio.to_thread
import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tocsin.kernel.time import SECOND, Moment
from tocsin.kernel.wording import phrase, plain_text
from tocsin.runtime.clock import Clock
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.runtime.reads import Reads
from tocsin.storage.database import DatabaseError, OutOfReach

log = structlog.get_logger("health")

ENGINE_SECONDS = 15.0
"""An engine that is started again, or another one that takes over, is there long before."""

OVERDUE_TIMER_SECONDS = 15.0
UNDECIDED_SECONDS = 15.0
UNSENT_SECONDS = 60.0
BACKLOG_EVENTS = 50_000
FRESH_SECONDS = 1.0
THREADS = 4


@dataclass(frozen=True, slots=True)
class Health:
    """One look. Ages in seconds; None = could not be found out."""

    database: bool
    accepting: bool
    overdue_timer_seconds: float | None
    unsent_seconds: float | None
    backlog_events: int | None
    can_page: bool
    engine_absent_seconds: float = 0.0
    undecided_seconds: float = 0.0
    is_fenced: bool = False
    waiting_deliveries: int | None = None
    refused: bool = False
    """Whether the log did not take the last events."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Each limit that is broken, in words."""
        found: list[str] = []
        if not self.database:
            found.append(phrase("the main database is out of reach"))
        if self.refused:
            found.append(phrase("events are refused: the log does not take them"))
        if self.engine_absent_seconds > ENGINE_SECONDS:
            found.append(
                phrase("no engine has been there for %(seconds)s s", seconds=round(self.engine_absent_seconds))
            )
        if (self.overdue_timer_seconds or 0) > OVERDUE_TIMER_SECONDS:
            late = round(self.overdue_timer_seconds or 0)
            found.append(phrase("a timer is %(seconds)s s overdue: the engine is not deciding", seconds=late))
        if self.undecided_seconds > UNDECIDED_SECONDS:
            late = round(self.undecided_seconds)
            found.append(phrase("an event has been waiting to be decided for %(seconds)s s", seconds=late))
        if (self.unsent_seconds or 0) > UNSENT_SECONDS:
            late = round(self.unsent_seconds or 0)
            found.append(phrase("a message has been waiting to be sent for %(seconds)s s", seconds=late))
        if (self.backlog_events or 0) > BACKLOG_EVENTS:
            found.append(phrase("%(count)s events wait to be decided", count=self.backlog_events))
        if self.is_fenced:
            found.append(
                phrase("sending is fenced off since a restore: nobody is paged until `tocsin restore --confirm`")
            )
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a pulse asks of others, at every look."""

    can_page: Callable[[], bool]
    engine_is_there: Callable[[], bool] = lambda: True
    is_fenced: Callable[[], bool] = lambda: False
    knows_keys: Callable[[], bool] = lambda: True
    """Whether events' keys are known yet: until then every event is told to come again."""
    received_at: Callable[[int], Moment | None] = lambda _seq: None
    """When the event with this number came, None if the log has no such event."""


class Pulse:
    """Takes the looks."""

    def __init__(
        self, reads: Reads, ingest: IngestQueue, clock: Clock, signs: Signs, *, log_in_database: bool = False
    ) -> None:
        """`log_in_database`: events cannot be accepted either while the database is out of reach."""
        self._reads = reads
        self._ingest = ingest
        self._clock = clock
        self._signs = signs
        self._log_in_database = log_in_database
        self._lock = threading.Lock()
        self._taken_at = -FRESH_SECONDS
        self._health: Health | None = None
        self._engine_seen = clock.ticks()
        self._missed: tuple[int, float] | None = None
        self._threads = anyio.CapacityLimiter(THREADS)

    def health(self) -> Health:
        """The newest look, at most a second old."""
        with self._lock:
            if self._health is None or self._clock.ticks() - self._taken_at >= FRESH_SECONDS:
                self._health = self._look()
                self._taken_at = self._clock.ticks()
            return self._health

    def _look(self) -> Health:
        now, ticks = self._clock.now(), self._clock.ticks()
        refused = self._ingest.refused
        accepting = self._ingest.accepting and self._signs.knows_keys()
        try:
            if self._signs.engine_is_there():
                self._engine_seen = ticks
            due, unsent = self._reads.oldest_due()
            cursor = self._reads.cursor().seq
            can_page, is_fenced = self._signs.can_page(), self._signs.is_fenced()
            waiting = self._reads.waiting_deliveries()
        except (DatabaseError, OutOfReach) as error:
            log.warning("database_out_of_reach", error=str(error)[:300])
            return Health(False, accepting and not self._log_in_database, None, None, None, False, refused=refused)
        return Health(
            database=True,
            accepting=accepting,
            overdue_timer_seconds=_age(due, now),
            unsent_seconds=0.0 if is_fenced else _age(unsent, now),
            backlog_events=max(0, self._ingest.head - cursor),
            can_page=can_page,
            engine_absent_seconds=ticks - self._engine_seen,
            undecided_seconds=self._undecided(cursor, now, ticks),
            is_fenced=is_fenced,
            waiting_deliveries=waiting,
            refused=refused,
        )

    def _undecided(self, cursor: int, now: Moment, ticks: float) -> float:
        """How old the oldest undecided event is. Its own age: looks may be a second or an hour apart."""
        received = None
        if cursor < self._ingest.head:
            received = self._signs.received_at(cursor + 1)
            if received is None:
                # The cursor is of another log, or this one has lost events: nothing will be decided as things stand.
                if self._missed is None or self._missed[0] != cursor:
                    self._missed = (cursor, ticks)
                return ticks - self._missed[1]
        self._missed = None
        return _age(received, now)

    def routes(self) -> list[Route]:
        """The three addresses."""
        answers = {"/healthz": self._healthz, "/readyz": self._readyz, "/metrics": self._metrics}
        return [Route(path, self._apart(answer)) for path, answer in answers.items()]

    def _apart(self, answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        """In threads of our own: a busy API must not look like a dead server."""

        async def handle(request: Request) -> Response:
            return await anyio.to_thread.run_sync(answer, request, limiter=self._threads)

        return handle

    def _healthz(self, _request: Request) -> Response:
        health = self.health()
        body = {"status": "unwell" if health.problems else "ok", "problems": health.problems, **_numbers(health)}
        return _json(503 if health.problems else 200, body)

    def _readyz(self, _request: Request) -> Response:
        health = self.health()
        paging = "yes"
        if not health.can_page:
            paging = "nobody can be paged yet: no channel is set up or nobody has a contact method"
        if health.is_fenced:
            paging = "nobody is paged: sending is fenced off since a restore"
        return _json(200 if health.accepting else 503, {"accepting": health.accepting, "paging": paging})

    def _metrics(self, _request: Request) -> Response:
        registry = CollectorRegistry()
        for name, help_text, value in _gauges(self.health(), self._ingest.head):
            Gauge(name, help_text, registry=registry).set(value)
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


def _gauges(health: Health, head: int) -> list[tuple[str, str, float]]:
    return [
        ("tocsin_healthy", "1 while every limit of /healthz holds", float(not health.problems)),
        ("tocsin_accepting", "1 while events are accepted", float(health.accepting)),
        ("tocsin_events_accepted", "Number of the newest accepted event", float(head)),
        ("tocsin_backlog_events", "Accepted events that are not decided yet", float(health.backlog_events or 0)),
        ("tocsin_overdue_timer_seconds", "How long the oldest timer is overdue", health.overdue_timer_seconds or 0.0),
        ("tocsin_unsent_seconds", "Age of the oldest message without a result", health.unsent_seconds or 0.0),
        (
            "tocsin_waiting_deliveries",
            "Deliveries to webhook subscriptions that have not ended",
            float(health.waiting_deliveries or 0),
        ),
    ]


def _numbers(health: Health) -> dict[str, object]:
    return {
        "overdue_timer_seconds": health.overdue_timer_seconds,
        "unsent_seconds": health.unsent_seconds,
        "backlog_events": health.backlog_events,
    }


def _age(moment: Moment | None, now: Moment) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment) / SECOND)


def _json(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body, enc_hook=plain_text), status, media_type="application/json")
