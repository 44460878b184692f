"""How each fact of the escalation station reads on a timeline, person first. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.escalation.messages import (
    ClockSetBack,
    EscalationRequested,
    EscalationStopped,
    LastResortReached,
    LevelReached,
    LevelSkipped,
    NobodyToPage,
    PassRepeated,
    PolicyExhausted,
    WaitingSkipped,
)
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.time import SECOND, Span
from tocsin.kernel.wording import Names, door, joined, listed, nphrase, phrase, sentence_case, span_words

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _reached(_actor: Actor, fact: LevelReached, names: Names) -> str:
    who = listed(names.person(user_id) for user_id in fact.user_ids)
    again = phrase(" again") if fact.resumed else ""
    if not fact.level:
        return nphrase(
            "%(people)s is called%(again)s",
            "%(people)s are called%(again)s",
            max(1, len(fact.user_ids)),
            people=who,
            again=again,
        )
    place: str = phrase("level %(level)s", level=fact.level)
    if fact.passes > 1:
        place = phrase(
            "level %(level)s, pass %(number)s of %(passes)s",
            level=fact.level,
            number=fact.pass_number,
            passes=fact.passes,
        )
    return nphrase(
        "%(people)s is called%(again)s (%(place)s)%(after)s",
        "%(people)s are called%(again)s (%(place)s)%(after)s",
        max(1, len(fact.user_ids)),
        people=who,
        again=again,
        place=place,
        after=phrase("; the next level at %(at)s", at=names.at(fact.next_at)) if fact.next_at else "",
    )


def _requested(actor: Actor, fact: EscalationRequested, names: Names) -> str:
    where = phrase("level %(level)s", level=fact.level) if fact.level else phrase("the next level")
    return phrase(
        "%(who)s sent it on to %(where)s%(whose)s%(door)s",
        who=names.actor(actor),
        where=where,
        whose=phrase(" of another policy") if fact.policy_id else "",
        door=door(actor),
    )


def _skipped(_actor: Actor, fact: LevelSkipped, _names: Names) -> str:
    if not fact.level:
        return phrase("The escalation policy goes on: %(reason)s", reason=phrase(fact.reason))
    return phrase("Level %(level)s was skipped: %(reason)s", level=fact.level, reason=phrase(fact.reason))


def _repeated(_actor: Actor, fact: PassRepeated, _names: Names) -> str:
    return phrase("Nobody answered; pass %(number)s of %(passes)s begins", number=fact.pass_number, passes=fact.passes)


def _exhausted(_actor: Actor, fact: PolicyExhausted, _names: Names) -> str:
    return nphrase(
        "%(reason)s; the escalation policy is used up (%(num)s pass)",
        "%(reason)s; the escalation policy is used up (%(num)s passes)",
        fact.passes,
        reason=sentence_case(phrase(fact.reason)),
    )


def _last_resort(_actor: Actor, fact: LastResortReached, names: Names) -> str:
    return nphrase(
        "%(people)s is called as the last resort (%(which)s, round %(number)s)%(again)s",
        "%(people)s are called as the last resort (%(which)s, round %(number)s)%(again)s",
        max(1, len(fact.user_ids)),
        people=listed(names.person(user_id) for user_id in fact.user_ids),
        which=phrase(fact.who),
        number=fact.round_number,
        again=phrase("; again at %(at)s", at=names.at(fact.next_at)) if fact.next_at else "",
    )


def _nobody(_actor: Actor, fact: NobodyToPage, _names: Names) -> str:
    return phrase("Nobody can be paged: %(reason)s", reason=phrase(fact.reason))


def _stopped(_actor: Actor, fact: EscalationStopped, _names: Names) -> str:
    return phrase("Nobody further is called: %(reason)s", reason=phrase(fact.reason))


def _skipped_waiting(_actor: Actor, fact: WaitingSkipped, names: Names) -> str:
    whole = round(fact.skipped / SECOND) * SECOND
    return phrase(
        "Demo: skipped %(span)s; the next step comes at %(at)s",
        span=_minutes_and_seconds(whole) if whole else phrase("a moment"),
        at=names.at(fact.next_at),
    )


def _minutes_and_seconds(span: Span) -> str:
    minutes, seconds = divmod(span // SECOND, 60)
    parts = (phrase("%(count)s min", count=minutes) if minutes else "", span_words(seconds * SECOND) if seconds else "")
    return joined(filter(None, parts), " ")


def _clock_set_back(_actor: Actor, fact: ClockSetBack, names: Names) -> str:
    return phrase(
        "The clock was set back by %(span)s; the next step comes at %(at)s",
        span=span_words(fact.back),
        at=names.at(fact.next_at),
    )


SENTENCES: Mapping[type[Fact], Sentence] = {
    EscalationRequested: _requested,
    LevelReached: _reached,
    LevelSkipped: _skipped,
    PassRepeated: _repeated,
    PolicyExhausted: _exhausted,
    LastResortReached: _last_resort,
    NobodyToPage: _nobody,
    EscalationStopped: _stopped,
    WaitingSkipped: _skipped_waiting,
    ClockSetBack: _clock_set_back,
}
"""Every fact of this station."""
