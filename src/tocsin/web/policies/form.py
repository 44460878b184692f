"""The form of a policy: what it holds for a stored one, what its buttons do to it, and the policy that it means.

Everything works without a script: a button sends the form and gets it back changed. Decides at which field a problem
stands; what is valid the engine says.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tocsin.directory.permissions import Verb
from tocsin.escalation.model import ROUND_ROBIN, Policy, Rule, Target, TargetKind
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.visit import Visit

MOST_LEVELS: Final = 20
_EVERYBODY: Final = "assign_to_everyone"
_NEW_DELAY: Final = "30"
_LEVEL_OF: Final = re.compile(r"Rule (\d+): (.*)", re.DOTALL)
_TEXT_CHARS: Final = 20_000

HANDOFFS: Final[Mapping[str, str]] = {
    "if_has_services": later("only while a service uses this policy"),
    "always": later("always"),
}
"""When those whose shifts begin and end hear of it because of this policy."""


@dataclass(slots=True)
class TypedLevel:
    """A level as it stands in the form. `add`: what was typed into its search; `at`: problems by field."""

    id: str = ""
    delay: str = _NEW_DELAY
    strategy: str = _EVERYBODY
    targets: list[Target] = field(default_factory=list)
    add: str = ""
    at: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def in_turn(self) -> bool:
        """Whether its targets take turns."""
        return self.strategy == ROUND_ROBIN


@dataclass(slots=True)
class Typed:
    """All that the form holds. `at`: problems at fields that are there once; `other`: of nothing in particular."""

    name: str = ""
    description: str = ""
    team_ids: list[str] = field(default_factory=list)
    passes: str = "1"
    handoff: str = "if_has_services"
    levels: list[TypedLevel] = field(default_factory=list)
    seen: str = ""
    at: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other: list[str] = field(default_factory=list)

    @property
    def is_fine(self) -> bool:
        """Whether nothing is known to be wrong."""
        return not (self.at or self.other or any(level.at for level in self.levels))


def filled(policy: Policy) -> Typed:
    """The form for a stored policy."""
    levels = [TypedLevel(rule.id, str(rule.delay_minutes), rule.strategy, list(rule.targets)) for rule in policy.rules]
    return Typed(
        name=policy.name,
        description=policy.description or "",
        team_ids=list(policy.team_ids),
        passes=str(policy.passes),
        handoff=policy.handoff_notifications,
        levels=levels,
        seen=str(policy.updated_at),
    )


def empty(visit: Visit) -> Typed:
    """The form for a new one: one level, and the team of whoever makes it where there is one."""
    own = [one.team_id for one in visit.config.teams_of.get(visit.me.id, ()) if visit.may(Verb.EDIT, (one.team_id,))]
    return Typed(team_ids=own[:1], levels=[TypedLevel()])


def sent(visit: Visit) -> Typed:
    """What was sent, with everything that was typed to be added looked up."""
    numbers = sorted({int(one) for one in visit.texts("level") if one.isascii() and one.isdigit() and len(one) < 4})
    typed = Typed(
        name=visit.text("name", _TEXT_CHARS).strip(),
        description=visit.text("description", 100_000).strip(),
        team_ids=[one for one in visit.texts("team") if one],
        passes=visit.text("passes", 10).strip(),
        handoff=visit.text("handoff", 30),
        levels=[_level(visit, number) for number in numbers[: 2 * MOST_LEVELS]],
        seen=visit.text("seen", 20),
    )
    choices = choices_of(visit)
    for level in typed.levels:
        _look_up(level, choices)
    return typed


def _level(visit: Visit, number: int) -> TypedLevel:
    pairs = [one.partition(":") for one in visit.texts(f"targets.{number}")]
    kinds = {kind.value for kind in TargetKind}
    return TypedLevel(
        id=visit.text(f"id.{number}", 40),
        delay=visit.text(f"delay.{number}", 10).strip(),
        strategy=ROUND_ROBIN if visit.text(f"strategy.{number}", 30) == ROUND_ROBIN else _EVERYBODY,
        targets=[Target(kind=TargetKind(kind), id=one[:40]) for kind, _colon, one in pairs if kind in kinds],
        add=visit.text(f"add.{number}", 300).strip(),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be named by a level. `label` is what is typed and shown: no two choices have the same."""

    target: Target
    label: str
    hint: str


def choices_of(visit: Visit) -> dict[str, Choice]:
    """Every schedule and active person that the reader may see, by label in small letters."""
    config = visit.config
    schedules = sorted(filter(visit.may_read, config.schedules.values()), key=lambda one: one.name.casefold())
    users = [one for one in config.users.values() if one.active and visit.may_read(one)]
    found: dict[str, Choice] = {}
    for schedule in schedules:
        target = Target(kind=TargetKind.SCHEDULE, id=schedule.id)
        label = schedule.name if schedule.name.casefold() not in found else f"{schedule.name} ({schedule.id})"
        found[label.casefold()] = Choice(target, label, _("schedule"))
    for user in sorted(users, key=lambda one: one.name.casefold()):
        label = user.name if user.name.casefold() not in found else f"{user.name} ({user.email})"
        found[label.casefold()] = Choice(Target(kind=TargetKind.USER, id=user.id), label, user.email)
    return found


