"""Rules for the news of hand-offs and status updates: kept as they were sent, with their contact method; followed."""

from __future__ import annotations

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.directory.handoffs import HANDOFF_RULE, wire_of
from tocsin.directory.kept import Kept
from tocsin.kernel.limits import HANDOFF_RULES
from tocsin.kernel.time import HOUR, MINUTE, WEEK


@pytest.mark.parametrize("sent_type", ["email_contact_method", "email_contact_method_reference"])
def test_a_handoff_rule_comes_back_as_it_was_sent(api: Api, house: House, sent_type: str) -> None:
    path = f"/users/{house.alice.id}/oncall_handoff_notification_rules"
    contact = api.get(f"/users/{house.alice.id}/contact_methods")["contact_methods"][0]
    reference = {"id": contact["id"], "type": sent_type}
    plain = api.post(path, {"oncall_handoff_notification_rule": {"contact_method": reference}})
    made = plain["oncall_handoff_notification_rule"]
    assert (made["handoff_type"], made["notify_advance_in_minutes"]) == ("both", 0)
    assert {name: made["contact_method"][name] for name in reference} == reference
    changed = {"handoff_type": "offcall", "notify_advance_in_minutes": 90, "contact_method": reference}
    api.put(f"{path}/{made['id']}", {"oncall_handoff_notification_rule": changed})
    api.put(f"{path}/{made['id']}", {"oncall_handoff_notification_rule": {"notify_advance_in_minutes": 0}})
    read = api.get(f"{path}/{made['id']}")["oncall_handoff_notification_rule"]
    assert read == {**made, "handoff_type": "offcall"}
    assert api.get(path)["oncall_handoff_notification_rules"] == [read]
    assert api.request("GET", f"/users/{house.bob.id}/oncall_handoff_notification_rules/{made['id']}").status == 404
    api.delete(f"{path}/{made['id']}")
    assert api.get(path)["oncall_handoff_notification_rules"] == []


def test_rules_go_with_their_contact_method(api: Api, house: House) -> None:
    base = f"/users/{house.alice.id}"
    phone = {"type": "sms_contact_method", "label": "Mobile", "address": "2025550101", "country_code": 1}
    contact = api.post(f"{base}/contact_methods", {"contact_method": phone})["contact_method"]
    body = {"status_update_notification_rule": {"contact_method": {"id": contact["id"], "type": contact["type"]}}}
    rule = api.post(f"{base}/status_update_notification_rules", body)["status_update_notification_rule"]
    full = api.get(f"{base}/status_update_notification_rules?include[]=contact_methods")
    assert full["status_update_notification_rules"][0]["contact_method"] == contact
    assert rule["contact_method"]["type"] == "sms_contact_method"
    api.delete(f"{base}/contact_methods/{contact['id']}")
    assert api.get(f"{base}/status_update_notification_rules")["status_update_notification_rules"] == []


def test_nobody_writes_another_s_rules(api: Api, house: House) -> None:
    contact = house.config().contacts_of[house.bob.id][0]
    body = {"oncall_handoff_notification_rule": {"contact_method": {"id": contact.id, "type": "email_contact_method"}}}
    path = f"/users/{house.bob.id}/oncall_handoff_notification_rules"
    assert api.request("POST", path, body, key="alice").status == 403
    assert api.request("POST", path, body, key="bob").status == 201


def test_a_handoff_rule_is_followed_until_it_is_removed(api: Api, house: House) -> None:
    """Alice and Bob take turns by weeks; the policy that calls them is used by a service."""
    path = f"/users/{house.bob.id}/oncall_handoff_notification_rules"
    contact = house.config().contacts_of[house.bob.id][0]
    body = {
        "handoff_type": "oncall",
        "notify_advance_in_minutes": 120,
        "contact_method": {"id": contact.id, "type": "email_contact_method"},
    }
    rule = api.post(path, {"oncall_handoff_notification_rule": body})["oncall_handoff_notification_rule"]
    turn = house.schedule.layers[0].start + WEEK
    house.advance(turn - house.clock.now() - 2 * HOUR - MINUTE)
    assert house.settle() == []
    house.advance(2 * MINUTE)
    told = house.settle()
    assert [(one.user_id, one.address, one.haste.value, one.code) for one in told] == [
        (house.bob.id, "bob@example.com", "low", "")
    ]
    assert "Your shift on Primary begins" in told[0].subject
    assert "You take over from Alice. It covers Payments Service." in told[0].text
    house.advance(2 * WEEK)
    assert len(house.settle()) == 1, "the next time that it is his turn"
    api.delete(f"{path}/{rule['id']}")
    house.advance(4 * WEEK)
    assert house.settle() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"handoff_type": "never"},
        {"handoff_type": 5},
        {"notify_advance_in_minutes": -1},
        {"notify_advance_in_minutes": 30 * 24 * 60 + 1},
        {"notify_advance_in_minutes": "soon"},
        {"notify_advance_in_minutes": 1.5},
        {"notify_advance_in_minutes": True},
    ],
)
def test_a_handoff_rule_that_can_not_be_followed_is_refused(api: Api, house: House, wrong: dict[str, object]) -> None:
    path = f"/users/{house.alice.id}/oncall_handoff_notification_rules"
    reference = {"id": house.config().contacts_of[house.alice.id][0].id, "type": "email_contact_method"}
    body = {"contact_method": reference, "handoff_type": "both", "notify_advance_in_minutes": 1}
    rule = api.post(path, {"oncall_handoff_notification_rule": body})["oncall_handoff_notification_rule"]
    assert api.request("POST", path, {"oncall_handoff_notification_rule": {**body, **wrong}}).status == 400
    assert api.request("PUT", f"{path}/{rule['id']}", {"oncall_handoff_notification_rule": wrong}).status == 400
    assert api.get(path)["oncall_handoff_notification_rules"] == [rule]


def test_a_person_has_so_many_handoff_rules_and_no_more(api: Api, house: House) -> None:
    contact = house.config().contacts_of[house.alice.id][0]
    for minutes in range(HANDOFF_RULES - 1):
        house.save(Kept(id="", resource=HANDOFF_RULE, parent_id=contact.id, wire=wire_of("both", minutes)))
    path = f"/users/{house.alice.id}/oncall_handoff_notification_rules"
    body = {"oncall_handoff_notification_rule": {"contact_method": {"id": contact.id, "type": "email_contact_method"}}}
    assert api.request("POST", path, body).status == 201
    refused = api.request("POST", path, body)
    assert refused.status == 400
    assert refused.errors == [f"A user cannot have more than {HANDOFF_RULES} on-call handoff notification rules"]
    assert len(api.get(path)["oncall_handoff_notification_rules"]) == HANDOFF_RULES
