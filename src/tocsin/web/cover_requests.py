"""Requests to be covered on pages: those that wait for my answer, those that I made, and what a yes would lead to.

Decides who gets to see a request, and the words of its effect. Whether it can be taken the engine decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from tocsin.directory.permissions import Verb
from tocsin.engine.cover import asked_of, may_take, people_on, why_not
from tocsin.engine.feeds import served_by
from tocsin.engine.things import DeleteThing
from tocsin.kernel.errors import NotFound, TocsinError
from tocsin.kernel.time import Moment, Span
from tocsin.oncall import CoverRequest, RequestState, serves_any
from tocsin.oncall.hours import Stretch, load_of, without
from tocsin.oncall.messages import AnswerCover
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look
from tocsin.web.shift_lines import stretches_of, week_of
from tocsin.web.spans import Spans
from tocsin.web.visit import Visit, status_of

CLOSED_SHOWN: Final = 10

LOOKS: Final[Mapping[RequestState, Look]] = {
    RequestState.OPEN: Look("clock", later("Waits for an answer"), "acknowledged"),
    RequestState.ACCEPTED: Look("resolved", later("Taken"), "resolved"),
    RequestState.DECLINED: Look("suppressed", later("Declined"), "quiet"),
    RequestState.WITHDRAWN: Look("suppressed", later("Withdrawn"), "quiet"),
    RequestState.EXPIRED: Look("suppressed", later("Nobody took it"), "quiet"),
}
"""How what became of a request looks."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a yes means for whoever gives it. `week`: time on call in the week from `monday`, now and then.

    `also`: other schedules on which the person is on call at the same time.
    """

    taker: str
    taken: Span
    night: Span
    monday: Moment
    week_now: Span
    week_then: Span
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request as this reader sees it. `why_not`: why it can't be taken as things are now; "" = it can.

    `takers`: in whose place the reader may answer, by id and name. `back_schedule`: of the time in return, "" where it
    is the same.
    """

    one: CoverRequest
    schedule: str
    asker: str
    asked: str
    taker: str
    look: Look
    to_me: bool
    mine: bool
    may_withdraw: bool
    why_not: str
    effect: Effect | None
    takers: tuple[tuple[str, str], ...]
    back_schedule: str


@dataclass(frozen=True, slots=True)
class Requests:
    """Those that wait for the reader, those that the reader made, and what lately came of either."""

    to_me: tuple[RequestLine, ...]
    mine: tuple[RequestLine, ...]
    closed: tuple[RequestLine, ...]


def requests_for(visit: Visit) -> Requests:
    """The reader's requests, those whose shift begins first first; what is over, newest first."""
    me, config = visit.me.id, visit.config
    mine, to_me, over = [], [], []
    for one in sorted(config.cover_requests.values(), key=lambda one: (one.start, one.id)):
        own = me in (one.user_id, one.created_by)
        asked = not own and me in asked_of(config, one, visit.now) and may_take(config, one, me, visit.now)
        if not one.is_open:
            if own or me in (one.taken_by, one.to_id):
                over.append(one)
        elif own:
            mine.append(one)
        elif asked:
            to_me.append(one)
    over.sort(key=lambda one: -(one.closed_at or 0))
    return Requests(
        tuple(_line(visit, one) for one in to_me if me not in one.declined_by),
        tuple(_line(visit, one) for one in mine),
        tuple(_line(visit, one) for one in over[:CLOSED_SHOWN]),
    )


def others_requests(visit: Visit) -> list[RequestLine]:
    """Open requests of others, on schedules that the reader manages, which are not the reader's to answer anyhow."""
    me, config = visit.me.id, visit.config
    return [
        _line(visit, one)
        for one in sorted(config.cover_requests.values(), key=lambda one: (one.start, one.id))
        if one.is_open
        and me not in (one.user_id, one.created_by)
        and me not in asked_of(config, one, visit.now)
        and _manages(visit, one)
    ]


def _manages(visit: Visit, one: CoverRequest, *, whole: bool = False) -> bool:
    """Whether the reader manages the schedule of the shift; of the `whole` request, also that of the time in return."""
    ids = one.schedule_ids if whole else (one.schedule_id,)
    found = [visit.config.schedules.get(each) for each in ids]
    return all(each is not None and visit.may(Verb.EDIT, each.team_ids) for each in found)


