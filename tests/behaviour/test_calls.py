"""Promise: web addresses that rules want called are called once for an alert, tried again, and told on the timeline."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tests.behaviour.test_workflows import step, workflow
from tocsin.deliveries.messages import CallEnded, CallMade, MakeCall
from tocsin.deliveries.model import Delivery
from tocsin.engine import on_calls
from tocsin.events.evaluate import CALL_CHARS
from tocsin.events.model import Action
from tocsin.events.orchestration import START, Actions, Call, OrchestrationPath, OrchestrationRule, PathKind, RuleSet
from tocsin.incidents.messages import AddNote, IncidentTriggered
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound
from tocsin.kernel.limits import CALL_PAIRS, FILLED_CHARS, NAME_CHARS
from tocsin.testing.world import World, as_user
from tocsin.workflows.messages import StartWorkflow, StepEnded
from tocsin.workflows.model import Outcome

HOOK = "https://run.example.com/restart"


def rules(world: World, cast: Cast, *calls: Call, **more: Any) -> None:
    """The service's rule for every event."""
    rule = OrchestrationRule(id="r1", actions=Actions(calls=calls, **more))
    world.save(
        OrchestrationPath(
            parent_id=cast.service.id, kind=PathKind.SERVICE, sets=(RuleSet(id=START, rules=(rule,)),), active=True
        )
    )


def call(name: str = "Restart", **more: Any) -> Call:
    return Call(**{"name": name, "url": HOOK, "auto_send": True, **more})


def brought(world: World) -> list[Call]:
    return [one.call for _, one in world.couriers.brought if one.call is not None]


def test_it_is_sent_with_the_incident_and_told_twice(world: World, cast: Cast) -> None:
    rules(world, cast, call(headers=(("X-Key", "s"),), parameters=(("host", "{{event.source}}"),)))
    world.event(cast.monitor)
    world.event(cast.monitor)  # again: it is the same alert
    (sent,) = brought(world)
    assert (sent.url, sent.headers, sent.parameters) == (HOOK, (("X-Key", "s"),), (("host", "db-1"),))
    incident = world.incident()
    assert {one.incident_id for _, one in world.couriers.brought} == {incident.id}
    (made,), (ended,) = world.facts(CallMade), world.facts(CallEnded)
    assert (made.incident_id, made.name, made.host) == (incident.id, "Restart", "run.example.com")
    assert (ended.incident_id, ended.delivered, ended.detail) == (incident.id, True, "the receiver says 202")


def test_each_alert_of_an_incident_has_its_own(world: World, cast: Cast) -> None:
    world.save(
        cast.service.__class__(id=cast.service.id, name="Checkout", policy_id=cast.policy.id, group_seconds=0),
        "group_seconds",
    )
    rules(world, cast, call(parameters=(("key", "{{event.dedup_key}}"),)))
    world.event(cast.monitor, "a")
    world.event(cast.monitor, "b")
    assert [one.parameters for one in brought(world)] == [(("key", "a"),), (("key", "b"),)]


def test_a_dead_receiver_is_tried_again_and_given_up_aloud(world: World, cast: Cast) -> None:
    def judge(_delivery: Delivery) -> int | None:
        return None

    rules(world, cast, call())
    world.couriers.judge = judge
    world.event(cast.monitor)
    world.advance(minutes=1)
    tries = len(brought(world))
    assert tries > 2
    world.crash()
    world.advance(minutes=49 * 60)
    assert len(brought(world)) > tries
    (ended,) = world.facts(CallEnded)
    assert not ended.delivered
    assert "48 hours" in ended.detail
    world.couriers.judge = lambda _delivery: 404
    world.event(cast.monitor, "other")
    assert [one.delivered for one in world.facts(CallEnded)] == [False, False]


def test_what_is_behind_a_dead_receiver_is_only_what_is_for_it(world: World, cast: Cast) -> None:
    rules(
        world,
        cast,
        call("Dead", url="https://dead.example.com/"),
        call("Dead too", url="https://dead.example.com/2"),
        call(),
    )
    world.couriers.judge = lambda delivery: None if delivery.call and "dead" in delivery.call.url else 202
    world.event(cast.monitor)
    assert sorted(one.name for one in brought(world)) == ["Dead", "Restart"], "the second waits for the first"
    world.couriers.judge = lambda _delivery: 200
    world.advance(minutes=1)
    assert [one.name for one in world.facts(CallEnded)] == ["Restart", "Dead", "Dead too"]


def test_on_other_occasions_it_is_sent_only_when_that_is_wanted(world: World, cast: Cast) -> None:
    rules(
        world,
        cast,
        call("When it pages"),
        call("When it is suppressed", trigger_types=(on_calls.SUPPRESSED,)),
        call("When it waits", trigger_types=(on_calls.SUSPENDED, on_calls.TRIGGERED)),
        suppress=True,
    )
    world.event(cast.monitor, "a")
    assert [one.name for one in brought(world)] == ["When it is suppressed"]
    assert world.facts(IncidentTriggered) == []
    assert [one.incident_id for one in world.facts(CallEnded)] == [""]


