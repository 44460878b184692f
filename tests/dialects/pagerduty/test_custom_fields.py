"""Custom fields, their options, the values of incidents and services, and incident types: as Terraform writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.test_openapi import validator
from tocsin.dialects.pagerduty.write.refs import Links, Refs
from tocsin.dialects.pagerduty.write.webhooks import event_bytes
from tocsin.directory.subscriptions import WebhookSubscription

PATHS = ("/incidents/custom_fields", "/incidents/types/incident_default/custom_fields", "/services/custom_fields")


def field(api: Api, path: str, name: str = "region", **more: Any) -> dict[str, Any]:
    body = {"name": name, "display_name": name.title(), "data_type": "string", "field_type": "single_value", **more}
    made: dict[str, Any] = api.post(path, {"field": body})["field"]
    return made


def options(*values: str) -> list[dict[str, Any]]:
    return [{"data": {"data_type": "string", "value": value}} for value in values]


def held(one: dict[str, Any]) -> list[str]:
    """Its options, in any order: several may be made in the same moment of the test's clock."""
    return sorted(option["data"]["value"] for option in one["field_options"])


@pytest.mark.parametrize("path", PATHS)
def test_a_field_with_options(api: Api, path: str) -> None:
    made = field(
        api, path, field_type="single_value_fixed", field_options=options("east", "west"), default_value="east"
    )
    assert (made["type"], made["enabled"], made["default_value"], held(made)) == (
        "field",
        True,
        "east",
        ["east", "west"],
    )
    each = f"{path}/{made['id']}"
    assert api.get(f"{each}?include[]=field_options")["field"] == made
    east, west = sorted(made["field_options"], key=lambda option: str(option["data"]["value"]))
    north = api.post(f"{each}/field_options", {"field_option": options("north")[0]})["field_option"]
    changed = api.put(f"{each}/field_options/{west['id']}", {"field_option": options("south")[0]})["field_option"]
    assert (changed["id"], changed["data"]["value"]) == (west["id"], "south")
    api.delete(f"{each}/field_options/{east['id']}")
    listed = api.get(f"{each}/field_options")["field_options"]
    assert {one["id"] for one in listed} == {west["id"], north["id"]}
    assert held(api.get(f"{path}?include[]=field_options")["fields"][0]) == ["north", "south"]
    assert "field_options" not in api.get(path)["fields"][0], "Terraform's provider crashes on options in a plain list"
    assert "field_options" not in api.get(each)["field"]
    assert api.get(f"{each}/field_options/{north['id']}")["field_option"]["data"]["value"] == "north"
    api.delete(each)
    assert api.get(path)["fields"] == []


def test_options_sent_with_their_field_are_all_that_it_has(api: Api) -> None:
    made = field(api, PATHS[2], field_type="multi_value_fixed", field_options=options("a", "b", "c"))
    ids = {one["data"]["value"]: one["id"] for one in made["field_options"]}
    sent = [{"id": ids["a"], **options("A")[0]}, *options("c", "d")]
    body = {"field": {"display_name": "Region", "enabled": False, "field_options": sent}}
    changed = api.put(f"{PATHS[2]}/{made['id']}", body)["field"]
    now = {one["data"]["value"]: one["id"] for one in changed["field_options"]}
    assert (set(now), now["A"], now["c"], changed["enabled"]) == ({"A", "c", "d"}, ids["a"], ids["c"], False)


@pytest.mark.parametrize(
    ("kind", "several", "good", "bad"),
    [
        ("boolean", False, True, "yes"),
        ("integer", False, 5, 5.5),
        ("integer", False, -1, True),
        ("float", False, 0.5, "half"),
        ("string", False, "x", 5),
        ("string", False, "x" * 200, "x" * 201),
        ("string", True, ["x", "y"], "x"),
        ("string", False, "x", ["x"]),
        ("datetime", False, "2026-01-05T00:00:00Z", "yesterday"),
        ("url", False, "https://example.com/", "example.com"),
    ],
)
def test_defaults_and_values_fit_the_type(
    api: Api, house: House, kind: str, several: bool, good: Any, bad: Any
) -> None:
    types = {"data_type": kind, "field_type": "multi_value" if several else "single_value"}
    body = {"name": "other", "display_name": "Other", **types, "default_value": bad}
    assert api.request("POST", PATHS[0], {"field": body}).status == 400
    made = field(api, PATHS[0], **types, default_value=good)
    assert api.get(f"{PATHS[0]}/{made['id']}")["field"]["default_value"] == good
    path = f"/incidents/{house.alarm().id}/custom_fields/values"
    assert api.get(path)["custom_fields"][0]["value"] == good
    assert api.put(path, {"custom_fields": [{"id": made["id"], "value": None}]})["custom_fields"][0]["value"] is None
    (row,) = api.put(path, {"custom_fields": [{"name": "region", "value": good}]})["custom_fields"]
    assert (row["id"], row["type"], row["value"]) == (made["id"], "field_value", good)
    assert api.request("PUT", path, {"custom_fields": [{"name": "region", "value": bad}]}).status == 400
    assert api.get(path)["custom_fields"] == [row]


