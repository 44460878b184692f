"""Connections: each with its last success and last error, as far as the reader may know."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.web.place import Place
from tests.web.settings_scene import machine
from tests.web.test_incident_pages import words
from tocsin.deliveries.messages import RecordDelivery
from tocsin.deliveries.model import DeliveryResult
from tocsin.directory.model import Channel, Membership, Role, Team, TeamRole
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import MINUTE
from tocsin.paging.messages import RecordAttempt
from tocsin.paging.model import Result


def card(place: Place, key: str, who: str = "erin") -> str:
    html = place.client(who).get("/connections").text
    found = re.search(rf'aria-labelledby="h-{key}">(.*?)</section>', html, re.DOTALL)
    assert found is not None
    return words(found.group(1))


def refuse(place: Place, detail: str) -> None:
    """Every message that waits is refused by its provider."""
    waiting, place.desk.sent = list(place.desk.sent), []
    for message in waiting:
        report = RecordAttempt(
            message_id=message.message_id, attempt=message.attempt, result=Result.REFUSED, detail=detail,
            finished_at=place.desk.clock.now(),
        )  # fmt: skip
        place.desk.run(SYSTEM, report)


def test_a_channel_tells_its_last_success_and_its_last_error(place: Place) -> None:
    assert "Not used lately" in card(place, "sms")
    place.alarm("PaymentsService", "a")
    place.desk.settle()
    assert "Works Last success 02:14" in card(place, "sms")
    place.desk.advance(MINUTE)
    place.alarm("PaymentsService", "b")
    place.desk.advance(MINUTE)
    refuse(place, "The number +12025550100 is not reachable")
    text = card(place, "sms")
    assert "Failing Last success 02:14" in text
    assert "The number +12025550100 is not reachable" in text
    assert "+12025550100" not in card(place, "sms", "mallory"), "errors are for administrators"
    assert "Failing" in card(place, "sms", "mallory")


def test_what_is_not_set_up_says_what_is_needed(place: Place) -> None:
    place.site = replace(
        place.site, ways_to_send=lambda: (Channel.WEBHOOK.value,), machine=lambda: machine(place.desk.clock.now())
    )
    text = card(place, "email")
    assert "Not set up" in text
    assert "TOCSIN_SMTP_URL set TOCSIN_MAIL_FROM not set" in text
    assert "smtp://user:password@mail.example.org:587" in text
    html = place.client("erin").get("/connections").text
    assert "mail.example.com" not in html, "values are not shown"
    assert html.count("<details open") == 4, "mail, texts, calls, subscriptions"


def test_a_test_goes_to_the_readers_own_contact_method(place: Place) -> None:
    browser = place.client("bob")
    there = browser.act("/connections/test", channel="sms").headers["location"]
    assert there.startswith("/me?test="), "who can't look into the provider's page sees it on their own"
    assert "Your test" in browser.get(there).text
    (message,) = place.desk.sent
    assert message.address == "+12025550101"
    assert message.channel is Channel.SMS
    refused = browser.act("/connections/test", channel="push")
    assert refused.status_code == 422
    assert "You have no contact method of this kind." in refused.text


def test_subscriptions_and_the_heartbeat_have_cards(place: Place) -> None:
    place.site = replace(place.site, machine=lambda: machine(place.desk.clock.now()))
    assert "Not set up" in card(place, "subscriptions")
    one = place.desk.save(WebhookSubscription(id="", url="https://x.example/", events=("incident.triggered",)))
    place.alarm("PaymentsService", "a")
    (delivery,) = place.desk.reads.deliveries(one.id).items
    report = RecordDelivery(
        delivery_id=delivery.id, attempt=1, result=DeliveryResult.DROPPED, status=410, detail="410 Gone"
    )
    place.desk.run(SYSTEM, report)
    assert "Failing Last success none lately" in card(place, "subscriptions")
    assert "410 Gone" in card(place, "subscriptions")
    assert "Works Last success 02:13" in card(place, "heartbeat")


def test_monitors_tell_when_they_were_heard(place: Place) -> None:
    place.service("Quiet", place.policy)
    place.alarm("PaymentsService", "a")
    text = words(place.client("alice").get("/connections").text.partition('id="in"')[2])
    assert "Prometheus Events API v2 PaymentsService Heard 02:14" in text
    assert "Quiet Silent none for 7 days" in text
    assert text.index("PaymentsService") < text.index("Quiet")


def test_other_teams_monitors_are_not_named(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Other"))
    rita = place.person("rita", Role.RESTRICTED)
    place.desk.save(Membership(team_id=other.id, user_id=rita.id, role=TeamRole.RESPONDER))
    assert "PaymentsService" not in place.client("rita").get("/connections").text


def test_many_monitors_have_pages_and_are_found(place: Place) -> None:
    for number in range(60):
        place.service(f"Service {number:02}", place.policy)
    browser = place.client("erin")
    first = browser.get("/connections").text
    assert first.count('class="row monitor-row"') == 50
    assert browser.get("/connections?page=2").text.count('class="row monitor-row"') == 11
    assert browser.get("/connections?q=service+07").text.count('class="row monitor-row"') == 1
    assert "No monitor matches." in browser.get("/connections?q=nothing").text
