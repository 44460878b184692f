"""The open work as decisions see it: reads with read-your-writes, writes gathered until the turn is stored.

Three layers, looked through from the top: `unit` (one command or event; thrown away when it is refused or raises),
`turn` (what the present transaction has decided) and `known` (what the database holds, kept between turns because this
process is its only writer; bounded). Losing the lease or a failed transaction empties all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice, takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tocsin.alerts.model import Alert
from tocsin.deliveries.model import Delivery, Lane
from tocsin.directory.model import Channel, Urgency
from tocsin.engine.world import Stateful
from tocsin.escalation.model import PolicySnapshot
from tocsin.events.memory import Memory
from tocsin.incidents.model import Incident
from tocsin.incidents.notes import Note, notes_of
from tocsin.kernel.time import Moment
from tocsin.paging.model import WAITING, Message, MessageState, Pace, Page, PageState
from tocsin.storage import postgres, prepared, sqlite
from tocsin.storage.codec import load_actor, load_fact
from tocsin.storage.layers import NOT_KNOWN, Layers
from tocsin.storage.prepared import Query
from tocsin.storage.work_queries import NEWEST_ALERTS
from tocsin.workflows.model import Run

KNOWN_LIMIT = 100_000
"""Entities kept in memory between turns, all kinds together (about 3 kB each)."""

_SEEN = frozenset({MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED})

_COUNTED = ("repeats", "last_event_at", "last_seq")
"""What changes when a monitor says again what it said before."""

_SAID = attrgetter(*(field.name for field in fields(Alert) if field.name not in _COUNTED))
"""Everything else about an alert."""

_newness = attrgetter("is_open", "created_at", "last_seq")
"""The order in which alerts of one key followed each other; as `NEWEST_ALERTS` has it."""

_id = attrgetter("id")
"""The order of age: ids follow time."""

_Scoped = tuple[str, str]


class _Held(NamedTuple):
    """An alert whose repeats are not written: the first event that its row may not count, and since when it is held."""

    since: int
    at: float


class Change(NamedTuple):
    """An entity that a turn changed. `before`: as the database has it, None when that is not known or it is new."""

    entity: Any
    before: Any | None


class WorkingSet(Layers):
    """Implements `engine.world.State` on a database connection."""

    def __init__(self, connection: Connection, last_incident_number: int, last_delivery_number: int = 0) -> None:
        super().__init__(connection)
        self._by_keys = postgres if connection.dialect.name == "postgresql" else sqlite
        self._newest_alerts = NEWEST_ALERTS.format(pairs=self._by_keys.PAIRS)
        self._known_keys: OrderedDict[_Scoped, str | None] = OrderedDict()
        self._held: dict[str, _Held] = {}
        """By alert, in the order in which they came here: nothing is held for longer than the first."""
        self._stored_number = last_incident_number
        self._number = last_incident_number
        self._delivery_number = last_delivery_number
        self._told: set[str] = set()
        self._queues: dict[_Scoped, set[str]] = {}
        """Of each queue of deliveries those that this turn has put, also in units that did not count."""

    # -- the boundaries of a unit and a turn

    def keep_unit(self) -> None:
        """The command or event counts: its changes belong to the turn."""
        for alert in self._unit[Alert].values():
            self._note_alert(alert)
        for kind, entities in self._unit.items():
            if entities:
                self._turn[kind].update(entities)
                entities.clear()

    def _note_alert(self, alert: Alert) -> None:
        """Remember the newest alert of a key. A closed one that changes (in a merge, say) is not the newest by that."""
        key = (alert.scope, alert.dedup_key)
        if alert.is_open or self._known_keys.get(key, "") is None:
            self._known_keys[key] = alert.id

    def drop_unit(self) -> None:
        """The command or event was refused or raised: as if it had never been."""
        for entities in self._unit.values():
            entities.clear()

    def changed(self) -> Mapping[type[Stateful], Sequence[Change]]:
        """What the turn changed, by kind, to be written."""
        return {
            kind: [Change(entity, self._known.get((kind, entity.id))) for entity in entities.values()]
            for kind, entities in self._turn.items()
            if entities
        }

    def hold_back(self, since: int, at: float) -> None:
        """Leave alerts that were only heard of again out of what is to be written, for now; `release` brings them back.

        That is nine events in ten, and many of them concern the same alerts: written together they cost a fraction.
        `since`: the turn's first event. `at`: a stop-watch, in seconds.
        """
        alerts = self._turn[Alert]
        for alert in list(alerts.values()):
            before = self._known.get((Alert, alert.id))
            if before is not None and _SAID(before) == _SAID(alert):
                self._known[Alert, alert.id] = alert
                self._held.setdefault(alert.id, _Held(since, at))
                del alerts[alert.id]

    def release(self, before: float, most: int) -> None:
        """What was held back before that moment is to be written with this turn; at most so many, oldest first."""
        alerts = self._turn[Alert]
        due = takewhile(lambda held: held[1].at < before, self._held.items())
        for alert_id, _ in islice(due, most):
            alerts.setdefault(alert_id, self._known[Alert, alert_id])

    @property
    def holds_back(self) -> bool:
        """Whether repeats were counted and not written."""
        return bool(self._held)

    @property
    def held_since(self) -> int:
        """The first event that an alert's row may not count once this turn is stored; 0 = every one is counted."""
        written = self._turn[Alert]
        return next((held.since for alert_id, held in self._held.items() if alert_id not in written), 0)

    def stored(self) -> None:
        """The transaction was committed: the turn's values are what the database holds."""
        for alert in self._turn[Alert]:
            self._held.pop(alert, None)
        self._told.update(delivery.subscription_id for delivery in self._turn[Delivery].values())
        self._queues.clear()
        for kind in NOT_KNOWN:
            self._turn[kind].clear()
        for kind, entities in self._turn.items():
            for entity in entities.values():
                key = (kind, entity.id)
                self._known[key] = entity
                self._known.move_to_end(key)
            entities.clear()
        self._stored_number = self._number
        for _ in range(len(self._known) - KNOWN_LIMIT):
            self._forget_oldest()
        while len(self._known_keys) > KNOWN_LIMIT:
            self._known_keys.popitem(last=False)

    def _forget_oldest(self) -> None:
        """One that is only in memory is not the one to forget."""
        key, entity = self._known.popitem(last=False)
        if key[0] is Alert and key[1] in self._held:
            self._known[key] = entity

    def forget(self) -> None:
        """The transaction failed: nothing in memory can be trusted."""
        self._queues.clear()
        self._held.clear()
        for entities in (*self._unit.values(), *self._turn.values()):
            entities.clear()
        self._known.clear()
        self._known_keys.clear()
        self._number = self._stored_number

    def told(self) -> set[str]:
        """The subscriptions whose deliveries changed since this was asked last, as stored."""
        told, self._told = self._told, set()
        return told

    @property
    def last_incident_number(self) -> int:
        """The highest number given, to be stored with the turn."""
        return self._number

    @property
    def last_delivery_number(self) -> int:
        """The highest number given, to be stored with the turn; a turn that failed leaves a gap."""
        return self._delivery_number

    # -- engine.world.State

    def put(self, entity: Stateful) -> None:
        """The entity's new value."""
        self._unit[type(entity)][entity.id] = entity
        if isinstance(entity, Delivery):
            self._queues.setdefault((entity.subscription_id, entity.resource_id), set()).add(entity.id)

    def prefetch_alerts(self, keys: Iterable[_Scoped]) -> None:
        """Read the newest alerts of many keys with one statement; keys without one are remembered as such."""
        missing = list({key for key in keys if key not in self._known_keys})
        if not missing:
            return
        for key in missing:
            self._known_keys[key] = None
        rows = prepared.execute(self._connection, self._newest_alerts, self._by_keys.pairs(missing))
        for alert in self._entities(Alert, rows):
            self._known_keys[alert.scope, alert.dedup_key] = alert.id

    def latest_alert(self, scope: str, dedup_key: str) -> Alert | None:
        """The newest alert of a key. An older one that this unit moved (in a merge, say) is not the newest by that."""
        key = (scope, dedup_key)
        if key not in self._known_keys:
            self.prefetch_alerts([key])
        known = self._known_keys[key]
        found = self.alert(known) if known else None
        mine = [one for one in self._unit[Alert].values() if (one.scope, one.dedup_key) == key]
        return max((*mine, found), key=_newness) if mine and found else next(reversed(mine), found)

    def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self._get(Alert, alert_id)

    def alerts_of(self, incident_id: str) -> Sequence[Alert]:
        """The alerts of an incident, oldest first."""
        found = self._find(
            Alert,
            self._queries.alerts_of,
            {"incident_id": incident_id},
            lambda alert: alert.incident_id == incident_id,
            skip=self._is_new(incident_id),
        )
        return sorted(found, key=lambda alert: (alert.created_at, alert.id))

    def held_alerts(self, window_id: str, most: int, after: str) -> Sequence[Alert]:
        """The first open alerts that a maintenance window holds, of those with ids after that."""

        def wanted(alert: Alert) -> bool:
            return alert.is_open and alert.window_id == window_id and alert.id > after

        changed = len(self._turn[Alert]) + len(self._unit[Alert])
        values = {"window_id": window_id, "after": after, "most": most + changed}
        return sorted(self._find(Alert, self._queries.held_alerts, values, wanted), key=_id)[:most]

    def incident(self, incident_id: str) -> Incident | None:
        """One incident."""
        return self._get(Incident, incident_id)

    def notes_of(self, incident_id: str) -> Sequence[Note]:
        """What people wrote on an incident before this turn, as it stands; oldest first."""
        rows = self._queries.notes_of.rows(self._connection, incident_id=incident_id)
        return notes_of((at, load_actor(actor), load_fact(kind, data)) for at, kind, actor, data in rows)

    def open_incident_by_key(self, service_id: str, incident_key: str) -> Incident | None:
        """The open incident of a service with this key."""

        def wanted(incident: Incident) -> bool:
            return incident.is_open and (incident.service_id, incident.incident_key) == (service_id, incident_key)

        values = {"service_id": service_id, "incident_key": incident_key}
        return next(self._find(Incident, self._queries.open_by_key, values, wanted), None)

    def open_incidents_of(self, service_id: str) -> Sequence[Incident]:
        """The open incidents of a service."""
        values = {"service_id": service_id}
        return self._open(self._queries.open_of_service, values, lambda one: one.service_id == service_id)

    def open_incidents_with(self, group_key: str) -> Sequence[Incident]:
        """The open incidents that an alert with this key belongs to."""
        return self._open(self._queries.open_with_key, {"key": group_key}, lambda one: group_key in one.group_keys)

    def quiet_incidents_of(self, service_id: str, most: int, after: int) -> Sequence[Incident]:
        """The first open incidents of low urgency of a service, of those with numbers above that."""

        def wanted(one: Incident) -> bool:
            return one.service_id == service_id and one.urgency is Urgency.LOW and one.number > after

        changed = len(self._turn[Incident]) + len(self._unit[Incident])
        values = {"service_id": service_id, "after": after, "most": most + changed}
        return self._open(self._queries.quiet_of_service, values, wanted)[:most]

    def open_incidents_assigned_to(self, user_id: str) -> Sequence[Incident]:
        """The open incidents that a person has."""
        values = {"user_id": user_id}
        return self._open(self._queries.open_assigned_to, values, lambda one: user_id in one.assignee_ids)

    def open_incidents_on_policy(self, policy_id: str) -> Sequence[Incident]:
        """The open incidents that run through a policy."""
        values = {"policy_id": policy_id}
        return self._open(self._queries.open_on_policy, values, lambda one: one.policy_id == policy_id)

    def open_policy_ids(self) -> Collection[str]:
        """The policies that open incidents run through, removed ones too; also those of which the last just closed."""
        found = {policy_id for (policy_id,) in self._queries.open_policies.rows(self._connection)}
        for layer in (self._turn, self._unit):
            found.update(one.policy_id for one in layer[Incident].values() if one.is_open)
        return found

    def _open(self, query: Query, values: Mapping[str, Any], wanted: Callable[[Incident], bool]) -> Sequence[Incident]:
        found = self._find(Incident, query, values, lambda one: one.is_open and wanted(one))
        return sorted(found, key=lambda incident: incident.number)

    def next_incident_number(self) -> int:
        """A number that no incident ever had (a refused unit leaves a gap)."""
        self._number += 1
        return self._number

    def snapshot(self, snapshot_id: str) -> PolicySnapshot | None:
        """A policy as it was."""
        return self._get(PolicySnapshot, snapshot_id)

    def snapshots_of(self, policy_id: str) -> Sequence[PolicySnapshot]:
        """A policy as it was whenever an incident took it."""
        values = {"after": f"{policy_id}@", "before": f"{policy_id}A"}  # every order of texts has digits before letters
        query = self._queries.snapshots_between
        return list(self._find(PolicySnapshot, query, values, lambda one: one.policy.id == policy_id))

    def page(self, page_id: str) -> Page | None:
        """One page."""
        return self._get(Page, page_id)

    def pages_of(self, incident_id: str) -> Sequence[Page]:
        """Every page of an incident, whatever became of it."""
        query, skip = self._queries.pages_of, self._is_new(incident_id)
        values = {"incident_id": incident_id}
        return list(self._find(Page, query, values, lambda page: page.incident_id == incident_id, skip=skip))

    def waiting_pages(self, incident_id: str) -> Sequence[Page]:
        """Pages of an incident that have not reached a provider."""

        def wanted(page: Page) -> bool:
            return page.incident_id == incident_id and page.state in WAITING

        query, skip = self._queries.waiting_pages, self._is_new(incident_id)
        return list(self._find(Page, query, {"incident_id": incident_id}, wanted, skip=skip))

    def planned_pages(self, user_id: str, incident_ids: Sequence[str]) -> Sequence[Page]:
        """A person's pages about these incidents whose delay has not passed."""
        return [page for incident_id in incident_ids for page in self._planned(user_id, incident_id)]

    def _planned(self, user_id: str, incident_id: str) -> Iterable[Page]:
        def wanted(page: Page) -> bool:
            return page.user_id == user_id and page.incident_id == incident_id and page.state is PageState.PLANNED

        values = {"user_id": user_id, "incident_id": incident_id}
        return self._find(Page, self._queries.planned_pages, values, wanted)

    def bundled_pages(self, contact_id: str, most: int, after: str, before: str) -> Sequence[Page]:
        """The first pages that wait for this contact method's bundle, of those with ids between these two."""
        query, bounds = self._queries.bundled_pages_between, {"after": after, "before": before}
        found = self._bundled(query, contact_id, most, **bounds)
        return sorted((page for page in found if after < page.id < before), key=_id)[:most]

    def loudest_bundled_pages(self, contact_id: str, most: int) -> Sequence[Page]:
        """The pages that wait for this contact method's bundle: of high urgency first, then the oldest."""
        found = {page.id: page for page in self._bundled(self._queries.loud_bundled_pages, contact_id, most)}
        found.update((page.id, page) for page in self._bundled(self._queries.bundled_pages, contact_id, most))
        return sorted(found.values(), key=lambda page: (not self._loud(page), page.id))[:most]

    def _bundled(self, query: Query, contact_id: str, most: int, **bounds: str) -> Iterator[Page]:
        """What the query finds, and what waits since this turn. Of its rows some may not wait any more since then."""

        def wanted(page: Page) -> bool:
            return page.contact_id == contact_id and page.state is PageState.BUNDLED

        changed = len(self._turn[Page]) + len(self._unit[Page])
        return self._find(Page, query, {"contact_id": contact_id, "most": most + changed, **bounds}, wanted)

    def _loud(self, page: Page) -> bool:
        incident = self.incident(page.incident_id)
        return incident is not None and incident.urgency is Urgency.HIGH

    def count_bundled(self, contact_id: str) -> int:
        """About how many incidents this contact method's bundle waits: without what the present turn has changed."""
        ((found,),) = self._queries.count_bundled.rows(self._connection, contact_id=contact_id)
        return int(found)

    def message(self, message_id: str) -> Message | None:
        """One message."""
        return self._get(Message, message_id)

    def message_by_code(self, channel: Channel, address: str, code: str, since: Moment) -> Message | None:
        """The newest message to an address since then; with a code, the newest that carries it.

        Without a code people mean an incident, never a test page, and what they have seen: a message that may have
        arrived comes before one that did not.
        """

        def wanted(message: Message) -> bool:
            fits = message.address == address and message.channel is channel and message.created_at >= since
            return fits and (message.code == code if code else bool(message.incident_ids))

        def seen(message: Message) -> tuple[bool, Moment, str]:
            return message.state in _SEEN, message.created_at, message.id

        values = {"address": address, "since": since, "channel": channel.value}
        return max(self._find(Message, self._queries.messages_to, values, wanted), key=seen, default=None)

    def next_message(self, message: Message, after: str) -> Message | None:
        """The first message to the same contact method that was made after this one, of those with ids after that."""

        def wanted(other: Message) -> bool:
            return other.contact_id == message.contact_id and other.id > max(message.id, after)

        values = {"address": message.address, "since": message.created_at, "channel": message.channel.value}
        return min(self._find(Message, self._queries.messages_to, values, wanted), key=_id, default=None)

    def pace(self, user_id: str) -> Pace:
        """How often a person was reached lately."""
        return self._get(Pace, user_id) or Pace(id=user_id)

    def memory(self, memory_id: str) -> Memory | None:
        """What a rule or cache variable remembers."""
        return self._get(Memory, memory_id)

    def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        return self._get(Delivery, delivery_id)

    def first_queued(self, subscription_id: str, resource_id: str, *, after: int) -> Delivery | None:
        """The first delivery of a queue that has not ended, of those with numbers after that."""
        mine = self._changed_in_queue(subscription_id, resource_id)
        found: dict[str, Delivery] = {}
        if not self._is_new(resource_id):
            values = {"subscription_id": subscription_id, "resource_id": resource_id, "after": after}
            rows = self._queries.first_queued.rows(self._connection, most=1 + len(mine), **values)
            found.update((one.id, one) for one in self._entities(Delivery, rows))
        found.update(mine)
        waiting = (one for one in found.values() if one.is_queued and one.number > after)
        return min(waiting, key=attrgetter("number"), default=None)

    def _changed_in_queue(self, subscription_id: str, resource_id: str) -> dict[str, Delivery]:
        """The deliveries of a queue as this turn has them: of its rows so many may not fit any more."""
        layers = (self._turn[Delivery], self._unit[Delivery])
        ids = self._queues.get((subscription_id, resource_id), ())
        return {one: layer[one] for layer in layers for one in ids if one in layer}

    def last_queued(self, subscription_id: str, most: int) -> Sequence[Delivery]:
        """Deliveries of a subscription that have not ended; of each queue those at its end before those before them."""

        def wanted(one: Delivery) -> bool:
            return one.is_queued and one.subscription_id == subscription_id

        changed = len(self._turn[Delivery]) + len(self._unit[Delivery])
        values = {"subscription_id": subscription_id, "most": most + changed}
        found = self._find(Delivery, self._queries.last_queued, values, wanted)
        return sorted(found, key=attrgetter("resource_id", "number"), reverse=True)[:most]

    def next_delivery_number(self) -> int:
        """A number higher than that of every delivery."""
        self._delivery_number += 1
        return self._delivery_number

    def lane(self, subscription_id: str) -> Lane:
        """How the deliveries of a subscription fare."""
        return self._get(Lane, subscription_id) or Lane(id=subscription_id)

    def run(self, run_id: str) -> Run | None:
        """One run of a workflow."""
        return self._get(Run, run_id)

    def count_runs(self, incident_id: str) -> int:
        """How many workflows were started on an incident."""

        def wanted(one: Run) -> bool:
            return one.incident_id == incident_id

        values = {"incident_id": incident_id}
        found = self._find(Run, self._queries.runs_of, values, wanted, skip=self._is_new(incident_id))
        return sum(1 for _ in found)

    # -- reading through the layers

    def _is_new(self, incident_id: str) -> bool:
        """Whether the incident was created in this turn: the database knows nothing that belongs to it."""
        incident = self._unit[Incident].get(incident_id) or self._turn[Incident].get(incident_id)
        return incident is not None and incident.number > self._stored_number
