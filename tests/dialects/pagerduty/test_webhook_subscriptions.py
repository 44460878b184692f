"""Webhook subscriptions over the API, and what their receivers are sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.matrix import subscription
from tocsin.deliveries.model import Delivery, DeliveryState
from tocsin.dialects.pagerduty.read.subscriptions import REDACTED
from tocsin.dialects.pagerduty.write import webhooks
from tocsin.dialects.pagerduty.write.refs import Links, Refs
from tocsin.directory.subscriptions import Header, WebhookSubscription
from tocsin.kernel.time import DAY
from tocsin.runtime.reads import AuditFilter

PATH = "/webhook_subscriptions"
ACCOUNT = {"filter": {"type": "account_reference"}}
SITE = "https://tocsin.example"


def made(api: Api, house: House, **more: Any) -> Any:
    return api.post(PATH, {"webhook_subscription": {**subscription(house), **more}})["webhook_subscription"]


def stored(house: House, one: Any) -> WebhookSubscription:
    return house.config().webhook_subscriptions[one["id"]]


def deliveries(house: House, one: Any) -> list[Delivery]:
    """Oldest first."""
    return list(reversed(house.reads.deliveries(one["id"], limit=100).items))


def event(house: House, delivery: Delivery) -> Any:
    refs = Refs(house.config(), Links(f"{SITE}/pagerduty", SITE))
    return json.loads(webhooks.event_bytes(delivery, refs))["event"]


# -- the API


def test_what_is_sent_is_read_again_without_its_secrets(api: Api, house: House) -> None:
    sent = subscription(house)
    reply = api.request("POST", PATH, {"webhook_subscription": sent})
    assert reply.status == 201
    new = reply["webhook_subscription"]
    secret = new["delivery_method"]["secret"]
    assert len(secret) >= 32
    read = api.get(f"{PATH}/{new['id']}", raw=b"{}")["webhook_subscription"]
    method = read["delivery_method"]
    assert method["secret"] is None
    assert method["custom_headers"] == [{"name": "X-Token", "value": REDACTED}]
    assert method["temporarily_disabled"] is False
    assert (read["active"], read["description"], read["filter"], read["type"]) == (
        True,
        "d",
        sent["filter"],
        "webhook_subscription",
    )
    assert secret not in json.dumps(api.get(PATH).body)


def test_events_keep_the_order_in_which_they_were_sent(api: Api, house: House) -> None:
    events = ["service.updated", "incident.triggered", "incident.annotated", "incident.acknowledged"]
    one = made(api, house, events=events)
    assert api.get(f"{PATH}/{one['id']}")["webhook_subscription"]["events"] == events
    api.put(f"{PATH}/{one['id']}", {"webhook_subscription": {"events": events[::-1]}})
    assert api.get(f"{PATH}/{one['id']}")["webhook_subscription"]["events"] == events[::-1]


def test_an_account_filter_has_no_id_and_is_for_administrators(api: Api, house: House) -> None:
    one = made(api, house, filter={"type": "account_reference", "id": house.service.id})
    assert one["filter"] == {"type": "account_reference"}
    wanted = {"webhook_subscription": {**subscription(house), **ACCOUNT}}
    assert api.request("POST", PATH, wanted, key="carol").status == 403
    mine = api.post(PATH, {"webhook_subscription": subscription(house)}, key="carol")["webhook_subscription"]
    widened = api.request("PUT", f"{PATH}/{mine['id']}", {"webhook_subscription": ACCOUNT}, key="carol")
    assert widened.status == 403
    assert (
        api.request("PUT", f"{PATH}/{one['id']}", {"webhook_subscription": {"description": "x"}}, key="carol").status
        == 403
    )


def test_it_is_active_unless_told_otherwise(api: Api, house: House) -> None:
    assert made(api, house)["active"] is True
    one = made(api, house, active=False)
    assert one["active"] is False
    api.put(f"{PATH}/{one['id']}", {"webhook_subscription": {"description": "still off"}})
    assert api.get(f"{PATH}/{one['id']}")["webhook_subscription"]["active"] is False


def test_a_redacted_header_stays_and_a_new_one_needs_its_value(api: Api, house: House) -> None:
    one = made(api, house)
    headers = [{"name": "x-token", "value": REDACTED}, {"name": "X-More", "value": "m"}]
    change = {
        "delivery_method": {"type": "http_delivery_method", "url": "https://a.example", "custom_headers": headers}
    }
    api.put(f"{PATH}/{one['id']}", {"webhook_subscription": change})
    assert stored(house, one).headers == (Header(name="x-token", value="secret"), Header(name="X-More", value="m"))
    assert stored(house, one).url == "https://a.example"
    change["delivery_method"]["custom_headers"] = [{"name": "Unknown", "value": REDACTED}]
    reply = api.request("PUT", f"{PATH}/{one['id']}", {"webhook_subscription": change})
    assert reply.errors == ["Custom header 1: there is no value of Unknown to keep"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"events": []}, "Events cannot be empty"),
        ({"events": ["incident.exploded"]}, "Events: incident.exploded is not an event type"),
        ({"filter": {"type": "user_reference", "id": "P1"}}, "Filter type must be one of"),
        ({"filter": {"type": "team_reference"}}, "Filter must have an id"),
        ({"delivery_method": {"url": "ftp://x.example"}}, "Delivery method URL can't be called"),
        (
            {"delivery_method": {"custom_headers": [{"name": "Host", "value": "x"}]}},
            "Custom headers: Host can't be set",
        ),
        ({"delivery_method": {"custom_headers": [{"name": "A\r\nB", "value": "x"}]}}, "Custom headers"),
        ({"delivery_method": {"custom_headers": [{"name": "A", "value": "x\r\nB: c"}]}}, "the value of A"),
        ({"oauth_client_id": "A1"}, "OAuth client not found"),
    ],
)
def test_what_can_not_work_is_refused(api: Api, house: House, change: Any, says: str) -> None:
    one = made(api, house)
    reply = api.request("PUT", f"{PATH}/{one['id']}", {"webhook_subscription": change})
    assert (reply.status, reply.code) == (400, 2001)
    assert says in reply.errors[0]


def test_a_list_can_be_narrowed(api: Api, house: House) -> None:
    service = made(api, house)
    team = made(api, house, filter={"type": "team_reference", "id": house.payments.id})
    account = made(api, house, **ACCOUNT)

    def ids(query: str) -> list[str]:
        return [one["id"] for one in api.get(PATH + query)["webhook_subscriptions"]]

    assert set(ids("")) == {service["id"], team["id"], account["id"]}
    assert ids("?filter_type=account") == [account["id"]]
    assert ids(f"?filter_type=service&filter_id={house.service.id}") == [service["id"]]
    assert ids(f"?filter_type=team&filter_id={house.search.id}") == []
    assert api.request("GET", f"{PATH}?filter_type=team").status == 400
    assert api.request("GET", f"{PATH}?filter_type=user").status == 400


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://chat.example.com/hooks/T1/B2/s3cret", "https://chat.example.com/--redacted--"),
        ("https://tocsin:s3cret@hooks.example.com:8443/", "https://hooks.example.com:8443/"),
        ("https://tocsin:s3cret@hooks.example.com", "https://hooks.example.com"),
        ("https://hooks.example.com?key=s3cret", "https://hooks.example.com/--redacted--"),
    ],
)
def test_an_address_is_shown_whole_to_who_can_change_it_only(api: Api, house: House, url: str, host: str) -> None:
    method = {"type": "http_delivery_method", "url": url}
    one = made(api, house, delivery_method=method)
    seen = {key: api.get(f"{PATH}/{one['id']}", key=key)["webhook_subscription"] for key in ("root", "carol", "alice")}
    found = {key: value["delivery_method"]["url"] for key, value in seen.items()}
    assert found == {"root": url, "carol": url, "alice": host}
    (listed,) = api.get(PATH, key="mallory")["webhook_subscriptions"]
    assert listed["delivery_method"]["url"] == host


def test_a_password_in_the_url_is_shown_to_who_can_change_it_only(api: Api, house: House) -> None:
    url = "https://tocsin:hunter2@hooks.example.com/in"
    one = made(api, house, delivery_method={"type": "http_delivery_method", "url": url})
    path = f"{PATH}/{one['id']}"
    assert api.get(path, key="carol")["webhook_subscription"]["delivery_method"]["url"] == url
    assert "hunter2" not in json.dumps(api.get(path, key="mallory").body)
    trail = house.reads.audit(AuditFilter(), limit=5).items
    assert "hunter2" not in repr(trail)
    assert stored(house, one).secret not in repr(trail)
    api.put(path, {"webhook_subscription": {"delivery_method": {"custom_headers": [{"name": "A", "value": "s3cret"}]}}})
    assert "s3cret" not in repr(house.reads.audit(AuditFilter(), limit=5).items)


def test_one_that_is_disabled_says_so_until_it_is_enabled(api: Api, house: House) -> None:
    one = made(api, house)
    path = f"{PATH}/{one['id']}"
    house.save(replace(stored(house, one), disabled_until=house.clock.now() + DAY), "disabled_until")
    assert api.get(path)["webhook_subscription"]["delivery_method"]["temporarily_disabled"] is True
    assert api.request("POST", f"{path}/ping").status == 400
    answer = api.request("POST", f"{path}/enable")
    assert answer.status == 200
    assert answer["webhook_subscription"]["delivery_method"]["temporarily_disabled"] is False
    assert api.request("POST", f"{path}/ping").status == 202
    (ping,) = deliveries(house, one)
    told = event(house, ping)
    assert (told["event_type"], told["resource_type"], told["data"]["type"]) == ("pagey.ping", "pagey", "ping")


def test_what_is_removed_is_gone(api: Api, house: House) -> None:
    one = made(api, house)
    assert api.request("DELETE", f"{PATH}/{one['id']}").status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/ping"), ("POST", "/enable")):
        assert api.request(method, f"{PATH}/{one['id']}{path}").status == 404


# -- what receivers are sent


EVERYTHING = [
    "incident.triggered",
    "incident.acknowledged",
    "incident.annotated",
    "incident.resolved",
    "incident.reopened",
    "incident.priority_updated",
    "service.updated",
]


def test_an_incident_is_told_in_the_words_of_receivers(api: Api, house: House) -> None:
    one = made(api, house, events=EVERYTHING)
    incident = house.alarm()
    path = f"/incidents/{incident.id}"
    api.put(path, {"incident": {"status": "acknowledged", "priority": "P1"}}, key="alice")
    api.post(f"{path}/notes", {"note": {"content": "Looking"}}, key="alice")
    api.put(path, {"incident": {"status": "resolved"}}, key="alice")
    api.put(path, {"incident": {"status": "triggered"}}, key="alice")
    told = {delivery.event: event(house, delivery) for delivery in deliveries(house, one)}
    assert set(told) == set(EVERYTHING) - {"service.updated"}
    triggered = told["incident.triggered"]
    assert triggered["resource_type"] == "incident"
    assert triggered["agent"]["type"] == "integration_reference"
    assert triggered["occurred_at"].endswith(".000Z")
    assert triggered["client"] is None
    data = triggered["data"]
    assert (data["type"], data["id"], data["number"], data["status"]) == ("incident", incident.id, 1, "triggered")
    assert data["self"] == f"{SITE}/pagerduty{path}"
    assert data["html_url"] == f"{SITE}/incidents/1"
    assert data["assignees"][0]["type"] == "user_reference"
    assert data["service"]["summary"] == "Payments Service"
    assert data["teams"][0]["id"] == house.payments.id
    assert (data["urgency"], data["priority"], data["resolve_reason"]) == ("high", None, None)
    assert "incident_number" not in data
    acknowledged = told["incident.acknowledged"]
    assert acknowledged["agent"]["summary"] == "Alice"
    assert told["incident.priority_updated"]["data"]["priority"]["summary"] == "P1"
    note = told["incident.annotated"]["data"]
    assert (note["type"], note["content"], note["trimmed"], note["incident"]["id"]) == (
        "incident_note",
        "Looking",
        False,
        incident.id,
    )
    assert told["incident.reopened"]["data"]["reopened_at"]


def test_a_service_is_told(api: Api, house: House) -> None:
    one = made(api, house, events=EVERYTHING)
    api.put(f"/services/{house.service.id}", {"service": {"description": "New"}})
    (delivery,) = deliveries(house, one)
    told = event(house, delivery)
    assert (told["event_type"], told["resource_type"]) == ("service.updated", "service")
    data = told["data"]
    assert (data["type"], data["summary"], data["alert_creation"]) == (
        "service",
        "Payments Service",
        "create_alerts_and_incidents",
    )
    assert [team["id"] for team in data["teams"]] == [house.payments.id]


def test_what_is_no_more_keeps_its_id(api: Api, house: House) -> None:
    one = made(api, house, events=["incident.triggered", "incident.resolved"], **ACCOUNT)
    house.alarm()
    api.delete(f"/services/{house.service.id}")
    last = deliveries(house, one)[-1]
    assert last.event == "incident.resolved"
    assert event(house, last)["data"]["service"] == {
        "id": house.service.id,
        "type": "service_reference",
        "summary": None,
        "self": f"{SITE}/pagerduty/services/{house.service.id}",
        "html_url": f"{SITE}/services/{house.service.id}",
    }


def test_a_request_is_signed_over_its_bytes(api: Api, house: House) -> None:
    one = made(api, house)
    house.save(replace(stored(house, one), headers=(Header(name="x-webhook-id", value="forged"),)), "headers")
    house.alarm()
    (delivery,) = deliveries(house, one)
    refs = Refs(house.config(), Links(f"{SITE}/pagerduty", SITE))
    sent = webhooks.outgoing(delivery, stored(house, one), refs)
    secret = one["delivery_method"]["secret"]
    expected = hmac.new(secret.encode(), sent.body, hashlib.sha256).hexdigest()
    assert sent.headers["X-PagerDuty-Signature"] == f"v1={expected}"
    assert sent.headers["X-Webhook-Id"] == delivery.id
    assert sent.headers["X-Webhook-Subscription"] == one["id"]
    assert sent.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "forged" not in sent.headers.values()


def test_what_is_too_large_goes_without_its_details_or_not_at_all(api: Api, house: House) -> None:
    one = made(api, house)
    house.alarm()
    (delivery,) = deliveries(house, one)
    assert delivery.incident is not None
    note = replace(delivery, event="incident.annotated", note_id="QN1", note="x" * 300_000)
    data = event(house, note)["data"]
    assert (data["trimmed"], len(data["content"])) == (True, webhooks.TRIMMED_CHARS)
    endless = replace(delivery, incident=replace(delivery.incident, incident_key="x" * 300_000))
    with pytest.raises(webhooks.TooLarge):
        event(house, endless)


def test_a_delivery_waits_to_be_sent(api: Api, house: House) -> None:
    one = made(api, house)
    house.alarm()
    assert [delivery.state for delivery in deliveries(house, one)] == [DeliveryState.DUE]
    assert house.reads.lane(one["id"]).failing_since is None
