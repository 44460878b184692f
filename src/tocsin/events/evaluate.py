"""Runs an event through the paths of an orchestration or service, and says what the rules made of it.

Decides which rule acts and what its actions do to the event; never what becomes of the alert. What people typed is
compared, searched for and filled in, never executed, and never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from tocsin.events import pcl
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import (
    START,
    Actions,
    Call,
    DynamicRoute,
    Extraction,
    Lookup,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
)
from tocsin.kernel.limits import (
    CALLS_PER_ALERT,
    DEDUP_KEY_CHARS,
    FILLED_CHARS,
    NAME_CHARS,
    NOTE_CHARS,
    SUMMARY_CHARS,
)
from tocsin.kernel.time import Moment, Span, iso
from tocsin.kernel.values import replace

TEXT_FIELDS: Mapping[str, tuple[str, int]] = {
    "summary": ("summary", SUMMARY_CHARS),
    "source": ("source", NAME_CHARS),
    "component": ("component", NAME_CHARS),
    "group": ("group", NAME_CHARS),
    "class": ("event_class", NAME_CHARS),
    "dedup_key": ("dedup_key", DEDUP_KEY_CHARS),
    "client": ("client", NAME_CHARS),
}
"""Fields that rules may set: as rules name them -> as events do, and how long they may become."""

FIELD_CHARS = 4096
"""So long the text for a custom field can become; what its field takes is less."""

CALL_CHARS = 4096
"""So long one filled-in text of a web call gets."""

_ACTIONS = {"trigger": Action.TRIGGER, "resolve": Action.RESOLVE, "acknowledge": Action.ACKNOWLEDGE}
_SEVERITIES = {one.value: one for one in Severity}


class Counts(Protocol):
    """What rules count and remember, looked up and changed by key."""

    def add(self, key: str, span: Span, now: Moment) -> None:
        """One event more."""

    def within(self, key: str, span: Span, now: Moment) -> int:
        """Events of the last `span`."""

    def clear(self, key: str) -> None:
        """Begin at nothing."""

    def variable(self, name: str) -> object:
        """A cache variable's value, None without one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A rule that acted; `rule_id` is empty for a path's catch-all."""

    path_id: str
    rule_id: str
    label: str

    @property
    def name(self) -> str:
        """The rule for people: its label, or its id."""
        return self.label or (f"rule {self.rule_id}" if self.rule_id else "the rule for all others")


@dataclass(slots=True)
class Marks:
    """What the rules have asked for so far; later paths add to it and override.

    `room`: characters that may still be taken out of the event or filled in for it.
    """

    claims: list[Claim] = field(default_factory=list)
    dropped_by: Claim | None = None
    suppressed_by: Claim | None = None
    suspended_by: Claim | None = None
    suspend_seconds: int = 0
    priority_id: str = ""
    policy_id: str = ""
    notes: list[str] = field(default_factory=list)
    field_values: dict[str, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    room: int = FILLED_CHARS

    def fit(self, text: str) -> str:
        """As much of the text as there is room for, which it takes up."""
        text = text[: self.room]
        self.room -= len(text)
        return text


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A rule ready to be tried. `holds` is None for one that needs its counts, and for one without conditions."""

    rule: OrchestrationRule
    claim: Claim
    conditions: tuple[pcl.Condition, ...]
    holds: Callable[[pcl.Scene], bool] | None
    counted: bool


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A path ready to be run: compiled once, run for every event."""

    path: OrchestrationPath
    sets: Mapping[str, tuple[Step, ...]]
    catch_all: Claim


def compiled(path: OrchestrationPath) -> Program:
    """The program of a path. A condition that can't be read (any more) never holds; a rule without any always does."""
    sets = {one.id: tuple(_step(path, rule) for rule in one.rules if not rule.disabled) for one in path.sets}
    return Program(path, sets, Claim(path.id, "", ""))


def _step(path: OrchestrationPath, rule: OrchestrationRule) -> Step:
    conditions = []
    for text in rule.conditions:
        try:
            conditions.append(pcl.compile(text))
        except pcl.PclError:
            conditions.append(pcl.compile("false"))
    counted = any(condition.counters for condition in conditions)
    holds = None if counted or not conditions else _one_of([condition.holds for condition in conditions])
    return Step(rule, Claim(path.id, rule.id, rule.label), tuple(conditions), holds, counted)


