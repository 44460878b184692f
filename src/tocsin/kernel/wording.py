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
    the number is the value `num`. Whatever is done to it as text (joined, cut, formatted) leaves plain English.
    """

    __slots__ = ("many", "template", "values")

    template: str
    many: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any], many: str = "") -> Self:
        """The text of `template`, or of `many` if `values["num"]` is not 1, with `%(name)s` filled in."""
        form = many if many and values["num"] != 1 else template
        made = super().__new__(cls, form % values if values else form)
        made.template, made.many, made.values = template, many, values
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.template, dict(self.values), self.many)


def phrase(template: str, /, **values: object) -> Phrase:
    """A sentence that can be said in other languages, `%(name)s` filled in; without values `%` stands for itself.

    Mark whole sentences: another language has another order. An optional part is a phrase of its own, handed in as a
    value that is "" where it is missing.
    """
    return Phrase(template, values)


def nphrase(one: str, many: str, num: int, /, **values: object) -> Phrase:
    """The same for a number of things: `one` for 1, `many` for others; `%(num)s` is the number."""
    return Phrase(one, {"num": num, **values}, many)


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
    Via.API: " through the API",
    Via.SMS: " by text",
    Via.VOICE: " by phone call",
    Via.EMAIL: " by mail",
    Via.WEBHOOK: " by webhook",
    Via.CLI: " on the command line",
}


def door(actor: Actor) -> str:
    """How the actor came in, as the end of a sentence: " by phone call". Empty where it says nothing new."""
    return _DOORS.get(actor.via, "") if actor.kind in (ActorKind.USER, ActorKind.KEY) else ""


def listed(names: Iterable[str]) -> str:
    """As people list names: "Alice", "Alice and Bob", "Alice, Bob and Carol"; "nobody" for none."""
    every = list(names)
    if len(every) < 2:
        return every[0] if every else "nobody"
    return f"{', '.join(every[:-1])} and {every[-1]}"


def sentence_case(text: str) -> str:
    """The text with its first letter large; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def span_words(span: Span) -> str:
    """A duration as people say it, two units at most: "38 ms", "1.9 s", "41 s", "4 min 10 s", "3 h", "2 d 5 h"."""
    if span < SECOND:
        return f"{max(0, span) // MILLISECOND} ms"
    if span < 10 * SECOND:
        return f"{span / SECOND:.1f} s".replace(".0 s", " s")
    for large, small, large_word, small_word in (
        (DAY, HOUR, "d", "h"),
        (HOUR, MINUTE, "h", "min"),
        (MINUTE, SECOND, "min", "s"),
    ):
        if span >= large:
            rest = span % large // small
            return f"{span // large} {large_word}" + (f" {rest} {small_word}" if rest else "")
    return f"{span // SECOND} s"
