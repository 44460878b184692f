"""What is quiet outside support hours becomes urgent when they begin, or end: by the clock on the service's wall."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Channel, SupportHours, Urgency, UrgencyRule, UrgencyRuleKind
from tocsin.engine.support_hours import in_support_hours, next_raise
from tocsin.events.model import Action, Severity
from tocsin.incidents.messages import Acknowledge, UrgencyChanged
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import HOUR, SECOND, iso, parse_iso
from tocsin.testing.world import World

RULE = UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="high", outside="low")
WEEK = (1, 2, 3, 4, 5)


def hours(start: float, end: float, *, zone: str = "Etc/UTC", days: tuple[int, ...] = WEEK) -> SupportHours:
    return SupportHours(time_zone=zone, start_second=round(start * 3600), end_second=round(end * 3600), days=days)


def supported(world: World, start: float, end: float, at: str = "support_hours_start") -> Cast:
    """The world begins on a Tuesday at 09:00 UTC."""
    return gather(world, urgency_rule=RULE, support_hours=hours(start, end), raise_at=at)


def test_at_the_start_it_pages_and_says_why(world: World) -> None:
    cast = supported(world, 10, 18)
    world.event(cast.monitor)
    world.advance(minutes=59)
    assert world.incident().urgency is Urgency.LOW
    world.advance(minutes=1)
    assert world.incident().urgency is Urgency.HIGH
    assert [(one.urgency, one.reason) for one in world.facts(UrgencyChanged)] == [(Urgency.HIGH, "support hours began")]
    assert [one.message.channel for one in world.pages_to(cast.alice)] == [Channel.EMAIL, Channel.SMS]
    world.advance(minutes=5)
    assert paged(world, cast)[-1] == "bob"


def test_at_the_end(world: World) -> None:
    cast = gather(
        world,
        urgency_rule=UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="low", outside="high"),
        support_hours=hours(8, 17),
        raise_at="support_hours_end",
    )
    world.event(cast.monitor)
    world.advance(minutes=8 * 60)
    assert [one.reason for one in world.facts(UrgencyChanged)] == ["support hours ended"]


def test_it_comes_again_every_day_of_support(world: World) -> None:
    cast = supported(world, 10, 18)
    world.advance(minutes=60 * 10)
    world.event(cast.monitor, "tuesday evening")
    world.advance(minutes=60 * 15)
    world.event(cast.monitor, "tuesday evening", Action.RESOLVE)
    world.advance(minutes=60 * 24 * 3)
    world.event(cast.monitor, "saturday")
    world.advance(minutes=60 * 24 * 2 - 1)
    assert world.incident(2).urgency is Urgency.LOW
    world.advance(minutes=60)
    assert world.incident(2).urgency is Urgency.HIGH
    assert len(world.facts(UrgencyChanged)) == 2


def test_who_has_it_is_told_and_keeps_it(world: World) -> None:
    cast = supported(world, 10, 18)
    world.event(cast.monitor)
    world.does(cast.alice, Acknowledge)
    world.advance(minutes=61)
    assert (world.incident().status, world.incident().urgency) == (Status.ACKNOWLEDGED, Urgency.HIGH)
    assert world.pages_to(cast.alice)[-1].message.text.endswith("(urgent now)")


def test_without_the_setting_nothing_changes(world: World) -> None:
    cast = supported(world, 10, 18, at="")
    world.event(cast.monitor)
    world.advance(minutes=60 * 48)
    assert world.incident().urgency is Urgency.LOW


def test_the_setting_is_followed_when_it_changes(world: World) -> None:
    cast = supported(world, 10, 18)
    world.event(cast.monitor)
    later = world.save(replace(cast.service, support_hours=hours(11, 18)), "support_hours")
    world.advance(minutes=61)
    assert world.incident().urgency is Urgency.LOW
    world.save(replace(later, raise_at=""), "raise_at")
    world.advance(minutes=60 * 24)
    assert world.incident().urgency is Urgency.LOW
    assert not [key for key in world.records().timers if key.startswith("raise:")]
    world.save(replace(later, raise_at="support_hours_end"), "raise_at")
    world.advance(minutes=60 * 24)
    assert [one.reason for one in world.facts(UrgencyChanged)] == ["support hours ended"]


def test_of_a_removed_service_nothing_waits(world: World) -> None:
    cast = supported(world, 10, 18)
    world.delete(cast.service)
    assert not [key for key in world.records().timers if key.startswith("raise:")]


def test_many_become_urgent_in_several_turns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.engine.on_incidents.QUIET_INCIDENTS", 3)
    cast = supported(world, 10, 18)
    for number in range(10):
        world.event(cast.monitor, f"disk {number}")
    world.advance(minutes=61)
    assert {one.urgency for one in world.incidents()} == {Urgency.HIGH}
    assert len(world.facts(UrgencyChanged)) == 10
    world.event(cast.monitor, "loud", severity=Severity.CRITICAL)
    assert world.incident(11).urgency is Urgency.HIGH


def test_after_a_stall_it_is_made_up_for(world: World) -> None:
    cast = supported(world, 10, 18)
    world.event(cast.monitor)
    world.sleep(3 * HOUR)
    world.crash()
    world.settle()
    assert world.incident().urgency is Urgency.HIGH


def test_only_named_moments_can_be_chosen(world: World, cast: Cast) -> None:
    with pytest.raises(Invalid, match="Raise at"):
        world.save(replace(cast.service, raise_at="noon"), "raise_at")


@pytest.mark.parametrize(
    ("zone", "start", "end", "at", "after", "expected"),
    [
        ("Europe/Zurich", 8, 18, "start", "2026-03-27T12:00:00Z", "2026-03-30T06:00:00Z"),  # summer time began
        ("Europe/Zurich", 8, 18, "start", "2026-10-23T12:00:00Z", "2026-10-26T07:00:00Z"),  # and ended
        ("Europe/Zurich", 2.5, 18, "start", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),  # 02:30 is skipped
        ("Europe/Zurich", 2.5, 18, "start", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),  # shown twice: the first
        ("Europe/Zurich", 1, 2.5, "end", "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"),  # shown twice: the last
        ("Etc/UTC", 22, 6, "end", "2026-01-06T23:00:00Z", "2026-01-07T06:00:00Z"),  # over midnight
        ("Etc/UTC", 8, 18, "start", "2026-01-06T08:00:00Z", "2026-01-07T08:00:00Z"),  # never the same moment again
        ("Pacific/Kiritimati", 8, 18, "start", "2026-01-06T20:00:00Z", "2026-01-07T18:00:00Z"),
    ],
)
def test_the_moment_by_the_clock_of_the_zone(
    world: World, zone: str, start: float, end: float, at: str, after: str, expected: str
) -> None:
    days = (1, 2, 3, 4, 5, 6, 7) if start < 3 else WEEK
    cast = gather(world, support_hours=hours(start, end, zone=zone, days=days), raise_at=f"support_hours_{at}")
    found = next_raise(cast.service, parse_iso(after.replace("Z", "+00:00")))
    assert found is not None
    assert iso(found) == expected
    inside = in_support_hours(cast.service.support_hours, found)
    before = in_support_hours(cast.service.support_hours, found - SECOND)
    assert (inside, before) == ((True, False) if at == "start" else (False, True))
