"""Changing rules: a form for one rule, and the buttons that move, switch and remove.

Every change is shown before it is saved: what was, what is now, and which of the last events would fare otherwise. It
saves the path as a whole, so the engine judges all of it, and only if nobody has changed the path since it was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from starlette.responses import Response

from tocsin.engine.config import Config
from tocsin.engine.preview import judged
from tocsin.engine.things import SaveThing
from tocsin.events.orchestration import (
    START,
    UNROUTED,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
)
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from tocsin.web import guard
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.rules import form, parts, words
from tocsin.web.rules.blocks import TITLES, called_by, may_edit, path_of
from tocsin.web.rules.draft import draft
from tocsin.web.rules.effects import effects
from tocsin.web.rules.told import told
from tocsin.web.visit import Visit, status_of

_SURE: Final = "sure-"
_NEW: Final = OrchestrationRule(id="")
_FIELD_CHARS: Final = 64 * 1024
"""What a field of a form holds at most: nothing that was stored is cut."""

_AGAIN: Final = later("Somebody has changed these rules since you looked. Below is what your change would do now.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that is not saved. `carried`: what the form has to send again to make it."""

    changed: OrchestrationPath
    title: str
    button: str
    word: str
    carried: Mapping[str, str]
    removes: bool = False
    may_move: tuple[bool, bool] = (False, False)


Propose: TypeAlias = Callable[[Visit, OrchestrationPath], Proposal | Response]
"""What a button means for the path as it is; a response instead, where a form has to be filled in again."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The rule that a form is about. `last`: it is the catch-all; `is_gone`: somebody has removed it meanwhile."""

    set_id: str
    rule: OrchestrationRule
    last: bool
    is_gone: bool = False


def rule_page(visit: Visit) -> Response:
    """`/rules/{parent}/{kind}?set=&rule=`: the form of a rule, of a new one without `rule`, or of the catch-all."""
    path = _path(visit)
    if not may_edit(visit, path):
        raise NotFound("There is no such rule that you may change.")
    opened = _opened(path, visit.query("set") or START, visit.query("rule"), last=bool(visit.query("catch_all")))
    if opened.is_gone:
        raise NotFound("This rule was removed already.")
    typed = form.filled(opened.rule)
    if opened.rule is _NEW and not opened.last:
        typed = {**typed, **draft(visit, path)}
    return _show(visit, path, opened, typed)


def change_rule(visit: Visit) -> Response:
    """POST to the same address; `do` says what. Only the page that shows a change has the button that makes it."""
    path = _path(visit)
    if not may_edit(visit, path):
        raise NotAllowed("You may not change these rules.")
    do = visit.text("do", 20) or "save"
    if do == "again" or do.startswith("row-"):
        return _show(visit, path, _sent(visit, path), _typed(visit), more=do.removeprefix("row-"))
    propose = _DO.get(do.removeprefix(_SURE))
    if propose is None:
        raise NotFound("There is no such action.")
    return _reviewed(visit, path, propose, sure=do.startswith(_SURE))


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


def _opened(path: OrchestrationPath, set_id: str, rule_id: str, *, last: bool) -> Opened:
    if last:
        return Opened(START, replace(_NEW, actions=path.catch_all), last)
    rules = next((one.rules for one in path.sets if one.id == set_id), None)
    found = next((rule for rule in rules or () if rule_id and rule.id == rule_id), _NEW)
    is_gone = rules is None or (bool(rule_id) and found is _NEW)
    return Opened(set_id if rules is not None else START, found, last, is_gone)


def _sent(visit: Visit, path: OrchestrationPath) -> Opened:
    """The rule that a sent form is about."""
    last = bool(visit.text("catch_all", 5))
    return _opened(path, visit.text("set", 64) or START, visit.text("rule", 64), last=last)


def _typed(visit: Visit) -> dict[str, str]:
    """All that was typed into the form of a rule."""
    rows = [name for name in visit.form if parts.ROW_NAME.fullmatch(name)]
    return {name: visit.text(name, _FIELD_CHARS) for name in (*form.FIELDS, *rows)}


def _show(
    visit: Visit,
    path: OrchestrationPath,
    opened: Opened,
    typed: Mapping[str, str],
    *,
    code: int = 200,
    problems: form.Problems | None = None,
    more: str = "",
) -> Response:
    config = visit.config
    title, hint = TITLES[path.kind]
    parents = config.services if path.kind is PathKind.SERVICE else config.orchestrations
    allowed = offered(path, last=opened.last)
    return visit.page(
        "rules/rule.html",
        code,
        path=path,
        is_router=path.kind is PathKind.ROUTER,
        allowed=allowed,
        path_title=title,
        hint=hint,
        parent=parents[path.parent_id],
        set_id=opened.set_id,
        rule=opened.rule,
        last=opened.last,
        typed=typed,
        explained=words.readable(typed["conditions"].split("\n")),
        targets=_targets(visit, path, opened.set_id),
        priorities=sorted(config.priorities.values(), key=lambda one: one.order),
        policies=sorted(filter(visit.may_read, config.policies.values()), key=lambda one: one.name.casefold()),
        parts=[(part, parts.rows_to_show(typed, part.name, more)) for part in parts.PARTS if part.name in allowed],
        suggested=parts.TARGETS,
        custom_fields=_custom_fields(config),
        also_kept=words.also_kept(opened.rule.actions),
        problems=problems or form.Problems({}, ()),
        mark=form.mark_of(opened.rule),
        more=more,
        back=back_of(visit, path),
        address=f"/rules/{path.parent_id}/{path.kind.value}",
    )


