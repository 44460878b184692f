"""/v3/schedules: what comes back, what is refused and how, and that a shift-based schedule is one like any other."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House, Reply
from tests.dialects.pagerduty.shifts import custom_shift, event, member, override
from tests.dialects.pagerduty.test_bad_input import mutations
from tocsin.engine.things import SaveThing
from tocsin.kernel.time import DAY, HOUR, iso, parse_iso
from tocsin.oncall import Rotation

Wire = dict[str, Any]
V3 = "/v3/schedules"


def made(api: Api, house: House, **more: Any) -> str:
    """The address of a new schedule."""
    body = {"name": "Engineering On-Call", "time_zone": "America/New_York", "rotations": [], **more}
    return f"{V3}/{api.post(V3, {'schedule': body})['schedule']['id']}"


def rotated(api: Api, house: House, *users: str, **more: Any) -> tuple[str, str]:
    """The address of a new schedule, and that of its one rotation, with an event of these people."""
    path = made(api, house)
    rotation = f"{path}/rotations/{api.post(f'{path}/rotations', {})['rotation']['id']}"
    api.post(f"{rotation}/events", {"event": event(*(users or (house.alice.id, house.bob.id)), **more)})
    return path, rotation


def refused(reply: Reply, *fields: str) -> None:
    """400, each problem by its field, in sentences."""
    assert (reply.status, reply.code, reply.body["error"]["message"]) == (400, 2001, "Invalid Request"), reply
    errors: Any = reply.body["error"]["errors"]
    assert set(errors) == set(fields), errors
    assert all(one and all(type(text) is str and text for text in one) for one in errors.values())


def test_a_schedule_is_made_from_its_parts_and_shown_whole(api: Api, house: House) -> None:
    path, rotation = rotated(api, house)
    found = api.get(path)["schedule"]
    assert (found["type"], found["name"], found["time_zone"]) == (
        "schedule_v3",
        "Engineering On-Call",
        "America/New_York",
    )
    assert found["self"].endswith(path)
    (shown,) = found["rotations"]
    assert shown == api.get(rotation)["rotation"] == api.get(f"{path}/rotations")["rotations"][0]
    (one,) = shown["events"]
    sent = event(house.alice.id, house.bob.id)
    assert {name: one[name] for name in sent} == sent
    assert one["effective_until"] is None
    assert one == api.get(f"{rotation}/events/{one['id']}")["event"] == api.get(f"{rotation}/events")["events"][0]
    assert "final_schedule" not in found


def test_dates_of_a_first_shift_come_back_as_they_were_written(api: Api, house: House) -> None:
    start = {"date_time": "2026-01-06T09:00:00-05:00", "time_zone": "America/New_York"}
    end = {"date_time": "2026-01-06T17:00:00", "time_zone": "America/New_York"}
    path, _ = rotated(api, house, start_time=start, end_time=end)
    (shown,) = api.get(path)["schedule"]["rotations"][0]["events"]
    assert shown["start_time"]["date_time"] == "2026-01-06T09:00:00-05:00"
    assert shown["end_time"]["date_time"] == "2026-01-06T22:00:00Z"


def test_the_final_schedule_names_source_and_member(api: Api, house: House) -> None:
    path, rotation = rotated(api, house)
    rotation_id = rotation.rsplit("/", 1)[1]
    night = custom_shift(house.carol.id, "2026-01-07T00:00:00Z", "2026-01-07T04:00:00Z")
    (extra,) = api.post(f"{path}/custom_shifts", {"custom_shifts": [night]})["custom_shifts"]
    hours = ("2026-01-06T20:00:00Z", "2026-01-06T21:00:00Z")
    cover = override({"rotation_id": rotation_id}, house.alice.id, house.carol.id, *hours)
    (covering,) = api.post(f"{path}/overrides", {"overrides": [cover]})["overrides"]
    window = "since=2026-01-06T00:00:00Z&until=2026-01-07T12:00:00Z"
    found = api.get(f"{path}?include[]=final_schedule&time_zone=UTC&{window}")["schedule"]["final_schedule"]
    rows = found["computed_shift_assignments"]
    by_rotation = {"type": "schedule_rotation", "rotation_id": rotation_id}
    by_cover = {"type": "schedule_rotation_override", "rotation_id": rotation_id, "override_id": covering["id"]}
    assert [(one["start_time"][11:16], one["end_time"][11:16], one["member"], one["source"]) for one in rows] == [
        ("14:00", "20:00", member(house.alice.id), by_rotation),
        ("20:00", "21:00", member(house.carol.id), by_cover),
        ("21:00", "22:00", member(house.alice.id), by_rotation),
        ("00:00", "04:00", member(house.carol.id), {"type": "custom_shift", "shift_id": extra["id"]}),
    ]
    assert found["rendered_coverage_percentage"] == round(12 / 36 * 100, 2)
    narrow = "since=2026-01-06T15:00:00Z&until=2026-01-06T16:00:00Z&include[]=final_schedule"
    for overflow, start in (("false", "10:00"), ("true", "09:00")):
        (cut,) = api.get(f"{path}?{narrow}&overflow={overflow}")["schedule"]["final_schedule"][
            "computed_shift_assignments"
        ]
        assert cut["start_time"] == f"2026-01-06T{start}:00-05:00"


def test_an_unassigned_place_is_shown_and_covers_nothing(api: Api, house: House) -> None:
    strategy = {"type": "every_member_assignment_strategy", "members": [{"type": "empty_member"}]}
    path, _ = rotated(api, house, assignment_strategy=strategy)
    window = "since=2026-01-06&until=2026-01-07&include[]=final_schedule"
    found = api.get(f"{path}?{window}")["schedule"]
    assert found["rotations"][0]["events"][0]["assignment_strategy"] == strategy
    assert found["final_schedule"]["rendered_coverage_percentage"] == 0
    (one,) = found["final_schedule"]["computed_shift_assignments"]
    assert one["member"] == {"type": "empty_member"}


def test_a_past_beginning_becomes_now_and_an_active_event_only_ends(api: Api, house: House) -> None:
    path, rotation = rotated(api, house, effective_since="2025-01-01T00:00:00Z")
    (active,) = api.get(f"{rotation}/events")["events"]
    assert active["effective_since"] == iso(house.clock.now())
    to = f"{rotation}/events/{active['id']}"
    refused(api.request("PUT", to, {"event": {"name": "X"}}), "event.name")
    refused(api.request("PUT", to, {"event": {"recurrence": ["RRULE:FREQ=DAILY"]}}), "event.recurrence")
    strategy = event(house.bob.id)["assignment_strategy"]
    refused(api.request("PUT", to, {"event": {"assignment_strategy": strategy}}), "event.assignment_strategy")
    refused(api.request("PUT", to, {"event": {"effective_until": "2025-06-01T00:00:00Z"}}), "event.effective_until")
    same = {**event(house.alice.id, house.bob.id), "effective_since": "2025-01-01T00:00:00Z"}
    until = api.put(to, {"event": {**same, "effective_until": "2026-06-01T00:00:00Z"}})["event"]
    assert until["effective_until"] == "2026-06-01T00:00:00Z"
    assert api.put(to, {"event": {"effective_until": None}})["event"]["effective_until"] is None
    house.clock.moment += HOUR
    api.delete(to)
    assert api.request("GET", to).status == 404
    assert api.get(path)["schedule"]["rotations"][0]["events"] == []
    assert house.config().schedules[path.rsplit("/", 1)[1]].rotations[0].events[0].removed


def test_an_event_ahead_changes_in_every_field(api: Api, house: House) -> None:
    _, rotation = rotated(api, house)
    (old,) = api.get(f"{rotation}/events")["events"]
    wanted = event(
        house.carol.id,
        name="Daily",
        recurrence=["RRULE:FREQ=DAILY;INTERVAL=2", "EXDATE:20260110T140000Z"],
        effective_since="2026-02-01T00:00:00Z",
        effective_until="2026-03-01T00:00:00Z",
        start_time={"date_time": "2026-01-06T08:00:00Z", "time_zone": "Europe/Berlin"},
        end_time={"date_time": "2026-01-06T20:00:00Z", "time_zone": "Europe/London"},
    )
    new = api.put(f"{rotation}/events/{old['id']}", {"event": wanted})["event"]
    assert {name: new[name] for name in wanted} == wanted
    assert new["id"] == old["id"]


def test_lists_hold_their_own_kind(api: Api, house: House) -> None:
    path, _ = rotated(api, house)
    shift_id = path.rsplit("/", 1)[1]
    listed = api.get(f"{V3}?query=engineering")
    (one,) = listed["schedules"]
    assert (one["id"], one["type"], one["summary"]) == (shift_id, "schedule_v3_reference", "Engineering On-Call")
    assert (listed["limit"], listed["offset"], listed["more"]) == (100, 0, False)
    assert "total" not in listed.body
    assert api.get(f"{V3}?total=true&limit=5000")["total"] == 1
    assert api.get(f"{V3}?team_ids[]={house.search.id}")["schedules"] == []
    assert shift_id not in [one["id"] for one in api.get("/schedules")["schedules"]]
    refused(api.request("GET", f"{V3}/{house.schedule.id}"), "schedule")
    assert api.request("GET", f"{V3}/PNOBODY").status == 404


def test_the_older_address_reads_and_does_not_write(api: Api, house: House) -> None:
    path, _ = rotated(api, house)
    old = path.removeprefix("/v3")
    seen = api.get(f"{old}?since=2026-01-06&until=2026-01-08")["schedule"]
    assert (seen["type"], seen["schedule_layers"]) == ("schedule_v3", [])
    assert [one["user"]["id"] for one in seen["final_schedule"]["rendered_schedule_entries"]] == [
        house.alice.id,
        house.bob.id,
    ]
    assert {one["id"] for one in seen["users"]} == {house.alice.id, house.bob.id}
    during = api.get(f"{old}/users?since=2026-01-06T15:00:00Z&until=2026-01-06T16:00:00Z")["users"]
    assert [one["id"] for one in during] == [house.alice.id]
    for method, to, body in (
        ("PUT", old, {"schedule": {"name": "X"}}),
        ("DELETE", old, None),
        ("POST", f"{old}/overrides", {"overrides": []}),
        ("DELETE", f"{old}/overrides/PX", None),
    ):
        assert api.request(method, to, body).status == 400, (method, to)


def test_policies_call_it_and_on_calls_name_everybody(api: Api, house: House) -> None:
    together = event(house.alice.id, house.bob.id)["assignment_strategy"]
    together["type"] = "every_member_assignment_strategy"
    path, _ = rotated(api, house, assignment_strategy=together, recurrence=["RRULE:FREQ=DAILY"])
    shift_id = path.rsplit("/", 1)[1]
    for kind in ("schedule_reference", "schedule_v3_reference"):
        rule = {"escalation_delay_in_minutes": 5, "targets": [{"id": shift_id, "type": kind}]}
        wanted = {"name": kind, "escalation_rules": [rule]}
        policy = api.post("/escalation_policies", {"escalation_policy": wanted})["escalation_policy"]
        (target,) = policy["escalation_rules"][0]["targets"]
        assert (target["type"], target["self"].endswith(path)) == ("schedule_v3_reference", True)
    found = api.get(f"/oncalls?schedule_ids[]={shift_id}&since=2026-01-06T15:00:00Z&until=2026-01-06T15:00:00Z")
    assert {(one["user"]["id"], one["schedule"]["type"], one["start"], one["end"]) for one in found["oncalls"]} == {
        (user.id, "schedule_v3_reference", "2026-01-06T14:00:00Z", "2026-01-06T22:00:00Z")
        for user in (house.alice, house.bob)
    }
    reply = api.request("DELETE", path)
    assert (reply.status, "escalation policies" in reply.body["error"]["errors"]["schedule"][0]) == (400, True)
    assert {one["summary"] for one in api.get(path)["schedule"]["escalation_policies"]} == {
        "schedule_reference",
        "schedule_v3_reference",
    }


def test_custom_shifts_live_and_end(api: Api, house: House) -> None:
    path = made(api, house)
    now = house.clock.now()
    running = custom_shift(house.alice.id, iso(now - HOUR), iso(now + HOUR))
    ahead = custom_shift("", iso(now + DAY), iso(now + 2 * DAY))
    first, second = api.post(f"{path}/custom_shifts", {"custom_shifts": [running, ahead]})["custom_shifts"]
    assert parse_iso(first["start_time"]) == now
    assert second["assignments"][0]["member"] == {"type": "empty_member"}
    house.clock.moment += HOUR // 2
    to = f"{path}/custom_shifts"
    refused(
        api.request("PUT", f"{to}/{first['id']}", {"custom_shift": {"start_time": iso(now + 1800 * 10**6)}}),
        "custom_shift.start_time",
    )
    longer = api.put(f"{to}/{first['id']}", {"custom_shift": {"end_time": iso(now + 2 * HOUR)}})["custom_shift"]
    assert parse_iso(longer["end_time"]) == now + 2 * HOUR
    moved = {"start_time": iso(now + 3 * DAY), "end_time": iso(now + 4 * DAY), "assignments": running["assignments"]}
    changed = api.put(f"{to}/{second['id']}", {"custom_shift": moved})["custom_shift"]
    assert changed["assignments"][0]["member"] == member(house.alice.id)
    everything = f"{to}?since={iso(now - DAY)}&until={iso(now + 9 * DAY)}"
    assert [one["id"] for one in api.get(everything)["custom_shifts"]] == [first["id"], second["id"]]
    assert api.get(f"{everything}&limit=1")["more"] is True
    for name in ("since", "until"):
        assert api.request("GET", f"{to}?{name}=2026-01-01").status == 400
    api.delete(f"{to}/{first['id']}")
    assert parse_iso(api.get(f"{to}/{first['id']}")["custom_shift"]["end_time"]) == house.clock.now()
    assert api.request("DELETE", f"{to}/{first['id']}").status == 400
    api.delete(f"{to}/{second['id']}")
    assert api.request("GET", f"{to}/{second['id']}").status == 404


def test_an_override_that_runs_keeps_who_served(api: Api, house: House) -> None:
    path, rotation = rotated(api, house, recurrence=["RRULE:FREQ=DAILY"])
    source = {"rotation_id": rotation.rsplit("/", 1)[1]}
    cover = override(source, house.alice.id, house.carol.id, "2026-01-06T14:00:00Z", "2026-01-06T22:00:00Z")
    (one,) = api.post(f"{path}/overrides", {"overrides": [cover]})["overrides"]
    house.clock.moment = parse_iso("2026-01-06T18:00:00Z")
    by_bob = {"override": {"overriding_member": member(house.bob.id)}}
    assert api.put(f"{path}/overrides/{one['id']}", by_bob)["override"]["start_time"] == "2026-01-06T13:00:00-05:00"
    window = "include[]=final_schedule&since=2026-01-06T14:00:00Z&until=2026-01-06T22:00:00Z"
    rows = api.get(f"{path}?{window}")["schedule"]["final_schedule"]["computed_shift_assignments"]
    assert [one["member"]["user_id"] for one in rows] == [house.carol.id, house.bob.id]
    house.clock.moment += HOUR
    moved = {"override": {"start_time": "2026-01-06T20:00:00Z"}}
    refused(api.request("PUT", f"{path}/overrides/{one['id']}", moved), "override.start_time")
    api.delete(f"{path}/overrides/{one['id']}")
    rows = api.get(f"{path}?{window}")["schedule"]["final_schedule"]["computed_shift_assignments"]
    assert [one["member"]["user_id"] for one in rows] == [house.carol.id, house.bob.id, house.alice.id]
    api.delete(rotation)
    assert api.get(path)["schedule"]["rotations"] == []
    rows = api.get(f"{path}?{window}")["schedule"]["final_schedule"]["computed_shift_assignments"]
    assert rows[-1]["end_time"] == "2026-01-06T14:00:00-05:00", "what has been stays"


def test_two_who_write_at_once_lose_nothing(api: Api, house: House) -> None:
    """Between the look at the schedule and the change of it, somebody else adds a rotation."""
    path, rotation = rotated(api, house)
    run, waiting = house.run, [Rotation("")]

    def interrupted(actor: Any, command: Any, **more: Any) -> Any:
        if waiting and isinstance(command, SaveThing):
            schedule = house.config().schedules[path.rsplit("/", 1)[1]]
            wanted = replace(schedule, rotations=(*schedule.rotations, waiting.pop()))
            run(actor, SaveThing(thing_kind="schedule", thing=wanted, fields=("rotations",)))
        return run(actor, command, **more)

    house.run = interrupted  # type: ignore[method-assign]
    start = {"date_time": "2026-01-07T02:00:00Z", "time_zone": "America/New_York"}
    end = {"date_time": "2026-01-07T04:00:00Z", "time_zone": "America/New_York"}
    api.post(f"{rotation}/events", {"event": event(house.carol.id, start_time=start, end_time=end)})
    assert not waiting
    shown = api.get(path)["schedule"]["rotations"]
    assert [len(one["events"]) for one in shown] == [2, 0]


def test_changes_are_on_record(api: Api, house: House) -> None:
    path, _ = rotated(api, house)
    night = custom_shift(house.carol.id, "2026-01-07T00:00:00Z", "2026-01-07T04:00:00Z")
    api.post(f"{path}/custom_shifts", {"custom_shifts": [night]})
    records = api.get(f"{path}/audit/records")["records"]
    assert [one["action"] for one in records] == ["create", "update", "update", "create"]
    assert {one["root_resource"]["type"] for one in records} == {"schedule_v3_reference"}
    assert api.request("GET", f"{V3}/{house.schedule.id}/audit/records").status == 400


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "event.name"),
        ({"name": "x" * 300}, "event.name"),
        ({"start_time": None}, "event.start_time"),
        ({"start_time": {"time_zone": "UTC"}}, "event.start_time.date_time"),
        ({"start_time": {"date_time": "2026-01-06T14:00:00Z"}}, "event.start_time.time_zone"),
        ({"start_time": {"date_time": "2026-01-06T14:00:00Z", "time_zone": "Mars"}}, "event.start_time.time_zone"),
        ({"end_time": {"date_time": "2026-01-06T14:00:00Z", "time_zone": "UTC"}}, "event.end_time"),
        ({"effective_since": "soon"}, "event.effective_since"),
        ({"effective_since": "2027-02-01T00:00:00Z"}, "event.effective_since"),
        ({"effective_until": "2026-01-05T00:00:00Z"}, "event.effective_until"),
        ({"effective_until": "2025-01-05T00:00:00Z"}, "event.effective_until"),
        ({"recurrence": "RRULE:FREQ=DAILY"}, "event.recurrence"),
        ({"recurrence": []}, "event.recurrence"),
        ({"recurrence": ["RRULE:FREQ=SECONDLY"]}, "event.recurrence"),
        ({"recurrence": ["RRULE:FREQ=DAILY", "x" * 5000]}, "event.recurrence"),
        ({"assignment_strategy": {}}, "event.assignment_strategy.type"),
        ({"assignment_strategy": {"type": "user_assignment_strategy"}}, "event.assignment_strategy.type"),
    ],
)
def test_a_wrong_event_is_named_by_field(api: Api, house: House, change: Wire, field: str) -> None:
    path, rotation = rotated(api, house)
    before = api.get(path).body
    reply = api.request("POST", f"{rotation}/events", {"event": {**event(house.alice.id), **change}})
    assert reply.status == 400
    errors: Any = reply.body["error"]["errors"]
    assert field in errors, errors
    assert api.get(path).body == before


def test_members_must_be_people_who_are_there(api: Api, house: House) -> None:
    _, rotation = rotated(api, house)
    for members in ([], [{"type": "user_member", "user_id": "PNOBODY"}], [member(house.alice.id)] * 21):
        strategy = {**event()["assignment_strategy"], "members": members}
        reply = api.request("POST", f"{rotation}/events", {"event": event(assignment_strategy=strategy)})
        assert reply.status == 400
        assert next(iter(reply.body["error"]["errors"])).startswith("event.assignment_strategy.members")
    everything = api.request("POST", f"{rotation}/events", {"event": {"unknown": 1}})
    assert len(everything.body["error"]["errors"]) == 6, "every problem at once"
    twice = api.request("POST", f"{rotation}/events", {"event": event(house.bob.id)})
    refused(twice, "rotation.events")
    assert len(api.get(rotation)["rotation"]["events"]) == 1


def test_rotations_are_few_and_empty(api: Api, house: House) -> None:
    path = made(api, house)
    assert api.request("POST", f"{path}/rotations", {"events": []}).status == 400
    assert api.request("POST", f"{path}/rotations", raw=b"").status == 201
    for _ in range(9):
        api.post(f"{path}/rotations", {})
    refused(api.request("POST", f"{path}/rotations", {}), "rotation")
    assert len(api.get(f"{path}/rotations?limit=100")["rotations"]) == 10


def test_a_wrong_schedule_is_named_by_field(api: Api, house: House) -> None:
    path = made(api, house)
    for change, field in (
        ({"name": None}, "schedule.name"),
        ({"name": "x" * 300}, "schedule.name"),
        ({"time_zone": "Mars/Olympus"}, "schedule.time_zone"),
        ({"time_zone": 5}, "schedule.time_zone"),
        ({"description": []}, "schedule.description"),
        ({"rotations": [{"events": []}]}, "schedule.rotations"),
        ({"escalation_policies": [{"id": "PX"}]}, "schedule.escalation_policies"),
        ({"teams": {"id": "PX"}}, "schedule.teams"),
        ({"teams": [{"id": 5}]}, "schedule.teams.id"),
        ({"teams": [{"id": "PNOBODY"}]}, "schedule"),
    ):
        refused(api.request("POST", V3, {"schedule": {"name": "N", "time_zone": "UTC", **change}}), field)
        refused(api.request("PUT", path, {"schedule": change}), field)
    refused(api.request("POST", V3, raw=b""), "schedule")
    refused(api.request("POST", V3, raw=b"[]"), "schedule")
    refused(api.request("POST", V3, {"schedule": {}}), "schedule.name", "schedule.time_zone")
    huge = f"{path}?include[]=final_schedule&since=2020-01-01&until=2026-01-01"
    assert api.request("GET", huge).status == 400


def test_wrong_exceptions_are_named_by_field_and_none_is_half_stored(api: Api, house: House) -> None:
    path, rotation = rotated(api, house)
    rotation_id = rotation.rsplit("/", 1)[1]
    hours = ("2026-01-07T00:00:00Z", "2026-01-07T04:00:00Z")
    good = custom_shift(house.carol.id, *hours)
    cover = override({"rotation_id": rotation_id}, house.alice.id, house.carol.id, *hours)
    both = {"rotation_id": rotation_id, "custom_shift_id": "PX"}
    version = house.config().version
    for name, valid, changes in (
        (
            "custom_shifts",
            good,
            (
                ({"type": "shift"}, "type"),
                ({"start_time": None}, "start_time"),
                ({"end_time": hours[0]}, "end_time"),
                ({"end_time": "2025-01-01T00:00:00Z", "start_time": "2024-01-01T00:00:00Z"}, "end_time"),
                ({"assignments": []}, "assignments"),
                ({"assignments": good["assignments"] * 2}, "assignments"),
                ({"assignments": [{"type": "shift_assignment", "member": member("PNOBODY")}]}, "assignments.member"),
            ),
        ),
        (
            "overrides",
            cover,
            (
                ({"type": None}, "type"),
                (both, "rotation_id"),
                ({"rotation_id": ""}, "rotation_id"),
                ({"rotation_id": "PNOBODY"}, "rotation_id"),
                ({"overridden_member": member(house.carol.id)}, "overridden_member"),
                ({"overriding_member": member(house.alice.id)}, "overriding_member"),
                ({"overriding_member": member("PNOBODY")}, "overriding_member"),
                ({"overriding_member": {"type": "user_member"}}, "overriding_member.user_id"),
                ({"end_time": hours[0]}, "end_time"),
            ),
        ),
    ):
        for change, field in changes:
            reply = api.request("POST", f"{path}/{name}", {name: [valid, {**valid, **change}]})
            assert reply.status == 400, (name, change)
            errors: Any = reply.body["error"]["errors"]
            assert f"{name}.{field}" in errors, (change, errors)
        bodies: tuple[Wire, ...] = ({}, {name: []}, {name: [5]}, {name: [valid] * 101})
        for body in bodies:
            assert api.request("POST", f"{path}/{name}", body).status == 400
    assert house.config().version == version


def test_a_shift_of_another_schedule_is_not_found_here(api: Api, house: House) -> None:
    path, rotation = rotated(api, house)
    other = made(api, house)
    night = custom_shift(house.carol.id, "2026-01-07T00:00:00Z", "2026-01-07T04:00:00Z")
    (one,) = api.post(f"{path}/custom_shifts", {"custom_shifts": [night]})["custom_shifts"]
    assert api.request("GET", f"{other}/custom_shifts/{one['id']}").status == 404
    assert api.request("GET", f"{other}/rotations/{rotation.rsplit('/', 1)[1]}").status == 404
    hours = (night["start_time"], night["end_time"])
    cover = override({"custom_shift_id": one["id"]}, house.carol.id, house.bob.id, *hours)
    refused(api.request("POST", f"{other}/overrides", {"overrides": [cover]}), "overrides.custom_shift_id")
    assert api.post(f"{path}/overrides", {"overrides": [cover]})["overrides"][0]["custom_shift_id"] == one["id"]


def test_no_wrong_value_breaks_anything_or_is_half_stored(api: Api, house: House) -> None:
    path, rotation = rotated(api, house)
    (old,) = api.get(f"{rotation}/events")["events"]
    to = f"{rotation}/events/{old['id']}"
    counted = dict.fromkeys((200, 400), 0)
    current = api.get(to).body
    for name, value in event(house.alice.id, house.bob.id).items():
        for wrong in mutations(value):
            reply = api.request("PUT", to, raw=json.dumps({"event": {name: wrong}}).encode())
            assert reply.status in counted, (name, wrong, reply)
            counted[reply.status] += 1
            found = api.get(to).body
            assert reply.status == 200 or found == current, (name, wrong)
            current = found
    assert counted[400] > 100
    assert api.get(f"{path}?include[]=final_schedule&since=2026-01-01&until=2026-02-01").status == 200


def test_who_takes_turns_is_not_removed(api: Api, house: House) -> None:
    rotated(api, house, house.mallory.id)
    reply = api.request("DELETE", f"/users/{house.mallory.id}")
    assert reply.status == 400
    assert house.mallory.id in house.config().users
    assert replace(house.mallory) == house.config().users[house.mallory.id]
