"""What the forms of layers and of shifts share: rows of people as typed, the buttons of a row, and how fields are read.

Decides which texts are a number, a time of day, a moment; what can't be read is noted at its field. Knows neither
layers nor rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.web.language import gettext as _
from tocsin.web.times import Times
from tocsin.web.typed_times import field_of, moment_of

NOBODY: Final = "nobody"
"""What the list of people sends for an unassigned place."""

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)

Problems = dict[str, str]
"""Name of a field -> what is wrong with it."""

Sent = Mapping[str, Sequence[str]]
"""The fields of a sent form: name -> its texts, in order."""


@dataclass(frozen=True, slots=True)
class RowDraft:
    """What serves, as typed: a layer, or shifts that recur. `key` names its fields: "l3-name".

    `kept`: it is shown closed, and stays as it is stored. `add`: chosen beside the list of people, not yet in it.
    """

    key: str
    id: str = ""
    kept: bool = False
    name: str = ""
    people: tuple[str, ...] = ()
    add: str = ""


T = TypeVar("T")
Row = TypeVar("Row", bound=RowDraft)


def keys_sent(form: Sent, name: str) -> list[str]:
    """The keys that a repeated field names, in order, each once."""
    return [key for key in dict.fromkeys(form.get(name, ())) if key.isascii() and key.isdigit() and len(key) < 4]


def next_key(keys: Iterable[str]) -> str:
    """One that is free."""
    return str(max(map(int, keys), default=-1) + 1)


def text_of(form: Sent, name: str) -> str:
    """What stands in a field, without space around it; "" for a field that wasn't sent."""
    return next(iter(form.get(name, ())), "").strip()


def pressed(do: str) -> tuple[str, str, int]:
    """What a button says: the word, the key of its row, and a place in that row. "up-3-1": up, 3, 1."""
    word, _dash, rest = do.partition("-")
    key, _dash, number = rest.partition("-")
    return word, key, int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0


def moved(things: list[T], place: int, to: int) -> list[T]:
    """The list with one of its things elsewhere; as it was where there is no such place."""
    if not (0 <= place < len(things) and 0 <= to < len(things)):
        return things
    left = things[:place] + things[place + 1 :]
    return [*left[:to], things[place], *left[to:]]


def with_added(one: Row) -> Row:
    """Whoever is chosen beside the list stands at its end: also when the button for that was not pressed."""
    return replace(one, people=(*one.people, "" if one.add == NOBODY else one.add), add="") if one.add else one


def people_acted(one: Row, word: str, place: int) -> Row:
    """The row after a button of its people: "add", "out", "up" or "down"; any other word changes nothing."""
    people = list(one.people)
    if word == "add":
        return with_added(one)
    if word == "out":
        return replace(one, people=tuple(people[:place] + people[place + 1 :]))
    if word in ("up", "down"):
        return replace(one, people=tuple(moved(people, place, place - 1 if word == "up" else place + 1)))
    return one


class Reader:
    """Reads the texts of one row; what can't be read is noted at its field."""

    def __init__(self, key: str, problems: Problems) -> None:
        self._key, self._problems = key, problems

    def wrong(self, name: str, text: str) -> None:
        """Note what is wrong with a field of this row; what was noted first stays."""
        self._problems.setdefault(f"l{self._key}-{name}", text)

    def is_wrong(self) -> bool:
        """Whether anything was noted."""
        return any(name.startswith(f"l{self._key}-") for name in self._problems)

    def has_people(self, people: Sequence[str]) -> None:
        """Note it if there is nobody."""
        if not people:
            self.wrong("add", _("Choose at least one person."))

    def number(self, name: str, typed: str) -> int | None:
        """A whole number above zero."""
        if typed.isascii() and typed.isdigit() and len(typed) < 9 and int(typed):
            return int(typed)
        self.wrong(name, _("Give a whole number above zero."))
        return None

    def seconds(self, name: str, typed: str) -> int | None:
        """Seconds after midnight."""
        match = _CLOCK.fullmatch(typed.strip())
        if match is None:
            self.wrong(name, _("Give a time of day, like 09:00."))
            return None
        return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)

    def moment(self, name: str, typed: str, times: Times, shown: tuple[str, Moment | None]) -> Moment | None:
        """A moment on this clock, None for nothing typed. `shown`: text and moment that the field began with."""
        if typed == shown[0]:
            return shown[1]
        if not typed:
            return None
        try:
            return moment_of(times, typed, _("This"))
        except Invalid as error:
            self.wrong(name, error.message)
            return None


def moment_typed(times: Times, moment: Moment | None) -> str:
    """What the field of a moment holds, "" for none."""
    return field_of(times, moment) if moment is not None else ""
