"""The machine loses power: what was not made durable is gone, and nobody has heard of it.

The disk is played: what `sync` made durable is kept aside, and brought back when the plug is pulled. The ingest log is
durable by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.cast import Cast, gather
from tests.simulation.conftest import Worlds
from tocsin.directory.model import NotificationRule
from tocsin.engine.invariants import violations
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.storage import sqlite
from tocsin.storage.database import MAIN_FILE
from tocsin.testing.world import World

REPEATS = 12


class Disk:
    """What is durable of the main database."""

    def __init__(self, world: World, place: Path) -> None:
        self._world = world
        self._place = place
        self.syncs = 0
        place.mkdir()
        self._keep()

    def sync(self, _wal: Path) -> None:
        """Stands in for the one that waits for the disk."""
        self.syncs += 1
        self._keep()

    def _keep(self) -> None:
        for kept in self._place.iterdir():
            kept.unlink()
        for file in self._world.folder.glob(f"{MAIN_FILE}*"):
            shutil.copy(file, self._place)

    def pull_the_plug(self) -> None:
        """Everything else is gone, and the engine starts again."""
        world = self._world
        world.store.close()
        world.database.close()
        for file in world.folder.glob(f"{MAIN_FILE}*"):
            file.unlink()
        for file in self._place.iterdir():
            if not file.name.endswith("-shm"):
                shutil.copy(file, world.folder)
        world.crash()
        world.settle()


def story(world: World, cast: Cast) -> Iterator[None]:
    """Alarms, repeats, calls, answers; a breath after each step."""
    yield
    world.event(cast.monitor, "one")
    yield
    for _ in range(REPEATS):
        world.accept(world.alarm(cast.monitor, "one"))
    world.settle()
    yield
    world.event(cast.monitor, "two")
    yield
    world.advance(minutes=5)
    yield
    world.does(cast.bob, Acknowledge, 1)
    yield
    world.event(cast.monitor, "two", Action.RESOLVE)
    yield
    world.event(cast.monitor, "three")
    world.advance(minutes=1)
    yield
    world.does(cast.alice, Resolve, 1)
    yield


def tell(worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulled_after: int) -> World:
    world, cast = worlds.staged(gather)
    disk = Disk(world, tmp_path / "disk")
    monkeypatch.setattr(sqlite, "sync", disk.sync)
    for number, _ in enumerate(story(world, cast)):
        if number == pulled_after:
            disk.pull_the_plug()
            assert violations(world.records()) == []
    world.advance(minutes=30)
    assert disk.syncs
    return world


@pytest.mark.parametrize("pulled_after", range(9))
def test_whenever_the_plug_is_pulled_the_story_ends_the_same(
    pulled_after: int, worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = tell(worlds, tmp_path, monkeypatch, pulled_after)
    assert violations(world.records()) == []
    assert [one.status.value for one in world.incidents()] == ["resolved", "resolved", "triggered"]
    assert {alert.dedup_key: alert.repeats for alert in world.records().alerts} == {
        "one": REPEATS,
        "two": 0,
        "three": 0,
    }
    known = {message.id for message in world.records().messages}
    assert {received.message.message_id for received in world.carrier.received} <= known, "an answer would find nothing"
    told = [received.message.message_id for received in world.carrier.received]
    assert len(told) == len(set(told)), "nobody was paged twice"


def test_what_nobody_hears_of_does_not_wait_for_the_disk(
    worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, cast = worlds.staged(gather)
    world.event(cast.monitor)
    disk = Disk(world, tmp_path / "disk")
    monkeypatch.setattr(sqlite, "sync", disk.sync)
    for _ in range(REPEATS):
        world.event(cast.monitor)
    assert disk.syncs == 0
    disk.pull_the_plug()
    assert [alert.repeats for alert in world.records().alerts] == [REPEATS]
    world.does(cast.alice, Acknowledge)
    assert disk.syncs == 1
    rule = next(iter(world.config.notification_rules.values()))
    assert isinstance(rule, NotificationRule)
    world.delete(rule)
    assert disk.syncs == 2


def test_a_message_that_a_provider_has_is_known_afterwards(
    worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever got it can answer it, though its report never came."""
    world, cast = worlds.staged(gather)
    disk = Disk(world, tmp_path / "disk")
    monkeypatch.setattr(sqlite, "sync", disk.sync)
    world.carrier.slow = True
    world.event(cast.monitor)
    (text,) = world.pages_to(cast.alice)
    disk.pull_the_plug()
    assert text.message.message_id in {message.id for message in world.records().messages}
