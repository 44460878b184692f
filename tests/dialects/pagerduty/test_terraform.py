"""What Terraform's provider sends for the lesson's resources, in its order, and what it reads for "no difference".

Only what the provider compares is compared: these are its rules, read from its code, not a run of it.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.kernel.time import MINUTE

MANAGED = "Managed by Terraform"


class Provider:
    """Applies a few resources as the provider does: write, read back, remember what it would compare."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def user(self, name: str, role: str = "user") -> str:
        sent = {"name": name, "email": f"{name.lower()}@lesson.example", "role": role, "description": MANAGED}
        user = self.api.post("/users", {"user": {**sent, "type": "user"}})["user"]
        self.api.put(f"/users/{user['id']}", {"user": sent})
        read = self.api.get(f"/users/{user['id']}")["user"]
        assert {key: read[key] for key in sent} == sent
        assert read["color"]
        assert isinstance(read["invitation_sent"], bool)
        assert self.api.get(f"/users/{user['id']}/license")["license"]["id"]
        found = self.api.get(f"/users?query={sent['email']}")["users"]
        assert [one["id"] for one in found if one["email"] == sent["email"]] == [user["id"]]
        return str(user["id"])

    def contact(self, user: str, address: str) -> str:
        sent = {"type": "sms_contact_method", "label": "Mobile", "address": address, "country_code": 1}
        path = f"/users/{user}/contact_methods"
        made = self.api.post(path, {"contact_method": sent})["contact_method"]
        read = self.api.get(f"{path}/{made['id']}")["contact_method"]
        assert {key: read[key] for key in sent} == sent
        assert (read["enabled"], read["blacklisted"]) == (True, False)
        rule = {
            "type": "assignment_notification_rule",
            "start_delay_in_minutes": 0,
            "urgency": "high",
            "contact_method": {"id": made["id"], "type": "sms_contact_method"},
        }
        rules = f"/users/{user}/notification_rules"
        stored = self.api.post(rules, {"notification_rule": rule})["notification_rule"]
        again = self.api.get(f"{rules}/{stored['id']}")["notification_rule"]
        kept = {key: again["contact_method"][key] for key in ("id", "type")}
        assert {**{key: again[key] for key in rule}, "contact_method": kept} == rule
        return str(made["id"])

    def schedule(self, layers: list[dict[str, Any]], **sent: Any) -> str:
        body = {"description": MANAGED, **sent, "schedule_layers": layers}
        made = self.api.post("/schedules", {"schedule": body})["schedule"]
        self.check_schedule(made["id"], layers, **sent)
        return str(made["id"])

    def check_schedule(self, schedule: str, layers: list[dict[str, Any]], **sent: Any) -> list[dict[str, Any]]:
        read = self.api.get(f"/schedules/{schedule}")["schedule"]
        assert {key: read[key] for key in ("name", "time_zone") if key in sent} == {
            key: sent[key] for key in ("name", "time_zone") if key in sent
        }
        assert read["description"] == MANAGED
        assert read["final_schedule"]["rendered_coverage_percentage"] is None
        back: list[dict[str, Any]] = read["schedule_layers"][::-1]
        assert len(back) == len(layers)
        for got, wanted in zip(back, layers, strict=True):
            assert got["rotation_turn_length_seconds"] == wanted["rotation_turn_length_seconds"]
            assert [one["user"]["id"] for one in got["users"]] == [one["user"]["id"] for one in wanted["users"]]
            assert got["restrictions"] == wanted.get("restrictions", [])
            assert got["end"] is None
            assert got["rendered_coverage_percentage"] is None
        return back


def layer(*users: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Weekly Rotation",
        "start": "2026-01-06T00:00:00+00:00",
        "end": None,
        "rotation_virtual_start": "2026-01-06 00:00:00 +0000 UTC",
        "rotation_turn_length_seconds": 604_800,
        "users": [{"user": {"id": user, "type": "user"}} for user in users],
        **more,
    }


@pytest.fixture
def provider(api: Api) -> Provider:
    return Provider(api)


