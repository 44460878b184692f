"""Workflows as clients run them: started by REST, told in log entries; what a trigger may say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.test_automation import step, workflow
from tests.dialects.pagerduty.test_bad_input import mutations
from tocsin.deliveries.model import Delivery, DeliveryState
from tocsin.dialects.pagerduty.read.subscriptions import REDACTED
from tocsin.dialects.pagerduty.read.workflows import ACTIONS
from tocsin.dialects.pagerduty.write.refs import Links, Refs
from tocsin.dialects.pagerduty.write.webhooks import called, event_bytes
from tocsin.directory.subscriptions import WebhookSubscription
from tocsin.engine.workflow_actions import is_known
from tocsin.events.orchestration import Call
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import SECOND


def instance(incident_id: str, **more: Any) -> dict[str, Any]:
    return {"incident_workflow_instance": {"incident": {"id": incident_id, "type": "incident_reference"}, **more}}


def test_one_is_started_on_an_incident_and_told_in_its_log(api: Api, house: House) -> None:
    flow = workflow(api, step("All know", "send-status-update"), step("A room", "create-slack-channel"))
    incident = house.alarm()
    path = f"/incident_workflows/{flow['id']}/instances"
    started = api.request("POST", path, instance(incident.id, id="MINE"), key="alice")
    assert started.status == 201
    told = started["incident_workflow_instance"]
    assert (told["id"], told["type"]) == ("MINE", "incident_workflow_instance")
    assert (told["incident"]["id"], told["incident"]["type"]) == (incident.id, "incident_reference")
    house.advance(SECOND)
    entries = api.get(f"/incidents/{incident.id}/log_entries")["log_entries"]
    said = [one["summary"] for one in reversed(entries) if "orkflow" in one["summary"] or "Step" in one["summary"]]
    assert said == [
        "Alice started the workflow \u201cRespond\u201d through the API",
        "Step \u201cAll know\u201d of \u201cRespond\u201d: a status update was sent",
        "Step \u201cA room\u201d of \u201cRespond\u201d was not done: there is no such action here",
        "The workflow \u201cRespond\u201d is over: 1 step done, 1 not",
    ]
    other = api.post(path, instance(incident.id))["incident_workflow_instance"]["id"]
    assert [one.id for one in house.reads.runs_of(incident.id)][1] == other


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"incident_workflow_instance": {}},
        {"incident_workflow_instance": {"incident": None}},
        {"incident_workflow_instance": {"incident": {}}},
        {"incident_workflow_instance": {"incident": "x"}},
        {"incident_workflow_instance": {"incident": {"id": 5}}},
    ],
)
def test_what_starts_nothing(api: Api, house: House, wrong: Any) -> None:
    flow = workflow(api, step("x"))
    house.alarm()
    assert api.request("POST", f"/incident_workflows/{flow['id']}/instances", wrong).status == 400


def test_where_there_is_none_or_it_is_off(api: Api, house: House) -> None:
    incident, flow = house.alarm(), workflow(api, step("x"), is_enabled=False)
    path = f"/incident_workflows/{flow['id']}/instances"
    off = api.request("POST", path, instance(incident.id))
    assert (off.status, off.errors) == (400, ["the workflow Respond is disabled"])
    assert api.request("POST", "/incident_workflows/PNOBODY/instances", instance(incident.id)).status == 404
    assert api.request("POST", path, instance("QNOBODY")).status == 404
    assert api.request("POST", path, {**instance(incident.id, id="x" * 100)}).status == 400
    assert api.request("POST", path, instance(incident.id), key="mallory").status == 403
    assert house.reads.runs_of(incident.id) == []


def test_a_condition_that_can_not_be_read_is_refused_with_its_column(api: Api, house: House) -> None:
    flow = workflow(api)
    bare = {"trigger_type": "conditional", "workflow": {"id": flow["id"]}, "is_subscribed_to_all_services": True}
    path = "/incident_workflows/triggers"
    wrong: tuple[tuple[Any, str], ...] = (
        ("incident.priority is 'P1'", "column"),
        ("event.summary exists", "column"),
        ("incident.title matches regex '('", "column"),
        ("trigger_count over 5 minutes > 3", "count"),
        ("x" * 5000, "too long"),
        (5, "string"),
    )
    for condition, said in wrong:
        refused = api.request("POST", path, {**bare, "condition": condition})
        assert refused.status == 400, condition
        assert said in refused.errors[0], refused.errors
    assert api.get(path)["triggers"] == []
    manual = {**bare, "trigger_type": "manual", "condition": "incident.title exists"}
    assert api.request("POST", path, manual).errors == ["Condition is allowed for conditional triggers only"]
    for taken in (None, "", "incident.priority matches 'P1' and not incident.urgency matches 'low'"):
        made = api.post(path, {**bare, "condition": taken})["trigger"]
        assert api.get(f"{path}/{made['id']}")["trigger"]["condition"] == taken


def test_no_wrong_value_in_a_trigger_breaks_anything(api: Api, house: House) -> None:
    flow = workflow(api, step("x", "add-notes-to-incident"))
    path = "/incident_workflows/triggers"
    valid = {
        "trigger_type": "conditional",
        "workflow": {"id": flow["id"], "type": "workflow_reference"},
        "services": [{"id": house.service.id}],
        "condition": "incident.priority matches 'P1'",
        "is_disabled": False,
        "permissions": {"restricted": False, "team_id": None},
        "incident_types": ["outage"],
    }
    made = api.post(path, valid)["trigger"]
    counted = dict.fromkeys((200, 400), 0)
    for name, value in valid.items():
        for wrong in mutations(value):
            raw = json.dumps({name: wrong}).encode()
            reply = api.request("PUT", f"{path}/{made['id']}", raw=raw)
            assert reply.status in counted, (name, wrong, reply)
            counted[reply.status] += 1
    house.alarm()
    house.advance(SECOND)
    assert min(counted.values()) > 5
    for missing in ("trigger_type", "workflow"):
        assert api.request("POST", path, {**valid, missing: None}).status == 400
    assert api.request("POST", path, {**valid, "workflow": {"id": "PNOBODY"}}).status == 400


def test_a_change_by_rest_starts_what_waits_for_it(api: Api, house: House) -> None:
    flow = workflow(api, step("Major", "add-notes-to-incident"))
    bare = {"trigger_type": "conditional", "workflow": {"id": flow["id"]}, "services": [{"id": house.service.id}]}
    api.post("/incident_workflows/triggers", {**bare, "condition": "incident.priority matches 'P1'"})
    incident = house.alarm()
    (p1,) = [one for one in api.get("/priorities")["priorities"] if one["name"] == "P1"]
    api.put(f"/incidents/{incident.id}", {"incident": {"priority": {"id": p1["id"], "type": "priority_reference"}}})
    house.advance(SECOND)
    assert [one["content"] for one in api.get(f"/incidents/{incident.id}/notes")["notes"]] == ["Major"]


def test_every_action_in_the_catalogue_is_done_or_says_that_it_is_not(api: Api) -> None:
    undone = [one for one in ACTIONS if not is_known(one.id)]
    assert [one.function for one in undone] == ["create-slack-channel", "incident-workflows-loop-until"]
    assert all("not done here" in one.description for one in undone)
    listed = api.get("/incident_workflows/actions?limit=100")["actions"]
    assert {one["id"] for one in listed} == {one.id for one in ACTIONS}
    newer = "pagerduty.com:incident-workflows:send-status-update:5"
    shown = api.get(f"/incident_workflows/actions/{newer}")["action"]
    assert (shown["id"], shown["version"], shown["name"]) == (newer, 5, "Send Status Update")
    for unknown in ("x", "pagerduty.com:slack:add-note:1", f"{newer}x", "pagerduty.com:incident-workflows:nothing:1"):
        assert api.request("GET", f"/incident_workflows/actions/{unknown}").status == 404


def test_the_body_of_a_call_is_as_receivers_know_it(house: House) -> None:
    call = Call(
        name="Restart",
        url="https://run.example.com/",
        headers=(("X-Key", "s"), ("Host", "evil"), ("content-type", "text/plain"), ("Bad name", "x")),
        parameters=(("host", "db-1"), ("__pd_metadata", "mine")),
    )
    at = house.clock.now()
    delivery = Delivery(
        id="D1",
        number=1,
        subscription_id="call:run.example.com",
        resource_id="Q1",
        event="call",
        event_id="E",
        at=at,
        actor=SYSTEM,
        state=DeliveryState.DUE,
        queued_at=at,
        call=call,
        incident_id="Q1",
    )
    sent = called(delivery, call)
    assert sent.body == b'{"host":"db-1","__pd_metadata":{"incident":{"id":"Q1"}}}'
    assert {name: value for name, value in sent.headers.items() if name.lower() != "user-agent"} == {
        "Content-Type": "application/json; charset=utf-8",
        "X-Webhook-Id": "D1",
        "X-Key": "s",
    }


def test_receivers_are_told_of_the_run(api: Api, house: House) -> None:
    hook = house.save(
        WebhookSubscription(
            id="", url="https://hooks.example.com/", events=("incident.workflow.started", "incident.workflow.completed")
        )
    )
    flow, incident = workflow(api, step("x")), house.alarm()
    api.post(f"/incident_workflows/{flow['id']}/instances", instance(incident.id))
    house.advance(SECOND)
    told = house.reads.deliveries(hook.id).items
    assert [one.event for one in reversed(told)] == ["incident.workflow.started", "incident.workflow.completed"]
    body = event_bytes(told[0], Refs(house.config(), Links("https://x/pagerduty", "https://x"))).decode()
    for part in ('"type":"incident_workflow_instance"', f'"id":"{flow["id"]}"', '"summary":"Respond"', incident.id):
        assert part in body


def test_what_lets_one_in_is_shown_to_those_only_who_may_change_it(api: Api, house: House) -> None:
    inputs = [
        {"name": "URL", "value": "https://x.example/hook/s3cr3t?key=s3cr3t"},
        {"name": "Name", "value": "restart"},
    ]
    inputs += [{"name": "Headers", "value": '{"Authorization": "s3cr3t"}'}]
    hook = {"action_id": "tocsin:incident-workflows:send-webhook:1", "inputs": inputs}
    flow = workflow(api, {"name": "call", "action_configuration": hook}, step("says s3cr3t"))
    api.put(f"/incident_workflows/{flow['id']}", {"incident_workflow": {"team": {"id": house.payments.id}}})
    path = f"/incident_workflows/{flow['id']}?include[]=steps"
    for key in ("root", "carol"):
        steps = api.get(path, key=key)["incident_workflow"]["steps"]
        assert steps[0]["action_configuration"]["inputs"] == inputs
    for key in ("alice", "mallory"):
        steps = api.get(path, key=key)["incident_workflow"]["steps"]
        shown = [one["value"] for one in steps[0]["action_configuration"]["inputs"]]
        assert shown == ["https://x.example/--redacted--", "restart", REDACTED]
        assert "says s3cr3t" in json.dumps(steps[1]), "what it does otherwise is no secret"
    every = "/incident_workflows?include[]=steps"
    assert "key=s3cr3t" not in json.dumps(api.get(every, key="mallory").body)
    assert api.get(path)["incident_workflow"]["steps"][0]["action_configuration"]["inputs"] == inputs


def test_a_rules_web_calls_hide_from_others_what_lets_one_in(api: Api, house: House) -> None:
    call = {
        "name": "restart",
        "url": "https://x.example/hook/s3cr3t",
        "auto_send": True,
        "headers": [{"key": "X-Key", "value": "s3cr3t"}],
        "parameters": [{"key": "host", "value": "{{event.source}}"}],
    }
    rule = {"conditions": [], "actions": {"automation_actions": [call]}}
    body = {"sets": [{"id": "start", "rules": [rule]}], "catch_all": {"actions": {"automation_actions": [call]}}}
    path = f"/event_orchestrations/services/{house.service.id}"
    api.put(path, {"orchestration_path": body}, key="carol")
    hidden = {**call, "url": "https://x.example/--redacted--", "headers": [{"key": "X-Key", "value": REDACTED}]}
    for key, shown in (("root", call), ("carol", call), ("alice", hidden), ("mallory", hidden)):
        found = api.get(path, key=key)["orchestration_path"]
        for acts in (found["sets"][0]["rules"][0]["actions"], found["catch_all"]["actions"]):
            assert acts["automation_actions"] == [shown], key
