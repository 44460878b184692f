"""/webhook_subscriptions: who outside is told what; a ping, and an end to being left alone.

Decides who sees which: a subscription is as visible as what its filter lets through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from tocsin.deliveries.messages import SendPing
from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read import subscriptions as read
from tocsin.dialects.pagerduty.write import subscriptions as write
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.subscriptions import FilterKind, WebhookSubscription
from tocsin.engine.thing_owners import needs_to_touch

_KIND = "webhook_subscription"


def listed(call: Call) -> Response:
    """GET /webhook_subscriptions, of one filter if one is named."""
    kind, filter_id = call.query.get("filter_type", ""), call.query.get("filter_id", "")
    if kind and kind not in tuple(FilterKind):
        raise invalid([f"Filter type must be one of {', '.join(FilterKind)}"])
    if kind in (FilterKind.SERVICE, FilterKind.TEAM) and not filter_id:
        raise invalid([f"Filter id cannot be empty when the filter type is {kind}"])
    found = [
        one
        for one in call.config.webhook_subscriptions.values()
        if kind in ("", one.filter_kind) and filter_id in ("", one.filter_id) and _sees(call, one)
    ]
    found.sort(key=lambda one: (one.created_at, one.id))
    return call.listed("webhook_subscriptions", found, lambda one: _wire(call, one))


def created(call: Call) -> Response:
    """POST /webhook_subscriptions; the answer is the only one with the secret."""
    fields = call.fields("webhook_subscription")
    fields.required("delivery_method", "filter")
    if not fields.values.get("events"):
        fields.wrong("Events cannot be empty")
    changes = read.subscription_changes(fields, None)
    one = call.save(_KIND, WebhookSubscription(id="", **changes))
    return answer({_KIND: write.subscription(one, call.now, may_change=True, is_new=True)}, 201)


def shown(call: Call) -> Response:
    """GET /webhook_subscriptions/{id}. Some clients send a body, which means nothing."""
    return _answer(call, _subscription(call))


def changed(call: Call) -> Response:
    """PUT /webhook_subscriptions/{id}."""
    old = _subscription(call)
    changes = read.subscription_changes(call.fields("webhook_subscription"), old)
    return _answer(call, call.save(_KIND, replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /webhook_subscriptions/{id}: what waits for it is not sent any more."""
    return call.delete(_KIND, _subscription(call).id)


def enabled(call: Call) -> Response:
    """POST /webhook_subscriptions/{id}/enable: its receiver is well again."""
    one = replace(_subscription(call), disabled_until=None)
    return _answer(call, call.save(_KIND, one, ("disabled_until",)))


def pinged(call: Call) -> Response:
    """POST /webhook_subscriptions/{id}/ping: an event of its own goes to the address."""
    call.run(SendPing(subscription_id=_subscription(call).id))
    return Response(status_code=202)


def _subscription(call: Call) -> WebhookSubscription:
    one = call.config.webhook_subscriptions.get(call.path["id"])
    return call.found(one, seen=one is not None and _sees(call, one))


def _sees(call: Call, one: WebhookSubscription) -> bool:
    if one.filter_kind is FilterKind.SERVICE:
        return call.sees(call.config.team_ids_of_service(one.filter_id))
    return call.sees((one.filter_id,) if one.filter_kind is FilterKind.TEAM else ())


def _wire(call: Call, one: WebhookSubscription) -> Wire:
    needs = needs_to_touch(call.config, call.caller.actor, one)
    may_change = all(call.may(verb, team_ids) for verb, team_ids, _own in needs)
    return write.subscription(one, call.now, may_change=may_change)


def _answer(call: Call, one: WebhookSubscription) -> Response:
    return answer({_KIND: _wire(call, one)})


ROUTES: tuple[tuple[str, dict[str, Callable[[Call], Response]]], ...] = (
    ("/webhook_subscriptions", {"GET": listed, "POST": created}),
    ("/webhook_subscriptions/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
    ("/webhook_subscriptions/{id}/enable", {"POST": enabled}),
    ("/webhook_subscriptions/{id}/ping", {"POST": pinged}),
)
"""Path -> method -> handler. There are no OAuth clients: their paths answer 404."""
