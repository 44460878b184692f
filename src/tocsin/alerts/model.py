"""The alert: one problem as one monitor sees it, however often it says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.events.model import Severity
from tocsin.events.orchestration import Call
from tocsin.kernel.time import Moment


class AlertStatus(StrEnum):
    """Where an alert stands."""

    TRIGGERED = "triggered"  # the problem is there
    RESOLVED = "resolved"  # over; the same key opens a new alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What keeps a new alert from making an incident; empty = nothing does.

    `suppressed`: the reason, until it is judged anew. `window_id`: the maintenance window that this reason is, "" for
    rules, which outlive windows. `suspend_seconds`: it waits that long and opens unless it is resolved by then;
    `suspended_by` says for whom: "auto_pause" (the service's setting) or "rules".
    """

    suppressed: str = ""
    window_id: str = ""
    suspend_seconds: int = 0
    suspended_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A problem, identified while open by (`scope`, `dedup_key`); `scope` is the integration that opened it.

    `repeats` counts the events after the first. `expires_at`: resolves by itself unless an event comes by then.
    `started_at` and `ended_at` are the monitor's word, `resolved_at` is our clock.
    `suppressed` holds the reason why no incident was made, empty if one was; `window_id` names the maintenance window
    if that is the reason. `suspended_until`: it waits for its monitor to take it back until then; None again once it
    opened, kept when it was resolved by then. `suspended_by`: what had it wait, "" = it never did.
    `priority_id`, `policy_id`, `notes`, `calls` and `field_values` (custom fields by id, as text) are what rules want
    for its incident.
    """

    id: str
    scope: str
    dedup_key: str
    service_id: str
    status: AlertStatus
    created_at: Moment
    last_event_at: Moment
    first_seq: int
    last_seq: int
    incident_id: str = ""
    resolved_at: Moment | None = None
    suppressed: str = ""
    window_id: str = ""
    suspended_until: Moment | None = None
    suspended_by: str = ""
    repeats: int = 0
    summary: str = ""
    source: str = ""
    severity: Severity | None = None
    component: str = ""
    group: str = ""
    event_class: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Mapping[str, str], ...] = ()
    images: tuple[Mapping[str, str], ...] = ()
    client: str = ""
    client_url: str = ""
    runbook_url: str = ""
    priority_id: str = ""
    policy_id: str = ""
    notes: tuple[str, ...] = ()
    field_values: tuple[tuple[str, str], ...] = ()
    calls: tuple[Call, ...] = ()
    started_at: Moment | None = None
    ended_at: Moment | None = None
    expires_at: Moment | None = None

    @property
    def is_open(self) -> bool:
        """Whether the problem is still there."""
        return self.status is AlertStatus.TRIGGERED

    @property
    def is_held(self) -> bool:
        """Whether something keeps it from making an incident."""
        return bool(self.suppressed) or self.suspended_until is not None
