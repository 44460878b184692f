"""Numbers about incidents, from what happened to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.dialects.pagerduty.measures import BUSINESS, OFF, SLEEP, covered, hours_of
from tocsin.kernel.time import HOUR, MINUTE, parse_iso

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
