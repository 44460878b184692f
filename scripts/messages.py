"""Finds every sentence that pages can say and brings the catalogues up to date; what is translated stays.

    make messages

Finds what stands in `_("...")`, `{% trans %}`, `phrase("...")` and the like, and what errors say. A catalogue has no
dates, places or line numbers, so that it changes only where sentences do. `stored("...")` are marked by a comment:
records keep them in English, and pages find them again by it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from tocsin.kernel.errors import BY_CODE
from tocsin.web.language import KEPT, LANGUAGES, SOURCE

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCES: Final = ROOT / "src" / "tocsin"
LOCALE: Final = SOURCES / "web" / "locale"
_ENGLISH: Final = re.compile(
    r"(dialects|connectors|cli)/|storage/|app/(settings|folder|rsgi_server|upgrade|backup|watch|simulation|keys)\.py"
)
"""What is refused here is read by vendors' programs and in a terminal: only in English."""

_ERRORS: Final = {"FormTooLarge", "PclError", *(kind.__name__ for kind in BY_CODE.values())}
_ONE: Final = {"_", "gettext", "later", "phrase", "stored", "word"}
_MANY: Final = {"ngettext", "nphrase"}
_MEANT: Final = "pgettext"
_BETWEEN: Final = "\x04"
"""Between what is meant and the word, as compiled catalogues have it."""
_OPTIONS: Final = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
_HEADER: Final = """\
msgid ""
msgstr ""
"Project-Id-Version: Tocsin\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals={plurals}; plural={rule};\\n"

"""

Found = tuple[str | tuple[str, str], bool]
"""A sentence, or the two for one and for many; and whether records keep it."""


def found() -> dict[str, Found]:
    """Every sentence, by its English (for one), in alphabetical order; `meant` takes a key apart."""
    every: dict[str, Found] = {}
    for file in sorted(SOURCES.rglob("*.py")):
        errors = set() if _ENGLISH.match(file.relative_to(SOURCES).as_posix()) else _ERRORS
        for one in _in_python(file.read_text(encoding="utf-8"), _ONE | errors):
            _add(every, *one)
    for file in sorted((SOURCES / "web" / "templates").rglob("*.html")):
        with file.open("rb") as template:
            for _line, function, message, _comments in babel_extract(template, [*_ONE, *_MANY, _MEANT], [], _OPTIONS):
                texts = [one for one in (message if isinstance(message, tuple) else (message,)) if one]
                if texts and function == _MEANT:
                    _add(every, _BETWEEN.join(texts[:2]), kept=False)
                elif texts:
                    _add(every, (texts[0], texts[1]) if function in _MANY else texts[0], kept=False)
    return dict(sorted(every.items()))


def _add(every: dict[str, Found], message: str | tuple[str, str], kept: bool) -> None:  # noqa: FBT001 - a pair
    key = message if isinstance(message, str) else message[0]
    known, was_kept = every.get(key, (message, False))
    if key:
        every[key] = (known if isinstance(known, tuple) else message, kept or was_kept)


def _in_python(text: str, names: set[str]) -> Iterator[tuple[str | tuple[str, str], bool]]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name == _MEANT:
            yield from ((_BETWEEN.join(pair), False) for pair in zip(*map(_literals, node.args[:2]), strict=True))
        elif name in _MANY:
            one, many = list(_literals(node.args[0])), list(_literals(node.args[1]))
            yield from (((first, second), False) for first, second in zip(one, many, strict=True))
        elif name in names:
            yield from ((message, name == "stored") for message in _literals(node.args[0]))


def _literals(node: ast.expr) -> Iterator[str]:
    """The text that an expression is, or each of those that it may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def meant(key: str) -> tuple[str | None, str]:
    """What is meant by a word, None where that is plain, and the word."""
    context, between, word = key.rpartition(_BETWEEN)
    return (context, word) if between else (None, word)


def updated(language: str, text: bytes) -> bytes:
    """The catalogue with exactly the sentences that are there now, and the translations that it had."""
    old = read_po(BytesIO(text), locale=language)
    new = Catalog(language)
    for message, kept in found().values():
        context, word = meant(message if isinstance(message, str) else message[0])
        entry = old.get(word, context)
        same = entry is not None and (isinstance(message, str) or entry.pluralizable)
        string = entry.string if entry is not None and same else ""
        if isinstance(string, tuple | list) and isinstance(message, str):
            string = string[0]
        comments = [KEPT] if kept else []
        new.add(word if isinstance(message, str) else message, string, auto_comments=comments, context=context)
    out = BytesIO()
    write_po(out, new, omit_header=True, no_location=True, sort_output=True, width=0)
    header = _HEADER.format(language=language, plurals=old.num_plurals, rule=old.plural_expr)
    return header.encode() + out.getvalue().strip() + b"\n"


def main() -> int:
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        file = LOCALE / f"{language}.po"
        file.write_bytes(updated(language, file.read_bytes()))
        with file.open("rb") as made:
            entries = [one for one in read_po(made, locale=language) if one.id]
        missing = [
            one for one in entries if not all([one.string] if isinstance(one.string, str) else one.string or [""])
        ]
        print(f"{file.relative_to(ROOT)}: {len(entries)} sentences, {len(missing)} without a translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
