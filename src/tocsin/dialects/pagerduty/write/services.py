"""Services, integrations, vendors, priorities as PagerDuty's clients expect them.

Decides the state that a service shows: disabled, or what its open incidents make of it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tocsin.alerts.windows import window_at
from tocsin.dialects.pagerduty.read.services import stored_wire
from tocsin.dialects.pagerduty.vendors import BY_ID, Vendor
from tocsin.dialects.pagerduty.write import grouping, people
from tocsin.dialects.pagerduty.write.policies import policy as policy_object
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.model import (
    Integration,
    Priority,
    Service,
    ServiceStatus,
    SupportHours,
    UrgencyRule,
    UrgencyRuleKind,
)
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import OpenCounts

_QUIET = OpenCounts()


def service(
    one: Service,
    refs: Refs,
    included: Collection[str] = (),
    *,
    open_now: OpenCounts | None = None,
    last_incident_at: Moment | None = None,
    now: Moment | None = None,
) -> Wire:
    """A service. `included`: escalation_policies, teams, integrations as full objects. `now`: for its status."""
    config = refs.config
    wire = stored_wire(one)
    integrations = config.integrations_of.get(one.id, ())
    owner = config.policies.get(one.policy_id)
    team_ids = owner.team_ids if owner is not None else ()
    grouped = _grouping(one, wire, refs)
    full_policy = owner is not None and "escalation_policies" in included
    return {
        **refs.links.keys("service", one.id, one.name, f"services/{one.id}"),
        "name": one.name,
        "description": one.description,
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
        "status": status(one, open_now or _QUIET, maintained=_maintained(one, refs, now)),
        "teams": people.teams(team_ids, refs, full="teams" in included),
        "alert_creation": wire.get("alert_creation", "create_alerts_and_incidents"),
        "addons": [],
        "scheduled_actions": _scheduled(one.raise_at) if one.raise_at else wire.get("scheduled_actions", []),
        "support_hours": _support_hours(one.support_hours) if one.support_hours is not None else None,
        "last_incident_timestamp": instant(last_incident_at),
        "escalation_policy": policy_object(owner, refs) if full_policy and owner else refs.policy(one.policy_id),
        "incident_urgency_rule": _urgency_rule(one.urgency_rule),
        "acknowledgement_timeout": one.acknowledgement_timeout,
        "auto_resolve_timeout": one.auto_resolve_timeout,
        "alert_grouping": wire.get("alert_grouping") or _older_name(grouped),
        "alert_grouping_timeout": wire.get("alert_grouping_timeout"),
        "alert_grouping_parameters": grouped,
        "auto_pause_notifications_parameters": {
            "enabled": one.pause_seconds is not None,
            "timeout": one.pause_seconds,
        },
        "integrations": [
            integration(entry, refs) if "integrations" in included else refs.integration(entry.id)
            for entry in integrations
        ],
        "response_play": wire.get("response_play"),
    }


def _maintained(one: Service, refs: Refs, now: Moment | None) -> bool:
    return now is not None and window_at(refs.config.windows_of.get(one.id, ()), now) is not None


def status(one: Service, open_now: OpenCounts, *, maintained: bool = False) -> str:
    """disabled, maintenance (it opens no incidents), critical (somebody must act), warning (somebody does), active."""
    if one.status is ServiceStatus.DISABLED:
        return "disabled"
    if maintained:
        return "maintenance"
    if open_now.triggered:
        return "critical"
    return "warning" if open_now.acknowledged else "active"


def integration(one: Integration, refs: Refs) -> Wire:
    """A monitor's entrance. One made for a vendor names it, one made by type does not: clients tell them apart so."""
    found = BY_ID.get(one.vendor_id or "")
    reference = None
    if found is not None:
        reference = {
            **refs.links.keys("vendor_reference", found.id, found.name, f"vendors/{found.id}"),
            "html_url": None,
        }
    path = f"services/{one.service_id}/integrations/{one.id}"
    return {
        **refs.links.keys(one.wire_type, one.id, one.name, path),
        "name": one.name,
        "service": refs.service(one.service_id),
        "created_at": instant(one.created_at),
        "vendor": reference,
        "integration_key": one.key if refs.may_see_keys(one.service_id) else None,
        "integration_email": None,
    }


def vendor(one: Vendor, refs: Refs) -> Wire:
    """A monitor that an integration can be made for."""
    return {
        **refs.links.keys("vendor", one.id, one.name, f"vendors/{one.id}"),
        "html_url": None,
        "name": one.name,
        "long_name": one.name,
        "website_url": one.website,
        "logo_url": None,
        "thumbnail_url": None,
        "description": one.name,
        "integration_guide_url": None,
        "connectable": False,
        "generic_service_type": one.type,
        "alert_creation_default": "create_alerts_and_incidents",
        "alert_creation_editable": True,
        "is_pd_cef": True,
    }


def priority(one: Priority, refs: Refs) -> Wire:
    """How much an incident matters."""
    return {
        **refs.links.keys("priority", one.id, one.name, f"priorities/{one.id}"),
        "html_url": None,
        "name": one.name,
        "description": one.description,
        "color": one.color,
        "order": one.order,
        "schema_version": 0,
    }


def _grouping(one: Service, wire: Wire, refs: Refs) -> Wire | None:
    """What it shares with others, else what it does, else what was sent and is only kept."""
    shared = refs.config.grouping_of.get(one.id)
    if shared is not None:
        return grouping.of_service(shared)
    stored: Wire | None = wire.get("alert_grouping_parameters")
    if one.group_by is not None:
        return {"type": "content_based", "config": grouping.by_content(one.group_by)}
    if one.group_seconds is None:
        return stored if stored is None or stored["type"] != "time" else None
    return {"type": "time", "config": {"timeout": one.group_seconds // 60}}


def _older_name(grouped: Wire | None) -> str | None:
    """What the older field calls the grouping. Clients that read the newer one expect `rules` here or nothing."""
    return "rules" if grouped is not None and grouped["type"] == "content_based" else None


def _scheduled(name: str) -> list[Wire]:
    return [{"type": "urgency_change", "at": {"type": "named_time", "name": name}, "to_urgency": "high"}]


def _urgency_rule(rule: UrgencyRule) -> Wire:
    if rule.kind is UrgencyRuleKind.USE_SUPPORT_HOURS:
        return {
            "type": "use_support_hours",
            "during_support_hours": {"type": "constant", "urgency": rule.during},
            "outside_support_hours": {"type": "constant", "urgency": rule.outside},
        }
    urgency = "severity_based" if rule.kind is UrgencyRuleKind.SEVERITY_BASED else rule.urgency
    return {"type": "constant", "urgency": urgency}


def _support_hours(hours: SupportHours) -> dict[str, Any]:
    return {
        "type": "fixed_time_per_day",
        "time_zone": hours.time_zone,
        "start_time": clock(hours.start_second),
        "end_time": clock(hours.end_second),
        "days_of_week": list(hours.days),
    }


def clock(second: int) -> str:
    """Seconds after midnight as `HH:MM:SS`."""
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
