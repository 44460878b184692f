"""Services and integrations: from fields of a body to changes of the things.

What Tocsin does not act on (yet) is kept as sent, in the service's `wire` text, so that clients find it unchanged.
Decides which settings make sense together: a service whose urgency is constant has no support hours.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.vendors import BY_ID, EMAIL_TYPE, EVENTS_V2, INTEGRATION_TYPES
from tocsin.directory.grouping import ContentGrouping
from tocsin.directory.model import Service, ServiceStatus, SupportHours, UrgencyRule, UrgencyRuleKind
from tocsin.kernel.limits import DESCRIPTION_CHARS

URGENCIES = ("high", "low", "severity_based")
GROUPING = ("time", "intelligent", "content_based", "content_based_intelligent")
RECOMMENDED_PAUSE = 120
PAUSES = (0, 120, 180, 300, 600, 900)
WINDOW_SECONDS = (300, 3600)
DAY_SECONDS = 86_400
TIMEOUT_MINUTES = 1440

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def service_changes(fields: Fields, old: Service | None) -> dict[str, Any]:
    """What a body says about a service. Raises ApiError with every problem of shape."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    if fields.given("escalation_policy"):
        changes["policy_id"] = fields.reference("escalation_policy") or ""
    for name in ("auto_resolve_timeout", "acknowledgement_timeout"):
        if fields.given(name):
            changes[name] = fields.whole(name)
    status = fields.text("status")
    if status in ("active", "disabled"):
        changes["status"] = ServiceStatus(status)
    _urgency(fields, changes)
    if fields.given("alert_grouping_parameters"):
        changes |= {"group_seconds": None, "group_by": None}
    wire = _wire(fields, stored_wire(old))
    _pause(fields, changes)
    _scheduled_actions(fields, changes, wire)
    fields.check()
    if "group_by" in changes:
        changes |= _acted_upon(wire["alert_grouping_parameters"])
    if old is None or wire != stored_wire(old):
        changes["wire"] = msgspec.json.encode(wire).decode()
    return changes


def stored_wire(service: Service | None) -> dict[str, Any]:
    """What is kept of a service for its clients only."""
    if service is None:
        return {}
    value: dict[str, Any] = msgspec.json.decode(service.wire)
    return value


def integration_changes(fields: Fields, *, creating: bool) -> dict[str, Any]:
    """What a body says about an integration. A vendor decides the type; without either it takes events."""
    changes: dict[str, Any] = {}
    vendor_id = fields.reference("vendor")
    vendor = BY_ID.get(vendor_id or "")
    if vendor_id is not None and vendor is None:
        fields.wrong("Vendor not found")
    type_name = fields.text("type")
    wire_type = (type_name or "").removesuffix("_reference")
    if wire_type == EMAIL_TYPE:
        fields.wrong(f"Type {EMAIL_TYPE} is not supported")
    elif vendor is not None:
        changes |= {"vendor_id": vendor.id, "wire_type": vendor.type}
    elif wire_type in INTEGRATION_TYPES:
        changes["wire_type"] = wire_type
    elif wire_type not in ("", "service_integration", "inbound_integration"):
        fields.wrong(f"Type {type_name} is not supported")
    elif creating:
        changes["wire_type"] = EVENTS_V2
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    elif creating:
        changes["name"] = vendor.name if vendor is not None else "Events"
    key = fields.text("integration_key")
    if key:
        changes["key"] = key
    fields.check()
    return changes


def _is_constant(changes: dict[str, Any]) -> bool:
    rule = changes.get("urgency_rule")
    return isinstance(rule, UrgencyRule) and rule.kind is UrgencyRuleKind.CONSTANT


def _urgency(fields: Fields, changes: dict[str, Any]) -> None:
    rule = fields.object("incident_urgency_rule")
    if rule is not None:
        changes["urgency_rule"] = _urgency_rule(rule)
    if fields.given("support_hours"):
        hours = fields.object("support_hours")
        changes["support_hours"] = _support_hours(hours) if hours is not None else None
    elif _is_constant(changes):
        changes["support_hours"] = None


def _urgency_rule(rule: Fields) -> UrgencyRule:
    kind = rule.choice("type", ("constant", "use_support_hours"))
    if kind == "use_support_hours":
        words = []
        for name in ("during_support_hours", "outside_support_hours"):
            inner = rule.object(name)
            words.append(inner.choice("urgency", URGENCIES) if inner is not None else None)
        during, outside = words
        return UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during=during or "high", outside=outside or "low")
    return UrgencyRule(urgency=rule.choice("urgency", URGENCIES) or "high")


def _support_hours(hours: Fields) -> SupportHours:
    hours.choice("type", ("fixed_time_per_day",))
    days = []
    for day in hours.array("days_of_week"):
        if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 7:
            hours.wrong("Days of week must be numbers from 1 (Monday) to 7")
            break
        days.append(day)
    return SupportHours(
        time_zone=hours.text("time_zone") or "",
        start_second=second_of_day(hours, "start_time"),
        end_second=second_of_day(hours, "end_time"),
        days=tuple(dict.fromkeys(days)),
    )


def second_of_day(fields: Fields, name: str) -> int:
    """`HH:MM:SS` as seconds after midnight; a problem is noted and counts as midnight."""
    text = fields.text(name)
    match = _CLOCK.fullmatch(text or "")
    if match is None:
        fields.wrong(f"{name.replace('_', ' ').capitalize()} must be a time of day like 09:00:00")
        return 0
    hour, minute, second = match.groups(default="0")
    return int(hour) * 3600 + int(minute) * 60 + int(second)