def _one_of(tests: list[Callable[[pcl.Scene], bool]]) -> Callable[[pcl.Scene], bool]:
    if len(tests) == 1:
        return tests[0]

    def holds(scene: pcl.Scene) -> bool:
        return any(test(scene) for test in tests)

    return holds


def scene_of(event: Event, counts: Counts, raw: Callable[[], object] | None = None) -> pcl.Scene:
    """The event as conditions see it. Rules look at the time when it was received."""
    return pcl.Scene(fields_of(event), now=event.received_at, raw=raw, cache_var=counts.variable)


def fields_of(event: Event) -> dict[str, object]:
    """The fields that rules may name. What the monitor did not say is absent, not empty."""
    every: dict[str, object] = {
        "summary": event.summary,
        "source": event.source,
        "severity": event.severity.value if event.severity else "",
        "component": event.component,
        "group": event.group,
        "class": event.event_class,
        "custom_details": event.details,
        "dedup_key": event.dedup_key,
        "event_action": event.action.value,
        "client": event.client,
        "client_url": event.client_url,
        "links": list(event.links),
        "images": list(event.images),
        "timestamp": iso(event.occurred_at) if event.occurred_at is not None else "",
    }
    return {name: value for name, value in every.items() if value}


def event_of(scene: pcl.Scene, event: Event) -> Event:
    """The event as the rules left it. What a rule made empty or impossible stays as the monitor said it."""
    fields = scene.event
    changes: dict[str, object] = {}
    for name, (own, most) in TEXT_FIELDS.items():
        text = fields.get(name)
        if isinstance(text, str) and text and text != getattr(event, own):
            changes[own] = text[:most]
    severity = _SEVERITIES.get(str(fields.get("severity", "")).lower())
    if severity is not None and severity is not event.severity:
        changes["severity"] = severity
    action = _ACTIONS.get(str(fields.get("event_action", "")))
    if action is not None and action is not event.action:
        changes["action"] = action
    details = fields.get("custom_details")
    if isinstance(details, str) and details:
        details = {"value": details}  # as details that came as a text are kept
    if isinstance(details, Mapping) and details is not event.details:
        changes["details"] = details
    return replace(event, **changes) if changes else event


def run(
    program: Program,
    scene: pcl.Scene,
    marks: Marks,
    counts: Counts,
    find_service: Callable[[Lookup, str], str] = lambda _lookup, _text: "",
) -> str:
    """Try the path's rules from its first set on. Returns where a router sends the event, "" elsewhere.

    Where a set ends without a rule that matches, the path's catch-all acts.
    """
    path = program.path
    set_id, seen = START, {START}
    while True:
        found = _first(program.sets.get(set_id, ()), scene, counts, find_service)
        if found is None:
            marks.claims.append(program.catch_all)
            _act(path.catch_all, program.catch_all, scene, marks)
            return path.catch_all.route_to if path.kind is PathKind.ROUTER else ""
        step, routed = found
        marks.claims.append(step.claim)
        actions = step.rule.actions
        _act(actions, step.claim, scene, marks)
        if path.kind is PathKind.ROUTER:
            return routed or actions.route_to
        set_id = actions.route_to
        if not set_id or set_id in seen or set_id not in program.sets:
            return ""
        seen.add(set_id)


def _first(
    steps: Iterable[Step], scene: pcl.Scene, counts: Counts, find_service: Callable[[Lookup, str], str]
) -> tuple[Step, str] | None:
    """The first rule that matches. One that routes by what it finds matches only if that names a service."""
    for step in steps:
        if step.holds is not None:
            if not step.holds(scene):
                continue
        elif step.counted and not _holds_counted(step, scene, counts):
            continue
        dynamic = step.rule.actions.dynamic_route
        if dynamic is None:
            return step, ""
        routed = _routed(dynamic, scene, find_service)
        if routed:
            return step, routed
    return None