def test_the_lesson_is_applied_without_a_difference_edited_and_destroyed(
    api: Api, house: House, provider: Provider
) -> None:
    assert api.get("/abilities")["abilities"]
    people = {name: provider.user(name) for name in ("Dora", "Emil", "Finn", "Gus")}
    manager = provider.user("Erin", "admin")
    for number, person in enumerate(people.values()):
        provider.contact(person, f"202555010{number}")
    team = api.post("/teams", {"team": {"name": "Lesson", "description": "Owns taking money"}})["team"]
    for person in people.values():
        assert api.put(f"/teams/{team['id']}/users/{person}", {"role": "responder"}).status == 204
    roles = {one["user"]["id"]: one["role"] for one in api.get(f"/teams/{team['id']}/members?limit=100")["members"]}
    assert roles == dict.fromkeys(people.values(), "responder")
    owned = [{"id": team["id"], "type": "team_reference"}]
    hours = [
        {
            "type": "weekly_restriction",
            "start_day_of_week": day,
            "start_time_of_day": "09:00:00",
            "duration_seconds": 32_400,
        }
        for day in (1, 3)
    ]
    primary = provider.schedule([layer(*people.values())], name="Lesson Primary", time_zone="Etc/UTC", teams=owned)
    secondary = provider.schedule(
        [
            layer(people["Finn"], people["Gus"], rotation_turn_length_seconds=86_400),
            layer(people["Emil"], restrictions=hours),
        ],
        name="Lesson Secondary",
        time_zone="Europe/Berlin",
    )
    policy = _policy(api, owned, primary, secondary, manager)
    service, search = _services(api, policy)
    integration = _integration(api, service)
    _edit(api, provider, primary, [*people.values()], policy, service, search)
    api.delete(f"/services/{service}/integrations/{integration}")
    for one in (service, search):
        assert api.request("DELETE", f"/services/{one}").status == 204
    assert api.request("DELETE", f"/schedules/{primary}").status == 400, "the policy goes first"
    api.delete(f"/escalation_policies/{policy}")
    for schedule in (primary, secondary):
        assert api.get(f"/schedules/{schedule}").status == 200
        api.delete(f"/schedules/{schedule}")
    for person in people.values():
        api.delete(f"/teams/{team['id']}/users/{person}")
    api.delete(f"/teams/{team['id']}")
    for person in (*people.values(), manager):
        for kind in ("notification_rules", "contact_methods"):
            for one in api.get(f"/users/{person}/{kind}")[kind]:
                api.delete(f"/users/{person}/{kind}/{one['id']}")
        api.delete(f"/users/{person}")
    assert len(house.config().users) == 5


def _policy(api: Api, owned: list[dict[str, Any]], primary: str, secondary: str, manager: str) -> str:
    targets = (
        (5, primary, "schedule_reference"),
        (10, secondary, "schedule_reference"),
        (15, manager, "user_reference"),
    )
    rules = [
        {"escalation_delay_in_minutes": delay, "targets": [{"id": target, "type": kind}]}
        for delay, target, kind in targets
    ]
    sent = {"name": "Lesson", "description": MANAGED, "num_loops": 3, "teams": owned, "escalation_rules": rules}
    made = api.post("/escalation_policies", {"escalation_policy": sent})["escalation_policy"]
    read = api.get(f"/escalation_policies/{made['id']}?include%5B%5D=escalation_rule_assignment_strategies")
    found = read["escalation_policy"]
    assert (found["name"], found["description"], found["num_loops"]) == ("Lesson", MANAGED, 3)
    assert [
        (rule["escalation_delay_in_minutes"], rule["targets"][0]["id"], rule["targets"][0]["type"])
        for rule in found["escalation_rules"]
    ] == list(targets)
    return str(made["id"])


def _services(api: Api, policy: str) -> tuple[str, str]:
    common = {
        "alert_creation": "create_alerts_and_incidents",
        "response_play": None,
        "escalation_policy": {"id": policy, "type": "escalation_policy_reference"},
    }
    payments = {
        "name": "Lesson Payments",
        "description": "Runbook: https://runbooks.example.com/payments",
        "auto_resolve_timeout": 14_400,
        "acknowledgement_timeout": 600,
        "alert_grouping_parameters": {"type": "intelligent", "config": None},
        "auto_pause_notifications_parameters": {"enabled": True, "timeout": 300},
        "incident_urgency_rule": {"type": "constant", "urgency": "high"},
        **common,
    }
    first = api.post("/services", {"service": payments})["service"]["id"]
    read = api.get(f"/services/{first}?include%5B%5D=auto_pause_notifications_parameters")["service"]
    same = ("name", "description", "auto_resolve_timeout", "acknowledgement_timeout", "alert_creation")
    assert {key: read[key] for key in same} == {key: payments[key] for key in same}
    assert read["auto_pause_notifications_parameters"] == payments["auto_pause_notifications_parameters"]
    assert read["alert_grouping_parameters"]["type"] == "intelligent"
    assert (read["alert_grouping"], read["alert_grouping_timeout"], read["support_hours"]) == (None, None, None)
    search = {
        "name": "Lesson Search",
        "description": MANAGED,
        "auto_resolve_timeout": 14_400,
        "acknowledgement_timeout": 1800,
        "incident_urgency_rule": {
            "type": "use_support_hours",
            "urgency": "",
            "during_support_hours": {"type": "constant", "urgency": "high"},
            "outside_support_hours": {"type": "constant", "urgency": "low"},
        },
        "support_hours": {
            "type": "fixed_time_per_day",
            "time_zone": "America/Lima",
            "start_time": "09:00:00",
            "end_time": "17:00:00",
            "days_of_week": [1, 2, 3, 4, 5],
        },
        "scheduled_actions": [
            {
                "type": "urgency_change",
                "to_urgency": "high",
                "at": {"type": "named_time", "name": "support_hours_start"},
            }
        ],
        **common,
    }
    second = api.post("/services", {"service": search})["service"]["id"]
    read = api.get(f"/services/{second}")["service"]
    assert read["support_hours"] == search["support_hours"]
    assert read["scheduled_actions"] == search["scheduled_actions"]
    assert read["incident_urgency_rule"]["during_support_hours"] == {"type": "constant", "urgency": "high"}
    return str(first), str(second)


