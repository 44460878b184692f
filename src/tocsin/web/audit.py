"""Who changed what, when: the history of everything that people define, newest first. For administrators only.

Owners read there too what happened around everybody's ways to sign in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from tocsin.engine.kinds import KINDS
from tocsin.kernel.actor import ActorKind
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.time import DAY, Moment, from_datetime
from tocsin.kernel.wording import door
from tocsin.runtime.reads import AuditFilter, AuditRecord, Change
from tocsin.runtime.sessions import TRACES_KEPT
from tocsin.runtime.sign_in_ground import EventFilter, EventRow
from tocsin.web import audit_security
from tocsin.web.alerts import Pager
from tocsin.web.audit_export import as_csv, as_json
from tocsin.web.differences import Difference, Wording, differences
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look
from tocsin.web.visit import Visit

PER_PAGE: Final = 50
FORMATS: Final = ("csv", "json")
MOST: Final = 50_000
"""Changes in one export. Older ones are exported by their days."""

AT_ONCE: Final = 500
"""Changes that are read from the database in one go."""

WORDS: Final[Mapping[str, str]] = {
    "user": later("person"),
    "contact_method": later("contact method"),
    "notification_rule": later("notification rule"),
    "team": later("team"),
    "membership": later("membership"),
    "service": later("service"),
    "integration": later("integration"),
    "priority": later("priority"),
    "api_key": later("API key"),
    "settings": later("settings"),
    "schedule": later("schedule"),
    "override": later("override"),
    "custom_shift": later("custom shift"),
    "policy": later("escalation policy"),
    "orchestration": later("orchestration"),
    "orchestration_key": later("orchestration key"),
    "orchestration_path": later("rules"),
    "cache_variable": later("cache variable"),
    "maintenance_window": later("maintenance window"),
    "business_service": later("business service"),
    "dependency": later("dependency"),
    "tag": later("tag"),
    "tagging": later("tagging"),
    "subscriber": later("subscriber"),
    "grouping_setting": later("grouping setting"),
    "webhook_subscription": later("webhook subscription"),
    "incident_type": later("incident type"),
    "custom_field": later("custom field"),
    "oauth_client": later("OAuth client"),
    "cover_request": later("request for cover"),
    "calendar_feed": later("calendar feed"),
    "saved_view": later("saved view"),
    "passkey": later("passkey"),
    "second_factor": later("second factor"),
    "identity": later("account at the identity provider"),
    "mail_server": later("mail server"),
    "phone_account": later("account for texts and calls"),
    "kept": later("record of a client"),
}
"""What kinds of things are called."""

PATHS: Final[Mapping[str, str]] = {
    "global": later("global"),
    "router": later("router"),
    "service": later("service"),
    "unrouted": later("unrouted"),
}
"""What the parts of an event's way are called."""

PARTS: Final = (
    ("contact_method", "user_id"),
    ("notification_rule", "user_id"),
    ("membership", "team_id"),
    ("override", "schedule_id"),
    ("cover_request", "schedule_id"),
    ("calendar_feed", "user_id"),
    ("passkey", "user_id"),
    ("second_factor", "user_id"),
    ("identity", "user_id"),
    ("integration", "service_id"),
    ("orchestration_key", "orchestration_id"),
    ("orchestration_path", "parent_id"),
    ("cache_variable", "parent_id"),
    ("dependency", "dependent_id"),
)
"""Kinds that belong to another thing, each with the field that holds its id."""

_LOOKS: Final = {
    Change.CREATE: Look("resolved", later("Made"), "quiet"),
    Change.UPDATE: Look("note", later("Changed"), "quiet"),
    Change.DELETE: Look("suppressed", later("Removed"), "quiet"),
}
_PAGES: Final[Mapping[str, str]] = {
    "orchestration": "/orchestrations/{id}",
    "service": "/services/{id}",
    "user": "/people/{id}",
    "team": "/teams/{id}",
    "schedule": "/schedules/{id}",
    "policy": "/policies/{id}",
    "api_key": "/keys#key-{id}",
    "webhook_subscription": "/webhooks/{id}",
    "maintenance_window": "/maintenance-windows",
    "business_service": "/business-services",
    "priority": "/priorities",
    "mail_server": "/connections/mail",
    "phone_account": "/connections/phone",
}
_CALLED: Final = ("name", "label", "summary", "description", "url", "host", "number")
"""Fields that say what a thing is called."""

_NAMED: Final = ("user", "team", "service", "policy", "schedule", "priority", "orchestration", "business_service")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change. `path`: the thing's page, "" if it has none or is gone."""

    record: AuditRecord
    look: Look
    who: str
    door: str
    kind: str
    name: str
    path: str
    fields: list[Difference]
    more: int
    opened: tuple[tuple[Moment, Moment], ...] = ()
    opened_more: int = 0


def kind_word(kind: str) -> str:
    """What people call a kind of thing."""
    return _(WORDS[kind]) if kind in WORDS else kind.replace("_", " ")


