"""Commands to and facts from the incidents station."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tocsin.directory.model import Urgency
from tocsin.incidents.model import Bridge
from tocsin.kernel.decision import Command, Fact
from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsiderAlert(Command):
    """A new alert is open: make an incident of it.

    One that was held back is open since `opened_at`, and `reason` says why it is; None = since it exists.
    """

    kind: ClassVar[str] = "incident.consider_alert"
    alert_id: str
    reason: str = ""
    opened_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountAlert(Command):
    """An alert of this incident was resolved: the incident follows when it was the last."""

    kind: ClassVar[str] = "incident.count_alert"
    incident_id: str
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIncident(Command):
    """A person or program raises an incident without a monitor. `field_values`: of custom fields, by their ids."""

    kind: ClassVar[str] = "incident.create"
    title: str
    service_id: str
    urgency: Urgency | None = None
    priority_id: str | None = None
    details: str = ""
    incident_key: str = ""
    assignee_ids: tuple[str, ...] = ()
    policy_id: str = ""
    type_name: str = ""
    field_values: Mapping[str, Any] = field(default_factory=dict)
    bridge: Bridge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Command):
    """The actor has it."""

    kind: ClassVar[str] = "incident.acknowledge"
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unacknowledge(Command):
    """Nobody has it any more. From a timer, `epoch` says which acknowledgement ended (0 = by hand) and `reason` why."""

    kind: ClassVar[str] = "incident.unacknowledge"
    incident_id: str
    epoch: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve(Command):
    """It is over. `resolution` becomes a note."""

    kind: ClassVar[str] = "incident.resolve"
    incident_id: str
    resolution: str = ""
    automatic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoResolve(Command):
    """The service's auto-resolve time has passed since the incident was opened."""

    kind: ClassVar[str] = "incident.auto_resolve"
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """A person takes the resolution back."""

    kind: ClassVar[str] = "incident.reopen"
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze(Command):
    """Leave it acknowledged by the actor until `until`."""

    kind: ClassVar[str] = "incident.snooze"
    incident_id: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassign(Command):
    """Give it to these people; escalation stops."""

    kind: ClassVar[str] = "incident.reassign"
    incident_id: str
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(Command):
    """Move the alerts of `source_ids` here and close those incidents."""

    kind: ClassVar[str] = "incident.merge"
    incident_id: str
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote(Command):
    """Write something on the timeline."""

    kind: ClassVar[str] = "incident.add_note"
    incident_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditNote(Command):
    """Say a note better; what it said stays on the timeline."""

    kind: ClassVar[str] = "incident.edit_note"
    incident_id: str
    note_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveNote(Command):
    """Take a note back; that it was there stays on the timeline."""

    kind: ClassVar[str] = "incident.remove_note"
    incident_id: str
    note_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDetails(Command):
    """Say at length what it is about."""

    kind: ClassVar[str] = "incident.set_details"
    incident_id: str
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerAlert(Command):
    """A person says that an alert is not over; its incident is open."""

    kind: ClassVar[str] = "incident.trigger_alert"
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveAlert(Command):
    """An alert belongs to this incident."""

    kind: ClassVar[str] = "incident.move_alert"
    alert_id: str
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitAlert(Command):
    """An open alert is a problem of its own: it gets an incident, for which people are called."""

    kind: ClassVar[str] = "incident.split_alert"
    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishStatus(Command):
    """Tell whoever subscribed to it how it stands. `html`: the same with mark-up, kept for clients."""

    kind: ClassVar[str] = "incident.publish_status"
    incident_id: str
    message: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBridge(Command):
    """Say where people talk about it (None = nowhere)."""

    kind: ClassVar[str] = "incident.set_bridge"
    incident_id: str
    bridge: Bridge | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetType(Command):
    """Say of which type it is ("" = of the default one)."""

    kind: ClassVar[str] = "incident.set_type"
    incident_id: str
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SayImpact(Command):
    """Say whether it reaches a business service, whatever follows from what that needs."""

    kind: ClassVar[str] = "incident.say_impact"
    incident_id: str
    business_service_id: str
    impacted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUrgency(Command):
    """Change how loudly it asks."""

    kind: ClassVar[str] = "incident.set_urgency"
    incident_id: str
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseUrgency(Command):
    """The hour has come at which what is quiet on this service becomes urgent; the next with numbers above `after`."""

    kind: ClassVar[str] = "incident.raise_urgency"
    service_id: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPriority(Command):
    """Change how much it matters (None = no priority)."""

    kind: ClassVar[str] = "incident.set_priority"
    incident_id: str
    priority_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTitle(Command):
    """Say better what it is."""

    kind: ClassVar[str] = "incident.set_title"
    incident_id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveToService(Command):
    """It belongs to another service; escalation stays as it is."""

    kind: ClassVar[str] = "incident.move_to_service"
    incident_id: str
    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTriggered(Fact):
    """An incident exists. `reason`: why its alert makes one only now, "" for one that was new."""

    kind: ClassVar[str] = "incident.triggered"
    number: int
    service_id: str
    title: str
    urgency: Urgency
    alert_id: str = ""
    assignee_ids: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertJoined(Fact):
    """An alert belongs to this incident now."""

    kind: ClassVar[str] = "incident.alert_joined"
    alert_id: str
    summary: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentAcknowledged(Fact):
    """Somebody has it. `timeout_at` = when it pages again by itself (None = never)."""

    kind: ClassVar[str] = "incident.acknowledged"
    timeout_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentUnacknowledged(Fact):
    """Nobody has it any more. `reason`: "timeout", "snooze ended", "by hand", or another one in words."""

    kind: ClassVar[str] = "incident.unacknowledged"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentResolved(Fact):
    """It is over. `reason`: "by hand", "all alerts resolved", "timeout", "merged"."""

    kind: ClassVar[str] = "incident.resolved"
    reason: str
    merged_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReopened(Fact):
    """The resolution was taken back."""

    kind: ClassVar[str] = "incident.reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSnoozed(Fact):
    """It stays acknowledged until then."""

    kind: ClassVar[str] = "incident.snoozed"
    until: Moment
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReassigned(Fact):
    """These people have it now, chosen by hand."""

    kind: ClassVar[str] = "incident.reassigned"
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentMerged(Fact):
    """The alerts of other incidents came here."""

    kind: ClassVar[str] = "incident.merged"
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAdded(Fact):
    """Somebody wrote something."""

    kind: ClassVar[str] = "incident.note_added"
    note_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteEdited(Fact):
    """A note says something else now."""

    kind: ClassVar[str] = "incident.note_edited"
    note_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRemoved(Fact):
    """A note was taken back."""

    kind: ClassVar[str] = "incident.note_removed"
    note_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsChanged(Fact):
    """It is described in other words."""

    kind: ClassVar[str] = "incident.details_changed"
    details: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTriggered(Fact):
    """A person said that an alert of this incident is not over."""

    kind: ClassVar[str] = "incident.alert_triggered"
    alert_id: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLeft(Fact):
    """An alert of this incident belongs to another one now."""

    kind: ClassVar[str] = "incident.alert_left"
    alert_id: str
    summary: str
    moved_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPublished(Fact):
    """Somebody told whoever subscribed to it how it stands."""

    kind: ClassVar[str] = "incident.status_published"
    update_id: str
    message: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeChanged(Fact):
    """People talk about it there now; both empty = nowhere."""

    kind: ClassVar[str] = "incident.bridge_changed"
    number: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeChanged(Fact):
    """It is of another type ("" = of the default one)."""

    kind: ClassVar[str] = "incident.type_changed"
    was: str
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactSaid(Fact):
    """Somebody said whether it reaches a business service; `name` is what that was called then."""

    kind: ClassVar[str] = "incident.impact_said"
    business_service_id: str
    name: str
    impacted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyChanged(Fact):
    """It asks louder or more softly. `reason` in words."""

    kind: ClassVar[str] = "incident.urgency_changed"
    urgency: Urgency
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityChanged(Fact):
    """It matters more or less (None = no priority)."""

    kind: ClassVar[str] = "incident.priority_changed"
    priority_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleChanged(Fact):
    """It has a better title."""

    kind: ClassVar[str] = "incident.title_changed"
    was: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChanged(Fact):
    """It belongs to another service."""

    kind: ClassVar[str] = "incident.service_changed"
    was: str
    service_id: str
