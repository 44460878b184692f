"""Alert grouping settings as PagerDuty's clients expect them: a config with what belongs to the type, and no more."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tocsin.dialects.pagerduty.read.services import WINDOW_SECONDS
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.grouping import ContentGrouping, GroupingSetting


def setting(one: GroupingSetting, service_ids: Iterable[str], refs: Refs) -> Wire:
    """A setting, with those of its services that are to be shown."""
    summary = one.name or one.id
    services = [refs.service(service_id) for service_id in service_ids]
    return {
        **refs.links.keys(one.sort, one.id, summary, f"alert_grouping_settings/{one.id}"),
        "html_url": None,
        "name": one.name,
        "description": one.description,
        "config": config(one),
        "services": [{**service, "name": service["summary"]} for service in services],
        "created_at": instant(one.created_at),
        "updated_at": instant(one.updated_at),
    }


def config(one: GroupingSetting) -> Wire:
    """What belongs to its sort; times in seconds."""
    if one.group_seconds is not None:
        return {"timeout": one.group_seconds}
    values = by_content(one.group_by) if one.group_by is not None else msgspec.json.decode(one.wire)
    return {**values, "recommended_time_window": WINDOW_SECONDS[0]}


def by_content(by: ContentGrouping) -> Wire:
    """How alerts are compared; the time in seconds."""
    aggregate = "all" if by.match_all else "any"
    return {"time_window": by.window_seconds, "aggregate": aggregate, "fields": list(by.fields)}


def of_service(one: GroupingSetting) -> Wire:
    """The same as a service shows it: a time in minutes."""
    if one.group_seconds is not None:
        return {"type": one.sort, "config": {"timeout": one.group_seconds // 60}}
    values: Wire = by_content(one.group_by) if one.group_by is not None else msgspec.json.decode(one.wire)
    return {"type": one.sort, "config": values}
