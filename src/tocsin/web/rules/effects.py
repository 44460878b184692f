"""What a change of rules would have done: the last events that came this way, by the rules as they are and as changed.

Decides how much is looked at: so many events, each as if nothing were open. Asks the engine's own code; stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from tocsin.alerts.model import Alert
from tocsin.engine.config import Config
from tocsin.engine.preview import Lookups, Preview, preview
from tocsin.events.evaluate import fields_of
from tocsin.events.memory import Memory
from tocsin.events.model import Action, Event, Outcome
from tocsin.events.orchestration import OrchestrationPath, PathKind, path_id
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import phrase, sentence_case, span_words
from tocsin.runtime.reads import OutcomeFilter
from tocsin.web.language import gettext as _
from tocsin.web.language import later, said
from tocsin.web.looks import OUTCOMES
from tocsin.web.names import isolated
from tocsin.web.rules.blocks import called_by
from tocsin.web.visit import Visit

LOOKED_AT: Final = 20
"""Events that a change is tried on."""

_TRIES: Final = 5_000
"""Rules that are tried for it, at most, on each side: a path of very many is tried on fewer events."""

_FEWEST: Final = 3

_CHARS: Final = 200
_ENDS: Final[Mapping[Outcome, str]] = {
    Outcome.OPENED: phrase("pages%(whom)s", whom=""),  # "pages" alone is a noun elsewhere
    Outcome.SUPPRESSED: phrase("is suppressed"),
    Outcome.SUSPENDED: phrase("waits, then pages"),
    Outcome.DROPPED: phrase("is dropped"),
}

_FIELDS: Final = {
    "summary": later("summary"),
    "source": later("source"),
    "severity": later("severity"),
    "component": later("component"),
    "group": later("group"),
    "class": later("class"),
    "dedup_key": later("dedup key"),
    "event_action": later("event action"),
    "client": later("client"),
    "client_url": later("client url"),
    "links": later("links"),
    "images": later("images"),
    "timestamp": later("timestamp"),
    "custom_details": later("custom details"),
}
"""What the fields of an event are called."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One event that would fare otherwise: per difference what about it, what was, what would be."""

    seq: int
    at: Moment
    title: str
    differences: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Effects:
    """`tried`: how many alarms could be looked at; `changed`: those that would fare otherwise, newest first."""

    tried: int
    changed: tuple[Effect, ...]


def entrances_of(config: Config, path: OrchestrationPath) -> tuple[str, ...]:
    """By what the events of a path come in: keys of the orchestration, or a service's own and those that lead to it."""
    if path.kind is not PathKind.SERVICE:
        return tuple(key.id for key in config.keys_of.get(path.parent_id, ()))
    return entrances_of_service(config, path.parent_id)


def entrances_of_service(config: Config, service_id: str) -> tuple[str, ...]:
    """The service's own keys, then those of orchestrations whose router names it."""
    own = [one.id for one in config.integrations_of.get(service_id, ())]
    for one in config.orchestrations.values():
        router = config.orchestration_paths.get(path_id(one.id, PathKind.ROUTER))
        if router is not None and service_id in router.routed_to:
            own += [key.id for key in config.keys_of.get(one.id, ())]
    return tuple(own)


def recent_events(visit: Visit, entrances: tuple[str, ...], most: int) -> Mapping[int, Event]:
    """The newest events that came by these and are still in the log, by their number."""
    if not entrances:
        return {}
    listing = visit.site.reads.outcomes(OutcomeFilter(integration_ids=entrances), limit=most)
    return visit.site.stored_events(one.seq for one in listing.items)


def effects(visit: Visit, path: OrchestrationPath, changed: OrchestrationPath) -> Effects:
    """How the last events would fare by the changed rules; each is tried at the time when it came."""
    config = visit.config
    other = config.changed([("orchestration_path", path.id, changed)], config.version)
    lookups = Lookups(latest_alert=_none_open, memory=_memories(visit))
    tried, found = 0, []
    for seq, event in recent_events(visit, entrances_of(config, path), _most(changed)).items():
        if event.action is not Action.TRIGGER:
            continue
        was = preview(config, visit.site.ids, lookups, event, event.received_at)
        now = preview(other, visit.site.ids, lookups, event, event.received_at)
        if path.kind is PathKind.SERVICE and path.parent_id not in (was.service_id, now.service_id):
            continue
        tried += 1
        found.append(_effect(visit, seq, event, was, now))
    return Effects(tried, tuple(one for one in found if one is not None))


def _most(path: OrchestrationPath) -> int:
    """On how many events a change of this path is tried."""
    rules = sum(len(one.rules) for one in path.sets)
    return max(_FEWEST, min(LOOKED_AT, _TRIES // max(rules, 1)))


def _none_open(_scope: str, _key: str) -> Alert | None:
    return None


def _memories(visit: Visit) -> Callable[[str], Memory | None]:
    """What rules remember now, looked up once each; how often they acted decides nothing."""

    @cache
    def memory(memory_id: str) -> Memory | None:
        return None if memory_id.startswith("hits:") else visit.site.reads.memories([memory_id]).get(memory_id)

    return memory


def _effect(visit: Visit, seq: int, event: Event, was: Preview, now: Preview) -> Effect | None:
    """How the two differ, None if they don't. Of what goes to services of other teams no more than that it does."""
    services = [visit.config.services.get(one.service_id) for one in (was, now)]
    shown = all(one is None or visit.may_read(one) for one in services)
    before, after = dict(_fate(visit, event, was, shown=shown)), dict(_fate(visit, event, now, shown=shown))
    differences = tuple(
        (name, before.get(name, "–")[:_CHARS], after.get(name, "–")[:_CHARS])
        for name in dict.fromkeys([*before, *after])
        if before.get(name, "") != after.get(name, "")
    )
    if shown:
        title = isolated((event.summary or event.dedup_key)[:_CHARS])
    else:
        title = _("an event for a service of another team")
    return Effect(seq, event.received_at, title, differences) if differences else None


def _fate(visit: Visit, event: Event, seen: Preview, *, shown: bool) -> Iterator[tuple[str, str]]:
    """All that matters of what becomes of an event, in words."""
    called = called_by(visit)
    yield _("Goes to"), called.service(seen.service_id) if seen.service_id else _("no service")
    if not shown:
        return
    outcome = seen.ending.outcome
    yield _("It"), said(_ENDS[outcome] if outcome in _ENDS else OUTCOMES[outcome].word)
    alert = seen.alert
    if alert is not None and alert.suspended_until is not None:
        yield _("Waits"), said(span_words(alert.suspended_until - event.received_at))
    if seen.priority_id:
        yield _("Priority"), called.priority(seen.priority_id)
    if seen.policy_id:
        yield _("Calls"), called.policy(seen.policy_id)
    if seen.notes:
        yield _("Notes"), "; ".join(seen.notes)
    for field_id, text in seen.field_values:
        yield called.field(field_id), text
    final = seen.stages[-1].after if seen.stages else event
    for name, text in flat(final).items():
        yield sentence_case(name), text


def flat(event: Event) -> dict[str, str]:
    """The fields of an event as texts, details one by one, by what they are called."""
    fields = fields_of(event)
    details = fields.pop("custom_details", {})
    found = {_(_FIELDS[name]): str(value) for name, value in fields.items()}
    if isinstance(details, Mapping):
        found |= {_("detail %(path)s", path=name): str(value) for name, value in details.items()}
    return found
