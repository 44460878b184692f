"""/incidents/{id}/alerts: list, read, resolve, trigger again, move. What a request asks counts whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from tocsin.alerts.messages import ResolveAlert
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import ApiError, invalid, not_found
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.resources.incidents import incident_in, run_all, seen_incident
from tocsin.dialects.pagerduty.write import incidents as write
from tocsin.dialects.pagerduty.write import services
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.incidents.messages import MoveAlert, TriggerAlert
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Command

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
    actor = call.requester()
    run_all(call, actor, _orders(call, incident, [(call.fields("alert"), alert)]))
    return answer({"alert": _wires(call, [alert.id])[0]})


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
    actor = call.requester()
    run_all(call, actor, _orders(call, incident, pairs))
    ids = list(dict.fromkeys(alert.id for _, alert in pairs))
    window = {"limit": len(ids), "offset": 0, "more": False, "total": None}
    return answer({"alerts": _wires(call, ids), **window})


def _orders(call: Call, incident: Incident, pairs: Sequence[tuple[Fields, Alert]]) -> list[Command]:
    """What a request stands for: moving first, then the status. Raises ApiError for what can't be done to an alert."""
    wanted: list[Command] = []
    for fields, alert in pairs:
        status = fields.choice("status", [one.value for one in AlertStatus])
        target = fields.reference("incident")
        fields.check()
        if target not in (None, incident.id, str(incident.number)):
            wanted.append(MoveAlert(alert_id=alert.id, incident_id=seen_incident(call, target or "").id))
        if status == AlertStatus.RESOLVED and alert.is_open:
            wanted.append(ResolveAlert(alert_id=alert.id))
        if status == AlertStatus.TRIGGERED and not alert.is_open:
            wanted.append(TriggerAlert(alert_id=alert.id))
    return wanted


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


def _wires(call: Call, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Alerts as they are now, each with the incident that it belongs to now."""
    found = call.reads.alerts_by_id(ids)
    owners = call.reads.incidents_by_id(alert.incident_id for alert in found.values())
    return [_wire(call, found[one], owners[found[one].incident_id]) for one in ids]


def _wire(call: Call, alert: Alert, incident: Incident) -> dict[str, Any]:
    refs = Refs(call.config, call.links)
    body = write.alert(alert, refs, {incident.id: incident})
    service = call.config.services.get(alert.service_id)
    if "services" in call.included and service is not None:
        body["service"] = services.service(service, refs)
    if "incidents" in call.included:
        body["incident"] = write.incidents([incident], refs, call.reads, call.now)[0]
    return body