@pytest.mark.parametrize(
    ("kind", "several", "sent", "read"),
    [
        ("integer", False, "5", 5),
        ("boolean", False, "true", True),
        ("float", False, "0.5", 0.5),
        ("string", True, '["a", "b"]', ["a", "b"]),
        ("string", False, "5", "5"),
    ],
)
def test_a_default_may_come_as_text(api: Api, kind: str, several: bool, sent: str, read: Any) -> None:
    types = {"data_type": kind, "field_type": "multi_value" if several else "single_value"}
    assert field(api, PATHS[0], **types, default_value=sent)["default_value"] == read


@pytest.mark.parametrize("parent", ["incidents", "services"])
def test_values_are_those_of_the_fields(api: Api, house: House, parent: str) -> None:
    thing = house.alarm().id if parent == "incidents" else house.service.id
    path = f"/{parent}/{thing}/custom_fields/values"
    fixed = field(api, f"/{parent}/custom_fields", field_type="multi_value_fixed", field_options=options("a", "b"))
    assert api.get(path)["custom_fields"][0]["value"] is None
    api.put(path, {"custom_fields": [{"name": "region", "value": ["b"]}]})
    for wrong in (
        [{"name": "region", "value": ["c"]}],
        [{"name": "nothing", "value": 1}],
        [{"value": 1}],
        5,
        None,
    ):
        assert api.request("PUT", path, {"custom_fields": wrong}).status == 400, wrong
    assert api.get(path)["custom_fields"][0]["value"] == ["b"]
    api.delete(f"/{parent}/custom_fields/{fixed['id']}")
    assert api.get(path)["custom_fields"] == []
    assert api.request("GET", f"/{parent}/PNOBODY/custom_fields/values").status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Region"},
        {"name": "1region"},
        {"name": "x" * 51},
        {"name": "region", "data_type": "text"},
        {"name": "region", "default_value": 5},
        {"name": "region", "field_type": "single_value_fixed", "default_value": "c", "field_options": options("a")},
        {"name": "region", "field_options": [{}]},
        {"name": "region", "field_type": "single_value_fixed", "data_type": "integer"},
        {"name": "region", "field_options": options("a")},
        {"name": "region", "description": "x" * 1001},
        {"name": "region", "field_type": "multi_value", "default_value": list("abcdefghijk")},
        {"name": "region", "field_type": "multi_value", "default_value": ["a", "a"]},
    ],
)
def test_what_no_field_can_be(api: Api, wrong: dict[str, Any]) -> None:
    body = {"display_name": "Region", "data_type": "string", "field_type": "single_value", **wrong}
    assert api.request("POST", PATHS[0], {"field": body}).status == 400
    assert api.get(PATHS[0])["fields"] == []


def test_names_are_taken_and_types_stay(api: Api) -> None:
    path = f"{PATHS[0]}/{field(api, PATHS[0])['id']}"
    body = {"name": "region", "display_name": "R", "data_type": "string"}
    assert api.request("POST", PATHS[0], {"field": body}).errors == ["Name has already been taken"]
    assert api.request("PUT", path, {"field": {"data_type": "integer"}}).status == 400
    assert api.request("PUT", path, {"field": {"name": "zone"}}).status == 400
    assert api.put(path, {"field": body})["field"]["display_name"] == "R"


