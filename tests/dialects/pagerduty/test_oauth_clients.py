"""OAuth clients of webhook subscriptions: tried before they are kept, never shown again, sent only where admins say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.conftest import wall_clock
from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.matrix import OAUTH_CLIENT, subscription
from tocsin.app.deliveries import bringer, egress, sign_in
from tocsin.app.settings import from_environment
from tocsin.connectors.webhook.courier import WebhookCourier
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.deliveries.model import DeliveryResult
from tocsin.runtime.clock import Clock
from tocsin.runtime.couriers import Parcel
from tocsin.runtime.reads import AuditFilter
from tocsin.testing.fake_oauth import FakeClient, FakeTokenServer
from tocsin.testing.fake_webhook import FakeSubscriber

CLIENTS = "/webhook_subscriptions/oauth_clients"
SUBSCRIPTIONS = "/webhook_subscriptions"
SECRET = OAUTH_CLIENT["client_secret"]


@dataclass(frozen=True)
class WallClock:
    """The machine's, for what really goes over a socket."""

    now = staticmethod(wall_clock)
    ticks = staticmethod(time.monotonic)


@pytest.fixture
def tokens() -> Iterator[FakeTokenServer]:
    with FakeTokenServer(wall_clock) as server:
        server.clients["tocsin"] = FakeClient(SECRET, frozenset({"read", "write"}))
        yield server


SETTINGS = from_environment({"TOCSIN_EGRESS_ALLOW": "127.0.0.0/8"}, data=Path("unused"))
CLOCK: Clock = WallClock()


@pytest.fixture
def courier() -> Iterator[WebhookCourier]:
    one = WebhookCourier(WebhookSettings(egress(SETTINGS)), time.monotonic)
    yield one
    one.close()


@pytest.fixture
def api(house: House, courier: WebhookCourier) -> Iterator[Api]:
    api = Api(house, sign_in=sign_in(SETTINGS, CLOCK, courier=courier))
    yield api
    api.close()


def made(api: Api, tokens: FakeTokenServer, **more: Any) -> Any:
    return api.post(CLIENTS, {"oauth_client": {**OAUTH_CLIENT, "token_url": tokens.url, **more}})["oauth_client"]


def attached(api: Api, house: House, client: Any, **more: Any) -> Any:
    sent = {**subscription(house), "oauth_client_id": client["id"], **more}
    return api.post(SUBSCRIPTIONS, {"webhook_subscription": sent})["webhook_subscription"]


def test_one_is_made_when_it_gets_a_token_and_its_secret_is_not_seen_again(
    api: Api, house: House, tokens: FakeTokenServer
) -> None:
    one = made(api, tokens)
    assert len(tokens.issued) == 1
    assert one == {
        "id": one["id"],
        "type": "oauth_client",
        "name": "ServiceNow",
        "client_id": "tocsin",
        "scope": "read write",
        "token_url": tokens.url,
        "grant_type": "client_credentials",
        "status": "active",
    }
    assert api.get(f"{CLIENTS}/{one['id']}")["oauth_client"] == one
    assert api.get(CLIENTS)["oauth_clients"] == [one]
    changed = api.put(f"{CLIENTS}/{one['id']}", {"oauth_client": {"name": "Newer"}})["oauth_client"]
    assert changed == {**one, "name": "Newer"}
    assert house.config().oauth_clients[one["id"]].secret == SECRET
    trail = house.reads.audit(AuditFilter(), limit=100).items
    assert any(record.thing_id == one["id"] for record in trail)
    assert SECRET not in repr(trail)


def test_credentials_that_get_no_token_are_refused(api: Api, house: House, tokens: FakeTokenServer) -> None:
    one = made(api, tokens)
    version = house.config().version
    for wrong in ({"client_secret": "wrong-secret"}, {"client_id": "nobody"}, {"scope": "admin"}):
        body = {"oauth_client": {**OAUTH_CLIENT, "token_url": tokens.url, **wrong}}
        for method, path in (("POST", CLIENTS), ("PUT", f"{CLIENTS}/{one['id']}")):
            reply = api.request(method, path, body)
            assert (reply.status, reply.code) == (400, 2001)
            assert "OAuth client can't be used: no access token: the token server answered 4" in reply.errors[0]
    assert house.config().version == version


