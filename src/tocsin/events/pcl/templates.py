"""Texts with places to fill in: `{{event.summary}}`, `{{variables.host}}`, `{{cache_var.x}}`, `{{raw_event.a.b}}`.

Decides what such a place is and fills it by looking up one value. Never runs anything, and never looks for places in
what was filled in. A place that leads to nothing, or that is none of these, becomes empty text.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from tocsin.events.pcl.errors import PclError
from tocsin.events.pcl.parse import EVENT_ROOTS, parse_path
from tocsin.events.pcl.scene import Scene
from tocsin.events.pcl.tree import Path

RENDERED_CHARS: Final = 64 * 1024
"""So long a rendered text gets unless its place allows less."""

TEMPLATE_CHARS: Final = 64 * 1024
"""So much of a template is read. One that long would be cut when it is rendered anyway."""

_VARIABLES: Final = "variables"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class _Variable(NamedTuple):
    name: str


class _Unknown(NamedTuple):
    """A place that never leads anywhere."""

    written: str


_Piece: TypeAlias = str | Path | _Variable | _Unknown


def render(
    template: str,
    scene: Scene,
    variables: Mapping[str, str] = _NONE,
    limit: int = RENDERED_CHARS,
    roots: frozenset[str] = EVENT_ROOTS,
) -> str:
    """The template filled in, cut to `limit` characters."""
    pieces = _pieces(template[:TEMPLATE_CHARS], roots)
    written: list[str] = []
    room = limit
    for piece in pieces:
        text = _text(piece, scene, variables)[:room]
        written.append(text)
        room -= len(text)
        if not room:
            break
    return "".join(written)


def unknown_places(template: str) -> tuple[str, ...]:
    """What stands between braces and can never lead anywhere, as it was written; for whoever edits the template."""
    pieces = _pieces(template[:TEMPLATE_CHARS], EVENT_ROOTS)
    return tuple(piece.written for piece in pieces if isinstance(piece, _Unknown))


def _text(piece: _Piece, scene: Scene, variables: Mapping[str, str]) -> str:
    match piece:
        case str():
            return piece
        case Path():
            return scene.text(piece) or ""
        case _Variable():
            return variables.get(piece.name, "")
        case _Unknown():
            return ""


@lru_cache(maxsize=512)
def _pieces(template: str, roots: frozenset[str]) -> tuple[_Piece, ...]:
    """Plain texts and places, in order. Braces that nothing closes are plain text."""
    pieces: list[_Piece] = []
    at = 0
    while True:
        opening = template.find("{{", at)
        closing = template.find("}}", opening + 2) if opening >= 0 else -1
        if closing < 0:
            pieces.append(template[at:])
            return tuple(piece for piece in pieces if piece != "")
        # `{{{event.x}}` and `{{ {{event.x}}`: the braces next to the place are the ones that count.
        opening = template.rfind("{{", opening, closing)
        pieces.append(template[at:opening])
        pieces.append(_place(template[opening + 2 : closing].strip(), roots))
        at = closing + 2


def _place(written: str, roots: frozenset[str]) -> _Piece:
    root, _, name = written.partition(".")
    if root == _VARIABLES and name:
        return _Variable(name.strip())
    try:
        return parse_path(written, roots)
    except PclError:
        return _Unknown(written)
