"""The form of a service: what its controls hold for a service, and which service a filled form means.

Decides how settings are typed (minutes, not seconds) and that what nobody has touched stays exactly as it is stored,
also what a form could not say. What is allowed the engine says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tocsin.directory.grouping import ContentGrouping
from tocsin.directory.model import Service, ServiceStatus, SupportHours, UrgencyRule, UrgencyRuleKind
from tocsin.engine.config import Config
from tocsin.kernel.errors import Invalid
from tocsin.web.language import gettext as _
from tocsin.web.site import Site

TEXTS: Final = ("name", "description", "policy_id", "owner_team_id", "component", "runbook_url", "dashboard_url",
                "repository_url", "urgency", "during", "outside", "zone", "start", "end", "raise_at", "acknowledge",
                "resolve", "grouping", "group_minutes", "group_fields", "group_match", "group_window",
                "pause")  # fmt: skip
"""Fields with one value."""

FLAGS: Final = ("pause_every", "last_resort", "judges", "disabled")
"""Boxes that are ticked or not."""

LABELS: Final = {
    "Name": "name",
    "Description": "description",
    "Escalation policy": "policy_id",
    "Owner team": "owner_team_id",
    "Component": "component",
    "Runbook": "runbook_url",
    "Dashboard": "dashboard_url",
    "Repository": "repository_url",
    "Support hours": "zone",
    "Raise at": "raise_at",
    "Acknowledgement timeout": "acknowledge",
    "Auto resolve timeout": "resolve",
    "Grouping": "group_minutes",
    "Fields": "group_fields",
    "Time window": "group_window",
    "Pause": "pause",
}
"""How the sentences about a service begin -> the field at which they stand."""

DESCRIPTION_CHARS: Final = 20_000
MINUTE: Final = 60

Typed = dict[str, Any]
"""What the controls hold: text by field, True for ticked boxes, `days` a set of numbers as text."""


def typed_of(service: Service, config: Config) -> Typed:
    """What the form of a service holds before anybody has typed."""
    rule, hours, by = service.urgency_rule, service.support_hours, service.group_by
    kind = "hours" if rule.kind is UrgencyRuleKind.USE_SUPPORT_HOURS else rule.urgency
    if rule.kind is UrgencyRuleKind.SEVERITY_BASED:
        kind = "severity_based"
    return {
        **{name: getattr(service, name) or "" for name in TEXTS[:8]},
        "urgency": kind,
        "during": rule.during,
        "outside": rule.outside,
        "zone": hours.time_zone if hours is not None else "",
        "start": _clock(hours.start_second) if hours is not None else "09:00",
        "end": _clock(hours.end_second) if hours is not None else "17:00",
        "days": {str(day) for day in hours.days} if hours is not None else set("12345"),
        "raise_at": service.raise_at,
        "acknowledge": _minutes(service.acknowledgement_timeout),
        "resolve": _minutes(service.auto_resolve_timeout),
        "grouping": _sort_of(service, config),
        "group_minutes": _minutes(service.group_seconds) if service.group_seconds else "",
        "group_fields": ", ".join(by.fields) if by is not None else "",
        "group_match": "any" if by is not None and not by.match_all else "all",
        "group_window": _minutes(by.window_seconds) if by is not None else "5",
        "pause": str(service.pause_seconds or ""),
        "pause_every": service.pause_every,
        "last_resort": service.last_resort,
        "judges": service.judges_after_windows,
        "disabled": service.status is ServiceStatus.DISABLED,
    }


def _sort_of(service: Service, config: Config) -> str:
    """How its alerts are grouped, as the form calls it. "shared" is set elsewhere, for several services."""
    if service.id in config.grouping_of:
        return "shared"
    if service.group_by is not None:
        return "content"
    return "" if service.group_seconds is None else "time" if service.group_seconds else "open"


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}"


def _minutes(seconds: int | None) -> str:
    return f"{seconds / MINUTE:.10g}" if seconds else ""


def service_of(typed: Mapping[str, Any], old: Service, site: Site, config: Config) -> Service:
    """The service that a filled form means, made from what is stored. Raises Invalid with every problem of shape."""
    was, problems = typed_of(old, config), list[str]()

    def touched(*names: str) -> bool:
        return any(typed[name] != was[name] for name in names)

    changes: dict[str, Any] = {name: typed[name].strip() or None for name in TEXTS[1:8]}
    changes |= {"name": typed["name"].strip(), "policy_id": typed["policy_id"]}
    if changes["description"] == (old.description or "").strip():
        changes["description"] = old.description
    if touched("urgency", "during", "outside"):
        changes["urgency_rule"] = _urgency(typed)
    if touched("urgency", "zone", "start", "end", "days"):
        changes["support_hours"] = _hours(typed, problems) if typed["urgency"] == "hours" else None
    changes["raise_at"] = typed["raise_at"] if typed["urgency"] == "hours" else ""
    for name, field, label in (
        ("acknowledge", "acknowledgement_timeout", "Acknowledgement timeout"),
        ("resolve", "auto_resolve_timeout", "Auto resolve timeout"),
    ):
        if touched(name):
            changes[field] = _seconds(typed[name], label, problems)
    if was["grouping"] != "shared" and touched("grouping", "group_minutes", "group_fields", "group_match",
                                               "group_window"):  # fmt: skip
        changes |= {**_grouping(typed, problems), "wire": site.regrouped(old)}
    if touched("pause"):
        changes["pause_seconds"] = int(typed["pause"]) if typed["pause"].isdecimal() else None
    changes |= {"pause_every": typed["pause_every"], "last_resort": typed["last_resort"]}
    changes["judges_after_windows"] = typed["judges"]
    changes["status"] = ServiceStatus.DISABLED if typed["disabled"] else ServiceStatus.ACTIVE
    if problems:
        raise Invalid(problems[0], details=tuple(problems))
    return replace(old, **changes)


def _urgency(typed: Mapping[str, Any]) -> UrgencyRule:
    words = ("high", "low", "severity_based")
    during, outside = (typed[name] if typed[name] in words else "high" for name in ("during", "outside"))
    if typed["urgency"] == "hours":
        return UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during=during, outside=outside)
    return UrgencyRule(urgency=typed["urgency"] if typed["urgency"] in words else "high")


def _hours(typed: Mapping[str, Any], problems: list[str]) -> SupportHours:
    days = tuple(sorted(int(day) for day in typed["days"] if day in set("1234567")))
    start, end = (_second_of_day(typed[name]) for name in ("start", "end"))
    if start is None or end is None:
        problems.append(_("Support hours begin and end at a time like 09:00"))
    if not typed["zone"].strip():
        problems.append(_("Support hours need a time zone, like Europe/Dublin"))
    if not days:
        problems.append(_("Support hours need a day of the week"))
    return SupportHours(time_zone=typed["zone"].strip(), start_second=start or 0, end_second=end or 0, days=days)


def _second_of_day(text: str) -> int | None:
    hour, colon, minute = text.strip()[:5].partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        return None
    return int(hour) * 3600 + int(minute) * 60


def _seconds(text: str, label: str, problems: list[str]) -> int | None:
    """Typed minutes as seconds; nothing typed, or 0, is never."""
    text = text.strip().replace(",", ".")
    try:
        seconds = round(min(float(text or 0), 1e9) * MINUTE)
    except (ValueError, OverflowError):
        seconds = -1
    if seconds < 0:
        problems.append(_("%(setting)s is a number of minutes", setting=label))
    return seconds or None


def _grouping(typed: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    sort = typed["grouping"]
    if sort == "content":
        names = tuple(name.strip() for name in typed["group_fields"].split(",") if name.strip())
        window = _seconds(typed["group_window"], "Time window", problems) or 0
        by = ContentGrouping(fields=names, match_all=typed["group_match"] != "any", window_seconds=window)
        return {"group_seconds": None, "group_by": by}
    if sort == "time":
        seconds = _seconds(typed["group_minutes"], "Grouping", problems)
        if seconds is None:
            problems.append(_("Grouping by time needs a number of minutes"))
        return {"group_seconds": seconds, "group_by": None}
    return {"group_seconds": 0 if sort == "open" else None, "group_by": None}