def test_a_secret_goes_to_no_address_that_it_was_not_given_for(api: Api, tokens: FakeTokenServer) -> None:
    one = made(api, tokens)
    elsewhere = {"token_url": tokens.url.replace("oauth_token", "steal")}
    reply = api.request("PUT", f"{CLIENTS}/{one['id']}", {"oauth_client": elsewhere})
    assert reply.errors == ["Client secret cannot be empty when the token url changes"]
    assert len(tokens.issued) == 1
    api.put(f"{CLIENTS}/{one['id']}", {"oauth_client": {**elsewhere, "client_secret": SECRET}})


def test_there_are_ten_at_most(api: Api, tokens: FakeTokenServer) -> None:
    for number in range(10):
        made(api, tokens, name=f"Client {number}")
    body = {"oauth_client": {**OAUTH_CLIENT, "token_url": tokens.url}}
    assert api.request("POST", CLIENTS, body).errors == ["There are 10 OAuth clients already"]
    assert len(api.get(CLIENTS)["oauth_clients"]) == 10


def test_a_subscription_names_its_client_until_that_is_removed(api: Api, house: House, tokens: FakeTokenServer) -> None:
    one = made(api, tokens)
    used = attached(api, house, one)
    named = {"id": one["id"], "type": "oauth_client_reference", "summary": "ServiceNow"}
    assert used["oauth_client"] == named
    path = f"{SUBSCRIPTIONS}/{used['id']}"
    described = api.put(path, {"webhook_subscription": {"description": "x"}})["webhook_subscription"]
    assert described["oauth_client"] == named
    off = api.put(path, {"webhook_subscription": {"oauth_client_id": None}})["webhook_subscription"]
    assert "oauth_client" not in off
    api.put(path, {"webhook_subscription": {"oauth_client_id": one["id"]}})
    api.delete(f"{CLIENTS}/{one['id']}")
    assert "oauth_client" not in api.get(path)["webhook_subscription"]
    assert house.config().webhook_subscriptions[used["id"]].oauth_client_id == ""


def test_only_admins_say_where_tokens_go(api: Api, house: House, tokens: FakeTokenServer) -> None:
    """Carol manages the team whose events the subscription is about, and could otherwise have its tokens."""
    one = made(api, tokens)
    sent = {"webhook_subscription": {**subscription(house), "oauth_client_id": one["id"]}}
    assert api.request("POST", SUBSCRIPTIONS, sent, key="carol").status == 403
    path = f"{SUBSCRIPTIONS}/{attached(api, house, one)['id']}"
    moved = {"delivery_method": {"type": "http_delivery_method", "url": "https://carol.example.com/"}}
    assert api.request("PUT", path, {"webhook_subscription": moved}, key="carol").status == 403
    api.put(path, {"webhook_subscription": {"description": "hers to say"}}, key="carol")
    api.put(path, {"webhook_subscription": {"oauth_client_id": None}}, key="carol")
    api.put(path, {"webhook_subscription": moved}, key="carol")
    assert api.request("PUT", path, {"webhook_subscription": {"oauth_client_id": one["id"]}}, key="carol").status == 403


def test_deliveries_go_with_its_token(api: Api, house: House, tokens: FakeTokenServer, courier: WebhookCourier) -> None:
    with FakeSubscriber(wall_clock) as receiver:
        method = {"type": "http_delivery_method", "url": receiver.url}
        used = attached(api, house, made(api, tokens), delivery_method=method)
        one = house.config().webhook_subscriptions[used["id"]]
        receiver.secret = one.secret
        house.alarm()
        (delivery,) = house.reads.deliveries(one.id, limit=10).items
        report = bringer(SETTINGS, CLOCK, courier=courier)(Parcel(delivery, one, house.config()))
        assert report.result is DeliveryResult.DELIVERED
        (hook,) = receiver.hooks
        assert tokens.is_good(hook.headers["authorization"])
