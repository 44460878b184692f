"""The same log gives the same state, however it is cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.behaviour.cast import Cast, gather
from tests.simulation.conftest import Worlds
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.directory.model import Integration, UrgencyRule, UrgencyRuleKind
from tocsin.engine.invariants import Records, violations
from tocsin.events.model import Action, Event, Severity
from tocsin.kernel.time import MINUTE
from tocsin.storage.log import Entry, LogReader
from tocsin.testing.rules import quiet
from tocsin.testing.world import World


@dataclass
class CutReader:
    """Reads the log in pieces of these sizes, over and over."""

    reader: LogReader
    sizes: Sequence[int]
    reads: int = 0

    def read(self, after_seq: int, limit: int) -> list[Entry]:
        """The next piece."""
        self.reads += 1
        return self.reader.read(after_seq, min(limit, self.sizes[self.reads % len(self.sizes)]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)


@dataclass(frozen=True)
class Said:
    """An event, by small numbers."""

    monitor: int
    key: int
    action: Action
    severity: Severity | None
    minutes: int

    def event(self, world: World, monitors: Sequence[Integration]) -> Event:
        """The event itself."""
        expires = world.clock.now() + self.minutes * MINUTE if self.minutes else None
        key = f"key-{self.key}"
        monitor = monitors[self.monitor]
        return world.alarm(monitor, key, self.action, severity=self.severity, expires_at=expires)


def stage(world: World) -> tuple[Cast, Sequence[Integration]]:
    """Services on which an event's fate depends on the events before it."""
    cast = gather(world, acknowledgement_timeout=600)
    _, grouped = world.service("Grouped", cast.policy, group_seconds=60)
    by_severity = UrgencyRule(kind=UrgencyRuleKind.SEVERITY_BASED)
    noisy, monitor = world.service("Noisy", cast.policy, urgency_rule=by_severity)
    world.save(quiet(noisy.id, "event.severity matches 'info'", "Infos"))
    waiting, pausing = world.service("Pausing", cast.policy, pause_seconds=120, pause_every=True)
    worked_on, maintained = world.service("Worked on", cast.policy, group_seconds=0)
    now = world.clock.now()
    world.save(MaintenanceWindow(id="", start=now, end=now + 60 * MINUTE, service_ids=(worked_on.id, waiting.id)))
    return cast, (cast.monitor, grouped, monitor, pausing, maintained)


def decided(worlds: Worlds, log: Sequence[Said], sizes: Sequence[int], poison_at: int | None = None) -> Records:
    """The state after this log, read in pieces of these sizes; nothing is sent meanwhile."""
    world, (cast, monitors) = worlds.staged(stage)
    world.decoders["poison"] = _unreadable
    world.carrier.hold = True
    for number, said in enumerate(log):
        if number == poison_at:
            world.accept_raw("poison", cast.monitor.id)
        world.accept(said.event(world, monitors))
    world.loop._journal = CutReader(world.reader, sizes)
    world.settle()
    records = world.records()
    assert violations(records) == []
    return records


def comparable(records: Records) -> dict[str, Any]:
    """All that must not depend on the cut. The order of the timeline may: results come in between."""
    return {
        "alerts": sorted(map(repr, records.alerts)),
        "incidents": sorted(map(repr, records.incidents)),
        "pages": sorted(map(repr, records.pages)),
        "messages": sorted(map(repr, records.messages)),
        "timers": dict(records.timers),
        "outcomes": records.outcomes,
        "timeline": sorted(repr(recorded) for _, recorded in records.timeline),
    }


said = st.builds(
    Said,
    monitor=st.integers(0, 4),
    key=st.integers(0, 2),
    action=st.sampled_from([Action.TRIGGER, Action.TRIGGER, Action.TRIGGER, Action.ACKNOWLEDGE, Action.RESOLVE]),
    severity=st.sampled_from([*Severity, None]),
    minutes=st.sampled_from([0, 0, 4]),
)


@pytest.mark.slow
@settings(max_examples=25)
@given(
    log=st.lists(said, min_size=2, max_size=40),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    poison_at=st.none() | st.integers(0, 10),
)
def test_any_cut_gives_the_same_state(
    worlds_of_session: Worlds, log: list[Said], sizes: list[int], poison_at: int | None
) -> None:
    whole = comparable(decided(worlds_of_session, log, [1_000], poison_at))
    assert comparable(decided(worlds_of_session, log, [1], poison_at)) == whole
    assert comparable(decided(worlds_of_session, log, sizes, poison_at)) == whole
    worlds_of_session.close()


def test_a_storm_in_one_batch_or_in_many(worlds: Worlds) -> None:
    log = [Said(number % 3, number, Action.TRIGGER, Severity.CRITICAL, 0) for number in range(150)]
    assert comparable(decided(worlds, log, [1_000])) == comparable(decided(worlds, log, [7]))


def _unreadable(entry: Entry) -> Event:
    raise ValueError(f"what is {entry.seq}?")
