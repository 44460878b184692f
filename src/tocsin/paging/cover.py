"""What people are told of a request to be covered: that they are asked, and what came of what they asked.

Decides wording only; times stand on the clock of the zone of whoever is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tocsin.kernel.time import Moment, to_datetime
from tocsin.oncall.cover import CoverRequest, RequestState

_WHERE = "Answer it on the page My shifts, under On call."
_QUOTED = 500
"""Characters of a message that are passed on; the page has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A request with names, for one person. `zone`: theirs; `asker`: whose shift it is; `taker`: who answered.

    `back_schedule`: the schedule of the time in return, "" where it is the same.
    """

    request: CoverRequest
    schedule: str
    zone: ZoneInfo
    asker: str
    taker: str = ""
    back_schedule: str = ""


def asked(one: Telling) -> tuple[str, str]:
    """Subject and text for somebody who is asked."""
    request = one.request
    when = _span(one, request.start, request.end)
    if request.is_swap:
        subject = f"{one.asker} offers you a swap on {one.schedule}"
        back = _span(one, request.return_start, request.return_end)
        text = (
            f"{one.asker} offers you a swap on {one.schedule}: you take {when}, {one.asker} takes {back}{_there(one)}"
        )
    elif request.to_id:
        subject = f"{one.asker} asks you to take a shift on {one.schedule}"
        text = f"{one.asker} asks you to be on call on {one.schedule} {when}"
    else:
        subject = f"{one.asker} asks who can take a shift on {one.schedule}"
        text = f"{one.asker} asks who can be on call on {one.schedule} {when}"
    return subject, " ".join(filter(None, (f"{text} ({one.zone.key}).", _quoted(request.message), _WHERE)))


def taken_for(one: Telling, by: str) -> tuple[str, str]:
    """Subject and text for somebody in whose place another said yes."""
    subject = f"You take a shift of {one.asker} on {one.schedule}"
    return subject, f"{subject} {_both(one)}. {by} accepted it for you."


def ended(one: Telling) -> tuple[str, str]:
    """Subject and text for whoever asked; of what was withdrawn, for whoever was asked."""
    when = _span(one, one.request.start, one.request.end)
    match one.request.state:
        case RequestState.ACCEPTED:
            subject = f"{one.taker} takes your shift on {one.schedule}"
            return subject, f"{subject} {_both(one, yours=True)}."
        case RequestState.DECLINED:
            subject = f"Your shift on {one.schedule}: nobody can take it"
            said = f"{one.taker} can't take your shift" if one.taker else "Nobody can take your shift"
            return subject, f"{said} on {one.schedule} {when} ({one.zone.key}). You still have it."
        case RequestState.WITHDRAWN:
            subject = f"{one.asker} no longer asks you to take a shift on {one.schedule}"
            return subject, f"{subject} {when} ({one.zone.key})."
        case _:
            subject = f"Your shift on {one.schedule}: nobody took it"
            return subject, f"Nobody took your shift on {one.schedule} {when} ({one.zone.key}). You have it."


def _both(one: Telling, *, yours: bool = False) -> str:
    """Both parts of a swap, or the one there is. `yours`: said to who asked."""
    request = one.request
    when = _span(one, request.start, request.end)
    if not request.is_swap:
        return f"{when} ({one.zone.key})"
    back = _span(one, request.return_start, request.return_end)
    return f"{when} ({one.zone.key}), and {'you take' if yours else f'{one.asker} takes'} {back}{_there(one)}"


def _there(one: Telling) -> str:
    return f" on {one.back_schedule}" if one.back_schedule else ""


def _span(one: Telling, start: Moment, end: Moment) -> str:
    return f"from {_shown(one.zone, start)} to {_shown(one.zone, end)}"


def _quoted(message: str) -> str:
    text = " ".join(message.split())
    return f"\u201c{text if len(text) <= _QUOTED else text[: _QUOTED - 3] + '...'}\u201d" if text else ""


def _shown(zone: ZoneInfo, moment: Moment) -> str:
    local = to_datetime(moment).astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"