def _integration(api: Api, service: str) -> str:
    vendors = api.get("/vendors?limit=100&offset=0")["vendors"]
    vendor = next(one for one in vendors if one["name"] == "Prometheus")
    sent = {
        "name": "Prometheus",
        "type": "service_integration",
        "service": {"id": service, "type": "service"},
        "vendor": {"id": vendor["id"], "type": "vendor"},
    }
    made = api.post(f"/services/{service}/integrations", {"integration": sent})["integration"]
    read = api.get(f"/services/{service}/integrations/{made['id']}")["integration"]
    assert (read["name"], read["vendor"]["id"], read["service"]["id"]) == ("Prometheus", vendor["id"], service)
    assert read["integration_key"] == made["integration_key"]
    return str(made["id"])


def _edit(
    api: Api, provider: Provider, primary: str, people: list[str], policy: str, service: str, search: str
) -> None:
    """The edits that the lesson asks for, each followed by a read without a difference."""
    api.desk.clock.moment += MINUTE
    known = api.get(f"/schedules/{primary}")["schedule"]["schedule_layers"][0]["id"]
    wider = layer(*people, people[0], id=known)
    sent = {"name": "Lesson Primary", "time_zone": "Etc/UTC", "description": MANAGED, "schedule_layers": [wider]}
    api.put(f"/schedules/{primary}", {"schedule": sent})
    assert provider.check_schedule(primary, [wider])[0]["id"] == known
    rules = api.get(f"/escalation_policies/{policy}")["escalation_policy"]["escalation_rules"]
    turned = [
        {
            "escalation_delay_in_minutes": rule["escalation_delay_in_minutes"],
            "targets": [{"id": one["id"], "type": one["type"]} for one in rule["targets"]],
        }
        for rule in reversed(rules)
    ]
    edited = api.put(
        f"/escalation_policies/{policy}", {"escalation_policy": {"num_loops": 2, "escalation_rules": turned}}
    )["escalation_policy"]
    assert edited["num_loops"] == 2
    assert [rule["escalation_delay_in_minutes"] for rule in edited["escalation_rules"]] == [15, 10, 5]
    for parameters in (
        {"type": "content_based", "config": {"fields": ["summary"], "aggregate": "all", "time_window": 300}},
        {"type": "time", "config": {"timeout": 10}},
    ):
        api.put(f"/services/{service}", {"service": {"alert_grouping_parameters": parameters}})
        assert api.get(f"/services/{service}")["service"]["alert_grouping_parameters"] == parameters
    plain = {"incident_urgency_rule": {"type": "constant", "urgency": "high"}, "alert_creation": "create_incidents"}
    api.put(f"/services/{search}", {"service": plain})
    read = api.get(f"/services/{search}")["service"]
    assert (read["support_hours"], read["scheduled_actions"]) == (None, [])


def test_a_member_who_is_called_leaves_after_the_policy_was_taken_from_the_team(api: Api, house: House) -> None:
    """The provider's way round: refused, take the policy away, remove the member, give the policy back."""
    member = f"/teams/{house.payments.id}/users/{house.alice.id}"
    policy = f"/teams/{house.payments.id}/escalation_policies/{house.policy.id}"
    assert api.request("DELETE", member).status == 400
    on_call = api.get(f"/oncalls?user_ids[]={house.alice.id}&limit=100")["oncalls"]
    assert {one["escalation_policy"]["id"] for one in on_call} <= {house.policy.id}
    api.delete(policy)
    api.delete(member)
    api.put(policy, None)
    assert house.config().policies[house.policy.id].team_ids == (house.payments.id,)


def test_a_write_that_was_repeated_without_its_body_makes_nothing(api: Api, house: House) -> None:
    version = house.config().version
    for path in ("/users", "/teams", "/schedules", "/services", "/escalation_policies"):
        assert api.request("POST", path, raw=b"").status == 400
    assert house.config().version == version