def _wire(fields: Fields, stored: dict[str, Any]) -> dict[str, Any]:
    wire = dict(stored)
    creation = fields.choice("alert_creation", ("create_alerts_and_incidents", "create_incidents"))
    if creation is not None:
        wire["alert_creation"] = creation
    if fields.given("alert_grouping"):
        wire["alert_grouping"] = fields.choice("alert_grouping", ("time", "intelligent", "rules"))
    if fields.given("alert_grouping_timeout"):
        wire["alert_grouping_timeout"] = fields.whole("alert_grouping_timeout")
    if fields.given("alert_grouping_parameters"):
        grouping = fields.object("alert_grouping_parameters")
        wire["alert_grouping_parameters"] = _grouping(grouping) if grouping is not None else None
    if fields.given("response_play"):
        play = fields.object("response_play")
        wire["response_play"] = (
            {"id": play.id(of="response_play"), "type": play.text("type")} if play is not None else None
        )
    return wire


def _acted_upon(parameters: dict[str, Any] | None) -> dict[str, Any]:
    """What the service does of it: group by time or by content; the other types are kept for their clients."""
    kind, config = (parameters["type"], parameters["config"]) if parameters is not None else ("", {})
    return {
        "group_seconds": int(config["timeout"]) * 60 if kind == "time" else None,
        "group_by": content_grouping(kind, config),
    }


def content_grouping(kind: str, config: dict[str, Any]) -> ContentGrouping | None:
    """The grouping that checked parameters ask for, if they are of that type."""
    if kind != "content_based":
        return None
    names, match_all = tuple(config["fields"]), config["aggregate"] == "all"
    return ContentGrouping(fields=names, match_all=match_all, window_seconds=config["time_window"])


def _grouping(parameters: Fields) -> dict[str, Any] | None:
    """The parameters with what belongs to their type, and nothing else: clients would take the rest for a change."""
    kind = parameters.choice("type", GROUPING)
    config = parameters.object("config") or Fields({}, parameters.problems)
    if kind is None:
        return None
    if kind == "time":
        timeout = config.whole("timeout") or 0
        if not 0 <= timeout <= TIMEOUT_MINUTES:
            config.wrong(f"Timeout must be between 0 and {TIMEOUT_MINUTES} minutes")
        return {"type": kind, "config": {"timeout": timeout}}
    return {"type": kind, "config": window_config(kind, config)}


def window_config(kind: str, config: Fields) -> dict[str, Any]:
    """The parameters of the sorts of grouping that look at what alerts hold."""
    window = config.whole("time_window") or WINDOW_SECONDS[0]
    by_content = kind != "intelligent"
    if not (WINDOW_SECONDS[0] <= window <= WINDOW_SECONDS[1] or (by_content and window == DAY_SECONDS)):
        config.wrong(f"Time window must be between {WINDOW_SECONDS[0]} and {WINDOW_SECONDS[1]} seconds")
    values: dict[str, Any] = {"time_window": window}
    if by_content:
        values["aggregate"] = config.choice("aggregate", ("all", "any"))
        values["fields"] = [field for field in config.array("fields") if isinstance(field, str) and len(field) <= 255]
        if values["aggregate"] is None or not values["fields"] or len(values["fields"]) != len(config.array("fields")):
            config.wrong("Content based grouping needs aggregate and fields")
    return values


def _pause(fields: Fields, changes: dict[str, Any]) -> None:
    """How long new alerts wait. Enabled without a time, or with 0, means the one that is recommended."""
    if not fields.given("auto_pause_notifications_parameters"):
        return
    parameters = fields.object("auto_pause_notifications_parameters") or Fields({}, fields.problems)
    enabled = parameters.truth("enabled") or False
    timeout = parameters.whole("timeout")
    if timeout is not None and timeout not in PAUSES:
        parameters.wrong(f"Timeout must be one of {', '.join(map(str, PAUSES))}")
    changes["pause_seconds"] = (timeout or RECOMMENDED_PAUSE) if enabled else None


def _scheduled_actions(fields: Fields, changes: dict[str, Any], wire: dict[str, Any]) -> None:
    """One action that makes incidents urgent is acted upon; others are kept for their clients."""
    if fields.given("scheduled_actions"):
        actions = [_scheduled(action) for action in fields.objects("scheduled_actions")]
    elif _is_constant(changes):
        actions = []
    else:
        return
    wire.pop("scheduled_actions", None)
    one = actions[0] if len(actions) == 1 and actions[0]["to_urgency"] == "high" else None
    changes["raise_at"] = one["at"]["name"] or "" if one is not None else ""
    if actions and one is None:
        wire["scheduled_actions"] = actions


def _scheduled(action: Fields) -> dict[str, Any]:
    at = action.object("at") or Fields({}, action.problems)
    action.choice("type", ("urgency_change",))
    at.choice("type", ("named_time",))
    name = at.choice("name", ("support_hours_start", "support_hours_end"))
    urgency = action.choice("to_urgency", ("high", "low"))
    if name is None or urgency is None:
        action.wrong("A scheduled action needs to_urgency and a named time")
    return {"type": "urgency_change", "at": {"type": "named_time", "name": name}, "to_urgency": urgency}
