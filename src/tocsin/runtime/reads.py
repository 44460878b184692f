"""The read side: what dialects and pages ask about incidents, alerts, timelines, pages, events and changes.

Every call takes its own reading connection from the pool, so it may be made from any thread, and sees what was
committed when it began; `at_one_moment` has one for several. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from tocsin.alerts.model import Alert, AlertStatus
from tocsin.deliveries.model import Delivery, Lane
from tocsin.directory.model import Channel
from tocsin.escalation.model import Policy
from tocsin.events.memory import Memory
from tocsin.incidents.model import Incident
from tocsin.incidents.notes import Note
from tocsin.kernel.time import Moment, Span
from tocsin.paging.model import Message, Page
from tocsin.storage.database import Database, OneMoment
from tocsin.storage.log import LogError, LogReader
from tocsin.storage.queries import (
    alerts,
    audit,
    connections,
    deliveries,
    health,
    incidents,
    memories,
    outcomes,
    pages,
    policies,
    runs,
    search,
    services,
    suspended,
    timeline,
)
from tocsin.storage.queries.alerts import AlertFilter
from tocsin.storage.queries.alerts import At as AlertAt
from tocsin.storage.queries.audit import AuditFilter, AuditRecord, Change
from tocsin.storage.queries.connections import DAYS_LOOKED_AT, ChannelLatest, DeliveryLatest, MonitorLatest
from tocsin.storage.queries.health import DatabaseFacts, Pulse
from tocsin.storage.queries.incidents import EVERY, NEWEST_FIRST, At, IncidentFilter, OpenCounts, Order, SortBy, rank_of
from tocsin.storage.queries.listing import Listing, Sight
from tocsin.storage.queries.outcomes import EventOutcome, OutcomeFilter
from tocsin.storage.queries.pages import MessageFilter
from tocsin.storage.queries.services import Heard, Noise
from tocsin.storage.queries.slices import COUNTED, Count, Slice
from tocsin.storage.queries.suspended import SuspendedCounts, SuspendedFilter
from tocsin.storage.queries.timeline import TimelineEntry, TimelineFilter
from tocsin.storage.turns import Cursor
from tocsin.workflows.model import Run

__all__ = [
    "COUNTED",
    "DAYS_LOOKED_AT",
    "EVERY",
    "NEWEST_FIRST",
    "AlertAt",
    "AlertFilter",
    "At",
    "AuditFilter",
    "AuditRecord",
    "Change",
    "ChannelLatest",
    "Count",
    "DatabaseFacts",
    "DeliveryLatest",
    "EventOutcome",
    "Heard",
    "IncidentFilter",
    "Listing",
    "MessageFilter",
    "MonitorLatest",
    "Noise",
    "OpenCounts",
    "Order",
    "OutcomeFilter",
    "Pulse",
    "Reads",
    "Sight",
    "Slice",
    "SortBy",
    "SuspendedCounts",
    "SuspendedFilter",
    "TimelineEntry",
    "TimelineFilter",
    "rank_of",
]


class Reads:
    """Queries on the main database, each on a connection of its own."""

    def __init__(self, database: Database, journal: Callable[[], LogReader] | None = None) -> None:
        """`database` should be opened read-only; neither begun nor closed here. `journal` opens the ingest log."""
        self._database = database
        self._source: Database | OneMoment = database
        self._journal = journal

    @contextmanager
    def at_one_moment(self) -> Iterator[Reads]:
        """The same questions, all answered from one snapshot, by one thread: what a page is made from agrees."""
        made = Reads(self._database, self._journal)
        made._source = moment = OneMoment(self._database)
        with closing(moment):
            yield made

    # -- incidents

    def incidents(
        self,
        wanted: IncidentFilter = EVERY,
        *,
        order: Sequence[tuple[SortBy, bool]] = NEWEST_FIRST,
        limit: int = 25,
        offset: int = 0,
        want_total: bool = False,
    ) -> Listing[Incident]:
        """One page of incidents. `order`: pairs of what by and whether descending."""
        with self._source.reading() as connection:
            return incidents.find(connection, wanted, order, limit, offset, want_total=want_total)

    def incidents_near(
        self,
        wanted: IncidentFilter,
        order: Order,
        at: At | None = None,
        *,
        ranks: Mapping[str, int] | None = None,
        limit: int = 50,
        backwards: bool = False,
    ) -> Slice[Incident]:
        """The incidents beyond a place of the list (None = from its beginning). `ranks`: of priorities, for that order.

        A filter that no index serves is looked for among 10,000 incidents; `looked_to` then says how far that was.
        """
        with self._source.reading() as connection:
            return incidents.near(connection, wanted, order, ranks or {}, at, limit, backwards=backwards)

    def count_incidents(self, wanted: IncidentFilter, most: int = COUNTED) -> Count:
        """How many incidents there are, counted as far as `most`. Reads that many rows only of what has an index."""
        with self._source.looking() as connection:
            return incidents.count(connection, wanted, most)

    def incident_ids(self, wanted: IncidentFilter, most: int) -> tuple[str, ...]:
        """The ids of the newest so many incidents."""
        with self._source.looking() as connection:
            return incidents.ids(connection, wanted, most)

    def incident(self, reference: str) -> Incident | None:
        """One incident by its id or its number."""
        with self._source.looking() as connection:
            return incidents.one(connection, reference)

    def incidents_by_id(self, ids: Iterable[str]) -> Mapping[str, Incident]:
        """The incidents with these ids, those that exist."""
        with self._source.looking() as connection:
            return incidents.by_ids(connection, ids)

    def incidents_titled(self, letters: str, *, sight: Sight | None = None, limit: int = 20) -> Sequence[Incident]:
        """Of the newest 5,000 incidents those with all of these words in their title, newest first."""
        with self._source.reading() as connection:
            return search.by_title(connection, letters, sight, limit)

    def open_counts(self, *, sight: Sight | None = None, team_ids: Sequence[str] = ()) -> OpenCounts:
        """How many incidents are open."""
        with self._source.looking() as connection:
            return incidents.open_counts(connection, sight, team_ids)

    def open_by_person(self, *, sight: Sight | None = None) -> Mapping[str, int]:
        """How many open incidents each person has now who has any."""
        with self._source.looking() as connection:
            return incidents.open_by_person(connection, sight)

    def open_by_service(self, service_ids: Collection[str] | None = None) -> Mapping[str, OpenCounts]:
        """How many incidents are open on each service that has any, of these services if some are named."""
        with self._source.looking() as connection:
            return incidents.open_by_service(connection, service_ids)

    def last_incident_at(self, service_id: str) -> Moment | None:
        """When the service's newest incident began."""
        with self._source.looking() as connection:
            return incidents.last_created(connection, service_id)

    def policy_as_it_was(self, snapshot_id: str) -> Policy | None:
        """The escalation policy that an incident's `policy_snapshot` names."""
        with self._source.looking() as connection:
            return policies.as_it_was(connection, snapshot_id)

    # -- alerts

    def alerts(
        self,
        wanted: AlertFilter,
        *,
        limit: int = 25,
        offset: int = 0,
        newest_first: bool = True,
        want_total: bool = False,
    ) -> Listing[Alert]:
        """One page of alerts."""
        with self._source.reading() as connection:
            return alerts.find(connection, wanted, limit, offset, newest_first=newest_first, want_total=want_total)

    def alerts_near(
        self,
        wanted: AlertFilter,
        at: AlertAt | None = None,
        *,
        limit: int = 50,
        newest_first: bool = True,
        backwards: bool = False,
    ) -> Slice[Alert]:
        """The alerts beyond a place of the list, as `incidents_near`."""
        with self._source.reading() as connection:
            return alerts.near(connection, wanted, at, limit, newest_first=newest_first, backwards=backwards)

    def count_suspended(self, wanted: SuspendedFilter) -> SuspendedCounts:
        """How many alerts waited before they could page, and what became of them."""
        with self._source.looking() as connection:
            return suspended.counts(connection, wanted)

    def latest_suspended(self, wanted: SuspendedFilter, most: int) -> tuple[Sequence[Alert], Sequence[Alert]]:
        """Of the alerts that waited the newest that paged, and the newest that were over in time."""
        with self._source.reading() as connection:
            return suspended.latest(connection, wanted, most)

    def alerts_of(
        self,
        incident_id: str,
        *,
        statuses: Sequence[AlertStatus] = (),
        dedup_key: str = "",
        limit: int = 100,
        offset: int = 0,
        newest_first: bool = False,
        want_total: bool = False,
    ) -> Listing[Alert]:
        """One page of an incident's alerts, oldest first unless told otherwise."""
        states = set(statuses)
        is_open = AlertStatus.TRIGGERED in states if len(states) == 1 else None
        wanted = AlertFilter(incident_id=incident_id, is_open=is_open, dedup_key=dedup_key)
        return self.alerts(wanted, limit=limit, offset=offset, newest_first=newest_first, want_total=want_total)

    def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self.alerts_by_id([alert_id]).get(alert_id)

    def alerts_by_id(self, ids: Iterable[str]) -> Mapping[str, Alert]:
        """The alerts with these ids, those that exist."""
        with self._source.looking() as connection:
            return alerts.by_ids(connection, ids)

    def first_alerts(self, incident_ids: Sequence[str]) -> Mapping[str, Alert]:
        """The oldest alert of each of these incidents that has one."""
        with self._source.reading() as connection:
            return alerts.first_of(connection, incident_ids)

    # -- the timeline

    def timeline(
        self,
        wanted: TimelineFilter,
        *,
        limit: int = 100,
        offset: int = 0,
        newest_first: bool = False,
        want_total: bool = False,
    ) -> Listing[TimelineEntry]:
        """One page of facts: of an incident, or across all incidents."""
        with self._source.reading() as connection:
            return timeline.find(connection, wanted, limit, offset, newest_first=newest_first, want_total=want_total)

    def histories(self, incident_ids: Sequence[str], kinds: Sequence[str]) -> Mapping[str, Sequence[TimelineEntry]]:
        """The facts of these kinds about each of these incidents, oldest first. For reports; the caller bounds it."""
        with self._source.reading() as connection:
            return timeline.of_incidents(connection, incident_ids, kinds)

    def timeline_after(self, incident_id: str, after_seq: int, *, limit: int = 500) -> Listing[TimelineEntry]:
        """What came after `after_seq` on an incident's timeline ("" = all facts), oldest first. For live views."""
        with self._source.looking() as connection:
            return timeline.after(connection, incident_id, after_seq, limit)

    def timeline_entry(self, seq: int) -> TimelineEntry | None:
        """One entry by its number."""
        with self._source.looking() as connection:
            return timeline.one(connection, seq)

    def first_entries(self, incident_ids: Iterable[str]) -> Mapping[str, int]:
        """The number of the first entry of each of these incidents."""
        with self._source.looking() as connection:
            return timeline.first_seqs(connection, incident_ids)

    def notes(self, incident_id: str) -> Sequence[Note]:
        """What people wrote on an incident, as it stands; oldest first."""
        with self._source.looking() as connection:
            return timeline.notes(connection, incident_id)

    def last_notes(self, incident_ids: Sequence[str]) -> Mapping[str, Note]:
        """The newest note of each of these incidents that has one."""
        with self._source.looking() as connection:
            return timeline.last_notes(connection, incident_ids)

    def newest_number(self, *, sight: Sight | None = None) -> int:
        """The number of the newest incident, 0 while there is none."""
        with self._source.looking() as connection:
            return incidents.newest_number(connection, sight)

    # -- pages and messages

    def pages_of(self, incident_id: str) -> tuple[Page, ...]:
        """Every page about an incident, oldest first."""
        with self._source.looking() as connection:
            return pages.of_incident(connection, incident_id)

    def page(self, page_id: str) -> Page | None:
        """One page."""
        with self._source.looking() as connection:
            return pages.one(connection, page_id)

    def message(self, message_id: str) -> Message | None:
        """One message."""
        with self._source.looking() as connection:
            return pages.message(connection, message_id)

    def messages(
        self,
        wanted: MessageFilter,
        *,
        limit: int = 25,
        offset: int = 0,
        newest_first: bool = True,
        want_total: bool = False,
    ) -> Listing[Message]:
        """One page of messages."""
        with self._source.reading() as connection:
            return pages.messages(connection, wanted, limit, offset, newest_first=newest_first, want_total=want_total)

    # -- what subscriptions are told

    def deliveries(
        self, subscription_id: str, *, limit: int = 25, offset: int = 0, want_total: bool = False
    ) -> Listing[Delivery]:
        """One page of a subscription's deliveries, newest first. The body is the dialect's to render."""
        with self._source.reading() as connection:
            return deliveries.of_subscription(connection, subscription_id, limit, offset, want_total=want_total)

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        with self._source.looking() as connection:
            return deliveries.one(connection, delivery_id)

    def waiting_deliveries(self) -> int:
        """How many deliveries have not ended, 100,000 at most. Cheap."""
        with self._source.looking() as connection:
            return deliveries.waiting(connection)

    def lane(self, subscription_id: str) -> Lane:
        """How the deliveries of a subscription fare."""
        with self._source.looking() as connection:
            return deliveries.lane(connection, subscription_id)

    # -- workflows

    def runs_of(self, incident_id: str) -> Sequence[Run]:
        """Every run of a workflow on an incident, oldest first."""
        with self._source.looking() as connection:
            return runs.of_incident(connection, incident_id)

    def latest_runs(self, workflow_id: str, most: int) -> Sequence[Run]:
        """The newest runs of a workflow, the newest first."""
        with self._source.looking() as connection:
            return runs.latest(connection, workflow_id, most)

    # -- what rules remember

    def memories(self, ids: Iterable[str]) -> Mapping[str, Memory]:
        """What rules and cache variables remember under these ids, as it was stored."""
        with self._source.looking() as connection:
            return memories.by_ids(connection, ids)

    # -- events, health, changes

    def outcomes(self, wanted: OutcomeFilter, *, limit: int = 100) -> Listing[EventOutcome]:
        """How accepted events ended, newest first; the next page begins before the last one's `seq`."""
        with self._source.reading() as connection:
            return outcomes.find(connection, wanted, limit)

    def outcomes_near(self, wanted: OutcomeFilter, *, limit: int = 50) -> tuple[Listing[EventOutcome], int]:
        """The same, and before which number the search stopped with others beyond it (0 = all was looked through)."""
        with self._source.reading() as connection:
            return outcomes.looked(connection, wanted, limit)

    def outcome(self, seq: int) -> EventOutcome | None:
        """How one event ended; None while it is undecided."""
        with self._source.looking() as connection:
            return outcomes.one(connection, seq)

    def posted(self, seqs: Iterable[int]) -> Mapping[int, bytes]:
        """What was posted as these events, by their number in the log; without those that it does not hold any more."""
        if self._journal is None:
            return {}
        try:
            with closing(self._journal()) as journal:
                found = ((seq, journal.get(seq)) for seq in seqs)
                return {seq: entry.body for seq, entry in found if entry is not None}
        except LogError:
            return {}

    # -- of a service

    def open_alerts_by_service(self, service_ids: Collection[str]) -> Mapping[str, int]:
        """How many alerts are open on each of these services that has any."""
        with self._source.looking() as connection:
            return services.open_alerts(connection, service_ids)

    def last_heard(self, integration_ids: Collection[str]) -> Mapping[str, Heard]:
        """What came last by each of these keys, if anything came in the last 90 days. Cheap."""
        with self._source.looking() as connection:
            return services.last_heard(connection, integration_ids)

    def changes(
        self, integration_ids: Collection[str], since: Moment, *, until: Moment | None = None, most: int = 100
    ) -> Sequence[EventOutcome]:
        """The newest changes that came by these keys since then, and before `until`."""
        with self._source.looking() as connection:
            return services.changes(connection, integration_ids, since, most, until)

    def alerts_by_slot(self, service_id: str, since: Moment, width: Span) -> tuple[Mapping[int, int], bool]:
        """How many alerts were opened in each slot of this width since then; and whether there were more."""
        with self._source.looking() as connection:
            return services.alerts_by_slot(connection, service_id, since, width)

    def noise(self, service_id: str, integration_ids: Sequence[str], since: Moment) -> Noise:
        """What came in since then and what it led to, "at least" where there was more than is counted."""
        with self._source.reading() as connection:
            return services.noise(connection, service_id, integration_ids, since)

    def pulse(self) -> Pulse:
        """Timers, outbox and cursor, for the health page."""
        with self._source.reading() as connection:
            return health.pulse(connection)

    def oldest_due(self) -> tuple[Moment | None, Moment | None]:
        """The next timer's due time and the oldest outbox row's moment. Cheap."""
        with self._source.looking() as connection:
            return health.oldest(connection)

    def cursor(self) -> Cursor:
        """How far the log has been decided."""
        with self._source.looking() as connection:
            return health.cursor(connection)

    def oldest_kept_event(self) -> int:
        """The number of the oldest event whose outcome is kept; where none is, the first that is not decided."""
        with self._source.reading() as connection:
            return outcomes.oldest(connection) or health.cursor(connection).seq + 1

    # -- how connections fare

    def latest_of_monitors(self, now: Moment) -> Mapping[str, MonitorLatest]:
        """By entrance, when it was heard last and what could not be decided; those that were heard lately."""
        with self._source.reading() as connection:
            return connections.monitors(connection, now)

    def latest_of_channels(self) -> Mapping[Channel, ChannelLatest]:
        """By channel, the last message that went and the last that failed; those that were used lately."""
        with self._source.reading() as connection:
            return connections.channels(connection)

    def latest_deliveries(self) -> DeliveryLatest:
        """The last delivery to any subscription that arrived, and the last that was given up."""
        with self._source.looking() as connection:
            return connections.deliveries(connection)

    def database_facts(self) -> DatabaseFacts:
        """Which database it is, how large, at which revision of the schema."""
        return health.facts(self._database)

    def audit(self, wanted: AuditFilter, *, limit: int = 100) -> Listing[AuditRecord]:
        """Changes of configuration, newest first; the next page begins before the last one's `seq`."""
        with self._source.looking() as connection:
            return audit.find(connection, wanted, limit)
