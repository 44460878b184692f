"""/incidents: list, raise, read, change one or many, snooze, merge.

Decides the order in which an update's commands are given. Those of one request count all together or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import ApiError, invalid, not_allowed, not_found
from tocsin.dialects.pagerduty.read import incidents as read
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.write import incidents as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.permissions import Verb, may
from tocsin.engine.dispatch import Batch
from tocsin.incidents.messages import Acknowledge, Merge, Snooze
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Command
from tocsin.runtime.reads import AlertFilter, IncidentFilter
from tocsin.runtime.sight import sight_of

AT_ONCE = 250
"""Incidents in one update."""


def listed(call: Call) -> Response:
    """GET /incidents."""
    since, until = read.range_of(call.query, call.now)
    wanted = IncidentFilter(
        statuses=read.statuses_of(call.many("statuses")),
        urgencies=read.urgencies_of(call.many("urgencies")),
        service_ids=call.many("service_ids"),
        team_ids=call.many("team_ids"),
        user_ids=call.many("user_ids"),
        since=since,
        until=until,
        sight=sight_of(call.caller.standing, call.caller.actor),
    )
    key = call.query.get("incident_key", "")
    if key:
        wanted = replace(wanted, incident_key=key, or_ids=_holding_alert(call, key))
    window = call.window()
    found = call.reads.incidents(
        wanted,
        order=read.order_of(call.query),
        limit=window.limit,
        offset=window.offset,
        want_total=window.wants_total,
    )
    refs = Refs(call.config, call.links)
    body = write.incidents(found.items, refs, call.reads, call.now, call.included)
    return answer({"incidents": body, **window.keys(more=found.more, total=found.total)})


def created(call: Call) -> Response:
    """POST /incidents. Whoever assigns it to nobody but themselves has it already."""
    actor = call.requester()
    command = read.new_incident(call.fields("incident"), call.config)
    owners = call.config.team_ids_of_service(command.service_id)
    call.found(command, seen=call.sees(owners))
    _check_key(call, actor, owners)
    incident_id = str(call.run(command, actor))
    if actor.kind is ActorKind.USER and command.assignee_ids == (actor.id,):
        call.run(Acknowledge(incident_id=incident_id), actor)
    return _answer(call, incident_id, 201)


def shown(call: Call) -> Response:
    """GET /incidents/{id}, by id or number."""
    return _answer(call, incident_in(call).id)


def changed(call: Call) -> Response:
    """PUT /incidents/{id}."""
    actor = call.requester()
    incident = incident_in(call)
    update = read.update_of(call.fields("incident"), call.config)
    check_may(call, actor, incident)
    _check_target(call, actor, update)
    run_all(call, actor, read.commands_of(update, incident))
    return _answer(call, incident.id)


def several_changed(call: Call) -> Response:
    """PUT /incidents: all of them, or an error and none."""
    actor = call.requester()
    body = Fields(call.body())
    items = body.objects("incidents", "Incident {}")
    body.check()
    if not items:
        raise invalid(["Incidents must be an array that is not empty"])
    if len(items) > AT_ONCE:
        raise ApiError(413, 2001, "Invalid Input Provided", [f"At most {AT_ONCE} incidents can be updated at once"])
    orders: list[Command] = []
    ids: dict[str, None] = {}
    for item in items:
        item.id(of="incident")
    body.check()
    for item in items:
        incident = seen_incident(call, str(item.values["id"]))
        if incident.id in ids:
            raise invalid([f"Incident {incident.id} stands in the request more than once"])
        ids[incident.id] = None
        update = read.update_of(item, call.config)
        check_may(call, actor, incident)
        _check_target(call, actor, update)
        orders += read.commands_of(update, incident)
    run_all(call, actor, orders)
    found = call.reads.incidents_by_id(ids)
    refs = Refs(call.config, call.links)
    updated = [found[incident_id] for incident_id in ids if incident_id in found]
    return answer({"incidents": write.incidents(updated, refs, call.reads, call.now, call.included)})


def snoozed(call: Call) -> Response:
    """POST /incidents/{id}/snooze."""
    actor = call.requester()
    incident = incident_in(call)
    duration = Fields(call.body()).whole("duration")
    if duration is None:
        raise ApiError(400, 1013, "Snooze Duration Invalid", ["Duration must be a number of seconds, 1 to 604800"])
    check_may(call, actor, incident)
    call.run(Snooze(incident_id=incident.id, seconds=duration), actor)
    return _answer(call, incident.id, 201)


def merged(call: Call) -> Response:
    """PUT /incidents/{id}/merge: the alerts of the sources come here, the sources are resolved."""
    actor = call.requester()
    target = incident_in(call)
    body = Fields(call.body())
    ids = body.references("source_incidents")
    body.check()
    if not ids:
        raise invalid(["Source incidents must name at least one incident"])
    if len(ids) > AT_ONCE:
        raise ApiError(413, 2001, "Invalid Input Provided", [f"At most {AT_ONCE} incidents can be merged at once"])
    sources = [seen_incident(call, source_id) for source_id in ids]
    for incident in (target, *sources):
        check_may(call, actor, incident)
    call.run(Merge(incident_id=target.id, source_ids=tuple(source.id for source in sources)), actor)
    return answer({"incident": Refs(call.config, call.links).incident(target.id, target.number, target.title)})


# -- looking up


def incident_in(call: Call) -> Incident:
    """The incident that the path names. Raises ApiError 404."""
    return seen_incident(call, call.path["id"])


def run_all(call: Call, actor: Actor, commands: Sequence[Command]) -> None:
    """All of them in one transaction, or none."""
    if commands:
        call.run(Batch(commands=tuple(commands)), actor)


def seen_incident(call: Call, reference: str) -> Incident:
    """The incident with this id or number, if it may be seen. Raises ApiError 404."""
    incident = call.reads.incident(reference)
    if incident is None:
        raise not_found()
    own = call.caller.actor.kind is ActorKind.USER and (
        call.caller.actor.id in incident.assignee_ids or incident.responder(call.caller.actor.id) is not None
    )
    return call.found(incident, seen=own or call.sees(incident.team_ids))


def _holding_alert(call: Call, key: str) -> tuple[str, ...]:
    """Incidents that hold an alert with this key, the newest ones."""
    found = call.reads.alerts(AlertFilter(dedup_key=key, integration_ids=tuple(call.config.integrations)), limit=100)
    return tuple(dict.fromkeys(alert.incident_id for alert in found.items if alert.incident_id))


def check_may(call: Call, actor: Actor, incident: Incident) -> None:
    """Refuse before anything is written. The engine judges again; a key that names a person must itself be allowed."""
    _check_key(call, actor, incident.team_ids)
    standing = call.config.standing(actor)
    own = actor.kind is ActorKind.USER and actor.id in incident.assignee_ids
    if standing is None or not (own or may(standing, Verb.RESPOND, incident.team_ids)):
        raise not_allowed()


def _check_key(call: Call, actor: Actor, team_ids: Sequence[str]) -> None:
    if actor != call.caller.actor and not call.may(Verb.RESPOND, team_ids):
        raise not_allowed()


def _check_target(call: Call, actor: Actor, update: read.Update) -> None:
    """Moving it to another service takes that service's teams too."""
    if update.service_id is not None:
        owners = call.config.team_ids_of_service(update.service_id)
        _check_key(call, actor, owners)
        standing = call.config.standing(actor)
        if standing is None or not may(standing, Verb.RESPOND, owners):
            raise not_allowed()


def _answer(call: Call, incident_id: str, status: int = 200) -> Response:
    incident = call.reads.incident(incident_id)
    if incident is None:
        raise not_found()
    refs = Refs(call.config, call.links)
    return answer({"incident": write.incidents([incident], refs, call.reads, call.now, call.included)[0]}, status)