def request_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/my-shifts/requests/{id}`."""
    return visit.page("cover_request.html", code, line=_found(visit), error=error, spans=Spans(visit.times))


def _found(visit: Visit) -> RequestLine:
    """The request of the address, for whoever has to do with it."""
    one = visit.config.cover_requests.get(visit.request.path_params["id"])
    if one is not None:
        me = visit.me.id
        involved = me in (one.user_id, one.created_by, one.to_id, one.taken_by)
        if involved or may_take(visit.config, one, me, visit.now) or _manages(visit, one):
            return _line(visit, one)
    raise NotFound(_("There is no such request (any more)."))


def act_on_request(visit: Visit) -> Response:
    """POST `/my-shifts/requests/{id}/{action}`: accept, decline or withdraw."""
    line, action = _found(visit), visit.request.path_params["action"]
    if action not in ("accept", "decline", "withdraw"):
        raise NotFound(_("There is no such action."))
    try:
        if action == "withdraw":
            visit.run(DeleteThing(thing_kind="cover_request", thing_id=line.one.id))
        else:
            who = visit.text("for", 40)
            for_id = "" if who == visit.me.id else who
            visit.run(AnswerCover(request_id=line.one.id, accept=action == "accept", for_id=for_id))
    except NotFound:
        raise
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return request_page(visit, error=error, code=status_of(error))
    words = {"accept": "cover-taken", "decline": "cover-declined", "withdraw": "cover-withdrawn"}
    return visit.go("/my-shifts", words[action])


def _line(visit: Visit, one: CoverRequest) -> RequestLine:
    config, me, names = visit.config, visit.me.id, visit.names
    own = me in (one.user_id, one.created_by)
    to_me = one.is_open and may_take(config, one, me, visit.now)
    takers = _takers(visit, one) if one.is_open and _manages(visit, one, whole=True) else ()
    judged = me if to_me else one.to_id
    return RequestLine(
        one=one,
        schedule=_schedule_name(visit, one.schedule_id),
        asker=names.person(one.user_id),
        asked=names.person(one.to_id) if one.to_id else "",
        taker=names.person(one.taken_by) if one.taken_by else "",
        look=LOOKS[one.state],
        to_me=to_me,
        mine=one.user_id == me,
        may_withdraw=one.is_open and (own or _manages(visit, one)),
        why_not=why_not(config, one, judged, visit.now) if one.is_open and judged else "",
        effect=_effect(visit, one, judged) if one.is_open and judged else None,
        takers=takers,
        back_schedule=_schedule_name(visit, one.return_schedule_id) if one.return_schedule_id else "",
    )


def _schedule_name(visit: Visit, schedule_id: str) -> str:
    schedule = visit.config.schedules.get(schedule_id)
    return schedule.name if schedule is not None else _("a removed schedule")


def _takers(visit: Visit, one: CoverRequest) -> tuple[tuple[str, str], ...]:
    """In whose place a manager may answer: the person asked, or anybody on the schedule who could take it now."""
    config, now = visit.config, visit.now
    schedule = config.schedules[one.schedule_id]
    asked = (one.to_id,) if one.to_id else people_on(config, schedule, now)
    fit = [each for each in asked if each != one.user_id and not why_not(config, one, each, now)]
    return tuple(sorted(((each, visit.names.person(each)) for each in fit), key=lambda pair: pair[1].casefold()))


def _kept(one: CoverRequest, schedule_id: str, start: Moment) -> list[Stretch]:
    """What of the shift that is asked for whoever takes it does not give back on this schedule at the same time."""
    if not one.is_swap or schedule_id != one.back_schedule_id:
        return [(start, one.end)]
    return without([(start, one.end)], one.return_start, one.return_end)


def _effect(visit: Visit, one: CoverRequest, taker_id: str) -> Effect:
    """What the taker would serve, and how that changes the week in which it begins."""
    config, zone = visit.config, visit.times.zone
    start = max(one.start, visit.now)
    monday, sunday = week_of(visit.times, start)
    before = stretches_of(visit, monday, sunday, taker_id)
    after = without(before, one.return_start, one.return_end) if one.is_swap else before
    taken = load_of(zone, [(start, one.end)])
    also = [
        each.name
        for each in served_by(config, taker_id)
        if each.id != one.schedule_id
        and any(
            serves_any(each, config.exceptions_of.get(each.id, ()), taker_id, *part)
            for part in _kept(one, each.id, start)
        )
    ]
    return Effect(
        taker=visit.names.person(taker_id),
        taken=taken.total,
        night=taken.night,
        monday=monday,
        week_now=load_of(zone, before).total,
        week_then=load_of(zone, [*after, (start, min(one.end, sunday))]).total,
        also=tuple(also),
    )
