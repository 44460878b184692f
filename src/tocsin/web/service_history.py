"""What a service has been through: incidents, alerts, changes and maintenance on one axis, drawn and as a table.

Decides what is drawn where. How much is looked at is bounded, and the page says when there was more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.directory.model import Integration, Service
from tocsin.events.model import Event
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment, Span
from tocsin.runtime.reads import EventOutcome, IncidentFilter
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look, incident_look
from tocsin.web.visit import Visit

SPANS: Final = {"24h": (DAY, 30 * MINUTE), "7d": (7 * DAY, 3 * HOUR), "30d": (30 * DAY, 12 * HOUR)}
"""How far the chart looks back, and how wide a column of alerts is then."""

NAMES: Final = {"24h": later("24 hours"), "7d": later("7 days"), "30d": later("30 days")}

INCIDENTS: Final = 60
CHANGES: Final = 40
TABLE_ROWS: Final = 30

WIDTH: Final = 1000
"""Units from the left edge of the chart to now."""

LANES: Final = 5
LANE: Final = 12
BARS_TOP: Final = 4
COLUMNS_TOP: Final = BARS_TOP + LANES * LANE + 8
COLUMNS_HEIGHT: Final = 36
HEIGHT: Final = COLUMNS_TOP + COLUMNS_HEIGHT + 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: an incident, a column of alerts, or a window. `says`: what a pointer over it reads."""

    x: float
    y: float
    width: float
    height: float
    css: str
    says: str


@dataclass(frozen=True, slots=True)
class Happening:
    """A row of the table. `end`: None = it has none, or not yet."""

    at: Moment
    end: Moment | None
    look: Look
    what: str
    link: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """The chart and its table. `ticks`: moments along the axis, evenly spaced. `more`: not everything is shown."""

    span: str
    since: Moment
    bars: tuple[Bar, ...]
    columns: tuple[Bar, ...]
    marks: tuple[Bar, ...]
    windows: tuple[Bar, ...]
    ticks: tuple[Moment, ...]
    rows: tuple[Happening, ...]
    changes: tuple[Happening, ...]
    alerts: int
    most: int
    more: bool


def history_of(visit: Visit, service: Service, entrances: Sequence[Integration]) -> History:
    """The history of a service over the span that the address asks for, 24 hours if it asks for none."""
    name = visit.query("span") if visit.query("span") in SPANS else next(iter(SPANS))
    span, width = SPANS[name]
    since = visit.now - span
    incidents, more = _incidents(visit, service, since, span)
    outcomes = visit.site.reads.changes([one.id for one in entrances], since, most=CHANGES) if entrances else ()
    slots, cut = visit.site.reads.alerts_by_slot(service.id, since, width)
    changes = _changes(visit, outcomes)
    windows = [one for one in visit.config.windows_of.get(service.id, ()) if one.end > since and one.start < visit.now]
    rows = [_row(one) for one in incidents] + changes
    rows += [
        Happening(one.start, min(one.end, visit.now), _WINDOW, one.description or _("Maintenance"),
                  "/maintenance-windows")
        for one in windows
    ]  # fmt: skip
    rows.sort(key=lambda row: -row.at)
    axis = _Axis(since, visit.now)
    most = max(slots.values(), default=0)
    return History(
        span=name,
        since=since,
        bars=tuple(_bars(axis, incidents)),
        columns=tuple(_columns(axis, slots, width, most)),
        marks=tuple(Bar(axis.at(one.at), 0, 0, HEIGHT, "change", one.what) for one in changes),
        windows=tuple(
            Bar(
                axis.at(one.start),
                0,
                axis.between(one.start, one.end),
                HEIGHT,
                "window",
                one.description or _("Maintenance"),
            )
            for one in windows
        ),
        ticks=tuple(since + span * part // 4 for part in range(4)),
        rows=tuple(rows[:TABLE_ROWS]),
        changes=tuple(changes),
        alerts=sum(slots.values()),
        most=most,
        more=more or cut or len(rows) > TABLE_ROWS or len(outcomes) == CHANGES,
    )


_WINDOW: Final = Look("maintenance", later("Maintenance"), "maintenance")
_CHANGE: Final = Look("note", later("Change"), "quiet")


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where a moment is on the chart."""

    since: Moment
    now: Moment

    def at(self, moment: Moment) -> float:
        clipped = min(max(moment, self.since), self.now)
        return round((clipped - self.since) * WIDTH / (self.now - self.since), 1)

    def between(self, start: Moment, end: Moment) -> float:
        return round(max(self.at(end) - self.at(start), 0), 1)


def _incidents(visit: Visit, service: Service, since: Moment, span: Span) -> tuple[list[Incident], bool]:
    """Those that were there in this time: begun in it, begun as long before and ended in it, or open still."""

    def found(statuses: tuple[Status, ...], begun: Moment | None) -> tuple[Sequence[Incident], bool]:
        wanted = IncidentFilter(service_ids=(service.id,), statuses=statuses, since=begun, sight=visit.sight)
        listing = visit.site.reads.incidents(wanted, limit=INCIDENTS)
        return listing.items, listing.more

    recent, more = found((Status.RESOLVED,), since - span)
    still, more_still = found((Status.TRIGGERED, Status.ACKNOWLEDGED), None)
    every = [*still, *(one for one in recent if (one.resolved_at or 0) >= since and not one.merged_into)]
    return sorted(every, key=lambda one: one.created_at), more or more_still


def _row(one: Incident) -> Happening:
    link = f"/incidents/{one.number}"
    return Happening(one.created_at, one.resolved_at, incident_look(one), f"#{one.number} {one.title}", link)


def _changes(visit: Visit, outcomes: Iterable[EventOutcome]) -> list[Happening]:
    """What was changed, in its sender's words; where the log does not hold them any more, only that it was."""
    every = tuple(outcomes)
    events = visit.site.stored_events(one.seq for one in every)
    return [_change(one, events.get(one.seq)) for one in every]


def _change(one: EventOutcome, event: Event | None) -> Happening:
    link = next((link["href"] for link in event.links if link.get("href")), "") if event is not None else ""
    what = event.summary if event is not None and event.summary else _("a change")
    address = link or f"/alerts/events/{one.seq}"
    return Happening(one.received_at, None, _CHANGE, what, address, outside=bool(link))


def _bars(axis: _Axis, incidents: Iterable[Incident]) -> Iterable[Bar]:
    """Each incident from its begin to its end, in the first lane that is free there."""
    free = [-1.0] * LANES
    for one in incidents:
        start, end = axis.at(one.created_at), axis.at(one.resolved_at or axis.now)
        width = max(end - start, 3.0)
        start = min(start, WIDTH - width)
        lane = next((lane for lane, until in enumerate(free) if until <= start), LANES - 1)
        free[lane] = start + width
        y = BARS_TOP + lane * LANE
        look = incident_look(one)
        says = _("#%(number)s %(state)s: %(title)s", number=one.number, state=look.word, title=one.title)
        yield Bar(start, y, round(width, 1), LANE - 3, look.css.split()[0], says)


def _columns(axis: _Axis, slots: Mapping[int, int], width: Span, most: int) -> Iterable[Bar]:
    for slot, number in sorted(slots.items()):
        start = axis.since + slot * width
        height = max(2.0, round(COLUMNS_HEIGHT * number / most, 1))
        x, wide = axis.at(start), axis.between(start, start + width)
        yield Bar(x, COLUMNS_TOP + COLUMNS_HEIGHT - height, max(wide - 1.5, 1.5), height, "alerts", str(number))
