"""Several incidents become one: the others are over, their alerts live on in it, and nobody is paged for them again."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, gather, paged
from tocsin.directory.model import Urgency, UrgencyRule, UrgencyRuleKind
from tocsin.events.model import Action, Severity
from tocsin.incidents.messages import Acknowledge, IncidentResolved, Merge, Reopen, Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.testing.world import World


def merge(world: World, cast: Cast, target: int, *sources: int) -> None:
    world.does(cast.alice, Merge, target, source_ids=tuple(world.incident(one).id for one in sources))


def test_sources_are_over_and_silent(world: World, cast: Cast) -> None:
    for key in ("one", "two", "three"):
        world.event(cast.monitor, key)
    merge(world, cast, 1, 2, 3)
    assert [one.status for one in world.incidents()] == [Status.TRIGGERED, Status.RESOLVED, Status.RESOLVED]
    before = len(world.carrier.received)
    world.advance(minutes=5.5)
    assert len(world.carrier.received) == before + 1, "bob, once, about the one that is left"


def test_their_alerts_close_the_target_once_all_are_over(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    merge(world, cast, 1, 2)
    world.event(cast.monitor, "two", Action.RESOLVE)
    assert world.incident(1).status is Status.TRIGGERED
    world.event(cast.monitor, "one", Action.RESOLVE)
    assert world.incident(1).status is Status.RESOLVED
    assert len(world.facts(IncidentResolved)) == 2, "each of the two, once"


def test_resolving_the_target_closes_what_came_with_the_others(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    merge(world, cast, 1, 2)
    world.does(cast.alice, Resolve, 1)
    assert [alert.is_open for alert in world.records().alerts] == [False, False]


def test_repeats_of_a_moved_alert_stay_with_it(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    merge(world, cast, 1, 2)
    world.event(cast.monitor, "two")
    assert len(world.incidents()) == 2


def test_an_old_alert_moved_along_does_not_hide_the_open_one_of_its_key(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "flapping")
    world.event(cast.monitor, "flapping", Action.RESOLVE)
    world.event(cast.monitor, "flapping")
    world.event(cast.monitor, "else")
    merge(world, cast, 3, 1)
    world.event(cast.monitor, "flapping")
    assert [alert.repeats for alert in world.records().alerts if alert.dedup_key == "flapping" and alert.is_open] == [1]
    assert len(world.incidents()) == 3, "nothing was quarantined"


def test_what_was_merged_away_stays_closed(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    merge(world, cast, 1, 2)
    with pytest.raises(Conflict):
        world.does(cast.alice, Reopen, 2)
    with pytest.raises(Conflict):
        merge(world, cast, 1, 2)
    with pytest.raises(Invalid):
        merge(world, cast, 1, 1)


def test_a_storm_merged_while_its_pages_wait(world: World, cast: Cast) -> None:
    for number in range(6):
        world.event(cast.monitor, f"shard-{number}")
    merge(world, cast, 1, 2, 3, 4, 5, 6)
    world.advance(minutes=2)
    assert paged(world, cast) == ["alice"], "the bundle of the others has nothing left in it"


def test_what_is_loud_stays_loud_in_a_quiet_incident(world: World) -> None:
    cast = gather(world, urgency_rule=UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED))
    world.event(cast.monitor, "warn", severity=Severity.WARNING)
    world.event(cast.monitor, "crit", severity=Severity.CRITICAL)
    told = len(world.carrier.received)
    merge(world, cast, 1, 2)
    world.advance(minutes=5)
    assert world.incident(1).urgency is Urgency.HIGH
    assert paged(world, cast)[told:] == ["alice", "bob"]


def test_what_was_over_before_the_merge_makes_nothing_loud(world: World) -> None:
    cast = gather(world, urgency_rule=UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED))
    world.event(cast.monitor, "warn", severity=Severity.WARNING)
    world.event(cast.monitor, "crit", severity=Severity.CRITICAL)
    world.does(cast.alice, Acknowledge, 2)
    world.does(cast.alice, Resolve, 2)
    world.advance(minutes=1)
    merge(world, cast, 1, 2)
    assert world.incident(1).urgency is Urgency.LOW
