"""Webhook subscriptions: what each is told, how its deliveries fare, and who may do what about it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.web.place import Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import Delivery, DeliveryResult, DeliveryState
from tocsin.directory.model import Role
from tocsin.directory.subscriptions import FilterKind, Header, WebhookSubscription
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import DAY

URL = "https://user:pass@hooks.example.com/T0/secret-part"


def hook(place: Place, **more: Any) -> WebhookSubscription:
    values: dict[str, Any] = {"url": URL, "events": ("incident.triggered", "incident.resolved")} | more
    saved: WebhookSubscription = place.desk.save(WebhookSubscription(id="", **values))
    return saved


def deliveries(place: Place, one: WebhookSubscription) -> list[Delivery]:
    return list(place.desk.reads.deliveries(one.id).items)


def failed(place: Place, delivery: Delivery, result: DeliveryResult = DeliveryResult.DROPPED) -> None:
    report = RecordDelivery(delivery_id=delivery.id, attempt=delivery.attempts + 1, result=result, status=410)
    place.desk.run(SYSTEM, report)


def test_one_is_made_and_its_secret_is_shown_once(place: Place) -> None:
    browser = place.client("erin")
    fields: dict[str, Any] = {
        "url": URL,
        "filter": "account",
        "event": ["incident.triggered"],
        "headers": "X-Team: a b\n",
        "once": "1",
    }
    answer = browser.act("/webhooks", **fields)
    (one,) = place.desk.config().webhook_subscriptions.values()
    assert (one.url, one.events, one.headers) == (URL, ("incident.triggered",), (Header(name="X-Team", value="a b"),))
    assert one.secret in answer.text
    assert browser.act("/webhooks", **fields).status_code == 200
    assert len(place.desk.config().webhook_subscriptions) == 1, "loading the answer again makes no second one"
    for path in ("/webhooks", f"/webhooks/{one.id}"):
        html = browser.get(path).text
        assert one.secret not in html
        assert "a b" not in html


def test_its_deliveries_with_a_body_a_ping_and_once_more(place: Place) -> None:
    one, browser = hook(place), place.client("erin")
    place.alarm("PaymentsService", "a", "Payments fail")
    (delivery,) = deliveries(place, one)
    page = words(browser.get(f"/webhooks/{one.id}").text)
    assert "Sending incident.triggered #1 Payments fail – 0" in page
    failed(place, delivery, DeliveryResult.RETRY)
    assert "410 1 again at" in words(browser.get(f"/webhooks/{one.id}").text)
    failed(place, deliveries(place, one)[0])
    page = words(browser.get(f"/webhooks/{one.id}").text)
    assert "Given up incident.triggered" in page
    assert "Nothing has arrived since" in page
    body = browser.get(f"/webhooks/{one.id}/deliveries/{delivery.id}").text
    assert "{&#34;event&#34;: &#34;incident.triggered&#34;}" in body
    assert browser.act(f"/webhooks/{one.id}/again", delivery=delivery.id).status_code == 303
    assert deliveries(place, one)[0].state is DeliveryState.DUE
    assert browser.act(f"/webhooks/{one.id}/again", delivery=delivery.id).status_code == 409
    assert browser.act(f"/webhooks/{one.id}/ping").status_code == 303
    assert {each.event for each in deliveries(place, one)} == {"ping", "incident.triggered"}


def test_one_that_is_left_alone_says_until_when_and_is_enabled(place: Place) -> None:
    one, browser = hook(place, disabled_until=place.desk.clock.now() + DAY), place.client("erin")
    assert "Left alone" in browser.get("/webhooks").text
    page = words(browser.get(f"/webhooks/{one.id}").text)
    assert "It is left alone until Wed 02:14 ." in page
    assert "Send a ping" not in page
    assert browser.act(f"/webhooks/{one.id}/ping").status_code == 409
    browser.act(f"/webhooks/{one.id}/on")
    assert place.desk.config().webhook_subscriptions[one.id].is_on(place.desk.clock.now())
    browser.act(f"/webhooks/{one.id}/off")
    assert "It is switched off." in words(browser.get(f"/webhooks/{one.id}").text)


def test_one_is_changed_and_removed(place: Place) -> None:
    one, browser = hook(place, headers=(Header(name="X-A", value="hidden"),)), place.client("erin")
    fields: dict[str, Any] = {
        "url": "https://new.example.com/",
        "event": ["service.created"],
        "filter": f"team:{place.team.id}",
    }
    browser.act(f"/webhooks/{one.id}/save", **fields)
    changed = place.desk.config().webhook_subscriptions[one.id]
    assert (changed.url, changed.events, changed.filter_kind, changed.filter_id, changed.headers, changed.secret) == (
        "https://new.example.com/",
        ("service.created",),
        FilterKind.TEAM,
        place.team.id,
        one.headers,
        one.secret,
    )
    browser.act(f"/webhooks/{one.id}/save", **fields, no_headers="1")
    assert not place.desk.config().webhook_subscriptions[one.id].headers
    assert browser.act(f"/webhooks/{one.id}/remove", typed="no").status_code == 422
    assert browser.act(f"/webhooks/{one.id}/remove", typed="new.example.com").status_code == 303
    assert not place.desk.config().webhook_subscriptions


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"url": "ftp://example.com", "event": ["incident.triggered"], "filter": "account"}, "called: it must begin"),
        ({"url": "https://example.com/", "filter": "account"}, "Events cannot be empty"),
        ({"url": "https://example.com/", "event": ["incident.triggered"], "filter": "x"}, "Choose what it is told"),
        ({"url": "https://example.com/", "event": ["x"], "filter": "account", "headers": "nothing"}, "a colon"),
    ],
)
def test_what_is_refused_is_kept(place: Place, fields: dict[str, Any], problem: str) -> None:
    answer = place.client("erin").act("/webhooks", description="Typed", **fields)
    assert answer.status_code == 422
    assert problem in answer.text
    assert f'value="{fields["url"]}"' in answer.text
    assert 'value="Typed"' in answer.text
    assert not place.desk.config().webhook_subscriptions


def test_who_sees_and_does_what(place: Place) -> None:
    place.person("rita", Role.RESTRICTED)
    everything, team = hook(place), hook(place, filter_kind=FilterKind.TEAM, filter_id=place.team.id)
    place.alarm("PaymentsService", "a")
    delivery = deliveries(place, everything)[0]
    for who, hook_id, may in (
        ("mallory", everything.id, False),
        ("carol", everything.id, False),
        ("carol", team.id, True),
    ):
        browser = place.client(who)
        html = browser.get(f"/webhooks/{hook_id}").text
        assert ("secret-part" in html) is may
        assert ("user:pass" in html) is may, "in the form, for whoever may change it"
        assert ("Send a ping" in html) is may
        assert "hooks.example.com" in html
        assert (browser.act(f"/webhooks/{hook_id}/ping").status_code == 303) is may
    refused = place.client("mallory")
    for action, fields in (
        ("again", {"delivery": delivery.id}),
        ("on", {}),
        ("off", {}),
        ("save", {"filter": "account"}),
    ):
        assert refused.act(f"/webhooks/{everything.id}/{action}", **fields).status_code in (403, 422), action
    assert "New subscription" not in refused.get("/webhooks").text
    browser = place.client("rita")
    assert "hooks.example.com" not in browser.get("/webhooks").text
    for path in (f"/webhooks/{team.id}", f"/webhooks/{team.id}/deliveries/{delivery.id}"):
        assert browser.get(path).status_code == 404
    assert place.client("carol").get(f"/webhooks/{team.id}/deliveries/{delivery.id}").status_code == 404, "another's"


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_in_webhooks(place: Place, text: str) -> None:
    one = hook(place, description=text)
    place.alarm("PaymentsService", "a", text)
    (delivery,) = deliveries(place, one)
    browser = place.client("erin")
    for path in ("/webhooks", f"/webhooks/{one.id}", f"/webhooks/{one.id}/deliveries/{delivery.id}"):
        html = browser.get(path).text
        found = shape(html)
        assert found.running == [], path
        assert found.tags["script"] == html.count('<script defer src="/static/'), path
    assert not re.findall("<img", browser.act("/webhooks", url=text, filter="account", description=text).text)
