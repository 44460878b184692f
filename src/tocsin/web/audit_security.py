"""What happened around everybody's ways to sign in, as part of the history: for owners only.

Decides which of it the filters of `/audit` leave, and how a line of it reads. What is kept is decided where people sign
in.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.directory.permissions import Verb
from tocsin.kernel.time import Moment
from tocsin.runtime.reads import AuditRecord
from tocsin.runtime.sign_in_ground import EventFilter, EventRow, SecurityEvent
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look
from tocsin.web.me_security import happened_of
from tocsin.web.visit import Visit

ALL: Final = "security"
"""All of it, as the filter `kind` says it."""

GROUPS: Final[Mapping[str, tuple[str, tuple[SecurityEvent, ...]]]] = {
    ALL: (later("everything about signing in"), ()),
    "signed-in": (
        later("sign-ins"),
        (
            SecurityEvent.SIGNED_IN,
            SecurityEvent.NEW_BROWSER,
            SecurityEvent.PRINTED_LINK,
            SecurityEvent.RECOVERY_USED,
        ),
    ),
    "refused": (
        later("sign-ins that failed"),
        (
            SecurityEvent.REFUSED,
            SecurityEvent.PASSWORDS_FAILED,
            SecurityEvent.CODES_FAILED,
            SecurityEvent.PASSKEY_COPIED,
        ),
    ),
    "ended": (
        later("sessions that ended"),
        (SecurityEvent.SIGNED_OUT, SecurityEvent.ENDED, SecurityEvent.ENDED_BY_OTHER),
    ),
    "ways": (
        later("passwords, second factors and passkeys"),
        (
            SecurityEvent.PASSWORD,
            SecurityEvent.FACTOR_ON,
            SecurityEvent.FACTOR_OFF,
            SecurityEvent.RECOVERY_NEW,
            SecurityEvent.PASSKEY_NEW,
            SecurityEvent.PASSKEY_GONE,
        ),
    ),
}
"""What the filter `kind` offers of it: a word, and which events are meant (none = all)."""

_LOOKS: Final[Mapping[str, Look]] = {
    "signed-in": Look("person", later("Sign-in"), "quiet"),
    "refused": Look("triggered-low", later("Failed"), "acknowledged"),
    "ended": Look("person", later("Sign-out"), "quiet"),
}
_OTHER: Final = Look("note", later("Security"), "quiet")

Entry = AuditRecord | EventRow


@dataclass(frozen=True, slots=True)
class SecurityLine:
    """One event. `path`: the person's page, "" if they are gone or nobody is meant."""

    row: EventRow
    look: Look
    who: str
    path: str
    what: str
    where: str
    detail: str


def may_see(visit: Visit) -> bool:
    """Whether the visitor may see how everybody signs in: where from, and when. Owners."""
    return visit.user is not None and visit.may(Verb.OWN)


def wanted_of(
    visit: Visit, asked: Mapping[str, str], since: Moment | None, until: Moment | None, past: tuple[Moment, str] | None
) -> EventFilter | None:
    """Which events the filters of the page leave; None = none of them."""
    kind, person, thing = asked["kind"], asked["person"], asked["thing"]
    people = {one for one in (person, thing) if one}
    if not may_see(visit) or len(people) > 1 or not people <= visit.config.users.keys():
        return None
    if kind and kind not in GROUPS:
        return None
    kinds = GROUPS[kind][1] if kind else ()
    return EventFilter(user_id=next(iter(people), None), kinds=kinds, past=past, since=since, until=until)


def line_of(visit: Visit, row: EventRow) -> SecurityLine:
    """An event as the page shows it."""
    user, words = visit.config.users.get(row.user_id), happened_of(row)
    look = next((_LOOKS[name] for name in _LOOKS if row.kind in GROUPS[name][1]), _OTHER)
    gone = _("Somebody who was removed") if row.user_id else _("Somebody unknown")
    return SecurityLine(
        row=row,
        look=Look(look.glyph, _(look.word), look.css),
        who=user.name if user is not None else gone,
        path=f"/people/{user.id}" if user is not None else "",
        what=words.what,
        where=words.where,
        detail=words.detail,
    )


def merged(changes: Iterable[AuditRecord], events: Iterable[EventRow]) -> Iterator[Entry]:
    """Both, newest first; each in the order that it comes in."""
    return heapq.merge(changes, events, key=lambda one: one.at, reverse=True)


def mark_of(row: EventRow) -> str:
    """Where the next page begins."""
    return f"{row.at}.{row.id}"


def mark(typed: str) -> tuple[Moment, str] | None:
    """The same, read again; what is none is the beginning."""
    at, _dot, last = typed.partition(".")
    return (int(at), last) if at.isascii() and at.isdigit() and len(at) < 19 and last else None
