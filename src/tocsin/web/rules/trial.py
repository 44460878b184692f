"""Trying an event on the rules as they are: what each part of the way does to it, and whether anybody is paged.

Asks the engine's own code for a decision that is never stored. Decides wording only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.engine.people import people_at
from tocsin.engine.preview import Lookups, Preview, Stage, preview
from tocsin.events.evaluate import Claim
from tocsin.events.memory import Memory
from tocsin.events.model import Event, Outcome
from tocsin.events.orchestration import Orchestration, PathKind
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import AlertFilter
from tocsin.web.looks import Look
from tocsin.web.rules import words
from tocsin.web.rules.blocks import TITLES, called_by
from tocsin.web.rules.effects import flat
from tocsin.web.rules.pages import found, show
from tocsin.web.typed_times import moment_of
from tocsin.web.visit import Visit, status_of

_BODY_CHARS: Final = 60_000
_SHOWN_CHARS: Final = 400
_ENDS: Final = {
    Outcome.OPENED: (Look("triggered", "Pages", "triggered still"), "It opens an alert, and people are called."),
    Outcome.REPEATED: (Look("dot", "Repeats", "quiet"), "The alert of its key is open already: it is counted there."),
    Outcome.ACKNOWLEDGED: (
        Look("acknowledged", "Acknowledges", "acknowledged"),
        "So it does the open alert of its key.",
    ),
    Outcome.RESOLVED: (Look("resolved", "Ends", "resolved"), "It ends the open alert of its key."),
    Outcome.SUPPRESSED: (Look("suppressed", "Suppressed", "quiet"), "It opens an alert that pages nobody."),
    Outcome.SUSPENDED: (Look("snoozed", "Waits", "quiet"), "People are called only if it is not over in time."),
    Outcome.DROPPED: (Look("unknown", "Dropped", "quiet"), "Nothing comes of it."),
    Outcome.RECORDED: (Look("note", "Recorded", "quiet"), "It is kept on record."),
}
_HELD: Final = (
    Look("maintenance", "Held", "maintenance"),
    "It opens an alert that pages nobody while the maintenance window runs.",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What rules made of one field."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StageLine:
    """One part of the way: its name, which rules acted and what they do, what they changed."""

    title: str
    acted: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """All that the page says of it."""

    at: Moment
    look: Look
    says: str
    reason: str
    stages: tuple[StageLine, ...]
    service: str
    calls: str
    also: tuple[str, ...]


def try_event(visit: Visit) -> Response:
    """POST `/orchestrations/{id}/try`. Nothing is stored, whatever the event says."""
    one = found(visit)
    typed = {"event": visit.text("event", _BODY_CHARS), "at": visit.text("at", 30)}
    try:
        trial = _tried(visit, one, typed)
    except TocsinError as error:
        return show(visit, one, status_of(error), error=error, section="try", tried=typed)
    return show(visit, one, trial=trial, tried=typed)


def _tried(visit: Visit, one: Orchestration, typed: dict[str, str]) -> Trial:
    keys = visit.config.keys_of.get(one.id, ())
    if not keys:
        raise Invalid("This orchestration has no key: nothing can come in.")
    if not typed["event"].strip():
        raise Invalid("Paste an event, or only its payload.")
    key = next((key for key in keys if key.key in typed["event"]), keys[0])
    at = moment_of(visit.times, typed["at"], "When") if typed["at"] else visit.now
    event = visit.site.read_event(typed["event"].encode("utf-8", "replace"), key.id, key.key, at)
    lookups = Lookups(latest_alert=_latest(visit), memory=_memory(visit))
    return _told(visit, preview(visit.config, visit.site.ids, lookups, event, at), at)


def _latest(visit: Visit) -> Callable[[str, str], Alert | None]:
    def latest(scope: str, dedup_key: str) -> Alert | None:
        wanted = AlertFilter(integration_ids=(scope,), dedup_key=dedup_key)
        return next(iter(visit.site.reads.alerts(wanted, limit=1).items), None)

    return latest


def _memory(visit: Visit) -> Callable[[str], Memory | None]:
    def memory(memory_id: str) -> Memory | None:
        return visit.site.reads.memories([memory_id]).get(memory_id)

    return memory


def _told(visit: Visit, seen: Preview, at: Moment) -> Trial:
    config, ending = visit.config, seen.ending
    service = config.services.get(seen.service_id)
    shown = service is not None and visit.may_read(service)
    called = called_by(visit)
    also = [f"Priority: {called.priority(seen.priority_id)}"] if seen.priority_id else []
    also += [f"Note: {note[:_SHOWN_CHARS]}" for note in seen.notes]
    pages = ending.outcome in (Outcome.OPENED, Outcome.SUSPENDED)
    look, says, reason = _end(seen)
    return Trial(
        at=at,
        look=look,
        says=says,
        reason=reason if shown or service is None else "",
        stages=tuple(_stage(visit, stage) for stage in seen.stages),
        service=called.service(seen.service_id) if seen.service_id else "",
        calls=_calls(visit, seen, at) if pages and shown else "",
        also=tuple(also),
    )


def _end(seen: Preview) -> tuple[Look, str, str]:
    """How it ends: in a word, in a sentence, and why. An open alert counts an event and may stay held all the same."""
    ending, alert = seen.ending, seen.alert
    look, says = _ENDS[ending.outcome]
    if alert is None:
        return look, says, ending.reason
    if ending.outcome is Outcome.SUPPRESSED and alert.window_id:
        return *_HELD, ending.reason
    if ending.outcome is Outcome.REPEATED and alert.suppressed:
        return look, "The open alert of its key counts it, and still pages nobody.", alert.suppressed
    if ending.outcome is Outcome.REPEATED and alert.suspended_until is not None:
        return look, "The open alert of its key counts it, and still waits.", ending.reason
    return look, says, ending.reason


def _calls(visit: Visit, seen: Preview, at: Moment) -> str:
    """Who would be called first, by which policy."""
    config = visit.config
    service = config.services[seen.service_id]
    policy = config.policies.get(seen.policy_id or service.policy_id)
    if policy is None or not policy.rules or not visit.may_read(policy):
        return ""
    people = people_at(config, at)(policy.rules[0]).user_ids
    who = ", ".join(map(visit.names.person, people)) or "nobody at that time"
    return f"{who}, by policy {policy.name}"


def _stage(visit: Visit, stage: Stage) -> StageLine:
    config = visit.config
    title = TITLES[stage.kind][0]
    if stage.kind is PathKind.SERVICE:
        title = f"{title} of {called_by(visit).service(stage.parent_id)}"
        service = config.services.get(stage.parent_id)
        if service is None or not visit.may_read(service):
            return StageLine(title, (), ())
    return StageLine(
        title,
        tuple(_acted(visit, stage, claim) for claim in stage.claims),
        tuple(_changes(stage.before, stage.after)),
    )


def _acted(visit: Visit, stage: Stage, claim: Claim) -> tuple[str, str]:
    """The rule's name and what it does."""
    path = visit.config.orchestration_paths[claim.path_id]
    rules = [rule for one in path.sets for rule in one.rules]
    rule = next((rule for rule in rules if claim.rule_id and rule.id == claim.rule_id), None)
    actions = rule.actions if rule is not None else path.catch_all
    name = (claim.label or words.when(rule)) if rule is not None else "Everything else"
    return name, words.does(actions, stage.kind, called_by(visit))


def _changes(before: Event, after: Event) -> Iterator[Change]:
    old, new = flat(before), flat(after)
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            yield Change(name, old.get(name, "")[:_SHOWN_CHARS], new.get(name, "")[:_SHOWN_CHARS])