def test_incident_types_have_a_default_and_fields_of_their_own(api: Api) -> None:
    path = "/incidents/types"
    (default,) = api.get(path)["incident_types"]
    assert (default["name"], default["enabled"], default["parent"]) == ("incident_default", True, None)
    sent = {"name": "security", "display_name": "Security", "parent_type": "incident_default", "enabled": False}
    made = api.post(path, {"incident_type": sent})["incident_type"]
    assert (made["type"], made["enabled"], made["parent"]["id"]) == ("incident_type", False, default["id"])
    assert api.get(f"{path}/security")["incident_type"] == api.get(f"{path}/{made['id']}")["incident_type"] == made
    assert [one["name"] for one in api.get(f"{path}?filter=disabled")["incident_types"]] == ["security"]
    assert len(api.get(f"{path}?filter=all")["incident_types"]) == 2
    assert api.request("GET", f"{path}?filter=some").status == 400
    api.put(f"{path}/security", {"incident_type": {"enabled": True, "display_name": "Sec"}})
    assert [one["display_name"] for one in api.get(path)["incident_types"]] == ["Base Incident", "Sec"]
    assert api.request("PUT", f"{path}/incident_default", {"incident_type": {"enabled": False}}).status == 400
    assert api.request("POST", path, {"incident_type": {**sent, "name": "x", "parent_type": "nothing"}}).status == 400
    for used in (made["id"], "security"):
        one = field(api, f"{path}/{used}/custom_fields", f"f_{len(used)}")
        assert one["incident_type"] == used
    assert api.get(f"{path}/incident_default/custom_fields")["fields"] == []
    assert len(api.get(f"{path}/security/custom_fields")["fields"]) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x_default"},
        {"display_name": "PagerDuty Security"},
        {"display_name": "Default"},
        {"name": ""},
        {"name": "x" * 51},
        {"description": "x" * 1001},
        {"parent_type": None},
        {"enabled": "yes"},
    ],
)
def test_what_no_type_can_be(api: Api, wrong: dict[str, Any]) -> None:
    sent = {"name": "security", "display_name": "Security", "parent_type": "incident_default", **wrong}
    assert api.request("POST", "/incidents/types", {"incident_type": sent}).status == 400
    assert len(api.get("/incidents/types?filter=all")["incident_types"]) == 1


def type_made(api: Api, name: str = "security", **more: Any) -> str:
    sent = {"name": name, "display_name": name.title(), "parent_type": "incident_default", **more}
    return str(api.post("/incidents/types", {"incident_type": sent})["incident_type"]["id"])


def test_the_base_type_has_one_set_of_fields_at_two_addresses(api: Api) -> None:
    made = field(api, PATHS[0])
    (found,) = api.get(PATHS[1])["fields"]
    assert (found["id"], found["incident_type"]) == (made["id"], "incident_default")
    assert api.request("GET", f"/incidents/types/{type_made(api)}/custom_fields/{made['id']}").status == 404


def test_an_incident_of_a_type_from_its_beginning(api: Api, house: House) -> None:
    type_id = type_made(api)
    field(api, PATHS[0], default_value="east")
    scope = field(api, f"/incidents/types/{type_id}/custom_fields", "scope", data_type="integer")
    service = {"id": house.service.id, "type": "service_reference"}
    sent = {"title": "T", "service": service, "incident_type": {"name": "security"}}
    values = [{"name": "scope", "value": 3}]
    path = "/incidents?include[]=custom_fields"
    made = api.post(path, {"incident": {**sent, "custom_fields": values}}, key="alice")["incident"]
    assert made["incident_type"] == {"name": "security"}
    assert {one["name"]: one["value"] for one in made["custom_fields"]} == {"region": "east", "scope": 3}
    (listed,) = api.get(path)["incidents"]
    assert listed["custom_fields"] == made["custom_fields"]
    one = f"/incidents/{made['id']}"
    assert api.get(f"{one}?include[]=custom_fields")["incident"]["custom_fields"] == made["custom_fields"]
    assert "custom_fields" not in api.get(one)["incident"]
    back = api.put(one, {"incident": {"incident_type": {"name": "incident_default"}}}, key="alice")["incident"]
    assert back["incident_type"] == {"name": "incident_default"}
    assert [each["name"] for each in api.get(f"{one}/custom_fields/values")["custom_fields"]] == ["region"]
    refused = api.request("PUT", f"{one}/custom_fields/values", {"custom_fields": [{"id": scope["id"], "value": 4}]})
    assert (refused.status, refused.errors) == (400, [f"Custom field {scope['id']} not found"])
    count = len(api.get("/incidents")["incidents"])
    wrong: Any
    for wrong in ([{"name": "scope", "value": "x"}], [{"name": "nothing", "value": 1}], [{"name": "scope"}], 5):
        body = {"incident": {**sent, "custom_fields": wrong}}
        assert api.request("POST", "/incidents", body, key="alice").status == 400, wrong
    assert len(api.get("/incidents")["incidents"]) == count


def test_a_disabled_type_refuses_new_incidents(api: Api, house: House) -> None:
    type_made(api)
    path = f"/incidents/{house.alarm().id}"
    api.put("/incidents/types/security", {"incident_type": {"enabled": False}})
    sent = {"title": "T", "service": {"id": house.service.id}, "incident_type": {"name": "security"}}
    for reply in (
        api.request("POST", "/incidents", {"incident": sent}, key="alice"),
        api.request("PUT", path, {"incident": {"incident_type": {"name": "security"}}}, key="alice"),
    ):
        assert (reply.status, reply.errors) == (400, ["Incident type is disabled"])
    assert api.get(path)["incident"]["incident_type"] == {"name": "incident_default"}


