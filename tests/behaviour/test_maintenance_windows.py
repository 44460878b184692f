"""While a maintenance window runs its services open no incidents; what is still wrong at its end pages then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.model import ServiceStatus, SupportHours, Urgency, UrgencyRule, UrgencyRuleKind
from tocsin.events.model import Action, Outcome
from tocsin.incidents.messages import AlertJoined, IncidentTriggered
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.time import HOUR, MINUTE, SECOND
from tocsin.testing.rules import quiet
from tocsin.testing.world import World

ENDED = 'still firing when the maintenance window "Disks are replaced" ended'


def window(world: World, cast: Cast, *, start: float = 0, end: float = 60, **more: object) -> MaintenanceWindow:
    """A window of the service, in minutes from now."""
    now = world.clock.moment
    values: dict[str, object] = {"description": "Disks are replaced", "service_ids": (cast.service.id,)} | more
    made = MaintenanceWindow(id="", start=now + round(start * MINUTE), end=now + round(end * MINUTE), **values)  # type: ignore[arg-type]
    saved: MaintenanceWindow = world.save(made)
    return saved


def outcomes(world: World) -> list[str]:
    return list((world.records().outcomes or {}).values())


def reasons(world: World) -> list[str]:
    return [fact.reason for fact in world.facts(IncidentTriggered)]


def test_a_new_alert_is_recorded_and_pages_nobody(world: World, cast: Cast) -> None:
    window(world, cast)
    world.event(cast.monitor)
    world.event(cast.monitor)
    assert outcomes(world) == [Outcome.SUPPRESSED, Outcome.REPEATED]
    assert [one.suppressed for one in world.records().alerts] == [
        'maintenance window "Disks are replaced" until 2026-01-06 10:00 UTC'
    ]
    assert world.incidents() == []


def test_what_is_over_by_its_end_never_pages(world: World, cast: Cast) -> None:
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=30)
    world.event(cast.monitor, action=Action.RESOLVE)
    world.advance(minutes=90)
    assert (world.incidents(), paged(world, cast)) == ([], [])


def test_what_is_still_wrong_at_its_end_pages_then_and_says_why(world: World, cast: Cast) -> None:
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=59)
    assert paged(world, cast) == []
    world.advance(minutes=1)
    assert paged(world, cast) == ["alice"]
    assert reasons(world) == [ENDED]
    assert world.incident().created_at == world.clock.moment, "it asks for somebody since the window ended"
    world.advance(minutes=5)
    assert paged(world, cast) == ["alice", "bob"]


def test_what_was_open_before_goes_on(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=5)
    assert paged(world, cast) == ["alice", "bob"]
    world.event(cast.monitor, action=Action.RESOLVE)
    assert world.incident().status is Status.RESOLVED
    world.event(cast.monitor)
    assert len(world.incidents()) == 1, "it is a new alert now"


def test_other_services_are_not_concerned(world: World, cast: Cast) -> None:
    other, monitor = world.service("Other", cast.policy)
    window(world, cast)
    world.event(monitor)
    assert [one.service_id for one in world.incidents()] == [other.id]


def test_it_counts_when_the_event_was_received(world: World, cast: Cast) -> None:
    window(world, cast, end=1)
    world.sleep(30_000_000)
    world.accept(world.alarm(cast.monitor))
    world.sleep(HOUR)
    world.settle()
    assert outcomes(world) == [Outcome.SUPPRESSED]
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])


def test_a_start_in_the_past_counts_from_now(world: World, cast: Cast) -> None:
    world.accept(world.alarm(cast.monitor))
    world.sleep(1)
    made = window(world, cast, start=-600)
    assert made.start == world.clock.moment
    assert paged(world, cast) == ["alice"]


def test_ended_early(world: World, cast: Cast) -> None:
    made = window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=10)
    world.delete(made)
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])
    assert world.config.maintenance_windows[made.id].end == world.clock.moment
    world.event(cast.monitor, "another")
    assert len(world.incidents()) == 2


def test_one_that_has_not_begun_is_removed(world: World, cast: Cast) -> None:
    made = window(world, cast, start=10)
    world.delete(made)
    world.advance(minutes=11)
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"]
    assert made.id not in world.config.maintenance_windows


def test_one_that_is_over_stays_as_it_was(world: World, cast: Cast) -> None:
    made = window(world, cast, end=1)
    world.advance(minutes=2)
    with pytest.raises(Conflict, match="has ended"):
        world.delete(made)
    with pytest.raises(Conflict, match="has ended"):
        world.save(replace(made, end=world.clock.moment + HOUR), "end")
    with pytest.raises(Invalid, match="End time must be in the future"):
        window(world, cast, start=-20, end=-10)


def test_shortened(world: World, cast: Cast) -> None:
    made = window(world, cast)
    world.event(cast.monitor)
    world.save(replace(made, end=made.end - 50 * MINUTE), "end")
    assert [one.suppressed[-9:] for one in world.records().alerts] == ["09:10 UTC"]
    world.advance(minutes=9)
    assert paged(world, cast) == []
    world.advance(minutes=1)
    assert paged(world, cast) == ["alice"]


def test_extended(world: World, cast: Cast) -> None:
    made = window(world, cast)
    world.event(cast.monitor)
    world.save(replace(made, end=made.end + HOUR), "end")
    world.advance(minutes=119)
    assert paged(world, cast) == []
    world.advance(minutes=1)
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])


def test_moved_away_it_holds_nothing_now(world: World, cast: Cast) -> None:
    made = window(world, cast)
    world.event(cast.monitor)
    world.save(replace(made, start=made.start + 24 * HOUR, end=made.end + 24 * HOUR), "start", "end")
    assert paged(world, cast) == ["alice"]


def test_a_service_taken_out_of_it_is_heard(world: World, cast: Cast) -> None:
    other, _ = world.service("Other", cast.policy)
    made = window(world, cast)
    world.event(cast.monitor)
    world.save(replace(made, service_ids=(other.id,)), "service_ids")
    assert paged(world, cast) == ["alice"]


def test_of_two_the_last_counts(world: World, cast: Cast) -> None:
    window(world, cast, end=60)
    world.event(cast.monitor, "before the second was made")
    window(world, cast, end=90, description="And cables")
    world.event(cast.monitor, "after")
    world.advance(minutes=89)
    assert world.incidents() == []
    world.advance(minutes=1)
    assert reasons(world) == ['still firing when the maintenance window "And cables" ended'] * 2


def test_when_the_longer_one_is_removed_the_other_holds(world: World, cast: Cast) -> None:
    window(world, cast, end=60)
    longer = window(world, cast, end=90, description="And cables")
    world.event(cast.monitor)
    world.delete(longer)
    world.advance(minutes=59)
    assert world.incidents() == []
    world.advance(minutes=1)
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])


def test_a_word_of_the_monitor_after_its_end_pages_once(world: World, cast: Cast) -> None:
    window(world, cast)
    world.event(cast.monitor)
    world.sleep(HOUR + MINUTE)
    world.accept(world.alarm(cast.monitor))
    world.settle()
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"]
    assert len(world.incidents()) == 1
    assert reasons(world)[0].startswith("still firing")


def test_a_rule_outlives_it(world: World, cast: Cast) -> None:
    rule = world.save(quiet(cast.service.id, "event.summary matches part 'disk'", "Disks"))
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=61)
    assert [one.suppressed for one in world.records().alerts] == ["suppressed by the rule “Disks” of Checkout"]
    assert world.incidents() == []
    world.delete(rule)
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"]


def test_a_rule_that_is_removed_leaves_it_to_the_window(world: World, cast: Cast) -> None:
    rule = world.save(quiet(cast.service.id, "event.summary matches part 'disk'", "Disks"))
    window(world, cast)
    world.event(cast.monitor)
    world.delete(rule)
    world.event(cast.monitor)
    assert world.incidents() == []
    world.advance(minutes=60)
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])


def test_released_together_they_join_as_the_service_groups(world: World) -> None:
    cast = gather(world, group_seconds=60)
    window(world, cast)
    for minute in range(5):
        world.event(cast.monitor, f"disk {minute}")
        world.advance(minutes=10)
    world.advance(minutes=10)
    assert [one.alert_count for one in world.incidents()] == [5]
    assert paged(world, cast) == ["alice"]
    assert world.facts(AlertJoined)[0].reason.endswith(ENDED)


def test_the_urgency_is_that_of_the_moment_of_release(world: World) -> None:
    """The world begins at 09:00 UTC; support goes home at 09:30."""
    hours = SupportHours(time_zone="Etc/UTC", start_second=8 * 3600, end_second=9 * 3600 + 1800, days=(2,))
    rule = UrgencyRule(kind=UrgencyRuleKind.USE_SUPPORT_HOURS, during="high", outside="low")
    cast = gather(world, urgency_rule=rule, support_hours=hours)
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=60)
    assert world.incident().urgency is Urgency.LOW


def test_many_are_released_in_several_turns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.engine.on_held.HELD_ALERTS", 3)
    cast = gather(world, group_seconds=0)
    made = window(world, cast)
    for number in range(10):
        world.event(cast.monitor, f"disk {number}")
    world.save(replace(made, end=made.end + MINUTE), "end")
    assert len({one.suppressed for one in world.records().alerts}) == 1, "each says until when it is held now"
    world.advance(minutes=61)
    assert [one.alert_count for one in world.incidents()] == [10]


def test_as_pagerduty_has_it_they_are_never_judged_again(world: World) -> None:
    cast = gather(world, judges_after_windows=False)
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=90)
    world.event(cast.monitor)
    assert world.incidents() == []
    world.event(cast.monitor, action=Action.RESOLVE)
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"], "a new problem is a new alert"


def test_when_that_setting_is_turned_the_rest_is_judged(world: World) -> None:
    cast = gather(world, judges_after_windows=False)
    window(world, cast)
    world.event(cast.monitor)
    world.advance(minutes=90)
    world.save(replace(cast.service, judges_after_windows=True), "judges_after_windows")
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])


def test_a_disabled_service_opens_nothing_until_it_is_enabled(world: World, cast: Cast) -> None:
    window(world, cast)
    world.event(cast.monitor)
    off = world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.advance(minutes=90)
    assert world.incidents() == []
    world.save(replace(off, status=ServiceStatus.ACTIVE), "status")
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])


def test_the_alerts_of_a_removed_service_are_closed(world: World, cast: Cast) -> None:
    other, monitor = world.service("Other", cast.policy)
    made = window(world, cast, service_ids=(cast.service.id, other.id))
    world.event(cast.monitor)
    world.event(monitor)
    world.delete(cast.service)
    assert {one.service_id: one.is_open for one in world.records().alerts} == {cast.service.id: False, other.id: True}
    assert world.config.maintenance_windows[made.id].service_ids == (other.id,)
    world.advance(minutes=60)
    assert [one.service_id for one in world.incidents()] == [other.id]


def test_a_clock_set_back_at_its_end_makes_nothing_wait_for_ever(world: World, cast: Cast) -> None:
    window(world, cast)
    world.advance(minutes=60)
    world.sleep(-5 * SECOND)
    world.event(cast.monitor)
    assert outcomes(world) == [Outcome.SUPPRESSED]
    world.advance(minutes=11)
    assert (reasons(world), paged(world, cast)[:1]) == ([ENDED], ["alice"])


def test_a_crash_at_its_end_loses_nothing(world: World, cast: Cast) -> None:
    window(world, cast)
    world.event(cast.monitor)
    world.sleep(2 * HOUR)
    world.crash()
    world.settle()
    assert (reasons(world), paged(world, cast)) == ([ENDED], ["alice"])
