"""Webhook subscriptions: what makes them valid, what their removal means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tocsin.directory.subscriptions import EVENTS, FilterKind, Header, OAuthClient, WebhookSubscription
from tocsin.directory.urls import url_problem, without_credentials
from tocsin.engine.thing_removal import alone, gone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase, word

HEADERS = 20
HEADER_CHARS = 1024
OAUTH_CLIENTS = 10
"""So many in an installation, as many as the vendor takes."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_OURS = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say how a request is written: nobody else may set them."""


def _subscription(draft: Draft) -> Verdict:
    one: WebhookSubscription = draft.new
    if not one.secret:
        one = draft.new = replace(one, secret=draft.world.ids.token())
    config = draft.world.config
    found = []
    if problem := url_problem(without_credentials(one.url)[0]):
        found.append(phrase("Delivery method URL can't be called: %(problem)s", problem=problem))
    if not one.events:
        found.append(phrase("Events cannot be empty"))
    found += [
        phrase("Events: %(event)s is not an event type", event=event[:64])
        for event in one.events
        if event not in EVENTS
    ]
    known = {FilterKind.SERVICE: config.services, FilterKind.TEAM: config.teams}.get(one.filter_kind)
    if known is not None and one.filter_id not in known:
        found.append(phrase("Filter %(filter_kind)s not found", filter_kind=one.filter_kind))
    if len(one.headers) > HEADERS:
        found.append(phrase("Custom headers must not have more than %(headers)s elements", headers=HEADERS))
    found += _header_problems(one.headers)
    if len(one.description) > DESCRIPTION_CHARS:
        found.append(
            phrase(
                "Description is too long (maximum is %(description_chars)s characters)",
                description_chars=DESCRIPTION_CHARS,
            )
        )
    if one.oauth_client_id and one.oauth_client_id not in config.oauth_clients:
        found.append(phrase("OAuth client not found"))
    return found, NOTHING


def may_be_set(name: str) -> bool:
    """Whether a header of this name may go along with what is sent."""
    return bool(_HEADER_NAME.fullmatch(name)) and name.lower() not in _OURS


def _oauth_client(draft: Draft) -> Verdict:
    one: OAuthClient = draft.new
    found = []
    texts = {
        word("Name"): one.name,
        word("Client"): one.client_id,
        word("Client secret"): one.secret,
        word("Token url"): one.token_url,
    }
    for label, text in texts.items():
        if not text.strip():
            found.append(phrase("%(label)s cannot be empty", label=phrase(label)))
    for label, text in {**texts, word("Scope"): one.scope}.items():
        if len(text) > NAME_CHARS:
            found.append(
                phrase(
                    "%(label)s is too long (maximum is %(name_chars)s characters)",
                    label=phrase(label),
                    name_chars=NAME_CHARS,
                )
            )
    if one.token_url.strip() and (problem := url_problem(one.token_url)):
        found.append(phrase("Token url can't be called: %(problem)s", problem=problem))
    if draft.old is None and len(draft.world.config.oauth_clients) >= OAUTH_CLIENTS:
        found.append(phrase("There are %(oauth_clients)s OAuth clients already", oauth_clients=OAUTH_CLIENTS))
    return found, NOTHING


def _without_client(world: World, client: OAuthClient, _now: Moment) -> Decision:
    """The subscriptions that used it go on without."""
    users = [one for one in world.config.webhook_subscriptions.values() if one.oauth_client_id == client.id]
    changes = tuple(ThingChange("webhook_subscription", one.id, one, replace(one, oauth_client_id="")) for one in users)
    return Decision(state=changes) + gone([client])


def _header_problems(headers: Iterable[Header]) -> Iterator[str]:
    for header in headers:
        if not may_be_set(header.name):
            yield phrase("Custom headers: %(name)s can't be set", name=header.name[:64])
        elif len(header.value) > HEADER_CHARS or not (header.value.isascii() and header.value.isprintable()):
            yield phrase("Custom headers: the value of %(name)s is too long or not plain text", name=header.name)


RULES: Mapping[str, Callable[[Draft], Verdict]] = {
    "webhook_subscription": _subscription,
    "oauth_client": _oauth_client,
}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {
    "webhook_subscription": alone,
    "oauth_client": _without_client,
}
"""What removing each of these kinds means."""
