"""Joins deliveries, the dialect that words them and the connector that brings them. Decides which dialect speaks."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from urllib.parse import urlsplit

from tocsin.app.settings import AppSettings
from tocsin.connectors._kit.egress import EgressPolicy
from tocsin.connectors.webhook.courier import Brought, WebhookCourier
from tocsin.connectors.webhook.oauth import Login
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult
from tocsin.dialects.pagerduty.write.refs import Links, Refs
from tocsin.dialects.pagerduty.write.webhooks import TooLarge, called, event_bytes, outgoing
from tocsin.directory.subscriptions import OAuthClient
from tocsin.engine.config import Config
from tocsin.runtime.clock import Clock
from tocsin.runtime.couriers import Bring, Parcel


def egress(settings: AppSettings) -> EgressPolicy:
    """Where webhooks may go."""
    return EgressPolicy(allow=tuple(ip_network(text) for text in settings.egress_allow))


def bringer(settings: AppSettings, clock: Clock, *, courier: WebhookCourier | None = None) -> Bring:
    """What hands one delivery to its receiver."""
    brings = courier or WebhookCourier(WebhookSettings(egress(settings)), clock.ticks)
    links = links_of(settings)

    def bring(parcel: Parcel) -> RecordDelivery:
        delivery, subscription = parcel.delivery, parcel.subscription
        if delivery.call is not None:
            sent = called(delivery, delivery.call)
            hidden = (*(value for _, value in delivery.call.headers), urlsplit(delivery.call.url).query)
            url = delivery.call.url
            return _report(delivery, brings.bring(url, sent.headers, sent.body, clock.now(), secrets=hidden))
        assert subscription is not None, "a delivery is for a subscription, or a call"
        try:
            request = outgoing(delivery, subscription, Refs(parcel.config, links))
        except TooLarge as error:
            return _report(delivery, Brought(DeliveryResult.DROPPED, f"not sent: {error}"))
        secrets = (subscription.secret, *(header.value for header in subscription.headers))
        client = parcel.config.oauth_clients.get(subscription.oauth_client_id)
        login = login_of(client) if client is not None else None
        brought = brings.bring(
            subscription.url, request.headers, request.body, clock.now(), secrets=secrets, login=login
        )
        return _report(delivery, brought)

    return bring


def login_of(client: OAuthClient) -> Login:
    """What a client gets its tokens with."""
    return Login(client.token_url, client.client_id, client.secret, client.scope)


def sign_in(
    settings: AppSettings, clock: Clock, *, courier: WebhookCourier | None = None
) -> Callable[[OAuthClient], str]:
    """What tries whether a client gets a token: why not, or ""."""
    tries = courier or WebhookCourier(WebhookSettings(egress(settings)), clock.ticks)
    return lambda client: tries.sign_in(login_of(client))


def body_of(delivery: Delivery, config: Config, settings: AppSettings) -> str:
    """What a receiver is sent, to be shown; a sentence when nothing can be."""
    try:
        return event_bytes(delivery, Refs(config, links_of(settings))).decode()
    except TooLarge as error:
        return f"not sent: {error}"


def links_of(settings: AppSettings) -> Links:
    """Addresses in what receivers are sent."""
    return Links(f"{settings.base_url}/pagerduty", settings.base_url)


def _report(delivery: Delivery, brought: Brought) -> RecordDelivery:
    return RecordDelivery(
        delivery_id=delivery.id,
        attempt=delivery.attempts + 1,
        result=brought.result,
        status=brought.status,
        detail=brought.detail,
        retry_after_seconds=brought.retry_after_seconds,
    )
