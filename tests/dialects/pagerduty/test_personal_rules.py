"""Rules for the news of hand-offs and status updates: kept as clients sent them, each with its contact method."""

from __future__ import annotations

import pytest

from tests.dialects.pagerduty.api import Api, House


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
