"""The way in: run one command or event through the stations and follow the facts until nothing more happens.

Deterministic: the same world, command and moment give the same step. Reactions run in order of their facts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, cast

from tocsin.alerts.messages import EndSuspension, ExpireAlert, JudgeHeld, ResolveAlert
from tocsin.deliveries import messages as dm
from tocsin.engine import (
    on_cache,
    on_calls,
    on_deliveries,
    on_escalation,
    on_fields,
    on_handoffs,
    on_held,
    on_incidents,
    on_news,
    on_notes,
    on_paging,
    on_responders,
    on_workflows,
    things,
)
from tocsin.engine.authorise import authorise
from tocsin.engine.reactions import REACTIONS
from tocsin.engine.receive import receive
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.engine.world import Recorded, Stateful, Step, ThingChange, World
from tocsin.escalation.messages import (
    CallLastResort,
    EscalateNow,
    NextLevel,
    ResumeEscalation,
    SkipWaiting,
    StartEscalation,
    StopEscalation,
)
from tocsin.events.messages import WriteCache
from tocsin.events.model import Event
from tocsin.incidents import field_messages, help_messages
from tocsin.incidents import messages as im
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import NOTHING, Command, Decision, Effect, Fact, TimerChange
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.limits import BATCH_COMMANDS, REACTION_DEPTH
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.paging import messages as pm
from tocsin.workflows.messages import RunStep, StartWorkflow

Handler: TypeAlias = Callable[[World, Actor, Any, Moment], Decision]

HANDLERS: Mapping[type[Command], Handler] = {
    ExpireAlert: on_incidents.expire_alert,
    ResolveAlert: on_incidents.resolve_alert,
    EndSuspension: on_held.end_suspension,
    JudgeHeld: on_held.judge_held,
    im.ConsiderAlert: on_incidents.consider_alert,
    im.CountAlert: on_incidents.count_alert,
    im.CreateIncident: on_incidents.create_incident,
    im.Acknowledge: on_incidents.acknowledge,
    im.Unacknowledge: on_incidents.unacknowledge,
    im.Resolve: on_incidents.resolve,
    im.AutoResolve: on_incidents.auto_resolve,
    im.Reopen: on_incidents.reopen,
    im.Snooze: on_incidents.snooze,
    im.Reassign: on_incidents.reassign,
    im.Merge: on_incidents.merge,
    im.AddNote: on_notes.add_note,
    im.EditNote: on_notes.edit_note,
    im.RemoveNote: on_notes.remove_note,
    im.SetDetails: on_incidents.set_details,
    im.TriggerAlert: on_notes.trigger_alert,
    im.MoveAlert: on_notes.move_alert,
    help_messages.RequestResponders: on_responders.request,
    help_messages.CallHelpers: on_responders.call_helpers,
    help_messages.CancelRequests: on_responders.cancel,
    help_messages.AnswerRequest: on_responders.answer,
    im.PublishStatus: on_news.publish,
    im.SetBridge: on_news.set_bridge,
    im.SetType: on_news.set_type,
    im.SayImpact: on_news.say_impact,
    field_messages.SetFields: on_fields.set_values,
    im.SetUrgency: on_incidents.set_urgency,
    im.RaiseUrgency: on_incidents.raise_urgency,
    im.SetPriority: on_incidents.set_priority,
    im.SetTitle: on_incidents.set_title,
    im.MoveToService: on_incidents.move_to_service,
    StartEscalation: on_escalation.start,
    ResumeEscalation: on_escalation.resume,
    NextLevel: on_escalation.next_level,
    EscalateNow: on_escalation.escalate_now,
    CallLastResort: on_escalation.call_last_resort,
    StopEscalation: on_escalation.stop,
    SkipWaiting: on_escalation.skip_waiting,
    pm.PagePeople: on_paging.page_people,
    pm.TellNews: on_news.tell,
    pm.TellHandoffs: on_handoffs.look,
    pm.SendPage: on_paging.send_page,
    pm.SendBundle: on_paging.send_bundle,
    pm.SendAgain: on_paging.send_again,
    pm.RecordAttempt: on_paging.record_attempt,
    pm.RecordReceipt: on_paging.record_receipt,
    pm.CancelPages: on_paging.cancel_pages,
    pm.AnswerMessage: on_paging.answer_message,
    pm.AnswerWaiting: on_paging.answer_waiting,
    pm.AnswerByCode: on_paging.answer_by_code,
    pm.SendTestPage: on_paging.send_test,
    dm.RecordDelivery: on_deliveries.record,
    dm.CancelQueue: on_deliveries.cancel_queue,
    dm.SendPing: on_deliveries.send_ping,
    dm.Redeliver: on_deliveries.redeliver,
    dm.SendCalls: on_calls.send,
    dm.MakeCall: on_calls.make,
    StartWorkflow: on_workflows.start,
    RunStep: on_workflows.run_step,
    WriteCache: on_cache.write,
    SaveThing: things.save,
    DeleteThing: things.delete,
}
"""Every command and who runs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Command):
    """Several commands about open work that count all together or not at all. The value: a tuple of their values."""

    kind: ClassVar[str] = "batch"
    commands: tuple[Command, ...]


