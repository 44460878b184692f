"""Who changed what, when: the history of everything that people define, newest first. For administrators only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from tocsin.engine.kinds import KINDS
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.errors import NotFound
from tocsin.kernel.time import Moment, from_datetime
from tocsin.kernel.wording import door
from tocsin.runtime.reads import AuditFilter, AuditRecord, Change
from tocsin.web.alerts import Pager
from tocsin.web.differences import Difference, Wording, differences
from tocsin.web.looks import Look
from tocsin.web.visit import Visit

PER_PAGE: Final = 50

WORDS: Final[Mapping[str, str]] = {
    "api_key": "API key",
    "kept": "record of a client",
    "orchestration_path": "rules",
    "policy": "escalation policy",
}
"""What kinds of things are called, where that is not their own word."""

PARTS: Final = (
    ("contact_method", "user_id"),
    ("notification_rule", "user_id"),
    ("membership", "team_id"),
    ("override", "schedule_id"),
    ("cover_request", "schedule_id"),
    ("calendar_feed", "user_id"),
    ("integration", "service_id"),
    ("orchestration_key", "orchestration_id"),
    ("orchestration_path", "parent_id"),
    ("cache_variable", "parent_id"),
    ("dependency", "dependent_id"),
)
"""Kinds that belong to another thing, each with the field that holds its id."""

_LOOKS: Final = {
    Change.CREATE: Look("resolved", "Made", "quiet"),
    Change.UPDATE: Look("note", "Changed", "quiet"),
    Change.DELETE: Look("suppressed", "Removed", "quiet"),
}
_PAGES: Final[Mapping[str, str]] = {
    "orchestration": "/orchestrations/{id}",
    "service": "/services/{id}",
    "team": "/teams?change={id}#form",
    "webhook_subscription": "/webhooks/{id}",
    "maintenance_window": "/maintenance-windows",
    "business_service": "/business-services",
    "priority": "/priorities",
}
_NAMED: Final = ("user", "team", "service", "policy", "schedule", "priority", "orchestration", "business_service")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change. `path`: the thing's page, "" if it has none or is gone."""

    record: AuditRecord
    look: Look
    who: str
    kind: str
    name: str
    path: str
    fields: list[Difference]
    more: int


def kind_word(kind: str) -> str:
    """What people call a kind of thing."""
    return WORDS.get(kind, kind.replace("_", " "))


def audit_page(visit: Visit) -> Response:
    """`/audit`, narrowed by kind, person, days, and one thing with its parts."""
    if not visit.may_audit:
        raise NotFound("There is no page at this address.")
    asked = {name: visit.query(name) for name in ("kind", "person", "since", "until", "thing")}
    before = visit.query("before")
    before_seq = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0
    listing = visit.site.reads.audit(_wanted(visit, asked, before_seq), limit=PER_PAGE)
    name_of = _names(visit)
    narrowed = urlencode({name: value for name, value in asked.items() if value})
    older = f"/audit?{narrowed}&before={listing.items[-1].seq}" if listing.more else ""
    return visit.page(
        "audit.html",
        lines=[_line(visit, record, name_of) for record in listing.items],
        asked=asked,
        kinds=sorted(((kind, kind_word(kind)) for kind in KINDS), key=lambda pair: pair[1].casefold()),
        people=sorted(visit.config.users.values(), key=lambda user: user.name.casefold()),
        thing_name=name_of(asked["thing"]) or asked["thing"],
        pager_=Pager(f"/audit?{narrowed}" if before_seq else "", older),
        narrowed=bool(narrowed),
    )


def _wanted(visit: Visit, asked: Mapping[str, str], before_seq: int) -> AuditFilter:
    kind, thing, person = asked["kind"], asked["thing"], asked["person"]
    kinds = (kind,) if kind in KINDS else ()
    parts = tuple(part for part in PARTS if not kinds or part[0] in kinds) if thing else ()
    return AuditFilter(
        kinds=kinds or (tuple(KINDS) if parts else ()),
        thing_id=thing,
        parts=parts,
        actor_kind=ActorKind.USER if person in visit.config.users else None,
        actor_id=person if person in visit.config.users else "",
        before_seq=before_seq,
        since=_day(visit, asked["since"], 0),
        until=_day(visit, asked["until"], 1),
    )


def _day(visit: Visit, typed: str, later: int) -> Moment | None:
    """The beginning of a day in the reader's zone, or of the one after it. What is no day narrows nothing."""
    try:
        day = datetime.fromisoformat(typed) + timedelta(days=later)
        return from_datetime(day.replace(tzinfo=visit.times.zone))
    except (ValueError, OverflowError):
        return None


def _names(visit: Visit) -> Callable[[str], str]:
    """What an id names, whatever its kind."""
    config = visit.config
    found: dict[str, str] = {thing_id: thing.name for kind in _NAMED for thing_id, thing in config.of(kind).items()}

    def name_of(thing_id: str) -> str:
        return found.get(thing_id, "")

    return name_of


def _line(visit: Visit, record: AuditRecord, name_of: Callable[[str], str]) -> AuditLine:
    wording = Wording(at=visit.times.clock, name_of=name_of)
    fields, more = differences(record.before, record.after, wording)
    there = record.thing_id in visit.config.of(record.kind) if record.kind in KINDS else False
    return AuditLine(
        record=record,
        look=_LOOKS[record.change],
        who=visit.names.actor(record.actor) + door(record.actor),
        kind=_sort(record),
        name=_name(record, name_of),
        path=_PAGES.get(record.kind, "").format(id=record.thing_id) if there else "",
        fields=fields,
        more=more,
    )


def _sort(record: AuditRecord) -> str:
    """What sort of thing it is; of what is kept for clients, in their word."""
    values: Mapping[str, Any] = record.after or record.before or {}
    return str(values.get("resource", "")).replace("_", " ") if record.kind == "kept" else kind_word(record.kind)


def _name(record: AuditRecord, name_of: Callable[[str], str]) -> str:
    """What the thing was called, or whose part it is."""
    values: Mapping[str, Any] = record.after or record.before or {}
    if record.kind == "orchestration_path":
        return f"{name_of(str(values.get('parent_id', ''))) or 'a removed thing'}, {values.get('kind', '')}"
    own = next(
        (str(values[name]) for name in ("name", "label", "summary", "description", "url") if values.get(name)), ""
    )
    field = next((field for kind, field in PARTS if kind == record.kind), "")
    whose = name_of(str(values.get(field, ""))) if field else ""
    return " of ".join(filter(None, (own, whose))) or record.thing_id
