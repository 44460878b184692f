"""Alerts that hold the same are one incident, for as long as one follows another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast, gather
from tocsin.directory.grouping import ContentGrouping, GroupingSetting
from tocsin.events.model import Action, Severity
from tocsin.incidents.messages import AlertJoined, Merge, MoveToService, Reopen, Resolve, Snooze
from tocsin.testing.world import World


def by(*fields: str, match_all: bool = True, seconds: int = 600) -> ContentGrouping:
    return ContentGrouping(fields=fields, match_all=match_all, window_seconds=seconds)


def counts(world: World) -> list[int]:
    return [incident.alert_count for incident in world.incidents()]


def staged(world: World, grouping: ContentGrouping) -> Cast:
    return gather(world, group_by=grouping)


def test_the_same_source_and_component_is_one_problem(world: World) -> None:
    cast = staged(world, by("source", "component"))
    world.event(cast.monitor, "one", source="db-1", component="disk")
    world.event(cast.monitor, "two", source="db-1", component="disk")
    world.event(cast.monitor, "three", source="db-1", component="cpu")
    world.event(cast.monitor, "four", source="db-2", component="disk")
    assert counts(world) == [2, 1, 1]
    (joined,) = world.facts(AlertJoined)
    assert joined.reason == "it has the same source and component as this incident's first alert"


def test_one_field_of_several_is_enough_if_any_counts(world: World) -> None:
    cast = staged(world, by("source", "component", match_all=False))
    world.event(cast.monitor, "one", source="db-1", component="disk")
    world.event(cast.monitor, "two", source="db-2", component="disk")
    world.event(cast.monitor, "three", source="db-1", component="cpu")
    world.event(cast.monitor, "four", source="db-2", component="cpu")
    assert counts(world) == [3, 1], "compared with the first alert, so that groups do not run into each other"


def test_of_two_that_fit_the_newest_takes_it(world: World) -> None:
    cast = staged(world, by("source", "component", match_all=False))
    world.event(cast.monitor, "one", source="db-1", component="disk")
    world.event(cast.monitor, "two", source="db-2", component="cpu")
    world.event(cast.monitor, "three", source="db-1", component="cpu")
    assert counts(world) == [1, 2]


@pytest.mark.parametrize(
    ("name", "first", "second", "other"),
    [
        ("severity", {"severity": Severity.ERROR}, {"severity": Severity.ERROR}, {"severity": Severity.CRITICAL}),
        ("class", {"event_class": "full"}, {"event_class": "full"}, {"event_class": "slow"}),
        ("group", {"group": "eu"}, {"group": "eu"}, {"group": "us"}),
        ("summary", {"summary": "Disk full"}, {"summary": "Disk full"}, {"summary": "disk full"}),
        (
            "custom_details.host.name",
            {"details": {"host": {"name": "a", "up": 1}}},
            {"details": {"host": {"name": "a"}}},
            {"details": {"host": "a"}},
        ),
        ("host", {"details": {"host": ["a", 1]}}, {"details": {"host": ["a", 1]}}, {"details": {"host": ["a", "1"]}}),
        ("custom_details.up", {"details": {"up": False}}, {"details": {"up": False}}, {"details": {"up": 0}}),
    ],
)
def test_every_field_can_be_compared(world: World, name: str, first: Any, second: Any, other: Any) -> None:
    cast = staged(world, by(name))
    for key, fields in (("one", first), ("two", second), ("three", other)):
        world.event(cast.monitor, key, **fields)
    assert counts(world) == [2, 1]


@pytest.mark.parametrize("match_all", [True, False])
def test_what_is_missing_is_like_nothing(world: World, match_all: bool) -> None:
    cast = staged(world, by("component", "custom_details.host", match_all=match_all))
    for key, details in (("one", {}), ("two", {}), ("three", {"host": None}), ("four", {"host": {}})):
        world.event(cast.monitor, key, details=details)
    assert counts(world) == [1, 1, 1, 1]


def test_each_alert_begins_the_window_anew_for_a_day_at_most(world: World) -> None:
    cast = staged(world, by("source", seconds=3600))
    for number in range(26):
        world.event(cast.monitor, f"key-{number}", source="db-1")
        world.advance(minutes=58)
    assert counts(world) == [25, 1], "24 hours and 10 minutes after the first one another begins"
    world.advance(minutes=3)
    world.event(cast.monitor, "late", source="db-1")
    assert counts(world) == [25, 1, 1]


def test_repeats_of_an_alert_do_not_make_the_window_longer(world: World) -> None:
    cast = staged(world, by("source", seconds=600))
    for _ in range(3):
        world.event(cast.monitor, "one", source="db-1")
        world.advance(minutes=5)
    world.event(cast.monitor, "two", source="db-1")
    assert counts(world) == [1, 1]


def test_the_closed_and_the_snoozed_take_nothing(world: World) -> None:
    cast = staged(world, by("source"))
    world.event(cast.monitor, "one", source="db-1")
    world.does(cast.alice, Resolve, 1)
    world.event(cast.monitor, "two", source="db-1")
    world.does(cast.alice, Snooze, 2, seconds=3600)
    world.event(cast.monitor, "three", source="db-1")
    assert counts(world) == [1, 1, 1]
    world.does(cast.alice, Resolve, 3)
    world.does(cast.alice, Resolve, 2)
    world.does(cast.alice, Reopen, 1)
    world.event(cast.monitor, "four", source="db-1")
    assert counts(world) == [2, 1, 1], "one that was reopened does again"


def test_one_that_moved_to_another_service_takes_no_more_of_the_old_one(world: World) -> None:
    cast = staged(world, by("source"))
    other, _ = world.service("Search", cast.policy)
    world.event(cast.monitor, "one", source="db-1")
    world.does(cast.olga, MoveToService, service_id=other.id)
    world.event(cast.monitor, "two", source="db-1")
    assert counts(world) == [1, 1]


def test_what_was_merged_goes_on_where_it_went(world: World) -> None:
    cast = staged(world, by("source"))
    world.event(cast.monitor, "one", source="db-1")
    world.event(cast.monitor, "two", source="db-2")
    world.does(cast.alice, Merge, 1, source_ids=(world.incident(2).id,))
    world.event(cast.monitor, "three", source="db-1")
    world.event(cast.monitor, "four", source="db-2")
    assert counts(world)[0] == 3
    assert world.incident(3).alert_count == 1, "it is like the first alert of nothing that is open"


def test_services_that_share_a_setting_group_together(world: World) -> None:
    cast = gather(world)
    search, searching = world.service("Search", cast.policy)
    _, alone = world.service("Mail", cast.policy, group_by=by("source"))
    grouping = GroupingSetting(
        id="", sort="content_based", service_ids=(cast.service.id, search.id), group_by=by("source")
    )
    setting = world.save(grouping)
    world.event(cast.monitor, "one", source="db-1")
    world.event(searching, "two", source="db-1")
    world.event(alone, "three", source="db-1")
    assert counts(world) == [2, 1]
    world.event(searching, "two", Action.RESOLVE)
    assert world.incident(1).is_open, "the other service's problem is still there"
    world.delete(setting)
    world.event(searching, "four", source="db-1")
    world.event(searching, "five", source="db-1")
    assert counts(world) == [2, 1, 1, 1]


def test_a_changed_grouping_starts_anew(world: World) -> None:
    cast = staged(world, by("source"))
    world.event(cast.monitor, "one", source="db-1", component="disk")
    world.save(replace(cast.service, group_by=by("source", "component")), "group_by")
    world.event(cast.monitor, "two", source="db-1", component="disk")
    world.event(cast.monitor, "three", source="db-1", component="disk")
    assert counts(world) == [1, 2]


def test_it_is_found_after_a_restart(world: World) -> None:
    cast = staged(world, by("source"))
    world.event(cast.monitor, "one", source="db-1")
    world.crash()
    world.event(cast.monitor, "two", source="db-1")
    assert counts(world) == [2]
