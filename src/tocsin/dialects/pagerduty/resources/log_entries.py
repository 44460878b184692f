"""/log_entries, an incident's own, and /notifications. Decides that people's messages are for those who may see all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import invalid, not_found
from tocsin.dialects.pagerduty.read.incidents import DETAILS_CHARS
from tocsin.dialects.pagerduty.read.times import moment_in
from tocsin.dialects.pagerduty.resources.incidents import check_may, incident_in, seen_incident
from tocsin.dialects.pagerduty.write import incidents as incident_wire
from tocsin.dialects.pagerduty.write import people
from tocsin.dialects.pagerduty.write.log_entries import (
    KINDS,
    NOTIFICATIONS,
    OVERVIEW,
    TYPES,
    log_entry,
    mentioned,
)
from tocsin.dialects.pagerduty.write.log_ids import log_seq
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.incidents.messages import IncidentTriggered, SetDetails
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import DAY
from tocsin.paging.model import Message, MessageState
from tocsin.runtime.reads import MessageFilter, TimelineEntry, TimelineFilter
from tocsin.runtime.sight import sight_of

QUARTER = 93 * DAY
_STATES: Mapping[MessageState, str] = {
    MessageState.SENDING: "in_progress",
    MessageState.RETRYING: "in_progress",
    MessageState.SENT: "success",
    MessageState.DELIVERED: "success",
    MessageState.FAILED: "failed",
    MessageState.CANCELLED: "cancelled",
}


def listed(call: Call) -> Response:
    """GET /log_entries: the newest first."""
    since, until = moment_in(call.query, "since"), moment_in(call.query, "until")
    if since is not None and until is not None and until < since:
        raise invalid(["Until must not be before since"], 2004, "Invalid since/until")
    wanted = TimelineFilter(
        kinds=_kinds(call),
        team_ids=call.many("team_ids"),
        since=since,
        until=until,
        sight=sight_of(call.caller.standing, call.caller.actor),
    )
    return _page(call, wanted)


def of_incident(call: Call) -> Response:
    """GET /incidents/{id}/log_entries: the newest first."""
    incident = incident_in(call)
    since, until = moment_in(call.query, "since"), moment_in(call.query, "until")
    return _page(call, TimelineFilter(kinds=_kinds(call), incident_id=incident.id, since=since, until=until))


def shown(call: Call) -> Response:
    """GET /log_entries/{id}."""
    seq = log_seq(call.path["id"])
    entry = call.reads.timeline_entry(seq) if seq is not None else None
    if entry is None or type(entry.fact) not in TYPES:
        raise not_found()
    incident = call.reads.incident(entry.incident_id)
    own = incident is not None and call.caller.actor.id in incident.assignee_ids
    call.found(incident, seen=incident is not None and (own or call.sees(incident.team_ids)))
    return answer({"log_entry": _wires(call, [entry])[0]})


def channel_changed(call: Call) -> Response:
    """PUT /log_entries/{id}/channel: what the first entry of an incident says at length; answers 202."""
    actor = call.requester()
    seq = log_seq(call.path["id"])
    entry = call.reads.timeline_entry(seq) if seq is not None else None
    if entry is None or not entry.incident_id:
        raise not_found()
    incident = seen_incident(call, entry.incident_id)
    fields = call.fields("channel")
    fields.required("type", "details")
    fields.choice("type", ("web_trigger", "mobile"))
    details = fields.text("details", DETAILS_CHARS) or ""
    if not isinstance(entry.fact, IncidentTriggered):
        fields.wrong("Only the channel of an incident's first trigger log entry can be changed")
    fields.check()
    check_may(call, actor, incident)
    call.run(SetDetails(incident_id=incident.id, details=details), actor)
    return answer({}, 202)


def notifications(call: Call) -> Response:
    """GET /notifications in since..until, three months at most."""
    since = moment_in(call.query, "since", required=True) or 0
    until = moment_in(call.query, "until", required=True) or 0
    if not since <= until <= since + QUARTER:
        raise invalid(["Until must be after since, by three months at most"], 2005, "Invalid Query Date Range")
    wanted = [channel for channel, name in NOTIFICATIONS.items() if call.query.get("filter", "") in ("", name)]
    if not wanted:
        raise invalid([f"Filter must be one of {', '.join(NOTIFICATIONS.values())}"])
    actor = call.caller.actor
    own = () if call.sees(()) else (actor.id if actor.kind is ActorKind.USER else "nobody",)
    window = call.window()
    found = call.reads.messages(
        MessageFilter(since=since, until=until, channels=tuple(wanted), user_ids=own),
        limit=window.limit,
        offset=window.offset,
        newest_first=False,
        want_total=window.wants_total,
    )
    wires = [_notification(call, message) for message in found.items]
    return answer({"notifications": wires, **window.keys(more=found.more, total=found.total)})


def _kinds(call: Call) -> tuple[str, ...]:
    return OVERVIEW if call.flag("is_overview") else KINDS


def _page(call: Call, wanted: TimelineFilter) -> Response:
    window = call.window()
    found = call.reads.timeline(
        wanted, limit=window.limit, offset=window.offset, newest_first=True, want_total=window.wants_total
    )
    return answer({"log_entries": _wires(call, found.items), **window.keys(more=found.more, total=found.total)})


def _wires(call: Call, entries: Sequence[TimelineEntry]) -> list[Wire]:
    refs = Refs(call.config, call.links)
    known: Mapping[str, Incident] = call.reads.incidents_by_id(mentioned(entries))
    wires = [log_entry(entry, refs, known, call.included) for entry in entries]
    if "incidents" in call.included:
        full = {one["id"]: one for one in incident_wire.incidents(list(known.values()), refs, call.reads, call.now)}
        for wire in wires:
            wire["incident"] = full.get(wire["incident"]["id"], wire["incident"])
    return wires


def _notification(call: Call, message: Message) -> Wire:
    refs = Refs(call.config, call.links)
    person = call.config.users.get(message.user_id)
    full = person is not None and "users" in call.included
    return {
        "id": message.id,
        "type": NOTIFICATIONS[message.channel],
        "started_at": instant(message.created_at),
        "address": message.address,
        "status": _STATES[message.state],
        "user": people.user(person, refs) if full and person else refs.user(message.user_id),
    }
