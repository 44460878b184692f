"""Webhook subscriptions: what makes them valid, what their removal means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tocsin.directory.subscriptions import EVENTS, FilterKind, Header, WebhookSubscription
from tocsin.directory.urls import url_problem, without_credentials
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.kernel.time import Moment

HEADERS = 20
HEADER_CHARS = 1024

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
        found.append(f"Delivery method URL can't be called: {problem}")
    if not one.events:
        found.append("Events cannot be empty")
    found += [f"Events: {event[:64]} is not an event type" for event in one.events if event not in EVENTS]
    known = {FilterKind.SERVICE: config.services, FilterKind.TEAM: config.teams}.get(one.filter_kind)
    if known is not None and one.filter_id not in known:
        found.append(f"Filter {one.filter_kind} not found")
    if len(one.headers) > HEADERS:
        found.append(f"Custom headers must not have more than {HEADERS} elements")
    found += _header_problems(one.headers)
    if len(one.description) > DESCRIPTION_CHARS:
        found.append(f"Description is too long (maximum is {DESCRIPTION_CHARS} characters)")
    return found, NOTHING


def may_be_set(name: str) -> bool:
    """Whether a header of this name may go along with what is sent."""
    return bool(_HEADER_NAME.fullmatch(name)) and name.lower() not in _OURS


def _header_problems(headers: Iterable[Header]) -> Iterator[str]:
    for header in headers:
        if not may_be_set(header.name):
            yield f"Custom headers: {header.name[:64]} can't be set"
        elif len(header.value) > HEADER_CHARS or not (header.value.isascii() and header.value.isprintable()):
            yield f"Custom headers: the value of {header.name} is too long or not plain text"


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"webhook_subscription": _subscription}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"webhook_subscription": alone}
"""What removing each of these kinds means."""
