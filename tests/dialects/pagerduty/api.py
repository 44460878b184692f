"""The API as a client sees it, over the real application, engine and database; and a house with people in it."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.routing import Mount

from tocsin.dialects.pagerduty.app import create
from tocsin.directory.model import (
    ApiKey,
    Integration,
    Membership,
    Priority,
    Role,
    Service,
    Team,
    TeamRole,
    User,
)
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.events.model import Action, Event, Severity
from tocsin.incidents.model import Incident
from tocsin.kernel.time import WEEK
from tocsin.oncall import Layer, Schedule
from tocsin.runtime.passwords import Passwords
from tocsin.runtime.sessions import Sessions
from tocsin.storage.database import MAIN_FILE
from tocsin.storage.edge import open_edge_store
from tocsin.testing.desk import DirectDesk

BASE = "http://tocsin.example/pagerduty"


_NAMED = ("user", "team", "schedule", "policy", "service", "integration")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    body: Any
    headers: httpx2.Headers

    @property
    def errors(self) -> list[str]:
        """The sentences of an error."""
        found: list[str] = self.body["error"]["errors"]
        return found

    @property
    def code(self) -> int:
        """The number of an error."""
        found: int = self.body["error"]["code"]
        return found

    def __getitem__(self, name: str) -> Any:
        """What stands under a name in the envelope."""
        return self.body[name]


class Api:
    """A client. `key` names whose API key a request carries."""

    def __init__(self, desk: DirectDesk, *, raising: bool = True, **options: Any) -> None:
        """`raising`: a defect of the application is raised here instead of answered with 500."""
        self.desk = desk
        self._runner = asyncio.Runner()
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-edge-")
        self.store = open_edge_store(Path(self._folder.name), None)
        self.sessions = Sessions(self.store, desk, desk.clock, desk.ids, Passwords(memory_kib=1024, passes=1))
        options.setdefault("sessions", self.sessions)
        mounted = Mount("/pagerduty", create(desk, desk.reads, desk.clock.now, **options))
        transport = httpx2.ASGITransport(Starlette(routes=[mounted]), raise_app_exceptions=raising)
        self._client = httpx2.AsyncClient(transport=transport, base_url=BASE)

    def close(self) -> None:
        """Close the client."""
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.store.close()
        self._folder.cleanup()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "root",
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; `raw` is sent as the body as it is."""
        every = {**({"authorization": f"Token token={secret(key)}"} if key else {}), **(headers or {})}
        content: dict[str, Any] = {"content": raw} if raw is not None else {} if body is None else {"json": body}
        found = self._runner.run(self._client.request(method, f"{BASE}{path}", headers=every, **content))
        return Reply(found.status_code, found.json() if found.content else None, found.headers)

    def get(self, path: str, **more: Any) -> Reply:
        """GET; must not fail."""
        reply = self.request("GET", path, **more)
        assert reply.status == 200, reply
        return reply

    def post(self, path: str, body: Any, **more: Any) -> Reply:
        """POST; must not fail."""
        reply = self.request("POST", path, body, **more)
        assert reply.status in (200, 201), reply
        return reply

    def put(self, path: str, body: Any, **more: Any) -> Reply:
        """PUT; must not fail."""
        reply = self.request("PUT", path, body, **more)
        assert reply.status in (200, 204), reply
        return reply

    def delete(self, path: str, **more: Any) -> Reply:
        """DELETE; must not fail."""
        reply = self.request("DELETE", path, **more)
        assert reply.status in (200, 204), reply
        return reply


def secret(name: str) -> str:
    """The API key that the house gives to somebody."""
    return f"secret-of-{name}"


