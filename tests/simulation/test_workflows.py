"""Workflows that start each other, under crashes between any two turns: every step once, every run comes to its end."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.behaviour.cast import Cast, gather
from tests.behaviour.test_calls import HOOK, rules
from tests.behaviour.test_workflows import priority, starts, step, workflow
from tocsin.directory.model import Urgency
from tocsin.engine.invariants import violations
from tocsin.events.model import Action
from tocsin.events.orchestration import Call
from tocsin.incidents.messages import Acknowledge, NoteAdded, Resolve, SetPriority, SetUrgency
from tocsin.kernel.decision import Command
from tocsin.runtime.turn_inputs import Request
from tocsin.testing.world import World, as_user
from tocsin.workflows.messages import StartWorkflow, StepEnded, WorkflowCompleted, WorkflowStarted
from tocsin.workflows.model import Outcome

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def staged(world: World) -> Cast:
    cast = gather(world)
    priority(world, "P1")
    priority(world, "P2")
    up = workflow(world, "Up", step("change-priority", priority="P1"), step("add-note", note="up"), step("nothing"))
    down = workflow(world, "Down", step("add-note", note="down"), step("change-priority", priority="P2"))
    last = workflow(world, "Over", step("add-note", note="over"), step("add-responders", responders="carol"))
    hook = step("send-webhook", url=HOOK, name="hook")
    opened = workflow(world, "Opened", step("add-note", note="opened"), hook, step("change-urgency", urgency="low"))
    starts(world, up, condition="incident.priority matches 'P2' or incident.urgency matches 'low'")
    starts(world, down, condition="incident.priority matches 'P1' and not incident.status matches 'resolved'")
    starts(world, last, condition="incident.status matches 'resolved'")
    starts(world, opened, condition=None)
    rules(world, cast, Call(name="Restart", url=HOOK, auto_send=True))
    return cast


def commands(rng: random.Random, world: World) -> Command | None:
    """What somebody does to some incident."""
    found = world.incidents()
    if not found:
        return None
    one = rng.choice(found).id
    names = sorted(world.config.priorities)
    flows = sorted(world.config.workflows.workflows)
    return rng.choice(
        [
            Acknowledge(incident_id=one),
            Resolve(incident_id=one),
            SetPriority(incident_id=one, priority_id=rng.choice([None, *names])),
            SetUrgency(incident_id=one, urgency=rng.choice(list(Urgency))),
            StartWorkflow(incident_id=one, workflow_id=rng.choice(flows)),
        ]
    )


@pytest.mark.parametrize("seed", range(6))
def test_every_step_is_done_once_and_every_run_ends(tmp_path: Path, seed: int) -> None:
    rng, world = random.Random(seed), World(tmp_path, seed=seed)
    cast = staged(world)
    world.couriers.judge = lambda _delivery: rng.choice((200, 200, 503, None))
    for _ in range(60):
        if rng.random() < 0.3:
            action = Action.RESOLVE if rng.random() < 0.3 else Action.TRIGGER
            world.accept(world.alarm(cast.monitor, rng.choice("abc"), action))
        elif (command := commands(rng, world)) is not None:
            world.loop.ask(Request("", as_user(cast.alice), command, lambda _text: None))
        for _ in range(rng.randrange(4)):
            world.loop.turn()
        if rng.random() < 0.25:
            world.crash()
        if rng.random() < 0.2:
            world.clock.moment += rng.randrange(120_000_000)
        assert violations(world.records()) == []
    world.couriers.judge = lambda _delivery: 200
    world.advance(minutes=60 * 2)
    assert violations(world.records()) == []
    records = world.records()
    assert all(not run.is_running for run in records.runs)
    assert len(world.facts(WorkflowStarted)) == len(world.facts(WorkflowCompleted)) == len(records.runs)
    done = sum(one.outcome is Outcome.DONE and one.step.startswith("add-note") for one in world.facts(StepEnded))
    assert done == len(world.facts(NoteAdded)) > 0, "every note was written once"
    assert all(not one.is_queued for one in records.deliveries)
    world.close()
