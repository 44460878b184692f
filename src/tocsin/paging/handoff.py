"""What a person is told of a hand-off: that a shift of theirs begins or ends, when, with whom, and for what.

Decides wording only; times stand on the clock of the person's own zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tocsin.kernel.time import Moment, to_datetime
from tocsin.kernel.wording import listed
from tocsin.oncall.handoffs import Handoff

_LISTED = 5
"""Services, and people, that are named; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A hand-off with names. `far`, `others` and `beside` as in `oncall.Sides`; `zone`: the person's."""

    handoff: Handoff
    schedule: str
    zone: ZoneInfo
    far: Moment | None
    others: Sequence[str]
    beside: Sequence[str]
    services: Sequence[str]


def subject(one: Occasion, now: Moment) -> str:
    """One line."""
    verb = _verb(one, now, ("begins", "ends"), ("has begun", "has ended"))
    return f"Your shift on {one.schedule} {verb}: {_shown(one, one.handoff.at)}"


def text(one: Occasion, now: Moment) -> str:
    """All there is to say, the most important first: on a small screen the end is cut off."""
    verb = _verb(one, now, ("begins", "ends"), ("began", "ended"))
    when = f"{_shown(one, one.handoff.at)} ({one.zone.key})"
    says = [f"Your shift on {one.schedule} {verb} {when}. {_far(one)}", _who(one)]
    if one.services:
        says.append(f"It covers {_few(one.services)}.")
    return " ".join(says)


def _verb(one: Occasion, now: Moment, ahead: tuple[str, str], past: tuple[str, str]) -> str:
    begins, ends = past if one.handoff.at < now else ahead
    return begins if one.handoff.begins else ends


def _far(one: Occasion) -> str:
    if one.far is None:
        return "It has no end in sight." if one.handoff.begins else "It began long ago."
    return f"It {'ends' if one.handoff.begins else 'began'} {_shown(one, one.far)}."


def _who(one: Occasion) -> str:
    if one.handoff.begins:
        first = f"You take over from {_few(one.others)}." if one.others else "Nobody hands over to you."
    elif one.others:
        first = f"{_few(one.others)} {'take' if len(one.others) > 1 else 'takes'} over."
    else:
        first = "Nobody takes your place."
    if not one.beside:
        return first
    return f"{first} {_few(one.beside)} {'are' if len(one.beside) > 1 else 'is'} on call too."


def _few(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return listed([*names[:_LISTED], f"{more} more"] if more > 0 else names)


def _shown(one: Occasion, moment: Moment) -> str:
    """On the person's wall clock: "Mon 12 Jan 2026 09:00"."""
    local = to_datetime(moment).astimezone(one.zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"
