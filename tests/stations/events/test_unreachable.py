"""Rules that can never act are found by what the path says; where it depends on the event, nothing is claimed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.events import pcl
from tocsin.events.orchestration import (
    Actions,
    DynamicRoute,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
)
from tocsin.events.unreachable import (
    DISABLED,
    NEVER_THEN,
    NEVER_TRUE,
    NO_WAY,
    NO_WAY_THAT_ACTS,
    NONE_TRUE,
    NOTHING_LEFT,
    unreachable,
)
from tocsin.kernel.time import WEEK, parse_iso

DEPENDS = "event.summary matches 'x'"


def rule(*conditions: str, off: bool = False, **actions: Any) -> OrchestrationRule:
    return OrchestrationRule(id="", conditions=conditions, disabled=off, actions=Actions(**actions))


def why(*rules: OrchestrationRule, kind: PathKind = PathKind.GLOBAL, **sets: tuple[OrchestrationRule, ...]) -> Any:
    others = tuple(RuleSet(id=name, rules=those) for name, those in sets.items())
    path = OrchestrationPath(parent_id="P", kind=kind, sets=(RuleSet(id="start", rules=rules), *others))
    found = unreachable(path)
    return dict(found.rules), found.catch_all


def test_where_it_depends_every_rule_may_act() -> None:
    assert why(rule(DEPENDS), rule(DEPENDS, route_to="a"), a=(rule(DEPENDS),)) == ({}, "")
    assert why() == ({}, "")


@pytest.mark.parametrize("first", [rule(), rule("true"), rule(DEPENDS, "1 == 1")])
def test_behind_a_rule_that_always_acts(first: OrchestrationRule) -> None:
    found, last = why(first, rule(DEPENDS), rule(off=True))
    assert found == {("start", 1): "rule 1 before it always acts", ("start", 2): DISABLED}
    assert last == NOTHING_LEFT


def test_a_rule_that_is_off_or_never_true_hides_nothing() -> None:
    found, last = why(rule(off=True), rule("1 == 2"), rule("false", "2 == 1"), rule("nonsense ("), rule(DEPENDS))
    assert found == {
        ("start", 0): DISABLED,
        ("start", 1): NEVER_TRUE,
        ("start", 2): NONE_TRUE,
        ("start", 3): NEVER_TRUE,
    }
    assert not last


def test_sets_that_nothing_leads_to() -> None:
    found, _ = why(rule("false", route_to="a"), a=(rule(route_to="b"),), b=(rule(),), c=(rule(), rule(off=True)))
    assert found == {
        ("start", 0): NEVER_TRUE,
        ("a", 0): NO_WAY_THAT_ACTS,
        ("b", 0): NO_WAY_THAT_ACTS,
        ("c", 0): NO_WAY,
        ("c", 1): DISABLED,
    }


def test_the_catch_all_acts_where_some_set_may_end_without_a_rule() -> None:
    assert why(rule(route_to="a"), a=(rule(DEPENDS),))[1] == ""
    assert why(rule(route_to="a"), a=(rule(),))[1] == NOTHING_LEFT


def test_a_dynamic_route_acts_only_where_it_finds_a_service() -> None:
    dynamic = rule(dynamic_route=DynamicRoute(source="event.source", regex="(.*)"))
    assert why(dynamic, rule(route_to="S1"), kind=PathKind.ROUTER) == ({}, NOTHING_LEFT)
    assert why(dynamic, rule(DEPENDS), kind=PathKind.ROUTER) == ({}, "")


WORK = "now in Mon,Tue,Wed,Thu,Fri 09:00:00 to 17:00:00 Europe/Berlin"
NIGHT = "now in Mon,Tue,Wed,Thu,Fri,Sat,Sun 22:00:00 to 05:59:59 Europe/Berlin"
BEGUN, OVER = "now > 2026-02-01 00:00:00 Etc/UTC", "now < 2026-01-01 00:00:00 Etc/UTC"


@pytest.mark.parametrize(
    "text",
    [
        f"{WORK} and {NIGHT}",
        f"{DEPENDS} and ({WORK} and event.source exists) and {NIGHT}",
        f"{WORK} and not {WORK}",
        f"{WORK} and not (now in Mon,Tue,Wed,Thu,Fri 08:00:00 to 18:00:00 Europe/Berlin)",
        "now in Sun 23:00:00 to 01:00:00 Etc/UTC and now in Mon 01:00:01 to 02:00:00 Etc/UTC",
        f"({WORK} or now in Sat 09:00:00 to 10:00:00 Europe/Berlin) and {NIGHT}",
        f"{BEGUN} and {OVER}",
        "2026-02-01 00:00:00 Etc/UTC == now and now == 2026-03-01 00:00:00 Etc/UTC",
    ],
)
def test_times_that_never_meet(text: str) -> None:
    assert why(rule(text)) == ({("start", 0): NEVER_THEN}, "")


@pytest.mark.parametrize(
    "text",
    [
        f"{WORK} or {NIGHT}",
        f"{WORK} and {NIGHT.replace('Europe/Berlin', 'Etc/UTC')}",
        f"{WORK} and not {NIGHT}",
        "now in Sun 23:00:00 to 01:00:00 Etc/UTC and now in Mon 01:00:00 to 02:00:00 Etc/UTC",
        f"({WORK} or {DEPENDS}) and {NIGHT}",
        f"not {BEGUN} and {OVER}",
        f"{BEGUN.replace('02-01', '01-01')} and {OVER.replace('01-01', '02-01')}",
    ],
)
def test_times_that_may_meet(text: str) -> None:
    assert why(rule(text)) == ({}, "")


def test_times_that_leave_nothing_out() -> None:
    found, last = why(rule(f"{WORK} or not {WORK}"), rule(DEPENDS))
    assert found == {("start", 1): "rule 1 before it always acts"}
    assert last == NOTHING_LEFT


PARTS = st.sampled_from((
    WORK, NIGHT, f"not ({WORK})", f"not ({NIGHT})", f"({WORK} or {NIGHT})", BEGUN, OVER,
    "now in Sun 23:30:00 to 02:00:00 Europe/Berlin", "now in Mon 02:00:00 to 02:30:00 Europe/Berlin",
))  # fmt: skip


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(st.integers(0, 52 * WEEK), min_size=1, max_size=40))
def test_what_is_said_to_never_hold_never_does(parts: list[str], moments: list[int]) -> None:
    """Over a year with both changes of the clock."""
    begin = parse_iso("2025-11-30T00:00:00Z")
    for text in (" and ".join(parts), " or ".join(parts)):
        condition = pcl.compile(text)
        always = pcl.always(condition)
        if always is not None:
            assert {condition.holds(pcl.Scene({}, now=begin + moment)) for moment in moments} == {always}, text
