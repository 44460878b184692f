"""Webhook subscriptions as PagerDuty's clients expect them.

Decides what is never shown: headers' values, the secret but once, and to those who can't change it more than the host.
"""

from __future__ import annotations

import re

from tocsin.dialects.pagerduty.read.subscriptions import FILTERS, REDACTED
from tocsin.dialects.pagerduty.write.refs import Wire
from tocsin.directory.subscriptions import FilterKind, OAuthClient, WebhookSubscription
from tocsin.directory.urls import without_credentials
from tocsin.kernel.time import Moment

_TYPES = {kind: wire_type for wire_type, kind in FILTERS.items()}


def subscription(
    one: WebhookSubscription, now: Moment, client: OAuthClient | None, *, may_change: bool, is_new: bool = False
) -> Wire:
    """A subscription. `is_new`: the answer to its creation, the only one with its secret."""
    found: Wire = {
        "id": one.id,
        "type": "webhook_subscription",
        "active": one.active,
        "delivery_method": {
            "id": one.id,
            "secret": one.secret if is_new else None,
            "temporarily_disabled": one.is_disabled(now),
            "type": "http_delivery_method",
            "url": one.url if may_change else host_alone(one.url),
            "custom_headers": [{"name": header.name, "value": REDACTED} for header in one.headers],
        },
        "description": one.description,
        "events": list(one.events),
        "filter": _filter(one),
    }
    if client is not None:
        found["oauth_client"] = {"id": client.id, "type": "oauth_client_reference", "summary": client.name}
    return found


def oauth_client(one: OAuthClient) -> Wire:
    """An OAuth client. It was active when it was saved: credentials that get no token are refused."""
    return {
        "id": one.id,
        "type": "oauth_client",
        "name": one.name,
        "client_id": one.client_id,
        "scope": one.scope or None,
        "token_url": one.token_url,
        "grant_type": "client_credentials",
        "status": "active",
    }


def _filter(one: WebhookSubscription) -> Wire:
    """Clients take an id where none belongs for a difference."""
    found: Wire = {"type": _TYPES[one.filter_kind]}
    return found if one.filter_kind is FilterKind.ACCOUNT else {"id": one.filter_id, **found}


def host_alone(url: str) -> str:
    """Whom it goes to. What follows the host may be what lets one in, as in addresses of chat rooms."""
    scheme, _, rest = without_credentials(url)[0].partition("://")
    host = re.split(r"[/?]", rest, maxsplit=1)[0]
    return f"{scheme}://{host}/{REDACTED.replace(' ', '')}" if rest.strip("/") != host else f"{scheme}://{rest}"