def _look_up(level: TypedLevel, choices: Mapping[str, Choice]) -> None:
    """What was typed becomes a target of the level, or a problem at the field, with what may have been meant."""
    if not level.add:
        return
    wanted = level.add.casefold()
    choice = choices.get(wanted) or _only_one(wanted, choices)
    if choice is not None:
        if choice.target not in level.targets:
            level.targets.append(choice.target)
        level.add = ""
        return
    near = [one.label for key, one in choices.items() if wanted in key][:5]
    near = near or [choices[key].label for key in difflib.get_close_matches(wanted, choices, n=3)]
    text = _("Nobody and no schedule is called “%(name)s”.", name=level.add)
    if near:
        text = _("“%(name)s” could be several: %(near)s. Type one of them.", name=level.add, near=", ".join(near))
    level.at["add"] = (text,)


def _only_one(wanted: str, choices: Mapping[str, Choice]) -> Choice | None:
    """The one that is meant though only a part was typed, or a mail address."""
    found = [one for key, one in choices.items() if wanted in key or wanted == one.hint.casefold()]
    return found[0] if len(found) == 1 else None


def pressed(typed: Typed, button: str) -> bool:
    """Do what a button of the form does to it. False: it is none of those."""
    name, _dash, rest = button.partition("-")
    where = [int(one) for one in rest.split("-") if one.isascii() and one.isdigit() and len(one) < 4]
    levels = typed.levels
    at = where[0] if where else -1
    if name == "add":
        if len(levels) < MOST_LEVELS:
            levels.append(TypedLevel())
    elif not 0 <= at < len(levels):
        return name == "again"
    elif name == "drop" and len(levels) > 1:
        del levels[at]
    elif name in ("up", "down"):
        to = max(0, min(at + (1 if name == "down" else -1), len(levels) - 1))
        levels.insert(to, levels.pop(at))
    elif name == "without" and len(where) == 2 and where[1] < len(levels[at].targets):
        del levels[at].targets[where[1]]
    elif name != "find":
        return False
    return True


def policy_of(visit: Visit, typed: Typed, old: Policy | None) -> Policy:
    """The policy that the form means. Raises Misfilled after putting what is wrong beside its field."""
    _check(visit, typed, old)
    if not typed.is_fine:
        raise Misfilled(_("Something in this form is not right yet."))
    rules = tuple(
        Rule(id=level.id, delay_minutes=int(level.delay), targets=tuple(level.targets), strategy=level.strategy)
        for level in typed.levels
    )
    known = {rule.id for rule in old.rules} if old is not None else set()
    rules = tuple(rule if rule.id in known else replace(rule, id="") for rule in rules)
    base = old or Policy(id="", name="", rules=())
    return replace(
        base,
        name=typed.name,
        description=typed.description or None,
        team_ids=tuple(typed.team_ids),
        num_loops=int(typed.passes) - 1,
        handoff_notifications=typed.handoff,
        rules=rules,
    )


class Misfilled(Invalid):
    """The form means no policy; what is wrong stands at its fields."""


def _check(visit: Visit, typed: Typed, old: Policy | None) -> None:
    if not _is_number(typed.passes):
        typed.at["passes"] = (_("How often is a number from 1 to 10."),)
    if typed.handoff not in HANDOFFS:
        typed.at["handoff"] = (_("Choose when hand-offs are told."),)
    allowed = {choice.target for choice in choices_of(visit).values()}
    allowed |= {target for rule in (old.rules if old is not None else ()) for target in rule.targets}
    for level in typed.levels:
        if not _is_number(level.delay):
            level.at["delay"] = (_("The waiting time is a number of minutes, from 1 to 1440."),)
        if not level.targets and "add" not in level.at:
            level.at["add"] = (_("Name somebody to call, or a schedule."),)
        if any(target not in allowed for target in level.targets):
            level.at["targets"] = (_("One of these can’t be chosen: take it out."),)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) > 0


def put_problems(typed: Typed, error: TocsinError) -> None:
    """The engine's sentences, each beside the field that it speaks of."""
    for text in error.details or (error.message,):
        found = _LEVEL_OF.fullmatch(text)
        place = int(found[1]) - 1 if found else -1
        if found and place < len(typed.levels):
            name = "delay" if found[2].startswith("escalation delay") else "targets"
            at = typed.levels[place].at
            at[name] = (*at.get(name, ()), found[2][:1].upper() + found[2][1:])
        elif name := next((one for begin, one in _BEGINS.items() if text.startswith(begin)), ""):
            typed.at[name] = (*typed.at.get(name, ()), text)
        else:
            typed.other.append(text)


_BEGINS: Final = {"Name": "name", "Description": "description", "Num loops": "passes", "Team": "team"}


def carried(typed: Typed) -> Iterator[tuple[str, str]]:
    """The fields that send this form once more, for the page that shows the change."""
    yield "name", typed.name
    yield "description", typed.description
    yield from (("team", team_id) for team_id in typed.team_ids)
    yield "passes", typed.passes
    yield "handoff", typed.handoff
    yield "seen", typed.seen
    for number, level in enumerate(typed.levels):
        yield "level", str(number)
        yield f"id.{number}", level.id
        yield f"delay.{number}", level.delay
        yield f"strategy.{number}", level.strategy
        yield from ((f"targets.{number}", f"{target.kind}:{target.id}") for target in level.targets)
