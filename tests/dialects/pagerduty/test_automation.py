"""Workflows, triggers, automation actions, runners, enablements, standards: as Terraform writes and reads them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.directory.model import Service
from tocsin.events.orchestration import Orchestration
from tocsin.kernel.time import SECOND


def step(name: str, action: str = "send-status-update", **more: Any) -> dict[str, Any]:
    inputs = [{"name": "Message", "value": name}]
    action_id = f"pagerduty.com:incident-workflows:{action}:1"
    return {"name": name, "action_configuration": {"action_id": action_id, "inputs": inputs}, **more}


def workflow(api: Api, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"name": "Respond", "description": "Managed by Terraform", "steps": list(steps), **more}
    made: dict[str, Any] = api.post("/incident_workflows", {"incident_workflow": body})["incident_workflow"]
    return made


def test_steps_keep_their_order_and_their_ids(api: Api) -> None:
    inner = [{"name": "Steps", "value": {"steps": [step("Inner")]}}]
    first = step("First")
    first["action_configuration"]["inline_steps_inputs"] = inner
    made = workflow(api, first, step("Second"), step("Second"))
    path = f"/incident_workflows/{made['id']}"
    assert (made["type"], made["is_enabled"], made["team"]) == ("incident_workflow", True, None)
    ids = [one["id"] for one in made["steps"]]
    assert len(set(ids)) == 3
    assert [one["name"] for one in made["steps"]] == ["First", "Second", "Second"]
    assert made["steps"][0]["action_configuration"]["inline_steps_inputs"] == inner
    sent = [made["steps"][2], step("New"), made["steps"][0]]
    changed = api.put(path, {"incident_workflow": {"steps": sent, "is_enabled": False}})["incident_workflow"]
    assert [one["id"] for one in changed["steps"]][::2] == [ids[2], ids[0]]
    assert len({one["id"] for one in changed["steps"]}) == 3
    assert changed["is_enabled"] is False
    assert api.get(f"{path}?include[]=steps")["incident_workflow"] == changed
    assert api.put(path, {"incident_workflow": {"name": "Other"}})["incident_workflow"]["steps"] == changed["steps"]
    assert [one["id"] for one in api.get("/incident_workflows?query=other")["incident_workflows"]] == [made["id"]]


BRIDGE = "pagerduty.com:incident-workflows:add-conference-bridge:5"
STATUS = "pagerduty.com:incident-workflows:send-status-update:1"
LOOP = "pagerduty.com:logic:incident-workflows-loop-until:2"
OVERWRITE = "Overwrite existing conference bridge"


@pytest.mark.parametrize(
    ("action_id", "given", "kept"),
    [
        (
            BRIDGE,
            [("Conference URL", "https://x.example.com"), ("Conference Number", "+1")],
            [("Conference Number", "+1"), ("Conference URL", "https://x.example.com"), (OVERWRITE, "No")],
        ),
        (BRIDGE, [("Mine", "x"), (OVERWRITE, "Yes")], [(OVERWRITE, "Yes"), ("Mine", "x")]),
        (BRIDGE, [("overwrite_existing-conference bridge", "Yes")], [("overwrite_existing-conference bridge", "Yes")]),
        (LOOP, [("Condition", "c")], [("Condition", "c"), ("Maximum loops", "20")]),
        (LOOP, [("Maximum loops", "3")], [("Maximum loops", "3")]),
        (BRIDGE, [("Maximum loops", "20"), (OVERWRITE, "Yes")], [(OVERWRITE, "Yes")]),
        (STATUS, [(OVERWRITE, "No"), ("Message", "m"), ("maximum_loops", "20")], [("Message", "m")]),
        ("example.com:mine:loop:1", *[[("Maximum loops", "20")]] * 2),
        ("pagerduty.com:incident-workflows:add-responders:1", *[[("Message", "m"), ("Responders", "r")]] * 2),
        ("example.com:incident-workflows:add-conference-bridge:1", *[[("Conference Number", "+1")]] * 2),
    ],
)
def test_inputs_that_a_step_leaves_out_say_what_pagerduty_says(api: Api, action_id: str, given: Any, kept: Any) -> None:
    inputs = [{"name": name, "value": text} for name, text in given]
    one = {"name": "S", "action_configuration": {"action_id": action_id, "inputs": inputs}}
    made = workflow(api, one)["steps"][0]["action_configuration"]["inputs"]
    assert [(one["name"], one["value"]) for one in made] == kept


def test_the_catalogue_says_what_an_input_says_by_itself(api: Api) -> None:
    shown = api.get(f"/incident_workflows/actions/{LOOP}")["action"]
    assert (shown["id"], shown["package_name"], shown["version"]) == (LOOP, "logic", 2)
    defaults = [(one["name"], one.get("default_value")) for one in shown["inputs"]]
    assert defaults == [("Condition", None), ("Delay between loops", None), ("Maximum loops", "20")]


@pytest.mark.parametrize(
    "wrong",
    [
        [{}],
        [{"name": "x"}],
        [{"name": "x", "action_configuration": {}}],
        [{"name": "x", "action_configuration": {"action_id": "a", "inputs": 5}}],
        [{"name": "x", "action_configuration": {"action_id": "a", "inputs": [5]}}],
        [5],
        [step("x")] * 101,
    ],
)
def test_what_no_step_can_be(api: Api, wrong: Any) -> None:
    body = {"incident_workflow": {"name": "Respond", "steps": wrong}}
    assert api.request("POST", "/incident_workflows", body).status == 400


def test_a_trigger_comes_bare_and_is_answered_wrapped(api: Api, house: House) -> None:
    path = "/incident_workflows/triggers"
    flow = workflow(api)
    bare = {
        "trigger_type": "conditional",
        "workflow": {"id": flow["id"]},
        "services": [{"id": house.service.id, "type": "service_reference"}],
        "condition": "incident.priority matches 'P1'",
    }
    made = api.post(path, bare)["trigger"]
    assert (made["type"], made["trigger_type"], made["condition"]) == (
        "workflow_trigger",
        "conditional",
        bare["condition"],
    )
    assert (made["workflow"]["id"], made["workflow"]["type"]) == (flow["id"], "workflow_reference")
    assert [(one["id"], one["type"]) for one in made["services"]] == [(house.service.id, "service")]
    assert made["is_subscribed_to_all_services"] is False
    each = f"{path}/{made['id']}"
    everywhere = api.put(each, {"is_subscribed_to_all_services": True})["trigger"]
    assert (everywhere["services"], everywhere["is_subscribed_to_all_services"]) == ([], True)
    some = api.put(each, {"services": [{"id": house.service.id}]})["trigger"]
    assert ([one["id"] for one in some["services"]], some["is_subscribed_to_all_services"]) == (
        [house.service.id],
        False,
    )
    assert api.put(each, {"condition": ""})["trigger"]["condition"] == ""
    assert api.request("PUT", each, {"trigger_type": "manual"}).status == 400
    less = api.delete(f"{each}/services/{house.service.id}")["trigger"]
    assert less["services"] == []
    assert api.request("DELETE", f"{each}/services/{house.service.id}").status == 404
    more = api.request("POST", f"{each}/services", {"service": {"id": house.service.id}})
    assert (more.status, [one["id"] for one in more["trigger"]["services"]]) == (201, [house.service.id])
    assert made["permissions"] == {"restricted": False, "team_id": None}, "also when none came"
    permissions = {"restricted": True, "team_id": house.payments.id}
    manual = {"trigger_type": "manual", "workflow": {"id": flow["id"]}, "permissions": permissions}
    assert api.post(path, manual)["trigger"]["permissions"] == permissions
    for query, count in (
        (f"workflow_id={flow['id']}", 2),
        (f"service_id={house.service.id}", 1),
        ("trigger_type=manual", 1),
        ("workflow_id=PNOBODY", 0),
    ):
        assert len(api.get(f"{path}?{query}")["triggers"]) == count, query
    api.delete(f"/incident_workflows/{flow['id']}")
    assert api.get(path)["triggers"] == [], "triggers go with their workflow"


def test_triggers_of_a_team_s_workflow_are_the_team_s(api: Api, house: House) -> None:
    flow = workflow(api, team={"id": house.payments.id})
    bare = {"trigger_type": "manual", "workflow": {"id": flow["id"]}}
    assert api.request("POST", "/incident_workflows/triggers", bare, key="mallory").status == 403
    made = api.post("/incident_workflows/triggers", bare, key="carol")["trigger"]
    assert api.request("DELETE", f"/incident_workflows/triggers/{made['id']}", key="mallory").status == 403


def test_cursors_lead_through_the_whole_list(api: Api) -> None:
    flow = workflow(api)
    ids = set()
    for _ in range(5):
        ids.add(api.post("/incident_workflows/triggers", {"trigger_type": "manual", "workflow": flow})["trigger"]["id"])
    for parameter, key in (("cursor", "next_cursor"), ("page_token", "next_page_token")):
        found: list[str] = []
        cursor = ""
        while cursor is not None:
            page = api.get(f"/incident_workflows/triggers?limit=2&{parameter}={cursor}").body
            found += [one["id"] for one in page["triggers"]]
            assert page["limit"] == 2
            cursor = page[key]
        assert (len(found), set(found)) == (5, ids)
    names = [one["name"] for one in api.get("/incident_workflows/actions?keyword=status")["actions"]]
    assert names == ["Send Status Update"]
    one = "pagerduty.com:incident-workflows:send-status-update:1"
    assert api.get(f"/incident_workflows/actions/{one}")["action"]["id"] == one


def test_actions_name_their_runner_and_are_associated(api: Api, house: House) -> None:
    sent = {"name": "R", "description": "d", "runner_type": "runbook", "runbook_base_uri": "x", "runbook_api_key": "k"}
    runner = api.post("/automation_actions/runners", {"runner": sent})["runner"]
    assert "runbook_api_key" not in runner
    assert (runner["runbook_base_uri"], runner["type"], runner["last_seen"]) == ("x", "runner", None)
    assert runner["creation_time"]
    body = {
        "name": "Restart",
        "description": "d",
        "action_type": "process_automation",
        "runner": runner["id"],
        "action_data_reference": {"process_automation_job_id": "j"},
    }
    made = api.post("/automation_actions/actions", {"action": body})["action"]
    assert (made["runner"], made["runner_type"], made["action_classification"]) == (runner["id"], "runbook", None)
    assert made["action_data_reference"] == body["action_data_reference"]
    assert (made["allow_invocation_manually"], made["map_to_all_services"]) == (True, False)
    path = f"/automation_actions/actions/{made['id']}"
    assert (
        api.get(f"/automation_actions/runners/{runner['id']}")["runner"]["associated_actions"]["actions"][0]["id"]
        == (made["id"])
    )
    for kind, thing_id in (("service", house.service.id), ("team", house.payments.id)):
        each = f"{path}/{kind}s"
        added = api.request("POST", each, {kind: {"id": thing_id, "type": f"{kind}_reference"}})
        assert (added.status, added[kind]["id"]) == (201, thing_id)
        assert api.get(f"{each}/{thing_id}")[kind]["id"] == thing_id
        assert [one["id"] for one in api.get(each)[f"{kind}s"]] == [thing_id]
        assert api.request("POST", each, {kind: {"id": "PNOBODY"}}).status == 400
        assert len(api.get(f"/automation_actions/actions?{kind}_id={thing_id}")["actions"]) == 1
        api.delete(f"{each}/{thing_id}")
        assert api.request("GET", f"{each}/{thing_id}").status == 404
    assert api.request("PUT", path, {"action": {"action_type": "script"}}).status == 400
    api.delete(f"/automation_actions/runners/{runner['id']}")
    assert api.get(path)["action"]["runner"] is None
    sorts = [
        api.post("/automation_actions/actions", {"action": {**body, "runner": None, "action_classification": one}})
        for one in ("remediation", "a word of their own")
    ]
    assert [one["action"]["action_classification"] for one in sorts] == ["remediation", "a word of their own"]


def test_features_are_on_until_they_are_switched_off(api: Api, house: House) -> None:
    orchestration = house.save(Orchestration(id="", name="Routes", team_id=house.payments.id))
    for thing in (f"/services/{house.service.id}", f"/event_orchestrations/{orchestration.id}"):
        path = f"{thing}/enablements"
        assert [(one["feature"], one["enabled"]) for one in api.get(path)["enablements"]] == [("aiops", True)]
        for enabled in (False, True, False):
            reply = api.put(f"{path}/aiops", {"enablement": {"feature": "aiops", "enabled": enabled}}).body
            assert reply["enablement"]["enabled"] is enabled
            assert reply["enablements"] == [reply["enablement"]]
            assert reply["warnings"] == []
            assert api.get(path)["enablements"][0]["enabled"] is enabled
        assert api.request("PUT", f"{path}/other", {"enablement": {"enabled": True}}).status == 404
        for wrong in ({}, {"enabled": "yes"}, {"enabled": None}):
            assert api.request("PUT", f"{path}/aiops", {"enablement": wrong}).status == 400
    house.advance(SECOND)
    api.delete(f"/services/{house.service.id}")
    assert [one.parent_id for one in house.config().kept_of["enablement"]] == [orchestration.id]


def test_standards_are_judged_by_what_services_are(api: Api, house: House) -> None:
    bare = house.save(Service(id="", name="Bare", policy_id=house.policy.id))
    path = "/standards/scores/technical_services"
    every = api.get(f"{path}?ids={house.service.id}&ids={bare.id}")["resources"]
    scores = {one["resource_id"]: one["score"] for one in every}
    assert scores == {house.service.id: {"passing": 2, "total": 3}, bare.id: {"passing": 1, "total": 3}}
    api.put(f"/services/{bare.id}", {"service": {"description": "Something"}})
    assert api.get(f"{path}/{bare.id}")["score"] == {"passing": 2, "total": 3}
    listed = api.get("/standards?active=true&resource_type=technical_service")["standards"]
    assert len(listed) == 3
    last = listed[2]["id"]
    excluded = {"exclusions": [{"id": bare.id, "type": "technical_service_reference"}]}
    assert api.put(f"/standards/{last}", excluded).body["exclusions"] == excluded["exclusions"]
    assert api.get(f"{path}/{bare.id}")["score"] == {"passing": 2, "total": 2}
    api.put(f"/standards/{listed[0]['id']}", {"active": False})
    assert len(api.get("/standards?active=true")["standards"]) == 2
    assert api.get(f"{path}/{house.service.id}")["score"]["total"] == 2
    assert api.request("GET", path).status == 400
    assert api.request("GET", f"/standards/scores/teams/{bare.id}").status == 404


def test_what_many_change_at_once_is_all_there(api: Api, house: House) -> None:
    """Terraform associates and sets values in parallel: nobody overwrites what another has just written."""
    services = [house.save(Service(id="", name=f"S{number}", policy_id=house.policy.id)).id for number in range(8)]
    sent = {"name": "A", "action_type": "script", "action_data_reference": {"script": "true"}}
    path = f"/automation_actions/actions/{api.post('/automation_actions/actions', {'action': sent})['action']['id']}"
    for number in range(8):
        body = {"name": f"f{number}", "display_name": "F", "data_type": "integer", "field_type": "single_value"}
        api.post("/services/custom_fields", {"field": body})
    values = f"/services/{house.service.id}/custom_fields/values"

    def write(number: int) -> None:
        with closing(Api(house)) as client:
            client.post(f"{path}/services", {"service": {"id": services[number]}})
            client.put(values, {"custom_fields": [{"name": f"f{number}", "value": number}]})

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write, number) for number in range(8)]:
            done.result(60)
    assert {one["id"] for one in api.get(f"{path}/services")["services"]} == set(services)
    assert {one["value"] for one in api.get(values)["custom_fields"]} == set(range(8))
