"""Schedules, renderings, overrides and on-calls: one answer with the engine's."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import quote

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.kernel.time import DAY, HOUR, iso, parse_iso
from tocsin.oncall import who_is_on_call

WEEKLY = {"rotation_turn_length_seconds": 604_800}


def layer(*users: str, **more: Any) -> dict[str, Any]:
    return {
        "start": "2026-01-05T00:00:00Z",
        "rotation_virtual_start": "2026-01-05 00:00:00 +0000 UTC",
        "rotation_turn_length_seconds": 86_400,
        "users": [{"user": {"id": user, "type": "user"}} for user in users],
        **more,
    }


def body(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schedule": {"name": "Night", "time_zone": "Etc/UTC", "schedule_layers": list(layers), **more}}


def test_layers_come_back_in_reverse_with_everything_that_was_sent(api: Api, house: House) -> None:
    restriction = {
        "type": "weekly_restriction",
        "start_day_of_week": 1,
        "start_time_of_day": "09:00:00",
        "duration_seconds": 32_400,
    }
    daily = {"type": "daily_restriction", "start_time_of_day": "22:30:00", "duration_seconds": 3600}
    sent = body(
        layer(house.alice.id, name="Always"),
        layer(house.bob.id, house.bob.id, restrictions=[restriction, daily], end=None),
        description="Managed by Terraform",
        teams=[{"id": house.payments.id, "type": "team_reference"}],
    )
    made = api.post("/schedules?overflow=true", sent)["schedule"]
    found = api.get(f"/schedules/{made['id']}")["schedule"]
    assert found == made
    assert (found["time_zone"], found["description"]) == ("Etc/UTC", "Managed by Terraform")
    upper, lower = found["schedule_layers"]
    assert (lower["name"], upper["name"]) == ("Always", "Layer 2")
    assert upper["restrictions"] == [restriction, daily]
    assert [one["user"]["id"] for one in upper["users"]] == [house.bob.id] * 2
    assert upper["rotation_virtual_start"] == "2026-01-05T00:00:00Z"
    assert upper["rendered_coverage_percentage"] is None
    assert found["final_schedule"] == {
        "name": "Final Schedule",
        "rendered_schedule_entries": [],
        "rendered_coverage_percentage": None,
    }
    assert [one["id"] for one in found["users"]] == [house.alice.id, house.bob.id]
    assert [one["id"] for one in found["teams"]] == [house.payments.id]


def test_dates_come_in_the_zone_of_the_schedule_or_the_one_asked_for(api: Api, house: House) -> None:
    made = api.post("/schedules", body(layer(house.alice.id), time_zone="Europe/Berlin"))["schedule"]
    assert made["schedule_layers"][0]["start"] == "2026-01-05T01:00:00+01:00"
    path = f"/schedules/{made['id']}?since=2026-01-06&until=2026-01-07&time_zone="
    lima = api.get(f"{path}America/Lima")["schedule"]["final_schedule"]["rendered_schedule_entries"]
    assert [(one["start"], one["end"]) for one in lima] == [("2026-01-06T00:00:00-05:00", "2026-01-07T00:00:00-05:00")]
    assert api.request("GET", f"{path}Mars/Olympus").status == 400


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-03T04:05:06Z",
        "2026-02-03T04:05:06+00:00",
        "2026-02-03T05:05:06+01:00",
        "2026-02-03 04:05:06 +0000 UTC",
        "2026-02-03 05:05:06 +0100 CET",
        "2026-02-03 04:05:06.123456789 +0000 UTC",
        "2026-02-03T04:05:06.5Z",
        "2026-02-03T04:05:06",
        "2026-02-02T23:05:06-0500",
    ],
)
def test_a_future_start_is_the_same_instant_however_it_was_written(api: Api, house: House, text: str) -> None:
    made = api.post("/schedules", body(layer(house.alice.id, start=text)))["schedule"]
    assert made["schedule_layers"][0]["start"] == "2026-02-03T04:05:06Z"


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "20260101", "9999-12-31"])
def test_what_is_no_date_is_refused(api: Api, house: House, text: str) -> None:
    reply = api.request("POST", "/schedules", body(layer(house.alice.id, start=text)))
    assert (reply.status, reply.code, reply.body["error"]["message"]) == (400, 3001, "Invalid Schedule")
    path = f"/schedules/{house.schedule.id}?since={quote(text)}&until=2026-01-09"
    assert api.request("GET", path).status == (400 if text else 200)


def test_a_plus_sign_that_was_not_escaped_is_one(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}?since=2026-01-06T01:00:00+01:00&until=2026-01-07T00:00:00Z"
    entry = api.get(path)["schedule"]["final_schedule"]["rendered_schedule_entries"][0]
    assert entry["start"] == "2026-01-06T00:00:00Z"


def test_an_edit_keeps_layer_ids_and_ends_what_is_left_out(api: Api, house: House) -> None:
    made = api.post("/schedules", body(layer(house.alice.id, name="A"), layer(house.bob.id, name="B")))["schedule"]
    path = f"/schedules/{made['id']}"
    upper, lower = made["schedule_layers"]
    house.clock.moment += HOUR
    changed = api.put(
        path,
        body(
            layer(house.alice.id, house.bob.id, id=lower["id"], name="A"), layer(house.bob.id, id=upper["id"], name="B")
        ),
    )["schedule"]
    assert [one["id"] for one in changed["schedule_layers"]] == [upper["id"], lower["id"]]
    assert [one["user"]["id"] for one in changed["schedule_layers"][1]["users"]] == [house.alice.id, house.bob.id]
    house.clock.moment += HOUR
    fewer = api.put(path, body(layer(house.bob.id, id=upper["id"], name="B")))["schedule"]
    assert [one["id"] for one in fewer["schedule_layers"]] == [upper["id"]]
    unknown = api.request("PUT", path, body(layer(house.bob.id, id="PNOBODY")))
    assert (unknown.status, unknown.code) == (400, 3001)


def test_a_layer_that_a_client_ends_now_is_gone(api: Api, house: House) -> None:
    made = api.post("/schedules", body(layer(house.alice.id, name="A"), layer(house.bob.id, name="B")))["schedule"]
    upper, lower = made["schedule_layers"]
    ended = layer(house.bob.id, id=upper["id"], name="B", end="2026-01-06 09:00:00 +0000 UTC")
    house.clock.moment += DAY
    left = api.put(f"/schedules/{made['id']}", body(layer(house.alice.id, id=lower["id"], name="A"), ended))
    assert [one["id"] for one in left["schedule"]["schedule_layers"]] == [lower["id"]]


def test_a_layer_that_a_client_ends_before_it_began_is_gone(api: Api, house: House) -> None:
    """Terraform takes a layer out by giving it an end of now, also when its start lies ahead."""
    later = {"start": "2030-01-06T00:00:00Z", "name": "B"}
    made = api.post("/schedules", body(layer(house.alice.id, name="A"), layer(house.bob.id, **later)))["schedule"]
    path = f"/schedules/{made['id']}"
    upper, lower = made["schedule_layers"]
    stays = layer(house.alice.id, id=lower["id"], name="A")
    typo = layer(house.bob.id, id=upper["id"], **later, end="2029-01-06T00:00:00Z")
    refused = api.request("PUT", path, body(stays, typo))
    assert (refused.status, refused.errors) == (400, ["Layer 2 (B): it must end after its start"])
    now = iso(house.clock.now()).replace("T", " ").removesuffix("Z") + " +0000 UTC"
    left = api.put(path, body(stays, layer(house.bob.id, id=upper["id"], **later, end=now)))
    assert [one["id"] for one in left["schedule"]["schedule_layers"]] == [lower["id"]]


def test_an_edit_without_layers_leaves_them(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}"
    before = api.get(path)["schedule"]
    after = api.put(path, {"schedule": {"name": "Renamed", "description": None}})["schedule"]
    assert after == {**before, "name": "Renamed", "summary": "Renamed"}


def test_the_documented_rendering_with_and_without_overflow(api: Api, house: House) -> None:
    made = api.post("/schedules", body(layer(house.alice.id, house.bob.id)))["schedule"]
    path = f"/schedules/{made['id']}?since=2026-01-06T10:00:00Z&until=2026-01-06T14:00:00Z"

    def entries(query: str) -> list[tuple[str, str]]:
        row = api.get(path + query)["schedule"]["final_schedule"]["rendered_schedule_entries"]
        return [(one["start"], one["end"]) for one in row]

    assert entries("") == [("2026-01-06T10:00:00Z", "2026-01-06T14:00:00Z")]
    assert entries("&overflow=false") == entries("")
    assert entries("&overflow=true") == [("2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z")]


def test_of_one_bound_the_other_lies_two_weeks_away(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}"
    for query in ("since=2026-02-01", "until=2026-02-15"):
        row = api.get(f"{path}?{query}")["schedule"]["final_schedule"]
        entries = row["rendered_schedule_entries"]
        assert (entries[0]["start"], entries[-1]["end"]) == ("2026-02-01T00:00:00Z", "2026-02-15T00:00:00Z")
        assert row["rendered_coverage_percentage"] == 100.0


@pytest.mark.parametrize("query", ["since=2026-02-02&until=2026-02-01", "since=2020-01-01&until=2026-01-01"])
def test_a_window_that_makes_no_sense_changes_nothing(api: Api, house: House, query: str) -> None:
    path = f"/schedules/{house.schedule.id}"
    before = api.get(path).body
    for method, sent in (("GET", None), ("PUT", {"schedule": {"name": "X"}})):
        reply = api.request(method, f"{path}?{query}", sent)
        assert (reply.status, reply.code) == (400, 2004)
    assert api.get(path).body == before


def test_a_preview_is_not_kept(api: Api, house: House) -> None:
    before = api.get("/schedules").body
    preview = api.post(
        "/schedules/preview?since=2026-01-06&until=2026-01-08", body(layer(house.alice.id, house.bob.id))
    )["schedule"]
    users = [one["user"]["id"] for one in preview["final_schedule"]["rendered_schedule_entries"]]
    assert users == [house.bob.id, house.alice.id]
    assert api.request("POST", "/schedules/preview", body(layer("PNOBODY"))).status == 400
    assert api.get("/schedules").body == before


def test_what_would_be_too_long_to_write_out_is_refused_before_it_is_written(api: Api, house: House) -> None:
    before = api.get("/schedules").body
    hourly = body(*[layer(house.alice.id, rotation_turn_length_seconds=3600)] * 10)
    for path in ("/schedules/preview", "/schedules"):
        reply = api.request("POST", f"{path}?since=2026-01-06&until=2028-03-01&overflow=true", hourly)
        assert reply.status == 400
        assert "ask for a shorter one" in reply.errors[0]
    assert api.get("/schedules").body == before
    assert api.request("POST", "/schedules/preview?since=2026-01-06&until=2026-02-06", hourly).status == 200


def test_lists_have_layers_only_when_asked(api: Api) -> None:
    plain = api.get("/schedules?query=primary")["schedules"][0]
    assert "schedule_layers" not in plain
    full = api.get("/schedules?query=primary&include[]=schedule_layers&include[]=final_schedule")["schedules"][0]
    assert len(full["schedule_layers"]) == 1
    assert full["final_schedule"]["name"] == "Final Schedule"


def test_a_schedule_in_use_stays_in_the_words_that_clients_compare(api: Api, house: House) -> None:
    reply = api.request("DELETE", f"/schedules/{house.schedule.id}")
    assert (reply.status, reply.errors) == (
        400,
        ["Schedule can't be deleted if it's being used by escalation policies"],
    )
    made = api.post("/schedules", body(layer(house.alice.id)))["schedule"]
    api.delete(f"/schedules/{made['id']}")
    assert api.request("GET", f"/schedules/{made['id']}").status == 404


def test_a_schedule_that_open_incidents_still_call_stays_in_those_words_too(api: Api, house: House) -> None:
    incident = house.alarm()
    rules = [
        {"escalation_delay_in_minutes": 5, "targets": [{"id": house.carol.id, "type": "user_reference"}]},
    ]
    api.put(f"/escalation_policies/{house.policy.id}", {"escalation_policy": {"escalation_rules": rules}})
    reply = api.request("DELETE", f"/schedules/{house.schedule.id}")
    assert (reply.status, reply.errors) == (
        400,
        ["Schedule can't be deleted if it's being used by an escalation policy snapshot with open incidents"],
    )
    close = {"incident": {"type": "incident_reference", "status": "resolved"}}
    api.put(f"/incidents/{incident.id}", close, headers={"from": house.alice.email})
    api.delete(f"/schedules/{house.schedule.id}")


# -- overrides


def override(user: str, start: str, end: str) -> dict[str, Any]:
    return {"start": start, "end": end, "user": {"id": user, "type": "user_reference"}}


def test_several_overrides_each_have_their_own_result(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}/overrides"
    good = override(house.bob.id, "2026-01-07T00:00:00Z", "2026-01-08T00:00:00Z")
    sent = [
        good,
        override(house.bob.id, "2026-01-07T00:00:00Z", "2026-01-06T00:00:00Z"),
        override("PNOBODY", "2026-01-07T00:00:00Z", "2026-01-08T00:00:00Z"),
        override(house.bob.id, "2020-01-07T00:00:00Z", "2020-01-08T00:00:00Z"),
        {"start": "x"},
    ]
    reply = api.request("POST", path, {"overrides": sent})
    assert reply.status == 201
    assert [one["status"] for one in reply.body] == [201, 400, 400, 400, 400]
    assert reply.body[1]["errors"] == ["Override must end after its start"]
    made = reply.body[0]["override"]
    assert (made["start"], made["end"], made["user"]["id"]) == (good["start"], good["end"], house.bob.id)
    listed = api.get(f"{path}?since=2026-01-01&until=2026-02-01")["overrides"]
    assert listed == [made]
    rendered = api.get(f"/schedules/{house.schedule.id}?since=2026-01-07&until=2026-01-08")["schedule"]
    assert rendered["overrides_subschedule"]["rendered_coverage_percentage"] == 100.0


def test_the_older_form_takes_one(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}/overrides"
    reply = api.request("POST", path, {"override": override(house.bob.id, "2026-01-07", "2026-01-08")})
    assert reply.status == 201
    assert reply["override"]["start"] == "2026-01-07T00:00:00Z"
    bad = api.request("POST", path, {"override": override(house.bob.id, "2026-01-08", "2026-01-07")})
    assert (bad.status, bad.code) == (400, 4004)
    wrong: list[dict[str, Any]] = [{"overrides": []}, {"overrides": [1]}, {"overrides": "x"}, {"override": []}, {}]
    for broken in wrong:
        assert api.request("POST", path, broken).status == 400


def test_overrides_are_cut_at_the_window_unless_they_overflow(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}/overrides"
    api.post(path, {"overrides": [override(house.bob.id, "2026-01-07", "2026-01-10")]})
    query = f"{path}?since=2026-01-08&until=2026-01-09"
    cut, whole = api.get(query)["overrides"][0], api.get(f"{query}&overflow=true")["overrides"][0]
    assert (cut["start"], cut["end"]) == ("2026-01-08T00:00:00Z", "2026-01-09T00:00:00Z")
    assert (whole["start"], whole["end"]) == ("2026-01-07T00:00:00Z", "2026-01-10T00:00:00Z")
    house.clock.moment += 30 * DAY
    assert len(api.get(query)["overrides"]) == 1
    assert api.get(f"{query}&editable=true")["overrides"] == []
    for missing in ("", "?since=2026-01-01", "?until=2026-01-01"):
        assert api.request("GET", path + missing).status == 400


def test_an_override_ahead_goes_one_going_on_ends_and_a_past_one_stays(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}/overrides"
    items = [
        override(house.bob.id, "2026-01-06T08:00:00Z", "2026-01-06T12:00:00Z"),
        override(house.bob.id, "2026-01-07T08:00:00Z", "2026-01-07T12:00:00Z"),
    ]
    going_on, ahead = [one["override"]["id"] for one in api.request("POST", path, {"overrides": items}).body]
    house.clock.moment += HOUR
    assert api.request("DELETE", f"{path}/{ahead}").status == 204
    ended = api.request("DELETE", f"{path}/{going_on}")
    assert (ended.status, ended["override"]["end"]) == (200, iso(house.clock.now()))
    house.clock.moment += HOUR
    past = api.request("DELETE", f"{path}/{going_on}")
    assert (past.status, past.code) == (400, 4004)
    assert api.request("DELETE", f"{path}/{ahead}").code == 4004


# -- who is on call


def test_users_of_a_schedule_in_a_window_or_now(api: Api, house: House) -> None:
    path = f"/schedules/{house.schedule.id}/users"
    now = house.clock.now()
    assert [one["id"] for one in api.get(path)["users"]] == [*who_is_on_call(house.schedule, (), now)]
    both = api.get(f"{path}?since=2026-01-06&until=2026-01-20")["users"]
    assert {one["id"] for one in both} == {house.alice.id, house.bob.id}


def test_on_calls_name_whom_the_engine_would_page(api: Api, house: House) -> None:
    (on_call,) = who_is_on_call(house.schedule, (), house.clock.now())
    first, second = api.get("/oncalls")["oncalls"]
    assert (first["escalation_level"], first["user"]["id"], first["schedule"]["id"]) == (1, on_call, house.schedule.id)
    assert parse_iso(first["start"]) <= house.clock.now() < parse_iso(first["end"])
    assert (second["escalation_level"], second["user"]["id"], second["schedule"]) == (2, house.carol.id, None)
    assert (second["start"], second["end"]) == (None, None)
    incident = house.alarm()
    assert incident.assignee_ids == (on_call,)


def test_on_calls_are_narrowed_and_include(api: Api, house: House) -> None:
    def users(query: str) -> list[str]:
        return [one["user"]["id"] for one in api.get(f"/oncalls?{query}")["oncalls"]]

    assert users(f"user_ids[]={house.carol.id}") == [house.carol.id]
    assert users(f"schedule_ids[]={house.schedule.id}") == users("")[:1]
    assert users("schedule_ids[]=null") == [house.carol.id]
    assert users(f"schedule_ids[]=null&schedule_ids[]={house.schedule.id}") == users("")
    assert users("schedule_ids[]=PNOBODY") == users("escalation_policy_ids[]=PNOBODY") == []
    both = f"escalation_policy_ids[]={house.policy.id}&schedule_ids[]={house.schedule.id}"
    assert users(both) == users("")[:1]
    full = api.get("/oncalls?include[]=users&include[]=schedules&include[]=escalation_policies")["oncalls"][0]
    assert full["user"]["email"]
    assert full["schedule"]["schedule_layers"]
    assert full["escalation_policy"]["num_loops"] == 0


def test_on_calls_over_a_window_are_whole_shifts(api: Api, house: House) -> None:
    found = api.get(f"/oncalls?schedule_ids[]={house.schedule.id}&since=2026-01-06&until=2026-01-20")["oncalls"]
    edges = [(one["start"], one["end"]) for one in found]
    assert len(edges) == 3
    assert all(parse_iso(end) - parse_iso(start) == 7 * DAY for start, end in edges)
    assert all(one[1] == other[0] for one, other in pairwise(edges))
    earliest = api.get("/oncalls?earliest=true&since=2026-01-06&until=2026-01-20")["oncalls"]
    assert sorted(one["user"]["id"] for one in earliest) == sorted([house.alice.id, house.bob.id, house.carol.id])


@pytest.mark.parametrize("query", ["since=2026-02-02&until=2026-02-01", "until=2026-12-01", "since=2020-01-01"])
def test_on_calls_look_so_far_and_no_further(api: Api, query: str) -> None:
    reply = api.request("GET", f"/oncalls?{query}")
    assert (reply.status, reply.code) == (400, 2005)


def test_somebody_without_end_is_on_call_without_end(api: Api, house: House) -> None:
    made = api.post("/schedules", body(layer(house.alice.id, start="2020-01-01T00:00:00Z")))["schedule"]
    rules = [{"escalation_delay_in_minutes": 5, "targets": [{"id": made["id"], "type": "schedule_reference"}]}]
    api.post("/escalation_policies", {"escalation_policy": {"name": "Solo", "escalation_rules": rules}})
    for window in ("", "&since=2026-01-06&until=2026-01-09"):
        found = api.get(f"/oncalls?schedule_ids[]={made['id']}{window}")["oncalls"]
        assert [(one["start"], one["end"]) for one in found] == [(None, None)]
