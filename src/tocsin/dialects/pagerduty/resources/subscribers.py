"""Who hears of what: {users|teams}/{id}/notification_subscriptions, and who of an incident or business service.

Decides the result of each line: what cannot be seen, or is not the caller's to say, is "unauthorized".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer
from tocsin.dialects.pagerduty.errors import not_allowed, not_found
from tocsin.dialects.pagerduty.read import business as read
from tocsin.dialects.pagerduty.resources.incidents import incident_in
from tocsin.dialects.pagerduty.write import business as write
from tocsin.directory.business import Subscriber
from tocsin.directory.model import Team, User
from tocsin.engine.impact import listeners
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound
from tocsin.runtime.reads import IncidentFilter
from tocsin.runtime.sight import sight_of

UNAUTHORIZED = "unauthorized"


def added(call: Call, wanted: Sequence[Subscriber]) -> Response:
    """Each subscription with its result: success, duplicate, unauthorized."""
    seen = _seen_names(call, wanted)
    results = [_add(call, one, seen) for one in wanted]
    if set(results) == {UNAUTHORIZED}:
        raise not_allowed()
    lines = [{**write.subscription(one), "result": result} for one, result in zip(wanted, results, strict=True)]
    return answer({"subscriptions": lines})


def removed(call: Call, wanted: Sequence[Subscriber]) -> Response:
    """How many were ended, were not the caller's to end, were none."""
    counts = dict.fromkeys(("deleted_count", "unauthorized_count", "non_existent_count"), 0)
    for one in wanted:
        try:
            call.delete("subscriber", one.id)
            counts["deleted_count"] += 1
        except NotFound:
            counts["non_existent_count"] += 1
        except NotAllowed:
            counts["unauthorized_count"] += 1
    if counts["unauthorized_count"] == len(wanted):
        raise not_allowed()
    return answer(counts)


def listed(kind: str, call: Call) -> Response:
    """GET /{users|teams}/{id}/notification_subscriptions: what they hear of and the caller may see."""
    whose = _whose(kind, call)
    found = [one for one in call.config.subscribers.values() if one.subscriber_id == whose.id]
    names = _seen_names(call, found)
    seen = sorted((one for one in found if one.subscribed_id in names), key=lambda one: (one.created_at, one.id))
    return call.listed(
        "subscriptions",
        seen,
        lambda one: {"subscription": write.subscription(one), "subscribable_name": names[one.subscribed_id]},
        default=100,
    )


def subscribed(kind: str, call: Call) -> Response:
    """POST /{users|teams}/{id}/notification_subscriptions."""
    return added(call, read.subscribables(call.body(), _whose(kind, call).id, is_team=kind == "team"))


def unsubscribed(kind: str, call: Call) -> Response:
    """POST /{users|teams}/{id}/notification_subscriptions/unsubscribe."""
    return removed(call, read.subscribables(call.body(), _whose(kind, call).id, is_team=kind == "team"))


def of_incident(call: Call) -> Response:
    """GET /incidents/{id}/status_updates/subscribers."""
    incident = incident_in(call)
    part, keys = call.window().cut(list(listeners(call.config, incident)))
    rows = [write.listener(one) for one in part]
    return answer({"subscribers": rows, "account_id": write.ACCOUNT, **keys})


def added_to_incident(call: Call) -> Response:
    """POST /incidents/{id}/status_updates/subscribers: each with its own result."""
    incident = incident_in(call)
    return added(call, read.subscribers(call.body(), incident.id, of_incident=True))


def removed_from_incident(call: Call) -> Response:
    """POST /incidents/{id}/status_updates/unsubscribe."""
    incident = incident_in(call)
    return removed(call, read.subscribers(call.body(), incident.id, of_incident=True))


def _whose(kind: str, call: Call) -> User | Team:
    thing: User | Team | None = call.config.of(kind).get(call.path["id"])
    if thing is None or not call.may_read(thing):
        raise not_found()
    return thing


def _add(call: Call, one: Subscriber, seen: Mapping[str, str]) -> str:
    if one.subscribed_id not in seen:
        return UNAUTHORIZED
    known = one.id in call.config.subscribers
    try:
        call.save("subscriber", one)
    except (NotAllowed, NotFound, Invalid):
        return UNAUTHORIZED
    return "duplicate" if known else "success"


def _seen_names(call: Call, wanted: Sequence[Subscriber]) -> dict[str, str]:
    """The names of the things subscribed to that the caller may see."""
    names = {
        one.id: one.name
        for one in call.config.business_services.values()
        if call.sees((one.team_id,) if one.team_id else ())
    }
    incident_ids = tuple(one.subscribed_id for one in wanted if one.of_incident)
    if incident_ids:
        sight = sight_of(call.caller.standing, call.caller.actor)
        found = call.reads.incidents(IncidentFilter(ids=incident_ids, sight=sight), limit=len(incident_ids)).items
        names |= {one.id: one.title for one in found}
    return names


ROUTES: Routes = (
    ("/incidents/{id}/status_updates/subscribers", {"GET": of_incident, "POST": added_to_incident}),
    ("/incidents/{id}/status_updates/unsubscribe", {"POST": removed_from_incident}),
    *(
        route
        for kind in ("user", "team")
        for route in (
            (
                f"/{kind}s/{{id}}/notification_subscriptions",
                {"GET": partial(listed, kind), "POST": partial(subscribed, kind)},
            ),
            (f"/{kind}s/{{id}}/notification_subscriptions/unsubscribe", {"POST": partial(unsubscribed, kind)}),
        )
    ),
)
"""Path -> method -> handler."""
