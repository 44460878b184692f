"""A small installation to look at: a real engine on SQLite, the pages over it, and people who know their part.

Alice is primary, Bob secondary, Carol their manager, Erin the owner, Mallory an outsider who may look.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from tocsin.app.entrances import ACTIONS, MONITORS, body_of, pieces, regrouped
from tocsin.app.http import PROGRAMS
from tocsin.app.pasted import event_reader
from tocsin.app.providers import NEEDED
from tocsin.dialects.pagerduty.only_kept import only_kept
from tocsin.dialects.pagerduty_events.decode import DECODERS as CHANGE_DECODERS
from tocsin.dialects.pagerduty_events.read import CHANGE_SOURCE
from tocsin.directory.model import (
    Channel,
    ContactMethod,
    Integration,
    Membership,
    NotificationRule,
    Priority,
    Role,
    Service,
    Team,
    TeamRole,
    Urgency,
    User,
)
from tocsin.engine.readiness import Setup
from tocsin.engine.things import DeleteThing
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.events.model import Action, Event, Severity
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import SYSTEM, Actor, ActorKind, Via
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, Moment, parse_iso
from tocsin.oncall import Layer, Override, Schedule
from tocsin.runtime.feeds import Feeds
from tocsin.runtime.ingest import Entry
from tocsin.runtime.live import Bus
from tocsin.runtime.passwords import Passwords
from tocsin.runtime.sessions import Sessions, Visitor
from tocsin.storage.edge import open_edge_store
from tocsin.testing.desk import DirectDesk
from tocsin.web.app import create, not_found
from tocsin.web.site import Health, ProbeEvent, Site

NIGHT: Moment = parse_iso("2026-01-06T02:14:07+00:00")
"""A Tuesday, when it is dark."""

AGENT = "A browser"

PASSWORD = "correct horse battery"
QUICK = Passwords(memory_kib=64, passes=1)
HASHED = QUICK.hash(PASSWORD)


@dataclass
class Place:
    """The installation. `site` is what the pages see; replace it before `app` is used to change that.

    `like` is one whose files lie in `folder` already: its names are taken over.
    """

    folder: Path
    like: Place | None = None
    desk: DirectDesk = field(init=False)
    site: Site = field(init=False)
    links: list[tuple[User, str]] = field(default_factory=list)
    people: dict[str, User] = field(default_factory=dict)
    services: dict[str, tuple[Service, Integration]] = field(default_factory=dict)
    team: Team = field(init=False)
    schedule: Schedule = field(init=False)
    policy: Policy = field(init=False)
    messages: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk = DirectDesk(self.folder, now=NIGHT)
        self.store = open_edge_store(self.folder, None)
        ids = IdSource(random.Random(2))
        self.sessions = Sessions(self.store, self.desk, self.desk.clock, ids, QUICK)
        self.site = Site(
            desk=self.desk,
            reads=self.desk.reads,
            sessions=self.sessions,
            feeds=Feeds(self.store, self.desk, self.desk.clock, ids),
            clock=self.desk.clock,
            ids=ids,
            bus=Bus(),
            mail_link=lambda user, url: self.links.append((user, url)),
            message_of=self._message_of,
            raw_event=lambda seq: b'{"event": %d}' % seq,
            read_event=event_reader(ids),
            stored_events=self.desk.accepted,
            delivery_body=lambda delivery, _config: f'{{"event": "{delivery.event}"}}',
            only_kept=only_kept,
            send_event=self.send,
            monitors=MONITORS,
            actions=ACTIONS,
            pieces=pieces,
            regrouped=regrouped,
            health=Health,
            ways_to_send=lambda: (Channel.SMS.value, Channel.VOICE.value, Channel.EMAIL.value, Channel.WEBHOOK.value),
            setup=lambda: Setup(
                ways=frozenset(self.site.ways_to_send()), public_url=self.site.public_url, settings=NEEDED
            ),
        )

        if self.like is not None:
            self.people, self.services = dict(self.like.people), dict(self.like.services)
            self.team, self.schedule, self.policy = self.like.team, self.like.schedule, self.like.policy

    def close(self) -> None:
        """Close every file."""
        self.store.close()
        self.desk.close()

    def _message_of(self, token: str) -> str:
        return self.messages.get(token, "")

    def send(self, key: str, event: ProbeEvent) -> int:
        """A test goes in as a monitor's event would: read by the same reader, then decided by the engine."""
        integration = self.desk.config().integration_by_key[key]
        body = json.dumps(body_of(key, event)).encode()
        now = self.desk.clock.now()
        if event.is_change:
            decode, source = CHANGE_DECODERS[CHANGE_SOURCE], CHANGE_SOURCE
            return self.desk.receive(decode(Entry(0, now, source, integration.id, "", body)))
        return self.desk.receive(self.site.read_event(body, integration.id, key, now))

    def app(self) -> Starlette:
        """The pages as an application."""
        nobody = not_found(self.site, PROGRAMS)
        return Starlette(routes=create(self.site), exception_handlers={404: nobody, 405: nobody})

    def client(self, who: str = "", base: str = "https://tocsin.example", app: Starlette | None = None) -> Browser:
        """A browser, signed in as somebody unless `who` is empty."""
        return Browser(self, app or self.app(), base, who)

    # -- people and things

    def person(self, name: str, role: Role = Role.RESPONDER, *, shown: str = "", delay_call: int = 2) -> User:
        """A person with a password, a text at once and a call some minutes later."""
        user: User = self.desk.save(
            User(
                id="", name=shown or name.title(), email=f"{name}@example.com", role=role, password_hash=HASHED,
                time_zone="Etc/UTC",
            )
        )  # fmt: skip
        for rule in self.desk.config().rules_of[user.id]:
            if rule.urgency is Urgency.HIGH:
                self.desk.run(SYSTEM, DeleteThing(thing_kind="notification_rule", thing_id=rule.id))
        number = f"20255501{len(self.people):02d}"
        for channel, delay in ((Channel.SMS, 0), (Channel.VOICE, delay_call)):
            contact = ContactMethod(id="", user_id=user.id, channel=channel, address=number, country_code=1)
            saved = self.desk.save(contact)
            self.desk.save(
                NotificationRule(
                    id="", user_id=user.id, contact_method_id=saved.id, urgency=Urgency.HIGH, start_delay_minutes=delay
                )
            )
        self.people[name] = user
        return user

    def rota(self, name: str, *names: str, start: Moment = NIGHT - 9 * DAY, turn: int = 7 * 86_400) -> Schedule:
        """A rotation of these people."""
        users = tuple(self.people[one].id for one in names)
        layer = Layer("", "Weekly", start, None, start, turn, users)
        schedule: Schedule = self.desk.save(Schedule("", name, "Etc/UTC", (layer,), team_ids=(self.team.id,)))
        return schedule

    def cover(self, schedule: Schedule, name: str, *, hours: float = 22) -> None:
        """Somebody takes over from now on, for some hours."""
        user, now = self.people[name], self.desk.clock.now()
        self.desk.save(Override("", schedule.id, user.id, now, now + round(hours * HOUR), now))

    def service(self, name: str, policy: Policy, **more: Any) -> tuple[Service, Integration]:
        """A service with a monitor."""
        service: Service = self.desk.save(Service(id="", name=name, policy_id=policy.id, **more))
        integration: Integration = self.desk.save(Integration(id="", service_id=service.id, name="Prometheus", key=""))
        self.services[name] = (service, integration)
        return service, integration

    def alarm(
        self, service: str, key: str, summary: str = "", action: Action = Action.TRIGGER, **more: Any
    ) -> Incident | None:
        """An event arrives; the incident that it is about, if there is one."""
        integration = self.services[service][1]
        event = Event(
            action=action,
            integration_id=integration.id,
            dedup_key=key,
            received_at=self.desk.clock.now(),
            summary=summary or key,
            **({"source": "db-1", "severity": Severity.CRITICAL} | more),
        )
        seq = self.desk.receive(event)
        outcome = self.desk.reads.outcome(seq)
        alert = self.desk.reads.alert(outcome.alert_id) if outcome and outcome.alert_id else None
        return self.desk.reads.incident(alert.incident_id) if alert and alert.incident_id else None

    def as_(self, name: str, via: Via = Via.WEB) -> Actor:
        """A person, acting."""
        return Actor(ActorKind.USER, self.people[name].id, via)

    def incident(self, number: int) -> Incident:
        """An incident as it is now."""
        found = self.desk.reads.incident(str(number))
        assert found is not None
        return found


