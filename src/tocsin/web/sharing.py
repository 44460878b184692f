"""What many open pages are told is made once: for all readers to whom the same page says the same.

A page is made for one of them, who is noted when the page asks who is reading; it serves the others of whom every such
question has the same answer. Everything else that a page may depend on is part of the key: its address, the rights,
language, zone and settings of the browser. Decides nothing about what pages say or who may read.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

KEPT_SECONDS: Final = 1.0
"""So long a page serves others, if nothing has changed meanwhile: ages and countdowns go on."""

_TOLD: Final = 16

_PARTS = re.compile(r'<template data-parts="([^"]*)">')
_TAG = re.compile(r"<([a-z][a-z0-9]*)\s")
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_LIST = re.compile(r"<[a-z]+\s[^<>]*data-rows")
_ROW = re.compile(r'<([a-z]+)\s(?=[^<>]*\sdata-row[\s>])[^<>]*\bid="([^"]+)"')
_ONCE = re.compile(r'name="once" value="[^"]*"')
_TIME = re.compile(r'(<time datetime="[^"]*")[^<]*')


@dataclass
class Asked:
    """What a page wanted to know of its reader: everything, or whether it is one of some, or a number of theirs."""

    everything: bool = False
    among: dict[frozenset[str], bool] = field(default_factory=dict)
    numbers: list[tuple[Mapping[str, int], int]] = field(default_factory=list)

    def is_among(self, reader_id: str, ids: frozenset[str]) -> bool:
        """Whether the reader is one of these."""
        found = self.among[ids] = reader_id in ids
        return found

    def own_of(self, reader_id: str, numbers: Mapping[str, int]) -> int:
        """The reader's number, 0 for none."""
        own = numbers.get(reader_id, 0)
        self.numbers.append((numbers, own))
        return own

    def same_for(self, reader_id: str) -> bool:
        """Whether another reader would be told the same."""
        if self.everything or any(numbers.get(reader_id, 0) != own for numbers, own in self.numbers):
            return False
        return all((reader_id in ids) == answer for ids, answer in self.among.items())


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page is told that knew what was `before`, and knows what is `after`: most know the same."""

    before: dict[str, int]
    after: dict[str, int]
    text: str


@dataclass(frozen=True)
class Made:
    """A page as it was made for one reader. `count`: how many publications of the bus it knows at least.

    `stand_in` is where each reader's own form token goes; nobody knows it beforehand.
    """

    html: str
    reader_id: str
    asked: Asked
    mark: str
    count: int
    at: float
    stand_in: str
    _told: list[_Told] = field(default_factory=list)

    def serves(self, reader_id: str, need: int, now: float) -> bool:
        """Whether it is what this reader would get now."""
        is_new = self.count >= need and now - self.at < KEPT_SECONDS
        return is_new and (reader_id == self.reader_id or self.asked.same_for(reader_id))

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Each part that lives, by its id; none for a page that does not live."""
        names = _PARTS.search(self.html)
        found: dict[str, Part] = {}
        for selector in names[1].split(",") if names is not None else ():
            html = element(self.html, selector.removeprefix("#"))
            if html:
                found[selector.removeprefix("#")] = _part(html)
        return found

    def news(self, known: dict[str, int], form_token: str) -> str:
        """What a page does not have yet as one line of JSON, "" for nothing; `known` is brought up to date.

        A row that the page has stands there as a mark with its id. Keys of `known`: a part's id, a part's and a row's.
        """
        told = next((one for one in self._told if one.before == known), None)
        if told is None:
            told = self._tell(known)
            self._told.insert(0, told)
            del self._told[_TOLD:]
        known.clear()
        known |= told.after
        return told.text.replace(self.stand_in, form_token)

    def _tell(self, known: dict[str, int]) -> _Told:
        after, fresh = dict(known), {}
        for name, part in self.parts.items():
            if known.get(name) != part.digest:
                after[name] = part.digest
                fresh[name] = _unknown(name, part, after)
        told = {"title": self._title, "seen": self.mark, "parts": fresh}
        return _Told(dict(known), after, json.dumps(told, ensure_ascii=False) if fresh else "")

    @cached_property
    def _title(self) -> str:
        found = _TITLE.search(self.html)
        return found[1] if found is not None else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A row of a part, with its id, or what stands between rows."""

    html: str
    row: str = ""
    digest: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page, in pieces."""

    pieces: tuple[Piece, ...]
    digest: int