_OFFERED: Final[Mapping[PathKind, frozenset[str]]] = {
    PathKind.ROUTER: frozenset({"route_to", "dynamic"}),
    PathKind.UNROUTED: frozenset({"route_to", "severity", "event_action", "suppress", "variable", "extraction"}),
    PathKind.SERVICE: form.OFFERED - {"drop"},
    PathKind.GLOBAL: form.OFFERED,
}
"""The fields that the form of a rule has. The engine refuses the others anyway."""


def offered(path: OrchestrationPath, *, last: bool) -> frozenset[str]:
    """The fields for a rule of this path. What no rule claims goes to one service, or to none."""
    return _OFFERED[path.kind] - {"dynamic"} if last else _OFFERED[path.kind]


def _custom_fields(config: Config) -> list[tuple[str, str]]:
    """The custom fields of incidents, of whatever type, by id and with their names."""
    found = [one for one in config.fields.fields.values() if one.enabled and not one.of_service]
    return [(one.id, one.display_name) for one in sorted(found, key=lambda one: one.display_name.casefold())]


def _targets(visit: Visit, path: OrchestrationPath, set_id: str) -> list[tuple[str, str]]:
    """Where a rule may lead: to services in a router, elsewhere to sets behind it."""
    if path.kind is PathKind.ROUTER:
        seen = sorted(filter(visit.may_read, visit.config.services.values()), key=lambda one: one.name.casefold())
        named = {one.id for one in seen}
        others = [(one, _("a service of another team")) for one in path.routed_to - named - {UNROUTED}]
        return [(UNROUTED, _("no service")), *((one.id, one.name) for one in seen), *others]
    sets = [(one.id, _("set %(set)s", set=one.id)) for one in path.sets if one.id not in (START, set_id)]
    return [*sets, (form.NEW_SET, _("a new set"))]


def back_of(visit: Visit, path: OrchestrationPath) -> str:
    """The page that shows the path: the one that one came from, if it was one of ours."""
    came = guard.safe_next(visit.text("back", 500) or visit.query("back") or "/")
    if came != "/":
        return came
    own = f"/services/{path.parent_id}/rules"
    return own if path.kind is PathKind.SERVICE else f"/orchestrations/{path.parent_id}"


def _save(visit: Visit, path: OrchestrationPath) -> Proposal | Response:
    """The form of one rule or of the catch-all, sent. What was typed stays, whatever is wrong with it."""
    opened, typed = _sent(visit, path), _typed(visit)
    mark = visit.text("mark", 16)
    if opened.is_gone:
        gone = _("Somebody has removed this rule since you opened it. Save it again to add it at the end.")
        return _show(visit, path, opened, typed, code=409, problems=form.Problems({}, (gone,)))
    if mark and mark != form.mark_of(opened.rule):
        met = _("Somebody has changed this rule since you opened it. Send it again to replace what they wrote.")
        return _show(visit, path, opened, typed, code=409, problems=form.Problems({}, (met,)))
    begin = "Catch-all: "
    try:
        rule = form.rule_of(typed, opened.rule, offered(path, last=opened.last), last=opened.last)
        changed, rule = _with_new_set(path, rule)
        if opened.last:
            changed = replace(changed, catch_all=rule.actions)
        else:
            changed, place = _with_rule(changed, opened.set_id, rule, opened.rule.id)
            begin = f"Set {opened.set_id}, rule {place + 1}{f' ({rule.label})' if rule.label else ''}: "
        carried = {**typed, "do": "save", "set": opened.set_id, "rule": opened.rule.id, "mark": mark}
        carried |= {"catch_all": "1"} if opened.last else {}
        return Proposal(_judged(visit, path, changed), _("Save this change?"), _("Save"), "rule-saved", carried)
    except form.Misfilled as error:
        return _show(visit, path, opened, typed, code=422, problems=form.Problems(error.at, ()))
    except Invalid as error:
        problems = form.sorted_out(error.details or (error.message,), begin, typed)
        return _show(visit, path, opened, typed, code=status_of(error), problems=problems)


def _reviewed(visit: Visit, path: OrchestrationPath, propose: Propose, *, sure: bool) -> Response:
    """Show what the change does; make it if that has been seen, and the path has not changed since then."""
    made = propose(visit, path)
    notice = ""
    if sure and isinstance(made, Proposal):
        notice = _(_AGAIN)
        if visit.text("seen", 20) == str(path.updated_at):
            try:
                visit.run(_command(path, made.changed))
                return _done(visit, path, made.word)
            except (Conflict, Invalid):
                visit.config = visit.site.desk.config()
                path = _path(visit)
        made = propose(visit, path)
    return made if isinstance(made, Response) else _review(visit, path, made, notice)


