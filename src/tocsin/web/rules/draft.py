"""A rule that begins with an event: its conditions filled in from what the event says, for people to widen or narrow.

Decides which fields make the condition. Saves nothing: the form's own way of looking at a change first comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from tocsin.directory.model import Integration
from tocsin.events import pcl
from tocsin.events.model import Event
from tocsin.events.orchestration import START, OrchestrationPath, PathKind
from tocsin.web.event_lines import EventLine
from tocsin.web.language import gettext as _
from tocsin.web.rules.blocks import may_edit, path_of
from tocsin.web.rules.effects import entrances_of
from tocsin.web.rules.ground import picked_line, stored
from tocsin.web.visit import Visit

NOISE: Final = "noise"
"""What the address says for a rule that keeps such events from paging."""

_TEXT_CHARS: Final = 160
_BYTES: Final = 1_900
"""A condition that people may still add to: the language takes a little more."""

_LABEL_CHARS: Final = 80
_EXACT: Final = (("source", "event.source"), ("component", "event.component"), ("event_class", "event.class"))


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a rule about an event can be made: what the rules are called, and the addresses of the filled-in form."""

    name: str
    path: str
    noise: str


def offers(visit: Visit, line: EventLine) -> list[Offer]:
    """The rules that the event passed and that the reader may change."""
    config, found = visit.config, []
    entrance = config.entrance(line.event.integration_id)
    service = config.services.get(line.service_id)
    if service is not None and visit.may_read(service):
        found.append((service.id, PathKind.SERVICE, _("Rules of %(service)s", service=line.service)))
    if entrance is not None and not isinstance(entrance, Integration):
        orchestration = config.orchestrations.get(entrance.orchestration_id)
        if orchestration is not None and visit.may_read(orchestration):
            name = orchestration.name
            found.append((orchestration.id, PathKind.GLOBAL, _("%(name)s: rules for every event", name=name)))
            found.append((orchestration.id, PathKind.ROUTER, _("%(name)s: which service it is for", name=name)))
    return [
        Offer(
            name, _address(parent, kind, line), "" if kind is PathKind.ROUTER else _address(parent, kind, line, NOISE)
        )
        for parent, kind, name in found
        if may_edit(visit, path_of(visit, parent, kind))
    ]


def _address(parent_id: str, kind: PathKind, line: EventLine, draft: str = "") -> str:
    return f"/rules/{parent_id}/{kind.value}?set={START}&event={line.event.seq}{f'&as={draft}' if draft else ''}"


def draft(visit: Visit, path: OrchestrationPath) -> Mapping[str, str]:
    """What the form of a new rule holds for the event that its address names; nothing for one that is not to be had."""
    line = picked_line(visit, entrances_of(visit.config, path), visit.query("event"))
    event = stored(visit, line) if line is not None else None
    if event is None:
        return {}
    found = {"conditions": condition(event)}
    if visit.query("as") == NOISE and path.kind is not PathKind.ROUTER:
        title = " ".join((event.summary or event.dedup_key).split())[:_LABEL_CHARS]
        found |= {"suppress": "1", "label": _("Noise: %(title)s", title=title)}
    return found


def condition(event: Event) -> str:
    """One that this event meets: it says the same, and comes from the same."""
    said = _printable(event.summary.strip()[:_TEXT_CHARS]).strip()
    parts = [f"event.summary matches part {pcl.quoted(said)}"] if said else []
    for name, path in _EXACT:
        value: str = getattr(event, name)
        # Only where one line can hold all of it: a part of a source is another source.
        if value and len(value) <= _TEXT_CHARS and value.isprintable():
            more = [*parts, f"{path} matches {pcl.quoted(value)}"]
            parts = more if len(" and ".join(more).encode()) <= _BYTES else parts
    return " and ".join(parts)


def _printable(text: str) -> str:
    """The beginning of a text, as far as a condition can hold it in its one line."""
    return "".join(takewhile(str.isprintable, text))
