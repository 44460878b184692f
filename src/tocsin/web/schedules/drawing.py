"""A schedule as a picture: rows of blocks over the days of a window, each block placed in per cent of the width.

Decides what is drawn, and in which row; what it looks like is a matter of style sheets, and who is on call of `oncall`.
The picture is for eyes on wide screens: the list beside it (`turns`) says the same to everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from babel.dates import format_datetime

from tocsin.kernel.time import DAY, Moment, iso
from tocsin.oncall import (
    Exceptions,
    Rendered,
    Schedule,
    assignments,
    horizon_of,
    is_part_time,
    render,
)
from tocsin.web import language
from tocsin.web.language import gettext as _
from tocsin.web.render import initials
from tocsin.web.schedules.window import Window
from tocsin.web.schedules.words import rotation_name
from tocsin.web.times import Times
from tocsin.web.visit import Visit

FINAL_HEIGHT: Final = 32
ROW_HEIGHT: Final = 24
"""Pixels, as UI.md has them."""

BLOCKS: Final = 240
"""Blocks of one row that are drawn; more could not be told apart."""

BLOCKS_IN_ALL: Final = 1500
"""Blocks of all rows: a schedule of fifty layers that change by the hour is no picture any more."""

DESK: Final = 1020
PADDING: Final = 11
CUT: Final = 44
"""Pixels: how wide the picture is on a desk, what a block keeps free at its sides, and where a name may be cut."""

LANES: Final = 12
"""People beside each other that are drawn in one row."""


class Part(NamedTuple):
    """What a block stands for. `person` "" = nobody."""

    start: Moment
    end: Moment
    person: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One block. `x` and `width` in per cent, `y` and `height` in pixels; `href` "" = it leads nowhere.

    `shows`: how much of its name and times there is room for on a desk: "times", "name", "initials", "nothing".
    """

    x: str
    width: str
    y: int
    height: int
    kind: str
    person: str
    name: str
    times: str
    href: str = ""
    shows: str = "times"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `left_out`: blocks that are too many to draw."""

    name: str
    kind: str
    height: int
    blocks: tuple[Block, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of the list: who is on call from when until when, and why. `person` "" = nobody.

    `end` None: no end in sight. `off`: nobody, as it is meant.
    """

    start: Moment
    end: Moment | None
    person: str
    name: str
    why: str
    override: bool = False
    off: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture and the list of the same window."""

    rows: tuple[Row, ...]
    turns: tuple[Turn, ...]
    part_time: bool
    now: str


def drawing_of(visit: Visit, schedule: Schedule, exceptions: Exceptions, window: Window, times: Times) -> Drawing:
    """The schedule over the window, times written on the clock of `times`."""
    found = render(schedule, exceptions, window.since, window.until, overflow=True)
    pen = _Pen(visit, schedule, window, times)
    part_time = is_part_time(schedule, visit.now)
    rows = [pen.final(found, part_time=part_time)]
    rows += pen.shifts(exceptions) if schedule.shift_based else pen.layers(found)
    inside = window.since <= visit.now < window.until
    return Drawing(
        tuple(rows),
        tuple(_turns(visit, schedule, found, part_time=part_time)),
        part_time,
        f"{window.place(visit.now):.3f}%" if inside else "",
    )


class _Pen:
    """Draws rows of one schedule over one window."""

    def __init__(self, visit: Visit, schedule: Schedule, window: Window, times: Times) -> None:
        self._visit, self._schedule, self._window, self._times = visit, schedule, window, times
        self._left = BLOCKS_IN_ALL
        self._sight = window.until + horizon_of(schedule)

    def final(self, found: Rendered, *, part_time: bool) -> Row:
        """Who is on call, and where nobody is."""
        parts = [Part(one.start, one.end, one.user_id, bool(one.override_id)) for one in found.final.entries]
        row = self._row(_("Final"), "final", parts, FINAL_HEIGHT)
        height = max(FINAL_HEIGHT, row.height)
        kind = "off" if part_time else "gap"
        holes = [self._block(Part(one.start, one.end, ""), 0, height, kind) for one in found.gaps]
        return Row(row.name, row.kind, height, (*row.blocks, *holes[:BLOCKS]), row.left_out)

    def layers(self, found: Rendered) -> Iterable[Row]:
        """Overrides, then the layers, the one that wins first."""
        overrides = [Part(one.start, one.end, one.user_id, True) for one in found.overrides.entries]
        if overrides:
            yield self._row(_("Overrides"), "overrides", overrides)
        for track, layer in zip(reversed(found.layers), reversed(self._schedule.layers), strict=True):
            if layer.start >= found.until or layer.has_ended(max(found.since, min(self._visit.now, found.until - 1))):
                continue
            parts = [Part(one.start, one.end, one.user_id) for one in track.entries]
            yield self._row(track.name or _("Layer"), "layer", parts)

    def shifts(self, exceptions: Exceptions) -> Iterable[Row]:
        """The shifts of each rotation, those in which somebody stands in included, and custom shifts."""
        window, schedule = self._window, self._schedule
        found = assignments(schedule, exceptions, window.since, window.until, overflow=True)
        for rotation in schedule.rotations:
            parts = [
                Part(one.start, one.end, one.user_id, bool(one.override_id))
                for one in found
                if one.rotation_id == rotation.id
            ]
            if parts or not rotation.removed:
                yield self._row(rotation_name(rotation) or _("Rotation"), "layer", parts)
        extra = [Part(one.start, one.end, one.user_id, bool(one.override_id)) for one in found if one.custom_shift_id]
        if extra:
            yield self._row(_("Custom shifts"), "overrides", extra)

    def _row(self, name: str, kind: str, parts: Sequence[Part], height: int = ROW_HEIGHT) -> Row:
        lanes: list[Moment] = []
        blocks = []
        for part in parts[: min(BLOCKS, self._left)]:
            lane = next((at for at, end in enumerate(lanes) if end <= part.start), len(lanes))
            if lane == len(lanes):
                lanes.append(part.end)
            lanes[lane] = part.end
            if lane < LANES:
                kind_ = "override" if part.override else "turn" if part.person else "free"
                blocks.append(self._block(part, lane * height, height, kind_))
        self._left -= len(blocks)
        return Row(name, kind, height * max(1, min(len(lanes), LANES)), tuple(blocks), len(parts) - len(blocks))

    def _block(self, part: Part, y: int, height: int, kind: str) -> Block:
        window = self._window
        start, end = max(part.start, window.since), min(part.end, window.until)
        x = window.place(start)
        told = hand_offs(self._times, part.start, part.end if part.end < self._sight else None)
        now = self._visit.now  # what has been stays as it was: nobody can cover it any more
        href = cover_path(self._schedule, max(part.start, now), part.end) if kind == "gap" and part.end > now else ""
        name = self._visit.names.person(part.person) if part.person else _("Nobody")
        wide = window.place(end) - x
        shows = _room(wide, name, told, two_lines=height > ROW_HEIGHT, person=bool(part.person))
        return Block(f"{x:.3f}%", f"{wide:.3f}%", y, height, kind, part.person, name, told, href, shows)


def _room(wide: float, name: str, times: str, *, two_lines: bool, person: bool) -> str:
    """What fits into a block of so many per cent: half a word tells less than initials, half a time nothing."""
    pixels = wide * DESK / 100 - PADDING
    both = max(_pixels(name), _pixels(times)) if two_lines else _pixels(f"{name} {times}")
    if both <= pixels:
        return "times"
    if _pixels(name) <= pixels or pixels >= CUT:
        return "name"
    return "initials" if person and _pixels(initials(name)) <= pixels else "nothing"


def _pixels(words: str) -> float:
    """About how wide words are, at 12 pixels and half bold."""
    return sum(3.2 if letter in "iljtfI'.,: –" else 10 if letter in "mwMW" else 7 for letter in words)


def cover_path(schedule: Schedule, start: Moment, end: Moment | None, user_id: str = "") -> str:
    """The form for an override of this stretch, filled in; moments in whole seconds since 1970."""
    until = f"&until={end // 1_000_000}" if end is not None else ""
    whose = f"&instead={user_id}" if user_id else ""
    return f"/schedules/{schedule.id}/override?from={start // 1_000_000}{until}{whose}"


def ask_path(schedule: Schedule, at: Moment) -> str:
    """Where somebody asks to be covered in their shift at that moment."""
    return f"/my-shifts/ask?schedule={schedule.id}&at={iso(at)}#cover"


def hand_offs(times: Times, start: Moment, end: Moment | None) -> str:
    """From when until when, short: "09:00–17:00", "Mon 09:00 – Mon 09:00"."""
    locale = language.locale()
    from_, same_day = times.local(start), end is not None and end - start < DAY
    shape = "HH:mm" if same_day and times.local(end or 0).date() == from_.date() else "EEE HH:mm"
    begin = format_datetime(from_, shape, tzinfo=times.zone, locale=locale)
    if end is None:
        return _("from %(start)s on", start=begin)
    until = format_datetime(times.local(end), shape, tzinfo=times.zone, locale=locale)
    return f"{begin}–{until}" if shape == "HH:mm" else f"{begin} – {until}"


def _turns(visit: Visit, schedule: Schedule, found: Rendered, *, part_time: bool) -> list[Turn]:
    """Shifts and holes in the order in which they begin."""
    sight = found.until + horizon_of(schedule)
    names = {layer.id: layer.name for layer in schedule.layers}
    names |= {one.id: rotation_name(one) for one in schedule.rotations}
    turns = [
        Turn(
            one.start,
            one.end if one.end < sight else None,
            one.user_id,
            visit.names.person(one.user_id),
            _("override") if one.override_id else names.get(one.layer_id, "") or _("custom shift"),
            override=bool(one.override_id),
        )
        for one in found.final.entries
    ]
    turns += [Turn(one.start, one.end, "", "", "", off=part_time) for one in found.gaps]
    return sorted(turns, key=lambda turn: (turn.start, turn.person))
