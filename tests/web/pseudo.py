"""A language that nobody speaks, in which each sentence stands in ⟦ ⟧: what stands outside was not translated.

Values stand outside too, so that they are looked at by themselves: each is a name or a text of the scene, or a sentence
of its own.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from babel import Locale
from babel.messages.catalog import Catalog

from scripts.messages import found, meant
from tests.web.place import AGENT, Place
from tocsin.engine.config import Config
from tocsin.engine.kinds import KINDS
from tocsin.events import pcl
from tocsin.kernel.wording import VERBATIM
from tocsin.runtime.reads import AlertFilter, AuditFilter, IncidentFilter, OutcomeFilter, TimelineFilter
from tocsin.web import language
from tocsin.web.entrances import GENERAL
from tocsin.web.render import host_of

NAME: Final = "de"
"""Whose place it takes."""

_LOCALE: Final = Locale(NAME)
_DAY: Final = re.compile(
    "|".join(
        rf"\b{re.escape(name)}(?!\w)"
        for names in (_LOCALE.days["format"], _LOCALE.days["stand-alone"], _LOCALE.months["format"])
        for width in ("wide", "abbreviated")
        for name in names[width].values()
    )
    + r"|\b(Mo|Di|Mi|Do|Fr|Sa|So)\b"
)
"""Days and months come from Babel."""

_PLACE: Final = re.compile(r"%\(\w+\)s")
_SHOWN: Final = ("aria-label", "title", "placeholder", "alt")
_NO_TEXT: Final = frozenset({"script", "style", "template", "code", "pre", "kbd", "time"})
_VOID: Final = frozenset({"meta", "link", "input", "br", "hr", "img", "col", "wbr"})

ALLOWED: Final = frozenset(
    {"Tocsin", "UTC", "Etc", "Ctrl K", "K", "PagerDuty", "SQLite", *language.LANGUAGES.values(), AGENT}
)
"""Names that are the same in every language, languages by what their speakers call them, the browser of these tests."""

_CODE: Final = re.compile(
    r"\w+://\S+"  # addresses
    r"|(?<![\w.])[\w-]+(?:/[\w-]+)*(?:\.[\w-]+)+"  # hosts, files, fields, versions: words with dots between them
    r"|(?<!\w)(?:/[\w.-]+)+"  # folders and paths
    r"|\bTOCSIN_\w+"  # settings
    r"|\d (?:[TGMk]?B)\b"  # sizes
    r"|\b[\w.]+\s+\"[^\"]*\""  # what a condition compares: a field beside a text in straight quotes
)
"""Names that programs give, which are the same in every language."""

REASONS: Final = frozenset({"reason", "why", "detail", "suppressed", "who", "missing"})
"""Fields that hold sentences of ours: no data."""


class Pseudo(gettext.NullTranslations):
    """The catalogue: it knows exactly what `make messages` finds."""

    def __init__(self) -> None:
        super().__init__()
        self.known = found()

    def gettext(self, message: str) -> str:
        if message == VERBATIM:
            return f"⟦{VERBATIM}⟧"
        return _fenced(message) if message in self.known else message

    def pgettext(self, context: str, message: str) -> str:
        return _fenced(message) if f"{context}\x04{message}" in self.known else message

    def ngettext(self, one: str, many: str, num: int) -> str:
        known = self.known.get(one, ("", False))[0]
        form = one if num == 1 else many
        return _fenced(form) if known == (one, many) else form


def _fenced(message: str) -> str:
    return f"⟦{_PLACE.sub(lambda place: f'⟧{place.group()}⟦', message)}⟧"


@contextmanager
def spoken() -> Iterator[None]:
    """Pages that ask for German get the pseudo language inside."""
    words = Pseudo()
    catalogue = Catalog(NAME)
    for message, kept in words.known.values():
        context, word = meant(message if isinstance(message, str) else message[0])
        comments = [language.KEPT] if kept else []
        catalogue.add(word if isinstance(message, str) else message, auto_comments=comments, context=context)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language, "catalogue", lambda _name: words)
        patch.setattr(language, "entries", lambda _name: catalogue)
        _forget()
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    language._kept.cache_clear()
    language._again.cache_clear()


class _Reader(HTMLParser):
    """Everything on a page that a person reads, without what stands in ⟦ ⟧ or is marked as a name: translate="no"."""

    def __init__(self, inside: str) -> None:
        super().__init__()
        self.inside = inside
        self.open: list[str] = []
        self.fixed: list[bool] = []
        self.depth = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fixed = ("translate", "no") in attrs
        if tag not in _VOID:
            self.open.append(tag)
            self.fixed.append(fixed)
        if self._counts() and not fixed:
            for name, value in attrs:
                if name in _SHOWN and value:
                    self.texts.append(_outside(value, 0)[0])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It holds no text, only attributes."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open[-1:] == ["option"] and tag != "option":  # its end may be left out
            self.open.pop()
            self.fixed.pop()
        assert self.open[-1:] == [tag], f"</{tag}> ends {self.open[-3:]}"
        self.open.pop()
        self.fixed.pop()

    def handle_data(self, data: str) -> None:
        if self._counts() and not _NO_TEXT & set(self.open):
            text, self.depth = _outside(data, self.depth)
            self.texts.append(text)

    def _counts(self) -> bool:
        return (self.inside in self.open or self.open[-1:] == ["title"]) and not any(self.fixed)


def _outside(text: str, depth: int) -> tuple[str, int]:
    kept = []
    for letter in text:
        if letter == "⟧":
            depth -= 1
        elif letter == "⟦":
            depth += 1
            kept.append(" ")
        elif depth <= 0:
            kept.append(letter)
    return "".join(kept), depth


def untranslated(html: str, data: re.Pattern[str], inside: str = "html", typed: Sequence[str] = ()) -> list[str]:
    """What the page says in no language but English: neither a sentence that is known nor something of the scene.

    `typed`: texts of the page's address, which it says again.
    """
    reader = _Reader(inside)
    reader.feed(html)
    assert reader.open == [], "all of it was read"
    left = (_DAY.sub(" ", _without(data, text)) for text in reader.texts if text.strip() not in typed)
    return sorted({" ".join(text.split()) for text in left if re.search(r"[^\W\d_]{2}", text)})


def _without(data: re.Pattern[str], text: str) -> str:
    """The text without names: at each place the longest goes."""
    kept, at = [], 0
    while at < len(text):
        found = [one for one in (data.search(text, at), _CODE.search(text, at)) if one is not None and one.group()]
        if not found:
            break
        first = min(found, key=lambda one: (one.start(), -one.end()))
        kept += [text[at : first.start()], " "]
        at = first.end()
    return "".join(kept) + text[at:]


def data_of(place: Place, *also: Any) -> re.Pattern[str]:
    """Every name and text that people, programs and monitors brought into the scene, and `also` those of these."""
    desk = place.desk
    every: set[str] = {*ALLOWED, *_texts(also)}
    config = desk.config()
    every |= {text for kind in KINDS for text in _texts(config.of(kind))}
    every |= set(_texts(desk.reads.incidents(IncidentFilter(), limit=500).items))
    every |= set(_texts(desk.reads.alerts(AlertFilter(), limit=500).items))
    every |= set(_texts(place.site.booth.phones() if place.site.booth is not None else ()))
    every |= set(_texts(place.site.show.state() if place.site.show is not None else ()))
    every |= set(_texts(desk.reads.timeline(TimelineFilter(), limit=5000).items))
    outcomes = desk.reads.outcomes(OutcomeFilter(), limit=500).items
    every |= set(_texts(place.site.stored_events(one.seq for one in outcomes)))
    every |= {kind.name for kind in place.site.monitors}
    every |= {piece.monitor for piece in place.site.pieces("", "")} - set(GENERAL)
    every |= set(_conditions(config))
    every |= {name for one in desk.reads.audit(AuditFilter(), limit=5000).items for name in _texts(one.before)}
    every |= {piece.strip(" :.,") for one in every if "{{" in one for piece in re.split(r"\{\{.*?\}\}", one)}
    names = (one for one in every if any(letter.isalpha() for letter in one) and (len(one) > 2 or not one.islower()))
    words = sorted(names, key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in words))


def _conditions(config: Config) -> Iterator[str]:
    """What started a workflow, as records keep it: the condition that it had then, in English."""
    for triggers in config.workflows.triggers_of.values():
        for one in triggers:
            if one.condition:
                yield str(pcl.explain(pcl.compile(one.condition, pcl.INCIDENT_ROOTS)))


def _texts(value: Any, seen: dict[int, Any] | None = None) -> Iterator[str]:
    seen = {} if seen is None else seen
    if isinstance(value, Enum) or id(value) in seen:
        return
    if isinstance(value, str):
        yield value.strip()
        yield host_of(value)
        yield from (line.strip() for line in value.splitlines())
        if value[:1] in ("{", "["):
            with suppress(ValueError):
                yield from _texts(json.loads(value), seen)
        return
    seen[id(value)] = value  # held, so that no other thing gets its id
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(key, seen)
            yield from _texts(one, seen)
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from _texts(one, seen)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name not in REASONS:
                yield from _texts(getattr(value, field.name), seen)
