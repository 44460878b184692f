"""Two versions of a path in sentences: what each rule was and what it is now, before anybody saves it.

Decides wording only. Rules are known by their ids, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.events.orchestration import START, Actions, OrchestrationPath, OrchestrationRule, RuleSet
from tocsin.events.unreachable import unreachable
from tocsin.kernel.wording import joined
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.names import isolated
from tocsin.web.rules import words

_ACTIONS: Final = {
    "route_to": later("route to"),
    "dynamic_route": later("dynamic route"),
    "drop": later("drop"),
    "suppress": later("suppress"),
    "suspend_seconds": later("suspend seconds"),
    "priority_id": later("priority id"),
    "policy_id": later("policy id"),
    "note": later("note"),
    "severity": later("severity"),
    "event_action": later("event action"),
    "variables": later("variables"),
    "extractions": later("extractions"),
    "calls": later("calls"),
    "field_updates": later("field updates"),
    "wire": later("wire"),
}
"""What the parts of a rule's actions are called where a sentence does not tell them apart."""


@dataclass(frozen=True, slots=True)
class Told:
    """One difference: what it is about, what was, what is now."""

    about: str
    was: str
    now: str


def told(old: OrchestrationPath, new: OrchestrationPath, called: words.Called) -> list[Told]:
    """Every difference, the changed rules first, then their order, then what can be reached no more or again."""
    found: list[Told] = []
    before = {one.id: one for one in old.sets}
    after = {one.id: one for one in new.sets}
    for set_id in dict.fromkeys([*before, *after]):
        was, now = before.get(set_id), after.get(set_id)
        if was is None or now is None:
            there = _("there")
            found.append(Told(_set_name(set_id), there if was else _("nothing"), there if now else _("removed")))
        found += _in_set(was or RuleSet(id=set_id), now or RuleSet(id=set_id), old, called)
    differing = _differing(old.catch_all, new.catch_all)
    found += _sentences(_("Everything else"), _last(old, called), _last(new, called), differing)
    if old.active != new.active:
        found.append(
            Told(_("All of these rules"), *(_("act") if one.active else _("switched off") for one in (old, new)))
        )
    return [*found, *_reach(old, new)]


def _in_set(was: RuleSet, now: RuleSet, path: OrchestrationPath, called: words.Called) -> Iterator[Told]:
    old = {rule.id: rule for rule in was.rules}
    new = {rule.id: rule for rule in now.rules}
    places = {rule.id: number for one in (was, now) for number, rule in enumerate(one.rules, 1)}
    for rule_id in dict.fromkeys([*old, *new]):
        before, after = old.get(rule_id), new.get(rule_id)
        about = _rule_name(was.id, places[rule_id])
        texts = [sentence(rule, path, called) if rule is not None else "" for rule in (before, after)]
        differing = _differing(before.actions, after.actions) if before and after else ()
        yield from _sentences(about, texts[0], texts[1], differing)
    common = [[rule for rule in one.rules if rule.id in old and rule.id in new] for one in (was, now)]
    order = [[rule.id for rule in rules] for rules in common]
    if order[0] != order[1]:
        about = _("The order") if was.id == START else _("The order of set %(set)s", set=was.id)
        yield Told(about, *(_order(rules, order) for rules in common))


def sentence(rule: OrchestrationRule, path: OrchestrationPath, called: words.Called) -> str:
    """A rule whole: its label, when it acts, what it does, and whether it is switched off."""
    off = _(" (switched off)") if rule.disabled else ""
    does = words.does(rule.actions, path.kind, called)
    text = _("%(when)s: %(does)s%(off)s.", when=words.when(rule), does=does, off=off)
    return _("“%(label)s” %(text)s", label=isolated(rule.label), text=text) if rule.label else text


def _last(path: OrchestrationPath, called: words.Called) -> str:
    return _("Everything else: %(does)s.", does=words.does(path.catch_all, path.kind, called))


def _sentences(about: str, was: str, now: str, differing: Sequence[str]) -> Iterator[Told]:
    if was != now:
        yield Told(about, was or _("nothing"), now or _("removed"))
    elif differing:
        yield Told(about, was, _("the same sentence; what differs: %(names)s", names=joined(differing)))


def _differing(old: Actions, new: Actions) -> list[str]:
    return [_(_ACTIONS[name]) for name in Actions.__slots__ if getattr(old, name) != getattr(new, name)]


def _order(rules: Sequence[OrchestrationRule], order: Sequence[Sequence[str]]) -> str:
    """The part of the order that differs, as labels or first words."""
    first, second = order
    begin = next(at for at, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])
    end = next(at for at in range(len(first), 0, -1) if first[at - 1] != second[at - 1])
    each = [f"{begin + at}. {_short(rule)}" for at, rule in enumerate(rules[begin:end], 1)]
    text = each[0]
    for one in each[1:]:
        text = _("%(one)s, then %(other)s", one=text, other=one)
    return text


def _short(rule: OrchestrationRule) -> str:
    text = rule.label or words.when(rule)
    return isolated(text if len(text) <= 60 else f"{text[:60]} …")


def _set_name(set_id: str) -> str:
    return _("the first rules") if set_id == START else _("set %(set)s", set=set_id)


def _rule_name(set_id: str, number: int) -> str:
    if set_id == START:
        return _("Rule %(number)s", number=number)
    return _("Rule %(number)s of set %(set)s", number=number, set=set_id)


def _reach(old: OrchestrationPath, new: OrchestrationPath) -> Iterator[Told]:
    """Rules of which this change decides whether they ever act; what was switched by hand says so itself."""
    before, after = _reasons(old), _reasons(new)
    for rule_id, (name, why) in after.items():
        known = before.get(rule_id)
        was = known[1] if known is not None else ""
        if bool(was) != bool(why):
            yield Told(name, _may_act(was), _may_act(why))


def _reasons(path: OrchestrationPath) -> dict[str, tuple[str, str]]:
    found = unreachable(path)
    reasons = {
        rule.id: (_rule_in(one.id, place + 1), why)
        for one in path.sets
        for place, rule in enumerate(one.rules)
        if not rule.disabled
        for why in (found.rules.get((one.id, place), ""),)
    }
    return {**reasons, "": (_("Everything else"), found.catch_all)}


def _rule_in(set_id: str, number: int) -> str:
    if set_id == START:
        return _("Rule %(number)s", number=number)
    return _("Set %(set)s, rule %(number)s", set=set_id, number=number)


def _may_act(never: str) -> str:
    return _("never acts: %(why)s", why=never) if never else _("may act")
