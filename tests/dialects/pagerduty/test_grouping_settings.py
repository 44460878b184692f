"""Alert grouping settings: what belongs to a type comes back, services follow the setting that they are in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.directory.grouping import ContentGrouping
from tocsin.events.model import Action, Event
from tocsin.kernel.time import SECOND

PATH = "/alert_grouping_settings"


def setting(api: Api, *services: str, kind: str = "time", config: Any = None, **more: Any) -> dict[str, Any]:
    body = {"type": kind, "config": config or {"timeout": 600}, "services": [{"id": one} for one in services], **more}
    made: dict[str, Any] = api.post(PATH, {"alert_grouping_setting": body})["alert_grouping_setting"]
    return made


def another(api: Api, house: House, name: str) -> str:
    body = {"service": {"name": name, "escalation_policy": {"id": house.policy.id}}}
    return str(api.post("/services", body)["service"]["id"])


@pytest.mark.parametrize(
    ("kind", "sent", "read"),
    [
        ("time", {"timeout": 0, "time_window": 300}, {"timeout": 0}),
        ("time", {"timeout": 86_400}, {"timeout": 86_400}),
        ("intelligent", {"time_window": 0}, {"time_window": 300, "iag_fields": ["summary"]}),
        ("intelligent", {"iag_fields": None}, {"time_window": 300, "iag_fields": ["summary"]}),
        ("intelligent", {"iag_fields": []}, {"time_window": 300, "iag_fields": []}),
        (
            "intelligent",
            {"time_window": 900, "iag_fields": ["summary", "custom_details.host"]},
            {"time_window": 900, "iag_fields": ["summary", "custom_details.host"]},
        ),
        (
            "content_based",
            {"time_window": 86_400, "aggregate": "all", "fields": ["component"]},
            {"time_window": 86_400, "aggregate": "all", "fields": ["component"]},
        ),
        (
            "content_based_intelligent",
            {"time_window": 300, "aggregate": "any", "fields": ["component", "class"]},
            {"time_window": 300, "aggregate": "any", "fields": ["component", "class"]},
        ),
    ],
)
def test_each_type_has_its_config_and_nothing_else(api: Api, house: House, kind: str, sent: Any, read: Any) -> None:
    made = setting(api, house.service.id, kind=kind, config=sent, name="Together", description="Managed by Terraform")
    assert (made["name"], made["description"], made["type"]) == ("Together", "Managed by Terraform", kind)
    recommended = {} if kind == "time" else {"recommended_time_window": 300}
    assert made["config"] == {**read, **recommended}
    assert [(one["id"], one["name"]) for one in made["services"]] == [(house.service.id, house.service.name)]
    assert api.get(f"{PATH}/{made['id']}")["alert_grouping_setting"] == made
    stored = house.config().services[house.service.id].group_seconds
    assert stored == (read["timeout"] if kind == "time" else None)


def test_a_setting_changes_its_type_and_its_services(api: Api, house: House) -> None:
    second = another(api, house, "Second")
    path = f"{PATH}/{setting(api, house.service.id)['id']}"

    def seconds() -> list[int | None]:
        services = house.config().services
        return [services[one].group_seconds for one in (house.service.id, second)]

    assert seconds() == [600, None]
    api.put(path, {"alert_grouping_setting": {"services": [{"id": house.service.id}, {"id": second}]}})
    assert seconds() == [600, 600]
    api.put(path, {"alert_grouping_setting": {"config": {"timeout": 120}, "services": [{"id": second}]}})
    assert seconds() == [None, 120]
    api.put(path, {"alert_grouping_setting": {"type": "intelligent", "config": {}}})
    assert seconds() == [None, None]
    api.put(path, {"alert_grouping_setting": {"type": "time", "config": {"timeout": 60}}})
    assert seconds() == [None, 60]
    api.delete(path)
    assert seconds() == [None, None]
    assert api.request("GET", path).status == 404


def test_alerts_of_the_same_content_are_one_incident_over_all_its_services(api: Api, house: House) -> None:
    second = another(api, house, "Second")
    config = {"time_window": 600, "aggregate": "all", "fields": ["source"]}
    setting(api, house.service.id, second, kind="content_based", config=config)
    key = api.post(f"/services/{second}/integrations", {"integration": {"type": "events_api_v2_inbound_integration"}})
    house.alarm("one", source="db-1")
    for number, integration_id in enumerate((key["integration"]["id"], house.integration.id)):
        event = Event(
            action=Action.TRIGGER,
            integration_id=integration_id,
            dedup_key=f"other-{number}",
            received_at=house.clock.now(),
            source="db-1",
        )
        house.receive(event)
        house.settle()
    (incident,) = api.get("/incidents")["incidents"]
    assert incident["alert_counts"]["all"] == 3
    grouped = incident["alert_grouping"]
    assert (grouped["grouping_type"], grouped["alert_grouping_active"]) == ("rules", True)
    api.put(f"/incidents/{incident['id']}", {"incident": {"type": "incident", "status": "resolved"}})
    ended = api.get(f"/incidents/{incident['id']}")["incident"]["alert_grouping"]
    assert (ended["alert_grouping_active"], ended["started_at"]) == (False, grouped["started_at"])


def test_a_service_groups_by_content_of_its_own(api: Api, house: House) -> None:
    path = f"/services/{house.service.id}"
    own: dict[str, Any] = {
        "type": "content_based",
        "config": {"time_window": 600, "aggregate": "any", "fields": ["class", "group"]},
    }
    api.put(path, {"service": {"alert_grouping_parameters": own}})
    by = house.config().services[house.service.id].group_by
    assert by == ContentGrouping(fields=("class", "group"), match_all=False, window_seconds=600)
    assert api.get(path)["service"]["alert_grouping_parameters"] == own
    api.put(path, {"service": {"alert_grouping_parameters": {"type": "time", "config": {"timeout": 2}}}})
    service = house.config().services[house.service.id]
    assert (service.group_by, service.group_seconds) == (None, 120)
    many = {"type": "content_based", "config": {**own["config"], "fields": [f"f{n}" for n in range(21)]}}
    reply = api.request("PUT", path, {"service": {"alert_grouping_parameters": many}})
    assert (reply.status, reply.errors) == (400, ["Fields must be 1 to 20"])


def test_a_service_is_in_one_setting_only(api: Api, house: House) -> None:
    first = setting(api, house.service.id, name="First")
    body = {"type": "time", "config": {"timeout": 60}, "services": [{"id": house.service.id}]}
    reply = api.request("POST", PATH, {"alert_grouping_setting": body})
    text = "Service Payments Service already belongs to the alert grouping setting First"
    assert (reply.status, reply.errors) == (400, [text])
    other = another(api, house, "Other")
    setting(api, other)
    found = api.get(f"{PATH}?service_ids[]={house.service.id}")["alert_grouping_settings"]
    assert [one["id"] for one in found] == [first["id"]]


def test_a_service_shows_what_it_shares_until_it_has_its_own(api: Api, house: House) -> None:
    path = f"/services/{house.service.id}"
    own = {"type": "content_based", "config": {"time_window": 600, "aggregate": "all", "fields": ["class"]}}
    api.put(path, {"service": {"alert_grouping_parameters": own}})
    shared = setting(api, house.service.id)
    shown = api.get(path)["service"]["alert_grouping_parameters"]
    assert shown == {"type": "time", "config": {"timeout": 10}}
    api.put(path, {"service": {"description": "no word of grouping"}})
    assert api.get(path)["service"]["alert_grouping_parameters"] == shown
    same = {"service": {"alert_grouping_parameters": {"type": "time", "config": {"timeout": 10}}}}
    api.put(path, same)
    assert house.config().services[house.service.id].group_seconds == 600
    assert api.request("GET", f"{PATH}/{shared['id']}").status == 404, "one without services goes"
    setting(api, house.service.id)
    api.put(path, {"service": {"alert_grouping_parameters": None}})
    assert api.get(path)["service"]["alert_grouping_parameters"] is None
    assert house.config().services[house.service.id].group_seconds is None
    api.delete(f"{PATH}/{setting(api, house.service.id)['id']}")
    assert api.get(path)["service"]["alert_grouping_parameters"] is None, "nothing of its own comes back"


def test_a_refused_change_of_the_service_leaves_it_in_its_setting(api: Api, house: House) -> None:
    shared = setting(api, house.service.id)
    path = f"/services/{house.service.id}"
    wrong = {"name": " ", "alert_grouping_parameters": {"type": "time", "config": {"timeout": 3}}}
    assert api.request("PUT", path, {"service": wrong}).status == 400
    found = api.get(f"{PATH}/{shared['id']}")["alert_grouping_setting"]["services"]
    assert [one["id"] for one in found] == [house.service.id]


def test_lists_go_forth_and_back_and_never_count(api: Api, house: House) -> None:
    ids = []
    for number in range(5):
        ids.append(setting(api, another(api, house, f"S{number}"), name=f"Setting {number}")["id"])
        house.advance(SECOND)
    first = api.get(f"{PATH}?limit=2&total=true").body
    assert "total" not in first
    assert ([one["id"] for one in first["alert_grouping_settings"]], first["before"]) == (ids[:2], None)
    second = api.get(f"{PATH}?limit=2&after={first['after']}").body
    assert [one["id"] for one in second["alert_grouping_settings"]] == ids[2:4]
    last = api.get(f"{PATH}?limit=2&after={second['after']}").body
    assert ([one["id"] for one in last["alert_grouping_settings"]], last["after"]) == (ids[4:], None)
    back = api.get(f"{PATH}?limit=2&before={last['before']}").body
    assert [one["id"] for one in back["alert_grouping_settings"]] == ids[2:4]
    assert back["after"] == second["after"]


def test_a_service_that_goes_leaves_its_setting(api: Api, house: House) -> None:
    second = another(api, house, "Second")
    made = setting(api, house.service.id, second)
    api.delete(f"/services/{second}")
    found = api.get(f"{PATH}/{made['id']}")["alert_grouping_setting"]["services"]
    assert [one["id"] for one in found] == [house.service.id]
    api.delete(f"/services/{house.service.id}")
    assert api.request("GET", f"{PATH}/{made['id']}").status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"config": {"timeout": 59}},
        {"config": {"timeout": 86_401}},
        {"config": {"timeout": -1}},
        {"type": "intelligent", "config": {"time_window": 299}},
        {"type": "intelligent", "config": {"time_window": 86_400}},
        {"type": "intelligent", "config": {"iag_fields": [5]}},
        {"type": "content_based", "config": {"aggregate": "all"}},
        {"type": "content_based", "config": {"fields": ["class"]}},
        {"type": "rules"},
    ],
)
def test_what_no_setting_can_be(api: Api, house: House, wrong: dict[str, Any]) -> None:
    path = f"{PATH}/{setting(api, house.service.id)['id']}"
    before = api.get(path).body
    assert api.request("PUT", path, {"alert_grouping_setting": wrong}).status == 400
    assert api.get(path).body == before
