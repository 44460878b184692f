"""Rules as English sentences: when one acts, and what it does then. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from tocsin.events import pcl
from tocsin.events.orchestration import (
    UNROUTED,
    Actions,
    CacheKind,
    CacheVariable,
    Extraction,
    Lookup,
    OrchestrationRule,
    PathKind,
)
from tocsin.kernel.time import SECOND
from tocsin.kernel.wording import listed, span_words

_BECOMES = {"trigger": "an alarm", "resolve": "an end (resolve)", "acknowledge": "an acknowledgement"}


@dataclass(frozen=True, slots=True)
class Called:
    """What things are called, for one reader."""

    service: Callable[[str], str]
    priority: Callable[[str], str]
    policy: Callable[[str], str]
    field: Callable[[str], str]


def when(rule: OrchestrationRule) -> str:
    """`If summary contains "db", or severity is "critical"`; "Always" without conditions.

    A rule that routes by what it finds acts only where it finds a service.
    """
    if rule.actions.dynamic_route is not None:
        return "If there is such a service"
    if not rule.conditions:
        return "Always"
    return f"If {', or '.join(map(clause, rule.conditions))}"


def clause(text: str) -> str:
    """One condition in words."""
    try:
        return pcl.explain(pcl.compile(text))
    except pcl.PclError:
        return f"never (this can't be read: {text})"


def readable(texts: Iterable[str]) -> list[str]:
    """In words those of these conditions that can be read."""
    found = []
    for text in filter(None, map(str.strip, texts)):
        with suppress(pcl.PclError):
            found.append(pcl.explain(pcl.compile(text)))
    return found


def does(actions: Actions, kind: PathKind, called: Called) -> str:
    """What the actions do, in the order in which it happens."""
    parts = list(_router(actions, called) if kind is PathKind.ROUTER else _elsewhere(actions, called))
    if parts:
        return ", ".join(parts)
    return "send to no service" if kind is PathKind.ROUTER else "leave it as it is"


def _router(actions: Actions, called: Called) -> Iterator[str]:
    dynamic = actions.dynamic_route
    if dynamic is not None:
        by = "id" if dynamic.lookup is Lookup.SERVICE_ID else "name"
        yield f"send to the service whose {by} the pattern {_quoted(dynamic.regex)} finds in {_plain(dynamic.source)}"
    elif actions.route_to:
        yield "send to no service" if actions.route_to == UNROUTED else f"send to {called.service(actions.route_to)}"


def _elsewhere(actions: Actions, called: Called) -> Iterator[str]:
    for variable in actions.variables:
        yield f"remember as {variable.name} what the pattern {_quoted(variable.regex)} finds in {_plain(variable.path)}"
    yield from map(_extraction, actions.extractions)
    yield from _of_event(actions)
    yield from _of_incident(actions, called)
    if actions.route_to:
        yield f"continue with set {actions.route_to}"


def _of_event(actions: Actions) -> Iterator[str]:
    if actions.severity:
        yield f"set the severity to {actions.severity}"
    if actions.event_action:
        yield f"treat it as {_BECOMES.get(actions.event_action, actions.event_action)}"
    if actions.drop:
        yield "drop it"
    if actions.suppress:
        yield "suppress it"
    if actions.suspend_seconds:
        yield f"wait {span_words(actions.suspend_seconds * SECOND)} before anybody is paged"


def _of_incident(actions: Actions, called: Called) -> Iterator[str]:
    if actions.priority_id:
        yield f"set the priority to {called.priority(actions.priority_id)}"
    if actions.policy_id:
        yield f"call {called.policy(actions.policy_id)}"
    if actions.note:
        yield f"note {_quoted(actions.note)}"
    if actions.calls:
        for by_itself, does in ((True, "send"), (False, "offer")):
            names = [call.name for call in actions.calls if call.auto_send is by_itself]
            if names:
                yield f"{does} {_counted(len(names), 'webhook')} ({listed(names)})"
    for field_id, template in actions.field_updates:
        yield f"set the incident's {called.field(field_id)} to {_quoted(template)}"
    if also_kept(actions):
        yield f"keep {also_kept(actions)} (not acted upon yet)"


def _extraction(one: Extraction) -> str:
    if one.template is not None:
        return f"set {_plain(one.target)} to {_quoted(one.template)}"
    return (
        f"set {_plain(one.target)} to what the pattern {_quoted(one.regex or '')} finds in {_plain(one.source or '')}"
    )


def remembers(variable: CacheVariable) -> str:
    """What a cache variable holds."""
    span = span_words(variable.ttl_seconds * SECOND)
    if variable.kind is CacheKind.EXTERNAL_DATA:
        return f"what a program wrote into it, for {span}"
    of = f" of events where {' or '.join(map(clause, variable.conditions))}" if variable.conditions else ""
    if variable.kind is CacheKind.TRIGGER_EVENT_COUNT:
        return f"how many alarms came within {span}{of}"
    return f"the newest text that the pattern {_quoted(variable.regex)} found in {_plain(variable.source)}{of}"


def also_kept(actions: Actions) -> str:
    """What a program has set that no form has a field for and nothing acts upon; "" if there is nothing."""
    return "" if actions.wire in ("", "{}") else "actions of other programs"


def _plain(path: str) -> str:
    """A path without the word that all of them begin with."""
    return path.removeprefix("event.").replace("custom_details.", "detail ", 1) or "nothing"


def _quoted(text: str) -> str:
    return f"\u201c{text}\u201d"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
