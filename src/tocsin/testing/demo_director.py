"""The director of the demo: tells the story in steps, over the server's own doors, and measures what happened.

Alarms are real HTTP posts in Alertmanager's format, phones are answered through the fake provider, waiting is skipped
by bringing timers of the demo's own incident forward. Nothing fires before the audience presses Start.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tocsin.escalation.messages import SkipWaiting, WaitingSkipped
from tocsin.incidents.messages import IncidentAcknowledged
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.errors import Conflict
from tocsin.kernel.time import MINUTE, SECOND, Moment, iso
from tocsin.kernel.wording import stored, word
from tocsin.paging.messages import PageSent
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.runtime.reads import AlertFilter, IncidentFilter, Reads
from tocsin.testing.demo_story import CLI, Story, number_of
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_calls import CallState
from tocsin.web.demo import EndCard, ShowAction, ShowState, ShowStep

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The way to our own server: never through a proxy that this machine may have for the world outside."""

STEPS = (
    ShowStep(
        word("Alarm"),
        word("Three alerts arrive in Alertmanager's format: two make one team's evening, staging pages nobody."),
    ),
    ShowStep(
        word("Nobody answers"),
        word("Alice does not see her text. The policy gives her five minutes; the demo skips most of them."),
    ),
    ShowStep(
        word("Bob's phone rings"),
        word("Level 2 of the policy. On Bob's phone, 1 acknowledges. After 20 s he presses it himself."),
    ),
    ShowStep(word("Answered"), word("Bob has it; nobody else is called. Look at 'Why was I paged?' on the incident.")),
    ShowStep(word("Over"), word("The monitor says that it is over; the incident resolves by itself.")),
)

ANSWER_SECONDS = 20.0
COUNTDOWN_SECONDS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where the demo's server is and how it is reached."""

    url: str
    story: Story
    desk: Desk
    reads: Reads
    phones: FakePhones
    clock: Clock


class Stopped(Exception):
    """The demo ends."""


