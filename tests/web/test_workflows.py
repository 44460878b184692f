"""The page of workflows, and what can be run on an incident: without scripts, once, and only by whom it is for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.web import defined_scene
from tests.web.defined_scene import starts, workflow, workflow_step
from tests.web.place import Place
from tests.web.test_hostile_text import ZOO
from tests.web.test_incident_pages import words
from tests.web.typed_forms import filled
from tocsin.directory.model import Role, Team
from tocsin.events.orchestration import START, Actions, Call, OrchestrationPath, OrchestrationRule, PathKind, RuleSet
from tocsin.incidents.messages import NoteAdded
from tocsin.kernel.time import SECOND
from tocsin.runtime.reads import TimelineFilter


@pytest.fixture
def ready(place: Place) -> Place:
    """A workflow for people to start, and an incident to start it on."""
    flow = workflow(place, "Respond", workflow_step("Say so", "add-note", note="on it"))
    starts(place, flow, "manual")
    place.alarm("PaymentsService", "a", "Payments fail")
    return place


def flow_id(place: Place) -> str:
    return next(iter(place.desk.config().workflows.workflows))


def notes(place: Place) -> list[str]:
    entries = place.desk.reads.timeline(TimelineFilter(incident_id=place.incident(1).id), limit=500).items
    return [one.fact.text for one in entries if isinstance(one.fact, NoteAdded)]


def test_the_page_says_what_each_does_when_and_how_it_went(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    flow = workflow(
        place,
        "Major",
        workflow_step("Say so", "add-note", note="on it"),
        workflow_step("A room", "create-slack-channel"),
        description="Whenever it is grave.",
    )
    starts(place, flow, "conditional", condition="incident.priority matches 'P1'")
    starts(place, flow, "conditional", services=[service.id], is_subscribed_to_all_services=False)
    starts(place, flow, "manual", permissions={"restricted": True, "team_id": place.team.id})
    starts(place, flow, "incident_type", incident_types=["security", "outage"], is_disabled=True)
    workflow(place, "Empty", is_enabled=False)
    place.alarm("PaymentsService", "a")
    place.desk.advance(SECOND)
    told = words(place.client("alice").get("/workflows").text)
    for part in (
        "Major Whenever it is grave.",
        'When priority is "P1", on incidents of any service:',
        "When an incident of PaymentsService is opened:",
        "By hand, on incidents of any service, by Payments only:",
        "When an incident of any service becomes one of the type outage and security (switched off):",
        "Say so A room – not done here: there is no such action",
        "1 of 2 steps not done #1 by itself",
        "Empty Switched off Nothing starts it but a program. It has no steps. It has not run yet.",
    ):
        assert part in told, (part, told)


def test_nobody_sees_what_is_not_theirs(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Others"))
    workflow(place, "Secret plan", team_ids=(other.id,))
    flow = workflow(place, "Open to all", workflow_step("x", "add-note", note="x"))
    starts(place, flow, "conditional")
    place.alarm("PaymentsService", "a")
    place.desk.advance(SECOND)
    place.person("rita", Role.RESTRICTED)
    assert "Secret plan" in place.client("erin").get("/workflows").text
    told = place.client("rita").get("/workflows").text
    assert "Secret plan" not in told
    assert "Open to all" not in told


def test_it_is_started_on_the_incident_and_only_once(ready: Place) -> None:
    client = ready.client("alice")
    html = client.get("/incidents/1").text
    once = re.search(r'action="/incidents/1/workflow">.*?name="once" value="([^"]+)"', html, re.DOTALL)
    assert once is not None
    for _ in range(2):
        sent = client.act("/incidents/1/workflow", workflow=flow_id(ready), once=once[1])
        assert (sent.status_code, sent.headers["location"]) == (303, "/incidents/1")
    ready.desk.advance(SECOND)
    assert notes(ready) == ["on it"]
    told = words(client.get("/incidents/1").text)
    assert "Alice started the workflow “Respond”" in told
    assert "The workflow “Respond” is over: 1 step done" in told
    assert "The workflow runs." in told


def test_it_is_offered_to_whom_it_is_for(ready: Place) -> None:
    only: Team = ready.desk.save(Team(id="", name="Others"))
    flow = workflow(ready, "For others", workflow_step("x", "add-note", note="x"))
    starts(ready, flow, "manual", permissions={"restricted": True, "team_id": only.id})
    by_itself = workflow(ready, "By itself", workflow_step("x", "add-note", note="x"))
    starts(ready, by_itself, "conditional", condition="incident.priority matches 'P1'")
    html = ready.client("alice").get("/incidents/1").text
    assert "Respond" in html
    assert "For others" not in html
    assert "By itself" not in html
    assert "For others" in ready.client("erin").get("/incidents/1").text
    refused = ready.client("alice").act("/incidents/1/workflow", workflow=flow.id)
    assert refused.status_code == 403
    assert "/incidents/1/workflow" not in ready.client("mallory").get("/incidents/1").text
    assert ready.client("mallory").act("/incidents/1/workflow", workflow=flow_id(ready)).status_code == 403
    for wrong in ("", "PNOBODY", "x" * 5000):
        assert ready.client("alice").act("/incidents/1/workflow", workflow=wrong).status_code in (400, 422)
    assert notes(ready) == []


def test_a_webhook_that_a_rule_offers_is_a_button(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    calls = (
        Call(name="By itself", url="https://run.example.com/a", auto_send=True),
        Call(name="Restart it", url="https://run.example.com/restart?key=secret"),
    )
    rule = OrchestrationRule(id="r", actions=Actions(calls=calls))
    path = OrchestrationPath(parent_id=service.id, kind=PathKind.SERVICE, sets=(RuleSet(id=START, rules=(rule,)),))
    place.desk.save(path)
    place.alarm("PaymentsService", "a", "Payments fail")
    client = place.client("alice")
    html = client.get("/incidents/1").text
    assert "secret" not in html
    told = words(html)
    assert "Restart it run.example.com, for Payments fail" in told
    assert "The webhook “By itself” is on its way to run.example.com" in told
    button = re.search(r'name="call" value="([^"]+)"', html)
    assert button is not None
    assert client.act("/incidents/1/webhook", call=button[1], once="n").status_code == 303
    assert "Alice sent the webhook “Restart it” to run.example.com" in words(client.get("/incidents/1").text)
    wrong: Any
    for wrong in ("", "x", "a:b", f"{button[1]}0", "1:999999999999"):
        assert client.act("/incidents/1/webhook", call=wrong).status_code in (404, 422), wrong


@pytest.mark.parametrize("text", ZOO)
def test_names_are_only_names(ready: Place, text: str) -> None:
    name = "".join(letter for letter in text if letter.isprintable()).strip()[:200]
    flow = workflow(ready, name, workflow_step(name, "add-note", note=name), description=text[:2000])
    starts(ready, flow, "manual")
    for path in ("/workflows", "/incidents/1"):
        html = ready.client("alice").get(path).text
        assert "<script>alert" not in html
        assert html.count("<html") == 1


def test_the_scene_holds_all_of_it(tmp_path: Any) -> None:
    place = defined_scene.defined(tmp_path)
    told = words(place.client("erin").get(f"/incidents/{defined_scene.places(place)['ran']}").text)
    for part in ("meet.example.com", "Run workflow", "Send webhook", "Major incident", "was not done"):
        assert part in told
    place.close()


# -- changing one


def test_one_is_renamed_switched_and_removed(place: Place) -> None:
    flow = workflow(
        place, "Respond", workflow_step("Say so", "add-note", note="on it"), description="Old", extra="kept"
    )
    starts(place, flow, "manual")
    browser = place.client("erin")
    html = browser.get(f"/workflows?change={flow.id}").text
    assert 'value="Respond"' in html
    assert browser.act(f"/workflows/{flow.id}/save", name=" ", description="New").status_code == 422
    assert browser.act(f"/workflows/{flow.id}/save", name="Answer", description="New").status_code == 303
    now = place.desk.config().workflows.workflows[flow.id]
    assert (now.name, now.description, now.enabled) == ("Answer", "New", False)
    assert [step.name for step in now.steps] == ["Say so"], "its steps stay"
    assert json.loads(place.desk.config().kept[flow.id].wire)["extra"] == "kept"
    browser.act(f"/workflows/{flow.id}/save", name="Answer", description="New", enabled="1")
    (trigger,) = place.desk.config().workflows.triggers_of[flow.id]
    browser.act(f"/workflows/{flow.id}/switch", trigger=trigger.id, to="off")
    assert place.desk.config().workflows.triggers_of[flow.id][0].disabled
    assert flow.id not in place.desk.config().workflows.by_hand
    browser.act(f"/workflows/{flow.id}/switch", trigger=trigger.id, to="on")
    assert flow.id in place.desk.config().workflows.by_hand
    browser.act(f"/workflows/{flow.id}/trigger-remove", trigger=trigger.id)
    assert flow.id not in place.desk.config().workflows.triggers_of
    assert browser.act(f"/workflows/{flow.id}/remove", typed="Respond").status_code == 422
    assert browser.act(f"/workflows/{flow.id}/remove", typed="Answer").headers["location"] == "/workflows"
    assert flow.id not in place.desk.config().kept


def test_what_starts_it_is_added_and_acts(place: Place) -> None:
    service = place.services["PaymentsService"][0]
    flow = workflow(place, "Respond", workflow_step("Say so", "add-note", note="on it"), team_ids=(place.team.id,))
    browser, address = place.client("carol"), f"/workflows/{flow.id}/trigger"
    wrong = browser.act(address, kind="conditional", condition="incident.priority matches", service=service.id)
    assert wrong.status_code == 422
    assert "The condition can’t be read: column" in wrong.text
    assert "incident.priority matches" in wrong.text
    assert browser.act(address, kind="conditional", condition="", service="").status_code == 403, "on every service"
    assert browser.act(address, kind="conditional", service=service.id, condition="incident.title matches part 'pay'",
                       ).status_code == 303  # fmt: skip
    place.alarm("PaymentsService", "a", "I can't pay")
    place.desk.advance(SECOND)
    assert notes(place) == ["on it"]
    assert browser.act(address, kind="manual", service="", team=place.team.id).status_code == 303
    told = words(browser.get("/workflows").text)
    assert "By hand, on incidents of any service, by Payments only:" in told
    assert 'When title contains "pay", on incidents of PaymentsService:' in told


def test_who_may_change_one(place: Place) -> None:
    other: Team = place.desk.save(Team(id="", name="Others"))
    flow = workflow(place, "Respond", workflow_step("x", "add-note", note="x"), team_ids=(other.id,))
    mine = workflow(place, "Mine", workflow_step("x", "add-note", note="x"), team_ids=(place.team.id,))
    starts(place, flow, "manual")
    (trigger,) = place.desk.config().workflows.triggers_of[flow.id]
    for who in ("alice", "carol", "mallory"):
        browser = place.client(who)
        assert "Change <bdi>Respond" not in browser.get(f"/workflows?change={flow.id}").text
        forms = [("save", {"name": "x"}), ("remove", {"typed": "Respond"}), ("trigger", {"kind": "manual"})]
        for action, fields in [*forms, ("switch", {"trigger": trigger.id, "to": "off"})]:
            assert browser.act(f"/workflows/{flow.id}/{action}", **fields).status_code == 403, (who, action)
    taken = place.client("carol").act(f"/workflows/{mine.id}/switch", trigger=trigger.id, to="off")
    assert taken.status_code == 404, "a trigger is changed at its own workflow"
    assert not place.desk.config().workflows.triggers_of[flow.id][0].disabled


# -- its steps


def steps(place: Place, flow_id: str) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    return [(one.name, one.action, one.inputs) for one in place.desk.config().workflows.workflows[flow_id].steps]


def test_a_workflow_is_made_and_given_steps_that_act(place: Place) -> None:
    browser = place.client("erin")
    answer = browser.act("/workflows", name="Major", team=place.team.id)
    (flow,) = place.desk.config().workflows.workflows.values()
    assert answer.headers["location"] == f"/workflows?change={flow.id}#form"
    assert (flow.name, flow.team_ids, flow.steps) == ("Major", (place.team.id,), ())
    here = f"/workflows/{flow.id}"
    note = next(one.id for one in place.site.actions if one.name == "Add Notes to Incident")
    form = browser.get(f"/workflows?change={flow.id}&action={note}").text.partition('id="step"')[2]
    typed = filled('<form id="step"' + form.partition("</form>")[0] + "</form>")
    assert typed["name"] == "Add Notes to Incident"
    refused = browser.act(f"{here}/step", **(typed | {"name": "Say so"}))
    assert refused.status_code == 422
    assert "Fill in: Note" in refused.text
    assert 'value="Say so"' in refused.text, "what was typed stays"
    browser.act(f"{here}/step", **(typed | {"name": "Say so", "input-0": "on {{incident.title}}"}))
    urgency = next(one.id for one in place.site.actions if one.name == "Change Urgency")
    browser.act(f"{here}/step", action=urgency, name="Quietly", **{"input-0": "low"})
    assert steps(place, flow.id) == [
        ("Say so", note, (("Note", "on {{incident.title}}"),)),
        ("Quietly", urgency, (("Urgency", "low"),)),
    ]
    first = place.desk.config().workflows.workflows[flow.id].steps[0]
    browser.act(f"{here}/step-move", step=first.id, to="down")
    assert [name for name, _, _ in steps(place, flow.id)] == ["Quietly", "Say so"]
    html = browser.get(f"/workflows?change={flow.id}&step={first.id}").text
    assert "on {{incident.title}}" in html
    browser.act(f"{here}/step", step=first.id, action=note, name="Say so", **{"input-0": "on it"})
    starts(place, place.desk.config().kept[flow.id], "conditional")
    place.alarm("PaymentsService", "a")
    place.desk.advance(SECOND)
    assert notes(place) == ["on it"]
    assert place.incident(1).urgency == "low"
    browser.act(f"{here}/step-remove", step=first.id)
    assert [name for name, _, _ in steps(place, flow.id)] == ["Quietly"]
    assert browser.act(f"{here}/step-remove", step=first.id).status_code == 404


def test_what_a_program_put_into_a_step_stays(place: Place) -> None:
    step = workflow_step("Say so", "add-notes-to-incident", note="old") | {"description": "kept"}
    flow = workflow(place, "Major", step)
    browser = place.client("erin")
    action = step["action_configuration"]["action_id"]
    seen = str(place.desk.config().kept[flow.id].updated_at)
    browser.act(
        f"/workflows/{flow.id}/step", step="Say so", action=action, name="Say it", **{"input-0": "new"}, seen=seen
    )
    (stored,) = json.loads(place.desk.config().kept[flow.id].wire)["steps"]
    assert (stored["name"], stored["description"], stored["id"]) == ("Say it", "kept", "Say so")
    assert stored["action_configuration"]["inputs"] == [{"name": "Note", "value": "new"}]
    late = browser.act(f"/workflows/{flow.id}/step-remove", step="Say so", seen=seen)
    assert late.status_code == 409, "somebody changed it meanwhile"
    assert len(steps(place, flow.id)) == 1


def test_only_steps_that_do_something_are_offered(place: Place) -> None:
    flow = workflow(place, "Major")
    html = place.client("erin").get(f"/workflows?change={flow.id}").text
    assert "Send Status Update" in html
    assert "Slack" not in html
    assert place.client("mallory").act("/workflows", name="Mine").status_code == 403
    assert "New workflow" not in place.client("mallory").get("/workflows").text
