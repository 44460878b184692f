"""A path of rules as it is shown: its sets, each rule as a sentence, how often it acted, why it may never act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tocsin.directory.permissions import Verb
from tocsin.engine.orchestrate import hits_key
from tocsin.events.memory import Memory, acted_lately
from tocsin.events.orchestration import START, OrchestrationPath, OrchestrationRule, PathKind, RuleSet, path_id
from tocsin.events.unreachable import DISABLED, unreachable
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase
from tocsin.web.language import gettext as _
from tocsin.web.names import isolated
from tocsin.web.rules import words
from tocsin.web.visit import Visit

TITLES: Mapping[PathKind, tuple[str, str]] = {
    PathKind.GLOBAL: (phrase("For every event"), phrase("What comes in passes these rules first.")),
    PathKind.ROUTER: (
        phrase("Which service it is for"),
        phrase("The first rule that matches names the service."),
    ),
    PathKind.UNROUTED: (
        phrase("What is for no service"),
        phrase("It pages nobody; these rules may still change what is kept of it."),
    ),
    PathKind.SERVICE: (
        phrase("Own rules"),
        phrase("The last rules before an alert opens, also for the service's own keys."),
    ),
}
"""Each part of the way: its heading and what happens there."""


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule, or the catch-all (`rule` None). `never`: why it can't act, "" if it can. `acted`: in 30 days."""

    rule: OrchestrationRule | None
    number: int
    when: str
    does: str
    never: str
    acted: int
    last_at: Moment | None
    edit: str

    @property
    def is_off(self) -> bool:
        """Whether somebody switched it off."""
        return self.never == DISABLED


@dataclass(frozen=True, slots=True)
class SetBlock:
    """A set in its order. `add`: where a rule is added to it."""

    id: str
    title: str
    lines: tuple[RuleLine, ...]
    add: str


@dataclass(frozen=True, slots=True)
class PathBlock:
    """A path. `address`: where its rules are changed; `name`: its service, where it is a service's own."""

    path: OrchestrationPath
    anchor: str
    title: str
    hint: str
    name: str
    sets: tuple[SetBlock, ...]
    last: RuleLine
    address: str
    may_edit: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is no rule at all."""
        return not any(one.lines for one in self.sets)


def path_of(visit: Visit, parent_id: str, kind: PathKind) -> OrchestrationPath:
    """The path as it is, or an empty one."""
    found = visit.config.orchestration_paths.get(path_id(parent_id, kind))
    return found or OrchestrationPath(parent_id=parent_id, kind=kind)


def may_edit(visit: Visit, path: OrchestrationPath) -> bool:
    """Whether to offer changes of this path."""
    return visit.may(Verb.EDIT, teams_of(visit, path))


def teams_of(visit: Visit, path: OrchestrationPath) -> tuple[str, ...]:
    """Whose the rules are."""
    if path.kind is PathKind.SERVICE:
        return visit.config.team_ids_of_service(path.parent_id)
    orchestration = visit.config.orchestrations.get(path.parent_id)
    return (orchestration.team_id,) if orchestration is not None and orchestration.team_id else ()


def blocks_of(visit: Visit, paths: Iterable[OrchestrationPath]) -> list[PathBlock]:
    """The paths as they are shown."""
    every = list(paths)
    keys = [hits_key(path.id, rule_id) for path in every for rule_id in ("", *_rule_ids(path))]
    memories = visit.site.reads.memories(keys)
    return [_block(visit, path, memories) for path in every]


def _rule_ids(path: OrchestrationPath) -> list[str]:
    return [rule.id for one in path.sets for rule in one.rules]


def called_by(visit: Visit) -> words.Called:
    """What rules' targets are called; what the reader may not see has no name here."""
    config = visit.config

    def service(service_id: str) -> str:
        found = config.services.get(service_id)
        if found is None:
            return _("a removed service")
        return isolated(found.name) if visit.may_read(found) else _("a service of another team")

    def policy(policy_id: str) -> str:
        found = config.policies.get(policy_id)
        if found is None:
            return _("a removed policy")
        if not visit.may_read(found):
            return _("a policy of another team")
        return _("policy %(name)s", name=isolated(found.name))

    def field(field_id: str) -> str:
        found = config.fields.fields.get(field_id)
        return isolated(found.display_name) if found is not None else _("removed field")

    return words.Called(service, visit.names.priority, policy, field)


def _block(visit: Visit, path: OrchestrationPath, memories: Mapping[str, Memory]) -> PathBlock:
    title, hint = TITLES[path.kind]
    editable = may_edit(visit, path)
    address = f"/rules/{path.parent_id}/{path.kind.value}"
    never = unreachable(path)
    called = called_by(visit)

    def line(of: RuleSet, place: int, rule: OrchestrationRule) -> RuleLine:
        acted, last_at = _acted(visit, memories.get(hits_key(path.id, rule.id)))
        return RuleLine(
            rule=rule,
            number=place + 1,
            when=words.when(rule),
            does=words.does(rule.actions, path.kind, called),
            never=never.rules.get((of.id, place), ""),
            acted=acted,
            last_at=last_at,
            edit=f"{address}?{_query(of.id, rule.id)}",
        )

    sets = tuple(
        SetBlock(
            id=one.id,
            title=_("First rules") if one.id == START else _("Set %(set)s", set=one.id),
            lines=tuple(line(one, place, rule) for place, rule in enumerate(one.rules)),
            add=f"{address}?{urlencode({'set': one.id})}",
        )
        for one in path.sets
    )
    acted, last_at = _acted(visit, memories.get(hits_key(path.id, "")))
    last = RuleLine(
        rule=None,
        number=0,
        when=_("Everything else") if any(one.lines for one in sets) else _("Everything"),
        does=words.does(path.catch_all, path.kind, called),
        never=never.catch_all,
        acted=acted,
        last_at=last_at,
        edit=f"{address}?catch_all=1",
    )
    service = visit.config.services.get(path.parent_id)
    anchor = f"path-{path.parent_id}" if path.kind is PathKind.SERVICE else f"path-{path.kind.value}"
    return PathBlock(path, anchor, title, hint, service.name if service else "", sets, last, address, editable)


def _query(set_id: str, rule_id: str) -> str:
    return urlencode({"set": set_id, "rule": rule_id})


def _acted(visit: Visit, memory: Memory | None) -> tuple[int, Moment | None]:
    """How often in the last 30 days, and when last."""
    return (acted_lately(memory, visit.now), memory.at) if memory is not None else (0, None)
