"""An alert that is a problem of its own leaves its incident and gets one, for which people are called."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.alerts.model import Alert
from tocsin.events.model import Action
from tocsin.incidents.messages import Acknowledge, AlertLeft, IncidentTriggered, Merge, MoveAlert, Resolve, SplitAlert
from tocsin.incidents.model import Status
from tocsin.kernel.errors import Conflict, NotAllowed
from tocsin.testing.world import World, as_user


def grouped(world: World, cast: Cast) -> tuple[Alert, Alert]:
    """Two alerts of one incident, in Alice's hands."""
    world.event(cast.monitor, "one")
    world.event(cast.monitor, "two")
    world.does(cast.alice, Merge, 1, source_ids=(world.incident(2).id,))
    world.does(cast.alice, Acknowledge, 1)
    first, second = sorted(world.records().alerts, key=lambda one: one.first_seq)
    assert first.incident_id == second.incident_id
    return first, second


def test_it_gets_an_incident_of_its_own_and_people_are_called(world: World, cast: Cast) -> None:
    _, second = grouped(world, cast)
    before = len(paged(world, cast))
    world.run(as_user(cast.alice), SplitAlert(alert_id=second.id))
    world.advance(minutes=5)
    old, new = world.incident(1), world.incident(3)
    assert (old.alert_count, old.open_alert_count, old.status) == (1, 1, Status.ACKNOWLEDGED)
    assert (new.alert_count, new.open_alert_count, new.status) == (1, 1, Status.TRIGGERED)
    assert len(paged(world, cast)) > before
    assert world.facts(IncidentTriggered)[-1].reason == "split from #1"
    assert world.facts(AlertLeft)[-1].moved_to == new.id


def test_each_ends_with_its_own_alert(world: World, cast: Cast) -> None:
    _, second = grouped(world, cast)
    world.run(as_user(cast.alice), SplitAlert(alert_id=second.id))
    world.event(cast.monitor, "two", Action.RESOLVE)
    assert (world.incident(1).status, world.incident(3).status) == (Status.ACKNOWLEDGED, Status.RESOLVED)


def test_it_can_be_brought_back(world: World, cast: Cast) -> None:
    _, second = grouped(world, cast)
    world.run(as_user(cast.alice), SplitAlert(alert_id=second.id))
    world.run(as_user(cast.alice), MoveAlert(alert_id=second.id, incident_id=world.incident(1).id))
    assert (world.incident(1).alert_count, world.incident(3).alert_count) == (2, 0)


def test_there_must_be_something_to_split(world: World, cast: Cast) -> None:
    first, second = grouped(world, cast)
    alice = as_user(cast.alice)
    world.run(alice, SplitAlert(alert_id=second.id))
    for alert in (first, second):
        with pytest.raises(Conflict, match="the only alert"):
            world.run(alice, SplitAlert(alert_id=alert.id))
    world.does(cast.alice, Resolve, 3)
    with pytest.raises(Conflict, match="over"):
        world.run(alice, SplitAlert(alert_id=second.id))
    assert len(world.incidents()) == 3


def test_an_outsider_splits_nothing(world: World, cast: Cast) -> None:
    _, second = grouped(world, cast)
    with pytest.raises(NotAllowed):
        world.run(as_user(cast.mallory), SplitAlert(alert_id=second.id))
