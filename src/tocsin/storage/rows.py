"""Which table holds which entity, and the columns beside its JSON. Decides the mapping only; runs no SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from tocsin.alerts.model import Alert
from tocsin.deliveries.model import Delivery, Lane
from tocsin.engine.world import Stateful
from tocsin.escalation.model import PolicySnapshot
from tocsin.events.memory import Memory
from tocsin.incidents.model import Incident
from tocsin.paging.model import Message, Pace, Page
from tocsin.storage import tables
from tocsin.storage.codec import dump
from tocsin.workflows.model import Run


@dataclass(frozen=True, slots=True)
class Mapped:
    """An entity's table and its row.

    `settled`: the columns that a change can leave as they are, told from two values; then only `data` and `also` are
    written again, and no index is touched. Empty: every change writes the whole row.
    """

    table: Table
    row: Callable[[Any], dict[str, Any]]
    settled: Callable[[Any], tuple[Any, ...]] | None = None
    also: tuple[str, ...] = ()


def words_of(*texts: str) -> str:
    """What a search looks at: one text to a line, without letters of either case, and without NUL (see `pg_text`)."""
    return "\n".join(texts).casefold().replace("\0", " ")


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "scope": alert.scope,
        "dedup_key": alert.dedup_key,
        "is_open": int(alert.is_open),
        "service_id": alert.service_id,
        "incident_id": alert.incident_id,
        "suppressed": int(bool(alert.suppressed)),
        "created_at": alert.created_at,
        "last_seq": alert.last_seq,
        "data": dump(alert),
        "window_id": (alert.window_id or None) if alert.is_open else None,
        "suspended_by": alert.suspended_by or None,
        "severity": alert.severity.value if alert.severity is not None else None,
        "words": words_of(alert.summary, alert.source, alert.dedup_key),
    }


def _settled_alert(alert: Alert) -> tuple[Any, ...]:
    held = alert.suppressed, alert.window_id
    return alert.status, alert.service_id, alert.incident_id, *held, alert.severity, alert.summary, alert.source


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "number": incident.number,
        "status": incident.status.value,
        "urgency": incident.urgency.value,
        "service_id": incident.service_id,
        "policy_id": incident.policy_id,
        "incident_key": incident.incident_key,
        "created_at": incident.created_at,
        "resolved_at": incident.resolved_at,
        "timer_at": incident.timer_at,
        "timer_reason": incident.timer_reason.value if incident.timer_reason else None,
        "data": dump(incident),
        "priority_id": incident.priority_id,
        "words": words_of(incident.title),
    }


def _page(page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "incident_id": page.incident_id,
        "user_id": page.user_id,
        "contact_id": page.contact_id,
        "state": page.state.value,
        "created_at": page.created_at,
        "data": dump(page),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "address": message.address,
        "channel": message.channel.value,
        "code": message.code,
        "user_id": message.user_id,
        "state": message.state.value,
        "created_at": message.created_at,
        "data": dump(message),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "number": delivery.number,
        "subscription_id": delivery.subscription_id,
        "resource_id": delivery.resource_id,
        "queued": int(delivery.is_queued),
        "due_at": delivery.due_at,
        "finished_at": delivery.finished_at,
        "data": dump(delivery),
    }


def _plain(entity: Pace | PolicySnapshot | Lane) -> dict[str, Any]:
    return {"id": entity.id, "data": dump(entity)}


def _memory(memory: Memory) -> dict[str, Any]:
    return {"id": memory.id, "at": memory.at, "data": dump(memory)}


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "incident_id": run.incident_id,
        "workflow_id": run.workflow_id,
        "started_at": run.started_at,
        "data": dump(run),
    }


MAPPED: Mapping[type[Stateful], Mapped] = {
    Alert: Mapped(tables.alerts, _alert, _settled_alert, ("last_seq",)),
    Incident: Mapped(tables.incidents, _incident),
    PolicySnapshot: Mapped(tables.policy_snapshots, _plain),
    Page: Mapped(tables.pages, _page),
    Message: Mapped(tables.messages, _message),
    Pace: Mapped(tables.paces, _plain),
    Memory: Mapped(tables.memories, _memory),
    Delivery: Mapped(tables.deliveries, _delivery),
    Lane: Mapped(tables.lanes, _plain),
    Run: Mapped(tables.workflow_runs, _run),
}
"""Every entity that decisions change."""
