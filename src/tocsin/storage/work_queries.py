"""What the working set asks of the database, each question prepared once for the connection's database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Dialect, bindparam, func, literal_column, or_, select

from tocsin.alerts.model import Alert
from tocsin.deliveries.model import Delivery, Lane
from tocsin.directory.model import Urgency
from tocsin.engine.world import Stateful
from tocsin.escalation.model import PolicySnapshot
from tocsin.events.memory import Memory
from tocsin.incidents import notes
from tocsin.incidents.model import Incident, Status
from tocsin.paging.model import WAITING, Message, Pace, Page, PageState
from tocsin.storage import tables
from tocsin.storage.prepared import Query
from tocsin.workflows.model import Run

_KINDS: Mapping[type[Stateful], Any] = {
    Alert: tables.alerts,
    Incident: tables.incidents,
    PolicySnapshot: tables.policy_snapshots,
    Page: tables.pages,
    Message: tables.messages,
    Pace: tables.paces,
    Memory: tables.memories,
    Delivery: tables.deliveries,
    Lane: tables.lanes,
    Run: tables.workflow_runs,
}


def _word(state: StrEnum) -> Any:
    """A state within the statement itself: an index of some rows only serves one that names its condition."""
    return literal_column(f"'{state.value}'")


def _notes_of() -> Any:
    """What happened to the notes of an incident, oldest first."""
    facts = tables.timeline.c
    statement = select(facts.at, facts.kind, facts.actor, facts.data).where(
        facts.incident_id == bindparam("incident_id"), or_(*(facts.kind == fact.kind for fact in notes.FACTS))
    )
    return statement.order_by(facts.seq)


class WorkQueries:
    """The questions; each answers with rows of an entity's id and its JSON, unless its name says otherwise."""

    def __init__(self, dialect: Dialect) -> None:
        def prepared(columns: Any, *conditions: Any) -> Query:
            return Query(dialect, select(columns.id, columns.data).where(*conditions))

        self._of_incidents(dialect, prepared)
        self._of_pages(dialect, prepared)
        alerts, messages, snapshots = tables.alerts.c, tables.messages.c, tables.policy_snapshots.c
        self.one = {kind: prepared(table.c, table.c.id == bindparam("id")) for kind, table in _KINDS.items()}
        self.alerts_of = prepared(alerts, alerts.incident_id == bindparam("incident_id"))
        held = select(alerts.id, alerts.data).where(
            alerts.window_id == bindparam("window_id"), alerts.id > bindparam("after")
        )
        self.held_alerts = Query(dialect, held.order_by(alerts.id).limit(bindparam("most")))
        runs = tables.workflow_runs.c
        self.runs_of = prepared(runs, runs.incident_id == bindparam("incident_id"))
        self.notes_of = Query(dialect, _notes_of())
        self.snapshots_between = prepared(
            snapshots, snapshots.id > bindparam("after"), snapshots.id < bindparam("before")
        )
        deliveries = tables.deliveries.c
        queued = (deliveries.subscription_id == bindparam("subscription_id"), deliveries.queued == literal_column("1"))
        waiting = select(deliveries.id, deliveries.data).where(*queued).limit(bindparam("most"))
        of_queue = (deliveries.resource_id == bindparam("resource_id"), deliveries.number > bindparam("after"))
        self.first_queued = Query(dialect, waiting.where(*of_queue).order_by(deliveries.number))
        by_end = (deliveries.resource_id.desc(), deliveries.number.desc())
        self.last_queued = Query(dialect, waiting.order_by(*by_end))
        self.messages_to = prepared(
            messages,
            messages.address == bindparam("address"),
            messages.created_at >= bindparam("since"),
            messages.channel == bindparam("channel"),
        )

    def _of_incidents(self, dialect: Dialect, prepared: Callable[..., Query]) -> None:
        incidents, people, groups = tables.incidents.c, tables.incident_people.c, tables.incident_groups.c
        is_open = incidents.status != _word(Status.RESOLVED)
        self.open_by_key = prepared(
            incidents,
            is_open,
            incidents.service_id == bindparam("service_id"),
            incidents.incident_key == bindparam("incident_key"),
        )
        self.open_of_service = prepared(incidents, is_open, incidents.service_id == bindparam("service_id"))
        is_quiet = (is_open, incidents.urgency == _word(Urgency.LOW))
        quiet = select(incidents.id, incidents.data).where(
            *is_quiet, incidents.service_id == bindparam("service_id"), incidents.number > bindparam("after")
        )
        self.quiet_of_service = Query(dialect, quiet.order_by(incidents.number).limit(bindparam("most")))
        self.open_on_policy = prepared(incidents, is_open, incidents.policy_id == bindparam("policy_id"))
        policies = select(incidents.policy_id).distinct().where(is_open, incidents.policy_id > "")
        self.open_policies = Query(dialect, policies)
        self.open_assigned_to = prepared(
            incidents, is_open, people.incident_id == incidents.id, people.user_id == bindparam("user_id")
        )
        self.open_with_key = prepared(
            incidents, is_open, groups.incident_id == incidents.id, groups.key == bindparam("key")
        )

    def _of_pages(self, dialect: Dialect, prepared: Callable[..., Query]) -> None:
        incidents, pages = tables.incidents.c, tables.pages.c
        self.pages_of = prepared(pages, pages.incident_id == bindparam("incident_id"))
        self.waiting_pages = prepared(
            pages,
            pages.incident_id == bindparam("incident_id"),
            or_(*(pages.state == _word(state) for state in sorted(WAITING))),
        )
        self.planned_pages = prepared(
            pages,
            pages.incident_id == bindparam("incident_id"),
            pages.user_id == bindparam("user_id"),
            pages.state == _word(PageState.PLANNED),
        )
        bundled = (pages.contact_id == bindparam("contact_id"), pages.state == _word(PageState.BUNDLED))
        oldest = select(pages.id, pages.data).where(*bundled).order_by(pages.id).limit(bindparam("most"))
        self.bundled_pages = Query(dialect, oldest)
        between = (pages.id > bindparam("after"), pages.id < bindparam("before"))
        self.bundled_pages_between = Query(dialect, oldest.where(*between))
        is_loud = (incidents.id == pages.incident_id, incidents.urgency == Urgency.HIGH.value)
        self.loud_bundled_pages = Query(dialect, oldest.where(*is_loud))
        self.count_bundled = Query(dialect, select(func.count(pages.incident_id.distinct())).where(*bundled))


NEWEST_ALERTS = """
WITH wanted AS ({pairs})
SELECT alerts.id, alerts.data FROM wanted JOIN alerts ON alerts.id = coalesce(
  (SELECT id FROM alerts AS a WHERE a.scope = wanted.scope AND a.dedup_key = wanted.dedup_key AND a.is_open = 1),
  (SELECT id FROM alerts AS a WHERE a.scope = wanted.scope AND a.dedup_key = wanted.dedup_key
   ORDER BY a.created_at DESC, a.last_seq DESC LIMIT 1))
"""
"""The open alert of each wanted (scope, key), else the newest: the open one is the newest, whatever the clock said."""