def _review(visit: Visit, path: OrchestrationPath, made: Proposal, notice: str) -> Response:
    title, _hint = TITLES[path.kind]
    parents = visit.config.services if path.kind is PathKind.SERVICE else visit.config.orchestrations
    return visit.page(
        "rules/review.html",
        409 if notice else 200,
        path=path,
        path_title=title,
        parent=parents[path.parent_id],
        proposal=made,
        notice=notice,
        told=told(path, made.changed, called_by(visit)),
        effects=effects(visit, path, made.changed),
        back=back_of(visit, path),
        address=f"/rules/{path.parent_id}/{path.kind.value}",
    )


def _done(visit: Visit, path: OrchestrationPath, word: str) -> Response:
    anchor = f"path-{path.parent_id if path.kind is PathKind.SERVICE else path.kind.value}"
    return visit.go(f"{back_of(visit, path).partition('#')[0]}#{anchor}", word)


def _command(path: OrchestrationPath, changed: OrchestrationPath) -> SaveThing:
    """Saves what differs, made from the path as it was read: what somebody else changed meanwhile is not lost."""
    names = ("sets", "catch_all", "active")
    fields: tuple[str, ...] = ()
    if path.updated_at:  # 0 for a path that is not there yet
        fields = tuple(name for name in names if getattr(path, name) != getattr(changed, name)) or ("sets",)
    return SaveThing(thing_kind="orchestration_path", thing=changed, fields=fields, seen_at=path.updated_at)


def _judged(visit: Visit, path: OrchestrationPath, changed: OrchestrationPath) -> OrchestrationPath:
    """The path as the engine would store it. Raises what the engine would."""
    stored: OrchestrationPath = judged(visit.config, visit.site.ids, visit.actor, _command(path, changed), visit.now)
    return stored


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


def _moved(step: int) -> Propose:
    def move(visit: Visit, path: OrchestrationPath) -> Proposal:
        own = _set(path, visit.text("set", 64) or START)
        rules, rule_id = list(own.rules), visit.text("rule", 64)
        place = next((at for at, one in enumerate(rules) if one.id == rule_id), -1)
        if place < 0:
            raise NotFound("This rule was removed already.")
        typed = visit.text("place", 5)
        begin = int(typed) if typed.isascii() and typed.isdigit() else place
        to = max(0, min(begin + step, len(rules) - 1))
        rule = rules.pop(place)
        rules.insert(to, rule)
        changed = _judged(visit, path, _with_set(path, replace(own, rules=tuple(rules))))
        title = _("Move this rule to place %(place)s?", place=to + 1)
        carried = {"do": "place", "set": own.id, "rule": rule_id, "place": str(to)}
        may_move = (to > 0, to < len(rules) - 1)
        return Proposal(changed, title, _("Move it"), "rule-moved", carried, may_move=may_move)

    return move


def _delete(visit: Visit, path: OrchestrationPath) -> Proposal:
    own, rule_id = _set(path, visit.text("set", 64) or START), visit.text("rule", 64)
    rules = tuple(one for one in own.rules if one.id != rule_id)
    if len(rules) == len(own.rules):
        raise NotFound("This rule was removed already.")
    changed = _judged(visit, path, _with_set(path, replace(own, rules=rules)))
    carried = {"do": "delete", "set": own.id, "rule": rule_id}
    return Proposal(changed, _("Remove this rule?"), _("Remove it"), "rule-gone", carried, removes=True)


def _delete_set(visit: Visit, path: OrchestrationPath) -> Proposal:
    """An empty set; rules that lead there are refused by the engine."""
    own = _set(path, visit.text("set", 64))
    if own.id == START or own.rules:
        raise Conflict("Only an empty set can be removed, and never the first one.")
    changed = _judged(visit, path, replace(path, sets=tuple(one for one in path.sets if one.id != own.id)))
    return Proposal(
        changed,
        _("Remove this set?"),
        _("Remove it"),
        "set-gone",
        {"do": "delete-set", "set": own.id},
        removes=True,
    )


def _switched(*, on: bool) -> Propose:
    word = "on" if on else "off"

    def switch(visit: Visit, path: OrchestrationPath) -> Proposal:
        changed = _judged(visit, path, replace(path, active=on))
        title = _("Switch these rules on?") if on else _("Switch these rules off?")
        button = _("Switch on") if on else _("Switch off")
        return Proposal(changed, title, button, f"path-{word}", {"do": word})

    return switch


_DO: Final[Mapping[str, Propose]] = {
    "save": _save,
    "up": _moved(-1),
    "down": _moved(1),
    "place": _moved(0),
    "delete": _delete,
    "delete-set": _delete_set,
    "on": _switched(on=True),
    "off": _switched(on=False),
}
"""What the buttons do."""
