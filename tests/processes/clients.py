"""Clients of a server that is being killed: monitors and people. Each knows what it was answered, and tells it later.

A client asks again until it is answered, as real ones do. What it began is a "maybe"; what was answered is a "yes" and
must never be lost. Nothing here looks into the server.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from tocsin.incidents.messages import Acknowledge
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError, Unavailable
from tocsin.runtime.control_client import ControlClient
from tocsin.runtime.reads import Reads
from tocsin.testing.fake_phones import FakePhones, FakeText
from tocsin.testing.load import Place

NEW_SECONDS = 0.3
"""Each monitor has a new alarm so often."""


@dataclass
class Alarm:
    """One alert as its monitor knows it. Moments are microseconds UTC."""

    number: int
    place: Place
    began_at: int
    answered: bool = False
    resolving: bool = False
    resolved: bool = False
    acknowledged_at: int = 0

    @property
    def key(self) -> str:
        """Its dedup key; stands in the page too."""
        return f"alarm-{self.number:06d}-end"


@dataclass
class History:
    """What every client began and what it was answered."""

    alarms: list[Alarm] = field(default_factory=list)
    maybe: set[str] = field(default_factory=set)
    yes: set[str] = field(default_factory=set)
    broken: int = 0
    """Requests that ended without an answer."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()


def texts_about(phones: FakePhones, alarm: Alarm) -> list[FakeText]:
    """The pages about an alarm that reached its person's phone."""
    return [text for text in phones.texts(alarm.place.number) if alarm.key in text.body]


def wall() -> int:
    """Now, in microseconds."""
    return time.time_ns() // 1000


class Monitor(threading.Thread):
    """Sends one event after the other, each until it is answered: new alarms, repeats, resolutions of paged ones."""

    def __init__(
        self, port: int, places: Sequence[Place], numbers: count[int], history: History, phones: FakePhones, seed: int
    ) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._places = places
        self._numbers = numbers
        self._history = history
        self._phones = phones
        self._random = random.Random(seed)
        self._events = count()
        self._mine: list[Alarm] = []
        self._connection: http.client.HTTPConnection | None = None
        self._last_new = 0.0
        self._prefix = f"{seed}"
        self.stopping = threading.Event()

    def run(self) -> None:
        """Until `stopping`, and until the last event is answered."""
        while not self.stopping.wait(self._random.uniform(0.001, 0.02)):
            self._one()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _one(self) -> None:
        if time.monotonic() - self._last_new > NEW_SECONDS or not self._mine:
            self._last_new = time.monotonic()
            number = next(self._numbers)
            alarm = Alarm(number, self._places[number % len(self._places)], wall())
            with self._history.lock:
                self._history.alarms.append(alarm)
            self._mine.append(alarm)
            self._send(alarm, "trigger")
            alarm.answered = True
            return
        alarm = self._random.choice(self._mine)
        if self._random.random() < 0.04 and texts_about(self._phones, alarm):
            self._mine.remove(alarm)
            alarm.resolving = True
            self._send(alarm, "resolve")
            alarm.resolved = True
        else:
            self._send(alarm, "trigger")

    def _send(self, alarm: Alarm, action: str) -> None:
        """Until it is answered."""
        name = f"event-{self._prefix}-{next(self._events)}"
        event = {"routing_key": alarm.place.integration.key, "event_action": action, "dedup_key": alarm.key}
        payload = {"summary": alarm.key, "source": "kill loop", "severity": "critical"}
        body = json.dumps({**event, "client": name, "payload": payload})
        self._history.maybe.add(name)
        while not self._answered(body):
            self._history.broken += 1
            time.sleep(0.05)
        self._history.yes.add(name)

    def _answered(self, body: str) -> bool:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            self._connection.request("POST", "/v2/enqueue", body, {"content-type": "application/json"})
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return False
        assert answer.status in (202, 429, 500, 503), answer.status
        return answer.status == 202


class Responder(threading.Thread):
    """Acknowledges alarms whose page has arrived, as the person who was paged."""

    def __init__(self, client: ControlClient, reads: Reads, history: History, phones: FakePhones) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._reads = reads
        self._history = history
        self._phones = phones
        self.stopping = threading.Event()
        self.answered = 0

    def run(self) -> None:
        """Until `stopping`."""
        seen = 0
        while not self.stopping.wait(0.05):
            with self._history.lock:
                alarms = self._history.alarms[seen:]
            for alarm in alarms[: max(0, len(alarms) - 8)]:
                seen += 1
                if alarm.number % 3 == 0 and not self.stopping.is_set():
                    self._acknowledge(alarm)

    def _acknowledge(self, alarm: Alarm) -> None:
        texts = texts_about(self._phones, alarm)
        if not texts or alarm.resolving:
            return
        incident = self._reads.incident(texts[0].body.split(" ")[0].removeprefix("#"))
        assert incident is not None, "a page was sent about an incident that is not stored"
        actor = Actor(ActorKind.USER, alarm.place.user.id, Via.API)
        while not self.stopping.is_set():
            try:
                self._client.run(actor, Acknowledge(incident_id=incident.id), key=f"ack-{alarm.key}")
            except Unavailable:
                continue
            except TocsinError:
                return  # resolved meanwhile
            alarm.acknowledged_at = wall()
            self.answered += 1
            return
