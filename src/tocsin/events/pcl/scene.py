"""What a condition looks at: one event, the variables around it, the time, and the counts of earlier events.

Decides what lies at a path, once for every path, so that hundreds of rules that look at the summary read and fold it
once. Never changes what its caller gave it: a field that is set lives in a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Self

from tocsin.events.pcl.tree import Path
from tocsin.events.pcl.values import MISSING, as_text, cut
from tocsin.kernel.time import SECOND, Moment, Span, to_datetime
from tocsin.oncall import local_time, zone_named

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})

UNREAD: Final = object()
"""What the cache of values answers for a path that nobody has looked at."""


def _no_value(*_: object) -> object:
    return None


def _first_ever(*_: object) -> int:
    return 1


class Named(str):
    """A thing that is a text to whoever compares it, its name, and has parts to whoever looks further."""

    __slots__ = ("parts",)

    def __new__(cls, name: str, parts: Mapping[str, object]) -> Self:
        """`parts`: what its paths lead to, by name."""
        made = super().__new__(cls, name)
        made.parts = parts
        return made

    parts: Mapping[str, object]


class Scene:
    """Everything that conditions about one event may ask.

    `event` and `incident` are fields by name, mappings within mappings; absent keys are absent fields. `raw` gives the
    body as it was posted, and is called at most once; `cache_var` a variable by name, None for none.
    `count(key, span, resetting)` is how many trigger events came to the rule within `span`, this one included; `key`
    is `Counter.key`. Counters that resetting comparisons have used up are collected in `spent`: their caller sets
    them to zero.

    The dictionaries are caches, by `Path.key`. Compiled conditions read them directly; whoever else wants a value
    calls `look`, `text` and the like.
    """

    __slots__ = (
        "_cache_var",
        "_raw",
        "_raw_body",
        "count",
        "event",
        "folds",
        "incident",
        "now",
        "octets",
        "spent",
        "texts",
        "values",
        "walls",
    )

    def __init__(
        self,
        event: Mapping[str, object] = _NOTHING,
        *,
        now: Moment,
        raw: Callable[[], object] | None = None,
        cache_var: Callable[[str], object] = _no_value,
        count: Callable[[str, Span, bool], int] = _first_ever,
        incident: Mapping[str, object] = _NOTHING,
    ) -> None:
        self.event = event
        self.incident = incident
        self.now = now
        self.count = count
        self.spent: list[str] = []
        self._raw = raw
        self._raw_body: object = MISSING
        self._cache_var = cache_var
        self.values: dict[str, object] = {}
        self.texts: dict[str, str | None] = {}
        self.folds: dict[str, str | None] = {}
        self.octets: dict[str, bytes | None] = {}
        self.walls: dict[str, int] = {}

    def look(self, path: Path) -> object:
        """The value at the path: None for a null, MISSING when nothing is there."""
        value = self.values.get(path.key, UNREAD)
        if value is UNREAD:
            value = self.values[path.key] = self._walk(path)
        return value

    def text(self, path: Path) -> str | None:
        """The value as a text, so much of it as is looked at; None when nothing is there."""
        try:
            return self.texts[path.key]
        except KeyError:
            found = as_text(self.look(path))
        text = self.texts[path.key] = None if found is None else cut(found)
        return text

    def fold(self, path: Path) -> str | None:
        """The text without the difference between capitals and small letters."""
        text = self.text(path)
        folded = self.folds[path.key] = None if text is None else text.casefold()
        return folded

    def encode(self, path: Path) -> bytes | None:
        """The text in UTF-8, as regular expressions read it."""
        text = self.text(path)
        octets = self.octets[path.key] = None if text is None else text.encode("utf-8", "replace")
        return octets

    def now_time(self) -> datetime:
        """Now, to be compared with other times."""
        return to_datetime(self.now)

    def wall(self, zone: str) -> int:
        """The second that a clock in that zone shows now, counted from 1970."""
        second = self.walls.get(zone)
        if second is None:
            second = self.walls[zone] = local_time(zone_named(zone), self.now) // SECOND
        return second

    def set(self, path: Path, value: object) -> bool:
        """Gives a field of the event another value; whatever looked at the event before, looks again.

        False, and nothing is changed, when the path is no field: another root, the event itself, an element of a
        list, or something on the way is no object.
        """
        names = [step for step in path.steps[1:] if isinstance(step, str)]
        if path.root != "event" or not names or len(names) != len(path.steps) - 1:
            return False
        changed = _with(self.event, names, value)
        if changed is None:
            return False
        self.event = changed
        self.forget()
        return True

    def forget(self) -> None:
        """Drops what was read, because something of it has changed. The body as posted never does."""
        self.values.clear()
        self.texts.clear()
        self.folds.clear()
        self.octets.clear()

    def _walk(self, path: Path) -> object:
        steps = path.steps
        if steps[0] == "event":
            value: object = self.event
        elif steps[0] == "raw_event":
            value = self._body()
        elif steps[0] == "cache_var":
            value = self._cache_var(str(steps[1]))
            value = MISSING if value is None else value
            steps = steps[1:]
        else:
            value = self.incident
        for step in steps[1:]:  # asking whether something is a Mapping takes five times as long
            value = value.get(step, MISSING) if type(value) is dict else _within(value, step)
        return value

    def _body(self) -> object:
        if self._raw_body is MISSING and self._raw is not None:
            self._raw_body = self._raw()
        return self._raw_body


def _within(value: object, step: str | int) -> object:
    if isinstance(step, str):
        if isinstance(value, Named):
            value = value.parts
        return value.get(step, MISSING) if isinstance(value, Mapping) else MISSING
    if isinstance(value, list | tuple) and step < len(value):
        return value[step]
    return MISSING


def _with(fields: Mapping[str, object], names: list[str], value: object) -> Mapping[str, object] | None:
    """A copy in which one field differs; None when something on the way is no object. Absent objects are made."""
    name, rest = names[0], names[1:]
    if not rest:
        return {**fields, name: value}
    inner = fields.get(name)
    inner = {} if inner is None else inner
    changed = _with(inner, rest, value) if isinstance(inner, Mapping) else None
    return None if changed is None else {**fields, name: changed}