def _holds_counted(step: Step, scene: pcl.Scene, counts: Counts) -> bool:
    """A condition that counts: the event counts if it is one of those that the rule is about in all other respects."""
    is_trigger = scene.event.get("event_action") == Action.TRIGGER.value
    for number, condition in enumerate(step.conditions):
        prefix = f"count:{step.claim.path_id}:{step.claim.rule_id}:{number}:"
        if condition.counters and is_trigger and condition.would_hold(scene):
            for counter in condition.counters:
                counts.add(prefix + counter.key, counter.span, scene.now)
        scene.count = _reader(counts, prefix, scene.now)
        holds = condition.holds(scene)
        for key in scene.spent:
            counts.clear(prefix + key)
        scene.spent.clear()
        if holds:
            return True
    return False


def _reader(counts: Counts, prefix: str, now: Moment) -> Callable[[str, Span, bool], int]:
    def count(key: str, span: Span, _resetting: bool) -> int:  # noqa: FBT001 - so a scene asks
        return counts.within(prefix + key, span, now)

    return count


def _routed(dynamic: DynamicRoute, scene: pcl.Scene, find_service: Callable[[Lookup, str], str]) -> str:
    text = _text_at(scene, dynamic.source)
    found = pcl.captures(dynamic.regex, text) if text is not None else None
    return find_service(dynamic.lookup, found) if found else ""


def _act(actions: Actions, claim: Claim, scene: pcl.Scene, marks: Marks) -> None:
    """What a rule does. Variables and extractions first: the texts that follow may name what they found."""
    for variable in actions.variables:
        text = _text_at(scene, variable.path)
        found = pcl.captures(variable.regex, text) if text is not None and marks.room else None
        marks.variables[variable.name] = marks.fit(found or "")
    for extraction in actions.extractions:
        _extract(extraction, scene, marks)
    if actions.severity:
        _set(scene, "event.severity", actions.severity)
    if actions.event_action:
        _set(scene, "event.event_action", actions.event_action)
    if actions.drop:
        marks.dropped_by = claim
    if actions.suppress:
        marks.suppressed_by = claim
    if actions.suspend_seconds:
        marks.suspended_by, marks.suspend_seconds = claim, actions.suspend_seconds
    marks.priority_id = actions.priority_id or marks.priority_id
    marks.policy_id = actions.policy_id or marks.policy_id
    if actions.note:
        note = pcl.render(actions.note, scene, marks.variables, NOTE_CHARS).strip()
        marks.notes += [note] if note else []
    for field_id, template in actions.field_updates:
        text = pcl.render(template, scene, marks.variables, FIELD_CHARS).strip()
        if text:  # what the event does not say leaves the field as it is
            marks.field_values[field_id] = text
    for call in actions.calls[: CALLS_PER_ALERT - len(marks.calls)]:
        marks.calls.append(_filled(call, scene, marks))


def _filled(call: Call, scene: pcl.Scene, marks: Marks) -> Call:
    def filled(template: str) -> str:
        return marks.fit(pcl.render(template, scene, marks.variables, CALL_CHARS))

    def pairs(given: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((key, filled(template)) for key, template in given)

    return replace(call, headers=pairs(call.headers), parameters=pairs(call.parameters))


def _extract(extraction: Extraction, scene: pcl.Scene, marks: Marks) -> None:
    """Sets a field. Where there is no room any more it stays as it is."""
    if not marks.room:
        return
    if extraction.template is not None:
        _set(scene, extraction.target, marks.fit(pcl.render(extraction.template, scene, marks.variables)))
        return
    text = _text_at(scene, extraction.source or "")
    found = pcl.captures(extraction.regex or "", text) if text is not None else None
    if found is not None:
        _set(scene, extraction.target, marks.fit(found))


def _set(scene: pcl.Scene, target: str, value: str) -> None:
    """A severity that is none is not taken."""
    path = _path(target)
    if path is not None and not (target == "event.severity" and value.lower() not in _SEVERITIES):
        scene.set(path, value)


def _text_at(scene: pcl.Scene, source: str) -> str | None:
    path = _path(source)
    return scene.text(path) if path is not None else None


@lru_cache(maxsize=4096)
def _path(text: str) -> pcl.Path | None:
    """The path that a text is; None when it is none (it was checked when it was saved)."""
    try:
        return pcl.parse_path(text)
    except pcl.PclError:
        return None
