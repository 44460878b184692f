"""Promise: ten thousand things to tell to a receiver that is down change no page, and wait in the database."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from tests.behaviour.cast import gather
from tests.behaviour.test_subscribers import subscribe
from tocsin.deliveries.model import Delivery
from tocsin.events.model import Action
from tocsin.kernel.time import MILLISECOND, Moment
from tocsin.runtime.couriers import WORKERS
from tocsin.runtime.reads import Reads
from tocsin.testing.world import World

INCIDENTS = 5_000
AT_ONCE = 25

Paged = list[tuple[Moment, str, str]]


def storm(world: World, *, is_followed: bool) -> Paged:
    """So many incidents in some seconds, each resolved after a while; who was paged when, and with what."""
    cast = gather(world)
    down = subscribe(world, active=is_followed)
    world.couriers.slow = True  # it never answers
    for start in range(0, INCIDENTS, AT_ONCE):
        for number in range(start, start + AT_ONCE):
            world.accept(world.alarm(cast.monitor, f"k{number}"))
            if number >= 200:
                world.accept(world.alarm(cast.monitor, f"k{number - 200}", Action.RESOLVE))
        world.settle()
        world.advance(seconds=10 * AT_ONCE * MILLISECOND / 1_000_000)
    if is_followed:
        assert len(world.couriers.unreported) <= WORKERS
        gc.collect()
        in_memory = sum(isinstance(one, Delivery) for one in gc.get_objects())
        assert in_memory <= 4 * WORKERS, "what waits is in the database"
        kept = Reads(world.database).deliveries(down.id, limit=1, want_total=True).total or 0
        assert kept >= 2 * INCIDENTS - 200
    world.advance(minutes=3)
    names = cast.name_of
    return [(one.at, names[one.message.user_id], one.message.text) for one in world.carrier.received]


@pytest.mark.slow
def test_a_storm_for_a_receiver_that_is_down_changes_no_page(memory: Path, new_folder: Path) -> None:
    pages = []
    for is_followed in (False, True):
        world = World(shutil.copytree(new_folder, memory / "world"))
        try:
            pages.append(storm(world, is_followed=is_followed))
        finally:
            world.close()
            shutil.rmtree(memory / "world")
    assert pages[0]
    assert pages[0] == pages[1]