def audit_page(visit: Visit) -> Response:
    """`/audit`, narrowed by kind, person, days, and one thing with its parts."""
    if not visit.may_audit:
        raise NotFound(_("There is no page at this address."))
    asked = _asked(visit)
    before = visit.query("before")
    before_seq = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0
    past = audit_security.mark(visit.query("past"))
    found = list(islice(_entries(visit, asked, before_seq, past, PER_PAGE + 1), PER_PAGE + 1))
    shown = found[:PER_PAGE]
    name_of = _names(visit)
    narrowed = urlencode({name: value for name, value in asked.items() if value})
    older = f"/audit?{narrowed}&{_beyond(shown, before, visit.query('past'))}" if len(found) > PER_PAGE else ""
    return visit.page(
        "audit.html",
        lines=[
            audit_security.line_of(visit, one) if isinstance(one, EventRow) else _line(visit, one, name_of)
            for one in shown
        ],
        asked=asked,
        signing_in=[(value, _(word)) for value, (word, _kinds) in audit_security.GROUPS.items()]
        if audit_security.may_see(visit)
        else [],
        kinds=sorted(((kind, kind_word(kind)) for kind in KINDS), key=lambda pair: pair[1].casefold()),
        people=sorted(visit.config.users.values(), key=lambda user: user.name.casefold()),
        kept_days=TRACES_KEPT // DAY if asked["kind"] in audit_security.GROUPS else 0,
        thing_name=name_of(asked["thing"]) or asked["thing"],
        pager_=Pager(f"/audit?{narrowed}" if before_seq or past else "", older),
        narrowed=bool(narrowed),
        exports=[
            (name, f"/audit/export?{urlencode({'format': name}) + ('&' if narrowed else '')}{narrowed}")
            for name in FORMATS
        ],
        most=MOST,
    )


def export_audit(visit: Visit) -> Response:
    """`/audit/export`: what the filters of `/audit` leave, as CSV or JSON, newest first, `MOST` changes at most.

    It is written as it is read, so that a long history takes no memory.
    """
    if not visit.may_audit:
        raise NotFound(_("There is no page at this address."))
    form = visit.query("format")
    if form not in FORMATS:
        raise Invalid(_("The format is csv or json."))
    who, names = visit.names.actor, {user.id: user.name for user in visit.config.users.values()}
    entries = islice(_entries(visit, _asked(visit), 0, None, AT_ONCE), MOST)
    head = {"content-disposition": f'attachment; filename="tocsin-history.{form}"'}
    if form == "csv":
        return StreamingResponse(as_csv(entries, who, names), headers=head, media_type="text/csv; charset=utf-8")
    return StreamingResponse(as_json(entries, who, names), headers=head, media_type="application/json")


def _entries(
    visit: Visit, asked: Mapping[str, str], before_seq: int, past: tuple[Moment, str] | None, at_once: int
) -> Iterator[audit_security.Entry]:
    """Changes and, for owners, events around signing in: newest first, read `at_once` by `at_once` as they are asked.

    Reads rights and configuration now; what it yields later, from whatever thread, asks only the databases.
    """
    days = (_day(visit, asked["since"], 0), _day(visit, asked["until"], 1))
    events = audit_security.wanted_of(visit, asked, *days, past)
    changes = _wanted(visit, asked, before_seq) if asked["kind"] not in audit_security.GROUPS else None
    return audit_security.merged(_changes(visit, changes, at_once), _events(visit, events, at_once))


def _changes(visit: Visit, wanted: AuditFilter | None, at_once: int) -> Iterator[AuditRecord]:
    while wanted is not None:
        listing = visit.site.reads.audit(wanted, limit=at_once)
        yield from listing.items
        wanted = replace(wanted, before_seq=listing.items[-1].seq) if listing.more else None


def _events(visit: Visit, wanted: EventFilter | None, at_once: int) -> Iterator[EventRow]:
    while wanted is not None:
        rows = visit.site.sessions.ground.history(wanted, at_once)
        yield from rows
        wanted = replace(wanted, past=(rows[-1].at, rows[-1].id)) if len(rows) == at_once else None


def _beyond(shown: list[audit_security.Entry], before: str, past: str) -> str:
    """Where the next page begins, in both: at the last of each that was shown, else where this page began."""
    for one in shown:
        if isinstance(one, EventRow):
            past = audit_security.mark_of(one)
        else:
            before = str(one.seq)
    return urlencode({name: value for name, value in (("before", before), ("past", past)) if value})


def _asked(visit: Visit) -> dict[str, str]:
    return {name: visit.query(name) for name in ("kind", "person", "since", "until", "thing")}


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
    look = _LOOKS[record.change]
    opened = tuple((int(start), int(end)) for start, end in (record.detail or {}).get("opened_gaps", ()))
    there = record.thing_id in visit.config.of(record.kind) if record.kind in KINDS else False
    return AuditLine(
        record=record,
        look=Look(look.glyph, _(look.word), look.css),
        who=visit.names.actor(record.actor),
        door=door(record.actor),
        kind=_sort(record),
        name=_name(record, name_of),
        path=_PAGES.get(record.kind, "").format(id=record.thing_id) if there else "",
        fields=fields,
        more=more,
        opened=opened,
        opened_more=max(0, int((record.detail or {}).get("gaps", 0)) - len(opened)),
    )


def _sort(record: AuditRecord) -> str:
    """What sort of thing it is; of what is kept for clients, in their word."""
    values: Mapping[str, Any] = record.after or record.before or {}
    return str(values.get("resource", "")).replace("_", " ") if record.kind == "kept" else kind_word(record.kind)


def _name(record: AuditRecord, name_of: Callable[[str], str]) -> str:
    """What the thing was called, or whose part it is."""
    values: Mapping[str, Any] = record.after or record.before or {}
    if record.kind == "orchestration_path":
        whole, part = name_of(str(values.get("parent_id", ""))), str(values.get("kind", ""))
        return _("%(thing)s, %(part)s", thing=whole or _("a removed thing"), part=_(PATHS.get(part, part)))
    own = next(
        (
            str(values[name])
            for name in ("name", "label", "summary", "description", "url", "host", "number")
            if values.get(name)
        ),
        "",
    )
    field = next((field for kind, field in PARTS if kind == record.kind), "")
    whose = name_of(str(values.get(field, ""))) if field else ""
    if own and whose:
        return _("%(part)s of %(thing)s", part=own, thing=whose)
    return own or whose or record.thing_id