class Browser(TestClient):
    """A browser without scripts: keeps cookies, sends its origin with forms, does not follow redirects by itself."""

    def __init__(self, place: Place, app: Starlette, base: str, who: str) -> None:
        super().__init__(app, base_url=base, follow_redirects=False)
        self.place = place
        self.base = base
        self.csrf = ""
        if who:
            user = place.people[who]
            opened = place.sessions.sign_in(user.email, PASSWORD, Visitor("192.0.2.1", AGENT))
            name = "__Host-tocsin" if base.startswith("https") else "tocsin"
            self.cookies.set(name, opened.token)
            self.csrf = opened.session.csrf

    def act(self, path: str, *, origin: str | None = "", csrf: str | None = "", **fields: Any) -> Any:
        """Send a form from one of our pages; `origin` and `csrf` None leave them out, "" means our own."""
        headers = {} if origin is None else {"origin": origin or self.base}
        token = {} if csrf is None else {"csrf": csrf or self.csrf}
        return self.post(path, data={**token, **fields}, headers=headers)

    def confirm(self, path: str, **fields: Any) -> Any:
        """Send a form whose change is shown first, then press the button of that page; a refusal as it is."""
        shown = self.act(path, **fields)
        if shown.status_code != 200:
            return shown
        form = shown.text.partition('id="review"')[2].partition("</form>")[0]
        carried = {name: unescape(value) for name, value in re.findall(r'name="(\S+?)" value="([^"]*)"', form)}
        buttons = re.findall(r'name="do" value="(sure-[^"]*)"', form)
        return self.act(path, **{name: value for name, value in carried.items() if name not in ("do", "csrf")},
                        do=buttons[0])  # fmt: skip


