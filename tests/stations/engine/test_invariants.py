"""Every check speaks up when what it watches is broken, and is silent about what is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tocsin.alerts.messages import AlertResolved
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.deliveries.model import Delivery, DeliveryState
from tocsin.directory.model import Channel, Urgency
from tocsin.engine.invariants import CHECKS, Records, violations
from tocsin.engine.world import Recorded
from tocsin.escalation.messages import EscalationRequested, LastResortReached, LevelReached, LevelSkipped, PassRepeated
from tocsin.incidents.messages import IncidentAcknowledged, IncidentResolved, IncidentTriggered
from tocsin.incidents.model import Assignment, Incident, NextStep, NoTimer, Status
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import MINUTE, Moment
from tocsin.oncall import CoverRequest, RequestState
from tocsin.paging.messages import PageStarted
from tocsin.paging.model import Message, MessageState, Page, PageState
from tocsin.workflows.messages import StepEnded
from tocsin.workflows.model import Outcome, Result, Run, Step

BEGIN: Moment = 10**15
DUE = BEGIN + 5 * MINUTE

ALERT = Alert(
    id="A",
    scope="M",
    dedup_key="k",
    service_id="S",
    status=AlertStatus.TRIGGERED,
    created_at=BEGIN,
    last_event_at=BEGIN,
    first_seq=1,
    last_seq=1,
    incident_id="I",
    expires_at=DUE,
)
QUIET = replace(ALERT, id="B", dedup_key="quiet", incident_id="", suppressed="noise rule", expires_at=None)
INCIDENT = Incident(
    id="I",
    number=1,
    title="t",
    service_id="S",
    status=Status.TRIGGERED,
    urgency=Urgency.HIGH,
    created_at=BEGIN,
    updated_at=BEGIN,
    level=1,
    pass_number=1,
    assignments=(Assignment("U", BEGIN),),
    timer_at=DUE,
    next_step=NextStep.ESCALATE,
    timer_reason=None,
    auto_resolve_at=DUE + 1,
    alert_count=1,
    open_alert_count=1,
)
PAGE = Page(
    id="G",
    incident_id="I",
    epoch=1,
    level=1,
    pass_number=1,
    user_id="U",
    contact_id="C",
    channel=Channel.SMS,
    state=PageState.SENDING,
    created_at=BEGIN,
    due_at=BEGIN,
    message_id="X",
)
LATER = replace(PAGE, id="G2", state=PageState.PLANNED, message_id="", due_at=DUE, rule_delay_minutes=5)
MESSAGE = Message(
    id="X",
    user_id="U",
    contact_id="C",
    channel=Channel.SMS,
    address="+1",
    page_ids=("G",),
    incident_ids=("I",),
    code="10",
    state=MessageState.SENDING,
    created_at=BEGIN,
)
TRIGGERED = IncidentTriggered(incident_id="I", number=1, service_id="S", title="t", urgency=Urgency.HIGH, alert_id="A")
REACHED = LevelReached(incident_id="I", level=1, pass_number=1, passes=2, user_ids=("U",), next_at=DUE)
STARTED = PageStarted(
    incident_id="I", page_id="G", message_id="X", user_id="U", channel=Channel.SMS, address="+1", why="w"
)

REQUEST = CoverRequest(id="K", schedule_id="S", user_id="U", start=DUE, end=DUE + MINUTE, created_at=BEGIN)
"""Waits for an answer until the shift begins."""

DELIVERY = Delivery(
    id="D",
    number=1,
    subscription_id="W",
    resource_id="I",
    event="incident.triggered",
    event_id="V",
    at=BEGIN,
    actor=SYSTEM,
    state=DeliveryState.DUE,
    queued_at=BEGIN,
    due_at=BEGIN,
)

STEP = Step(id="1", name="Note", action="a:incident-workflows:add-note:1")
RUN = Run(
    id="R",
    workflow_id="W",
    name="Respond",
    incident_id="I",
    started_by=SYSTEM,
    started_at=BEGIN,
    steps=(STEP, STEP),
    results=(Result(outcome=Outcome.DONE, at=BEGIN + 1),),
)
STEPPED = StepEnded(incident_id="I", run_id="R", workflow="Respond", step="Note", outcome=Outcome.DONE)

RIGHT = Records(
    alerts=[ALERT],
    incidents=[INCIDENT],
    pages=[PAGE, LATER],
    messages=[MESSAGE],
    timers={
        "incident:I": DUE,
        "cover:K": DUE,
        "auto-resolve:I": DUE + 1,
        "alert-expiry:A": DUE,
        "page:G2": DUE,
        "workflow:R": BEGIN + 1,
    },
    outbox=frozenset({"X:1"}),
    timeline=[(BEGIN, Recorded(SYSTEM, fact)) for fact in (TRIGGERED, REACHED, STARTED, STEPPED)],
    entries=[1],
    outcomes={1: "opened"},
    decided=1,
    runs=[RUN],
    requests=[REQUEST],
    deliveries=[DELIVERY, replace(DELIVERY, id="D2", number=2, state=DeliveryState.WAITING, due_at=None)],
)

Break = Callable[[Records], Records]


def but(**values: Any) -> Break:
    return lambda records: replace(records, **values)


def incident(**values: Any) -> Break:
    return lambda records: replace(records, incidents=[replace(INCIDENT, **values)])


def then(*facts: Fact, at: Moment = BEGIN + 1, **values: Any) -> Break:
    """The same, and these facts happened afterwards."""
    return lambda records: replace(
        records, timeline=[*records.timeline, *((at, Recorded(SYSTEM, fact)) for fact in facts)], **values
    )


def level(number: int, turn: int = 1, **more: Any) -> LevelReached:
    return replace(REACHED, level=number, pass_number=turn, **more)


NAMED = {"timer_at": None, "next_step": None, "timer_reason": NoTimer.ASSIGNED}
RESOLVED = {"timer_at": None, "next_step": None, "timer_reason": None, "assignments": (), "auto_resolve_at": None}

BROKEN: list[tuple[str, Break]] = [
    ("accepted_events_have_an_outcome", but(entries=[1, 2], decided=2)),
    ("accepted_events_have_an_outcome", but(outcomes={1: "opened", 2: "opened"})),
    ("one_open_alert_per_key", but(alerts=[ALERT, replace(ALERT, id="A2")])),
    (
        "alerts_expire_in_time",
        then(
            AlertResolved(alert_id="A", reason="expired: silence"),
            alerts=[replace(ALERT, status=AlertStatus.RESOLVED, resolved_at=DUE - 1)],
        ),
    ),
    ("numbers_are_unique", but(incidents=[INCIDENT, replace(INCIDENT, id="I2")])),
    ("alerts_belong_somewhere", but(alerts=[replace(ALERT, incident_id="")])),
    ("alerts_belong_somewhere", but(alerts=[replace(ALERT, incident_id="gone")])),
    ("alerts_belong_somewhere", incident(alert_count=2)),
    ("alerts_belong_somewhere", incident(open_alert_count=0)),
    ("alerts_belong_somewhere", incident(merged_into="I2")),
    ("merged_incidents_stay_closed", incident(merged_into="I")),
    ("merged_incidents_stay_closed", incident(merged_into="I2", status=Status.RESOLVED, **RESOLVED)),
    ("alerts_belong_somewhere", but(alerts=[ALERT, replace(QUIET, suppressed="")])),
    ("alerts_belong_somewhere", but(alerts=[ALERT, replace(QUIET, suppressed="", suspended_until=DUE, window_id="W")])),
    ("alerts_belong_somewhere", but(alerts=[replace(ALERT, suppressed="noise")])),
    ("timers_fit_the_state", but(alerts=[ALERT, replace(QUIET, suppressed="", suspended_until=DUE)])),
    ("timers_fit_the_state", but(timers={**RIGHT.timers, "suspend:A": DUE})),
    ("every_open_incident_has_a_next_step", incident(timer_at=None, next_step=None)),
    ("every_open_incident_has_a_next_step", incident(timer_reason=NoTimer.EXHAUSTED)),
    ("every_open_incident_has_a_next_step", incident(timer_at=None, next_step=None, timer_reason=NoTimer.STARTING)),
    ("every_open_incident_has_a_next_step", incident(next_step=None)),
    ("every_open_incident_has_a_next_step", incident(status=Status.RESOLVED)),
    ("people_named_by_hand_can_still_hear", incident(**NAMED, epoch=2)),
    ("people_named_by_hand_can_still_hear", incident(**NAMED, assignments=(Assignment("V", BEGIN),))),
    (
        "people_named_by_hand_can_still_hear",
        lambda records: replace(
            incident(**NAMED)(records),
            pages=[replace(PAGE, state=PageState.FAILED), replace(LATER, state=PageState.CANCELLED)],
        ),
    ),
    ("timers_fit_the_state", but(timers={})),
    ("timers_fit_the_state", but(timers={**RIGHT.timers, "incident:I": DUE + 1})),
    ("timers_fit_the_state", but(timers={**RIGHT.timers, "alert-expiry:A": DUE + 1})),
    ("timers_fit_the_state", but(timers={**RIGHT.timers, "incident:gone": DUE})),
    ("timers_fit_the_state", but(timers={**RIGHT.timers, "retry:X": DUE})),
    ("timers_fit_the_state", but(pages=[PAGE, LATER, replace(PAGE, id="G3", state=PageState.BUNDLED)])),
    ("timers_fit_the_state", but(messages=[replace(MESSAGE, state=MessageState.RETRYING)], outbox=frozenset())),
    ("messages_on_their_way_are_known", but(outbox=frozenset())),
    ("messages_on_their_way_are_known", but(outbox=frozenset({"X:1", "Y:1"}))),
    ("messages_on_their_way_are_known", but(messages=[replace(MESSAGE, attempt=2)])),
    ("messages_on_their_way_are_known", but(messages=[replace(MESSAGE, state=MessageState.SENT)])),
    ("waiting_pages_are_wanted", incident(status=Status.ACKNOWLEDGED)),
    ("waiting_pages_are_wanted", incident(epoch=2)),
    ("waiting_pages_are_wanted", incident(assignments=(Assignment("V", BEGIN),))),
    ("waiting_pages_are_wanted", but(messages=[replace(MESSAGE, page_ids=())])),
    ("waiting_pages_are_wanted", but(messages=[replace(MESSAGE, state=MessageState.FAILED)])),
    ("histories_fit_the_state", but(timeline=[])),
    ("histories_fit_the_state", then(IncidentAcknowledged(incident_id="I"))),
    ("histories_fit_the_state", then(TRIGGERED)),
    ("histories_fit_the_state", then(*[IncidentResolved(incident_id="I", reason="by hand")] * 2)),
    (
        "histories_fit_the_state",
        then(
            IncidentAcknowledged(incident_id="I"),
            EscalationRequested(incident_id="I", level=2),
            IncidentAcknowledged(incident_id="I"),
            level(2),
        ),
    ),
    ("histories_fit_the_state", then(level(2), at=DUE - 1)),
    ("histories_fit_the_state", then(level(3), at=DUE)),
    ("histories_fit_the_state", then(level(1, 2), at=DUE)),
    ("histories_fit_the_state", then(PassRepeated(incident_id="I", pass_number=3, passes=3), at=DUE)),
    ("histories_fit_the_state", then(LevelSkipped(incident_id="I", level=3, pass_number=1, reason="gone"), at=DUE)),
    (
        "histories_fit_the_state",
        then(
            LastResortReached(incident_id="I", user_ids=("U",), who="owners", round_number=1, next_at=None), at=DUE - 1
        ),
    ),
    (
        "histories_fit_the_state",
        then(replace(STARTED, page_id="G3"), pages=[PAGE, LATER, replace(PAGE, id="G3", state=PageState.SENT)]),
    ),
    ("histories_fit_the_state", then(replace(STARTED, page_id="nowhere"))),
    ("deliveries_go_in_order", but(deliveries=[DELIVERY, replace(DELIVERY, id="D2", number=2)])),
    ("deliveries_go_in_order", but(deliveries=[replace(DELIVERY, state=DeliveryState.WAITING, due_at=None)])),
    ("deliveries_go_in_order", but(deliveries=[replace(DELIVERY, state=DeliveryState.DROPPED)])),
    ("workflows_do_each_step_once", then(STEPPED)),
    ("workflows_do_each_step_once", but(runs=[replace(RUN, finished_at=DUE)])),
    ("workflows_do_each_step_once", but(runs=[replace(RUN, steps=(STEP,))])),
    ("timers_fit_the_state", but(timers={key: due for key, due in RIGHT.timers.items() if key != "workflow:R"})),
    ("timers_fit_the_state", but(timers={**RIGHT.timers, "cover:K": DUE + 1})),
    ("timers_fit_the_state", but(requests=[])),
    ("requests_to_be_covered_are_whole", but(requests=[replace(REQUEST, closed_at=DUE)])),
    ("requests_to_be_covered_are_whole", but(requests=[replace(REQUEST, taken_by="V")])),
    (
        "requests_to_be_covered_are_whole",
        but(requests=[replace(REQUEST, state=RequestState.ACCEPTED, closed_at=DUE)]),
    ),
]


def test_what_is_right_is_left_in_peace() -> None:
    assert violations(RIGHT) == []


@pytest.mark.parametrize(("check", "damage"), BROKEN, ids=[f"{name}-{at}" for at, (name, _) in enumerate(BROKEN)])
def test_what_is_broken_is_found(check: str, damage: Break) -> None:
    assert [breach for breach in violations(damage(RIGHT)) if breach.startswith(check)]


def test_what_is_held_is_in_no_incident() -> None:
    for held in (QUIET, replace(QUIET, window_id="W"), replace(QUIET, suspended_until=DUE)):
        timers = {**RIGHT.timers, "window:W": DUE} | ({"suspend:B": DUE} if held.suspended_until else {})
        assert violations(replace(RIGHT, alerts=[ALERT, held], timers=timers)) == []


def test_every_check_is_tried() -> None:
    assert {name for name, _ in BROKEN} == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize(
    "facts",
    [
        [level(2)],
        [level(2), PassRepeated(incident_id="I", pass_number=2, passes=2), level(1, 2)],
        [LevelSkipped(incident_id="I", level=2, pass_number=1, reason="gone"), level(3)],
        [LastResortReached(incident_id="I", user_ids=("U",), who="owners", round_number=1, next_at=None)],
        [EscalationRequested(incident_id="I", level=3), level(3)],
        [level(1, resumed=True)],
    ],
)
def test_a_ladder_that_is_climbed_as_it_should_be(facts: list[Fact]) -> None:
    timed = [replace(fact, next_at=None) if isinstance(fact, LevelReached) else fact for fact in facts]
    assert violations(then(*timed, at=DUE)(RIGHT)) == []
