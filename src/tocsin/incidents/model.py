"""The incident and its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.directory.model import Service, Urgency
from tocsin.kernel.actor import SYSTEM, Actor
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase


class Status(StrEnum):
    """Where an incident stands. Only a person's explicit reopening leads out of `resolved`."""

    TRIGGERED = "triggered"  # nobody has it; it pages and escalates
    ACKNOWLEDGED = "acknowledged"  # somebody has it; nobody else is called
    RESOLVED = "resolved"  # over


STATE_WORDS: Mapping[Status, str] = {
    Status.TRIGGERED: phrase("triggered"),
    Status.ACKNOWLEDGED: phrase("acknowledged"),
    Status.RESOLVED: phrase("resolved"),
}
"""A state in a sentence."""


class NextStep(StrEnum):
    """What happens by itself when `timer_at` comes."""

    ESCALATE = "escalate"  # the next level is called
    UNACKNOWLEDGE = "unacknowledge"  # acknowledgement or snooze ends; it pages again
    LAST_RESORT = "last_resort"  # managers and owners are called again


class NoTimer(StrEnum):
    """Why an open incident has no next step by itself. Exactly one of this and `timer_at` is always set."""

    EXHAUSTED = "exhausted"  # the last pass ended unanswered and last resort is off
    LOW_URGENCY = "low_urgency"  # low urgency never escalates
    ASSIGNED = "assigned_directly"  # a person was chosen by hand; nobody else is called while pages get through
    NO_ACK_TIMEOUT = "ack_no_timeout"  # acknowledged, and the service has no acknowledgement timeout
    STARTING = "starting"  # within the transaction that creates it


class AssignedVia(StrEnum):
    """How the present assignees were chosen."""

    ESCALATION_POLICY = "escalation_policy"
    DIRECT_ASSIGNMENT = "direct_assignment"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A person who has the incident, and since when."""

    user_id: str
    at: Moment


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who said "I have it", and when: a person, a key or an integration."""

    by: Actor
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Where people talk about it: a phone number, an address, or both."""

    number: str = ""
    url: str = ""


class ResponderState(StrEnum):
    """What somebody who was asked to help has said."""

    PENDING = "pending"  # nothing yet; pages go on
    JOINED = "joined"  # helps
    DECLINED = "declined"  # does not
    CANCELLED = "cancelled"  # is not needed any more; was not heard


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderRequest:
    """Somebody asked these people, and whom these policies call, to help. `stopped`: policies that call nobody more."""

    id: str
    requester: Actor
    at: Moment
    message: str
    user_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """A person who was asked to help, by which request and through which policies ("": by name)."""

    user_id: str
    request_id: str
    state: ResponderState
    asked_at: Moment
    updated_at: Moment
    policy_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What the configuration makes of a new incident: how urgent it is, whose, and by which keys alerts find it."""

    urgency: Urgency
    team_ids: tuple[str, ...] = ()
    group_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that a human must handle.

    `level` and `pass_number` count from 1 (0 = not started). `epoch` rises whenever paging starts anew (un-acknowledge,
    reassignment, escalation by hand): pages of older epochs are void. `policy_snapshot` names the policy as it was when
    the incident was assigned. `timer_at` with `next_step`, or `timer_reason`, says what happens by itself.
    `group_keys`: an alert with one of these belongs here (see `alerts.grouping`); `joined_at`: when the last one came.
    `runbook_url` is that of the first alert that named one. `type_name` "" = of the default type. `field_values`: those
    of custom fields by their ids, as plain JSON values. `impacts`: of which business services somebody said whether it
    reaches them.
    """

    id: str
    number: int
    title: str
    service_id: str
    status: Status
    urgency: Urgency
    created_at: Moment
    updated_at: Moment
    incident_key: str = ""
    details: str = ""
    priority_id: str | None = None
    policy_id: str = ""
    policy_snapshot: str = ""
    team_ids: tuple[str, ...] = ()
    level: int = 0
    pass_number: int = 0
    epoch: int = 1
    last_resort_round: int = 0
    assignments: tuple[Assignment, ...] = ()
    assigned_via: AssignedVia = AssignedVia.ESCALATION_POLICY
    acknowledgements: tuple[Acknowledgement, ...] = ()
    snoozed_until: Moment | None = None
    timer_at: Moment | None = None
    next_step: NextStep | None = None
    timer_reason: NoTimer | None = NoTimer.STARTING
    auto_resolve_at: Moment | None = None
    resolved_at: Moment | None = None
    status_changed_at: Moment = 0
    status_changed_by: Actor = SYSTEM
    alert_count: int = 0
    open_alert_count: int = 0
    group_keys: tuple[str, ...] = ()
    joined_at: Moment | None = None
    merged_into: str = ""
    quarantined_seq: int | None = None
    runbook_url: str = ""
    type_name: str = ""
    field_values: Mapping[str, Any] = field(default_factory=dict)
    impacts: Mapping[str, bool] = field(default_factory=dict)
    bridge: Bridge | None = None
    requests: tuple[ResponderRequest, ...] = ()
    responders: tuple[Responder, ...] = ()

    @property
    def is_open(self) -> bool:
        """Not resolved."""
        return self.status is not Status.RESOLVED

    @property
    def assignee_ids(self) -> tuple[str, ...]:
        """The people who have it now."""
        return tuple(assignment.user_id for assignment in self.assignments)

    def responder(self, user_id: str) -> Responder | None:
        """What is known of a person who was asked to help; None for somebody who was not."""
        return next((one for one in self.responders if one.user_id == user_id), None)

    def awaits(self, user_id: str) -> bool:
        """Whether the person was asked to help and has not answered."""
        found = self.responder(user_id)
        return found is not None and found.state is ResponderState.PENDING

    def plea(self, user_id: str) -> str:
        """What the person was asked for, in the words of whoever asked."""
        found = self.responder(user_id)
        return next((one.message for one in self.requests if found and one.id == found.request_id), "")

    def runbook(self, service: Service | None) -> str:
        """What to do about it: as one of its alerts says, else as its service does. "" = nobody says."""
        return self.runbook_url or (service.runbook if service is not None else "")
