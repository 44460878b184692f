"""Rows written straight into the tables, many and of every sort, so that queries have something to choose from."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from sqlalchemy import insert

from tocsin.alerts.model import Alert, AlertStatus
from tocsin.directory.model import Channel, Urgency
from tocsin.events.model import Outcome
from tocsin.incidents.messages import IncidentResolved, IncidentTriggered, NoteAdded
from tocsin.incidents.model import Assignment, Incident, NoTimer, Status
from tocsin.kernel.actor import SYSTEM, Actor, ActorKind, Via
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import HOUR, MINUTE, Moment, parse_iso
from tocsin.paging.model import Message, MessageState
from tocsin.storage import tables
from tocsin.storage.codec import dump
from tocsin.storage.database import Database
from tocsin.storage.rows import MAPPED

BEGIN: Moment = parse_iso("2026-01-06T09:00:00+00:00")
ALICE = Actor(ActorKind.USER, "PALICE1", Via.WEB)
TEAMS = ("PTEAM01", "PTEAM02", "PTEAM03")
USERS = ("PALICE1", "PBOB001", "PCAROL1")
SERVICES = ("PSVC001", "PSVC002")


@dataclass
class Written:
    """What was written, to be compared with what is read."""

    incidents: list[Incident] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    facts: list[tuple[int, Moment, Actor, Fact]] = field(default_factory=list)
    outcomes: list[tuple[int, Outcome, str]] = field(default_factory=list)


def write(database: Database, count: int = 60, seed: int = 1) -> Written:
    """`count` incidents with an alert, a message, three facts and an event's outcome each."""
    chance = random.Random(seed)
    written = Written()
    for number in range(1, count + 1):
        at = BEGIN + chance.randrange(count) * MINUTE
        incident = _incident(number, at, chance)
        written.incidents.append(incident)
        written.alerts.append(_alert(number, at, incident, chance))
        written.messages.append(_message(number, at, incident, chance))
        outcome = chance.choice(list(Outcome))
        written.outcomes.append((number, outcome, written.alerts[-1].scope))
    for number, incident in enumerate(written.incidents):
        at = BEGIN + number * MINUTE
        for fact in _facts(incident):
            written.facts.append((len(written.facts) + 1, at, chance.choice((SYSTEM, ALICE)), fact))
    _store(database, written)
    return written


def _incident(number: int, at: Moment, chance: random.Random) -> Incident:
    status = chance.choice(list(Status))
    resolved = status is Status.RESOLVED
    people = () if resolved else tuple(chance.sample(USERS, chance.randrange(3)))
    return Incident(
        id=f"Q{number:013}",
        number=number,
        title=f"Incident {number}",
        service_id=chance.choice(SERVICES),
        status=status,
        urgency=chance.choice(list(Urgency)),
        created_at=at,
        updated_at=at,
        incident_key=f"key{number % 7}",
        policy_id="PPOL001",
        team_ids=tuple(chance.sample(TEAMS, chance.randrange(3))),
        assignments=tuple(Assignment(person, at) for person in people),
        timer_reason=None if resolved else NoTimer.LOW_URGENCY,
        resolved_at=at + chance.randrange(5) * HOUR if resolved else None,
    )


def _alert(number: int, at: Moment, incident: Incident, chance: random.Random) -> Alert:
    suppressed = chance.random() < 0.2
    return Alert(
        id=f"QA{number:012}",
        scope=f"PINT00{chance.randrange(3)}",
        dedup_key=f"key{number}",
        service_id=incident.service_id,
        status=chance.choice(list(AlertStatus)),
        created_at=at,
        last_event_at=at,
        first_seq=number,
        last_seq=number,
        incident_id="" if suppressed else incident.id,
        suppressed="noise rule" if suppressed else "",
    )


def _message(number: int, at: Moment, incident: Incident, chance: random.Random) -> Message:
    return Message(
        id=f"QM{number:012}",
        user_id=chance.choice(USERS),
        contact_id="PCONT01",
        channel=chance.choice((Channel.SMS, Channel.EMAIL)),
        address="+12025550101",
        page_ids=(),
        incident_ids=(incident.id,),
        code="",
        state=MessageState.SENT,
        created_at=at,
    )


def _facts(incident: Incident) -> tuple[Fact, ...]:
    return (
        IncidentTriggered(
            incident_id=incident.id,
            number=incident.number,
            service_id=incident.service_id,
            title=incident.title,
            urgency=incident.urgency,
        ),
        NoteAdded(incident_id=incident.id, note_id=f"QN{incident.number}", text=f"Note on {incident.number}"),
        IncidentResolved(incident_id=incident.id, reason="by hand"),
    )


def _store(database: Database, written: Written) -> None:
    people = [(one.id, person) for one in written.incidents for person in one.assignee_ids]
    teams = [(one.id, team) for one in written.incidents for team in one.team_ids]
    rows = (
        (tables.incidents, [MAPPED[Incident].row(one) for one in written.incidents]),
        (tables.alerts, [MAPPED[Alert].row(one) for one in written.alerts]),
        (tables.messages, [MAPPED[Message].row(one) for one in written.messages]),
        (tables.incident_people, [{"incident_id": one, "user_id": person} for one, person in people]),
        (tables.incident_teams, [{"incident_id": one, "team_id": team} for one, team in teams]),
        (
            tables.timeline,
            [
                {"at": at, "incident_id": fact.incident_id, "kind": fact.kind, "actor": dump(actor), "data": dump(fact)}
                for _, at, actor, fact in written.facts
            ],
        ),
        (
            tables.event_outcomes,
            [
                {
                    "seq": seq,
                    "outcome": outcome.value,
                    "reason": "because",
                    "alert_id": f"QA{seq:012}",
                    "integration_id": scope,
                    "received_at": BEGIN,
                    "decided_at": BEGIN,
                }
                for seq, outcome, scope in written.outcomes
            ],
        ),
    )
    with database.transaction() as connection:
        for table, values in rows:
            connection.execute(insert(table), values)
