"""An event that can't be processed may have been the alarm: an incident says so, and all others are unaffected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.events.model import Event, Outcome
from tocsin.incidents.messages import NoteAdded, Resolve
from tocsin.storage.log import Entry
from tocsin.testing.world import World


def unreadable(entry: Entry) -> Event:
    raise ValueError(f"what is {entry.body!r}?")


@pytest.fixture(params=["unreadable", "unstorable"])
def poison(request: pytest.FixtureRequest, world: World, cast: Cast) -> str:
    """A source whose events can't be processed, in one of two ways."""

    def unstorable(entry: Entry) -> Event:
        return replace(world.alarm(cast.monitor, entry.dedup_key), expires_at=2**70)

    world.decoders["poison"] = unreadable if request.param == "unreadable" else unstorable
    return "poison"


def outcomes(world: World) -> list[str]:
    return list((world.records().outcomes or {}).values())


def test_among_good_ones(world: World, cast: Cast, poison: str) -> None:
    for number in range(5):
        world.accept(world.alarm(cast.monitor, f"good-{number}"))
    world.accept_raw(poison, cast.monitor.id, "bad")
    for number in range(5, 10):
        world.accept(world.alarm(cast.monitor, f"good-{number}"))
    world.settle()
    assert outcomes(world) == [*[Outcome.OPENED] * 5, Outcome.QUARANTINED, *[Outcome.OPENED] * 5]
    titles = [incident.title for incident in world.incidents()]
    assert titles[5] == "An event from Monitor could not be processed"
    assert paged(world, cast)[0] == "alice"


def test_many_of_them_are_one_incident(world: World, cast: Cast, poison: str) -> None:
    for _ in range(3):
        world.accept_raw(poison, cast.monitor.id, "bad")
    world.settle()
    assert outcomes(world) == [Outcome.QUARANTINED] * 3
    assert len(world.incidents()) == 1
    assert len(world.facts(NoteAdded)) == 2


def test_after_it_was_resolved_a_new_one_asks_again(world: World, cast: Cast, poison: str) -> None:
    world.accept_raw(poison, cast.monitor.id, "bad")
    world.settle()
    world.does(cast.alice, Resolve)
    world.accept_raw(poison, cast.monitor.id, "bad")
    world.settle()
    assert len(world.incidents()) == 2


def test_for_a_monitor_that_is_gone(world: World, cast: Cast, poison: str) -> None:
    world.accept_raw(poison, "PGONE00", "bad")
    world.event(cast.monitor)
    assert outcomes(world) == [Outcome.QUARANTINED, Outcome.OPENED]


def test_an_unknown_source(world: World, cast: Cast) -> None:
    world.accept_raw("from the future", cast.monitor.id, "bad")
    world.settle()
    assert outcomes(world) == [Outcome.QUARANTINED]


def test_it_survives_a_crash(world: World, cast: Cast, poison: str) -> None:
    world.accept_raw(poison, cast.monitor.id, "bad")
    world.crash()
    world.event(cast.monitor)
    assert outcomes(world) == [Outcome.QUARANTINED, Outcome.OPENED]
