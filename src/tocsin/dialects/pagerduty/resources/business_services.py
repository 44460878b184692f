"""/business_services: what the business offers, and who hears of it. Decides who sees one: who sees its team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, named
from tocsin.dialects.pagerduty.read import business as read
from tocsin.dialects.pagerduty.resources import subscribers
from tocsin.dialects.pagerduty.write import business as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.directory.business import BusinessService
from tocsin.directory.kept import Kept
from tocsin.engine.impact import EVERYBODY

"""The word under which it is kept that everybody is to hear of one."""


def listed(call: Call) -> Response:
    """GET /business_services."""
    refs = Refs(call.config, call.links)
    found = named(visible(call), call.query.get("query", ""))
    return call.listed("business_services", found, lambda one: write.business_service(one, refs))


def created(call: Call) -> Response:
    """POST /business_services."""
    fields = call.fields("business_service")
    fields.required("name")
    changes = read.business_service_changes(fields)
    return _answer(call, call.save("business_service", BusinessService(id="", **changes)))


def shown(call: Call) -> Response:
    """GET /business_services/{id}."""
    return _answer(call, business_service_in(call))


def changed(call: Call) -> Response:
    """PUT /business_services/{id}. The answer repeats the summary that came with it: a client relies on that.

    It sends the one it knows, that is the old name, with a new name, and takes any other for a defect.
    """
    old = business_service_in(call)
    fields = call.fields("business_service")
    changes = read.business_service_changes(fields)
    summary = fields.text("summary")
    fields.check()
    one = call.save("business_service", replace(old, **changes), changes) if changes else old
    return _answer(call, one, {"summary": summary} if summary else {})


def removed(call: Call) -> Response:
    """DELETE /business_services/{id}: what it needs and who wanted to hear of it go with it."""
    return call.delete("business_service", business_service_in(call).id)


# -- who hears of it


def subscribers_listed(call: Call) -> Response:
    """GET /business_services/{id}/subscribers."""
    service = business_service_in(call)
    found = [one for one in call.config.subscribers.values() if one.subscribed_id == service.id]
    part, keys = call.window().cut(sorted(found, key=lambda one: (one.created_at, one.id)))
    return answer({"subscribers": [write.subscriber(one) for one in part], "account_id": write.ACCOUNT, **keys})


def subscribers_added(call: Call) -> Response:
    """POST /business_services/{id}/subscribers: each with its own result."""
    return subscribers.added(call, read.subscribers(call.body(), business_service_in(call).id))


def subscribers_removed(call: Call) -> Response:
    """POST /business_services/{id}/unsubscribe."""
    return subscribers.removed(call, read.subscribers(call.body(), business_service_in(call).id))


def account_subscribed(call: Call) -> Response:
    """POST /business_services/{id}/account_subscription: everybody is to hear of it."""
    service = business_service_in(call)
    old = _account_subscription(call, service)
    wanted = old or Kept(id="", resource=EVERYBODY, parent_id=service.id)
    call.save("kept", wanted, ("wire",) if old is not None else ())
    return answer({"account_is_subscribed": True})


def account_unsubscribed(call: Call) -> Response:
    """DELETE /business_services/{id}/account_subscription."""
    return call.delete("kept", call.found(_account_subscription(call, business_service_in(call))).id)


def _account_subscription(call: Call, service: BusinessService) -> Kept | None:
    under = call.config.kept_under.get(service.id, ())
    return next((one for one in under if one.resource == EVERYBODY), None)


# -- looking up


def visible(call: Call) -> list[BusinessService]:
    """Those that the caller may see."""
    return [one for one in call.config.business_services.values() if call.sees((one.team_id,) if one.team_id else ())]


def business_service_in(call: Call, parameter: str = "id") -> BusinessService:
    """The one that the path names. Raises ApiError 404."""
    one = call.config.business_services.get(call.path[parameter])
    return call.found(one, seen=one is not None and call.sees((one.team_id,) if one.team_id else ()))


def _answer(call: Call, one: BusinessService, instead: Mapping[str, Any] | None = None) -> Response:
    return answer(
        {"business_service": {**write.business_service(one, Refs(call.config, call.links)), **(instead or {})}}
    )


ROUTES: Routes = (
    ("/business_services", {"GET": listed, "POST": created}),
    ("/business_services/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
    (
        "/business_services/{id}/account_subscription",
        {"POST": account_subscribed, "DELETE": account_unsubscribed},
    ),
    ("/business_services/{id}/subscribers", {"GET": subscribers_listed, "POST": subscribers_added}),
    ("/business_services/{id}/unsubscribe", {"POST": subscribers_removed}),
)
"""Path -> method -> handler."""
