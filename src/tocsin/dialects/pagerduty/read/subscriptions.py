"""Webhook subscriptions: from fields of a body to changes of the thing.

Decides that a header's value that was sent back as it is shown, redacted, stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.dialects.pagerduty.read.fields import ID_CHARS, Fields, bare_type
from tocsin.directory.subscriptions import FilterKind, Header, OAuthClient, WebhookSubscription
from tocsin.directory.urls import URL_CHARS
from tocsin.kernel.limits import DESCRIPTION_CHARS

REDACTED = "-- redacted --"
"""What stands where a secret value is."""

FILTERS: Mapping[str, FilterKind] = {
    "account_reference": FilterKind.ACCOUNT,
    "service_reference": FilterKind.SERVICE,
    "team_reference": FilterKind.TEAM,
}
"""PagerDuty's types of filters."""

_VALUE_CHARS = 8192


def subscription_changes(fields: Fields, old: WebhookSubscription | None) -> dict[str, Any]:
    """What a body says about a subscription; `old` is the one that it changes."""
    changes: dict[str, Any] = {}
    fields.choice("type", ("webhook_subscription", "webhook_subscription_reference"))
    if (active := fields.truth("active")) is not None:
        changes["active"] = active
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS) or ""
    if fields.given("events"):
        changes["events"] = _events(fields)
    if fields.given("oauth_client_id"):
        changes["oauth_client_id"] = fields.text("oauth_client_id", ID_CHARS) or ""
    changes |= _delivery_method(fields.object("delivery_method"), old)
    changes |= _filter(fields.object("filter"))
    fields.check()
    return changes


def oauth_client_changes(fields: Fields, old: OAuthClient | None) -> dict[str, Any]:
    """What a body says about an OAuth client. A secret that is left out stays as it was, and goes to no other address.

    Whoever may name another address could otherwise have the secret sent to it, which nobody may read.
    """
    fields.choice("type", ("oauth_client", "oauth_client_reference"))
    fields.choice("grant_type", ("client_credentials",))
    changes: dict[str, Any] = {}
    for name in ("name", "client_id", "token_url", "scope"):
        if fields.given(name):
            changes[name] = fields.text(name) or ""
    if fields.values.get("client_secret") is not None:
        changes["secret"] = fields.text("client_secret") or ""
    elif old is not None and changes.get("token_url", old.token_url) != old.token_url:
        fields.wrong("Client secret cannot be empty when the token url changes")
    fields.check()
    return changes


def _events(fields: Fields) -> tuple[str, ...]:
    given = fields.array("events")
    events = [event for event in given if isinstance(event, str)]
    if len(events) != len(given):
        fields.wrong("Events must be an array of strings")
    return tuple(dict.fromkeys(events))


def _delivery_method(method: Fields | None, old: WebhookSubscription | None) -> dict[str, Any]:
    if method is None:
        return {}
    changes: dict[str, Any] = {}
    method.choice("type", ("http_delivery_method", "http_delivery_method_reference"))
    if method.given("url"):
        changes["url"] = method.text("url", URL_CHARS) or ""
    elif old is None:
        method.required("url")
    if method.given("custom_headers"):
        kept = {header.name.lower(): header.value for header in old.headers} if old is not None else {}
        headers = method.objects("custom_headers", "Custom header {}")
        changes["headers"] = tuple(_header(header, kept) for header in headers)
    return changes


def _header(header: Fields, kept: Mapping[str, str]) -> Header:
    header.required("name")
    name, value = header.text("name") or "", header.text("value", _VALUE_CHARS) or ""
    if value == REDACTED and name.lower() not in kept:
        header.wrong(f"there is no value of {name} to keep")
    return Header(name=name, value=kept.get(name.lower(), "") if value == REDACTED else value)


def _filter(given: Fields | None) -> dict[str, Any]:
    if given is None:
        return {}
    given.required("type")
    text = given.text("type") or ""
    kind = FILTERS.get(f"{bare_type(text)}_reference") if text else None
    if text and kind is None:
        given.wrong(f"Filter type must be one of {', '.join(FILTERS)}")
    filter_id = ""
    if kind in (FilterKind.SERVICE, FilterKind.TEAM):
        filter_id = given.id(of="filter") or ""
    return {"filter_kind": kind, "filter_id": filter_id}
