"""The first page: what is on fire, who has it, who is next, who is on call, and whether the pager itself is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from tocsin.directory.model import Channel, Urgency
from tocsin.directory.permissions import Verb
from tocsin.incidents.messages import IncidentAcknowledged
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.time import HOUR, Moment
from tocsin.kernel.wording import span_words
from tocsin.runtime.reads import IncidentFilter, TimelineFilter
from tocsin.web.changes import changes_between
from tocsin.web.day_one import day_one_of
from tocsin.web.language import gettext as _
from tocsin.web.oncall import watches_of
from tocsin.web.phones import owners_of, phones_of, story_of
from tocsin.web.rows import rows_of
from tocsin.web.sending import owners_to_ask
from tocsin.web.tried import trial_of
from tocsin.web.visit import Visit
from tocsin.web.windows import running

SHOWN = 25
"""Open incidents on the first page; the rest is counted and linked."""

WATCHES = 10
"""Schedules on the first page; the others are counted and linked."""

_LOOKED_BACK = 20
CHANGED_WITHIN = HOUR


@dataclass(frozen=True, slots=True)
class Calm:
    """Nothing is open: since when, and what the last page was like ("" = not known)."""

    since: Moment | None
    last_page: str


def now_page(visit: Visit) -> Response:
    """`/`."""
    reads = visit.site.reads
    unanswered, waiting = _open(visit, Status.TRIGGERED)
    in_hand, held = _open(visit, Status.ACKNOWLEDGED)
    rows = rows_of(visit, (*waiting, *held))
    last = [] if rows else reads.incidents(IncidentFilter(sight=visit.sight), limit=_LOOKED_BACK).items
    can_send = visit.site.ways_to_send()
    changes, more_changes = changes_between(visit, visit.now - CHANGED_WITHIN, visit.now + 1)
    watches, more_watches = watches_of(visit, WATCHES)
    return visit.page(
        "now.html",
        can_text=Channel.SMS in can_send or Channel.VOICE in can_send,
        can_mail=Channel.EMAIL in can_send,
        may_set_up=visit.may(Verb.OWN),
        ask=owners_to_ask(visit),
        rows=rows,
        unanswered=unanswered,
        in_hand=in_hand,
        hidden=unanswered + in_hand - len(rows),
        calm=None if rows else _calm(visit, last),
        day_one=day_one_of(visit),
        watches=watches,
        more_watches=more_watches,
        windows=running(visit),
        changes=changes,
        more_changes=more_changes,
        phones=phones_of(visit),
        phone_owners=owners_of(visit),
        phone_story=story_of,
        trial=trial_of(visit),
    )


def _open(visit: Visit, status: Status) -> tuple[int, list[Incident]]:
    """How many incidents there are in this state, and those that are shown: high urgency first, newest first."""
    counts, shown = visit.open_counts, list[Incident]()
    total = counts.triggered if status is Status.TRIGGERED else counts.acknowledged
    for urgency in (Urgency.HIGH, Urgency.LOW):
        left = min(total, SHOWN) - len(shown)
        if left:
            wanted = IncidentFilter(statuses=(status,), urgencies=(urgency,), sight=visit.sight)
            shown += visit.site.reads.incidents(wanted, limit=left).items
    return total, shown


def _calm(visit: Visit, last: Sequence[Incident]) -> Calm:
    ended = [incident for incident in last if incident.resolved_at is not None]
    if not ended:
        return Calm(None, "")
    newest = max(ended, key=lambda incident: incident.resolved_at or 0)
    wanted = TimelineFilter(incident_id=newest.id, kinds=(IncidentAcknowledged.kind,))
    answers = visit.site.reads.timeline(wanted, limit=1).items
    if not answers:
        return Calm(newest.resolved_at, _("#%(number)s was resolved without an answer", number=newest.number))
    who, took = visit.names.actor(answers[0].actor), span_words(answers[0].at - newest.created_at)
    return Calm(newest.resolved_at, _("%(who)s, answered in %(time)s", who=who, time=took))
