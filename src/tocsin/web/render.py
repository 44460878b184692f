"""From a template and values to HTML. Everything is escaped unless it is markup of ours; a missing value is an error.

Decides what every page is given besides its own values. Templates hold no logic beyond showing or not showing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from gettext import NullTranslations
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tocsin.kernel.time import iso
from tocsin.kernel.wording import Phrase, compact, joined, listed, phrase, sentence_case, span_words
from tocsin.web import language
from tocsin.web.assets import asset
from tocsin.web.spoken import SpokenEnvironment
from tocsin.web.times import hours

MACROS: Final = (
    *("icon", "csrf", "state", "mark_words", "person", "person_face"),
    *("problem", "pager", "silence", "narrow"),
)
_KEPT: Final = ("icon", "state", "person", "person_face")
"""Macros that are kept as they were made: rows of a list hold the same again and again."""

_HUES: Final = 8


def safe_url(url: object) -> str:
    """The address if a browser may be sent there (http, https, mailto), else an empty text."""
    text = str(url or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parts.scheme.lower() in ("http", "https") and parts.netloc:
        return text
    return text if parts.scheme.lower() == "mailto" and parts.path else ""


def host_of(url: object) -> str:
    """The host of an address, to say where a link leads."""
    try:
        return urlsplit(str(url)).hostname or ""
    except ValueError:
        return ""


def qr(setup: object) -> Markup:
    """The picture of what an authenticator app scans, as a part of the page."""
    import segno  # noqa: PLC0415 - few pages need it

    made = segno.make_qr(str(getattr(setup, "address", "")), error="m")
    drawn = made.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None, title=language.gettext("QR code"))
    return Markup(drawn)  # noqa: S704 - drawn by us; the address in it is modules, not text


def hue(id: str) -> int:
    """One of eight hues for a person or team: always the same, never the only mark."""
    return hashlib.blake2b(id.encode(), digest_size=1).digest()[0] % _HUES


def initials(name: str) -> str:
    """One or two letters that stand for a name."""
    words = [word for word in name.strip("\u2068\u2069").split() if word[0].isalnum()] or [name or "?"]
    chosen = words if len(words) == 1 else (words[0], words[-1])
    return "".join(word[0] for word in chosen).upper()


def _gettext(message: str, /, **values: Any) -> Markup:
    """A sentence of a template: its own markup stays, values are escaped. A literal % is written %%."""
    return Markup(language.gettext(message)) % _said(values)  # noqa: S704 - ours, and a translator's that we ship


def _ngettext(one: str, many: str, num: int, /, **values: Any) -> Markup:
    """The same for a number of things."""
    sentence = language.catalogue(language.current()).ngettext(one, many, num)
    return Markup(sentence) % _said({"num": num, **values})  # noqa: S704 - as above


def _pgettext(context: str, message: str, /, **values: Any) -> Markup:
    """A word whose translation depends on what is meant by it."""
    return Markup(language.pgettext(context, message)) % _said(values)  # noqa: S704 - as above


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: language.said(value) for name, value in values.items()}


def told(text: str) -> str:
    """A text that came in English, from a table, a record or another program, in the reader's language."""
    return str(language.said(text if isinstance(text, Phrase) else phrase(text)))


def emphasised(text: str, place: str = "who") -> Markup:
    """A phrase in the reader's language with what it says at `place` in bold; everything in it is escaped."""
    if not isinstance(text, Phrase) or place not in text.values:
        return Markup("{}").format(language.said(text))
    values = {name: escape(language.said(value)) for name, value in text.values.items()}
    values[place] = Markup("<b><bdi>{}</bdi></b>").format(values[place])
    return escape(language.sentence_of(text)) % values


def environment() -> Environment:
    """The Jinja environment of the language that is spoken here."""
    return _environment(language.catalogue(language.current()))


@cache
def _environment(words: NullTranslations) -> Environment:
    made = SpokenEnvironment(
        words,
        loader=PackageLoader("tocsin.web"),
        autoescape=True,
        auto_reload=False,  # else every row of a list asks the file system whether its template is another now
        finalize=language.said,
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.policies["ext.i18n.trimmed"] = True
    # What the extension brings: `_`, `gettext`, `ngettext` and {% trans %} with values.
    made.install_gettext_callables(_gettext, _ngettext, newstyle=False, pgettext=_pgettext)  # type: ignore[attr-defined]
    made.newstyle_gettext = True  # type: ignore[attr-defined]
    made.filters |= {
        "url": safe_url,
        "host": host_of,
        "span": span_words,
        "iso": iso,
        "compact": compact,
        "hours": hours,
        "joined": joined,
        "listed": listed,
        "hue": hue,
        "qr": qr,
        "initials": initials,
        "emphasised": emphasised,
        "sentence": lambda text: sentence_case(told(text)),
        "told": told,
        "said": language.said,
    }
    made.globals |= {"asset": asset, "language": language.current}
    macros = made.get_template("_macros.html").module
    made.globals |= {name: getattr(macros, name) for name in MACROS}
    # The same for the same, whoever looks: `typed`, as what is markup already is not what only reads like it.
    kept = {name: lru_cache(2_048, typed=True)(getattr(macros, name)) for name in _KEPT}
    made.globals |= kept | {"mark": lambda look: kept["state"](look.css, look.glyph, look.word)}
    made.fixed = {"icon": kept["icon"]}
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """The page from this template."""
    return environment().get_template(template).render(values)
