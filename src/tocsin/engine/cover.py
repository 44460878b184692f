"""Requests to be covered in their surroundings: who is asked, who may take one, and what closing one means.

Decides that only people of the schedule, and those who could override it anyhow, take its shifts: of a swap between two
schedules each person must be fit for the one of whose time they get. Those who are asked are told quietly, once, by
mail where they have one, by their next way if that one refuses it. Nothing here pages anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tocsin.directory.model import Channel, ContactMethod
from tocsin.directory.permissions import Verb, may
from tocsin.engine.config import Config
from tocsin.engine.world import ThingChange, World
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import NOTHING, CancelTimer, Decision, SetTimer
from tocsin.kernel.limits import TOLD_AT_ONCE
from tocsin.kernel.time import DAY, Moment, Span
from tocsin.oncall import CoverRequest, RequestState, Schedule, members, serves_any, serves_whole, zone_named
from tocsin.oncall.messages import EndCover
from tocsin.paging import cover, news
from tocsin.paging.model import Message, Words

KEPT: Span = 90 * DAY
"""So long what became of a request is shown; the audit trail has it for ever."""

_WAYS = (Channel.EMAIL, Channel.WEBHOOK, Channel.SMS)
"""By what people are told, the first that they have and that can be sent. Nobody is rung up for this."""


def timer_key(request_id: str) -> str:
    """The key of a request's timer: when it is too late for an answer, later when it is forgotten."""
    return f"cover:{request_id}"


def people_on(config: Config, schedule: Schedule, now: Moment) -> tuple[str, ...]:
    """Everybody active who serves on the schedule now or later, as far as it names them."""
    found = dict.fromkeys(members(schedule, now))
    for one in config.exceptions_of.get(schedule.id, ()):
        if one.end > now and one.user_id:
            found[one.user_id] = None
    return tuple(one for one in found if one in config.users and config.users[one].active)


def asked_of(config: Config, request: CoverRequest, now: Moment) -> tuple[str, ...]:
    """Who is asked: the one person, or everybody else on the schedule."""
    if request.to_id:
        return (request.to_id,)
    schedule = config.schedules.get(request.schedule_id)
    everybody = people_on(config, schedule, now) if schedule is not None else ()
    return tuple(one for one in everybody if one != request.user_id)


def may_serve(config: Config, schedule: Schedule, user_id: str, now: Moment) -> bool:
    """Whether a person may take shifts here: is on the schedule, or might override it without asking."""
    standing = config.standing(Actor(ActorKind.USER, user_id, Via.WEB))
    if standing is None:
        return False
    return may(standing, Verb.COVER, schedule.team_ids) or user_id in people_on(config, schedule, now)


def may_take(config: Config, request: CoverRequest, user_id: str, now: Moment) -> bool:
    """Whether the request is for this person to answer."""
    schedule = config.schedules.get(request.schedule_id)
    if schedule is None or user_id == request.user_id or request.to_id not in ("", user_id):
        return False
    return may_serve(config, schedule, user_id, now)


def why_not(config: Config, request: CoverRequest, taker_id: str, now: Moment) -> str:
    """Why this person can't take what is asked for, as things are now; "" when they can."""
    schedule = config.schedules.get(request.schedule_id)
    if schedule is None:
        return "The schedule was removed."
    asker, taker = (_name(config, one) for one in (request.user_id, taker_id))
    if request.expires_at <= now:
        return "It is too late: the shift has begun."
    if not may_serve(config, schedule, taker_id, now):
        return f"{taker} is not on {schedule.name} and may not override it."
    exceptions = config.exceptions_of.get(schedule.id, ())
    start = max(request.start, now)
    if not serves_whole(schedule, exceptions, request.user_id, start, request.end):
        return f"The schedule has changed since: {asker} is no longer on call for all of that time."
    if serves_any(schedule, exceptions, taker_id, start, request.end):
        return f"{taker} is on call on {schedule.name} then already."
    return _why_not_back(config, request, (asker, taker), taker_id, now) if request.is_swap else ""


def _why_not_back(config: Config, request: CoverRequest, names: tuple[str, str], taker_id: str, now: Moment) -> str:
    """Why the time in return can't be handed over; on another schedule whoever asks must be fit for that one too."""
    asker, taker = names
    schedule = config.schedules.get(request.back_schedule_id)
    if schedule is None:
        return "The schedule of the time in return was removed."
    if not may_serve(config, schedule, request.user_id, now):
        return f"{asker} is not on {schedule.name} and may not override it."
    exceptions = config.exceptions_of.get(schedule.id, ())
    if not serves_whole(schedule, exceptions, taker_id, request.return_start, request.return_end):
        return f"The schedule has changed since: {taker} is no longer on call for all of the time in return."
    if serves_any(schedule, exceptions, request.user_id, request.return_start, request.return_end):
        return f"{asker} is on call on {schedule.name} then already."
    return ""


