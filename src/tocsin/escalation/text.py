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
from tocsin.kernel.time import SECOND
from tocsin.kernel.wording import Names, door, listed, sentence_case, span_words

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _is(names: list[str]) -> str:
    return f"{listed(names)} {'is' if len(names) < 2 else 'are'}"


def _reached(_actor: Actor, fact: LevelReached, names: Names) -> str:
    who = _is([names.person(user_id) for user_id in fact.user_ids])
    again = " again" if fact.resumed else ""
    if not fact.level:
        return f"{who} called{again}"
    place = f"level {fact.level}" + (f", pass {fact.pass_number} of {fact.passes}" if fact.passes > 1 else "")
    after = f"; the next level at {names.at(fact.next_at)}" if fact.next_at else ""
    return f"{who} called{again} ({place}){after}"


def _requested(actor: Actor, fact: EscalationRequested, names: Names) -> str:
    where = f"level {fact.level}" if fact.level else "the next level"
    return f"{names.actor(actor)} sent it on to {where}{' of another policy' if fact.policy_id else ''}{door(actor)}"


def _skipped(_actor: Actor, fact: LevelSkipped, _names: Names) -> str:
    if not fact.level:
        return f"The escalation policy goes on: {fact.reason}"
    return f"Level {fact.level} was skipped: {fact.reason}"


def _repeated(_actor: Actor, fact: PassRepeated, _names: Names) -> str:
    return f"Nobody answered; pass {fact.pass_number} of {fact.passes} begins"


def _exhausted(_actor: Actor, fact: PolicyExhausted, _names: Names) -> str:
    passes = f" ({fact.passes} {'pass' if fact.passes == 1 else 'passes'})"
    return f"{sentence_case(fact.reason)}; the escalation policy is used up{passes}"


def _last_resort(_actor: Actor, fact: LastResortReached, names: Names) -> str:
    who = _is([names.person(user_id) for user_id in fact.user_ids])
    again = f"; again at {names.at(fact.next_at)}" if fact.next_at else ""
    return f"{who} called as the last resort ({fact.who}, round {fact.round_number}){again}"


def _nobody(_actor: Actor, fact: NobodyToPage, _names: Names) -> str:
    return f"Nobody can be paged: {fact.reason}"


def _stopped(_actor: Actor, fact: EscalationStopped, _names: Names) -> str:
    return f"Nobody further is called: {fact.reason}"


def _skipped_waiting(_actor: Actor, fact: WaitingSkipped, names: Names) -> str:
    minutes, seconds = divmod(round(fact.skipped / SECOND), 60)
    span = " ".join(part for part in (f"{minutes} min" if minutes else "", f"{seconds} s" if seconds else "") if part)
    return f"Demo: skipped {span or 'a moment'}; the next step comes at {names.at(fact.next_at)}"


def _clock_set_back(_actor: Actor, fact: ClockSetBack, names: Names) -> str:
    return f"The clock was set back by {span_words(fact.back)}; the next step comes at {names.at(fact.next_at)}"


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
