"""Webhook subscriptions: who outside wants to hear of what happens here, and of what part of it. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.time import Moment

EVENTS = frozenset(
    {
        "incident.triggered",
        "incident.acknowledged",
        "incident.unacknowledged",
        "incident.escalated",
        "incident.delegated",
        "incident.reassigned",
        "incident.resolved",
        "incident.reopened",
        "incident.priority_updated",
        "incident.annotated",
        "incident.service_updated",
        "incident.incident_type.changed",
        "incident.responder.added",
        "incident.responder.replied",
        "incident.status_update_published",
        "incident.conference_bridge.updated",
        "incident.custom_field_values.updated",
        "incident.role.assigned",
        "incident.task.created",
        "incident.task.updated",
        "incident.task.completed",
        "incident.action_invocation.created",
        "incident.action_invocation.updated",
        "incident.action_invocation.terminated",
        "incident.workflow.started",
        "incident.workflow.completed",
        "service.created",
        "service.updated",
        "service.deleted",
        "service.custom_field_values.updated",
    }
)
"""What can be subscribed to, by the names that receivers know. Of some nothing happens here yet."""


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
class OAuthClient:
    """Credentials that get an access token at `token_url` (RFC 6749, 4.4). `secret` is never shown again."""

    id: str
    name: str
    client_id: str
    secret: str
    token_url: str
    scope: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSubscription:
    """An address that is told of events. `secret` signs each delivery and is shown once, when it is made.

    `url` may hold a user name and password.

    `oauth_client_id`: the client whose access token goes along with each delivery; "" = none.

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
    oauth_client_id: str = ""
    disabled_until: Moment | None = None
    created_at: Moment = 0
    updated_at: Moment = 0

    def is_on(self, now: Moment) -> bool:
        """Whether anything is sent to it."""
        return self.active and not self.is_disabled(now)

    def is_disabled(self, now: Moment) -> bool:
        """Whether its receiver is left alone for now."""
        return self.disabled_until is not None and now < self.disabled_until
