"""/incidents/{id}/alerts: list, read, resolve. An alert that is over stays so, and stays with its incident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from tocsin.alerts.messages import ResolveAlert
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import ApiError, invalid, not_found
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.write import incidents as write
from tocsin.dialects.pagerduty.write import services
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.incidents.model import Incident

AT_ONCE = 250


def listed(call: Call) -> Response:
    """GET /incidents/{id}/alerts."""
    incident = incident_in(call)
    statuses = _statuses(call.many("statuses"))
    sort_by = call.query.get("sort_by", "created_at")
    if sort_by.partition(":")[0] not in ("created_at", "resolved_at") or sort_by.count(":") > 1:
        raise invalid(["Sort by must be created_at or resolved_at with :asc or :desc"])
    window = call.window()
    found = call.reads.alerts_of(
        incident.id,
        statuses=statuses,
        dedup_key=call.query.get("alert_key", ""),
        limit=window.limit,
        offset=window.offset,
        newest_first=sort_by.endswith(":desc"),
        want_total=window.wants_total,
    )
    wires = [_wire(call, alert, incident) for alert in found.items]
    return answer({"alerts": wires, **window.keys(more=found.more, total=found.total)})


def shown(call: Call) -> Response:
    """GET /incidents/{id}/alerts/{alert_id}."""
    incident = incident_in(call)
    return answer({"alert": _wire(call, _alert(call, incident, call.path["alert_id"]), incident)})


def changed(call: Call) -> Response:
    """PUT /incidents/{id}/alerts/{alert_id}."""
    incident = incident_in(call)
    alert = _alert(call, incident, call.path["alert_id"])
    _resolve(call, _to_resolve(incident, [(call.fields("alert"), alert)]))
    return answer({"alert": _wire(call, _alert(call, incident, alert.id), incident)})


def several_changed(call: Call) -> Response:
    """PUT /incidents/{id}/alerts: all of them, or an error and none."""
    incident = incident_in(call)
    body = Fields(call.body())
    items = body.objects("alerts", "Alert {}")
    body.check()
    if not items:
        raise invalid(["Alerts must be an array that is not empty"])
    if len(items) > AT_ONCE:
        raise ApiError(413, 2001, "Invalid Input Provided", [f"At most {AT_ONCE} alerts can be updated at once"])
    pairs = []
    for item in items:
        alert_id = item.id(of="alert") or ""
        item.check()
        pairs.append((item, _alert(call, incident, alert_id)))
    _resolve(call, _to_resolve(incident, pairs))
    ids = [alert.id for _, alert in pairs]
    found = call.reads.alerts_by_id(ids)
    window = {"limit": len(ids), "offset": 0, "more": False, "total": None}
    return answer({"alerts": [_wire(call, found[one], incident) for one in dict.fromkeys(ids)], **window})


def _to_resolve(incident: Incident, pairs: Sequence[tuple[Fields, Alert]]) -> list[Alert]:
    """The alerts that a request resolves. Raises ApiError for what can't be done to an alert."""
    wanted = []
    for fields, alert in pairs:
        status = fields.choice("status", [one.value for one in AlertStatus])
        if status == AlertStatus.TRIGGERED and not alert.is_open:
            fields.wrong("A resolved alert can't be triggered again")
        target = fields.reference("incident")
        if target not in (None, incident.id, str(incident.number)):
            fields.wrong("Alerts are moved by merging their incidents")
        fields.check()
        if status == AlertStatus.RESOLVED and alert.is_open:
            wanted.append(alert)
    return wanted


def _resolve(call: Call, alerts: Sequence[Alert]) -> None:
    actor = call.requester()
    for alert in alerts:
        call.run(ResolveAlert(alert_id=alert.id), actor)


def _statuses(values: Sequence[str]) -> tuple[AlertStatus, ...]:
    for value in values:
        if value not in list(AlertStatus):
            raise invalid([f"{value[:64]} is not a status of an alert"], 1003, "Invalid Status Provided")
    return tuple(AlertStatus(value) for value in values)


def _alert(call: Call, incident: Incident, alert_id: str) -> Alert:
    alert = call.reads.alert(alert_id)
    if alert is None or alert.incident_id != incident.id:
        raise not_found()
    return alert


def _wire(call: Call, alert: Alert, incident: Incident) -> dict[str, Any]:
    refs = Refs(call.config, call.links)
    body = write.alert(alert, refs, {incident.id: incident})
    service = call.config.services.get(alert.service_id)
    if "services" in call.included and service is not None:
        body["service"] = services.service(service, refs)
    if "incidents" in call.included:
        body["incident"] = write.incidents([incident], refs, call.reads, call.now)[0]
    return body
