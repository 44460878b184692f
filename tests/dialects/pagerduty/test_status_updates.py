"""What people are told of an incident: status updates, where it is talked about, of which type it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.dialects.pagerduty.write.refs import Links, Refs
from tocsin.dialects.pagerduty.write.webhooks import event_bytes
from tocsin.directory.business import BusinessService, Dependency, Subscriber
from tocsin.directory.custom_fields import BASE_TYPE, IncidentType
from tocsin.directory.kept import Kept
from tocsin.directory.model import Channel, ContactMethod, Priority
from tocsin.directory.subscriptions import WebhookSubscription


def test_a_status_update_reaches_who_subscribed_and_pages_nobody(api: Api, house: House) -> None:
    incident = house.alarm()
    house.settle()
    for who, is_team in ((house.mallory, False), (house.search, True), (house.payments, True)):
        house.save(Subscriber(subscriber_id=who.id, subscribed_id=incident.id, of_incident=True, is_team=is_team))
    phone = house.save(ContactMethod(id="", user_id=house.bob.id, channel=Channel.SMS, address="2025550100", label="M"))
    house.save(Kept(id="", resource="status_update_notification_rule", parent_id=phone.id))
    path = f"/incidents/{incident.id}"
    sent = {"message": "Half is back", "subject": "Payments", "html_message": "<p>Half is back</p>"}
    update = api.request("POST", f"{path}/status_updates", sent, key="alice")
    assert update.status == 200
    found = update["status_update"]
    assert (found["message"], found["sender"]["id"], found["subject"]) == ("Half is back", house.alice.id, "Payments")
    told = house.settle()
    assert sorted((one.user_id, one.channel.value) for one in told) == sorted(
        [(house.mallory.id, "email"), (house.alice.id, "email"), (house.bob.id, "sms"), (house.carol.id, "email")]
    )
    assert {one.haste.value for one in told} == {"low"}
    assert all("Half is back" in one.text and not one.code for one in told)
    newest = api.get(f"{path}/log_entries")["log_entries"][0]
    assert (newest["type"], newest["summary"]) == (
        "annotate_log_entry",
        "Alice published a status update: Half is back",
    )
    for broken in ({}, {"message": " "}, {"message": 5}, {"message": "x" * 5000}, {"message": "x", "subject": []}):
        assert api.request("POST", f"{path}/status_updates", broken, key="alice").status == 400
    assert not house.settle()


def test_who_follows_a_business_service_hears_of_what_reaches_it(api: Api, house: House) -> None:
    """Checkout needs Payments needs the service; Mailing needs nothing of it."""
    checkout, payments, mailing = (
        house.save(BusinessService(id="", name=name)) for name in ("Checkout", "Payments", "Mailing")
    )
    for above, below, is_business in ((checkout, payments, True), (payments, house.service, False)):
        needs = Dependency(
            id="",
            dependent_id=above.id,
            supporting_id=below.id,
            dependent_is_business=True,
            supporting_is_business=is_business,
        )
        house.save(needs)
    for who, what in ((house.mallory, checkout), (house.mallory, payments), (house.bob, mailing)):
        house.save(Subscriber(subscriber_id=who.id, subscribed_id=what.id))
    path = f"/incidents/{house.alarm().id}"
    house.settle()
    (row,) = api.get(f"{path}/status_updates/subscribers")["subscribers"]
    assert (row["subscriber_id"], row["has_indirect_subscription"]) == (house.mallory.id, True)
    assert [one["id"] for one in row["subscribed_via"]] == [checkout.id, payments.id]

    def told() -> list[str]:
        api.post(f"{path}/status_updates", {"message": "Half is back"}, key="alice")
        return sorted(one.user_id for one in house.settle())

    assert told() == [house.mallory.id], "each once"
    api.put(f"{path}/business_services/{mailing.id}/impacts", {"relation": "impacted"})
    assert told() == sorted([house.bob.id, house.mallory.id])
    for one in (checkout, payments):
        api.put(f"{path}/business_services/{one.id}/impacts", {"relation": "not_impacted"})
    assert told() == [house.bob.id]
    api.post(f"/business_services/{mailing.id}/account_subscription", None)
    everybody = {user.id for user in house.config().users.values() if user.active}
    assert set(told()) == everybody & {one.user_id for one in house.config().contact_methods.values()}
    api.delete(f"/business_services/{mailing.id}/account_subscription")
    api.put(f"{path}/business_services/{checkout.id}/impacts", {"relation": "impacted"})
    assert told() == sorted([house.bob.id, house.mallory.id])


def test_below_the_threshold_nothing_reaches_the_business(api: Api, house: House) -> None:
    checkout = house.save(BusinessService(id="", name="Checkout"))
    house.save(Dependency(id="", dependent_id=checkout.id, supporting_id=house.service.id, dependent_is_business=True))
    house.save(Subscriber(subscriber_id=house.mallory.id, subscribed_id=checkout.id))
    high, low = (house.save(Priority(id="", name=name, order=order)) for name, order in (("P1", 1), ("P5", 5)))
    api.put("/business_services/priority_thresholds", {"global_threshold": {"id": high.id}})
    path = f"/incidents/{house.alarm().id}"

    def heard() -> int:
        return len(api.get(f"{path}/status_updates/subscribers")["subscribers"])

    assert heard() == 0
    for priority, expected in ((low, 0), (high, 1)):
        api.put(path, {"incident": {"priority": {"id": priority.id, "type": "priority_reference"}}}, key="alice")
        assert heard() == expected


def test_the_conference_bridge(api: Api, house: House) -> None:
    service = {"id": house.service.id, "type": "service_reference"}
    bridge = {"conference_number": "+1 415-555-1212,,,,1234#", "conference_url": "https://example.com/call"}
    made = api.post("/incidents", {"incident": {"title": "T", "service": service, "conference_bridge": bridge}})
    assert made["incident"]["conference_bridge"] == bridge
    path = f"/incidents/{made['incident']['id']}"
    only_number = {"conference_number": "+1 415-555-1313"}
    changed = api.put(path, {"incident": {"conference_bridge": only_number}})["incident"]
    assert changed["conference_bridge"] == {**only_number, "conference_url": None}
    wrong: Any
    for wrong in ({"conference_url": "javascript:x"}, {"conference_number": 5}, "x", []):
        refused = api.request("PUT", path, {"incident": {"conference_bridge": wrong}})
        assert refused.status == 400, wrong
    assert api.put(path, {"incident": {"title": "U"}})["incident"]["conference_bridge"] is not None
    assert api.put(path, {"incident": {"conference_bridge": None}})["incident"]["conference_bridge"] is None


@pytest.mark.parametrize("wrong", [{"name": "unknown"}, {"name": 5}, "outage"])
def test_an_incident_is_of_a_type(api: Api, house: House, wrong: Any) -> None:
    house.save(IncidentType(id="", name="outage", display_name="Outage", parent_id=BASE_TYPE.id))
    service = {"id": house.service.id, "type": "service_reference"}
    made = api.post("/incidents", {"incident": {"title": "T", "service": service, "incident_type": {"name": "outage"}}})
    assert made["incident"]["incident_type"] == {"name": "outage"}
    path = f"/incidents/{made['incident']['id']}"
    back = api.put(path, {"incident": {"incident_type": {"name": "incident_default"}}})["incident"]
    assert back["incident_type"] == {"name": "incident_default"}
    assert api.request("PUT", path, {"incident": {"incident_type": wrong}}).status == 400


def test_receivers_hear_of_all_of_it_in_the_forms_they_know(api: Api, house: House) -> None:
    events = ("incident.status_update_published", "incident.conference_bridge.updated", "incident.responder.added")
    one = house.save(WebhookSubscription(id="", url="https://hooks.example.com/", events=events))
    path = f"/incidents/{house.alarm().id}"
    api.post(f"{path}/status_updates", {"message": "Half is back"}, key="alice")
    api.put(path, {"incident": {"conference_bridge": {"conference_number": "+1 415"}}}, key="alice")
    target = {"id": house.bob.id, "type": "user_reference"}
    ask = {"requester_id": house.alice.id, "message": "Help", "responder_request_targets": [target]}
    api.post(f"{path}/responder_requests", ask, key="alice")
    refs = Refs(house.config(), Links("http://a", "http://b"))
    told = [json.loads(event_bytes(found, refs))["event"] for found in house.reads.deliveries(one.id).items[::-1]]
    assert [event["event_type"] for event in told] == list(events)
    update, bridge, responder = (event["data"] for event in told)
    assert (update["type"], update["message"], update["trimmed"]) == ("incident_status_update", "Half is back", False)
    assert (bridge["conference_numbers"], bridge["conference_url"]) == ([{"label": "", "number": "+1 415"}], None)
    assert (responder["type"], responder["state"], responder["message"]) == ("incident_responder", "pending", "Help")
    assert responder["user"]["id"] == house.bob.id
