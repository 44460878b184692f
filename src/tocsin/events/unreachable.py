"""Why a rule of a path can never act: what its path says by itself, without a look at any event.

Decides only what is certain from the words of the rules. A rule that merely never acted so far is not told here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tocsin.events import pcl
from tocsin.events.orchestration import START, OrchestrationPath, OrchestrationRule, PathKind, RuleSet
from tocsin.kernel.wording import phrase

DISABLED = phrase("it is switched off")
NEVER_TRUE = phrase("its condition is never true")
NEVER_THEN = phrase("the times that it asks for never meet")
NONE_TRUE = phrase("none of its conditions is ever true")
NO_WAY = phrase("no rule leads to this set")
NO_WAY_THAT_ACTS = phrase("only rules that never act lead to this set")
NOTHING_LEFT = phrase("one of the rules before it always acts")


@dataclass(frozen=True, slots=True)
class Unreachable:
    """What never acts: rules by (set, place in it from 0), the catch-all ("" = it may act)."""

    rules: Mapping[tuple[str, int], str] = field(default_factory=dict)
    catch_all: str = ""


def unreachable(path: OrchestrationPath) -> Unreachable:
    """The reasons, each as the end of "never acts: ..."."""
    sets = {one.id: one for one in path.sets}
    found: dict[tuple[str, int], str] = {}
    reached, falls_through = _reached(path, sets)
    for one in path.sets:
        named = any(rule.actions.route_to == one.id for other in path.sets for rule in other.rules)
        no_way = "" if one.id in reached else NO_WAY_THAT_ACTS if named else NO_WAY
        for place, why in enumerate(_in_set(one)):
            if no_way or why:
                found[one.id, place] = why if why == DISABLED else no_way or why
    return Unreachable(found, "" if falls_through else NOTHING_LEFT)


def _reached(path: OrchestrationPath, sets: Mapping[str, RuleSet]) -> tuple[set[str], bool]:
    """The sets that some event may come to, and whether one of them may end without a rule that acts."""
    waiting, reached, falls_through = [START], set[str](), False
    while waiting:
        current = sets.get(waiting.pop())
        if current is None or current.id in reached:
            continue
        reached.add(current.id)
        alive = [rule for rule, why in zip(current.rules, _in_set(current), strict=True) if not why]
        falls_through = falls_through or not any(map(_always_acts, alive))
        if path.kind is not PathKind.ROUTER:
            waiting += [rule.actions.route_to for rule in alive if rule.actions.route_to]
    return reached, falls_through


def _in_set(one: RuleSet) -> Iterable[str]:
    """For each rule why it never acts when an event comes to its set; "" where it may."""
    before = ""
    for number, rule in enumerate(one.rules, 1):
        own = _by_itself(rule)
        yield own or before
        if not own and not before and _always_acts(rule):
            before = phrase("rule %(number)s before it always acts", number=number)


def _by_itself(rule: OrchestrationRule) -> str:
    if rule.disabled:
        return DISABLED
    if rule.conditions and all(_constant(text) is False for text in rule.conditions):
        if len(rule.conditions) > 1:
            return NONE_TRUE
        return NEVER_THEN if _asks_the_clock(rule.conditions[0]) else NEVER_TRUE
    return ""


def _always_acts(rule: OrchestrationRule) -> bool:
    """A rule that routes by what it finds acts only if that names a service."""
    if rule.actions.dynamic_route is not None:
        return False
    return not rule.conditions or any(_constant(text) is True for text in rule.conditions)


def _constant(text: str) -> bool | None:
    """True or False for a condition that is that for every event; one that can't be read (any more) never holds."""
    try:
        return pcl.always(pcl.compile(text))
    except pcl.PclError:
        return False


def _asks_the_clock(text: str) -> bool:
    """Whether a condition that never holds is one about times, and would hold but for them."""
    try:
        return pcl.apart_in_time(pcl.compile(text))
    except pcl.PclError:
        return False