def _unknown(name: str, part: Part, known: dict[str, int]) -> str:
    """The part with marks for the rows that are known; `known` then holds the rows of the part and no others of it."""
    said, rows = [], {}
    for piece in part.pieces:
        key = f"{name}/{piece.row}"
        if piece.row:
            rows[key] = piece.digest
        said.append(
            f'<i id="{piece.row}" data-same></i>' if piece.row and known.get(key) == piece.digest else piece.html
        )
    for key in [one for one in known if one.startswith(f"{name}/")]:
        del known[key]
    known |= rows
    return "".join(said)


def _part(html: str) -> Part:
    pieces, end = [], 0
    for row in _ROW.finditer(html) if _LIST.match(html) else ():
        if row.start() >= end:
            whole = _element_at(html, row.start(), row[1])
            pieces += [Piece(html[end : row.start()]), Piece(whole, row[2], _digest(whole))]
            end = row.start() + len(whole)
    return Part((*pieces, Piece(html[end:])), _digest(html))


def _digest(html: str) -> int:
    """The same for the same: how long ago something is goes on by itself, and a form's own number says nothing."""
    return hash(_ONCE.sub("", _TIME.sub(r"\1", html)))


def element(html: str, id: str) -> str:
    """The element with this id out of a page of ours, "" if there is none. Texts hold no tags: they are escaped."""
    named = html.find(f' id="{id}"')
    start = html.rfind("<", 0, named) if named > 0 else -1
    tag = _TAG.match(html, start) if start >= 0 else None
    if tag is None or ">" in html[start:named]:
        return ""
    return _element_at(html, start, tag[1])


def _element_at(html: str, start: int, tag: str) -> str:
    depth = 0
    for one in re.compile(rf"<(/?){tag}(?=[\s>])[^<>]*>").finditer(html, start):
        depth += -1 if one[1] else 1
        if depth == 0:
            return html[start : one.end()]
    return ""


@dataclass
class _Line:
    """Those who want the same page wait here for one that is made. `is_personal`: it differed from reader to reader."""

    is_personal: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    pages: list[Made] = field(default_factory=list)

    def found(self, reader_id: str, need: int, now: float) -> Made | None:
        """A page that serves this reader."""
        return next((one for one in self.pages if one.serves(reader_id, need, now)), None)


class SharedPages:
    """The pages that were made for open pages within the last moment. On one event loop."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        """`ticks`: a stop-watch, in seconds."""
        self._ticks = ticks
        self._lines: OrderedDict[Hashable, _Line] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(line.pages) for line in self._lines.values())

    async def page(
        self, key: Hashable, reader_id: str, need: int, make: Callable[[], Awaitable[Made | None]]
    ) -> Made | None:
        """A page that knows at least `need` publications, made unless there is one. None when it can't be made."""
        line = self._line(key)
        if not line.is_personal:
            async with line.lock:
                found = line.found(reader_id, need, self._ticks())
                if found is not None:
                    return found
                if not line.is_personal:  # else that came out while others had their turn: nobody need wait for theirs
                    return await self._made(line, make)
        line = self._line((key, reader_id))
        async with line.lock:
            return line.found(reader_id, need, self._ticks()) or await self._made(line, make)

    def _line(self, key: Hashable) -> _Line:
        line = self._lines.setdefault(key, _Line())
        self._lines.move_to_end(key)
        return line

    async def _made(self, line: _Line, make: Callable[[], Awaitable[Made | None]]) -> Made | None:
        made = await make()
        now = self._ticks()
        if made is not None:
            line.is_personal = made.asked.everything
            line.pages = [made, *(one for one in line.pages if now - one.at < KEPT_SECONDS)]
        self._forget(now)
        return made

    def _forget(self, now: float) -> None:
        """Pages that serve nobody any more: a page is a hundred kilobytes."""
        while self._lines:
            line = next(iter(self._lines.values()))
            if line.lock.locked() or any(now - one.at < KEPT_SECONDS for one in line.pages):
                return
            self._lines.popitem(last=False)
