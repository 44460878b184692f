"""What a browser calls itself, in words: "Firefox on Linux". Decides wording only; whoever lies about it may."""

from __future__ import annotations

from typing import Final

from tocsin.web.language import gettext as _

_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Firefox", "Firefox"),
    ("curl/", "curl"),
)
"""Pieces of names, the telling ones first: most browsers also claim to be the others."""

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
)


NAMES: Final = tuple(name for _piece, name in (*_BROWSERS, *_SYSTEMS))
"""What browsers and systems are called, in every language."""


def browser_words(agent: str) -> str:
    """Browser and system, as far as they are told."""
    browser = next((name for piece, name in _BROWSERS if piece in agent), "")
    system = next((name for piece, name in _SYSTEMS if piece in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("Unknown browser")
