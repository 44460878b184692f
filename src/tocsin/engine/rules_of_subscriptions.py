"""Webhook subscriptions: what makes them valid, what their removal means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tocsin.directory.subscriptions import FilterKind, WebhookSubscription
from tocsin.directory.urls import url_problem
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import DESCRIPTION_CHARS
from tocsin.kernel.time import Moment

HEADERS = 20


def _subscription(draft: Draft) -> Verdict:
    one: WebhookSubscription = draft.new
    if not one.secret:
        one = draft.new = replace(one, secret=draft.world.ids.token())
    config = draft.world.config
    found = []
    if problem := url_problem(one.url):
        found.append(f"Delivery method URL can't be called: {problem}")
    if not one.events:
        found.append("Events cannot be empty")
    known = {FilterKind.SERVICE: config.services, FilterKind.TEAM: config.teams}.get(one.filter_kind)
    if known is not None and one.filter_id not in known:
        found.append(f"Filter {one.filter_kind} not found")
    if len(one.headers) > HEADERS:
        found.append(f"Custom headers must not have more than {HEADERS} elements")
    if len(one.description) > DESCRIPTION_CHARS:
        found.append(f"Description is too long (maximum is {DESCRIPTION_CHARS} characters)")
    return found, NOTHING


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"webhook_subscription": _subscription}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"webhook_subscription": alone}
"""What removing each of these kinds means."""
