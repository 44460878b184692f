"""Rules as sentences, in the reader's language: when one acts, and what it does then. Decides wording only."""

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
from tocsin.kernel.wording import joined, listed, span_words, verbatim
from tocsin.web.language import gettext as _
from tocsin.web.language import later, ngettext

_TREATED = {
    "trigger": later("treat it as an alarm"),
    "resolve": later("treat it as an end (resolve)"),
    "acknowledge": later("treat it as an acknowledgement"),
}
SEVERITIES = {
    "critical": later("critical"),
    "error": later("error"),
    "warning": later("warning"),
    "info": later("info"),
}
"""The severities, each with its word."""


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
        return _("If there is such a service")
    if not rule.conditions:
        return _("Always")
    tests = clause(rule.conditions[0])
    for text in rule.conditions[1:]:
        tests = _("%(one)s, or %(other)s", one=tests, other=clause(text))
    return _("If %(tests)s", tests=tests)


def clause(text: str) -> str:
    """One condition in words."""
    try:
        return pcl.explain(pcl.compile(text))
    except pcl.PclError:
        return _("never (this can't be read: %(text)s)", text=text)


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
        return joined(parts)
    return _("send to no service") if kind is PathKind.ROUTER else _("leave it as it is")


def _router(actions: Actions, called: Called) -> Iterator[str]:
    dynamic = actions.dynamic_route
    if dynamic is not None:
        where, pattern = _plain(dynamic.source), dynamic.regex
        if dynamic.lookup is Lookup.SERVICE_ID:
            yield _(
                "send to the service whose id the pattern “%(pattern)s” finds in %(where)s",
                pattern=verbatim(pattern),
                where=where,
            )
        else:
            yield _(
                "send to the service whose name the pattern “%(pattern)s” finds in %(where)s",
                pattern=verbatim(pattern),
                where=where,
            )
    elif actions.route_to == UNROUTED:
        yield _("send to no service")
    elif actions.route_to:
        yield _("send to %(service)s", service=called.service(actions.route_to))


def _elsewhere(actions: Actions, called: Called) -> Iterator[str]:
    for variable in actions.variables:
        yield _(
            "remember as %(name)s what the pattern “%(pattern)s” finds in %(where)s",
            name=verbatim(variable.name),
            pattern=verbatim(variable.regex),
            where=_plain(variable.path),
        )
    yield from map(_extraction, actions.extractions)
    yield from _of_event(actions)
    yield from _of_incident(actions, called)
    if actions.route_to:
        yield _("continue with set %(set)s", set=actions.route_to)


def _of_event(actions: Actions) -> Iterator[str]:
    if actions.severity:
        severity = SEVERITIES.get(actions.severity)
        yield _("set the severity to %(severity)s", severity=_(severity) if severity else actions.severity)
    if actions.event_action:
        treated = _TREATED.get(actions.event_action)
        yield _(treated) if treated else _("treat it as %(what)s", what=actions.event_action)
    if actions.drop:
        yield _("drop it")
    if actions.suppress:
        yield _("suppress it")
    if actions.suspend_seconds:
        yield _("wait %(span)s before anybody is paged", span=span_words(actions.suspend_seconds * SECOND))


def _of_incident(actions: Actions, called: Called) -> Iterator[str]:
    if actions.priority_id:
        yield _("set the priority to %(priority)s", priority=called.priority(actions.priority_id))
    if actions.policy_id:
        yield _("call %(policy)s", policy=called.policy(actions.policy_id))
    if actions.note:
        yield _("note “%(text)s”", text=verbatim(actions.note))
    sent = [call.name for call in actions.calls if call.auto_send]
    if sent:
        yield ngettext(
            "send %(num)s webhook (%(names)s)", "send %(num)s webhooks (%(names)s)", len(sent), names=listed(sent)
        )
    kept = [call.name for call in actions.calls if not call.auto_send]
    if kept:
        yield ngettext(
            "offer %(num)s webhook (%(names)s)", "offer %(num)s webhooks (%(names)s)", len(kept), names=listed(kept)
        )
    for field_id, template in actions.field_updates:
        yield _("set the incident's %(field)s to “%(text)s”", field=called.field(field_id), text=verbatim(template))
    if also_kept(actions):
        yield _("keep %(what)s (not acted upon yet)", what=also_kept(actions))


def _extraction(one: Extraction) -> str:
    if one.template is not None:
        return _("set %(field)s to “%(text)s”", field=_plain(one.target), text=verbatim(one.template))
    return _(
        "set %(field)s to what the pattern “%(pattern)s” finds in %(where)s",
        field=_plain(one.target),
        pattern=verbatim(one.regex or ""),
        where=_plain(one.source or ""),
    )


def remembers(variable: CacheVariable) -> str:
    """What a cache variable holds."""
    span = span_words(variable.ttl_seconds * SECOND)
    if variable.kind is CacheKind.EXTERNAL_DATA:
        return _("what a program wrote into it, for %(span)s", span=span)
    tests = ""
    for text in variable.conditions:
        tests = _("%(one)s or %(other)s", one=tests, other=clause(text)) if tests else clause(text)
    of = _(" of events where %(tests)s", tests=tests) if tests else ""
    if variable.kind is CacheKind.TRIGGER_EVENT_COUNT:
        return _("how many alarms came within %(span)s%(of)s", span=span, of=of)
    return _(
        "the newest text that the pattern “%(pattern)s” found in %(where)s%(of)s",
        pattern=verbatim(variable.regex),
        where=_plain(variable.source),
        of=of,
    )


def also_kept(actions: Actions) -> str:
    """What a program has set that no form has a field for and nothing acts upon; "" if there is nothing."""
    return "" if actions.wire in ("", "{}") else _("actions of other programs")


def _plain(path: str) -> str:
    """A path without the word that all of them begin with."""
    own = path.removeprefix("event.")
    if own.startswith("custom_details."):
        return _("detail %(path)s", path=verbatim(own.removeprefix("custom_details.")))
    return verbatim(own) if own else _("nothing")
