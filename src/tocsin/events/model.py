"""The normalised event: every dialect turns its wire form into this one, nothing downstream sees a vendor's body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.events.orchestration import Call
from tocsin.kernel.time import Moment


class Action(StrEnum):
    """What the monitor asks for."""

    TRIGGER = "trigger"  # something is wrong
    ACKNOWLEDGE = "acknowledge"  # somebody looks at it already
    RESOLVE = "resolve"  # it is over
    CHANGE = "change"  # nothing is wrong; something was changed (a deploy)


class Severity(StrEnum):
    """How bad the monitor thinks it is, worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Outcome(StrEnum):
    """How an accepted event ended; every one ends in exactly one of these, with a reason in words."""

    OPENED = "opened"  # it opened an alert
    REPEATED = "repeated"  # the alert was open already; counted
    ACKNOWLEDGED = "acknowledged"  # it acknowledged the alert's incident
    RESOLVED = "resolved"  # it resolved the alert
    SUPPRESSED = "suppressed"  # a rule or window kept it from paging; the alert is recorded
    SUSPENDED = "suspended"  # it opened an alert that waits: only if it is not over in a while does it page
    DROPPED = "dropped"  # nothing to do: no open alert, a disabled service, an unknown key
    RECORDED = "recorded"  # a change event
    QUARANTINED = "quarantined"  # it could not be decided; an incident says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that one monitor said once.

    `received_at` is our own clock at acceptance, `occurred_at` the monitor's word. `expires_at` (Prometheus' endsAt
    in the future): without another event by then, the alert resolves by itself. `log_seq` is its number in the log.
    `raw`: the body as it was posted, for rules that look into it.
    What rules want for the incident: `priority_id`, another `policy_id` than the service's, `notes` on its timeline,
    `field_values` of custom fields by their ids, as text, `calls` of web addresses.
    """

    action: Action
    integration_id: str
    dedup_key: str
    received_at: Moment
    log_seq: int = 0
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
    occurred_at: Moment | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    expires_at: Moment | None = None
    runbook_url: str = ""
    raw: bytes = b""
    priority_id: str = ""
    policy_id: str = ""
    notes: tuple[str, ...] = ()
    field_values: tuple[tuple[str, str], ...] = ()
    calls: tuple[Call, ...] = ()