def small(folder: Path) -> Place:
    """Two levels and a manager, one service, nothing wrong yet."""
    place = Place(folder)
    place.team = place.desk.save(Team(id="", name="Payments"))
    for name, role in (("alice", Role.RESPONDER), ("bob", Role.RESPONDER), ("carol", Role.RESPONDER)):
        user = place.person(name, role)
        team_role = TeamRole.MANAGER if name == "carol" else TeamRole.RESPONDER
        place.desk.save(Membership(team_id=place.team.id, user_id=user.id, role=team_role))
    place.person("erin", Role.OWNER)
    place.person("mallory", Role.OBSERVER)
    place.schedule = place.rota("Payments primary", "alice")
    place.policy = policy_of(place, "Payments", (5, place.schedule), (10, "bob"), (15, "carol"), loops=3)
    place.service("PaymentsService", place.policy)
    return place


def policy_of(place: Place, name: str, *levels: tuple[int, Schedule | str], loops: int = 0) -> Policy:
    """A policy; each level is minutes to wait and a schedule or somebody's name."""
    rules = []
    for delay, one in levels:
        kind, target = (
            (TargetKind.USER, place.people[one].id) if isinstance(one, str) else (TargetKind.SCHEDULE, one.id)
        )
        rules.append(Rule(id="", delay_minutes=delay, targets=(Target(kind=kind, id=target),)))
    policy: Policy = place.desk.save(
        Policy(id="", name=name, rules=tuple(rules), num_loops=loops, team_ids=(place.team.id,))
    )
    return policy


def priorities(place: Place) -> list[Priority]:
    """P1 to P3."""
    words = (("P1", "Customers can't pay"), ("P2", "Customers notice"), ("P3", "Nobody notices yet"))
    return [
        place.desk.save(Priority(id="", name=name, description=text, order=order))
        for order, (name, text) in enumerate(words)
    ]


def rename(place: Place, name: str, shown: str) -> None:
    """Give a person another name."""
    user = place.desk.config().users[place.people[name].id]
    place.people[name] = place.desk.save(replace(user, name=shown), "name")


Make = Callable[[Path], Place]
