"""Records of the audit trail: of everything for admins, of one thing for who may change it; secrets never."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.directory.model import Role
from tocsin.kernel.time import DAY, HOUR, SECOND, iso


def fields(record: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {one["name"]: (one["before_value"], one["value"]) for one in record["details"]["fields"]}


def test_a_user_s_records_tell_who_changed_what(api: Api, house: House) -> None:
    house.advance(2 * DAY)
    path = f"/users/{house.alice.id}"
    api.put(path, {"user": {"job_title": "SRE"}}, key="alice")
    phone = {"type": "sms_contact_method", "label": "Mobile", "address": "2025550101"}
    contact = api.post(f"{path}/contact_methods", {"contact_method": phone}, key="olive")["contact_method"]
    api.delete(f"{path}/contact_methods/{contact['id']}")
    api.put(f"/users/{house.bob.id}", {"user": {"job_title": "Other"}})
    removed, made, changed = api.get(f"{path}/audit/records", key="alice")["records"]
    assert [one["action"] for one in (removed, made, changed)] == ["delete", "create", "update"]
    assert fields(changed) == {"job_title": (None, "SRE")}
    assert [one["id"] for one in changed["actors"]] == [house.alice.id]
    assert (changed["method"]["type"], changed["execution_time"]) == ("api_token", iso(house.clock.now()))
    for one in (removed, made, changed):
        assert (one["root_resource"]["id"], one["root_resource"]["type"]) == (house.alice.id, "user_reference")
    assert made["details"]["resource"]["type"] == "contact_method_reference"
    assert fields(made)["address"] == (None, "2025550101")
    assert fields(removed) == {}
    assert [one["type"] for one in removed["actors"]] == ["api_key_reference"]


def test_only_admins_read_all_of_it(api: Api, house: House) -> None:
    for name, status in (("root", 200), ("olive", 200), ("carol", 403), ("alice", 403), ("mallory", 403)):
        assert api.request("GET", "/audit/records", key=name).status == status, name
    for name, status in (("alice", 403), ("carol", 403), ("bob", 200), ("olive", 200)):
        assert api.request("GET", f"/users/{house.bob.id}/audit/records", key=name).status == status, name
    assert api.request("GET", "/services/PNOBODY/audit/records").status == 404


def test_cursors_lead_through_everything_and_filters_narrow(api: Api, house: House) -> None:
    every = api.get("/audit/records?limit=100")["records"]
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"/audit/records?limit=7&cursor={cursor}").body
        assert page["limit"] == 7
        found += page["records"]
        cursor = page["next_cursor"]
    assert found[:100] == every
    assert len({one["id"] for one in found}) == len(found)
    kinds = {one["root_resource"]["type"] for one in api.get("/audit/records?root_resource_types[]=teams")["records"]}
    assert kinds == {"team_reference"}
    assert api.get("/audit/records?root_resource_types[]=ip_allow_lists")["records"] == []
    assert api.get("/audit/records?method_type=oauth")["records"] == []
    house.advance(SECOND)
    api.put(f"/users/{house.bob.id}", {"user": {"job_title": "Other"}}, key="bob")
    by_bob = api.get(f"/audit/records?actor_type=user_reference&actor_id={house.bob.id}&actions[]=update")["records"]
    assert [fields(one) for one in by_bob] == [{"job_title": (None, "Other")}]
    assert api.get(f"/audit/records?actor_id={house.bob.id}&actions[]=delete")["records"] == []
    assert len(api.get("/audit/records?method_type=api_token&actor_type=user_reference")["records"]) == 1


def test_records_of_the_keys_with_these_last_characters(api: Api, house: House) -> None:
    for name, hint in (("payments_key", "3xyz"), ("search_key", "9abc")):
        key = house.key(name, Role.ADMIN)
        house.save(replace(key, hint=hint), "hint")
    for number, name in enumerate(("payments_key", "search_key", "olive")):
        api.put(f"/users/{house.bob.id}", {"user": {"job_title": f"Number {number}"}}, key=name)
    path = "/audit/records?method_type=api_token&method_truncated_token"
    (one,) = api.get(f"{path}=3xyz")["records"]
    assert (fields(one)["job_title"][1], one["method"]["truncated_token"]) == ("Number 0", "3xyz")
    assert api.get(f"{path}=0000")["records"] == []
    assert api.get(f"{path}=3xyz&actor_type=user_reference")["records"] == []
    assert api.get("/audit/records?method_type=browser&method_truncated_token=3xyz")["records"] == []
    assert api.request("GET", "/audit/records?method_truncated_token=3xyz").status == 400


def test_records_of_the_last_day_unless_asked_otherwise(api: Api, house: House) -> None:
    start = house.clock.now()
    house.advance(2 * DAY)
    assert api.get("/audit/records")["records"] == []
    assert api.get(f"/audit/records?since={iso(start - HOUR)}")["records"]
    assert api.get(f"/audit/records?since={iso(start - HOUR)}&until={iso(start)}")["records"] == []
    assert api.get(f"/audit/records?until={iso(start + HOUR)}")["records"]
    for wrong in (
        f"since={iso(start - 40 * DAY)}",
        f"since={iso(start)}&until={iso(start - HOUR)}",
        "since=yesterday",
        "cursor=x",
        "cursor=-1",
        "actions[]=read",
        "actor_type=cat",
        "actor_id=%00",
        "method_type=telepathy",
        "root_resource_types[]=cats",
        "limit=0",
    ):
        assert api.request("GET", f"/audit/records?{wrong}").status == 400, wrong


def test_secrets_show_that_they_changed_and_no_more(api: Api, house: House) -> None:
    records = api.get("/audit/records?limit=100")["records"]
    made = next(one for one in records if one["details"]["resource"]["type"] == "integration_reference")
    assert fields(made)["key"] == (None, None)
    assert house.integration.key not in str(records)
    assert made["root_resource"]["id"] == house.service.id


@pytest.mark.parametrize("root", ["teams", "schedules", "escalation_policies", "services"])
def test_each_thing_has_its_own_records(api: Api, house: House, root: str) -> None:
    thing = {
        "teams": house.payments.id,
        "schedules": house.schedule.id,
        "escalation_policies": house.policy.id,
        "services": house.service.id,
    }[root]
    records = api.get(f"/{root}/{thing}/audit/records?limit=100", key="carol")["records"]
    assert records
    assert {one["root_resource"]["id"] for one in records} == {thing}
    assert {one["root_resource"]["type"] for one in records} == {
        {"escalation_policies": "escalation_policy_reference"}.get(root, f"{root[:-1]}_reference")
    }
    types = {one["details"]["resource"]["type"] for one in records}
    parts = {"teams": "membership_reference", "services": "integration_reference"}
    assert root not in parts or parts[root] in types