COMMANDS: Mapping[str, type[Command]] = {
    **{command.kind: command for command in HANDLERS},
    Batch.kind: Batch,
}
"""Commands by their stored name, for timers and the wire."""


class ReactionsTooDeep(Exception):
    """Facts kept causing commands beyond the limit: a defect in the reactions, never a user's fault."""


def execute(world: World, actor: Actor, command: Command, now: Moment) -> Step:
    """Run a command and all that follows from it. Raises TocsinError when it is refused; then nothing counts."""
    if isinstance(command, Batch):
        return _execute_batch(world, actor, command, now)
    if not isinstance(command, SaveThing | DeleteThing):
        authorise(world, actor, command)
    depth = on_workflows.depth_below(world, command)
    decision = HANDLERS[type(command)](world, actor, command, now)
    return _follow(world, actor, decision, now, depth)


def _execute_batch(world: World, actor: Actor, batch: Batch, now: Moment) -> Step:
    """One after the other, each seeing what came before it. Changes of configuration have no place in a batch."""
    if len(batch.commands) > BATCH_COMMANDS:
        raise Invalid(
            phrase("A batch holds %(batch_commands)s commands at most.", batch_commands=BATCH_COMMANDS),
            reason="batch_size",
        )
    if any(isinstance(command, Batch | SaveThing | DeleteThing) for command in batch.commands):
        raise Invalid("A batch holds commands about open work only.", reason="batch_content")
    steps = [execute(world, actor, command, now) for command in batch.commands]
    return Step(
        facts=tuple(fact for step in steps for fact in step.facts),
        effects=tuple(effect for step in steps for effect in step.effects),
        timers=tuple(timer for step in steps for timer in step.timers),
        value=tuple(step.value for step in steps),
    )


def execute_event(world: World, event: Event, now: Moment) -> Step:
    """Run an event from a monitor and all that follows from it. The value is its `Ending`."""
    decision = receive(world, event, now)
    return _follow(world, Actor(ActorKind.INTEGRATION, event.integration_id, Via.EVENT), decision, now)


def _follow(world: World, actor: Actor, first: Decision, now: Moment, workflows_below: int = 0) -> Step:
    """Apply the decision, then react to its facts one after the other; each reaction sees all that came before it.

    At last the workflows begin that wait for what the incidents have become; `workflows_below` says how deep they are.
    """
    if not (first.facts or first.effects):
        changes = _apply(world, first)
        return Step(timers=first.timers, changes=tuple(changes), value=first.value)
    facts: list[Recorded] = []
    effects: list[Effect] = []
    timers: list[TimerChange] = []
    changes = []
    queue: deque[tuple[Actor, Fact, int]] = deque()
    before: dict[str, Incident | None] = {}

    def take(by: Actor, decision: Decision, depth: int) -> None:
        if world.config.workflows.by_itself:
            _note_before(world, decision, before)
        changes.extend(_apply(world, decision))
        effects.extend(decision.effects)
        timers.extend(decision.timers)
        facts.extend(Recorded(by, fact) for fact in decision.facts)
        queue.extend((by, fact, depth) for fact in decision.facts)

    def react() -> None:
        while queue:
            by, fact, depth = queue.popleft()
            if depth > REACTION_DEPTH:
                raise ReactionsTooDeep(repr([recorded.fact.kind for recorded in facts[-8:]]))
            reaction = REACTIONS.get(type(fact))
            for next_actor, command in reaction(world, by, fact, now) if reaction else ():
                take(next_actor, _react(world, next_actor, command, now), depth + 1)

    take(actor, first, 0)
    react()
    for by, command in on_workflows.began(world, before, workflows_below, now) if before else ():
        take(by, _react(world, by, command, now), 1)
    react()
    return Step(tuple(facts), tuple(effects), tuple(timers), tuple(changes), first.value)


def _note_before(world: World, decision: Decision, before: dict[str, Incident | None]) -> None:
    """How the incidents are that the decision changes, unless that is known; None for a new one."""
    for entity in decision.state:
        if isinstance(entity, Incident) and entity.id not in before:
            before[entity.id] = world.state.incident(entity.id)


def _apply(world: World, decision: Decision) -> list[ThingChange]:
    """Put new state where later reads see it; changes of configuration are handed back."""
    changes = []
    for entity in decision.state:
        if isinstance(entity, ThingChange):
            changes.append(entity)
        else:
            world.state.put(cast("Stateful", entity))
    return changes


def _react(world: World, actor: Actor, command: Command, now: Moment) -> Decision:
    """A reaction that no longer fits the state (it was answered meanwhile) is nothing; other refusals are defects."""
    try:
        return HANDLERS[type(command)](world, actor, command, now)
    except Conflict:
        return NOTHING
