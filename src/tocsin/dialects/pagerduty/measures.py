"""What an incident took, in numbers, from its timeline: when it was answered, by whom, how often people were disturbed.

Decides the vendor's definitions: who is engaged, what is an interruption, which incidents are major. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.directory.model import Channel
from tocsin.engine.config import Config
from tocsin.escalation.messages import EscalationRequested, LastResortReached, LevelReached
from tocsin.incidents.help_messages import ResponderAdded, ResponderReplied
from tocsin.incidents.messages import (
    IncidentAcknowledged,
    IncidentReassigned,
    IncidentResolved,
    IncidentSnoozed,
    IncidentTriggered,
)
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.time import SECOND, Moment, to_datetime
from tocsin.oncall import zone_named
from tocsin.paging.messages import PageStarted
from tocsin.runtime.reads import TimelineEntry

FACTS = (
    IncidentTriggered,
    IncidentAcknowledged,
    IncidentReassigned,
    IncidentResolved,
    IncidentSnoozed,
    LevelReached,
    LastResortReached,
    EscalationRequested,
    PageStarted,
    ResponderAdded,
    ResponderReplied,
)
KINDS = tuple(fact.kind for fact in FACTS)
"""What is read of a timeline."""

_LOUD = (Channel.SMS, Channel.VOICE, Channel.PUSH)
BUSINESS, OFF, SLEEP = "business", "off", "sleep"


class How(StrEnum):
    """How an incident came from some people to others."""

    BY_HAND = "manual"  # somebody sent it to another level
    BY_TIME = "timeout"  # nobody answered
    REASSIGNED = "reassigned"  # somebody chose who has it now


@dataclass(frozen=True, slots=True)
class Move:
    """An incident went from people who had not acknowledged it (or had, when it was reassigned) to others."""

    how: How
    away: frozenset[str]
    to: frozenset[str]


@dataclass(slots=True)
class Measures:
    """One incident in numbers. Times are seconds after it was opened; None = has not happened."""

    incident: Incident
    until: Moment
    engaged: dict[str, Moment] = field(default_factory=dict)
    acknowledged: dict[str, Moment] = field(default_factory=dict)
    joined: dict[str, Moment] = field(default_factory=dict)
    assigned: dict[str, Moment] = field(default_factory=dict)
    notified: dict[str, int] = field(default_factory=dict)
    interruptions: list[tuple[str, str]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    acks_of: dict[str, int] = field(default_factory=dict)
    holders: frozenset[str] = frozenset()
    by_hand: bool = False
    first_ack: int | None = None
    acknowledgements: int = 0
    assignments: int = 0
    reassignments: int = 0
    escalations: int = 0
    manual_escalations: int = 0
    snoozed: int = 0
    auto_resolved: bool = False
    resolved_by: str = ""

    @property
    def to_resolve(self) -> int | None:
        """Seconds until it was resolved."""
        resolved_at = self.incident.resolved_at
        return None if resolved_at is None else (resolved_at - self.incident.created_at) // SECOND

    @property
    def timeout_escalations(self) -> int:
        """Escalations that nobody asked for."""
        return max(0, self.escalations - self.manual_escalations)

    @property
    def to_mobilize(self) -> int | None:
        """Seconds until the last of several people was engaged."""
        if len(self.engaged) < 2:
            return None
        return (max(self.engaged.values()) - self.incident.created_at) // SECOND

    @property
    def to_engage(self) -> int | None:
        """Seconds from the first person's engagement to the last one's; of one alone, until they were engaged."""
        if len(self.engaged) > 1:
            return (max(self.engaged.values()) - min(self.engaged.values())) // SECOND
        return (min(self.engaged.values()) - self.incident.created_at) // SECOND if self.engaged else None

    @property
    def engaged_seconds(self) -> int:
        """How long people were engaged, added up."""
        return sum(max(0, self.until - since) for since in self.engaged.values()) // SECOND

    def disturbed(self, hours: str = "") -> int:
        """How often people were interrupted, in these hours of theirs ("" = any)."""
        return sum(hours in ("", found) for _, found in self.interruptions)


def measured(incident: Incident, entries: Sequence[TimelineEntry], config: Config, now: Moment) -> Measures:
    """The incident in numbers, as of `now`."""
    found = Measures(incident, incident.resolved_at if incident.resolved_at is not None else now)
    for entry in entries:
        _count(found, entry, config)
    return found


def is_major(found: Measures, config: Config) -> bool:
    """Whether it has one of the two highest priorities, or several people acknowledged it."""
    highest = sorted(config.priorities.values(), key=lambda one: one.order)[:2]
    return found.incident.priority_id in {one.id for one in highest} or len(found.acknowledged) > 1


def _count(found: Measures, entry: TimelineEntry, config: Config) -> None:
    fact, at, actor = entry.fact, entry.at, entry.actor
    if isinstance(fact, IncidentAcknowledged):
        found.acknowledgements += 1
        if found.first_ack is None:
            found.first_ack = max(0, at - found.incident.created_at) // SECOND
        if actor.kind is ActorKind.USER:
            found.acknowledged.setdefault(actor.id, at)
            found.engaged.setdefault(actor.id, at)
            found.acks_of[actor.id] = found.acks_of.get(actor.id, 0) + 1
    elif isinstance(fact, ResponderReplied) and fact.joined:
        found.joined.setdefault(fact.user_id, at)
        found.engaged.setdefault(fact.user_id, at)
    elif isinstance(fact, IncidentSnoozed):
        found.snoozed += max(0, min(fact.until, found.until) - at) // SECOND
    elif isinstance(fact, IncidentResolved):
        found.auto_resolved = actor.kind not in (ActorKind.USER, ActorKind.KEY)
        found.resolved_by = actor.id if actor.kind is ActorKind.USER else ""
    elif isinstance(fact, PageStarted):
        _paged(found, fact, at, config)
    else:
        _assigned(found, entry)


def _assigned(found: Measures, entry: TimelineEntry) -> None:
    fact = entry.fact
    people: tuple[str, ...] = ()
    if isinstance(fact, IncidentTriggered):
        people = fact.assignee_ids
        found.holders = frozenset(people)
    elif isinstance(fact, IncidentReassigned):
        people = fact.user_ids
        found.reassignments += 1
        _moved(found, How.REASSIGNED, people)
    elif isinstance(fact, EscalationRequested):
        found.manual_escalations += 1
        found.by_hand = True
    elif isinstance(fact, LevelReached):
        people = () if fact.resumed else fact.user_ids
        if not fact.resumed and (found.by_hand or (fact.level, fact.pass_number) != (1, 1)):
            _moved(found, How.BY_HAND if found.by_hand else How.BY_TIME, people)
        elif not fact.resumed:
            found.holders = frozenset(people)
        found.escalations += not fact.resumed and (fact.level, fact.pass_number) != (1, 1)
    elif isinstance(fact, LastResortReached):
        people = fact.user_ids
        found.escalations += 1
        _moved(found, How.BY_TIME, people)
    found.assignments += len(people)
    for user_id in people:
        found.assigned.setdefault(user_id, entry.at)


def _moved(found: Measures, how: How, people: Sequence[str]) -> None:
    """Escalations away from somebody are those without their acknowledgement; reassignments count all the same."""
    to = frozenset(people)
    away = found.holders - to
    if how is not How.REASSIGNED:
        away -= found.acknowledged.keys()
        found.by_hand = False
    found.moves.append(Move(how, away, to - found.holders))
    found.holders = to


def _paged(found: Measures, fact: PageStarted, at: Moment, config: Config) -> None:
    found.notified[fact.user_id] = found.notified.get(fact.user_id, 0) + 1
    if fact.channel in _LOUD and fact.attempt == 1:
        user = config.users.get(fact.user_id)
        found.interruptions.append((fact.user_id, hours_of(at, user.time_zone if user is not None else "Etc/UTC")))


def hours_of(at: Moment, zone: str) -> str:
    """In which of a person's hours this is: working days from 8 to 18, nights from 22 to 8, all the rest."""
    local = to_datetime(at).astimezone(zone_named(zone))
    if not 8 <= local.hour < 22:
        return SLEEP
    return BUSINESS if local.weekday() < 5 and local.hour < 18 else OFF


