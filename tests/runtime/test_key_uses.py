"""When a key was used last is known at once, and written down now and then."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from tocsin.kernel.time import HOUR, Moment
from tocsin.runtime.key_uses import KeyUses
from tocsin.storage.database import OutOfReach
from tocsin.storage.edge import EdgeStore, open_edge_store
from tocsin.testing.world import ManualClock


class Unreachable(EdgeStore):
    """A store whose database went away."""

    def note_uses(self, moments: Mapping[str, Moment]) -> None:
        """Refuses."""
        raise OutOfReach(str(moments))


def test_a_use_is_known_before_it_is_written_and_after(tmp_path: Path) -> None:
    store, clock = open_edge_store(tmp_path, None), ManualClock(100 * HOUR)
    uses = KeyUses(store, clock)
    uses.note("PKEY")
    assert uses.last() == {"PKEY": 100 * HOUR}
    assert store.uses("key") == {}
    uses.flush()
    assert store.uses("key") == {"PKEY": 100 * HOUR}
    clock.moment += HOUR
    uses.note("PKEY")
    assert uses.last() == {"PKEY": 101 * HOUR}
    store.close()


def test_what_can_not_be_written_is_written_later(tmp_path: Path) -> None:
    store, clock = open_edge_store(tmp_path, None), ManualClock(100 * HOUR)
    uses = KeyUses(store, clock)
    uses.note("PKEY")
    store.__class__ = Unreachable
    uses.flush()
    store.__class__ = EdgeStore
    uses.flush()
    assert store.uses("key") == {"PKEY": 100 * HOUR}
    store.close()


def test_its_thread_writes_at_the_end(tmp_path: Path) -> None:
    store = open_edge_store(tmp_path, None)
    uses = KeyUses(store, ManualClock(100 * HOUR), every_seconds=0.01)
    uses.start()
    uses.note("PKEY")
    pause = threading.Event()
    for _ in range(500):
        if store.uses("key"):
            break
        pause.wait(0.01)
    uses.stop()
    assert store.uses("key") == {"PKEY": 100 * HOUR}
    store.close()
