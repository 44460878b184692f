"""Services, integrations, vendors, priorities, escalation policies: what is sent comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House


def service_body(house: House, **more: Any) -> dict[str, Any]:
    policy = {"id": house.policy.id, "type": "escalation_policy_reference"}
    return {"service": {"name": "New", "escalation_policy": policy, **more}}


def made(api: Api, house: House, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.post("/services", service_body(house, **more))["service"]
    assert api.get(f"/services/{found['id']}")["service"] == found
    return found


def test_a_bare_service(api: Api, house: House) -> None:
    service = made(api, house)
    assert service["auto_resolve_timeout"] is None
    assert service["acknowledgement_timeout"] is None
    assert service["alert_creation"] == "create_alerts_and_incidents"
    assert service["alert_grouping"] is None
    assert service["alert_grouping_timeout"] is None
    assert service["alert_grouping_parameters"] is None
    assert service["auto_pause_notifications_parameters"] == {"enabled": False, "timeout": None}
    assert service["incident_urgency_rule"] == {"type": "constant", "urgency": "high"}
    assert (service["support_hours"], service["scheduled_actions"], service["response_play"]) == (None, [], None)
    assert [team["id"] for team in service["teams"]] == [house.payments.id]
    assert (service["status"], service["integrations"], service["addons"]) == ("active", [], [])


SUPPORT_HOURS = {
    "type": "fixed_time_per_day",
    "time_zone": "America/Lima",
    "start_time": "09:00:00",
    "end_time": "17:30:00",
    "days_of_week": [1, 2, 3, 4, 5],
}
BY_HOURS = {
    "type": "use_support_hours",
    "during_support_hours": {"type": "constant", "urgency": "high"},
    "outside_support_hours": {"type": "constant", "urgency": "low"},
}
AT_START = {
    "type": "urgency_change",
    "at": {"type": "named_time", "name": "support_hours_start"},
    "to_urgency": "high",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("description", "Runbook: https://runbooks.example.com/payments"),
        ("description", None),
        ("auto_resolve_timeout", 14400),
        ("auto_resolve_timeout", 0),
        ("auto_resolve_timeout", None),
        ("acknowledgement_timeout", 600),
        ("alert_creation", "create_incidents"),
        ("alert_grouping", "time"),
        ("alert_grouping_timeout", 2),
        ("alert_grouping_parameters", {"type": "time", "config": {"timeout": 5}}),
        ("alert_grouping_parameters", {"type": "time", "config": {"timeout": 0}}),
        ("alert_grouping_parameters", {"type": "intelligent", "config": {"time_window": 900}}),
        (
            "alert_grouping_parameters",
            {"type": "content_based", "config": {"time_window": 300, "aggregate": "all", "fields": ["summary"]}},
        ),
        ("auto_pause_notifications_parameters", {"enabled": True, "timeout": 300}),
        ("incident_urgency_rule", {"type": "constant", "urgency": "severity_based"}),
        ("incident_urgency_rule", BY_HOURS),
        ("support_hours", SUPPORT_HOURS),
        ("scheduled_actions", [AT_START]),
        ("response_play", {"id": "PPLAY01", "type": "response_play_reference"}),
    ],
)
def test_every_setting_comes_back_as_it_was_sent(api: Api, house: House, name: str, value: Any) -> None:
    assert made(api, house, **{name: value})[name] == value
    path = f"/services/{house.service.id}"
    before = api.get(path)["service"]
    api.put(path, {"service": {name: value}})
    after = api.get(path)["service"]
    older = after["alert_grouping"] if name == "alert_grouping_parameters" else before["alert_grouping"]
    assert {**after, "updated_at": ""} == {**before, "alert_grouping": older, name: value, "updated_at": ""}
    assert api.put(path, {"service": {name: value}})["service"] == after, "the same again changes nothing"


def test_grouping_has_the_settings_of_its_type_and_no_others(api: Api, house: House) -> None:
    path = f"/services/{house.service.id}"

    def group(parameters: Any) -> Any:
        return api.put(path, {"service": {"alert_grouping_parameters": parameters}})["service"][
            "alert_grouping_parameters"
        ]

    assert group({"type": "intelligent"}) == {"type": "intelligent", "config": {"time_window": 300}}
    config = {"aggregate": "any", "fields": ["source", "custom_details.host"], "time_window": 300}
    assert group({"type": "content_based", "config": {**config, "timeout": 0}}) == {
        "type": "content_based",
        "config": config,
    }
    assert api.get(path)["service"]["alert_grouping"] == "rules"
    nothing = {"aggregate": None, "fields": None, "time_window": None}
    assert group({"type": "time", "config": {"timeout": 7, **nothing}}) == {"type": "time", "config": {"timeout": 7}}
    assert house.config().services[house.service.id].group_seconds == 420
    assert group({"type": None}) is None
    assert api.get(path)["service"]["alert_grouping"] is None
    assert house.config().services[house.service.id].group_seconds is None


def test_a_pause_is_acted_upon(api: Api, house: House) -> None:
    """Switched on without a time, it is the one that is recommended."""
    path = f"/services/{house.service.id}"

    def pause(parameters: Any) -> Any:
        service = api.put(path, {"service": {"auto_pause_notifications_parameters": parameters}})["service"]
        return house.config().services[house.service.id].pause_seconds, service["auto_pause_notifications_parameters"]

    off = {"enabled": False, "timeout": None}
    assert pause({"enabled": True, "timeout": 300}) == (300, {"enabled": True, "timeout": 300})
    assert pause({"enabled": False, "timeout": 300}) == (None, off)
    assert pause({"enabled": True}) == (120, {"enabled": True, "timeout": 120})
    assert pause({"enabled": True, "timeout": 0}) == (120, {"enabled": True, "timeout": 120})
    assert pause(None) == (None, off)


def test_scheduled_actions_that_make_incidents_urgent_are_acted_upon(api: Api, house: House) -> None:
    """Others are kept for their clients."""
    path = f"/services/{house.service.id}"
    at_end = {**AT_START, "at": {"type": "named_time", "name": "support_hours_end"}}
    calmer = {**AT_START, "to_urgency": "low"}

    def schedule(actions: Any) -> str:
        service = api.put(path, {"service": {"scheduled_actions": actions}})["service"]
        assert service["scheduled_actions"] == actions
        return house.config().services[house.service.id].raise_at

    assert schedule([AT_START]) == "support_hours_start"
    assert schedule([at_end]) == "support_hours_end"
    assert schedule([calmer]) == ""
    assert schedule([AT_START, at_end]) == ""
    assert schedule([]) == ""


def test_a_quiet_incident_says_when_it_will_be_urgent(api: Api, house: House) -> None:
    settings = {"incident_urgency_rule": BY_HOURS, "support_hours": SUPPORT_HOURS, "scheduled_actions": [AT_START]}
    api.put(f"/services/{house.service.id}", {"service": settings})
    incident = house.alarm()
    api.put(f"/incidents/{incident.id}", {"incident": {"urgency": "low"}}, key="alice")
    actions = api.get(f"/incidents/{incident.id}")["incident"]["pending_actions"]
    raised = [one for one in actions if one["type"] == "urgency_change"]
    assert [one["to"] for one in raised] == ["high"]

    api.put(f"/incidents/{incident.id}", {"incident": {"urgency": "high"}}, key="alice")
    actions = api.get(f"/incidents/{incident.id}")["incident"]["pending_actions"]
    assert "urgency_change" not in {one["type"] for one in actions}


def test_a_service_with_constant_urgency_has_no_support_hours(api: Api, house: House) -> None:
    service = made(
        api, house, incident_urgency_rule=BY_HOURS, support_hours=SUPPORT_HOURS, scheduled_actions=[None, AT_START]
    )
    assert (service["support_hours"], service["scheduled_actions"]) == (SUPPORT_HOURS, [AT_START])
    rule = {"type": "constant", "urgency": "high"}
    changed = api.put(f"/services/{service['id']}", {"service": {"incident_urgency_rule": rule}})["service"]
    assert (changed["support_hours"], changed["scheduled_actions"]) == (None, [])


def test_a_service_is_renamed_disabled_and_removed(api: Api, house: House) -> None:
    service = made(api, house)
    taken = api.request("POST", "/services", service_body(house, name="new"))
    assert (taken.status, taken.errors) == (400, ["Name has already been taken"])
    changed = api.put(f"/services/{service['id']}", {"service": {"name": "Newer", "status": "disabled"}})["service"]
    assert (changed["name"], changed["summary"], changed["status"]) == ("Newer", "Newer", "disabled")
    api.delete(f"/services/{service['id']}")
    assert api.request("GET", f"/services/{service['id']}").status == 404


def test_the_state_of_a_service_is_that_of_its_incidents(api: Api, house: House) -> None:
    path = f"/services/{house.service.id}"

    def status() -> set[str]:
        listed = {service["id"]: service["status"] for service in api.get("/services")["services"]}
        return {api.get(path)["service"]["status"], listed[house.service.id]}

    assert status() == {"active"}
    incident = house.alarm()
    assert status() == {"critical"}
    assert api.get(path)["service"]["last_incident_timestamp"] == "2026-01-06T09:00:00Z"
    api.put(f"/incidents/{incident.id}", {"incident": {"status": "acknowledged"}})
    assert status() == {"warning"}
    api.delete(path)
    assert api.get(f"/incidents/{incident.id}")["incident"]["status"] == "resolved"


def test_an_integration_for_a_vendor_names_it_and_one_by_type_does_not(api: Api, house: House) -> None:
    path = f"/services/{house.service.id}/integrations"
    vendor = next(one for one in api.get("/vendors?limit=100")["vendors"] if one["name"] == "Prometheus")
    sent = {
        "name": "Prom",
        "type": "service_integration",
        "service": {"id": house.service.id, "type": "service"},
        "vendor": {"id": vendor["id"], "type": "vendor"},
    }
    by_vendor = api.post(path, {"integration": sent})["integration"]
    assert by_vendor["vendor"]["id"] == vendor["id"]
    assert by_vendor["type"] == vendor["generic_service_type"]
    assert len(by_vendor["integration_key"]) == 32
    by_type = api.post(path, {"integration": {"name": "Own", "type": "generic_events_api_inbound_integration"}})[
        "integration"
    ]
    assert (by_type["vendor"], by_type["type"]) == (None, "generic_events_api_inbound_integration")
    api.put(f"{path}/{by_vendor['id']}", {"integration": {"name": "Renamed", "vendor": sent["vendor"]}})
    found = api.get(f"{path}/{by_vendor['id']}")["integration"]
    assert found == {**by_vendor, "name": "Renamed", "summary": "Renamed"}
    summaries = {one["summary"] for one in api.get(f"/services/{house.service.id}")["service"]["integrations"]}
    assert summaries == {"Prometheus", "Renamed", "Own"}
    api.delete(f"{path}/{by_vendor['id']}")
    assert api.request("GET", f"{path}/{by_vendor['id']}").status == 404
    assert api.request("DELETE", f"{path}/{by_vendor['id']}").status == 404


def test_a_chosen_integration_key_is_kept_and_not_given_twice(api: Api, house: House) -> None:
    path = f"/services/{house.service.id}/integrations"
    key = "0123456789abcdef0123456789abcdef"
    assert api.post(path, {"integration": {"integration_key": key}})["integration"]["integration_key"] == key
    reply = api.request("POST", path, {"integration": {"integration_key": key}})
    assert (reply.status, reply.errors) == (400, ["Integration key has already been taken"])


def test_vendors_fit_one_page_and_have_unique_names_and_ids(api: Api) -> None:
    page = api.get("/vendors?limit=100&offset=0")
    vendors = page["vendors"]
    assert page["more"] is False
    ids = {one["name"]: one["id"] for one in vendors}
    written = {"Datadog": "PAM4FGS", "Sentry": "PKAPG94", "Amazon CloudWatch": "PZQ6AUS"}
    assert {name: ids[name] for name in written} == written, "as clients have it in their configurations"
    assert "Prometheus" in ids
    assert len({one["id"] for one in vendors}) == len({one["name"].casefold() for one in vendors}) == len(vendors)
    assert api.get(f"/vendors/{vendors[0]['id']}")["vendor"] == vendors[0]
    assert api.request("GET", "/vendors/PNOBODY").status == 404


def test_the_most_important_priority_comes_first(api: Api) -> None:
    assert [one["name"] for one in api.get("/priorities?limit=100&offset=0")["priorities"]] == ["P1", "P2", "P3"]


def test_services_are_found_by_name_and_team(api: Api, house: House) -> None:
    made(api, house)
    assert [one["name"] for one in api.get("/services?query=payments")["services"]] == ["Payments Service"]
    assert [one["name"] for one in api.get("/services?name=New")["services"]] == ["New"]
    assert len(api.get(f"/services?team_ids[]={house.payments.id}")["services"]) == 2
    assert api.get(f"/services?team_ids[]={house.search.id}")["services"] == []
    names = [one["name"] for one in api.get("/services?sort_by=name:desc")["services"]]
    assert names == ["Payments Service", "New"]
    full = api.get("/services?include[]=teams&include[]=integrations&include[]=escalation_policies&query=payments")
    one = full["services"][0]
    assert (one["teams"][0]["type"], one["escalation_policy"]["type"]) == ("team", "escalation_policy")
    assert one["integrations"][0]["integration_key"] == house.integration.key


# -- escalation policies


def policy_body(house: House, **more: Any) -> dict[str, Any]:
    rules = [
        {
            "escalation_delay_in_minutes": 5,
            "targets": [{"id": house.schedule.id, "type": "schedule_reference"}],
        },
        {
            "escalation_delay_in_minutes": 15,
            "targets": [{"id": house.alice.id, "type": "user"}, {"id": house.bob.id, "type": "user_reference"}],
        },
    ]
    return {"escalation_policy": {"name": "New", "escalation_rules": rules, **more}}


def test_a_policy_comes_back_as_it_was_sent(api: Api, house: House) -> None:
    body = policy_body(
        house, num_loops=3, description="Managed by Terraform", teams=[{"id": house.payments.id}], unknown=1
    )
    policy = api.post("/escalation_policies", body)["escalation_policy"]
    path = f"/escalation_policies/{policy['id']}"
    assert api.get(f"{path}?include[]=escalation_rule_assignment_strategies")["escalation_policy"] == policy
    assert (policy["num_loops"], policy["description"]) == (3, "Managed by Terraform")
    assert [team["id"] for team in policy["teams"]] == [house.payments.id]
    shapes = [
        (rule["escalation_delay_in_minutes"], [(one["id"], one["type"]) for one in rule["targets"]])
        for rule in policy["escalation_rules"]
    ]
    assert shapes == [
        (5, [(house.schedule.id, "schedule_reference")]),
        (15, [(house.alice.id, "user_reference"), (house.bob.id, "user_reference")]),
    ]
    assert all(
        rule["escalation_rule_assignment_strategy"] == {"type": "assign_to_everyone"}
        for rule in policy["escalation_rules"]
    )


def test_unchanged_levels_keep_their_ids(api: Api, house: House) -> None:
    policy = api.post("/escalation_policies", policy_body(house))["escalation_policy"]
    path = f"/escalation_policies/{policy['id']}"
    again = api.put(path, policy_body(house, num_loops=2))["escalation_policy"]
    assert [rule["id"] for rule in again["escalation_rules"]] == [rule["id"] for rule in policy["escalation_rules"]]
    turned = policy_body(house)
    turned["escalation_policy"]["escalation_rules"].reverse()
    reordered = api.put(path, turned)["escalation_policy"]
    assert [rule["escalation_delay_in_minutes"] for rule in reordered["escalation_rules"]] == [15, 5]
    assert len({rule["id"] for rule in reordered["escalation_rules"]}) == 2
    named = [{**rule, "escalation_delay_in_minutes": 9} for rule in reordered["escalation_rules"]]
    kept = api.put(path, {"escalation_policy": {"escalation_rules": named}})["escalation_policy"]
    assert [rule["id"] for rule in kept["escalation_rules"]] == [rule["id"] for rule in reordered["escalation_rules"]]


@pytest.mark.parametrize("strategy", [{"type": "round_robin"}, "round_robin"])
def test_a_strategy_is_an_object_however_it_was_sent(api: Api, house: House, strategy: Any) -> None:
    body = policy_body(house)
    body["escalation_policy"]["escalation_rules"][0]["escalation_rule_assignment_strategy"] = strategy
    policy = api.post("/escalation_policies", body)["escalation_policy"]
    assert policy["escalation_rules"][0]["escalation_rule_assignment_strategy"] == {"type": "round_robin"}


def test_a_policy_in_use_stays_with_400(api: Api, house: House) -> None:
    path = f"/escalation_policies/{house.policy.id}"
    assert api.request("DELETE", path).status == 400
    api.delete(f"/services/{house.service.id}")
    api.delete(path)
    assert api.request("GET", path).status == 404


def test_policies_are_found_by_name_team_and_person(api: Api, house: House) -> None:
    api.post("/escalation_policies", policy_body(house))
    assert [one["name"] for one in api.get("/escalation_policies?query=new")["escalation_policies"]] == ["New"]
    by_person = api.get(f"/escalation_policies?user_ids[]={house.carol.id}")["escalation_policies"]
    assert [one["name"] for one in by_person] == ["Payments Policy"]
    by_team = api.get(f"/escalation_policies?team_ids[]={house.payments.id}&include[]=targets&include[]=teams")
    policy = by_team["escalation_policies"][0]
    assert policy["escalation_rules"][1]["targets"][0]["email"] == "carol@example.com"
    assert policy["teams"][0]["type"] == "team"
    assert [service["id"] for service in policy["services"]] == [house.service.id]
