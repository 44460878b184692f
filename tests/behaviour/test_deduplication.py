"""One problem is one alert, however often a monitor says so."""

from __future__ import annotations

from tests.behaviour.cast import Cast, paged
from tocsin.directory.model import Integration
from tocsin.events.model import Action, Outcome
from tocsin.incidents.messages import Resolve
from tocsin.incidents.model import Status
from tocsin.testing.world import World


def test_the_same_key_again_is_counted_and_pages_nobody(world: World, cast: Cast) -> None:
    for _ in range(4):
        world.event(cast.monitor, "disk-full")
    records = world.records()
    assert [alert.repeats for alert in records.alerts] == [3]
    assert list((records.outcomes or {}).values()) == [Outcome.OPENED, *[Outcome.REPEATED] * 3]
    assert paged(world, cast) == ["alice"]


def test_a_repeat_may_say_it_in_new_words(world: World, cast: Cast) -> None:
    world.event(cast.monitor, summary="disk 90 % full")
    world.event(cast.monitor, summary="disk 95 % full")
    assert [alert.summary for alert in world.records().alerts] == ["disk 95 % full"]
    assert world.incident().title == "disk 90 % full"


def test_another_key_is_another_incident(world: World, cast: Cast) -> None:
    world.event(cast.monitor, "disk-full")
    world.event(cast.monitor, "disk-slow")
    assert [incident.incident_key for incident in world.incidents()] == ["disk-full", "disk-slow"]


def test_keys_of_two_monitors_do_not_meet(world: World, cast: Cast) -> None:
    other = world.save(Integration(id="", service_id=cast.service.id, name="Other", key=""))
    world.event(cast.monitor, "disk-full")
    world.event(other, "disk-full")
    assert len(world.incidents()) == 2
    world.event(other, "disk-full", Action.RESOLVE)
    assert [incident.status for incident in world.incidents()] == [Status.TRIGGERED, Status.RESOLVED]


def test_a_trigger_after_the_end_is_a_new_problem(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.event(cast.monitor, action=Action.RESOLVE)
    world.advance(minutes=2)
    world.event(cast.monitor)
    assert [incident.status for incident in world.incidents()] == [Status.RESOLVED, Status.TRIGGERED]
    assert paged(world, cast) == ["alice", "alice"]


def test_a_trigger_after_a_person_resolved_it_is_a_new_problem_too(world: World, cast: Cast) -> None:
    started = world.clock.now()
    world.event(cast.monitor, started_at=started)
    world.does(cast.alice, Resolve)
    world.advance(minutes=1)
    world.event(cast.monitor, started_at=started)
    assert [incident.status for incident in world.incidents()] == [Status.RESOLVED, Status.TRIGGERED]


def test_ends_and_acknowledgements_of_nothing_are_dropped_on_record(world: World, cast: Cast) -> None:
    world.event(cast.monitor, action=Action.RESOLVE)
    world.event(cast.monitor, action=Action.ACKNOWLEDGE)
    assert world.incidents() == []
    assert list((world.records().outcomes or {}).values()) == [Outcome.DROPPED, Outcome.DROPPED]


def test_the_clock_set_back_does_not_open_a_second_alert(world: World, cast: Cast) -> None:
    world.event(cast.monitor)
    world.event(cast.monitor, action=Action.RESOLVE)
    world.clock.moment -= 5_000_000
    world.event(cast.monitor)
    world.crash()
    world.event(cast.monitor)
    assert [alert.repeats for alert in world.records().alerts if alert.is_open] == [1]


def test_the_same_events_twice_change_the_state_once(world: World, cast: Cast) -> None:
    for action in (Action.TRIGGER, Action.TRIGGER, Action.ACKNOWLEDGE, Action.ACKNOWLEDGE):
        world.event(cast.monitor, action=action)
    for _ in range(2):
        world.event(cast.monitor, action=Action.RESOLVE)
    assert world.incident().status is Status.RESOLVED
    kinds = [recorded.fact.kind for recorded in world.timeline(world.incident().id)]
    assert [kinds.count(one) for one in ("incident.triggered", "incident.acknowledged", "incident.resolved")] == [
        1,
        1,
        1,
    ]