class House(DirectDesk):
    """Alice and Bob take turns for Payments, Carol manages it, Mallory belongs to Search, Olive owns everything.

    In a folder that holds a house already, it is that one as it was left.
    """

    def __init__(self, folder: Path, seed: int = 2) -> None:
        """`seed` is that of new ids in a house that was built before."""
        built = (folder / MAIN_FILE).exists()
        super().__init__(folder, seed=seed if built else 1)
        if not built:
            self.build()
        self.look_around()

    def look_around(self) -> None:
        """Know everybody by name."""
        by_name = {thing.name: thing for kind in _NAMED for thing in self.config().of(kind).values()}
        self.olive: User = by_name["Olive"]
        self.alice: User = by_name["Alice"]
        self.bob: User = by_name["Bob"]
        self.carol: User = by_name["Carol"]
        self.mallory: User = by_name["Mallory"]
        self.payments: Team = by_name["Payments"]
        self.search: Team = by_name["Search"]
        self.schedule: Schedule = by_name["Primary"]
        self.policy: Policy = by_name["Payments Policy"]
        self.service: Service = by_name["Payments Service"]
        self.integration: Integration = by_name["Prometheus"]

    def build(self) -> None:
        """Let people in."""
        self.key("root", Role.OWNER)
        for number, name in enumerate(("P1", "P2", "P3"), 1):
            self.save(Priority(id="", name=name, order=number, description=f"Priority {number}"))
        self.person("Olive", Role.OWNER)
        alice, bob = self.person("Alice", Role.RESPONDER), self.person("Bob", Role.RESPONDER)
        carol, mallory = self.person("Carol", Role.MANAGER), self.person("Mallory", Role.OBSERVER)
        payments: Team = self.save(Team(id="", name="Payments"))
        search: Team = self.save(Team(id="", name="Search"))
        for team, person, role in (
            (payments, alice, TeamRole.RESPONDER),
            (payments, bob, TeamRole.RESPONDER),
            (payments, carol, TeamRole.MANAGER),
            (search, mallory, TeamRole.MANAGER),
        ):
            self.save(Membership(team_id=team.id, user_id=person.id, role=role))
        start = self.clock.now() // WEEK * WEEK
        layer = Layer(
            id="",
            name="Weekly",
            start=start,
            end=None,
            rotation_virtual_start=start,
            turn_length_seconds=7 * 86_400,
            user_ids=(alice.id, bob.id),
        )
        schedule = self.save(
            Schedule(id="", name="Primary", time_zone="Etc/UTC", layers=(layer,), team_ids=(payments.id,))
        )
        targets = (Target(kind=TargetKind.SCHEDULE, id=schedule.id), Target(kind=TargetKind.USER, id=carol.id))
        rules = tuple(Rule(id="", delay_minutes=5, targets=(target,)) for target in targets)
        policy = self.save(Policy(id="", name="Payments Policy", rules=rules, team_ids=(payments.id,)))
        service = self.save(Service(id="", name="Payments Service", policy_id=policy.id))
        self.save(Integration(id="", service_id=service.id, name="Prometheus", key=""))

    def person(self, name: str, role: Role) -> User:
        """A person with an API key of their own."""
        user: User = self.save(User(id="", name=name, email=f"{name.lower()}@example.com", role=role))
        self.key(name.lower(), role, user_id=user.id)
        return user

    def key(self, name: str, role: Role, *, user_id: str | None = None, team_ids: tuple[str, ...] = ()) -> ApiKey:
        """An API key; a request names it by `key=name`."""
        digest = hashlib.sha256(secret(name).encode()).hexdigest()
        key: ApiKey = self.save(ApiKey(id="", name=name, digest=digest, role=role, user_id=user_id, team_ids=team_ids))
        return key

    def alarm(self, dedup_key: str = "disk", summary: str = "Disk is full", **more: Any) -> Incident:
        """A monitor's event, and the incident that came of it."""
        event = Event(
            action=Action.TRIGGER,
            integration_id=self.integration.id,
            dedup_key=dedup_key,
            received_at=self.clock.now(),
            summary=summary,
            severity=Severity.CRITICAL,
            **more,
        )
        self.receive(event)
        self.settle()
        incident = self.reads.incidents(limit=1).items[0]
        assert incident.incident_key == dedup_key
        return incident
