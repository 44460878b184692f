"""Low urgency never escalates; raised it pages, lowered it takes back what waited."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel, SupportHours, Urgency, UrgencyRule, UrgencyRuleKind
from tocsin.events.model import Severity
from tocsin.incidents.messages import Acknowledge, SetUrgency, Snooze
from tocsin.incidents.model import NoTimer, Status
from tocsin.paging.messages import PageStarted
from tocsin.testing.world import World

BY_SEVERITY = UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED)


def test_low_urgency_goes_by_the_low_rules_and_never_on(world: World) -> None:
    cast = gather(world, urgency_rule=UrgencyRule(urgency="low"))
    world.event(cast.monitor)
    world.advance(minutes=240)
    assert [(one.message.channel, one.message.user_id) for one in world.carrier.received] == [
        (Channel.EMAIL, cast.alice.id)
    ]
    assert world.incident().timer_reason is NoTimer.LOW_URGENCY


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [
        (Severity.CRITICAL, Urgency.HIGH),
        (Severity.ERROR, Urgency.HIGH),
        (Severity.WARNING, Urgency.LOW),
        (Severity.INFO, Urgency.LOW),
        (None, Urgency.HIGH),
    ],
)
def test_by_severity(world: World, severity: Severity | None, urgency: Urgency) -> None:
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.event(cast.monitor, severity=severity)
    assert world.incident().urgency is urgency


def test_raised_it_pages_and_escalates_from_now(world: World) -> None:
    cast = gather(world, urgency_rule=UrgencyRule(urgency="low"))
    world.event(cast.monitor)
    world.advance(minutes=30)
    world.does(cast.alice, SetUrgency, urgency=Urgency.HIGH)
    assert [one.message.channel for one in world.pages_to(cast.alice)] == [Channel.EMAIL, Channel.SMS]
    world.advance(minutes=5)
    assert world.pages_to(cast.bob)


def test_a_worse_word_of_the_monitor_raises_it(world: World) -> None:
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.event(cast.monitor, severity=Severity.WARNING)
    world.event(cast.monitor, severity=Severity.CRITICAL)
    assert world.incident().urgency is Urgency.HIGH
    assert paged(world, cast) == ["alice", "alice"]
    world.event(cast.monitor, severity=Severity.INFO)
    assert world.incident().urgency is Urgency.HIGH, "a softer word changes nothing"


def test_lowered_it_stops_and_takes_back_what_waited(world: World, cast: Cast) -> None:
    dora = world.person("dora", rules=[(Channel.SMS, 0), (Channel.VOICE, 3)])
    _, monitor = world.service("Other", world.policy("Dora", (5, dora), (5, cast.bob)))
    world.event(monitor)
    world.advance(minutes=1)
    world.does(cast.olga, SetUrgency, urgency=Urgency.LOW)
    world.advance(minutes=60)
    assert [one.message.channel for one in world.pages_to(dora)] == [Channel.SMS, Channel.EMAIL]
    assert world.pages_to(cast.bob) == []


def test_an_acknowledgement_runs_out_only_while_it_is_urgent(world: World) -> None:
    cast = gather(world, acknowledgement_timeout=600)
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.does(cast.alice, SetUrgency, urgency=Urgency.LOW)
    world.advance(minutes=30)
    assert world.incident().status is Status.ACKNOWLEDGED
    world.does(cast.alice, SetUrgency, urgency=Urgency.HIGH)
    world.advance(minutes=11)
    assert world.incident().status is Status.TRIGGERED


@pytest.mark.parametrize(
    ("wait_hours", "urgency"), [(0, Urgency.HIGH), (6, Urgency.HIGH), (9, Urgency.LOW), (24 * 4, Urgency.LOW)]
)
def test_support_hours(world: World, wait_hours: int, urgency: Urgency) -> None:
    """The world begins on a Tuesday at 09:00 UTC, which is 10:00 in Zürich; support is there from 08:00 to 18:00."""
    hours = SupportHours(time_zone="Europe/Zurich", start_second=8 * 3600, end_second=18 * 3600, days=(1, 2, 3, 4, 5))
    rule = UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="high", outside="low")
    cast = gather(world, urgency_rule=rule, support_hours=hours)
    world.advance(minutes=60 * wait_hours)
    world.event(cast.monitor)
    assert world.incident().urgency is urgency


def test_support_hours_look_at_when_the_alarm_came_in(world: World) -> None:
    hours = SupportHours(time_zone="Etc/UTC", start_second=8 * 3600, end_second=9 * 3600 + 60, days=(2,))
    rule = UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="high", outside="low")
    cast = gather(world, urgency_rule=rule, support_hours=hours)
    world.sleep(59_000_000)
    world.accept(world.alarm(cast.monitor))
    world.sleep(600_000_000)
    world.settle()
    assert world.incident().urgency is Urgency.HIGH


def test_a_worse_alert_that_joins_a_quiet_incident_wakes_it(world: World) -> None:
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.save(replace(cast.service, group_seconds=600), "group_seconds")
    world.event(cast.monitor, "one", severity=Severity.WARNING)
    world.event(cast.monitor, "two", severity=Severity.CRITICAL)
    assert world.incident().urgency is Urgency.HIGH
    assert [one.message.channel for one in world.pages_to(cast.alice)] == [Channel.EMAIL, Channel.SMS]


@pytest.mark.parametrize("key", ["one", "two"])
def test_who_has_it_is_told_once_that_it_is_urgent_now(world: World, key: str) -> None:
    """Whether the alert itself worsens or a worse one joins."""
    cast = gather(world, urgency_rule=BY_SEVERITY, group_seconds=0)
    world.event(cast.monitor, "one", severity=Severity.WARNING)
    world.does(cast.alice, Acknowledge)
    world.event(cast.monitor, key, severity=Severity.CRITICAL)
    world.advance(minutes=120)
    assert [one.message.channel for one in world.pages_to(cast.alice)] == [Channel.EMAIL, Channel.SMS]
    assert world.pages_to(cast.alice)[-1].message.text.endswith("(urgent now)")
    assert world.facts(PageStarted)[-1].why == "it is urgent now, and this person has it"
    assert (world.incident().status, paged(world, cast)) == (Status.ACKNOWLEDGED, ["alice", "alice"])


def test_the_news_comes_though_the_person_was_reached_a_moment_ago(world: World) -> None:
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.event(cast.monitor, "else", severity=Severity.CRITICAL)
    world.event(cast.monitor, severity=Severity.INFO)
    world.does(cast.alice, Acknowledge, 2)
    world.event(cast.monitor, severity=Severity.CRITICAL)
    world.advance(minutes=1.5)
    assert world.pages_to(cast.alice)[-1].message.incident_ids == (world.incident(2).id,)


def test_when_nobody_who_has_it_can_be_told_it_pages_again(world: World) -> None:
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.event(cast.monitor, severity=Severity.WARNING)
    world.does(cast.alice, Acknowledge)
    for contact in world.config.contacts_of[cast.alice.id]:
        world.save(replace(contact, enabled=False), "enabled")
    world.event(cast.monitor, severity=Severity.CRITICAL)
    world.advance(minutes=6)
    assert world.pages_to(cast.bob)


def test_what_is_snoozed_keeps_asleep_and_says_that_it_is_urgent(world: World) -> None:
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.event(cast.monitor, severity=Severity.WARNING)
    world.does(cast.alice, Snooze, seconds=3600)
    world.event(cast.monitor, severity=Severity.CRITICAL)
    assert world.pages_to(cast.alice, Channel.SMS)
    assert world.incident().snoozed_until is not None


def test_a_severity_that_is_not_known_is_worse_than_a_warning(world: World) -> None:
    """As it is for a new alert: what nobody can tell counts as urgent."""
    cast = gather(world, urgency_rule=BY_SEVERITY)
    world.event(cast.monitor, severity=Severity.WARNING)
    world.event(cast.monitor, severity=None)
    assert world.incident().urgency is Urgency.HIGH
