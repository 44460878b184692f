"""Incidents: raised, listed, changed one or many, noted, snoozed, merged; their alerts, log entries, notifications."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.dialects.pagerduty.write.log_entries import KINDS, TYPES, UNTOLD
from tocsin.dialects.pagerduty.write.log_ids import log_id, log_seq
from tocsin.directory.model import Role
from tocsin.kernel.time import DAY, HOUR, MINUTE
from tocsin.storage.codec import FACTS


def raised(api: Api, house: House, title: str = "By hand", **more: Any) -> dict[str, Any]:
    body = {"type": "incident", "title": title, "service": {"id": house.service.id, "type": "service_reference"}}
    found: dict[str, Any] = api.post("/incidents", {"incident": {**body, **more}}, key="olive")["incident"]
    return found


def test_an_incident_of_a_monitor(api: Api, house: House) -> None:
    incident = house.alarm(details={"free": "1%"})
    found = api.get(f"/incidents/{incident.id}")["incident"]
    assert api.get(f"/incidents/{incident.number}")["incident"] == found
    assert (found["incident_number"], found["summary"], found["status"]) == (1, "[#1] Disk is full", "triggered")
    assert (found["incident_key"], found["urgency"], found["assigned_via"]) == ("disk", "high", "escalation_policy")
    assert found["alert_counts"] == {"all": 1, "triggered": 1, "resolved": 0}
    assert [one["assignee"]["id"] for one in found["assignments"]] == list(incident.assignee_ids)
    assert found["pending_actions"] == [{"type": "escalate", "at": "2026-01-06T09:05:00Z"}]
    assert found["last_status_change_by"]["type"] == "service_reference"
    assert found["first_trigger_log_entry"]["id"].startswith("R")
    assert found["html_url"] == "http://tocsin.example/incidents/1"
    assert (found["priority"], found["resolve_reason"], found["resolved_at"]) == (None, None, None)
    body = api.get(f"/incidents/{incident.id}?include[]=body")["incident"]["body"]
    assert body == {"type": "incident_body", "details": {"free": "1%"}}
    entry = api.get(f"/log_entries/{found['first_trigger_log_entry']['id']}")["log_entry"]
    assert (entry["type"], entry["incident"]["id"]) == ("trigger_log_entry", incident.id)


def test_an_incident_is_raised_with_all_that_was_sent(api: Api, house: House) -> None:
    priority = api.get("/priorities")["priorities"][1]
    found = raised(
        api,
        house,
        urgency="low",
        incident_key="mine",
        priority={"id": priority["id"], "type": "priority_reference"},
        body={"type": "incident_body", "details": "Long story"},
        assignments=[{"assignee": {"id": house.bob.id, "type": "user_reference"}}],
    )
    assert (found["title"], found["urgency"], found["incident_key"]) == ("By hand", "low", "mine")
    assert found["priority"]["summary"] == "P2"
    assert found["assigned_via"] == "direct_assignment"
    assert [one["assignee"]["id"] for one in found["assignments"]] == [house.bob.id]
    full = api.get(f"/incidents/{found['id']}?include[]=priorities&include[]=body&include[]=assignees")["incident"]
    assert full["priority"]["name"] == "P2"
    assert full["body"]["details"] == "Long story"
    assert full["assignments"][0]["assignee"]["email"] == "bob@example.com"
    twin = api.request(
        "POST", "/incidents", {"incident": {"title": "X", "service": {"id": house.service.id}, "incident_key": "mine"}}
    )
    assert (twin.status, twin.errors) == (400, ["Open incident with matching dedup key already exists"])


def test_whoever_assigns_it_to_themselves_has_it(api: Api, house: House) -> None:
    found = raised(api, house, assignments=[{"assignee": {"id": house.olive.id, "type": "user_reference"}}])
    assert found["status"] == "acknowledged"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"title": ""}, 2001),
        ({"title": None}, 2001),
        ({"service": {"id": "PNOBODY"}}, 5002),
        ({"service": None}, 2001),
        ({"priority": {"id": "PNOBODY"}}, 1020),
        ({"assignments": [{"assignee": {"id": "PNOBODY"}}]}, 1007),
        ({"assignments": [{}]}, 2001),
        ({"escalation_policy": {"id": "PNOBODY"}}, 1014),
        ({"urgency": "loud"}, 2001),
        ({"body": "text"}, 2001),
        ({"title": "x" * 2000}, 2001),
    ],
)
def test_what_can_not_be_raised_is_not(api: Api, house: House, more: dict[str, Any], code: int) -> None:
    body = {"title": "By hand", "service": {"id": house.service.id}, **more}
    reply = api.request("POST", "/incidents", {"incident": body}, key="olive")
    assert (reply.status, reply.code) == (400, code)
    assert reply.errors
    assert api.get("/incidents?date_range=all")["incidents"] == []


# -- who acts


def test_from_says_for_whom_an_accounts_key_acts(api: Api, house: House) -> None:
    incident = house.alarm()
    path = f"/incidents/{incident.id}"
    sent = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    found = api.put(path, sent, headers={"From": "BOB@example.com"})["incident"]
    assert [one["acknowledger"]["id"] for one in found["acknowledgements"]] == [house.bob.id]
    assert found["last_status_change_by"]["id"] == house.bob.id
    unknown = api.request("PUT", path, sent, headers={"From": "nobody@example.com"})
    assert (unknown.status, unknown.code) == (400, 1008)
    mine = api.put(path, sent, key="alice", headers={"From": "carol@example.com"})["incident"]
    assert mine["acknowledgements"][-1]["acknowledger"]["id"] == house.alice.id, "a person's key is that person"


def test_from_gives_no_rights_that_key_and_person_do_not_both_have(api: Api, house: House) -> None:
    incident = house.alarm()
    house.key("reader", Role.OBSERVER)
    sent = {"incident": {"status": "acknowledged"}}
    path = f"/incidents/{incident.id}"
    assert api.request("PUT", path, sent, key="reader", headers={"From": "olive@example.com"}).status == 403
    assert api.request("PUT", path, sent, headers={"From": "mallory@example.com"}).status == 403
    assert api.get(path)["incident"]["status"] == "triggered"


def test_without_from_the_key_itself_acts(api: Api, house: House) -> None:
    incident = house.alarm()
    found = api.put(f"/incidents/{incident.id}", {"incident": {"status": "acknowledged"}})["incident"]
    assert found["acknowledgements"][0]["acknowledger"]["type"] == "service_reference"
    assert found["last_status_change_by"]["summary"] == "root"
    assert [one["assignee"]["id"] for one in found["assignments"]] == list(incident.assignee_ids)


# -- changing


def test_the_life_of_an_incident(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}"

    def put(**update: Any) -> dict[str, Any]:
        found: dict[str, Any] = api.put(path, {"incident": update}, key="alice")["incident"]
        return found

    assert put(status="acknowledged")["status"] == "acknowledged"
    assert put(status="triggered")["status"] == "triggered"
    resolved = put(status="resolved", resolution="Swapped the disk")
    assert (resolved["status"], resolved["assignments"], resolved["pending_actions"]) == ("resolved", [], [])
    assert resolved["resolved_at"] is not None
    assert api.get(f"{path}/notes")["notes"][0]["content"] == "Swapped the disk"
    again = api.request("PUT", path, {"incident": {"status": "resolved"}}, key="alice")
    assert (again.status, again.code, again.body["error"]["message"]) == (400, 1001, "Incident Already Resolved")
    assert put(status="triggered")["status"] == "triggered"
    put(status="resolved")
    reopened = put(status="acknowledged")
    assert reopened["status"] == "acknowledged"
    assert [one["assignee"]["id"] for one in reopened["assignments"]] == [house.alice.id]


def test_everything_else_that_can_be_changed(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}"
    other = api.post("/services", {"service": {"name": "Other", "escalation_policy": {"id": house.policy.id}}})[
        "service"
    ]
    changed = api.put(
        path,
        {
            "incident": {
                "title": "Better",
                "urgency": "low",
                "priority": "P1",
                "service": {"id": other["id"]},
            }
        },
        key="alice",
    )["incident"]
    assert (changed["title"], changed["urgency"], changed["priority"]["summary"]) == ("Better", "low", "P1")
    assert changed["service"]["id"] == other["id"]
    assert changed["pending_actions"] == [], "low urgency never escalates"
    cleared = api.put(path, {"incident": {"priority": None, "urgency": "high"}}, key="alice")["incident"]
    assert (cleared["priority"], cleared["urgency"]) == (None, "high")


def test_it_is_handed_on(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}"
    api.put(path, {"incident": {"status": "acknowledged"}}, key="alice")
    escalated = api.put(path, {"incident": {"escalation_level": 2}}, key="alice")["incident"]
    assert [one["assignee"]["id"] for one in escalated["assignments"]] == [house.carol.id]
    assert escalated["status"] == "triggered"
    assignment = [{"assignee": {"id": house.bob.id, "type": "user_reference"}}]
    given = api.put(path, {"incident": {"assignments": assignment}}, key="alice")["incident"]
    assert [one["assignee"]["id"] for one in given["assignments"]] == [house.bob.id]
    assert given["assigned_via"] == "direct_assignment"
    delegated = api.put(path, {"incident": {"escalation_policy": {"id": house.policy.id}}}, key="alice")["incident"]
    assert delegated["assigned_via"] == "escalation_policy"
    too_high = api.request("PUT", path, {"incident": {"escalation_level": 9}}, key="alice")
    assert (too_high.status, too_high.code) == (400, 1006)


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ({"status": "open"}, 1003),
        ({"status": 5}, 2001),
        ({"urgency": "loud"}, 2001),
        ({"title": " "}, 2001),
        ({"priority": {"id": "PNOBODY"}}, 1020),
        ({"assignments": []}, 1011),
        ({"assignments": [{"assignee": {"id": "PNOBODY"}}]}, 1007),
        ({"escalation_policy": {"id": "PNOBODY"}}, 1014),
        ({"escalation_level": 0}, 2001),
        ({"service": {"id": "PNOBODY"}}, 5002),
        ({"resolution": "x" * 9999, "status": "resolved"}, 2001),
    ],
)
def test_an_update_that_is_wrong_changes_nothing(api: Api, house: House, update: dict[str, Any], code: int) -> None:
    incidents = [house.alarm("one"), house.alarm("two")]
    before = api.get("/incidents").body
    single = api.request("PUT", f"/incidents/{incidents[0].id}", {"incident": {"title": "New", **update}}, key="alice")
    assert (single.status, single.code) == (400, code)
    several = [{"id": incidents[0].id, "status": "acknowledged"}, {"id": incidents[1].id, **update}]
    bulk = api.request("PUT", "/incidents", {"incidents": several}, key="alice")
    assert (bulk.status, bulk.code) == (400, code)
    assert api.get("/incidents").body == before


def test_several_are_changed_or_none(api: Api, house: House) -> None:
    one, two = house.alarm("one"), house.alarm("two")
    body = [{"id": each.id, "type": "incident_reference", "status": "acknowledged"} for each in (one, two)]
    found = api.put("/incidents", {"incidents": body}, key="alice")["incidents"]
    assert [(each["id"], each["status"]) for each in found] == [(one.id, "acknowledged"), (two.id, "acknowledged")]
    api.put(f"/incidents/{two.id}", {"incident": {"status": "resolved"}}, key="alice")
    for broken in (
        [{"id": one.id, "status": "resolved"}, {"id": "QNOBODY", "status": "resolved"}],
        [{"id": one.id, "status": "resolved"}, {"status": "resolved"}],
        [{"id": one.id, "status": "resolved"}, {"id": two.id, "status": "resolved"}],
        [{"id": one.id, "status": "resolved"}, {"id": str(one.number), "status": "resolved"}],
        [],
        ["x"],
    ):
        assert api.request("PUT", "/incidents", {"incidents": broken}, key="alice").status in (400, 404)
    too_many = [{"id": one.id, "status": "resolved"}] * 251
    assert api.request("PUT", "/incidents", {"incidents": too_many}, key="alice").status == 413
    assert api.get(f"/incidents/{one.id}")["incident"]["status"] == "acknowledged"


# -- listing


def test_lists_are_filtered_and_ordered(api: Api, house: House) -> None:
    one, two, three = house.alarm("one"), house.alarm("two"), house.alarm("three")
    api.put(f"/incidents/{one.id}", {"incident": {"status": "resolved"}})
    api.put(f"/incidents/{two.id}", {"incident": {"status": "acknowledged", "urgency": "low"}}, key="bob")

    def numbers(query: str) -> list[int]:
        return [each["incident_number"] for each in api.get(f"/incidents?{query}")["incidents"]]

    assert numbers("") == [1, 2, 3]
    assert numbers("statuses[]=triggered&statuses[]=acknowledged") == [2, 3]
    assert numbers("urgencies[]=low") == [2]
    assert numbers(f"service_ids[]={house.service.id}") == [1, 2, 3]
    assert numbers("service_ids[]=PNOBODY") == []
    assert numbers(f"team_ids[]={house.payments.id}&sort_by=incident_number:desc") == [3, 2, 1]
    assert numbers(f"team_ids[]={house.search.id}") == []
    assert numbers(f"user_ids[]={house.bob.id}") == [2]
    assert numbers("incident_key=three") == [3]
    assert numbers("sort_by=urgency:asc,incident_number:desc") == [2, 3, 1]
    assert numbers("sort_by=resolved_at:desc")[0] == 1
    assert three.number == 3


def test_the_last_month_is_shown_unless_all_is_asked_for(api: Api, house: House) -> None:
    house.alarm("old")
    house.clock.moment += 40 * DAY
    house.alarm("new")

    def keys(query: str) -> list[str]:
        return [each["incident_key"] for each in api.get(f"/incidents?{query}")["incidents"]]

    assert keys("") == ["new"]
    assert keys("date_range=all") == ["old", "new"]
    assert keys("since=2026-01-01") == ["old", "new"]
    assert keys("until=2026-01-20") == ["old"]
    assert keys("since=2026-01-06T09:00:00Z&until=2026-01-06T09:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("statuses[]=open", 1003),
        ("urgencies[]=loud", 2001),
        ("sort_by=color", 2001),
        ("sort_by=urgency:asc,created_at,incident_number", 2001),
        ("since=yesterday", 2004),
        ("since=2026-01-02&until=2026-01-01", 2004),
        ("since=2024-01-01&until=2026-01-01", 2005),
        ("time_zone=Mars/Olympus&since=2026-01-01", 2001),
    ],
)
def test_a_list_that_can_not_be_made_is_refused(api: Api, query: str, code: int) -> None:
    reply = api.request("GET", f"/incidents?{query}")
    assert (reply.status, reply.code) == (400, code)


# -- notes, snooze, merge, alerts


def test_notes(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}/notes"
    note = api.request("POST", path, {"note": {"content": "Looking"}}, key="alice")
    assert note.status == 200
    assert (note["note"]["content"], note["note"]["user"]["id"]) == ("Looking", house.alice.id)
    api.post(path, {"content": "bare"})
    assert [one["content"] for one in api.get(path)["notes"]] == ["bare", "Looking"]
    wrong: list[dict[str, Any]] = [
        {"note": {}},
        {"note": {"content": " "}},
        {"note": {"content": "x" * 2001}},
        {"note": {"content": 5}},
    ]
    for broken in wrong:
        assert api.request("POST", path, broken).status == 400
    assert len(api.get(path)["notes"]) == 2


def test_a_note_is_changed_by_its_author_or_a_manager_and_keeps_its_history(api: Api, house: House) -> None:
    incident = house.alarm()
    path = f"/incidents/{incident.id}/notes"
    note = api.request("POST", path, {"note": {"content": "Lookin"}}, key="alice")["note"]
    house.advance(MINUTE)
    one = f"{path}/{note['id']}"
    assert api.request("PUT", one, {"note": {"content": "No"}}, key="bob").status == 403
    assert api.request("DELETE", one, key="bob").status == 403
    changed = api.put(one, {"note": {"content": "Looking"}}, key="alice")["note"]
    assert (changed["content"], changed["user"]) == ("Looking", note["user"])
    assert changed["created_at"] == note["created_at"] < changed["updated_at"]
    broken: Any
    for broken in ({"note": {}}, {"note": {"content": " "}}, {"note": {"content": "x" * 2001}}, {"note": []}):
        assert api.request("PUT", one, broken, key="alice").status == 400
    assert [found["content"] for found in api.get(path)["notes"]] == ["Looking"]
    assert api.delete(one, key="carol").status == 204
    assert api.get(path)["notes"] == []
    assert api.request("DELETE", one, key="carol").status == 404
    assert api.request("PUT", one, {"note": {"content": "x"}}, key="carol").status == 404
    log = api.get(f"/incidents/{incident.id}/log_entries?limit=100")["log_entries"]
    said = [entry["summary"] for entry in log if entry["type"] == "annotate_log_entry"]
    assert said == ["Carol removed a note", "Alice changed a note: Looking", "Alice wrote: Lookin"]


def test_the_channel_of_a_first_entry_is_described_anew(api: Api, house: House) -> None:
    incident = raised(api, house, body={"type": "incident_body", "details": "Short"})
    entry = incident["first_trigger_log_entry"]["id"]
    body = {"channel": {"type": "web_trigger", "details": "At length"}}
    assert api.request("PUT", f"/log_entries/{entry}/channel", body, key="alice").status == 202
    assert api.get(f"/log_entries/{entry}")["log_entry"]["channel"]["details"] == "At length"
    assert api.get(f"/incidents/{incident['id']}?include[]=body")["incident"]["body"]["details"] == "At length"
    wrong: list[dict[str, Any]] = [{"channel": {"type": "email", "details": "x"}}, {"channel": {"details": "x"}}, {}]
    wrong += [{"channel": {"type": "mobile", "details": 5}}]
    for broken in wrong:
        assert api.request("PUT", f"/log_entries/{entry}/channel", broken).status == 400
    newest = api.get(f"/incidents/{incident['id']}/log_entries")["log_entries"][0]["id"]
    assert api.request("PUT", f"/log_entries/{newest}/channel", body).status == 400
    assert api.request("PUT", "/log_entries/RNOBODY/channel", body).status == 404


def test_an_alert_is_triggered_again_and_moved(api: Api, house: House) -> None:
    target, source = house.alarm("one"), house.alarm("two")
    second = house.reads.alerts_of(source.id).items[0].id
    path = f"/incidents/{source.id}/alerts/{second}"
    moved = api.put(path, {"alert": {"incident": {"id": target.id, "type": "incident_reference"}}}, key="alice")
    assert moved["alert"]["incident"]["id"] == target.id
    counts = {one: api.get(f"/incidents/{one}")["incident"]["alert_counts"]["all"] for one in (target.id, source.id)}
    assert counts == {target.id: 2, source.id: 0}
    assert api.get(f"/incidents/{source.id}")["incident"]["status"] == "triggered"
    path = f"/incidents/{target.id}/alerts/{second}"
    api.put(path, {"alert": {"status": "resolved"}}, key="alice")
    again = api.put(path, {"alert": {"status": "triggered"}}, key="alice")["alert"]
    assert (again["status"], again["resolved_at"]) == ("triggered", None)
    assert api.get(f"/incidents/{target.id}")["incident"]["alert_counts"]["triggered"] == 2
    api.put(path, {"alert": {"status": "resolved"}}, key="alice")
    house.alarm("two")
    refused = api.request("PUT", path, {"alert": {"status": "triggered"}}, key="alice")
    assert refused.status == 400
    api.put(f"/incidents/{target.id}", {"incident": {"status": "resolved"}}, key="alice")
    assert api.request("PUT", path, {"alert": {"status": "triggered"}}, key="alice").code == 1001
    house.alarm("three")
    third = house.reads.incidents(limit=1).items[0]
    alert = house.reads.alerts_of(third.id).items[0].id
    to_resolved = {"alerts": [{"id": alert, "incident": {"id": target.id}, "status": "resolved"}]}
    assert api.request("PUT", f"/incidents/{third.id}/alerts", to_resolved, key="alice").code == 1001
    assert api.get(f"/incidents/{third.id}/alerts/{alert}")["alert"]["status"] == "triggered"
    elsewhere = {"alert": {"incident": {"id": "QNOBODY"}}}
    assert api.request("PUT", f"/incidents/{third.id}/alerts/{alert}", elsewhere, key="alice").status == 404


def test_snooze(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}"
    reply = api.request("POST", f"{path}/snooze", {"duration": 3600}, key="alice")
    assert reply.status == 201
    assert (reply["incident"]["status"], reply["incident"]["pending_actions"]) == (
        "acknowledged",
        [{"type": "unacknowledge", "at": "2026-01-06T10:00:00Z"}],
    )
    for broken in (
        {"duration": 0},
        {"duration": 604_801},
        {"duration": "long"},
        {"duration": None},
        {"duration": 1e99},
    ):
        refused = api.request("POST", f"{path}/snooze", broken, key="alice")
        assert (refused.status, refused.code) == (400, 1013)
    house.advance(HOUR)
    assert api.get(path)["incident"]["status"] == "triggered"


def test_merge(api: Api, house: House) -> None:
    target, source = house.alarm("one"), house.alarm("two")
    path = f"/incidents/{target.id}"
    body = {"source_incidents": [{"id": source.id, "type": "incident_reference"}]}
    merged = api.put(f"{path}/merge", body, key="alice")["incident"]
    assert (merged["id"], merged["type"]) == (target.id, "incident_reference")
    found = api.get(f"/incidents/{source.id}")["incident"]
    assert found["status"] == "resolved"
    assert found["resolve_reason"]["type"] == "merge_resolve_reason"
    assert found["resolve_reason"]["incident"]["summary"] == "[#1] Disk is full"
    assert {alert["alert_key"] for alert in api.get(f"{path}/alerts")["alerts"]} == {"one", "two"}
    assert [one["id"] for one in api.get("/incidents?incident_key=two&sort_by=incident_number")["incidents"]] == [
        target.id,
        source.id,
    ]
    again = api.request("PUT", f"{path}/merge", body, key="alice")
    assert (again.status, again.code) == (400, 1019)
    wrong: list[dict[str, Any]] = [{"source_incidents": []}, {"source_incidents": [{"id": target.id}]}, {}]
    for broken in wrong:
        assert api.request("PUT", f"{path}/merge", broken, key="alice").status == 400
    unknown = {"source_incidents": [{"id": "QNOBODY"}]}
    assert api.request("PUT", f"{path}/merge", unknown, key="alice").status == 404


def test_alerts_are_read_and_resolved(api: Api, house: House) -> None:
    target, source = house.alarm("one", details={"host": "a"}), house.alarm("two")
    path = f"/incidents/{target.id}"
    api.put(f"{path}/merge", {"source_incidents": [{"id": source.id}]})
    alerts = api.get(f"{path}/alerts?total=true")
    assert alerts["total"] == 2
    alert = api.get(f"{path}/alerts?alert_key=one&include[]=services&include[]=incidents")["alerts"][0]
    assert (alert["severity"], alert["suppressed"], alert["status"]) == ("critical", False, "triggered")
    assert alert["body"]["details"] == {"host": "a"}
    assert (alert["service"]["type"], alert["incident"]["incident_number"]) == ("service", 1)
    plain = api.get(f"{path}/alerts/{alert['id']}")["alert"]
    assert (plain["incident"]["type"], plain["integration"]["summary"]) == ("incident_reference", "Prometheus")
    done = api.put(f"{path}/alerts/{alert['id']}", {"alert": {"type": "alert", "status": "resolved"}}, key="alice")
    assert done["alert"]["status"] == "resolved"
    assert [one["id"] for one in api.get(f"{path}/alerts?statuses[]=resolved")["alerts"]] == [alert["id"]]
    counts = api.get(path)["incident"]["alert_counts"]
    assert counts == {"all": 2, "triggered": 1, "resolved": 1}
    rest = [{"id": one["id"], "type": "alert", "status": "resolved"} for one in alerts["alerts"]]
    api.put(f"{path}/alerts/", {"alerts": rest}, key="alice")
    assert api.get(path)["incident"]["status"] == "resolved"
    wrong: list[dict[str, Any]] = [
        {"alerts": [{"id": alert["id"], "status": "triggered"}]},
        {"alerts": [{"id": alert["id"], "incident": {"id": source.id}}]},
        {"alerts": []},
        {"alerts": [{}]},
    ]
    for broken in wrong:
        assert api.request("PUT", f"{path}/alerts", broken, key="alice").status == 400
    assert api.request("GET", f"/incidents/{source.id}/alerts/{alert['id']}").status == 404
    assert api.request("GET", f"{path}/alerts?statuses[]=open").status == 400
    assert api.request("GET", f"{path}/alerts?sort_by=color").status == 400


# -- log entries and notifications


def test_the_log_of_an_incident_tells_it_newest_first(api: Api, house: House) -> None:
    incident = house.alarm()
    path = f"/incidents/{incident.id}"
    house.advance(5 * MINUTE)
    api.put(path, {"incident": {"status": "acknowledged", "priority": "P1"}}, key="carol")
    api.post(f"{path}/notes", {"note": {"content": "On it"}}, key="carol")
    api.put(path, {"incident": {"status": "resolved"}}, key="carol")
    entries = api.get(f"{path}/log_entries?limit=100&total=true")
    types = [one["type"] for one in entries["log_entries"]][::-1]
    assert types[:3] == ["trigger_log_entry", "assign_log_entry", "notify_log_entry"]
    assert types[-4:] == [
        "field_value_change_log_entry",
        "acknowledge_log_entry",
        "annotate_log_entry",
        "resolve_log_entry",
    ]
    assert "escalate_log_entry" in types
    assert entries["total"] == len(types)
    by_type = {one["type"]: one for one in entries["log_entries"]}
    assert by_type["resolve_log_entry"]["agent"]["id"] == house.carol.id
    assert by_type["annotate_log_entry"]["channel"] == {"type": "note", "summary": "On it"}
    assert by_type["escalate_log_entry"]["assignees"][0]["id"] == house.carol.id
    assert by_type["notify_log_entry"]["channel"]["notification"]["type"] == "email_notification"
    assert [team["id"] for team in by_type["resolve_log_entry"]["teams"]] == [house.payments.id]
    overview = [one["type"] for one in api.get(f"{path}/log_entries?is_overview=true")["log_entries"]]
    assert "notify_log_entry" not in overview
    assert "resolve_log_entry" in overview
    full = api.get("/log_entries?include[]=incidents&include[]=services&include[]=teams&limit=1")["log_entries"][0]
    assert (full["incident"]["type"], full["service"]["type"], full["teams"][0]["type"]) == (
        "incident",
        "service",
        "team",
    )


def test_all_log_entries_in_a_window(api: Api, house: House) -> None:
    house.alarm("one")
    house.clock.moment += DAY
    house.alarm("two")

    def numbers(query: str) -> set[str]:
        return {one["incident"]["summary"][:4] for one in api.get(f"/log_entries?limit=100&{query}")["log_entries"]}

    assert numbers("") == {"[#1]", "[#2]"}
    assert numbers("since=2026-01-07") == {"[#2]"}
    assert numbers("until=2026-01-07") == {"[#1]"}
    assert numbers(f"team_ids[]={house.payments.id}") == {"[#1]", "[#2]"}
    assert numbers(f"team_ids[]={house.search.id}") == set()
    assert api.request("GET", "/log_entries?since=2026-01-07&until=2026-01-06").code == 2004


def test_every_fact_is_told_or_left_out_on_purpose() -> None:
    facts = set(FACTS.values())
    assert facts == set(TYPES) | UNTOLD
    assert not set(TYPES) & UNTOLD
    assert set(KINDS) <= set(FACTS)


@pytest.mark.parametrize("seq", [1, 71, 36**5, 2**63 - 1])
def test_log_ids_lead_back(seq: int) -> None:
    text = log_id(seq)
    assert (len(text), text[0], log_seq(text)) == (14, "R", seq)


@pytest.mark.parametrize("text", ["", "R", "R1", "X0000000000001", "R000000000000a", "R" + "Z" * 13, "R00000000000-1"])
def test_what_is_no_log_id_is_not_found(api: Api, text: str) -> None:
    assert log_seq(text) is None if text else True
    if text:
        assert api.request("GET", f"/log_entries/{text}").status == 404


def test_notifications_tell_who_was_reached_and_how(api: Api, house: House) -> None:
    house.alarm()
    window = "since=2026-01-06&until=2026-01-07"
    found = api.get(f"/notifications?{window}&include[]=users")["notifications"]
    assert [(one["type"], one["status"]) for one in found] == [("email_notification", "success")]
    assert found[0]["address"] == found[0]["user"]["email"]
    assert api.get(f"/notifications?{window}&filter=sms_notification")["notifications"] == []
    for broken in ("", "since=2026-01-06", f"{window}&filter=pigeon", "since=2026-01-06&until=2027-01-06"):
        assert api.request("GET", f"/notifications?{broken}").status == 400


def test_sending_it_on_is_told_by_its_own_type(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}"
    api.put(path, {"incident": {"escalation_level": 2}}, key="alice")
    api.put(path, {"incident": {"escalation_policy": {"id": house.policy.id}}}, key="alice")
    found = {one["summary"]: one["type"] for one in api.get(f"{path}/log_entries?limit=100")["log_entries"]}
    sent_on = {summary: kind for summary, kind in found.items() if summary.startswith("Alice sent it on")}
    assert sorted(sent_on.values()) == ["delegate_log_entry", "escalate_log_entry"]


def test_notifications_of_one_channel(api: Api, house: House) -> None:
    house.alarm()
    window = "since=2026-01-01&until=2026-02-01"
    found = api.get(f"/notifications?{window}&filter=email_notification&include[]=users")["notifications"]
    assert found
    assert {(one["type"], one["user"]["type"], one["status"]) for one in found} == {
        ("email_notification", "user", "success")
    }
    assert api.get(f"/notifications?{window}&filter=sms_notification")["notifications"] == []
    assert api.request("GET", f"/notifications?{window}&filter=fax_notification").status == 400
    assert api.request("GET", "/notifications?since=2026-01-01").status == 400
