"""/webhook_subscriptions: who outside is told what; a ping, and an end to being left alone.

Decides who sees which: a subscription is as visible as what its filter lets through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from tocsin.deliveries.messages import SendPing
from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import invalid, not_allowed
from tocsin.dialects.pagerduty.read import subscriptions as read
from tocsin.dialects.pagerduty.write import subscriptions as write
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.permissions import Verb
from tocsin.directory.subscriptions import FilterKind, OAuthClient, WebhookSubscription
from tocsin.engine.thing_owners import needs_to_touch

_KIND = "webhook_subscription"
_CLIENT = "oauth_client"


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
    return answer({_KIND: write.subscription(one, call.now, _client_of(call, one), may_change=True, is_new=True)}, 201)


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
    return write.subscription(one, call.now, _client_of(call, one), may_change=may_change)


def _client_of(call: Call, one: WebhookSubscription) -> OAuthClient | None:
    return call.config.oauth_clients.get(one.oauth_client_id)


def _answer(call: Call, one: WebhookSubscription) -> Response:
    return answer({_KIND: _wire(call, one)})


def clients_listed(call: Call) -> Response:
    """GET /webhook_subscriptions/oauth_clients: all of them, ten at most."""
    _administers(call)
    found = sorted(call.config.oauth_clients.values(), key=lambda one: (one.created_at, one.id))
    return answer({"oauth_clients": [write.oauth_client(one) for one in found]})


def client_created(call: Call) -> Response:
    """POST /webhook_subscriptions/oauth_clients."""
    _administers(call)
    fields = call.fields(_CLIENT)
    fields.required("name", "client_id", "client_secret", "token_url", "grant_type")
    changes = read.oauth_client_changes(fields, None)
    return _client_saved(call, OAuthClient(id="", **changes), ())


def client_shown(call: Call) -> Response:
    """GET /webhook_subscriptions/oauth_clients/{id}."""
    return answer({_CLIENT: write.oauth_client(_client(call))})


def client_changed(call: Call) -> Response:
    """PUT /webhook_subscriptions/oauth_clients/{id}."""
    old = _client(call)
    changes = read.oauth_client_changes(call.fields(_CLIENT), old)
    return _client_saved(call, replace(old, **changes), tuple(changes))


def client_removed(call: Call) -> Response:
    """DELETE /webhook_subscriptions/oauth_clients/{id}: what used it goes on without."""
    return call.delete("oauth_client", _client(call).id)


def _client_saved(call: Call, one: OAuthClient, fields: tuple[str, ...]) -> Response:
    """Stored if it gets a token."""
    if problem := call.sign_in(one):
        raise invalid([f"OAuth client can't be used: {problem}"])
    saved = call.save("oauth_client", one, fields)
    return answer({_CLIENT: write.oauth_client(saved)}, 200 if one.id else 201)


def _client(call: Call) -> OAuthClient:
    _administers(call)
    return call.found(call.config.oauth_clients.get(call.path["id"]))


def _administers(call: Call) -> None:
    if not call.may(Verb.ADMINISTER):
        raise not_allowed()


ROUTES: tuple[tuple[str, dict[str, Callable[[Call], Response]]], ...] = (
    ("/webhook_subscriptions", {"GET": listed, "POST": created}),
    ("/webhook_subscriptions/oauth_clients", {"GET": clients_listed, "POST": client_created}),
    (
        "/webhook_subscriptions/oauth_clients/{id}",
        {"GET": client_shown, "PUT": client_changed, "DELETE": client_removed},
    ),
    ("/webhook_subscriptions/{id}", {"GET": shown, "PUT": changed, "DELETE": removed}),
    ("/webhook_subscriptions/{id}/enable", {"POST": enabled}),
    ("/webhook_subscriptions/{id}/ping", {"POST": pinged}),
)
"""Path -> method -> handler."""
