"""What happens in a simulation: monitors, people, administrators, providers and nature, one small act at a time.

An act chooses by the life's generator and does one thing through the world's own doors. Refusals are part of life.
Decides nothing about what is right: `simulation` checks that afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tocsin.alerts.messages import ResolveAlert
from tocsin.directory.grouping import ContentGrouping
from tocsin.directory.model import Channel, ServiceStatus, Urgency
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.messages import EscalateNow
from tocsin.events.model import Action, Severity
from tocsin.incidents import messages as im
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.decision import Command
from tocsin.kernel.time import MINUTE, SECOND, Span
from tocsin.oncall import Override
from tocsin.paging.messages import AnswerByCode, AnswerMessage, RecordReceipt, SendMessage, SendTestPage
from tocsin.paging.model import Answer, Result
from tocsin.testing.simulation_stage import Stage, levels
from tocsin.testing.world import OWNER, World, as_user

KEYS = tuple(f"key-{number}" for number in range(5))
POISON = "poison"


class Life(Protocol):
    """What acts may use of a simulation."""

    world: World
    rng: random.Random
    stage: Stage
    poisoned: set[int]

    def note(self, what: str) -> None:
        """Write down what happened."""

    def ask(self, actor: Actor, command: Command, key: str = "") -> None:
        """Queue a command."""

    def settle(self) -> None:
        """Let the engine work until it rests."""

    def pass_time(self, span: Span) -> None:
        """Let time pass."""

    def crash(self) -> None:
        """The engine dies and starts again."""


# -- monitors


def trigger(life: Life) -> None:
    """A monitor reports a problem, perhaps one that it reported before."""
    _say(life, Action.TRIGGER)


def end(life: Life) -> None:
    """A monitor reports a problem as over."""
    _say(life, Action.RESOLVE)


def acknowledge_by_monitor(life: Life) -> None:
    """A monitor says that somebody looks at it."""
    _say(life, Action.ACKNOWLEDGE)


def heartbeat(life: Life) -> None:
    """What Prometheus sends: firing since then, over in four minutes unless I say so again; sometimes an old word."""
    now = life.world.clock.now()
    started = now - life.rng.choice((0, 0, 1, 5)) * MINUTE
    monitor = life.rng.choice(life.stage.monitors[:2])
    if life.rng.random() < 0.2:
        over = life.world.alarm(
            monitor, "heart", Action.RESOLVE, started_at=started, ended_at=now - life.rng.randrange(30) * SECOND
        )
        life.world.accept(over)
    else:
        life.world.accept(life.world.alarm(monitor, "heart", started_at=started, expires_at=now + 4 * MINUTE))


def storm(life: Life) -> None:
    """Many problems of one service at once."""
    monitor = life.rng.choice(life.stage.monitors)
    for number in range(life.rng.randint(5, 25)):
        life.world.accept(life.world.alarm(monitor, f"storm-{number}", severity=Severity.CRITICAL))
    life.settle()


def flap(life: Life) -> None:
    """On, off, on, off, with little time between, sent twice by a client that was not sure."""
    monitor, key = life.rng.choice(life.stage.monitors), life.rng.choice(KEYS)
    for _ in range(life.rng.randint(1, 4)):
        for action in (Action.TRIGGER, Action.RESOLVE):
            for _ in range(life.rng.choice((1, 1, 2))):
                life.world.accept(life.world.alarm(monitor, key, action))
            if life.rng.random() < 0.5:
                life.pass_time(life.rng.randrange(20) * SECOND)
    life.settle()


def poison(life: Life) -> None:
    """An event that cannot be read."""
    life.world.accept_raw(POISON, life.rng.choice(life.stage.monitors).id, life.rng.choice(KEYS))
    life.poisoned.add(life.world.log.head())


def _say(life: Life, action: Action, **more: Any) -> None:
    monitor, key = life.rng.choice(life.stage.monitors), life.rng.choice(KEYS)
    severity = life.rng.choice((*Severity, None))
    for _ in range(life.rng.choice((1, 1, 1, 2))):
        life.world.accept(life.world.alarm(monitor, key, action, severity=severity, **more))


# -- people


def _incident(life: Life) -> Incident | None:
    """An incident, most often an open one."""
    found = life.world.incidents()
    still_open = [one for one in found if one.is_open]
    if still_open and life.rng.random() < 0.9:
        return life.rng.choice(still_open)
    return life.rng.choice(found) if found else None


def _someone(life: Life, incident: Incident) -> Actor:
    """Who acts: somebody who has it, or the owner, or anybody."""
    holders = [one for one in life.stage.people if one.id in incident.assignee_ids]
    chance = life.rng.random()
    if holders and chance < 0.6:
        return as_user(life.rng.choice(holders))
    return as_user(life.stage.owner if chance < 0.9 else life.rng.choice(life.stage.people))


def _people_ids(life: Life, most: int) -> tuple[str, ...]:
    return tuple(one.id for one in life.rng.sample(life.stage.people, life.rng.randint(1, most)))


def _some(life: Life, ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(life.rng.sample(ids, min(len(ids), life.rng.randint(1, 3))))


def _commands(life: Life, incident: Incident) -> Sequence[tuple[int, Callable[[], Command]]]:
    rng, one = life.rng, incident.id
    others = [other.id for other in life.world.incidents() if other.id != one]
    return (
        (10, lambda: im.Acknowledge(incident_id=one)),
        (5, lambda: im.Resolve(incident_id=one)),
        (3, lambda: im.Unacknowledge(incident_id=one)),
        (4, lambda: im.Snooze(incident_id=one, seconds=rng.choice((1, 60, 600, 7200)))),
        (4, lambda: im.Reassign(incident_id=one, user_ids=_people_ids(life, 2))),
        (4, lambda: EscalateNow(incident_id=one, level=rng.choice((0, 0, 0, 1, 2, 3)))),
        (1, lambda: EscalateNow(incident_id=one, policy_id=rng.choice(life.stage.policies).id)),
        (3, lambda: im.SetUrgency(incident_id=one, urgency=rng.choice(tuple(Urgency)))),
        (
            4,
            lambda: im.Merge(
                incident_id=one, source_ids=tuple(rng.sample(others, min(len(others), rng.randint(1, 3))))
            ),
        ),
        (2, lambda: im.Reopen(incident_id=one)),
        (1, lambda: im.AddNote(incident_id=one, text="looking")),
        (1, lambda: im.SetTitle(incident_id=one, title=f"Title {rng.randrange(9)}")),
        (1, lambda: im.MoveToService(incident_id=one, service_id=rng.choice(life.stage.services).id)),
    )


def command(life: Life) -> None:
    """Somebody does something to an incident; sometimes the request is sent twice."""
    incident = _incident(life)
    if incident is None:
        return
    choices = _commands(life, incident)
    order = life.rng.choices([make for _, make in choices], [weight for weight, _ in choices])[0]()
    key = f"request-{life.rng.getrandbits(32)}"
    actor = _someone(life, incident)
    for _ in range(life.rng.choice((1, 1, 1, 2))):
        life.ask(actor, order, key)


def at_the_last_moment(life: Life) -> None:
    """Somebody acts in the very moment in which something would happen by itself."""
    life.settle()
    waiting = [one for one in life.world.incidents() if one.timer_at is not None]
    if not waiting:
        return
    incident = min(waiting, key=lambda one: one.timer_at or 0)
    life.pass_time(max(0, (incident.timer_at or 0) - life.world.clock.now() - 1))
    life.world.sleep(1)
    choices = _commands(life, incident)
    life.ask(as_user(life.stage.owner), life.rng.choice([make for _, make in choices[:7]])())


def answer_a_part(life: Life) -> None:
    """One of several incidents whose message still waits in our own queue is answered."""
    bundles = [one for one in life.world.carrier.held if len(one.incident_ids) > 1]
    if bundles:
        message = life.rng.choice(bundles)
        life.ask(as_user(life.stage.owner), im.Acknowledge(incident_id=life.rng.choice(message.incident_ids)))


def merge_the_past(life: Life) -> None:
    """An old incident of a problem that has come back is merged into another; then the monitor speaks again."""
    life.settle()
    alerts = life.world.records().alerts
    back = {(one.scope, one.dedup_key) for one in alerts if one.is_open}
    old = [one for one in alerts if not one.is_open and one.incident_id and (one.scope, one.dedup_key) in back]
    targets = [one.id for one in life.world.incidents() if one.is_open]
    if not old or not targets:
        return
    alert, target = life.rng.choice(old), life.rng.choice(targets)
    life.ask(as_user(life.stage.owner), im.Merge(incident_id=target, source_ids=(alert.incident_id,)))
    life.settle()
    monitor = life.world.config.integrations.get(alert.scope)
    if monitor is not None:
        life.world.accept(life.world.alarm(monitor, alert.dedup_key))


def raise_by_hand(life: Life) -> None:
    """An incident without a monitor."""
    assignees = _people_ids(life, 2) if life.rng.random() < 0.5 else ()
    service = life.rng.choice(life.stage.services)
    urgency = life.rng.choice((None, Urgency.HIGH, Urgency.LOW))
    order = im.CreateIncident(title="By hand", service_id=service.id, urgency=urgency, assignee_ids=assignees)
    life.ask(as_user(life.stage.owner), order)


def end_one_alert(life: Life) -> None:
    """A person closes one alert."""
    alerts = life.world.records().alerts
    if alerts:
        life.ask(as_user(life.stage.owner), ResolveAlert(alert_id=life.rng.choice(alerts).id))


def answer(life: Life) -> None:
    """A person answers a message that reached them: a new one, or one of long ago."""
    if not life.world.carrier.received:
        return
    recent = life.world.carrier.received[-5:] if life.rng.random() < 0.8 else life.world.carrier.received
    message = life.rng.choice(recent).message
    said = life.rng.choice((Answer.ACKNOWLEDGE, Answer.ACKNOWLEDGE, Answer.RESOLVE, Answer.ESCALATE))
    if message.channel is Channel.SMS:
        code = life.rng.choice((message.code, "", "99"))
        order: Command = AnswerByCode(channel=Channel.SMS, address=message.address, code=code, answer=said)
    else:
        order = AnswerMessage(message_id=message.message_id, answer=said)
    life.ask(SYSTEM, order)


def receipt(life: Life) -> None:
    """A provider reports what became of a message, in any order and as often as it likes."""
    if life.world.carrier.received:
        message = life.rng.choice(life.world.carrier.received[-8:]).message
        status = life.rng.choice(("delivered", "delivered", "failed", "queued"))
        life.ask(SYSTEM, RecordReceipt(message_id=message.message_id, status=status))


def try_a_phone(life: Life) -> None:
    """Somebody sends a test page."""
    contacts = sorted(life.world.config.contact_methods)
    life.ask(OWNER, SendTestPage(contact_id=life.rng.choice(contacts)))


# -- administrators


def _save(life: Life, thing: Any, *fields: str, kind: str) -> None:
    life.ask(OWNER, SaveThing(thing_kind=kind, thing=thing, fields=fields))


def come_and_go(life: Life) -> None:
    """A person is deactivated, or is back."""
    user = life.world.config.users.get(life.rng.choice(life.stage.people).id)
    if user is not None:
        _save(life, replace(user, active=not user.active), "active", kind="user")


def cover(life: Life) -> None:
    """An override."""
    begin = life.world.clock.now() + life.rng.randint(1, 600) * SECOND
    until = begin + life.rng.randint(10, 200) * MINUTE
    person, rota = life.rng.choice(life.stage.people), life.rng.choice(life.stage.schedules)
    _save(life, Override("", rota.id, person.id, begin, until, 0), kind="override")


def edit_policy(life: Life) -> None:
    """Other levels, other delays, other loops."""
    policy = life.world.config.policies.get(life.rng.choice(life.stage.policies).id)
    if policy is not None:
        donor = life.rng.choice(sorted(life.world.config.policies.values(), key=lambda one: one.id))
        rules = tuple(replace(rule, delay_minutes=life.rng.randint(1, 6)) for rule in donor.rules)
        changed = replace(policy, rules=rules, num_loops=life.rng.choice((0, 1, 2)))
        _save(life, changed, "rules", "num_loops", kind="policy")


def edit_service(life: Life) -> None:
    """Other settings; disabled and enabled."""
    service = life.world.config.services.get(life.rng.choice(life.stage.services).id)
    if service is None:
        return
    status = life.rng.choice((ServiceStatus.ACTIVE, ServiceStatus.ACTIVE, ServiceStatus.DISABLED))
    timeout, grouping = life.rng.choice((None, 300, 900)), life.rng.choice((None, None, 0, 120))
    by = life.rng.choice((None, None, ContentGrouping(fields=("severity",), window_seconds=300)))
    changed = replace(service, status=status, acknowledgement_timeout=timeout, group_seconds=grouping, group_by=by)
    _save(life, changed, "status", "acknowledgement_timeout", "group_seconds", "group_by", kind="service")


def replace_service(life: Life) -> None:
    """A service is removed, with open work or without; a new one takes its place."""
    at = life.rng.randrange(len(life.stage.services))
    life.ask(OWNER, DeleteThing(thing_kind="service", thing_id=life.stage.services[at].id))
    life.settle()
    policy = life.world.policy(f"Policy {life.rng.getrandbits(32)}", *levels(life.rng, life.stage))
    name = f"Service {life.rng.getrandbits(32)}"
    life.stage.services[at], life.stage.monitors[at] = life.world.service(name, policy, acknowledgement_timeout=900)
    life.stage.policies.append(policy)


def lose_a_phone(life: Life) -> None:
    """A contact method is removed, or switched off or on."""
    contacts = life.world.config.contact_methods
    contact = contacts[life.rng.choice(sorted(contacts))]
    if life.rng.random() < 0.1 and contact.user_id != life.stage.owner.id:
        life.ask(OWNER, DeleteThing(thing_kind="contact_method", thing_id=contact.id))
    else:
        _save(life, replace(contact, enabled=not contact.enabled), "enabled", kind="contact_method")


def turn_settings(life: Life) -> None:
    """Sending is fenced or let go; the last resort is set otherwise."""
    settings = life.world.config.settings
    changed = replace(
        settings,
        sending_fenced=not settings.sending_fenced and life.rng.random() < 0.3,
        last_resort=life.rng.random() < 0.8,
        last_resort_every_minutes=life.rng.choice((5, 30)),
    )
    _save(life, changed, "sending_fenced", "last_resort", "last_resort_every_minutes", kind="settings")


def fence_for_a_moment(life: Life) -> None:
    """Sending is fenced and let go at once, whatever is under way."""
    for closed in (True, False):
        _save(life, replace(life.world.config.settings, sending_fenced=closed), "sending_fenced", kind="settings")
        life.settle()
    life.note("fenced for a moment")


# -- providers


def change_provider(life: Life) -> None:
    """The weather at the providers: all well, out, refusing one channel, losing answers, slow, stuck in our queue."""
    carrier = life.world.carrier
    mood = life.rng.choice(("well", "well", "out", "refusing", "forgetful", "slow", "slow", "stuck", "stuck"))
    if mood != "slow":
        carrier.answer()
    if mood != "stuck":
        carrier.release()
    carrier.slow, carrier.hold = mood == "slow", mood == "stuck"
    carrier.judge = _moods(life)[mood]
    life.note(f"mood {mood}")


def _moods(life: Life) -> dict[str, Callable[[SendMessage], Result]]:
    deaf = life.rng.choice((Channel.SMS, Channel.VOICE))

    def refusing(message: SendMessage) -> Result:
        return Result.REFUSED if message.channel is deaf else Result.SENT

    def forgetful(_message: SendMessage) -> Result:
        return life.rng.choice((Result.SENT, Result.UNKNOWN, Result.RETRY))

    def well(_message: SendMessage) -> Result:
        return Result.SENT

    def out(_message: SendMessage) -> Result:
        return Result.RETRY

    return {"well": well, "out": out, "refusing": refusing, "forgetful": forgetful, "slow": well, "stuck": well}


# -- nature


def seconds_pass(life: Life) -> None:
    """A moment."""
    life.pass_time(life.rng.randrange(0, 90) * SECOND)


def minutes_pass(life: Life) -> None:
    """A while."""
    life.pass_time(life.rng.randrange(1, 20) * MINUTE)


def stall(life: Life) -> None:
    """The machine stands still, or its clock is set forward."""
    life.world.sleep(life.rng.choice((15, 120, 600, 3600)) * SECOND)
    life.note("stalled")


def clock_back(life: Life) -> None:
    """The clock is set back a little."""
    life.world.sleep(-life.rng.randint(1, 5_000_000))
    life.note("clock set back")


def crash(life: Life) -> None:
    """The engine dies, with whatever it was about to do."""
    life.crash()


ACTS: Sequence[tuple[int, Callable[[Life], None]]] = (
    (14, trigger),
    (7, end),
    (2, acknowledge_by_monitor),
    (12, heartbeat),
    (3, storm),
    (3, flap),
    (2, poison),
    (26, command),
    (4, at_the_last_moment),
    (4, answer_a_part),
    (2, merge_the_past),
    (2, fence_for_a_moment),
    (3, raise_by_hand),
    (1, end_one_alert),
    (8, answer),
    (4, receipt),
    (1, try_a_phone),
    (4, come_and_go),
    (2, cover),
    (2, edit_policy),
    (2, edit_service),
    (1, replace_service),
    (2, lose_a_phone),
    (2, turn_settings),
    (7, change_provider),
    (8, seconds_pass),
    (10, minutes_pass),
    (3, stall),
    (2, clock_back),
    (5, crash),
)
"""Everything that can happen, and how often."""
