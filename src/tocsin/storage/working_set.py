"""The open work as decisions see it: reads with read-your-writes, writes gathered until the turn is stored.

Three layers, looked through from the top: `unit` (one command or event; thrown away when it is refused or raises),
`turn` (what the present transaction has decided) and `known` (what the database holds, kept between turns because this
process is its only writer; bounded). Losing the lease or a failed transaction empties all of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Select, select, tuple_

from tocsin.alerts.model import Alert
from tocsin.directory.model import Channel
from tocsin.engine.world import Stateful
from tocsin.escalation.model import PolicySnapshot
from tocsin.incidents.model import Incident
from tocsin.kernel.time import Moment
from tocsin.paging.model import WAITING, Message, MessageState, Pace, Page, PageState
from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.storage.rows import MAPPED

E = TypeVar("E", bound=Stateful)

KNOWN_LIMIT = 100_000
"""Entities kept in memory between turns, all kinds together (about 3 kB each)."""

_SEEN = frozenset({MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED})

_Key = tuple[type[Any], str]
_Scoped = tuple[str, str]


class WorkingSet:
    """Implements `engine.world.State` on a database connection."""

    def __init__(self, connection: Connection, last_incident_number: int) -> None:
        self._connection = connection
        self._known: OrderedDict[_Key, Any] = OrderedDict()
        self._known_keys: OrderedDict[_Scoped, str | None] = OrderedDict()
        self._turn: dict[_Key, Any] = {}
        self._unit: dict[_Key, Any] = {}
        self._stored_number = last_incident_number
        self._number = last_incident_number

    # -- the boundaries of a unit and a turn

    def keep_unit(self) -> None:
        """The command or event counts: its changes belong to the turn."""
        for key, entity in self._unit.items():
            if key[0] is Alert:
                self._note_alert(entity)
        self._turn.update(self._unit)
        self._unit.clear()

    def _note_alert(self, alert: Alert) -> None:
        """Remember the newest alert of a key. A closed one that changes (in a merge, say) is not the newest by that."""
        key = (alert.scope, alert.dedup_key)
        if alert.is_open or self._known_keys.get(key, "") is None:
            self._known_keys[key] = alert.id

    def drop_unit(self) -> None:
        """The command or event was refused or raised: as if it had never been."""
        self._unit.clear()

    def changed(self) -> dict[type[Stateful], list[Any]]:
        """What the turn changed, by kind, to be written."""
        kinds: dict[type[Stateful], list[Any]] = {}
        for (kind, _), entity in self._turn.items():
            kinds.setdefault(kind, []).append(entity)
        return kinds

    def stored(self) -> None:
        """The transaction was committed: the turn's values are what the database holds."""
        for key, entity in self._turn.items():
            self._known[key] = entity
            self._known.move_to_end(key)
        self._turn.clear()
        self._stored_number = self._number
        while len(self._known) > KNOWN_LIMIT:
            self._known.popitem(last=False)
        while len(self._known_keys) > KNOWN_LIMIT:
            self._known_keys.popitem(last=False)

    def forget(self) -> None:
        """The transaction failed: nothing in memory can be trusted."""
        for layer in (self._unit, self._turn, self._known, self._known_keys):
            layer.clear()
        self._number = self._stored_number

    @property
    def last_incident_number(self) -> int:
        """The highest number given, to be stored with the turn."""
        return self._number

    # -- engine.world.State

    def put(self, entity: Stateful) -> None:
        """The entity's new value."""
        self._unit[type(entity), entity.id] = entity

    def prefetch_alerts(self, keys: Iterable[_Scoped]) -> None:
        """Read the newest alerts of many keys with one statement; keys without one are remembered as such."""
        missing = list({key for key in keys if key not in self._known_keys})
        for start in range(0, len(missing), 400):
            chunk = missing[start : start + 400]
            columns = tuple_(tables.alerts.c.scope, tables.alerts.c.dedup_key)
            statement = _newest_last(select(tables.alerts.c.data).where(columns.in_(chunk)))
            for key in chunk:
                self._known_keys[key] = None
            for alert in self._read(Alert, statement):
                self._known_keys[alert.scope, alert.dedup_key] = alert.id

    def latest_alert(self, scope: str, dedup_key: str) -> Alert | None:
        """The newest alert of a key."""
        for (kind, _), entity in reversed(self._unit.items()):
            if kind is Alert and (entity.scope, entity.dedup_key) == (scope, dedup_key):
                return cast("Alert", entity)
        key = (scope, dedup_key)
        if key not in self._known_keys:
            self.prefetch_alerts([key])
        alert_id = self._known_keys[key]
        return self.alert(alert_id) if alert_id else None

    def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self._get(Alert, alert_id)

    def alerts_of(self, incident_id: str) -> Sequence[Alert]:
        """The alerts of an incident, oldest first."""
        table = tables.alerts
        statement = select(table.c.data).where(table.c.incident_id == incident_id)
        found = self._find(
            Alert, statement, lambda alert: alert.incident_id == incident_id, skip=self._is_new(incident_id)
        )
        return sorted(found, key=lambda alert: (alert.created_at, alert.id))

    def incident(self, incident_id: str) -> Incident | None:
        """One incident."""
        return self._get(Incident, incident_id)

    def open_incident_by_key(self, service_id: str, incident_key: str) -> Incident | None:
        """The open incident of a service with this key."""
        table = tables.incidents
        statement = select(table.c.data).where(
            table.c.service_id == service_id, table.c.incident_key == incident_key, table.c.status != "resolved"
        )

        def wanted(incident: Incident) -> bool:
            return incident.is_open and (incident.service_id, incident.incident_key) == (service_id, incident_key)

        return next(iter(self._find(Incident, statement, wanted)), None)

    def open_incidents_of(self, service_id: str) -> Sequence[Incident]:
        """The open incidents of a service."""
        table = tables.incidents
        statement = select(table.c.data).where(table.c.service_id == service_id, table.c.status != "resolved")
        found = self._find(Incident, statement, lambda one: one.is_open and one.service_id == service_id)
        return sorted(found, key=lambda incident: incident.number)

    def open_incidents_assigned_to(self, user_id: str) -> Sequence[Incident]:
        """The open incidents that a person has."""
        people, table = tables.incident_people, tables.incidents
        statement = (
            select(table.c.data)
            .join(people, people.c.incident_id == table.c.id)
            .where(people.c.user_id == user_id, table.c.status != "resolved")
        )
        found = self._find(Incident, statement, lambda one: one.is_open and user_id in one.assignee_ids)
        return sorted(found, key=lambda incident: incident.number)

    def open_incidents_on_policy(self, policy_id: str) -> Sequence[Incident]:
        """The open incidents that run through a policy."""
        table = tables.incidents
        statement = select(table.c.data).where(table.c.policy_id == policy_id, table.c.status != "resolved")
        found = self._find(Incident, statement, lambda one: one.is_open and one.policy_id == policy_id)
        return sorted(found, key=lambda incident: incident.number)

    def next_incident_number(self) -> int:
        """A number that no incident ever had (a refused unit leaves a gap)."""
        self._number += 1
        return self._number

    def snapshot(self, snapshot_id: str) -> PolicySnapshot | None:
        """A policy as it was."""
        return self._get(PolicySnapshot, snapshot_id)

    def page(self, page_id: str) -> Page | None:
        """One page."""
        return self._get(Page, page_id)

    def waiting_pages(self, incident_id: str) -> Sequence[Page]:
        """Pages of an incident that have not reached a provider."""
        table = tables.pages
        waiting = [state.value for state in WAITING]
        statement = select(table.c.data).where(table.c.incident_id == incident_id, table.c.state.in_(waiting))

        def wanted(page: Page) -> bool:
            return page.incident_id == incident_id and page.state in WAITING

        return list(self._find(Page, statement, wanted, skip=self._is_new(incident_id)))

    def planned_pages(self, user_id: str, incident_ids: Sequence[str]) -> Sequence[Page]:
        """A person's pages about these incidents whose delay has not passed."""
        table = tables.pages
        statement = select(table.c.data).where(
            table.c.user_id == user_id, table.c.state == "planned", table.c.incident_id.in_(incident_ids)
        )

        def wanted(page: Page) -> bool:
            return page.user_id == user_id and page.incident_id in incident_ids and page.state is PageState.PLANNED

        return list(self._find(Page, statement, wanted))

    def bundled_pages(self, contact_id: str) -> Sequence[Page]:
        """Pages that wait for this contact method's bundle, oldest first."""
        table = tables.pages
        statement = select(table.c.data).where(table.c.contact_id == contact_id, table.c.state == "bundled")
        found = self._find(Page, statement, lambda one: one.contact_id == contact_id and one.state is PageState.BUNDLED)
        return sorted(found, key=lambda page: (page.created_at, page.id))

    def message(self, message_id: str) -> Message | None:
        """One message."""
        return self._get(Message, message_id)

    def message_by_code(self, channel: Channel, address: str, code: str, since: Moment) -> Message | None:
        """The newest message to an address since then; with a code, the newest that carries it.

        Without a code people mean what they have seen: a message that may have arrived comes before one that did not.
        """
        table = tables.messages
        statement = select(table.c.data).where(
            table.c.address == address, table.c.created_at >= since, table.c.channel == channel.value
        )
        if code:
            statement = statement.where(table.c.code == code)

        def wanted(message: Message) -> bool:
            fits = message.address == address and message.channel is channel and message.created_at >= since
            return fits and (not code or message.code == code)

        def seen(message: Message) -> tuple[bool, Moment, str]:
            return message.state in _SEEN, message.created_at, message.id

        return max(self._find(Message, statement, wanted), key=seen, default=None)

    def pace(self, user_id: str) -> Pace:
        """How often a person was reached lately."""
        return self._get(Pace, user_id) or Pace(id=user_id)

    # -- reading through the layers

    def _is_new(self, incident_id: str) -> bool:
        """Whether the incident was created in this turn: the database knows nothing that belongs to it."""
        key = (Incident, incident_id)
        incident = self._unit.get(key) or self._turn.get(key)
        return incident is not None and incident.number > self._stored_number

    def _get(self, kind: type[E], entity_id: str) -> E | None:
        key = (kind, entity_id)
        for layer in (self._unit, self._turn, self._known):
            if key in layer:
                return cast("E", layer[key])
        table = MAPPED[cast("type[Stateful]", kind)].table
        found = next(self._read(kind, select(table.c.data).where(table.c.id == entity_id)), None)
        return found

    def _find(
        self, kind: type[E], statement: Select[Any], wanted: Callable[[E], bool], *, skip: bool = False
    ) -> Iterator[E]:
        """Rows of the statement and changed entities, each in its newest value, that are `wanted` by that value."""
        newest: dict[str, E] = {}
        if not skip:
            newest.update((entity.id, entity) for entity in self._read(kind, statement))
        for layer in (self._turn, self._unit):
            for (entity_kind, entity_id), entity in layer.items():
                if entity_kind is kind:
                    newest[entity_id] = entity
        return (entity for entity in newest.values() if wanted(entity))

    def _read(self, kind: type[E], statement: Select[Any]) -> Iterator[E]:
        for row in self._connection.execute(statement):
            entity = load(kind, row[0])
            key = (kind, entity.id)
            known = self._known.get(key)
            if known is None:
                self._known[key] = known = entity
            yield known


def _newest_last(statement: Select[Any]) -> Select[Any]:
    """The open alert of a key is the newest by definition, whatever the clock said when others were opened."""
    return statement.order_by(tables.alerts.c.is_open, tables.alerts.c.created_at, tables.alerts.c.last_seq)
