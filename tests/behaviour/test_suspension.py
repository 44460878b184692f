"""A service may let new alerts wait a while: what is over by then pages nobody, the rest pages as if it were new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.alerts.messages import AlertOpened, AlertResolved
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.model import ServiceStatus, Urgency, UrgencyRule, UrgencyRuleKind
from tocsin.events.model import Action, Outcome, Severity
from tocsin.incidents.messages import IncidentTriggered
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import HOUR, MINUTE, SECOND
from tocsin.testing.world import World


@pytest.fixture
def cast(world: World) -> Cast:
    """All new alerts of Checkout wait for two minutes."""
    return gather(world, pause_seconds=120, pause_every=True)


def test_it_waits_and_then_pages_once(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(seconds=119)
    assert (world.incidents(), paged(world, cast)) == ([], [])
    world.advance(seconds=1)
    assert paged(world, cast) == ["alice"]
    assert world.incident().created_at == world.clock.moment
    world.advance(minutes=4)
    assert paged(world, cast) == ["alice"]
    assert [one.reason for one in world.facts(IncidentTriggered)] == [
        "it was not over within the time for which it was suspended"
    ]


def test_over_in_time_it_pages_nobody_and_says_so(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.advance(seconds=60)
    world.event(cast.monitor, action=Action.RESOLVE)
    world.advance(minutes=10)
    assert (world.incidents(), paged(world, cast)) == ([], [])
    assert list((world.records().outcomes or {}).values()) == [Outcome.SUSPENDED, Outcome.RESOLVED]
    assert [one.suspended for one in world.facts(AlertResolved)] == [True]
    assert [one.suspended_by for one in world.records().alerts] == ["auto_pause"]


def test_the_monitor_repeats_itself_and_the_wait_stays_as_long(world: World, cast: Cast) -> None:
    for _ in range(4):
        world.event(cast.monitor)
        world.advance(seconds=30)
    assert paged(world, cast) == ["alice"]
    assert [one.repeats for one in world.records().alerts] == [3]


def test_the_next_occurrence_waits_anew(world: World, cast: Cast) -> None:
    for _ in range(3):
        world.event(cast.monitor)
        world.advance(seconds=60)
        world.event(cast.monitor, action=Action.RESOLVE)
        world.advance(seconds=30)
    assert paged(world, cast) == []


def test_it_waits_from_the_decision_on(world: World, cast: Cast) -> None:
    """What was said while the engine was busy is heard before anybody is paged."""
    world.accept(world.alarm(cast.monitor))
    world.sleep(100 * SECOND)
    world.settle()
    world.advance(seconds=119)
    assert paged(world, cast) == []
    world.advance(seconds=1)
    assert paged(world, cast) == ["alice"]


def test_it_pages_as_loudly_as_it_is_by_then(world: World) -> None:
    cast = gather(
        world, pause_seconds=120, pause_every=True, urgency_rule=UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED)
    )
    world.event(cast.monitor, severity=Severity.WARNING)
    world.event(cast.monitor, severity=Severity.CRITICAL)
    world.advance(minutes=2)
    assert world.incident().urgency is Urgency.HIGH


def test_a_setting_made_later_concerns_what_is_new(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "first")
    world.save(replace(cast.service, pause_seconds=None), "pause_seconds")
    world.event(cast.monitor, "second")
    assert [one.incident_key for one in world.incidents()] == ["second"]
    world.advance(minutes=2)
    assert [one.incident_key for one in world.incidents()] == ["second", "first"]


@pytest.mark.parametrize(("end", "pages_after"), [(1, 2), (3, 3)])
def test_within_a_maintenance_window_the_later_of_the_two_counts(
    world: World, cast: Cast, end: int, pages_after: int
) -> None:
    now = world.clock.moment
    window = MaintenanceWindow(id="", start=now, end=now + end * MINUTE, service_ids=(cast.service.id,))
    world.save(window)
    world.event(cast.monitor)
    world.advance(seconds=pages_after * 60 - 1)
    assert paged(world, cast) == []
    world.advance(seconds=1)
    assert paged(world, cast) == ["alice"]
    assert len(world.facts(IncidentTriggered)) == 1


def test_on_a_service_disabled_meanwhile_nothing_opens(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    off = world.save(replace(cast.service, status=ServiceStatus.DISABLED), "status")
    world.advance(minutes=5)
    assert world.incidents() == []
    assert [one.suppressed for one in world.records().alerts] == ["the service Checkout is disabled"]
    world.save(replace(off, status=ServiceStatus.ACTIVE), "status")
    world.event(cast.monitor)
    assert paged(world, cast) == ["alice"]


def test_of_a_removed_service_it_is_closed(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.delete(cast.service)
    world.advance(minutes=5)
    assert [one.is_open for one in world.records().alerts] == [False]


def test_a_crash_in_between_loses_nothing(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.sleep(HOUR)
    world.crash()
    world.settle()
    assert paged(world, cast) == ["alice"]
    assert len(world.facts(AlertOpened)) == 2


def test_how_long_has_bounds(world: World, cast: Cast) -> None:
    for seconds in (0, -1, 86_401):
        with pytest.raises(Invalid, match="Pause must be between"):
            world.save(replace(cast.service, pause_seconds=seconds), "pause_seconds")


def blip(world: World, cast: Cast, seconds: int = 30, **says: Any) -> None:
    """It is there and over again."""
    world.event(cast.monitor, **says)
    world.advance(seconds=seconds)
    world.event(cast.monitor, action=Action.RESOLVE, **says)
    world.advance(seconds=30)


@pytest.fixture
def learning(world: World) -> Cast:
    """What used to be over within two minutes waits so long."""
    return gather(world, pause_seconds=120)


def test_only_what_was_over_quickly_twice_in_a_row_waits(world: World, learning: Cast) -> None:
    blip(world, learning, key="a", summary="disk 1 is slow")
    blip(world, learning, key="b", summary="disk 2 is slow")
    assert paged(world, learning) == ["alice", "alice"]
    world.event(learning.monitor, key="c", summary="disk 3 is slow")
    assert paged(world, learning) == ["alice", "alice"]
    world.event(learning.monitor, key="d", summary="disk 3 is broken")
    assert paged(world, learning) == ["alice"] * 3, "another problem pages at once"


def test_what_was_not_over_this_time_pages_and_so_does_the_next(world: World, learning: Cast) -> None:
    for _ in range(2):
        blip(world, learning)
    world.event(learning.monitor)
    world.advance(minutes=2)
    assert paged(world, learning) == ["alice"] * 3
    world.event(learning.monitor, action=Action.RESOLVE)
    world.event(learning.monitor)
    assert len(world.incidents()) == 4, "this one did not wait"


def test_one_that_takes_longer_starts_the_count_again(world: World, learning: Cast) -> None:
    blip(world, learning)
    blip(world, learning, seconds=180)
    blip(world, learning)
    world.event(learning.monitor)
    assert len([one for one in world.records().alerts if one.suspended_by]) == 0