class Director:
    """Implements `web.demo.DemoShow`; the story runs in a thread of its own."""

    def __init__(self, place: Place, *, autoplay: bool, tell: Callable[[], None]) -> None:
        """`tell` is called after every change of the state."""
        self._place = place
        self._autoplay = autoplay
        self._tell = tell
        self._state = ShowState(STEPS, actions=(ShowAction.START,))
        self._condition = threading.Condition()
        self._pressed: list[ShowAction] = []
        self._stopping = False
        self._take = 0
        self.finished = threading.Event()

    def state(self) -> ShowState:
        """Where the show is."""
        with self._condition:
            return self._state

    def act(self, action: ShowAction) -> None:
        """A button was pressed."""
        with self._condition:
            if action not in self._state.actions:
                raise Conflict("That is not possible at this point of the demo.", reason="demo")
            self._pressed.append(action)
            self._condition.notify_all()

    def stop(self) -> None:
        """End the thread."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    def run(self) -> None:
        """Tell the story, again and again, until stopped."""
        try:
            while True:
                self._show(step=0, actions=(ShowAction.START,), wish="", incident_number=0, end=None)
                if not self._autoplay or self._take:
                    self._wait_for(ShowAction.START, ShowAction.AGAIN)
                self._tell_story()
                self.finished.set()
                self._wait_for(ShowAction.AGAIN)
        except Stopped:
            return

    # -- the story

    def _tell_story(self) -> None:
        self._take += 1
        fired_at = self._place.clock.now()
        self._go_to(1)
        self._fire(fired_at, "firing")
        incident = self._wait_for_incident(fired_at)
        self._show(incident_number=incident.number)
        self._pause(6)
        self._go_to(2)
        self._skip(incident, COUNTDOWN_SECONDS)
        self._until(lambda: self._now(incident).level >= 2, COUNTDOWN_SECONDS + 10)
        self._go_to(3, wish=word("Bob's phone rings: press 1 on it to acknowledge."))
        self._let_bob_answer(incident)
        self._go_to(4)
        self._pause(12)
        self._go_to(5)
        self._fire(fired_at, "resolved")
        self._until(lambda: self._now(incident).status is Status.RESOLVED, 10)
        self._show(end=self._end_card(incident, fired_at), actions=(ShowAction.AGAIN,), wish="")

    def _let_bob_answer(self, incident: Incident) -> None:
        """Wait for the visitor; after 20 s Bob presses the key himself, and the strip says so."""
        if self._until(lambda: self._now(incident).status is not Status.TRIGGERED, ANSWER_SECONDS):
            return
        self._show(wish=word("Nobody pressed a key, so Bob does it himself."))
        calls = self._place.phones.calls(number_of("Bob"))
        if calls and calls[-1].state in (CallState.RINGING, CallState.ANSWERED):
            self._place.phones.press(number_of("Bob"), "1")
        self._until(lambda: self._now(incident).status is not Status.TRIGGERED, 10)

    def _fire(self, started_at: Moment, status: str) -> None:
        """Post the three alerts to the server's address for Alertmanager."""
        alerts = [_alert(name, source, started_at, status, self._place.clock.now()) for name, source in _ALERTS]
        body = {
            "version": "4",
            "receiver": "tocsin",
            "status": status,
            "groupKey": f'{{}}:{{take="{self._take}"}}',
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example.com",
            "truncatedAlerts": 0,
            "alerts": alerts,
        }
        url = f"{self._place.url}/hooks/alertmanager/{self._place.story.integration_key}"
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - our own server
        with DIRECT.open(request, timeout=10):
            pass

    def _wait_for_incident(self, since: Moment) -> Incident:
        found: list[Incident] = []

        def there() -> bool:
            listing = self._place.reads.incidents(IncidentFilter(since=since))
            found[:] = [one for one in listing.items if one.alert_count >= 2]
            return bool(found)

        self._until(there, 10)
        if not found:
            raise TimeoutError("the demo's alerts made no incident")
        return found[0]

    def _skip(self, incident: Incident, seconds: int) -> None:
        self._place.desk.run(CLI, SkipWaiting(incident_id=incident.id, seconds=seconds))

    def _now(self, incident: Incident) -> Incident:
        return self._place.reads.incident(incident.id) or incident

    def _end_card(self, incident: Incident, fired_at: Moment) -> EndCard:
        facts = self._place.reads.timeline_after(incident.id, 0).items
        sent = [entry.fact for entry in facts if isinstance(entry.fact, PageSent)]
        woken = {fact.user_id for fact in sent}
        answered = next((entry.at for entry in facts if isinstance(entry.fact, IncidentAcknowledged)), None)
        skipped = sum(entry.fact.skipped for entry in facts if isinstance(entry.fact, WaitingSkipped))
        quiet = [
            one for one in self._place.reads.alerts(AlertFilter(suppressed=True)).items if one.created_at >= fired_at
        ]
        figures = [
            ("1", word("problem")),
            ("3", word("events")),
            (str(len(woken)), word("people woken")),
            (
                f"{min((fact.after for fact in sent), default=0) / 1000:.0f} ms",
                word("from the alarm to the first page"),
            ),
            (
                f"{((answered or fired_at) - fired_at) / SECOND:.0f} s",
                stored("until answered, and %(count)s skipped minutes", count=round(skipped / MINUTE)),
            ),
            ("0", stored("pages from staging (%(count)s alert suppressed)", count=len(quiet))),
        ]
        return EndCard(tuple(figures), self._snippet(), "make run")

    def _snippet(self) -> str:
        url = f"{self._place.url}/hooks/alertmanager/{self._place.story.integration_key}"
        return f"receivers:\n  - name: tocsin\n    webhook_configs:\n      - url: {url}\n"

    # -- waiting, and being pressed

    def _go_to(self, step: int, *, wish: str = "") -> None:
        self._show(step=step, wish=wish, actions=(ShowAction.PAUSE, ShowAction.NEXT))

    def _show(self, **changes: object) -> None:
        with self._condition:
            self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self._tell()

    def _wait_for(self, *wanted: ShowAction) -> None:
        with self._condition:
            while True:
                self._check()
                if self._pressed and self._pressed.pop(0) in wanted:
                    return
                self._condition.wait(0.5)

    def _pause(self, seconds: float) -> None:
        """Let the audience look; Next goes on at once, Pause stays."""
        self._until(lambda: False, seconds)

    def _until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, Next, or time; False when it did not come true."""
        for _ in self._ticks(seconds):
            if holds():
                return True
        return holds()

    def _ticks(self, seconds: float) -> Iterator[None]:
        left = seconds
        while left > 0:
            yield
            with self._condition:
                self._check()
                self._condition.wait(0.1)
                pressed, self._pressed = self._pressed, []
                paused = self._state.paused
            if ShowAction.PAUSE in pressed and not paused:
                self._show(paused=True, actions=(ShowAction.RESUME, ShowAction.NEXT))
            elif paused and {ShowAction.RESUME, ShowAction.NEXT} & set(pressed):
                self._show(paused=False, actions=(ShowAction.PAUSE, ShowAction.NEXT))
            elif ShowAction.NEXT in pressed:
                return
            elif not paused:
                left -= 0.1

    def _check(self) -> None:
        if self._stopping:
            raise Stopped


_ALERTS = (
    ("PaymentsErrorRate", "payments-1.example.com"),
    ("PaymentsLatency", "payments-2.example.com"),
    ("PaymentsErrorRate", "payments-1.staging.example.com"),
)

_SUMMARIES = {
    "PaymentsErrorRate": "PaymentsService: 12 % of payments fail",
    "PaymentsLatency": "PaymentsService: payments take 9 s",
}


def _alert(name: str, source: str, started_at: Moment, status: str, now: Moment) -> dict[str, object]:
    over = status == "resolved"
    return {
        "status": status,
        "labels": {"alertname": name, "instance": source, "severity": "critical", "job": "payments"},
        "annotations": {"summary": _SUMMARIES[name], "runbook_url": "https://runbooks.example.com/payments"},
        "startsAt": iso(started_at),
        "endsAt": iso(now) if over else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=payments_errors",
        "fingerprint": "",
    }
