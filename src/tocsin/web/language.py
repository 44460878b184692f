"""In which language a page speaks: English as it stands in the code, or a catalogue's words for it.

Decides which language a reader gets and finds the words. Sentences are marked where they stand: `_("...")` in Python
and in templates, `{% trans %}` for those with markup. Only a whole sentence is marked, with named places for what it
speaks of; pieces can't be put in another order. Times and numbers are `web.times`.
"""

from __future__ import annotations

import gettext as catalogues
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from babel import Locale, negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from tocsin.kernel.wording import Phrase

SOURCE: Final = "en"
"""The language of the code."""

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""What can be chosen, each by the name that its speakers give it."""

KEPT: Final = "kept in records"
"""Marks a sentence of a catalogue that records keep in English, with its places filled in."""

COOKIE: Final = "tocsin-language"
_HEADER_CHARS: Final = 200
_PLACE: Final = re.compile(r"%\((\w+)\)s")
_NUMBERS: Final = frozenset({"level", "passes", "number", "num", "count", "minutes", "seconds"})
"""Places of templates that hold a number: a name beside it may hold the words between them."""

_current: ContextVar[str] = ContextVar("language", default=SOURCE)


def wanted(chosen: str, accepted: str) -> str:
    """The language for a reader: what they chose, else the first of the browser's (Accept-Language) that is here."""
    if chosen in LANGUAGES:
        return chosen
    ranked = sorted(_ranked(accepted[:_HEADER_CHARS]), key=lambda one: -one[1])
    return negotiate_locale([tag for tag, _ in ranked], list(LANGUAGES), sep="-") or SOURCE


def _ranked(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            yield tag.strip(), float(weight or 1)
        except ValueError:
            continue


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Everything that is written inside speaks this language."""
    token = _current.set(language if language in LANGUAGES else SOURCE)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    """The language that is spoken here."""
    return _current.get()


def locale() -> Locale:
    """How dates and numbers are written in the language that is spoken here."""
    return _locale(current())


@cache
def _locale(language: str) -> Locale:
    return Locale("en", "GB") if language == SOURCE else Locale(language)


def gettext(message: str, /, **values: Any) -> str:
    """The sentence in the reader's language, `%(name)s` filled in; values that are phrases are said in it too."""
    return _filled(catalogue(current()).gettext(message), values)


def ngettext(one: str, many: str, num: int, /, **values: Any) -> str:
    """The sentence for so many, in the reader's language; `%(num)s` is the number."""
    return _filled(catalogue(current()).ngettext(one, many, num), {"num": num, **values})


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """The same for a word that another language says in several ways: `context` tells which is meant."""
    return _filled(catalogue(current()).pgettext(context, message), values)


def said(text: Any) -> Any:
    """A phrase of the stations in the reader's language; anything else as it is."""
    if isinstance(text, Phrase):
        told = _filled(sentence_of(text), text.values)
        return told[:1].upper() + told[1:] if text.large else told
    return format_decimal(text, locale=locale()) if isinstance(text, float) else text


def sentence_of(text: Phrase) -> str:
    """The phrase's sentence in the reader's language, its places not yet filled."""
    if not text.template:
        return ""
    if text.many:
        return catalogue(current()).ngettext(text.template, text.many, text.values["num"])
    told = catalogue(current()).gettext(text.template)
    return _again(current(), told) if told == text.template and not text.values else told


@lru_cache(maxsize=4096)
def _again(language: str, text: str) -> str:
    """A text that records keep in English, found again by the template it was made from; any other as it is."""
    whole, templates = _kept(language)
    if text in whole:
        return whole[text]
    for pattern, template in templates:
        places = pattern.fullmatch(text)
        if places is not None:
            told = catalogue(language).gettext(template)
            return told % {name: _again(language, value) for name, value in places.groupdict().items()}
    return text


@cache
def _kept(language: str) -> tuple[Mapping[str, str], Sequence[tuple[re.Pattern[str], str]]]:
    """What records keep: whole texts with what they are in the language, and templates, those that say most first."""
    if language == SOURCE:
        return {}, ()
    words = catalogue(language)
    kept = [one.id for one in entries(language) if KEPT in one.auto_comments and isinstance(one.id, str)]
    templates = sorted((one for one in kept if _PLACE.search(one)), key=lambda one: -len(_PLACE.sub("", one)))
    whole = {one: words.gettext(one) for one in kept if not _PLACE.search(one)}
    return whole, [(_pattern(one), one) for one in templates]


def _pattern(template: str) -> re.Pattern[str]:
    pieces = _PLACE.split(template)
    named = [re.escape(piece) if at % 2 == 0 else f"(?P<{piece}>{_fits(piece)})" for at, piece in enumerate(pieces)]
    return re.compile("".join(named), re.DOTALL)


def _fits(place: str) -> str:
    return r"[\d.]+" if place in _NUMBERS else ".+"


def _filled(sentence: str, values: Mapping[str, Any]) -> str:
    return sentence % {name: said(value) for name, value in values.items()} if values else sentence


def plural(one: str, many: str, num: int, /) -> str:
    """The sentence for so many with its places unfilled: templates fill them in themselves."""
    return catalogue(current()).ngettext(one, many, num)


def later(message: str) -> str:
    """Marks a sentence of a table: it stays English here, and is said in the reader's language where it is shown."""
    return message


@cache
def catalogue(language: str) -> catalogues.NullTranslations:
    """The words of a language; what it lacks stays English."""
    if language == SOURCE:
        return catalogues.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, entries(language))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


@cache
def entries(language: str) -> Catalog:
    """The catalogue as its file has it, with comments."""
    with (files("tocsin.web") / "locale" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)
