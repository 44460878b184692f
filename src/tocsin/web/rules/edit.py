"""Changing rules: a form for one rule, and the buttons that move, switch and remove.

Every change saves the path as a whole, so the engine judges all of it. A rule that somebody else has changed since the
form was opened is not written over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from tocsin.engine.things import SaveThing
from tocsin.events.orchestration import (
    START,
    UNROUTED,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
)
from tocsin.kernel.errors import Conflict, Invalid, NotFound
from tocsin.web import guard
from tocsin.web.rules import form, words
from tocsin.web.rules.blocks import TITLES, called_by, may_edit, path_of
from tocsin.web.visit import Visit, status_of

_NEW: Final = OrchestrationRule(id="")


def rule_page(visit: Visit) -> Response:
    """`/rules/{parent}/{kind}?set=&rule=`: the form of a rule, of a new one without `rule`, or of the catch-all."""
    path = _path(visit)
    if not may_edit(visit, path):
        raise NotFound("There is no such rule that you may change.")
    set_id, rule_id = visit.query("set") or START, visit.query("rule")
    last = bool(visit.query("catch_all"))
    old = replace(_NEW, actions=path.catch_all) if last else _rule(path, set_id, rule_id)
    return _show(visit, path, set_id, old, form.filled(old), last=last)


def change_rule(visit: Visit) -> Response:
    """POST to the same address; `do` says what."""
    path = _path(visit)
    do = _DO.get(visit.text("do", 20) or "save")
    if do is None:
        raise NotFound("There is no such action.")
    return do(visit, path)


def _path(visit: Visit) -> OrchestrationPath:
    """The path of the address. Raises NotFound, also for whoever may not know of its orchestration or service."""
    parent_id, kind = visit.request.path_params["parent"], visit.request.path_params["kind"]
    if kind not in tuple(PathKind):
        raise NotFound("There are no such rules.")
    config = visit.config
    parent = config.services.get(parent_id) if kind == PathKind.SERVICE else config.orchestrations.get(parent_id)
    if parent is None or not visit.may_read(parent):
        raise NotFound("There are no such rules.")
    return path_of(visit, parent_id, PathKind(kind))


def _rule(path: OrchestrationPath, set_id: str, rule_id: str) -> OrchestrationRule:
    if not rule_id:
        return _NEW
    for one in path.sets:
        for rule in one.rules:
            if one.id == set_id and rule.id == rule_id:
                return rule
    raise NotFound("This rule was removed already.")


def _show(
    visit: Visit,
    path: OrchestrationPath,
    set_id: str,
    old: OrchestrationRule,
    typed: Mapping[str, str],
    *,
    last: bool,
    code: int = 200,
    problems: form.Problems | None = None,
) -> Response:
    config = visit.config
    title, hint = TITLES[path.kind]
    parents = config.services if path.kind is PathKind.SERVICE else config.orchestrations
    return visit.page(
        "rules/rule.html",
        code,
        path=path,
        is_router=path.kind is PathKind.ROUTER,
        allowed=_OFFERED[path.kind],
        path_title=title,
        hint=hint,
        parent=parents[path.parent_id],
        set_id=set_id,
        rule=old,
        last=last,
        typed=typed,
        explained=words.readable(typed["conditions"].split("\n")),
        targets=_targets(visit, path, set_id),
        priorities=sorted(config.priorities.values(), key=lambda one: one.order),
        policies=sorted(filter(visit.may_read, config.policies.values()), key=lambda one: one.name.casefold()),
        kept=words.kept(old.actions, called_by(visit)),
        problems=problems or form.Problems({}, ()),
        mark=form.mark_of(old),
        back=back_of(visit, path),
        address=f"/rules/{path.parent_id}/{path.kind.value}",
    )


_OFFERED: Final[Mapping[PathKind, frozenset[str]]] = {
    PathKind.ROUTER: frozenset({"route_to"}),
    PathKind.UNROUTED: frozenset({"route_to", "severity", "event_action", "suppress"}),
    PathKind.SERVICE: frozenset(form.FIELDS) - {"drop"},
    PathKind.GLOBAL: frozenset(form.FIELDS),
}
"""The fields that the form of a rule has. The engine refuses the others anyway."""


def _targets(visit: Visit, path: OrchestrationPath, set_id: str) -> list[tuple[str, str]]:
    """Where a rule may lead: to services in a router, elsewhere to sets behind it."""
    if path.kind is PathKind.ROUTER:
        seen = sorted(filter(visit.may_read, visit.config.services.values()), key=lambda one: one.name.casefold())
        named = {one.id for one in seen}
        others = [(one, "a service of another team") for one in path.routed_to - named - {UNROUTED}]
        return [(UNROUTED, "no service"), *((one.id, one.name) for one in seen), *others]
    sets = [(one.id, f"set {one.id}") for one in path.sets if one.id not in (START, set_id)]
    return [*sets, (form.NEW_SET, "a new set")]


def back_of(visit: Visit, path: OrchestrationPath) -> str:
    """The page that shows the path: the one that one came from, if it was one of ours."""
    came = guard.safe_next(visit.text("back", 500) or visit.query("back") or "/")
    if came != "/":
        return came
    own = f"/services/{path.parent_id}/rules"
    return own if path.kind is PathKind.SERVICE else f"/orchestrations/{path.parent_id}"


def _done(visit: Visit, path: OrchestrationPath, word: str) -> Response:
    anchor = f"path-{path.parent_id if path.kind is PathKind.SERVICE else path.kind.value}"
    return visit.go(f"{back_of(visit, path).partition('#')[0]}#{anchor}", word)


def _store(visit: Visit, path: OrchestrationPath, changed: OrchestrationPath) -> None:
    """Save what differs, made from the path as it was read: what somebody else changed meanwhile is not lost."""
    fields: tuple[str, ...] = ()
    if path.id in visit.config.orchestration_paths:
        fields = tuple(
            name for name in ("sets", "catch_all", "active") if getattr(path, name) != getattr(changed, name)
        )
        fields = fields or ("sets",)  # nothing differs: the engine says whether one may, and leaves it as it is
    seen_at = path.updated_at  # 0 for a path that is not there yet
    visit.run(SaveThing(thing_kind="orchestration_path", thing=changed, fields=fields, seen_at=seen_at))


def _save(visit: Visit, path: OrchestrationPath) -> Response:
    """The form of one rule or of the catch-all, sent."""
    set_id, rule_id, last = visit.text("set", 64) or START, visit.text("rule", 64), bool(visit.text("catch_all"))
    old = replace(_NEW, actions=path.catch_all) if last else _rule(path, set_id, rule_id)
    typed = {name: visit.text(name, 20_000) for name in form.FIELDS}
    begin = "Catch-all: "
    mark = visit.text("mark", 16)
    try:
        if mark and mark != form.mark_of(old):
            raise Conflict(
                "Somebody has changed this rule since you opened it. Send it again to replace what they wrote."
            )
        rule = form.rule_of(typed, old)
        changed, rule = _with_new_set(path, rule)
        if last:
            changed = replace(changed, catch_all=rule.actions)
        else:
            changed, place = _with_rule(changed, set_id, rule, rule_id)
            begin = f"Set {set_id}, rule {place + 1}{f' ({rule.label})' if rule.label else ''}: "
        _store(visit, path, changed)
    except (Invalid, Conflict) as error:
        visit.config = visit.site.desk.config()
        problems = form.sorted_out(error.details or (error.message,), begin)
        return _show(visit, path, set_id, old, typed, last=last, code=status_of(error), problems=problems)
    return _done(visit, path, "rule-saved")


def _with_new_set(path: OrchestrationPath, rule: OrchestrationRule) -> tuple[OrchestrationPath, OrchestrationRule]:
    """If the rule is to lead to a new set: the path with that set, and the rule that leads there."""
    if rule.actions.route_to != form.NEW_SET:
        return path, rule
    taken = {one.id for one in path.sets}
    set_id = next(str(number) for number in range(1, len(taken) + 2) if str(number) not in taken)
    led = replace(rule, actions=replace(rule.actions, route_to=set_id))
    return replace(path, sets=(*path.sets, RuleSet(id=set_id))), led


def _with_rule(
    path: OrchestrationPath, set_id: str, rule: OrchestrationRule, rule_id: str
) -> tuple[OrchestrationPath, int]:
    """The path with the rule in the place of the one with this id, or at the end of the set; and its place."""
    own = _set(path, set_id)
    rules = list(own.rules)
    place = next((at for at, one in enumerate(rules) if rule_id and one.id == rule_id), len(rules))
    rules[place : place + 1] = [rule]
    return _with_set(path, replace(own, rules=tuple(rules))), place


def _set(path: OrchestrationPath, set_id: str) -> RuleSet:
    own = next((one for one in path.sets if one.id == set_id), None)
    if own is None:
        raise NotFound("This set of rules was removed already.")
    return own


def _with_set(path: OrchestrationPath, changed: RuleSet) -> OrchestrationPath:
    return replace(path, sets=tuple(changed if one.id == changed.id else one for one in path.sets))


def _moved(step: int) -> Callable[[Visit, OrchestrationPath], Response]:
    def move(visit: Visit, path: OrchestrationPath) -> Response:
        own = _set(path, visit.text("set", 64) or START)
        rules = list(own.rules)
        place = next((at for at, one in enumerate(rules) if one.id == visit.text("rule", 64)), -1)
        if place < 0:
            raise NotFound("This rule was removed already.")
        to = place + step
        if 0 <= to < len(rules):
            rules[place], rules[to] = rules[to], rules[place]
            _store(visit, path, _with_set(path, replace(own, rules=tuple(rules))))
        return _done(visit, path, "rule-moved")

    return move


def _delete(visit: Visit, path: OrchestrationPath) -> Response:
    own, rule_id = _set(path, visit.text("set", 64) or START), visit.text("rule", 64)
    rules = tuple(one for one in own.rules if one.id != rule_id)
    if len(rules) == len(own.rules):
        raise NotFound("This rule was removed already.")
    _store(visit, path, _with_set(path, replace(own, rules=rules)))
    return _done(visit, path, "rule-gone")


def _delete_set(visit: Visit, path: OrchestrationPath) -> Response:
    """An empty set; rules that lead there are refused by the engine."""
    own = _set(path, visit.text("set", 64))
    if own.id == START or own.rules:
        raise Conflict("Only an empty set can be removed, and never the first one.")
    _store(visit, path, replace(path, sets=tuple(one for one in path.sets if one.id != own.id)))
    return _done(visit, path, "set-gone")


def _switched(*, on: bool) -> Callable[[Visit, OrchestrationPath], Response]:
    def switch(visit: Visit, path: OrchestrationPath) -> Response:
        _store(visit, path, replace(path, active=on))
        return _done(visit, path, "path-on" if on else "path-off")

    return switch


_DO: Final[Mapping[str, Callable[[Visit, OrchestrationPath], Response]]] = {
    "save": _save,
    "up": _moved(-1),
    "down": _moved(1),
    "delete": _delete,
    "delete-set": _delete_set,
    "on": _switched(on=True),
    "off": _switched(on=False),
}
"""What the buttons do."""
