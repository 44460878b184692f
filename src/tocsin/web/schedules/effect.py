"""What a change of a schedule means, in people: who gains and loses shifts, what gaps open, whom the next page calls.

Decides the words and how much of it is shown. What changes `oncall` compares; nothing is saved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tocsin.kernel.time import Moment, Span
from tocsin.kernel.wording import span_words
from tocsin.oncall import Comparison, Gap, Schedule, Share, Stretch, compare, who_is_on_call
from tocsin.web.language import gettext as _
from tocsin.web.language import ngettext
from tocsin.web.schedules.ground import exceptions_of
from tocsin.web.schedules.words import span_of
from tocsin.web.visit import Visit

STRETCHES: Final = 60
"""Changed stretches that are shown; the others are counted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change means. `shares`: person, name, and in words what they gain or lose; `button`: of the save."""

    comparison: Comparison
    shares: tuple[tuple[str, str, str], ...]
    stretches: tuple[tuple[Stretch, list[tuple[str, str]], list[tuple[str, str]]], ...]
    more: int
    next_people: tuple[tuple[str, str], ...]
    gap_words: str
    sentence: str


def effect_of(visit: Visit, before: Schedule | None, after: Schedule, begins: Moment) -> Effect:
    """What the change means for people from its moment on. Overrides are the same before and after."""
    exceptions = exceptions_of(visit, after)
    found = compare((before, exceptions) if before is not None else None, (after, exceptions), begins)
    name = visit.names.person
    shares = tuple((one.user_id, name(one.user_id), share_words(one)) for one in found.shares)
    on_call = who_is_on_call(after, exceptions, begins)
    gap = gap_words(visit, found.opened)
    told = [
        (one, [(who, name(who)) for who in one.was], [(who, name(who)) for who in one.now])
        for one in found.stretches[:STRETCHES]
    ]
    return Effect(
        comparison=found,
        shares=shares,
        stretches=tuple(told),
        more=max(0, len(found.stretches) - STRETCHES),
        next_people=tuple((one, name(one)) for one in on_call),
        gap_words=gap,
        sentence=_sentence(visit, shares, gap, [name(one) for one in on_call], begins),
    )


def share_words(share: Share) -> str:
    """What a person gains or loses: "−2 shifts, −2 d"; where shifts that meet become one, the time says it."""
    shifts, span = share.shifts_after - share.shifts_before, share.time_after - share.time_before
    words = []
    if shifts * span < 0:
        return f"{_signed(span)}, {_('in fewer shifts') if shifts < 0 else _('in more shifts')}"
    if shifts:
        counted = ngettext("%(num)s shift", "%(num)s shifts", abs(shifts))
        words.append(f"{'+' if shifts > 0 else '−'}{counted}")
    if span:
        words.append(_signed(span))
    return ", ".join(words)


def _signed(span: Span) -> str:
    return f"{'+' if span > 0 else '−'}{span_words(abs(span))}"


def gap_words(visit: Visit, gaps: tuple[Gap, ...]) -> str:
    """The first gap that opens and how many more there are; "" for none."""
    if not gaps:
        return ""
    stretch = span_of(visit.times, gaps[0].start, gaps[0].end)
    if len(gaps) == 1:
        return _("nobody %(stretch)s", stretch=stretch)
    return _("nobody %(stretch)s and %(count)s more", stretch=stretch, count=len(gaps) - 1)


def _sentence(
    visit: Visit, shares: tuple[tuple[str, str, str], ...], gap: str, on_call: list[str], begins: Moment
) -> str:
    """The change in one line: "Alice −2 shifts, Dave +2 shifts; no new gap; the next page goes to Dave"."""
    people = ", ".join(f"{name} {words.split(',')[0]}" for _id, name, words in shares[:6])
    if len(shares) > 6:
        people = _("%(people)s and %(count)s more people", people=people, count=len(shares) - 6)
    parts = [people or _("Nobody’s shifts change"), gap or _("no new gap")]
    if begins > visit.now:
        when = visit.times.minute(begins)
        parts.append(_("the first page after %(when)s goes to %(names)s", when=when, names=_names(on_call)))
    else:
        parts.append(_("the next page goes to %(names)s", names=_names(on_call)))
    return "; ".join(parts)


def _names(names: list[str]) -> str:
    return ", ".join(names) or _("nobody")
