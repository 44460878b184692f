"""What a decision may look at: the configuration snapshot and the state, through a port that storage fills.

Reads see what the same batch wrote before. Nothing here performs I/O; the implementation of `State` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tocsin.alerts.model import Alert
from tocsin.deliveries.model import Delivery, Lane
from tocsin.directory.model import Channel
from tocsin.engine.config import Config
from tocsin.escalation.model import PolicySnapshot
from tocsin.events.memory import Memory
from tocsin.incidents.model import Incident
from tocsin.incidents.notes import Note
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Effect, Fact, TimerChange
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.paging.model import Message, Pace, Page
from tocsin.workflows.model import Run

Stateful: TypeAlias = Alert | Incident | PolicySnapshot | Page | Message | Pace | Memory | Delivery | Lane | Run
"""The entities that decisions change."""


class State(Protocol):
    """The open work: looked up by need, changed by `put`, stored by the shell in one transaction."""

    def latest_alert(self, scope: str, dedup_key: str) -> Alert | None:
        """The newest alert of a key, open or not."""

    def alert(self, alert_id: str) -> Alert | None:
        """One alert."""

    def alerts_of(self, incident_id: str) -> Sequence[Alert]:
        """The alerts of an incident, oldest first."""

    def held_alerts(self, window_id: str, most: int, after: str) -> Sequence[Alert]:
        """The first open alerts that a maintenance window holds, of those with ids after that."""

    def incident(self, incident_id: str) -> Incident | None:
        """One incident."""

    def notes_of(self, incident_id: str) -> Sequence[Note]:
        """What people wrote on an incident before this turn, as it stands; oldest first."""

    def open_incident_by_key(self, service_id: str, incident_key: str) -> Incident | None:
        """The open incident of a service with this key."""

    def open_incidents_of(self, service_id: str) -> Sequence[Incident]:
        """The open incidents of a service, oldest first."""

    def open_incidents_with(self, group_key: str) -> Sequence[Incident]:
        """The open incidents that an alert with this key belongs to, oldest first."""

    def quiet_incidents_of(self, service_id: str, most: int, after: int) -> Sequence[Incident]:
        """The first open incidents of low urgency of a service, of those with numbers above that."""

    def open_incidents_assigned_to(self, user_id: str) -> Sequence[Incident]:
        """The open incidents that a person has."""

    def open_incidents_on_policy(self, policy_id: str) -> Sequence[Incident]:
        """The open incidents that run through a policy."""

    def open_policy_ids(self) -> Collection[str]:
        """The policies that open incidents run through, removed ones too; also those of which the last just closed."""

    def next_incident_number(self) -> int:
        """A number that no incident ever had."""

    def snapshot(self, snapshot_id: str) -> PolicySnapshot | None:
        """A policy as it was."""

    def snapshots_of(self, policy_id: str) -> Sequence[PolicySnapshot]:
        """A policy as it was whenever an incident took it."""

    def page(self, page_id: str) -> Page | None:
        """One page."""

    def pages_of(self, incident_id: str) -> Sequence[Page]:
        """Every page of an incident, whatever became of it."""

    def waiting_pages(self, incident_id: str) -> Sequence[Page]:
        """Pages of an incident that have not reached a provider."""

    def planned_pages(self, user_id: str, incident_ids: Sequence[str]) -> Sequence[Page]:
        """A person's pages about these incidents whose delay has not passed."""

    def bundled_pages(self, contact_id: str, most: int, after: str, before: str) -> Sequence[Page]:
        """The first pages that wait for this contact method's bundle, of those with ids between these two."""

    def loudest_bundled_pages(self, contact_id: str, most: int) -> Sequence[Page]:
        """The pages that wait for this contact method's bundle: of high urgency first, then the oldest."""

    def count_bundled(self, contact_id: str) -> int:
        """About how many incidents this contact method's bundle waits: without what the present turn has changed."""

    def message(self, message_id: str) -> Message | None:
        """One message."""

    def message_by_code(self, channel: Channel, address: str, code: str, since: Moment) -> Message | None:
        """The newest message about an incident to an address since then; with a code, the newest that carries it."""

    def next_message(self, message: Message, after: str) -> Message | None:
        """The first message to the same contact method that was made after this one, of those with ids after that."""

    def pace(self, user_id: str) -> Pace:
        """How often a person was reached lately."""

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""

    def first_queued(self, subscription_id: str, resource_id: str, *, after: int) -> Delivery | None:
        """The first delivery of a queue that has not ended, of those with numbers after that."""

    def last_queued(self, subscription_id: str, most: int) -> Sequence[Delivery]:
        """Deliveries of a subscription that have not ended; of each queue those at its end before those before them."""

    def next_delivery_number(self) -> int:
        """A number higher than that of every delivery."""

    def lane(self, subscription_id: str) -> Lane:
        """How the deliveries of a subscription fare."""

    def memory(self, memory_id: str) -> Memory | None:
        """What a rule or cache variable remembers."""

    def run(self, run_id: str) -> Run | None:
        """One run of a workflow."""

    def count_runs(self, incident_id: str) -> int:
        """How many workflows were started on an incident."""

    def put(self, entity: Stateful) -> None:
        """The entity's new value; later reads see it."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a decision may look at."""

    config: Config
    state: State
    ids: IdSource


@dataclass(frozen=True, slots=True)
class Recorded:
    """A fact with who caused it."""

    actor: Actor
    fact: Fact


@dataclass(frozen=True, slots=True)
class ThingChange:
    """A change of configuration, for the store and the audit trail. `after` None = removed; `before` None = created.

    `detail`: what it led to that its values don't say, as plain values for the audit trail.
    """

    kind: str
    id: str
    before: object | None
    after: object | None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """All that one command led to, reactions included. State went into `World.state` already."""

    facts: tuple[Recorded, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    changes: tuple[ThingChange, ...] = ()
    value: object = None