def test_what_waits_has_it_sent_at_once_and_when_it_pages(world: World, cast: Cast) -> None:
    rules(world, cast, call("Both", trigger_types=(on_calls.SUSPENDED, on_calls.TRIGGERED)), suspend_seconds=60)
    world.event(cast.monitor, "a")
    world.event(cast.monitor, "b")
    world.event(cast.monitor, "b", Action.RESOLVE)
    assert len(brought(world)) == 2
    world.advance(minutes=2)
    assert len(brought(world)) == 3


def test_one_that_is_offered_is_sent_when_somebody_wants_it(world: World, cast: Cast) -> None:
    rules(world, cast, call("By itself"), call("On demand", auto_send=False))
    world.event(cast.monitor)
    incident = world.incident()
    (alert,) = world.records().alerts
    assert [one.name for one in brought(world)] == ["By itself"]
    for place, alert_id in ((0, alert.id), (2, alert.id), (1, "nobody")):
        with pytest.raises(NotFound):
            world.does(cast.alice, MakeCall, alert_id=alert_id, place=place)
    with pytest.raises(NotAllowed):
        world.does(cast.mallory, MakeCall, alert_id=alert.id, place=1)
    world.does(cast.alice, MakeCall, alert_id=alert.id, place=1)
    assert [one.name for one in brought(world)] == ["By itself", "On demand"]
    by = [one.actor for one in world.timeline(incident.id) if isinstance(one.fact, CallMade)]
    assert by[1] == as_user(cast.alice)
    world.does(cast.alice, AddNote, text="done")


def test_what_a_monitor_says_becomes_no_parameter_of_its_own(world: World, cast: Cast) -> None:
    sly = 'x", "admin": "yes'
    parameters = json.dumps({"title": "{{incident.title}}", "fixed": 5})
    hook = step("send-webhook", name="hook", url=HOOK + "?x={{incident.title}}", parameters=parameters)
    good = step("send-webhook", "good", url=HOOK, headers='[{"key": "X-A", "value": "b"}]', parameters=parameters)
    flow = workflow(
        world, "Call", hook, good, step("send-webhook", "bad", url=HOOK, headers="[1]"), step("send-webhook")
    )
    world.event(cast.monitor, summary=sly)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [(one.outcome, one.detail) for one in world.facts(StepEnded)] == [
        (Outcome.DONE, "the webhook webhook is on its way"),
        (Outcome.DONE, "the webhook webhook is on its way"),
        (Outcome.REFUSED, "its headers must be a JSON object"),
        (Outcome.REFUSED, "The address can't be called: empty, too long, or holds blanks or control characters"),
    ]
    first, second = brought(world)
    assert first.url == HOOK + "?x={{incident.title}}", "an address holds no places"
    assert second.headers == (("X-A", "b"),)
    assert first.parameters == second.parameters == (("title", sly), ("fixed", "5"))


def test_however_many_texts_a_rule_fills_in_an_event_makes_only_so_much(world: World, cast: Cast) -> None:
    many = tuple((f"k{number}", "{{event.custom_details.x}}") for number in range(CALL_PAIRS))
    rules(world, cast, *(call(f"c{number}", parameters=many) for number in range(8)))
    world.event(cast.monitor, details={"x": "A" * 5000})
    texts = [text for one in brought(world) for _, text in one.parameters]
    assert len(texts) == 8 * CALL_PAIRS
    assert (sum(map(len, texts)), max(map(len, texts))) == (FILLED_CHARS, CALL_CHARS)


def test_a_rule_with_too_many_headers_or_parameters_is_refused(world: World, cast: Cast) -> None:
    pairs = tuple((f"k{number}", "x") for number in range(CALL_PAIRS + 1))
    for wrong in (call(headers=pairs), call(parameters=pairs)):
        with pytest.raises(Invalid, match="must not have more than 100 headers or parameters"):
            rules(world, cast, wrong)


def test_a_step_that_would_send_too_much_sends_nothing(world: World, cast: Cast) -> None:
    long = json.dumps({f"k{number}": "{{incident.title}}" * 8 for number in range(40)})
    many = json.dumps({f"k{number}": "x" for number in range(CALL_PAIRS + 1)})
    flow = workflow(
        world,
        "Call",
        step("send-webhook", url=HOOK, parameters=long),
        step("send-webhook", url=HOOK, headers=many),
        step("send-webhook", "named", url=HOOK, Name="N" * 5000),
    )
    world.event(cast.monitor, summary="A" * 1024)
    world.does(cast.alice, StartWorkflow, workflow_id=flow.id)
    assert [one.detail for one in world.facts(StepEnded)][:2] == [
        "its parameters are longer than 262144 characters",
        "it has more than 100 headers",
    ]
    assert [len(one.name) for one in brought(world)] == [NAME_CHARS]


def test_nothing_that_a_monitor_says_gets_into_a_header_as_a_line(world: World, cast: Cast) -> None:
    rules(world, cast, call(headers=(("X-What", "{{event.summary}}"),)))
    world.event(cast.monitor, summary="a\r\nX-Evil: 1\x00é")
    assert [one.headers for one in brought(world)] == [(("X-What", "aX-Evil: 1"),)]
