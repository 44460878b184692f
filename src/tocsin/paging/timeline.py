"""How each fact of the paging station reads on a timeline, person first. Decides wording only.

What a page itself says to a person stands in `text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.directory.model import Channel
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, Phrase, phrase, sentence_case, span_words
from tocsin.paging.messages import (
    PageAnswered,
    PageAttemptFailed,
    PageBundled,
    PageDelivered,
    PageNotSent,
    PagePlanned,
    PageSent,
    PageStarted,
)
from tocsin.paging.model import Answer

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]

_WORDS = {
    Channel.EMAIL: phrase("mail"),
    Channel.SMS: phrase("text"),
    Channel.VOICE: phrase("phone call"),
    Channel.WEBHOOK: phrase("webhook"),
    Channel.PUSH: phrase("push message"),
}
_ANSWERS = {
    Answer.ACKNOWLEDGE: phrase("I have it"),
    Answer.RESOLVE: phrase("it is over"),
    Answer.ESCALATE: phrase("call the next level"),
}


def channel_word(channel: str) -> str:
    """What people call a channel: "text", "phone call"."""
    return _WORDS[Channel(channel)] if channel in {one.value for one in Channel} else channel


def _to(fact: PageSent | PageDelivered | PageAttemptFailed | PageBundled, names: Names) -> str:
    way = channel_word(fact.channel)
    return phrase(
        "%(way)s to %(person)s",
        way=sentence_case(way) if isinstance(way, Phrase) else way.capitalize(),
        person=names.person(fact.user_id),
    )


def _planned(_actor: Actor, fact: PagePlanned, names: Names) -> str:
    return phrase(
        "%(who)s will be reached by %(way)s at %(at)s unless somebody answers",
        who=names.person(fact.user_id),
        way=channel_word(fact.channel),
        at=names.at(fact.due_at),
    )


def _started(_actor: Actor, fact: PageStarted, names: Names) -> str:
    return phrase(
        "%(who)s is paged by %(way)s%(attempt)s: %(why)s",
        who=names.person(fact.user_id),
        way=channel_word(fact.channel),
        attempt=phrase(", attempt %(number)s", number=fact.attempt) if fact.attempt > 1 else "",
        why=phrase(fact.why),
    )


def _sent(_actor: Actor, fact: PageSent, names: Names) -> str:
    return phrase("%(to)s: sent after %(span)s", to=_to(fact, names), span=span_words(fact.after))


def _delivered(_actor: Actor, fact: PageDelivered, names: Names) -> str:
    return phrase("%(to)s: delivered", to=_to(fact, names))


def _failed(_actor: Actor, fact: PageAttemptFailed, names: Names) -> str:
    then = phrase("; again at %(at)s", at=names.at(fact.next_at)) if fact.next_at else phrase("; given up")
    return phrase(
        "%(to)s: attempt %(number)s failed, %(detail)s%(then)s",
        to=_to(fact, names),
        number=fact.attempt,
        detail=phrase(fact.detail) if fact.detail else phrase("no reason given"),
        then=then,
    )


def _bundled(_actor: Actor, fact: PageBundled, names: Names) -> str:
    return phrase(
        "%(to)s waits until %(at)s: %(reason)s",
        to=_to(fact, names),
        at=names.at(fact.due_at),
        reason=phrase(fact.reason),
    )


def _not_sent(_actor: Actor, fact: PageNotSent, names: Names) -> str:
    way = phrase(" by %(way)s", way=channel_word(fact.channel)) if fact.channel else ""
    return phrase(
        "%(who)s was not paged%(way)s: %(reason)s",
        who=names.person(fact.user_id),
        way=way,
        reason=phrase(fact.reason),
    )


def _answered(_actor: Actor, fact: PageAnswered, names: Names) -> str:
    return phrase(
        "%(who)s answered the %(way)s: %(answer)s",
        who=names.person(fact.user_id),
        way=channel_word(fact.channel),
        answer=_ANSWERS[fact.answer],
    )


SENTENCES: Mapping[type[Fact], Sentence] = {
    PagePlanned: _planned,
    PageStarted: _started,
    PageSent: _sent,
    PageDelivered: _delivered,
    PageAttemptFailed: _failed,
    PageBundled: _bundled,
    PageNotSent: _not_sent,
    PageAnswered: _answered,
}
"""Every fact of this station."""
