"""Numbers about incidents, from what happened to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.dialects.pagerduty.measures import BUSINESS, OFF, SLEEP, covered, hours_of
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.time import DAY, HOUR, MINUTE, parse_iso

METRICS = "/analytics/metrics/incidents"


def lived(api: Api, house: House) -> str:
    """Nobody answers for five minutes, Carol acknowledges after eight, Alice joins after ten, over after twenty."""
    incident = house.alarm()
    path = f"/incidents/{incident.id}"
    house.advance(8 * MINUTE)
    api.put(path, {"incident": {"status": "acknowledged"}}, key="carol")
    ask = {"requester_id": house.carol.id, "message": "Help", "responder_request_targets": [_target(house)]}
    api.post(f"{path}/responder_requests", ask)
    house.advance(2 * MINUTE)
    api.put(f"{path}/responder_requests/reply", {"state": "joined"}, key="mallory")
    house.advance(10 * MINUTE)
    api.put(path, {"incident": {"status": "resolved"}}, key="carol")
    return incident.id


def _target(house: House) -> dict[str, Any]:
    return {"responder_request_target": {"id": house.mallory.id, "type": "user_reference"}}


def test_an_incident_in_numbers(api: Api, house: House) -> None:
    one = lived(api, house)
    row = api.get(f"/analytics/raw/incidents/{one}").body
    assert (row["seconds_to_first_ack"], row["seconds_to_resolve"]) == (480, 1200)
    assert (row["seconds_to_engage"], row["seconds_to_mobilize"]) == (120, 600)
    assert (row["engaged_seconds"], row["engaged_user_count"]) == (720 + 600, 2)
    assert (row["escalation_count"], row["timeout_escalation_count"], row["manual_escalation_count"]) == (1, 1, 0)
    assert (row["acknowledged_user_names"], row["joined_user_names"]) == (["Carol"], ["Mallory"])
    assert (row["resolved_by_user_name"], row["auto_resolved"], row["major"]) == ("Carol", False, False)
    found = api.get(f"/analytics/raw/incidents/{one}/responses")["responses"]
    told = {line["responder_name"]: (line["responder_type"], line["response_status"]) for line in found}
    assert told["Carol"] == ("escalated", "joined")
    assert told["Mallory"] == ("added_responder", "joined")


def test_many_in_one_row_and_a_row_each(api: Api, house: House) -> None:
    lived(api, house)
    house.alarm("second", "Fan is loud")
    house.advance(HOUR)
    (row,) = api.post(f"{METRICS}/all", {"filters": {}})["data"]
    assert (row["total_incident_count"], row["total_incidents_acknowledged"]) == (2, 1)
    assert (row["mean_seconds_to_resolve"], row["p50_seconds_to_resolve"]) == (1200, 1200)
    assert row["up_time_pct"] == 100.0
    for kind, word, thing in (
        ("services", "service", house.service),
        ("teams", "team", house.payments),
        ("escalation_policies", "escalation_policy", house.policy),
    ):
        (each,) = api.post(f"{METRICS}/{kind}", {"filters": {}})["data"]
        assert (each[f"{word}_id"], each[f"{word}_name"]) == (thing.id, thing.name)
        assert len(api.post(f"{METRICS}/{kind}/all", {"filters": {}})["data"]) == 1
    days = api.post(f"{METRICS}/all", {"filters": {}, "aggregate_unit": "week"})["data"]
    assert [day["range_start"] for day in days] == ["2026-01-05T00:00:00"]
    for filters, count in (
        ({"service_ids": ["PX"]}, 0),
        ({"urgency": "low"}, 0),
        ({"min_ackowledgements": 1}, 1),
        ({"major": True}, 0),
        ({"created_at_end": "2026-01-06T09:00:01Z"}, 1),
        ({"priority_names": ["P1"]}, 0),
    ):
        found = api.post(f"{METRICS}/all", {"filters": filters})["data"][0]
        assert found["total_incident_count"] == count, filters
    people = api.post("/analytics/metrics/responders/all", {"filters": {}})["data"]
    carol = next(line for line in people if line["responder_name"] == "Carol")
    assert carol["total_incidents_acknowledged"] == 1


def test_people_are_counted(api: Api, house: House) -> None:
    (row,) = api.post("/analytics/metrics/users/all", {"filters": {}})["data"]
    assert (row["total_user_count"], row["total_on_escalation_policy_count"]) == (5, 3)
    assert row["total_on_escalation_policy_percentage"] == 60.0
    of_team = {"filters": {"team_ids": [house.payments.id]}}
    assert api.post("/analytics/metrics/users/all", of_team)["data"][0]["total_user_count"] == 3
    for wrong in ({"filters": 5}, {"filters": {"team_ids": "x"}}, {"time_zone": "Mars/Base"}):
        assert api.request("POST", "/analytics/metrics/users/all", wrong).status == 400


def test_what_came_to_a_person_and_went_away(api: Api, house: House) -> None:
    """Nobody answers, so Carol has it; she sends it back by hand; Bob is given it, and after that Mallory."""
    incident = house.alarm()
    path = f"/incidents/{incident.id}"
    first = house.reads.incidents(limit=1).items[0].assignee_ids[0]
    house.advance(6 * MINUTE)
    api.put(path, {"incident": {"escalation_level": 1}}, key="carol")
    house.advance(MINUTE)
    for person in (house.carol, house.mallory):
        given = [{"assignee": {"id": person.id, "type": "user_reference"}}]
        api.put(path, {"incident": {"assignments": given}}, key="carol")
    rows = {one["responder_id"]: one for one in api.post("/analytics/metrics/responders/all", {"filters": {}})["data"]}
    moved = [name for name in next(iter(rows.values())) if name.endswith(("_from", "_to"))]
    counted = {
        user_id: {name.removeprefix("total_incidents_"): row[name] for name in moved if row[name]}
        for user_id, row in rows.items()
    }
    assert counted[first] == {"timeout_escalated_from": 1, "manual_escalated_to": 1, "reassigned_from": 1}
    carol = {"timeout_escalated_to": 1, "manual_escalated_from": 1, "reassigned_to": 1, "reassigned_from": 1}
    assert counted[house.carol.id] == carol
    assert counted[house.mallory.id] == {"reassigned_to": 1}
    (row,) = api.post(f"/analytics/raw/responders/{house.carol.id}/incidents", {"filters": {}})["data"]
    assert (row["incident_id"], row["service_team_name"], row["total_acknowledgements"]) == (incident.id, "Payments", 0)
    assert (row["total_timeout_escalations_to"], row["total_manual_escalations_from"]) == (1, 1)
    assert (row["total_reassignments_to"], row["total_reassignments_from"]) == (1, 1)
    assert api.post(f"/analytics/raw/responders/{house.olive.id}/incidents", {"filters": {}})["data"] == []
    assert api.request("POST", "/analytics/raw/responders/PNOBODY/incidents", {"filters": {}}).status == 404


def test_how_long_people_were_on_call(api: Api, house: House) -> None:
    """Alice and Bob take turns by the week at level 1, from Thursday on; Carol stands at level 2 all the time."""
    house.alarm()
    house.advance(14 * DAY)
    path = "/analytics/metrics/responders/all"
    window = {"date_range_start": "2026-01-12T00:00:00Z", "date_range_end": "2026-01-20T00:00:00Z"}
    told = api.post(path, {"filters": window})["data"]
    names = ("total_seconds_on_call", "total_seconds_on_call_level_1", "total_seconds_on_call_level_2_plus")
    hours = {row["responder_name"]: tuple(row[name] // 3600 for name in names) for row in told}
    assert hours["Carol"] == (8 * 24, 0, 8 * 24)
    assert sorted((hours["Alice"], hours["Bob"])) == [(72, 72, 0), (120, 120, 0)]
    assert len(api.post("/analytics/metrics/responders/teams", {"filters": window})["data"]) == 3
    of_other = {"filters": {**window, "team_ids": [house.search.id]}}
    assert api.post(path, of_other)["data"] == []
    turns = tuple(replace(layer, id="") for layer in house.schedule.layers)
    for number in range(60):
        schedule = house.save(replace(house.schedule, id="", name=f"Night {number}", layers=turns))
        rule = Rule(id="", delay_minutes=5, targets=(Target(kind=TargetKind.SCHEDULE, id=schedule.id),))
        house.save(Policy(id="", name=f"Night {number}", rules=(rule,)))
    long = {"date_range_start": "2025-02-01T00:00:00Z", "date_range_end": "2026-01-20T00:00:00Z"}
    told = api.post(path, {"filters": long})["data"]
    assert told
    assert {row[name] for row in told for name in names} == {None}, "it is too much to be added up"


def test_a_row_for_each_team(api: Api, house: House) -> None:
    lived(api, house)
    rows = api.post("/analytics/metrics/responders/teams", {"filters": {}})["data"]
    assert {row["team_name"] for row in rows} == {"Payments"}
    carol = next(row for row in rows if row["responder_name"] == "Carol")
    assert (carol["team_id"], carol["total_incidents_acknowledged"]) == (house.payments.id, 1)
    assert api.post("/analytics/metrics/responders/teams", {"filters": {"team_ids": [house.search.id]}})["data"] == []


def test_everybody_in_a_row(api: Api, house: House) -> None:
    everyone = api.post("/analytics/raw/users", {"limit": 2})
    assert ([row["user_name"] for row in everyone["data"]], everyone["more"]) == (["Alice", "Bob"], True)
    rest = api.post("/analytics/raw/users", {"starting_after": everyone["last"]})
    assert [row["user_name"] for row in rest["data"]] == ["Carol", "Mallory", "Olive"]
    alice = everyone["data"][0]
    assert (alice["role"], alice["team_name"], alice["team_count"]) == ("limited_user", "Payments", 1)
    assert (alice["schedules_count"], alice["escalation_policies_count"], alice["on_schedule"]) == (1, 1, True)
    assert (alice["notification_methods"], alice["channel_types_configured"]) == (True, ["email"])
    owners = api.post("/analytics/raw/users", {"filters": {"role_ids": ["owner"]}})["data"]
    assert [row["user_name"] for row in owners] == ["Olive"]
    (row,) = api.post("/analytics/metrics/users/all", {"filters": {}, "aggregate_unit": "week"})["data"]
    assert (row["total_user_count"], row["range_start"]) == (5, "2026-01-05T00:00:00")
    late = {"filters": {"created_at_start": "2026-02-01T00:00:00Z"}}
    assert api.post("/analytics/raw/users", late)["data"] == []
    for wrong in ({"order": "up"}, {"filters": {"role_ids": 5}}, {"limit": 0}, {"order_by": "x"}, {"ending_before": 5}):
        assert api.request("POST", "/analytics/raw/users", wrong).status == 400, wrong
    for wrong in ({"aggregate_unit": "year"}, {"order": "up"}, {"filters": {"role_ids": 5}}):
        assert api.request("POST", "/analytics/metrics/users/all", wrong).status == 400, wrong


def test_rows_come_a_page_at_a_time(api: Api, house: House) -> None:
    for number in range(3):
        house.alarm(f"k{number}")
        house.advance(MINUTE)
    sent: dict[str, Any] = {"filters": {}, "limit": 2, "order": "asc"}
    first = api.post("/analytics/raw/incidents", sent)
    assert (len(first["data"]), first["more"]) == (2, True)
    rest = api.post("/analytics/raw/incidents", {**sent, "starting_after": first["last"]})
    assert ([row["incident_number"] for row in rest["data"]], rest["more"]) == ([3], False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"filters": 5},
        {"filters": {"urgency": "loud"}},
        {"filters": {"created_at_start": "2024-01-01", "created_at_end": "2026-01-01"}},
        {"filters": {"created_at_start": "soon"}},
        {"filters": {"service_ids": [5]}},
        {"filters": {"service_ids": "PX"}},
        {"filters": {"min_ackowledgements": "many"}},
        {"filters": {"major": "yes"}},
        {"time_zone": "Mars/Base"},
        {"order": "up"},
    ],
)
def test_what_is_no_question(api: Api, wrong: dict[str, Any]) -> None:
    for path in (f"{METRICS}/all", "/analytics/raw/incidents"):
        assert api.request("POST", path, wrong).status == 400, path
    assert api.request("POST", f"{METRICS}/all", raw=b"").status == 400
    assert api.request("POST", "/analytics/raw/incidents", {"limit": 0}).status == 400
    assert api.request("POST", f"{METRICS}/all", {"aggregate_unit": "year"}).status == 400


def test_hours_are_those_of_the_person() -> None:
    tuesday = parse_iso("2026-01-06T14:00:00+00:00")
    assert hours_of(tuesday, "Etc/UTC") == BUSINESS
    assert hours_of(tuesday + 6 * HOUR, "Etc/UTC") == OFF
    assert hours_of(tuesday + 9 * HOUR, "Etc/UTC") == SLEEP
    assert hours_of(tuesday, "Asia/Tokyo") == SLEEP
    assert hours_of(tuesday + 96 * HOUR, "Etc/UTC") == OFF


def test_spans_that_overlap_count_once() -> None:
    assert covered([(0, 10), (5, 12), (20, 21), (6, 7)]) == 13
    assert covered([]) == 0