def covered(spans: Sequence[tuple[Moment, Moment]]) -> int:
    """How much time these spans cover together."""
    total, end = 0, None
    for begin, finish in sorted(spans):
        start = begin if end is None else max(begin, end)
        total += max(0, finish - start)
        end = finish if end is None else max(end, finish)
    return total


def responses(found: Measures, entries: Sequence[TimelineEntry]) -> Iterator[Mapping[str, object]]:
    """Who was called or asked, and what they answered, in the order in which that began."""
    asked: dict[str, tuple[Moment, str]] = {}
    declined: dict[str, Moment] = {}
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, ResponderAdded):
            asked.setdefault(fact.user_id, (entry.at, "added_responder"))
        elif isinstance(fact, IncidentReassigned | LevelReached | LastResortReached | IncidentTriggered):
            kind = "reassigned" if isinstance(fact, IncidentReassigned) else "assigned"
            if isinstance(fact, LastResortReached) or (isinstance(fact, LevelReached) and fact.level > 1):
                kind = "escalated"
            people = fact.assignee_ids if isinstance(fact, IncidentTriggered) else fact.user_ids
            for user_id in people:
                asked.setdefault(user_id, (entry.at, kind))
        elif isinstance(fact, ResponderReplied) and not fact.joined:
            declined[fact.user_id] = entry.at
    for user_id, (at, kind) in sorted(asked.items(), key=lambda one: one[1]):
        answered = found.engaged.get(user_id, declined.get(user_id))
        status = "joined" if user_id in found.engaged else "declined" if user_id in declined else "pending"
        yield {"user_id": user_id, "at": at, "type": kind, "status": status, "answered": answered}
