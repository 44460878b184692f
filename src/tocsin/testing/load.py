"""An installation made for load: many services, each with a person of its own, written in one transaction.

For kill loops and benchmarks, which need more people than can be set up one by one. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.app.installation import system_ids
from tocsin.directory.model import Channel, ContactMethod, Integration, NotificationRule, Service, Urgency, User
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.world import ThingChange
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import Moment
from tocsin.runtime.clock import SystemClock
from tocsin.storage.database import Database, open_database
from tocsin.storage.schema import create_schema
from tocsin.storage.turns import Turn, TurnStore

LEVEL_MINUTES = 30
"""Nobody is called a second time while a load lasts."""


@dataclass(frozen=True, slots=True)
class Place:
    """One service of the installation: where its events go, and who is called for it on which number."""

    integration: Integration
    user: User
    number: str


def prepare(folder: Path, count: int, extra: Iterable[Any] = ()) -> Sequence[Place]:
    """Make a data folder with `count` services and nothing else but the things in `extra`. The keys are random."""
    now = SystemClock().now()
    ids = system_ids()
    things: list[Any] = list(extra)
    places = []
    for number in range(count):
        place, parts = _place(number, ids.key(), now)
        places.append(place)
        things += parts
    database = new_database(folder)
    store_things(database, things, now)
    database.close()
    return places


def new_database(folder: Path) -> Database:
    """An empty main database in the folder, open for writing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(folder, None)
    create_schema(database)
    return database


def store_things(database: Database, things: Iterable[Any], now: Moment) -> None:
    """Add configuration as it is, unchecked, in one transaction."""
    store = TurnStore(database, "load")
    store.begin()
    turn = Turn(now)
    turn.changes += [(now, SYSTEM, ThingChange(KIND_OF[type(one)], one.id, None, one)) for one in things]
    store.commit(turn)
    store.close()


def _place(number: int, key: str, now: Moment) -> tuple[Place, list[Any]]:
    """Service `number`, its person, who is reached by text at once, and the things that say so."""
    user = User(id=f"PU{number:05d}", name=f"Person {number}", email=f"person{number}@example.com", created_at=now)
    contact = ContactMethod(
        id=f"PC{number:05d}",
        user_id=user.id,
        channel=Channel.SMS,
        address=f"202{5_000_000 + number:07d}",
        created_at=now,
    )
    rule = NotificationRule(
        id=f"PR{number:05d}", user_id=user.id, contact_method_id=contact.id, urgency=Urgency.HIGH, created_at=now
    )
    target = Target(kind=TargetKind.USER, id=user.id)
    level = Rule(id=f"PL{number:05d}", delay_minutes=LEVEL_MINUTES, targets=(target,))
    policy = Policy(id=f"PP{number:05d}", name=f"Policy {number}", rules=(level,), created_at=now, updated_at=now)
    service = Service(id=f"PS{number:05d}", name=f"Service {number}", policy_id=policy.id, created_at=now)
    integration = Integration(id=f"PI{number:05d}", service_id=service.id, name="Monitor", key=key, created_at=now)
    return Place(integration, user, contact.dial), [user, contact, rule, policy, service, integration]
