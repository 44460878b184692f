"""How each fact of the paging station reads on a timeline, person first. Decides wording only.

What a page itself says to a person stands in `text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.directory.model import Channel
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, span_words
from tocsin.paging.messages import (
    PageAnswered,
    PageAttemptFailed,
    PageBundled,
    PageDelivered,
    PageNotSent,
    PagePlanned,
    PageProven,
    PageSent,
    PageStarted,
)
from tocsin.paging.model import Answer

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]

_WORDS = {
    Channel.EMAIL: "mail",
    Channel.SMS: "text",
    Channel.VOICE: "phone call",
    Channel.WEBHOOK: "webhook",
    Channel.PUSH: "push message",
}
_ANSWERS = {Answer.ACKNOWLEDGE: "I have it", Answer.RESOLVE: "it is over", Answer.ESCALATE: "call the next level"}


def channel_word(channel: str) -> str:
    """What people call a channel: "text", "phone call"."""
    return _WORDS[Channel(channel)] if channel in {one.value for one in Channel} else channel


def _to(fact: PageSent | PageDelivered | PageAttemptFailed | PageBundled, names: Names) -> str:
    return f"{channel_word(fact.channel).capitalize()} to {names.person(fact.user_id)}"


def _planned(_actor: Actor, fact: PagePlanned, names: Names) -> str:
    way = channel_word(fact.channel)
    return f"{names.person(fact.user_id)} will be reached by {way} at {names.at(fact.due_at)} unless somebody answers"


def _started(_actor: Actor, fact: PageStarted, names: Names) -> str:
    attempt = f", attempt {fact.attempt}" if fact.attempt > 1 else ""
    return f"{names.person(fact.user_id)} is paged by {channel_word(fact.channel)}{attempt}: {fact.why}"


def _sent(_actor: Actor, fact: PageSent, names: Names) -> str:
    return f"{_to(fact, names)}: sent after {span_words(fact.after)}"


def _delivered(_actor: Actor, fact: PageDelivered, names: Names) -> str:
    return f"{_to(fact, names)}: delivered"


def _failed(_actor: Actor, fact: PageAttemptFailed, names: Names) -> str:
    then = f"; again at {names.at(fact.next_at)}" if fact.next_at else "; given up"
    return f"{_to(fact, names)}: attempt {fact.attempt} failed, {fact.detail or 'no reason given'}{then}"


def _bundled(_actor: Actor, fact: PageBundled, names: Names) -> str:
    return f"{_to(fact, names)} waits until {names.at(fact.due_at)}: {fact.reason}"


def _not_sent(_actor: Actor, fact: PageNotSent, names: Names) -> str:
    way = f" by {channel_word(fact.channel)}" if fact.channel else ""
    return f"{names.person(fact.user_id)} was not paged{way}: {fact.reason}"


def _answered(_actor: Actor, fact: PageAnswered, names: Names) -> str:
    return f"{names.person(fact.user_id)} answered the {channel_word(fact.channel)}: {_ANSWERS[fact.answer]}"


def _proven(_actor: Actor, fact: PageProven, names: Names) -> str:
    return f"{names.person(fact.user_id)} answered a test page by {channel_word(fact.channel)}"


SENTENCES: Mapping[type[Fact], Sentence] = {
    PagePlanned: _planned,
    PageStarted: _started,
    PageSent: _sent,
    PageDelivered: _delivered,
    PageAttemptFailed: _failed,
    PageBundled: _bundled,
    PageNotSent: _not_sent,
    PageAnswered: _answered,
    PageProven: _proven,
}
"""Every fact of this station."""
