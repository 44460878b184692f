"""Webhook subscriptions: who outside wants to hear of what happens here, and of what part of it. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.time import Moment


class FilterKind(StrEnum):
    """Which incidents and services a subscription is about."""

    ACCOUNT = "account"  # all of them
    SERVICE = "service"  # those of one service
    TEAM = "team"  # those of one team


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header that goes along with every delivery. Its value may be a secret and is never shown again."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSubscription:
    """An address that is told of events. `secret` signs each delivery and is shown once, when it is made.

    `disabled_until`: after three deliveries in a row that were given up, nothing is sent until then.
    """

    id: str
    url: str
    events: tuple[str, ...]
    filter_kind: FilterKind = FilterKind.ACCOUNT
    filter_id: str = ""
    description: str = ""
    active: bool = True
    headers: tuple[Header, ...] = ()
    secret: str = ""
    disabled_until: Moment | None = None
    created_at: Moment = 0
    updated_at: Moment = 0
