"""How facts become sentences: what a sentence may ask for, and the small words that all of them share.

A `Phrase` is English text that remembers what it was made from, so that pages can say it in another language; it is a
`str` like any other everywhere else. Decides wording of spans, lists and doors only. A station's own sentences stand in
its `text` (or `timeline`) module. Never looks anything up: names and times come from the reader's `Names`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Moment, Span


class Phrase(str):
    """A sentence or a part of one, in English, with the `template` and `values` that it was made from.

    Values may be phrases themselves. `many` is the template for another number than one, "" where there is no number;
    the number is the value `num`. `large`: it begins a sentence, its first letter is a capital one in every language.
    Whatever is done to it as text (joined, cut, formatted) leaves plain English.
    """

    __slots__ = ("large", "many", "template", "values")

    template: str
    many: str
    values: Mapping[str, Any]
    large: bool

    def __new__(cls, template: str, values: Mapping[str, Any], many: str = "", *, large: bool = False) -> Self:
        """The text of `template`, or of `many` if `values["num"]` is not 1, with `%(name)s` filled in."""
        form = many if many and values["num"] != 1 else template
        text = form % values if values else form
        made = super().__new__(cls, _capital(text) if large else text)
        made.template, made.many, made.values, made.large = template, many, values, large
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.template, dict(self.values), self.many, self.large)


def _again(template: str, values: Mapping[str, Any], many: str, large: bool) -> Phrase:  # noqa: FBT001 - for pickle
    return Phrase(template, values, many, large=large)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def plain_text(value: object) -> str:
    """What encoders ask of values that they do not know: a phrase is its English. Raises TypeError for others."""
    if isinstance(value, Phrase):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form as text")


def phrase(template: str, /, **values: object) -> str:
    """A `Phrase`: it can be said in other languages. `%(name)s` is filled in; without values `%` stands for itself.

    Mark whole sentences: another language has another order. An optional part is a phrase of its own, handed in as a
    value that is "" where it is missing.
    """
    return Phrase(template, values)


def nphrase(one: str, many: str, num: int, /, **values: object) -> str:
    """The same for a number of things: `one` for 1, `many` for others; `%(num)s` is the number."""
    return Phrase(one, {"num": num, **values}, many)


VERBATIM = "%(verbatim)s"
"""The template of what is the same in every language."""


def verbatim(text: str) -> str:
    """Marks a name that programs give, or a text as somebody typed it: the same in every language, also in pages."""
    return Phrase(VERBATIM, {"verbatim": text})


def word(text: str) -> str:
    """Marks a word or sentence that is shown elsewhere, by `phrase(...)` of what is held."""
    return text


def stored(template: str, /, **values: object) -> str:
    """The text of a reason that records keep: plain English for ever, found again by its template where it is shown."""
    return template % values if values else template


class Names(Protocol):
    """What a sentence calls things, for one reader. Every method answers for unknown ids too ("a removed person")."""

    def actor(self, actor: Actor) -> str:
        """Who did it: "Bob", "Prometheus", "Tocsin"."""

    def person(self, user_id: str) -> str:
        """A person's name."""

    def service(self, service_id: str) -> str:
        """A service's name."""

    def priority(self, priority_id: str) -> str:
        """A priority's name."""

    def incident(self, incident_id: str) -> str:
        """An incident's number: "#41"."""

    def at(self, moment: Moment) -> str:
        """A moment on the reader's wall clock: "02:14:07", with the day when it is another one."""


_DOORS = {
    Via.API: phrase(" through the API"),
    Via.SMS: phrase(" by text"),
    Via.VOICE: phrase(" by phone call"),
    Via.EMAIL: phrase(" by mail"),
    Via.WEBHOOK: phrase(" by webhook"),
    Via.CLI: phrase(" on the command line"),
}


def door(actor: Actor) -> str:
    """How the actor came in, as the end of a sentence: " by phone call". Empty where it says nothing new."""
    return _DOORS.get(actor.via, "") if actor.kind in (ActorKind.USER, ActorKind.KEY) else ""


def joined(texts: Iterable[str], comma: str = ", ") -> str:
    """The texts one after the other, "a, b, c", each in its own language; `comma` is the same in all of them."""
    every = list(texts)
    if not any(isinstance(one, Phrase) for one in every):
        return comma.join(every)
    places = {f"n{number}": one for number, one in enumerate(every)}
    return Phrase(comma.join(f"%({name})s" for name in places), places)


def listed(names: Iterable[str]) -> str:
    """As people list names: "Alice", "Alice and Bob", "Alice, Bob and Carol"; "nobody" for none."""
    every = list(names)
    if len(every) < 2:
        return every[0] if every else phrase("nobody")
    return phrase("%(names)s and %(last)s", names=joined(every[:-1]), last=every[-1])


def sentence_case(text: str) -> str:
    """The text with its first letter large; the rest stays as it is."""
    if isinstance(text, Phrase):
        return Phrase(text.template, text.values, text.many, large=True)
    return _capital(text)


def span_words(span: Span) -> str:
    """A duration as people say it, two units at most: "38 ms", "1.9 s", "41 s", "4 min 10 s", "3 h", "2 d 5 h"."""
    if span < SECOND:
        return phrase("%(count)s ms", count=max(0, span) // MILLISECOND)
    if span < 10 * SECOND:
        tenths = float(f"{span / SECOND:.1f}")
        return phrase("%(count)s s", count=int(tenths) if tenths.is_integer() else tenths)
    if span >= DAY:
        return _two_units(_days(span // DAY), _hours(span % DAY // HOUR), span % DAY // HOUR)
    if span >= HOUR:
        return _two_units(_hours(span // HOUR), _minutes(span % HOUR // MINUTE), span % HOUR // MINUTE)
    if span >= MINUTE:
        return _two_units(_minutes(span // MINUTE), _seconds(span % MINUTE // SECOND), span % MINUTE // SECOND)
    return _seconds(span // SECOND)


def compact(span: Span) -> str:
    """One unit, for ages in rows: "41 s", "4 min", "3 h", "2 d"."""
    if span < MINUTE:
        return _seconds(span // SECOND)
    if span < HOUR:
        return _minutes(span // MINUTE)
    return _hours(span // HOUR) if span < 48 * HOUR else _days(span // DAY)


def _two_units(large: str, small: str, rest: int) -> str:
    return joined((large, small), " ") if rest else large


def _seconds(count: int) -> str:
    return phrase("%(count)s s", count=count)


def _minutes(count: int) -> str:
    return phrase("%(count)s min", count=count)


def _hours(count: int) -> str:
    return phrase("%(count)s h", count=count)


def _days(count: int) -> str:
    return phrase("%(count)s d", count=count)
