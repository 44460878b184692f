"""What events do to the alert of their key, for every sequence of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts.decide import LATE, STALE_FOR, Ending, expire, receive, resolve
from tocsin.alerts.messages import AlertOpened, AlertResolved
from tocsin.alerts.model import Alert, Hold
from tocsin.events.model import Action, Event, Outcome, Severity
from tocsin.kernel.decision import Decision, Fact, SetTimer
from tocsin.kernel.time import MINUTE, SECOND, Moment

BEGIN: Moment = 10**15


def event(at: Moment, action: Action = Action.TRIGGER, **more: object) -> Event:
    values = {"integration_id": "I", "dedup_key": "k", "summary": "s", "received_at": at} | more
    return Event(action=action, **values)  # type: ignore[arg-type]


events = st.builds(
    lambda action, expires, severity: (action, expires, severity),
    st.sampled_from([Action.TRIGGER, Action.TRIGGER, Action.RESOLVE, Action.ACKNOWLEDGE]),
    st.sampled_from([None, MINUTE, 4 * MINUTE]),
    st.sampled_from([None, *Severity]),
)


@dataclass
class Key:
    """The alerts of one key, one after the other, and the expiry timer of the newest."""

    alerts: list[Alert]
    timer: Moment | None = None

    def take(self, decision: Decision) -> Decision:
        for changed in decision.state:
            assert isinstance(changed, Alert)
            if self.alerts and self.alerts[-1].id == changed.id:
                self.alerts[-1] = changed
            else:
                self.alerts.append(changed)
        for timer in decision.timers:
            self.timer = timer.due_at if isinstance(timer, SetTimer) else None
        return decision

    def say(self, said: Event, suppressed: str = "") -> Ending:
        latest = self.alerts[-1] if self.alerts else None
        new_id = f"A{len(self.alerts)}"
        ending = self.take(
            receive(said, latest, service_id="S", hold=Hold(suppressed=suppressed), new_id=new_id, now=said.received_at)
        ).value
        assert isinstance(ending, Ending)
        return ending


@given(said=st.lists(events, max_size=30), pauses=st.lists(st.integers(1, 3 * MINUTE), min_size=30, max_size=30))
def test_at_most_the_newest_alert_is_open_and_everything_is_counted(
    said: Sequence[tuple[Action, Moment | None, Severity | None]], pauses: Sequence[Moment]
) -> None:
    key, now, opened, ended, repeated = Key([]), BEGIN, 0, 0, 0
    facts: list[Fact] = []
    for (action, expires, severity), pause in zip(said, pauses, strict=False):
        now += pause
        while key.timer is not None and key.timer <= now:
            due, key.timer = key.timer, None
            decision = key.take(expire(key.alerts[-1], due))
            facts += decision.facts
            ended += any(isinstance(fact, AlertResolved) for fact in decision.facts)
        outcome = key.say(event(now, action, severity=severity, expires_at=expires and now + expires)).outcome
        opened += outcome is Outcome.OPENED
        ended += outcome is Outcome.RESOLVED
        repeated += outcome is Outcome.REPEATED
    assert not any(alert.is_open for alert in key.alerts[:-1])
    assert len(key.alerts) == opened
    assert opened - ended == sum(alert.is_open for alert in key.alerts)
    assert repeated == sum(alert.repeats for alert in key.alerts)
    newest = key.alerts[-1] if key.alerts else None
    if newest is not None and newest.is_open and newest.expires_at is not None:
        assert key.timer is not None
        assert key.timer <= newest.expires_at


@given(pauses=st.lists(st.integers(SECOND, 4 * MINUTE - 1), min_size=1, max_size=20))
def test_it_expires_a_whole_span_after_the_last_word_and_not_before(pauses: Sequence[Moment]) -> None:
    key, now = Key([]), BEGIN
    key.say(event(now, expires_at=now + 4 * MINUTE))
    for pause in pauses:
        now += pause
        while key.timer is not None and key.timer <= now:
            key.take(expire(key.alerts[-1], key.timer))
        key.say(event(now, expires_at=now + 4 * MINUTE))
    while key.alerts[-1].is_open:
        assert key.timer is not None
        key.take(expire(key.alerts[-1], key.timer))
    assert key.alerts[-1].resolved_at == now + 4 * MINUTE
    assert len(key.alerts) == 1


def test_an_expiry_noticed_late_gives_the_monitor_the_same_span_again() -> None:
    key = Key([])
    key.say(event(BEGIN, expires_at=BEGIN + 4 * MINUTE))
    late = BEGIN + 4 * MINUTE + LATE + 1
    key.take(expire(key.alerts[-1], late))
    assert key.alerts[-1].is_open
    assert key.timer == late + 4 * MINUTE
    key.take(expire(key.alerts[-1], late + 4 * MINUTE))
    assert not key.alerts[-1].is_open


def test_a_late_word_is_ignored_for_minutes_only() -> None:
    key = Key([])
    key.say(event(BEGIN, started_at=BEGIN))
    over = BEGIN + MINUTE
    key.say(event(over, Action.RESOLVE, started_at=BEGIN, ended_at=over))
    assert key.say(event(over + STALE_FOR - 1, started_at=BEGIN)).outcome is Outcome.DROPPED
    assert key.say(event(over + STALE_FOR, started_at=BEGIN)).outcome is Outcome.OPENED


def test_only_the_monitor_s_own_end_makes_its_word_stale() -> None:
    key = Key([])
    key.say(event(BEGIN, started_at=BEGIN))
    key.take(resolve(key.alerts[-1], "by hand", BEGIN + SECOND))
    assert key.say(event(BEGIN + 2 * SECOND, started_at=BEGIN)).outcome is Outcome.OPENED


def test_a_closed_alert_stays_as_it_is() -> None:
    alert = Key([])
    alert.say(event(BEGIN))
    alert.say(event(BEGIN + 1, Action.RESOLVE))
    assert resolve(alert.alerts[-1], "again", BEGIN + 2) == Decision()
    assert expire(alert.alerts[-1], BEGIN + 2) == Decision()


def test_a_rule_is_asked_again_while_it_suppresses() -> None:
    key = Key([])
    assert key.say(event(BEGIN), suppressed="noise").outcome is Outcome.SUPPRESSED
    assert key.say(event(BEGIN + 1), suppressed="noise").outcome is Outcome.REPEATED
    latest = key.alerts[-1]
    decision = receive(event(BEGIN + 2), latest, service_id="S", hold=Hold(), new_id="", now=BEGIN + 2)
    assert [type(fact) for fact in decision.facts] == [AlertOpened]
    assert decision.state == (replace(latest, suppressed="", repeats=2, last_event_at=BEGIN + 2),)
