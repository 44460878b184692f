"""/maintenance_windows and /paused_incident_reports, as clients use them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.events.model import Action, Event
from tocsin.kernel.time import DAY, HOUR, MINUTE, iso

MAINTENANCE = {"description": "Disks are replaced"}


def window_body(house: House, start: int = 0, end: int = 60, **more: Any) -> dict[str, Any]:
    """In minutes from now."""
    now = house.clock.now()
    times = {"start_time": iso(now + start * MINUTE), "end_time": iso(now + end * MINUTE)}
    return {**MAINTENANCE, **times, "services": [{"id": house.service.id}], **more}


def made(api: Api, house: House, start: int = 0, end: int = 60, **more: Any) -> dict[str, Any]:
    sent = {"maintenance_window": window_body(house, start, end, **more)}
    found: dict[str, Any] = api.post("/maintenance_windows", sent)["maintenance_window"]
    assert api.get(f"/maintenance_windows/{found['id']}")["maintenance_window"] == found
    return found


def ids(api: Api, query: str) -> list[str]:
    return [one["id"] for one in api.get(f"/maintenance_windows?{query}")["maintenance_windows"]]


def status_of(api: Api, house: House) -> str:
    found: str = api.get(f"/services/{house.service.id}")["service"]["status"]
    assert found == api.get("/services")["services"][0]["status"]
    return found


def test_it_comes_back_as_it_was_sent(api: Api, house: House) -> None:
    """Texts of times included: also a start in the past, which counts from now."""
    times: dict[str, Any] = {"start_time": "2020-06-01T20:00:00-05:00", "end_time": "2030-06-01T22:00:00-05:00"}
    window = made(api, house, **times)
    assert {name: window[name] for name in times} == times
    assert (window["type"], window["description"], window["summary"]) == (
        "maintenance_window",
        "Disks are replaced",
        "Disks are replaced",
    )
    assert [one["id"] for one in window["services"]] == [house.service.id]
    assert [one["id"] for one in window["teams"]] == [house.payments.id]
    assert house.config().maintenance_windows[window["id"]].start == house.clock.now()
    again = api.put(f"/maintenance_windows/{window['id']}", {"maintenance_window": {**MAINTENANCE, **times}})
    assert again["maintenance_window"] == window
    assert made(api, house)["sequence_number"] == window["sequence_number"] + 1


def test_who_made_it(api: Api, house: House) -> None:
    assert made(api, house)["created_by"] is None, "the account's key is nobody"
    body = {"maintenance_window": window_body(house)}
    by_carol = api.post("/maintenance_windows", body, key="carol")["maintenance_window"]
    assert by_carol["created_by"]["id"] == house.carol.id
    named = api.post("/maintenance_windows", body, headers={"from": house.olive.email})["maintenance_window"]
    assert named["created_by"]["id"] == house.olive.id


def test_bodies_without_a_wrapper(api: Api, house: House) -> None:
    """One client sends its updates so."""
    window = api.post("/maintenance_windows", window_body(house))["maintenance_window"]
    changed = api.put(f"/maintenance_windows/{window['id']}", {"description": "Longer"})["maintenance_window"]
    assert changed == {**window, "description": "Longer", "summary": "Longer"}


def test_while_it_runs_the_service_is_in_maintenance(api: Api, house: House) -> None:
    made(api, house, 10, 60)
    assert status_of(api, house) == "active"
    house.alarm()
    house.advance(11 * MINUTE)
    assert status_of(api, house) == "maintenance"
    house.advance(HOUR)
    assert status_of(api, house) == "critical"


def test_one_that_has_not_begun_is_gone_when_deleted(api: Api, house: House) -> None:
    path = f"/maintenance_windows/{made(api, house, 10)['id']}"
    assert api.delete(path).status == 204
    assert api.request("GET", path).status == 404
    assert api.request("DELETE", path).status == 404


def test_one_that_runs_ends_when_deleted(api: Api, house: House) -> None:
    path = f"/maintenance_windows/{made(api, house, end=100)['id']}"
    house.advance(MINUTE)
    assert api.delete(path).status == 204
    assert api.get(path)["maintenance_window"]["end_time"] == iso(house.clock.now())
    assert status_of(api, house) == "active"
    for method, body in (("DELETE", None), ("PUT", {"description": "x"})):
        refused = api.request(method, path, body)
        assert (refused.status, refused.code) == (405 if method == "DELETE" else 400, 5003)


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [(-60, -1, "End time must be in the future"), (60, 30, "End time must be after start time")],
)
def test_times_that_make_no_sense(api: Api, house: House, start: int, end: int, problem: str) -> None:
    refused = api.request("POST", "/maintenance_windows", {"maintenance_window": window_body(house, start, end)})
    assert (refused.status, refused.errors) == (400, [problem])
    window = made(api, house)
    change = {name: window_body(house, start, end)[name] for name in ("start_time", "end_time")}
    refused = api.request("PUT", f"/maintenance_windows/{window['id']}", {"maintenance_window": change})
    assert (refused.status, refused.errors) == (400, [problem])


def test_lists(api: Api, house: House) -> None:
    policy = {"id": house.policy.id}
    other = api.post("/services", {"service": {"name": "Other", "escalation_policy": policy}})["service"]
    past = made(api, house, end=1)["id"]
    house.advance(HOUR)
    ongoing = made(api, house, description="Cables", services=[{"id": other["id"]}])["id"]
    future = made(api, house, 30)["id"]
    for chosen, expected in (
        ("past", [past]),
        ("ongoing", [ongoing]),
        ("future", [future]),
        ("open", [ongoing, future]),
        ("all", [past, ongoing, future]),
        ("", [past, ongoing, future]),
    ):
        assert ids(api, f"filter={chosen}") == expected
    assert ids(api, "query=cABLE") == [ongoing]
    assert ids(api, f"service_ids[]={house.service.id}") == [past, future]
    assert ids(api, f"team_ids[]={house.payments.id}") == [past, ongoing, future]
    assert ids(api, f"team_ids[]={house.search.id}") == []
    assert ids(api, "limit=1&offset=1") == [ongoing]
    assert api.request("GET", "/maintenance_windows?filter=someday").status == 400


def test_what_is_included_is_whole(api: Api, house: House) -> None:
    made(api, house)
    body = {"maintenance_window": window_body(house)}
    window = api.post("/maintenance_windows?include[]=services&include[]=teams&include[]=users", body, key="carol")
    full = window["maintenance_window"]
    assert full["services"][0]["type"] == "service"
    assert (full["teams"][0]["type"], full["created_by"]["type"]) == ("team", "user")


# -- reports of what waited


def event(house: House, key: str, action: Action = Action.TRIGGER) -> None:
    now = house.clock.now()
    house.receive(
        Event(action=action, integration_id=house.integration.id, dedup_key=key, received_at=now, summary=key)
    )
    house.settle()


def test_what_became_of_paused_alerts(api: Api, house: House) -> None:
    pause = {"auto_pause_notifications_parameters": {"enabled": True, "timeout": 120}}
    api.put(f"/services/{house.service.id}", {"service": pause})
    house.save(replace(house.config().services[house.service.id], pause_every=True), "pause_every")
    since = iso(house.clock.now())
    for number in range(7):
        event(house, f"short {number}")
        event(house, f"long {number}")
        house.advance(MINUTE)
        event(house, f"short {number}", Action.RESOLVE)
    house.advance(5 * MINUTE)
    event(house, "waiting")
    span = f"since={since}&until={iso(house.clock.now() + MINUTE)}"

    def counted(query: str) -> list[int]:
        found = api.get(f"/paused_incident_reports/counts?{query}")["paused_incident_reporting_counts"]
        return [found[f"{name}_count"] for name in ("paused", "triggered_after_pause", "resolved_after_pause")]

    assert counted(span) == [15, 7, 7]
    assert counted(f"{span}&service_id={house.service.id}&suspended_by=auto_pause") == [15, 7, 7]
    assert counted(f"{span}&suspended_by=rules") == [0, 0, 0]
    assert counted(f"until={iso(house.clock.now() - DAY)}") == [0, 0, 0]
    report = api.get(f"/paused_incident_reports/alerts?{span}")["paused_incident_reporting_alerts"]
    assert (report["since"], len(report["triggered_after_pause_alerts"])) == (since, 5)
    over = [house.reads.alerts_by_id([one["id"]])[one["id"]] for one in report["resolved_after_pause_alerts"]]
    assert [one.dedup_key for one in over] == [f"short {number}" for number in (6, 5, 4, 3, 2)]
    for query in ("suspended_by=me", f"since={iso(house.clock.now())}&until={since}"):
        assert api.request("GET", f"/paused_incident_reports/counts?{query}").status == 400
    assert api.request("GET", "/paused_incident_reports/counts?service_id=PNOBODY").status == 404
