"""Two versions of a path in sentences: what each rule was and what it is now, before anybody saves it.

Decides wording only. Rules are known by their ids, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.events.orchestration import START, Actions, OrchestrationPath, OrchestrationRule, RuleSet
from tocsin.events.unreachable import unreachable
from tocsin.web.names import isolated
from tocsin.web.rules import words

NOTHING: Final = "nothing"
_SAME: Final = "the same sentence; what differs: "
_CATCH_ALL: Final = "Everything else"


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
            found.append(Told(_set_name(set_id), "there" if was else NOTHING, "there" if now else "removed"))
        found += _in_set(was or RuleSet(id=set_id), now or RuleSet(id=set_id), old, called)
    found += _sentences(_CATCH_ALL, _last(old, called), _last(new, called), _differing(old.catch_all, new.catch_all))
    if old.active != new.active:
        found.append(Told("All of these rules", *("act" if one.active else "switched off" for one in (old, new))))
    return [*found, *_reach(old, new)]


def _in_set(was: RuleSet, now: RuleSet, path: OrchestrationPath, called: words.Called) -> Iterator[Told]:
    old = {rule.id: rule for rule in was.rules}
    new = {rule.id: rule for rule in now.rules}
    places = {rule.id: number for one in (was, now) for number, rule in enumerate(one.rules, 1)}
    where = "" if was.id == START else f" of {_set_name(was.id)}"
    for rule_id in dict.fromkeys([*old, *new]):
        before, after = old.get(rule_id), new.get(rule_id)
        about = f"Rule {places[rule_id]}{where}"
        texts = [sentence(rule, path, called) if rule is not None else "" for rule in (before, after)]
        differing = _differing(before.actions, after.actions) if before and after else ()
        yield from _sentences(about, texts[0], texts[1], differing)
    common = [[rule for rule in one.rules if rule.id in old and rule.id in new] for one in (was, now)]
    order = [[rule.id for rule in rules] for rules in common]
    if order[0] != order[1]:
        yield Told(f"The order{where}", *(_order(rules, order) for rules in common))


def sentence(rule: OrchestrationRule, path: OrchestrationPath, called: words.Called) -> str:
    """A rule whole: its label, when it acts, what it does, and whether it is switched off."""
    label = f"“{isolated(rule.label)}” " if rule.label else ""
    off = " (switched off)" if rule.disabled else ""
    return f"{label}{words.when(rule)}: {words.does(rule.actions, path.kind, called)}{off}."


def _last(path: OrchestrationPath, called: words.Called) -> str:
    return f"{_CATCH_ALL}: {words.does(path.catch_all, path.kind, called)}."


def _sentences(about: str, was: str, now: str, differing: Sequence[str]) -> Iterator[Told]:
    if was != now:
        yield Told(about, was or NOTHING, now or "removed")
    elif differing:
        yield Told(about, was, _SAME + ", ".join(differing))


def _differing(old: Actions, new: Actions) -> list[str]:
    return [name.replace("_", " ") for name in Actions.__slots__ if getattr(old, name) != getattr(new, name)]


def _order(rules: Sequence[OrchestrationRule], order: Sequence[Sequence[str]]) -> str:
    """The part of the order that differs, as labels or first words."""
    first, second = order
    begin = next(at for at, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])
    end = next(at for at in range(len(first), 0, -1) if first[at - 1] != second[at - 1])
    return ", then ".join(f"{begin + at}. {_short(rule)}" for at, rule in enumerate(rules[begin:end], 1))


def _short(rule: OrchestrationRule) -> str:
    text = rule.label or words.when(rule)
    return isolated(text if len(text) <= 60 else f"{text[:60]} …")


def _set_name(set_id: str) -> str:
    return "the first rules" if set_id == START else f"set {set_id}"


def _reach(old: OrchestrationPath, new: OrchestrationPath) -> Iterator[Told]:
    """Rules of which this change decides whether they ever act; what was switched by hand says so itself."""
    before, after = _reasons(old), _reasons(new)
    for rule_id, (name, why) in after.items():
        known = before.get(rule_id)
        was = known[1] if known is not None else ""
        if bool(was) != bool(why):
            yield Told(name, f"never acts: {was}" if was else "may act", f"never acts: {why}" if why else "may act")


def _reasons(path: OrchestrationPath) -> dict[str, tuple[str, str]]:
    found = unreachable(path)
    reasons = {
        rule.id: (f"{'' if one.id == START else f'{_set_name(one.id)}, '}rule {place + 1}", why)
        for one in path.sets
        for place, rule in enumerate(one.rules)
        if not rule.disabled
        for why in (found.rules.get((one.id, place), ""),)
    }
    shown = {rule_id: (name[:1].upper() + name[1:], why) for rule_id, (name, why) in reasons.items()}
    return {**shown, "": (_CATCH_ALL, found.catch_all)}
