"""In which language a page speaks: English as it stands in the code, or a catalogue's words for it.

Decides which language a reader gets and finds the words. Sentences are marked where they stand: `_("...")` in Python
and in templates, `{% trans %}` for those with markup. Only a whole sentence is marked, with named places for what it
speaks of; pieces can't be put in another order. Times and numbers are `web.times`.
"""

from __future__ import annotations

import gettext as catalogues
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from tocsin.kernel.wording import Phrase

SOURCE: Final = "en"
"""The language of the code."""

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""What can be chosen, each by the name that its speakers give it."""

COOKIE: Final = "tocsin-language"
_HEADER_CHARS: Final = 200
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
    return catalogue(current()).gettext(text.template)


def _filled(sentence: str, values: Mapping[str, Any]) -> str:
    return sentence % {name: said(value) for name, value in values.items()} if values else sentence


def later(message: str) -> str:
    """Marks a sentence of a table: it stays English here, and is said in the reader's language where it is shown."""
    return message


@cache
def catalogue(language: str) -> catalogues.NullTranslations:
    """The words of a language; what it lacks stays English."""
    if language == SOURCE:
        return catalogues.NullTranslations()
    with (files("tocsin.web") / "locale" / f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)