def test_what_changed_stands_in_the_log_and_goes_out(api: Api, house: House) -> None:
    event = "incident.custom_field_values.updated"
    one = house.save(WebhookSubscription(id="", url="https://hooks.example.com/", events=(event,)))
    made = field(api, PATHS[0], field_type="multi_value")
    incident = house.alarm()
    path = f"/incidents/{incident.id}"
    api.put(f"{path}/custom_fields/values", {"custom_fields": [{"name": "region", "value": ["a", "b"]}]}, key="alice")
    entry = api.get(f"{path}/log_entries")["log_entries"][0]
    assert (entry["type"], entry["changeset"]) == (
        "custom_field_value_change_log_entry",
        ['Updated region to ["a","b"]'],
    )
    assert (entry["summary"], entry["agent"]["id"]) == ("Alice set Region to a, b through the API", house.alice.id)
    validator("GET", "/incidents/{id}/log_entries").validate(api.get(f"{path}/log_entries").body)
    assert entry["id"] not in [each["id"] for each in api.get("/log_entries?is_overview=true")["log_entries"]]
    (delivery,) = house.reads.deliveries(one.id).items
    told = json.loads(event_bytes(delivery, Refs(house.config(), Links("http://a", "http://b"))))["event"]
    assert (told["event_type"], told["data"]["type"]) == (event, "incident_field_values")
    assert (told["data"]["incident"]["id"], told["data"]["changed_custom_fields"]) == (incident.id, ["region"])
    (row,) = told["data"]["custom_fields"]
    assert (row["id"], row["namespace"], row["value"]) == (made["id"], "incidents", ["a", "b"])


def test_a_rule_sets_fields_and_can_only_name_those_that_are_there(api: Api, house: House) -> None:
    made = field(api, PATHS[0])
    path = f"/event_orchestrations/services/{house.service.id}"

    def rules(field_id: str, value: str) -> dict[str, Any]:
        actions = {"incident_custom_field_updates": [{"id": field_id, "value": value}]}
        rule = {"id": "r1", "conditions": [], "actions": actions}
        return {"orchestration_path": {"sets": [{"id": "start", "rules": [rule]}]}}

    for wrong in (rules("PNOBODY", "x"), rules(made["id"], "x" * 201)):
        assert api.request("PUT", path, wrong).status == 400
    stored = api.put(path, rules(made["id"], "of {{event.dedup_key}}"))["orchestration_path"]
    api.put(f"{path}/active", {"active": True})
    assert stored["sets"][0]["rules"][0]["actions"]["incident_custom_field_updates"] == [
        {"id": made["id"], "value": "of {{event.dedup_key}}"}
    ]
    (value,) = api.get(f"/incidents/{house.alarm('disk').id}/custom_fields/values")["custom_fields"]
    assert value["value"] == "of disk"


def test_options_are_changed_one_by_one_and_stay_as_they_are_when_refused(api: Api) -> None:
    made = field(api, PATHS[0], field_type="single_value_fixed", field_options=options("a", "b"))
    path = f"{PATHS[0]}/{made['id']}/field_options"
    first = made["field_options"][0]
    wrong: Any
    for wrong in ({}, {"data": {}}, {"data": {"value": 5}}, {"data": {"value": "x" * 201}}, {"data": {"value": "b"}}):
        assert api.request("POST", path, {"field_option": wrong}).status == 400, wrong
        if wrong:
            assert api.request("PUT", f"{path}/{first['id']}", {"field_option": wrong}).status == 400, wrong
    assert api.get(path)["field_options"] == made["field_options"]
    assert api.request("GET", f"{path}/PNOBODY").status == 404
    other = field(api, PATHS[0], "other", field_type="single_value_fixed", field_options=options("z"))
    assert api.request("DELETE", f"{path}/{other['field_options'][0]['id']}").status == 404


def test_analytics_know_types(api: Api, house: House) -> None:
    type_id = type_made(api)
    path = f"/incidents/{house.alarm().id}"
    house.alarm("other")
    api.put(path, {"incident": {"incident_type": {"id": type_id}}}, key="alice")
    row = api.get(f"/analytics/raw{path}").body
    assert (row["incident_type_id"], row["incident_type_name"]) == (type_id, "security")
    for wanted, count in (([type_id], 1), (["incident_default"], 1), ([type_id, "PINCTYP"], 2), (["PNOBODY"], 0)):
        body = {"filters": {"incident_type_ids": wanted}}
        assert api.post("/analytics/metrics/incidents/all", body)["data"][0]["total_incident_count"] == count, wanted
