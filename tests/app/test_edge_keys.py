"""A key that somebody was given just now is good at once; a removed one ends with the next look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from tocsin.app.edge_keys import LOOK_SECONDS, MOST_WAITING, PATIENCE, REFRESH_SECONDS, EdgeKeys
from tocsin.directory.model import Integration
from tocsin.engine.config import Config
from tocsin.engine.kinds import KINDS
from tocsin.kernel.errors import Unavailable


def config(version: int, *keys: str) -> Config:
    things: dict[str, dict[str, object]] = {kind: {} for kind in KINDS}
    things["integration"] = {
        f"I-{key}": Integration(id=f"I-{key}", service_id="S", name=key, key=key, created_at=0) for key in keys
    }
    return Config(things, version)


class Place:
    """What is stored, and what this process has seen of it."""

    def __init__(self) -> None:
        self.stored = config(1, "old")
        self.seen: Config | None = None
        self.looks = 0
        self.at = 100
        self.fault: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None

    def read(self) -> Config:
        self.looks += 1
        self.meanwhile()
        if self.fault is not None:
            raise self.fault
        self.seen = self.stored
        return self.stored

    def keys(self) -> EdgeKeys:
        return EdgeKeys(self.read, lambda: self.seen, lambda: 0, lambda _seq: None, lambda: self.at)


def test_before_the_first_look_no_key_is_wrong() -> None:
    with pytest.raises(Unavailable):
        Place().keys().integration("any")


def test_a_key_that_this_process_has_answered_with_is_good_at_once() -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    place.stored = place.seen = config(2, "old", "new")
    found = keys.integration("new")
    assert found is not None
    assert found.id == "I-new"
    assert place.looks == 1, "the database is not asked on the way of an event"


def test_unknown_keys_cost_no_look_at_the_database() -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    for number in range(100):
        assert keys.integration(f"guess-{number}") is None
    assert place.looks == 1


def test_a_key_that_another_process_has_made_is_there_after_a_look() -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    place.stored = config(2, "old", "new")
    assert keys.integration("new") is None
    told: list[bool] = []
    for _ in range(3):
        keys.after_look(lambda lost: told.append(lost is None and keys.integration("new") is not None))
    assert told == []
    assert keys.look() == 3
    assert told == [True] * 3
    assert place.looks == 2, "one look for all who wait"
    assert keys.look() == 0
    assert len(told) == 3


@pytest.mark.parametrize("fault", [OperationalError("SELECT", {}, Exception("no route to host")), KeyError("a defect")])
def test_who_waits_for_a_key_is_told_when_nobody_can_look(fault: Exception) -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    place.fault = fault
    told: list[Unavailable | None] = []
    keys.after_look(told.append)
    keys.look()
    place.fault = None
    keys.after_look(told.append)
    keys.look()
    assert [lost is None for lost in told] == [False, True]


def test_who_comes_while_a_look_is_under_way_is_told_by_the_next() -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    told: list[str] = []
    place.meanwhile = lambda: keys.after_look(lambda _lost: told.append("late"))
    keys.after_look(lambda _lost: told.append("early"))
    keys.look()
    assert told == ["early"], "what was read may be older than who came later"
    place.meanwhile = lambda: None
    keys.look()
    assert told == ["early", "late"]


def test_nobody_waits_for_a_database_that_has_stopped_to_answer() -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    told: list[Unavailable | None] = []
    keys.after_look(told.append)
    place.at += PATIENCE - 1
    keys.after_look(told.append)
    assert keys.give_up() == 0
    place.at += 1
    assert keys.give_up() == 1
    assert [lost and lost.reason for lost in told] == ["database"]
    assert keys.look() == 1, "whoever was told is not told again"
    assert told[1:] == [None]


def test_a_defect_is_written_down_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("tocsin.app.edge_keys.log.exception", said.append, raising=False)
    place = Place()
    keys = place.keys()
    for fault in (KeyError("a"), KeyError("b"), None, KeyError("c")):
        place.fault = fault
        keys.look()
    assert said == ["keys_not_read"] * 2


def test_so_many_can_wait_and_no_more() -> None:
    place = Place()
    keys = place.keys()
    for _ in range(MOST_WAITING):
        keys.after_look(lambda _lost: None)

    def one_more() -> None:
        with pytest.raises(Unavailable):
            keys.after_look(lambda _lost: None)

    one_more()
    place.meanwhile = one_more  # they still wait while it is looked
    assert keys.look() == MOST_WAITING
    place.meanwhile = lambda: None
    keys.after_look(lambda _lost: None)


def test_whoever_waits_is_told_at_once_and_strangers_share_looks() -> None:
    place = Place()
    keys = place.keys()
    keys.start()
    began = time.monotonic()
    while not keys.is_ready:
        time.sleep(0.001)
    before, told = place.looks, threading.Event()
    for _ in range(30):
        told.clear()
        keys.after_look(lambda _lost: told.set())
        assert told.wait(REFRESH_SECONDS / 2), "long before a look that is due anyway"
    most = (time.monotonic() - began) / LOOK_SECONDS + 2
    assert place.looks - before <= most


def test_a_removed_key_ends_with_the_next_look() -> None:
    place = Place()
    keys = place.keys()
    keys.refresh()
    assert keys.integration("old") is not None
    place.stored = config(2)
    keys.refresh()
    assert keys.integration("old") is None


def test_a_key_that_was_replaced_ends_at_its_moment() -> None:
    place = Place()
    things: dict[str, dict[str, object]] = {kind: {} for kind in KINDS}
    things["integration"] = {
        "I": Integration(id="I", service_id="S", name="I", key="new", old_key="old", old_key_until=200)
    }
    place.stored = Config(things, 2)
    keys = place.keys()
    keys.refresh()
    for key in ("old", "new"):
        found = keys.integration(key)
        assert found is not None
        assert found.id == "I"
    place.at = 200
    assert keys.integration("old") is None, "nobody has to say so: it ends by itself"
    assert keys.integration("new") is not None
