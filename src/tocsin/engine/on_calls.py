"""Web addresses that rules and workflows have called: which ones, on what occasion, and what is told of it.

A call is a delivery like those of subscriptions: stored with the decision, tried again, in order for each receiver and
incident, guarded where it leaves. Decides nothing about that; only that each receiver waits for itself alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from tocsin.alerts.model import Alert
from tocsin.deliveries.decide import queued
from tocsin.deliveries.messages import CallEnded, CallMade, MakeCall, SendCalls
from tocsin.deliveries.model import CALL, Delivery, DeliveryState, call_lane
from tocsin.directory.urls import url_problem
from tocsin.engine.world import World
from tocsin.events.orchestration import Call
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase

TRIGGERED, SUPPRESSED, SUSPENDED = "alert_triggered", "alert_suppressed", "alert_suspended"
"""On what occasion a rule wants an address called; it says nothing = when the alert makes or joins an incident."""

HEADER_CHARS = 1024


def wanted(alert: Alert, occasion: str) -> tuple[Call, ...]:
    """What rules want called by itself on this occasion."""
    return tuple(one for one in alert.calls if one.auto_send and occasion in (one.trigger_types or (TRIGGERED,)))


def offered(alert: Alert) -> list[tuple[int, Call]]:
    """What rules offer to whoever handles the incident, each with its place."""
    return [(place, one) for place, one in enumerate(alert.calls) if not one.auto_send]


def send(world: World, _actor: Actor, command: SendCalls, now: Moment) -> Decision:
    """An alert is held back; what is wanted for that is called."""
    alert = world.state.alert(command.alert_id)
    if alert is None:
        return Decision()
    return all_called(world, wanted(alert, command.occasion), alert.incident_id, now, alert_id=alert.id)


def make(world: World, actor: Actor, command: MakeCall, now: Moment) -> Decision:
    """Somebody has one called. Raises NotFound for one that no rule offers."""
    alert = world.state.alert(command.alert_id)
    calls = dict(offered(alert)) if alert is not None and alert.incident_id == command.incident_id else {}
    if command.place not in calls:
        raise NotFound("There is no such webhook.")
    return called(world, actor, calls[command.place], command.incident_id, now)


def all_called(world: World, calls: Iterable[Call], incident_id: str, now: Moment, *, alert_id: str = "") -> Decision:
    """Each of these is called. One whose address can't be called any more is left out: it was checked when saved."""
    decision, behind = Decision(), set[str]()
    for one in calls:
        if not url_problem(one.url):
            host = host_of(one.url)
            decision += _called(world, SYSTEM, one, incident_id, now, alert_id=alert_id, behind=host in behind)
            behind.add(host)
    return decision


def called(world: World, actor: Actor, call: Call, incident_id: str, now: Moment) -> Decision:
    """A delivery of this call, and what is told of it. The value is its id. Raises Invalid for a bad address."""
    if problem := url_problem(call.url):
        raise Invalid(phrase("The address can't be called: %(problem)s.", problem=problem), reason="call_url")
    return _called(world, actor, call, incident_id, now)


def _called(
    world: World,
    actor: Actor,
    call: Call,
    incident_id: str,
    now: Moment,
    *,
    alert_id: str = "",
    behind: bool = False,
) -> Decision:
    """`behind`: something that is decided with it stands before it in its queue."""
    host = host_of(call.url)
    lane, resource_id = call_lane(host), incident_id or alert_id
    blank = Delivery(
        id="",
        number=0,
        subscription_id=lane,
        resource_id=resource_id,
        event=CALL,
        event_id=world.ids.long(),
        at=now,
        actor=actor,
        state=DeliveryState.WAITING,
        queued_at=now,
        incident_id=incident_id,
        call=replace(call, headers=tuple((name, _plain(value)) for name, value in call.headers)),
    )
    number, first = world.state.next_delivery_number(), world.state.first_queued(lane, resource_id, after=0)
    delivery = queued(blank, world.ids.long(), lane, number, is_first=first is None and not behind, now=now)
    fact = CallMade(incident_id=incident_id, delivery_id=delivery.id, name=call.name, host=host)
    return Decision(state=(delivery,), facts=(fact,), value=delivery.id)


def _plain(value: str) -> str:
    """A header's value as it may travel: a template may have filled in anything."""
    return "".join(letter for letter in value if letter.isascii() and letter.isprintable())[:HEADER_CHARS]


def ended(delivery: Delivery, *, delivered: bool) -> Decision:
    """What is told of a call that has ended."""
    call = delivery.call
    if call is None:
        return Decision()
    fact = CallEnded(
        incident_id=delivery.incident_id,
        delivery_id=delivery.id,
        name=call.name,
        host=host_of(call.url),
        delivered=delivered,
        detail=delivery.detail,
    )
    return Decision(facts=(fact,))


def host_of(url: str) -> str:
    """Whose address it is."""
    return (urlsplit(url).hostname or "").lower()
