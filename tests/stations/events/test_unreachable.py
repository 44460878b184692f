"""Rules that can never act are found by what the path says; where it depends on the event, nothing is claimed."""

from __future__ import annotations

from typing import Any

import pytest

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
    NEVER_TRUE,
    NO_WAY,
    NO_WAY_THAT_ACTS,
    NONE_TRUE,
    NOTHING_LEFT,
    unreachable,
)

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
