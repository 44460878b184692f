"""A restored backup decides but sends nothing until an owner confirms; then only what still matters goes out, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.incidents.messages import Resolve
from tocsin.kernel.errors import NotAllowed
from tocsin.testing.world import World, as_user


def fence(world: World, *, closed: bool) -> None:
    world.save(replace(world.config.settings, sending_fenced=closed), "sending_fenced")


def test_nothing_goes_out(world: World, cast: Cast) -> None:
    fence(world, closed=True)
    world.event(cast.monitor)
    world.advance(minutes=3)
    assert paged(world, cast) == []
    assert world.incident().level == 1, "it is decided all the same"


def test_lifted_it_sends_what_still_matters(world: World, cast: Cast) -> None:
    fence(world, closed=True)
    world.event(cast.monitor, "one")
    world.advance(minutes=2)
    world.event(cast.monitor, "two")
    world.does(cast.alice, Resolve, 1)
    fence(world, closed=False)
    assert [one.message.incident_ids for one in world.carrier.received] == [(world.incident(2).id,)]
    world.advance(minutes=4)
    assert paged(world, cast) == ["alice"]


def test_over_a_restart(world: World, cast: Cast) -> None:
    fence(world, closed=True)
    world.event(cast.monitor)
    world.crash()
    world.advance(minutes=1)
    assert paged(world, cast) == []
    fence(world, closed=False)
    assert paged(world, cast) == ["alice"]


def test_set_and_lifted_while_a_provider_is_slow(world: World, cast: Cast) -> None:
    """What a sender of ours has is not sent again."""
    world.carrier.slow = True
    world.event(cast.monitor)
    fence(world, closed=True)
    fence(world, closed=False)
    world.carrier.answer()
    world.advance(minutes=4)
    assert paged(world, cast) == ["alice"]


def test_only_an_owner_may_lift_it(world: World, cast: Cast) -> None:
    fence(world, closed=True)
    lifted = replace(world.config.settings, sending_fenced=False)
    for person in (cast.alice, cast.carol, cast.mallory):
        with pytest.raises(NotAllowed):
            world.save(lifted, "sending_fenced", actor=as_user(person))
    world.save(lifted, "sending_fenced", actor=as_user(cast.olga))
