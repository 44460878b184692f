"""Prepares data folders for the benchmarks: people and services, and, where wanted, a long history.

Written through the engine's own store, many entities to a transaction, because deciding a million events one by one
would take longer than all the measuring.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.directory.model import Channel, ContactMethod, Integration, NotificationRule, Service, Urgency, User
from tocsin.engine.config import KIND_OF
from tocsin.engine.world import ThingChange
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.runtime.clock import SystemClock
from tocsin.storage.database import Database, open_database
from tocsin.storage.schema import create_schema
from tocsin.storage.turns import Turn, TurnStore


@dataclass(frozen=True)
class Teamwork:
    """The configuration of an installation under load. Person n is called for service n, on `numbers[n]`."""

    integrations: tuple[Integration, ...]
    users: tuple[User, ...]
    numbers: tuple[str, ...]

    @property
    def routing_keys(self) -> list[str]:
        """The integrations' keys."""
        return [one.key for one in self.integrations]


def teamwork(count: int, now: Moment, seed: int = 7) -> tuple[Teamwork, list[Any]]:
    """`count` services, each with a person of its own, reached by text at once; and the things to store."""
    ids = IdSource(random.Random(seed))
    things: list[Any] = []
    integrations, users, numbers = [], [], []
    for number in range(count):
        user = User(id=f"PU{number:05d}", name=f"Person {number}", email=f"person{number}@example.com", created_at=now)
        address = f"202{5_000_000 + number:07d}"
        contact = ContactMethod(
            id=f"PC{number:05d}", user_id=user.id, channel=Channel.SMS, address=address, created_at=now
        )
        rule = NotificationRule(
            id=f"PR{number:05d}", user_id=user.id, contact_method_id=contact.id, urgency=Urgency.HIGH, created_at=now
        )
        level = Rule(id=f"PL{number:05d}", delay_minutes=30, targets=(Target(kind=TargetKind.USER, id=user.id),))
        policy = Policy(id=f"PP{number:05d}", name=f"Policy {number}", rules=(level,), created_at=now, updated_at=now)
        service = Service(id=f"PS{number:05d}", name=f"Service {number}", policy_id=policy.id, created_at=now)
        integration = Integration(
            id=f"PI{number:05d}", service_id=service.id, name="Monitor", key=ids.key(), created_at=now
        )
        things += [user, contact, rule, policy, service, integration]
        integrations.append(integration)
        users.append(user)
        numbers.append(f"+1{address}")
    return Teamwork(tuple(integrations), tuple(users), tuple(numbers)), things


def new_database(folder: Path) -> Database:
    """An empty main database in the folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = open_database(folder, None)
    create_schema(database)
    return database


def store_things(database: Database, things: list[Any], now: Moment) -> None:
    """The configuration, in one transaction."""
    store = TurnStore(database, "bench")
    store.begin()
    turn = Turn(now)
    turn.changes += [(now, SYSTEM, ThingChange(KIND_OF[type(one)], one.id, None, one)) for one in things]
    store.commit(turn)
    store.close()


def prepare(folder: Path, count: int = 50) -> Teamwork:
    """A data folder with `count` services and nothing else."""
    now = SystemClock().now()
    team, things = teamwork(count, now)
    database = new_database(folder)
    store_things(database, things, now)
    database.close()
    return team
