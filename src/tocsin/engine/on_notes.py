"""Runs commands about notes, and about an incident's alerts that people move or take up again.

Decides who may change a note: whoever wrote it, and whoever may edit the incident's team's things.
"""

from __future__ import annotations

from tocsin.alerts.model import Alert
from tocsin.engine.on_incidents import incident_of
from tocsin.engine.world import World
from tocsin.incidents import alerts, notes
from tocsin.incidents import decide as incidents
from tocsin.incidents.messages import AddNote, EditNote, MoveAlert, RemoveNote, TriggerAlert
from tocsin.incidents.notes import Note
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Conflict, NotFound
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase


def add_note(world: World, _actor: Actor, command: AddNote, now: Moment) -> Decision:
    """Write on the timeline."""
    return notes.add(incident_of(world, command.incident_id), command.text, world.ids.long(), now)


def edit_note(world: World, _actor: Actor, command: EditNote, now: Moment) -> Decision:
    """Say a note better."""
    note = note_of(world, command.incident_id, command.note_id)
    return notes.edit(incident_of(world, command.incident_id), note, command.text, now)


def remove_note(world: World, _actor: Actor, command: RemoveNote, now: Moment) -> Decision:
    """Take a note back."""
    note = note_of(world, command.incident_id, command.note_id)
    return notes.remove(incident_of(world, command.incident_id), note, now)


def trigger_alert(world: World, _actor: Actor, command: TriggerAlert, now: Moment) -> Decision:
    """An alert is not over."""
    alert = alert_of(world, command.alert_id)
    if not alert.incident_id:
        raise Conflict("this alert has no incident", reason="no_incident")
    newest = world.state.latest_alert(alert.scope, alert.dedup_key)
    return alerts.trigger(alert, newest, incident_of(world, alert.incident_id), now)


def move_alert(world: World, _actor: Actor, command: MoveAlert, now: Moment) -> Decision:
    """An alert belongs to another incident. Raises Conflict when that one is resolved or full."""
    alert, target = alert_of(world, command.alert_id), incident_of(world, command.incident_id)
    if alert.incident_id == target.id:
        return Decision(value="unchanged")
    if not target.is_open:
        raise Conflict(phrase("incident %(number)s is resolved", number=target.number), reason="already_resolved")
    source = incident_of(world, alert.incident_id)
    joined = incidents.join(target, alert, f"moved from #{source.number}", now)
    return alerts.leave(alert, source, target, now) + joined


def alert_of(world: World, alert_id: str) -> Alert:
    """The alert, or NotFound."""
    alert = world.state.alert(alert_id)
    if alert is None:
        raise NotFound(phrase("There is no alert %(alert_id)s.", alert_id=alert_id))
    return alert


def note_of(world: World, incident_id: str, note_id: str) -> Note:
    """The note of this incident, or NotFound."""
    return notes.one_of(world.state.notes_of(incident_id), note_id)
