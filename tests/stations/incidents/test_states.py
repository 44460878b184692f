"""The state machine of an incident: every command in every state, and what a sequence of them may lead to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.directory.model import Service, Urgency
from tocsin.incidents import decide, notes
from tocsin.incidents.decide import ALLOWED
from tocsin.incidents.messages import AutoResolve, SetPriority
from tocsin.incidents.model import Incident, NoTimer, Status
from tocsin.incidents.timers import auto_resolve_key, timer_key
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import CancelTimer, Command, Decision, SetTimer
from tocsin.kernel.errors import Conflict, TocsinError
from tocsin.kernel.time import HOUR, MINUTE, Moment

SERVICE = Service(id="S", name="S", policy_id="P", acknowledgement_timeout=600, auto_resolve_timeout=7200)
ALICE, BOB = Actor(ActorKind.USER, "UALICE"), Actor(ActorKind.USER, "UBOB")
BEGIN: Moment = 10**15

Act = Callable[[Incident, Moment], Decision]

ACTS: dict[str, Act] = {
    "incident.acknowledge": lambda one, now: decide.acknowledge(one, ALICE, SERVICE, now),
    "incident.unacknowledge": lambda one, now: decide.unacknowledge(one, "by hand", ALICE, now),
    "incident.resolve": lambda one, now: decide.resolve(one, "by hand", ALICE, now),
    "incident.reopen": lambda one, now: decide.reopen(one, SERVICE, ALICE, now),
    "incident.snooze": lambda one, now: decide.snooze(one, 3600, ALICE, now),
    "incident.reassign": lambda one, now: decide.reassign(one, ["UBOB"], ALICE, now),
    "incident.merge": lambda one, now: decide.merge(one, [incident(id="I2", number=2)], [], ALICE, now),
    "incident.set_urgency": lambda one, now: decide.set_urgency(one, Urgency.LOW, SERVICE, "by hand", now),
    "incident.set_priority": lambda one, now: decide.set_priority(one, "P1", now),
    "incident.set_title": lambda one, now: decide.set_title(one, "New", now),
    "incident.add_note": lambda one, now: notes.add(one, "hm", "N", now),
    "incident.edit_note": lambda one, now: notes.edit(one, note(one, now), "well", now),
    "incident.remove_note": lambda one, now: notes.remove(one, note(one, now), now),
    "incident.set_details": lambda one, now: decide.set_details(one, "At length", now),
    "incident.move_to_service": lambda one, now: decide.move_to_service(
        one, Service(id="S2", name="S2", policy_id="P"), (), now
    ),
}


def note(one: Incident, now: Moment) -> notes.Note:
    return notes.Note(id="N", incident_id=one.id, author=ALICE, text="hm", created_at=now, updated_at=now)


def incident(status: Status = Status.TRIGGERED, **values: object) -> Incident:
    given_values = {"id": "I", "number": 1, "title": "t", "service_id": "S", "urgency": Urgency.HIGH} | values
    opened = Incident(status=Status.TRIGGERED, created_at=BEGIN, updated_at=BEGIN, **given_values)  # type: ignore[arg-type]
    if status is Status.ACKNOWLEDGED:
        return changed(decide.acknowledge(opened, BOB, SERVICE, BEGIN))
    return changed(decide.resolve(opened, "by hand", BOB, BEGIN)) if status is Status.RESOLVED else opened


def changed(decision: Decision) -> Incident:
    found = [entity for entity in decision.state if isinstance(entity, Incident) and entity.id == "I"]
    return found[-1]


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("command", [one for one in ALLOWED if one is not AutoResolve])
def test_every_command_in_every_state(command: type[Command], status: Status) -> None:
    act = ACTS[command.kind]
    if status in ALLOWED[command]:
        act(incident(status), BEGIN + MINUTE)
    else:
        with pytest.raises(Conflict) as refused:
            act(incident(status), BEGIN + MINUTE)
        assert refused.value.reason in ("already_resolved", "not_acknowledged", "not_resolved")


def test_priority_and_words_may_change_afterwards() -> None:
    assert ALLOWED[SetPriority] == frozenset(Status)


@given(acts=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, HOUR)), max_size=25))
def test_whatever_is_done_the_next_step_is_known(acts: list[tuple[str, Moment]]) -> None:
    """I11, I19, I20; and the timers that the decisions set are those that the incident names."""
    one, now = incident(), BEGIN
    timers: dict[str, Moment] = {}
    epoch = one.epoch
    for name, pause in acts:
        now += pause
        try:
            decision = ACTS[name](one, now)
        except TocsinError:
            continue
        before, one = one.status, changed(decision) if decision.state else one
        for timer in decision.timers:
            if isinstance(timer, SetTimer):
                timers[timer.key] = timer.due_at
            else:
                timers.pop(timer.key, None)
        assert one.epoch >= epoch
        epoch = one.epoch
        assert not (before is Status.RESOLVED and one.status is not before and name != "incident.reopen")
        assert (one.timer_at is None) == (one.next_step is None)
        assert timers.get(timer_key("I")) == one.timer_at
        assert timers.get(auto_resolve_key("I")) == one.auto_resolve_at
        if one.is_open:
            assert (one.timer_at is None) == (one.timer_reason is not None)
        else:
            assert (one.timer_at, one.timer_reason, one.assignments) == (None, None, ())


def test_a_monitor_s_acknowledgement_leaves_it_with_who_had_it() -> None:
    given_out = changed(decide.reassign(incident(), ["UBOB"], ALICE, BEGIN))
    held = changed(decide.acknowledge(given_out, Actor(ActorKind.INTEGRATION, "M"), SERVICE, BEGIN))
    assert held.assignee_ids == ("UBOB",)


def test_resolving_forgets_every_timer() -> None:
    decision = decide.resolve(incident(), "by hand", ALICE, BEGIN)
    keys = {timer.key for timer in decision.timers if isinstance(timer, CancelTimer)}
    assert keys == {timer_key("I"), auto_resolve_key("I")}


def test_low_urgency_has_no_timeout() -> None:
    held = changed(decide.acknowledge(incident(urgency=Urgency.LOW), ALICE, SERVICE, BEGIN))
    assert held.timer_reason is NoTimer.NO_ACK_TIMEOUT
