"""/paused_incident_reports: what became of alerts that waited before they could page. Decides nothing."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.times import moment_in
from tocsin.dialects.pagerduty.write.refs import Wire, instant
from tocsin.directory.permissions import Verb
from tocsin.kernel.time import DAY
from tocsin.runtime.reads import SuspendedFilter

LATEST = 5
"""Alerts of each sort in the report."""

DEFAULT_SPAN = 30 * DAY


def alerts(call: Call) -> Response:
    """GET /paused_incident_reports/alerts: the newest that paged in the end, and the newest that did not need to."""
    wanted = _wanted(call)
    paged, over = call.reads.latest_suspended(wanted, LATEST)
    lists = {
        "triggered_after_pause_alerts": [_wire(one) for one in paged],
        "resolved_after_pause_alerts": [_wire(one) for one in over],
    }
    return answer({"paused_incident_reporting_alerts": {**_span(wanted), **lists}})


def counts(call: Call) -> Response:
    """GET /paused_incident_reports/counts."""
    wanted = _wanted(call)
    found = call.reads.count_suspended(wanted)
    numbers = {
        "paused_count": found.suspended,
        "triggered_after_pause_count": found.paged,
        "resolved_after_pause_count": found.over,
    }
    return answer({"paused_incident_reporting_counts": {**_span(wanted), **numbers}})


def _wanted(call: Call) -> SuspendedFilter:
    until = moment_in(call.query, "until")
    until = call.now if until is None else until
    since = moment_in(call.query, "since")
    since = until - DEFAULT_SPAN if since is None else since
    if until < since:
        raise invalid(["Until must not be before since"], 2004, "Invalid since/until")
    by = call.query.get("suspended_by", "")
    if by not in ("", "auto_pause", "rules"):
        raise invalid(["Suspended by must be auto_pause or rules"])
    return SuspendedFilter(since=since, until=until, suspended_by=by, service_ids=_services(call))


def _services(call: Call) -> tuple[str, ...] | None:
    """Of which services; None = of all, those that were removed too."""
    only = call.query.get("service_id", "")
    if only:
        service = call.config.services.get(only)
        return (call.found(service, seen=service is not None and call.may_read(service)).id,)
    if call.may(Verb.READ):
        return None
    return tuple(one.id for one in call.config.services.values() if call.may_read(one))


def _span(wanted: SuspendedFilter) -> Wire:
    return {"since": instant(wanted.since), "until": instant(wanted.until)}


def _wire(one: Alert) -> Wire:
    return {"id": one.id, "service_id": one.service_id, "created_at": instant(one.created_at)}


ROUTES: Routes = (
    ("/paused_incident_reports/alerts", {"GET": alerts}),
    ("/paused_incident_reports/counts", {"GET": counts}),
)
"""Path -> method -> handler."""