def opened(world: World, request: CoverRequest, now: Moment) -> Decision:
    """What goes with a new request: those who are asked hear of it, and it ends by itself."""
    due = SetTimer(timer_key(request.id), request.expires_at, EndCover(request_id=request.id))
    told = (
        _tell(world, user_id, cover.asked(_telling(world.config, request, user_id)), now, request.id)
        for user_id in asked_of(world.config, request, now)[:TOLD_AT_ONCE]
    )
    return sum(told, Decision(timers=(due,)))


def closed(
    world: World,
    request: CoverRequest,
    state: RequestState,
    now: Moment,
    *,
    taken_by: str = "",
    declined_by: tuple[str, ...] = (),
) -> Decision:
    """The request is over. Whoever asked is told, or of one withdrawn whoever was asked by name."""
    left = replace(
        request,
        state=state,
        closed_at=now,
        taken_by=taken_by,
        declined_by=declined_by or request.declined_by,
        updated_at=max(now, request.updated_at + 1),
    )
    forget = SetTimer(timer_key(request.id), now + KEPT, EndCover(request_id=request.id))
    decision = Decision(state=(ThingChange("cover_request", request.id, request, left),), timers=(forget,), value=left)
    told = request.to_id if state is RequestState.WITHDRAWN else request.user_id
    if not told:
        return decision
    answered = taken_by or (request.to_id if state is RequestState.DECLINED else "")
    words = cover.ended(_telling(world.config, left, told, answered))
    return replace(decision + _tell(world, told, words, now), value=left)


def told_for(world: World, request: CoverRequest, taker_id: str, by: str, now: Moment) -> Decision:
    """Somebody took it in another's name: that one is told."""
    return _tell(world, taker_id, cover.taken_for(_telling(world.config, request, taker_id), by), now)


def forgotten(requests: Iterable[CoverRequest]) -> Decision:
    """These requests are not kept any more, and wait for nothing."""
    changes = tuple(ThingChange("cover_request", one.id, one, None) for one in requests)
    return Decision(state=changes, timers=tuple(CancelTimer(timer_key(one.id)) for one in changes))


def without_person(world: World, user_id: str, now: Moment) -> Decision:
    """A person goes: what they asked goes too, and what was asked of them alone nobody takes any more."""
    requests = world.config.cover_requests.values()
    decision = forgotten(one for one in requests if one.user_id == user_id)
    for one in requests:
        if one.is_open and one.to_id == user_id:
            decision += closed(world, one, RequestState.EXPIRED, now)
    return replace(decision, value=None)


def _telling(config: Config, request: CoverRequest, to_id: str, taker_id: str = "") -> cover.Telling:
    schedule = config.schedules.get(request.schedule_id)
    back = config.schedules.get(request.return_schedule_id)
    user = config.users.get(to_id)
    zone = (user.time_zone if user else "") or (schedule.time_zone if schedule else "") or "Etc/UTC"
    return cover.Telling(
        request=request,
        schedule=schedule.name if schedule else "a removed schedule",
        back_schedule=back.name if back is not None and back is not schedule else "",
        zone=zone_named(zone),
        asker=_name(config, request.user_id),
        taker=_name(config, taker_id) if taker_id else "",
    )


def _tell(world: World, user_id: str, said: tuple[str, str], now: Moment, request_id: str = "") -> Decision:
    subject, text = said
    words = Words(subject=subject, text=text, request_id=request_id)
    return _said(world, words, quiet_ways(world.config, user_id), now)


def told_elsewhere(world: World, message: Message, now: Moment) -> Decision:
    """A message could not be sent: the same by the person's next way, if there is one and it still holds."""
    words = message.words
    if words is None:
        return NOTHING
    request = world.config.cover_requests.get(words.request_id)
    if words.request_id and (request is None or not request.is_open):
        return NOTHING
    ways = quiet_ways(world.config, message.user_id)
    place = next((number for number, one in enumerate(ways, 1) if one.id == message.contact_id), None)
    # Of a contact method that is not there any more: the ways that would have come after it.
    rank = _WAYS.index(message.channel)
    later = ways[place:] if place is not None else [one for one in ways if _WAYS.index(one.channel) > rank]
    return _said(world, words, later, now)


def _said(world: World, words: Words, ways: Sequence[ContactMethod], now: Moment) -> Decision:
    """By the first of these ways, if there is one."""
    return news.sent(ways[0], words.subject, words.text, world.ids, now, words=words) if ways else NOTHING


def quiet_ways(config: Config, user_id: str) -> list[ContactMethod]:
    """By what a person is told what is not urgent, in the order of trying; empty when there is nothing but a call."""
    user = config.users.get(user_id)
    if user is None or not user.active:
        return []
    ways = [one for one in config.contacts_of.get(user_id, ()) if one.enabled and one.channel in _WAYS]
    return sorted(ways, key=lambda one: _WAYS.index(one.channel))


def _name(config: Config, user_id: str) -> str:
    user = config.users.get(user_id)
    return user.name if user is not None else "A removed person"
