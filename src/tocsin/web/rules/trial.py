"""Trying an event on the rules as they are: what each part of the way does to it, and whether anybody is paged.

Asks the engine's own code for a decision that is never stored. Decides wording only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.engine.people import people_at
from tocsin.engine.preview import Lookups, Preview, Stage, preview
from tocsin.events.evaluate import Claim
from tocsin.events.memory import Memory
from tocsin.events.model import Event, Outcome
from tocsin.events.orchestration import PathKind
from tocsin.kernel.errors import Invalid, TocsinError
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import joined, phrase
from tocsin.runtime.reads import AlertFilter
from tocsin.web.language import gettext as _
from tocsin.web.looks import Look
from tocsin.web.rules import words
from tocsin.web.rules.blocks import TITLES, called_by
from tocsin.web.rules.effects import flat
from tocsin.web.rules.ground import (
    BODY_CHARS,
    FIELDS,
    THEN,
    Ground,
    ground_of,
    must,
    of_orchestration,
    of_service,
    stored,
    written,
)
from tocsin.web.rules.pages import found, found_service, show, show_service
from tocsin.web.typed_times import moment_of
from tocsin.web.visit import Visit, status_of

_SHOWN_CHARS: Final = 400
_ALERTS: Final = 20
"""The newest alerts of a key among which the one is looked for that was there before an event."""

_ENDS: Final = {
    Outcome.OPENED: (
        Look("triggered", phrase("Pages%(whom)s", whom=""), "triggered still"),  # "Pages" alone is a noun elsewhere
        phrase("It opens an alert, and people are called."),
    ),
    Outcome.REPEATED: (
        Look("dot", phrase("Repeats"), "quiet"),
        phrase("The alert of its key is open already: it is counted there."),
    ),
    Outcome.ACKNOWLEDGED: (
        Look("acknowledged", phrase("Acknowledges"), "acknowledged"),
        phrase("So it does the open alert of its key."),
    ),
    Outcome.RESOLVED: (Look("resolved", phrase("Ends"), "resolved"), phrase("It ends the open alert of its key.")),
    Outcome.SUPPRESSED: (
        Look("suppressed", phrase("Suppressed"), "quiet"),
        phrase("It opens an alert that pages nobody."),
    ),
    Outcome.SUSPENDED: (
        Look("snoozed", phrase("Waits"), "quiet"),
        phrase("People are called only if it is not over in time."),
    ),
    Outcome.DROPPED: (Look("unknown", phrase("Dropped"), "quiet"), phrase("Nothing comes of it.")),
    Outcome.RECORDED: (Look("note", phrase("Recorded"), "quiet"), phrase("It is kept on record.")),
}
_HELD: Final = (
    Look("maintenance", phrase("Held"), "maintenance"),
    phrase("It opens an alert that pages nobody while the maintenance window runs."),
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
    entrances = of_orchestration(visit, one.id)

    def page(code: int, ground: Ground, **more: Any) -> Response:
        return show(visit, one, code, ground=ground, **more)

    return _answered(visit, ground_of(visit, f"/orchestrations/{one.id}", entrances, _typed(visit)), page)


def try_at_service(visit: Visit) -> Response:
    """POST `/services/{id}/try`: by a key of the service, or of an orchestration that leads to it."""
    service = found_service(visit)
    entrances = of_service(visit, service.id)

    def page(code: int, ground: Ground, **more: Any) -> Response:
        return show_service(visit, service, code, ground=ground, **more)

    return _answered(visit, ground_of(visit, f"/services/{service.id}/rules", entrances, _typed(visit)), page)


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.text(name, BODY_CHARS + 1000 if name == "event" else 100) for name in FIELDS}


def _answered(visit: Visit, ground: Ground, page: Callable[..., Response]) -> Response:
    try:
        trial = _tried(visit, ground)
    except TocsinError as error:
        return page(status_of(error), ground, error=error, section="try")
    return page(200, ground, trial=trial)


def _tried(visit: Visit, ground: Ground) -> Trial:
    typed = ground.typed
    if not ground.entrances:
        raise Invalid("There is no key: nothing can come in.")
    picked = must(stored(visit, ground.picked)) if ground.picked is not None else None
    if not typed["event"].strip() and picked is None:
        raise Invalid("Paste an event, or only its payload.")
    if len(typed["event"]) > BODY_CHARS:
        raise Invalid(
            phrase("An event of more than %(count)s characters can only be tried as it is stored.", count=BODY_CHARS)
        )
    at = visit.now
    if typed["at"]:
        at = moment_of(visit.times, typed["at"], _("When"))
    elif ground.then is not None and typed["when"] == THEN:
        at = ground.then
    event = _event(visit, ground, picked, at)
    came = ground.picked.event.seq if ground.picked is not None and at == ground.then else 0
    lookups = Lookups(latest_alert=latest_before(visit, came), memory=remembered(visit))
    return told(visit, preview(visit.config, visit.site.ids, lookups, event, at), at)


def _event(visit: Visit, ground: Ground, picked: Event | None, at: Moment) -> Event:
    """What is tried: the stored event itself as long as nobody has changed its text, else what stands there."""
    text = ground.typed["event"].strip()
    by = next((one for one in ground.entrances if one.key in text), None) or next(
        (one for one in ground.entrances if one.id == ground.typed["by"]), ground.entrances[0]
    )
    if picked is not None and text in ("", written(picked)):
        return replace(picked, received_at=at, integration_id=by.id)
    return visit.site.read_event(text.encode("utf-8", "replace"), by.id, by.key, at)


def latest_before(visit: Visit, came: int) -> Callable[[str, str], Alert | None]:
    """The alert of a key as it is. `came`: the number of an event tried at its own time, before what it opened."""

    def latest(scope: str, dedup_key: str) -> Alert | None:
        wanted = AlertFilter(integration_ids=(scope,), dedup_key=dedup_key)
        newest = visit.site.reads.alerts(wanted, limit=_ALERTS if came else 1).items
        return next((alert for alert in newest if not came or alert.first_seq < came), None)

    return latest


def remembered(visit: Visit) -> Callable[[str], Memory | None]:
    """What rules remember now."""

    def memory(memory_id: str) -> Memory | None:
        return visit.site.reads.memories([memory_id]).get(memory_id)

    return memory


def told(visit: Visit, seen: Preview, at: Moment) -> Trial:
    """A preview as the page says it; of services that the reader may not see no more than their being there."""
    config, ending = visit.config, seen.ending
    service = config.services.get(seen.service_id)
    shown = service is not None and visit.may_read(service)
    called = called_by(visit)
    also = [_("Priority: %(name)s", name=called.priority(seen.priority_id))] if seen.priority_id else []
    also += [_("Note: %(text)s", text=note[:_SHOWN_CHARS]) for note in seen.notes]
    also += [_field(visit, field_id, text) for field_id, text in seen.field_values]
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


def _field(visit: Visit, field_id: str, text: str) -> str:
    """What a custom field of the incident would be, or why it would stay as it is."""
    index = visit.config.fields
    found = next((one for one in index.of_type("") if one.id == field_id), None)
    problem = found.problem(found.read(text)) if found is not None else phrase("is no field of incidents of this type")
    value = f"{called_by(visit).field(field_id)}: {text[:_SHOWN_CHARS]}"
    return _("%(value)s (not set: it %(problem)s)", value=value, problem=problem) if problem else value


def _end(seen: Preview) -> tuple[Look, str, str]:
    """How it ends: in a word, in a sentence, and why. An open alert counts an event and may stay held all the same."""
    ending, alert = seen.ending, seen.alert
    look, says = _ENDS[ending.outcome]
    if alert is None:
        return look, says, ending.reason
    if ending.outcome is Outcome.SUPPRESSED and alert.window_id:
        return *_HELD, ending.reason
    if ending.outcome is Outcome.REPEATED and alert.suppressed:
        return look, phrase("The open alert of its key counts it, and still pages nobody."), alert.suppressed
    if ending.outcome is Outcome.REPEATED and alert.suspended_until is not None:
        return look, phrase("The open alert of its key counts it, and still waits."), ending.reason
    return look, says, ending.reason


def _calls(visit: Visit, seen: Preview, at: Moment) -> str:
    """Who would be called first, by which policy."""
    config = visit.config
    service = config.services[seen.service_id]
    policy = config.policies.get(seen.policy_id or service.policy_id)
    if policy is None or not policy.rules or not visit.may_read(policy):
        return ""
    people = people_at(config, at)(policy.rules[0]).user_ids
    who = joined(map(visit.names.person, people)) or _("nobody at that time")
    return _("%(people)s, by policy %(policy)s", people=who, policy=policy.name)


def _stage(visit: Visit, stage: Stage) -> StageLine:
    config = visit.config
    title = TITLES[stage.kind][0]
    if stage.kind is PathKind.SERVICE:
        title = _("Own rules of %(service)s", service=called_by(visit).service(stage.parent_id))
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
    name = (claim.label or words.when(rule)) if rule is not None else _("Everything else")
    return name, words.does(actions, stage.kind, called_by(visit))


def _changes(before: Event, after: Event) -> Iterator[Change]:
    old, new = flat(before), flat(after)
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            yield Change(name, old.get(name, "")[:_SHOWN_CHARS], new.get(name, "")[:_SHOWN_CHARS])
